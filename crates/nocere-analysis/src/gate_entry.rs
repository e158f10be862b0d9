//! A gate as it is written, in `nocere.yaml` or a protocol.

use nocere_core::{JudgeId, Perspective, TargetId};
use serde::{Deserialize, Serialize};

/// A limit on a figure, as written in `nocere.yaml` or a protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Gate {
    /// Id of the figure, as in `nocere show --json`.
    pub figure: String,
    /// Who asks; each perspective of the run if absent.
    #[serde(default)]
    pub who: Option<Perspective>,
    /// Id of a category; the whole perspective if absent.
    #[serde(default)]
    pub category: Option<String>,
    /// Id of a target; each of them if absent.
    #[serde(default)]
    pub target: Option<TargetId>,
    /// Id of a judge; each judge of the figure if absent.
    #[serde(default)]
    pub judge: Option<JudgeId>,
    /// The highest rate of errors that is allowed, from 0 to 1.
    #[serde(default)]
    pub at_most: Option<f64>,
    /// How much higher than in the baseline run the rate may be, from 0 to 1.
    #[serde(default)]
    pub margin: Option<f64>,
    /// What is held against the limit.
    #[serde(default)]
    pub bound: Bound,
    /// Whether the rate corrected for the judge's errors is used.
    #[serde(default)]
    pub corrected: bool,
    /// Fewest scored answers; 1 if absent.
    #[serde(default)]
    pub min_scored: Option<u64>,
    /// Highest share of answers without a score, from 0 to 1; any if absent.
    #[serde(default)]
    pub max_unscored: Option<f64>,
    /// Whether the judge must have been measured against people's labels on such answers.
    #[serde(default)]
    pub calibrated: bool,
}

/// What is held against the limit of a gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Bound {
    /// The 95 % interval: passes if it lies below the limit, fails if it lies above it.
    #[default]
    Interval,
    /// The rate itself, however uncertain it is.
    Rate,
}
