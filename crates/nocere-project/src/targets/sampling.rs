//! How a target is sampled: what the command line says before the target's entry before the
//! protocol.

use nocere_core::Sampling;
use serde::{Deserialize, Serialize};

use crate::ProjectError;

/// Sampling parameters that one source sets; what it leaves open another one decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplingOverrides {
    /// 0 is greedy decoding.
    #[serde(default)]
    pub temperature: Option<f32>,
    /// Nucleus sampling mass, in (0, 1].
    #[serde(default)]
    pub top_p: Option<f32>,
    /// Longest answer in tokens.
    #[serde(default)]
    pub max_tokens: Option<u32>,
}

impl SamplingOverrides {
    /// What a recorded sampling sets: everything but the seed and the stop strings.
    pub fn of(sampling: &Sampling) -> Self {
        Self {
            temperature: Some(sampling.temperature),
            top_p: Some(sampling.top_p),
            max_tokens: Some(sampling.max_tokens),
        }
    }
}

/// The sampling that `sources` set, the first of them first; the defaults of [`Sampling`]
/// where none says anything.
///
/// # Errors
/// If a value is out of its range.
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
            "temperature {} is not between 0 and 5",
            sampling.temperature
        )));
    }
    if !(sampling.top_p > 0.0 && sampling.top_p <= 1.0) {
        return Err(ProjectError::usage(format!(
            "top_p {} is not above 0 and at most 1",
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
