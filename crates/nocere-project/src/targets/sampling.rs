//! Sampling of a target: the command line takes precedence over the target's entry, and that over
//! the protocol.

use nocere_core::Sampling;
use serde::{Deserialize, Serialize};

use crate::ProjectError;

/// Sampling parameters that one source sets. `None` leaves a parameter to the next source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplingOverrides {
    /// Temperature, from 0 (greedy decoding) to 5.
    #[serde(default)]
    pub temperature: Option<f32>,
    /// Nucleus sampling mass, in (0, 1].
    #[serde(default)]
    pub top_p: Option<f32>,
    /// Maximum length of an answer in tokens, at least 1.
    #[serde(default)]
    pub max_tokens: Option<u32>,
}

impl SamplingOverrides {
    /// The parameters of a recorded sampling, without seed and stop strings.
    pub fn of(sampling: &Sampling) -> Self {
        Self {
            temperature: Some(sampling.temperature),
            top_p: Some(sampling.top_p),
            max_tokens: Some(sampling.max_tokens),
        }
    }
}

/// Combines sampling parameters: each is taken from the first of `sources` that sets it, or else
/// from the default of [`Sampling`].
///
/// # Errors
///
/// A value is out of range.
pub fn sampling(sources: [SamplingOverrides; 3], seed: u64) -> Result<Sampling, ProjectError> {
    let default = Sampling::default();
    let sampling = Sampling {
        temperature: sources
            .iter()
            .find_map(|source| source.temperature)
            .unwrap_or(default.temperature),
        top_p: sources
            .iter()
            .find_map(|source| source.top_p)
            .unwrap_or(default.top_p),
        max_tokens: sources
            .iter()
            .find_map(|source| source.max_tokens)
            .unwrap_or(default.max_tokens),
        seed,
        stop: Vec::new(),
    };
    if !(0.0..=5.0).contains(&sampling.temperature) {
        return Err(ProjectError::usage(format!(
            "temperature must be between 0 and 5, got {}",
            sampling.temperature
        )));
    }
    if !(sampling.top_p > 0.0 && sampling.top_p <= 1.0) {
        return Err(ProjectError::usage(format!(
            "top_p must be above 0 and at most 1, got {}",
            sampling.top_p
        )));
    }
    if sampling.max_tokens == 0 {
        return Err(ProjectError::usage(
            "max_tokens is 0: there would be no answers",
        ));
    }
    Ok(sampling)
}
