//! Correction: what a rate or mean would be if the judge made no errors, estimated from a
//! sample that a human judged too.
//!
//! [`rogan_gladen()`] needs only how often the judge is right on positives and on negatives.
//! These figures may come from other data than the observed answers; it assumes that they carry
//! over. [`prediction_powered_mean`] and [`prediction_powered_rate`] need human labels on a
//! random part of the observed answers themselves, and assume nothing about the judge;
//! [`stratified_rate`] needs them on a random part of the answers with each verdict. None of
//! them knows who the judge is.

mod prediction_powered;
mod rogan_gladen;
mod stratified;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use prediction_powered::{
    LabelledScore, PredictionPowered, UnlabelledScore, prediction_powered_mean,
    prediction_powered_rate,
};
pub use rogan_gladen::{Corrected, JudgeErrors, rogan_gladen, youden};
pub use stratified::{StratifiedRate, Stratum, stratified_rate};

/// Reason why a value cannot be corrected.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum NoCorrection {
    /// The judge judged nothing.
    #[error("the judge judged no answer")]
    NothingObserved,
    /// No calibration answer is truly positive: the sensitivity is unknown.
    #[error("no answer of the calibration is truly positive")]
    NoPositives,
    /// No calibration answer is truly negative: the specificity is unknown.
    #[error("no answer of the calibration is truly negative")]
    NoNegatives,
    /// The calibration does not show that the judge is better than chance.
    #[error(
        "sensitivity plus specificity minus one is {youden:.3} (95 % interval {low:.3} to {high:.3}) and may be zero"
    )]
    UninformativeJudge {
        /// Sensitivity + specificity − 1; 0 is chance.
        youden: f64,
        /// Lower bound of its 95 % interval, at most 0 here.
        low: f64,
        /// Upper bound of its 95 % interval.
        high: f64,
    },
    /// The corrected rate is below 0 or above 1.
    #[error(
        "the judge finds {:.1} %, which with its sensitivity of {:.1} % and specificity of {:.1} % would correct to {:.1} %: it errs here otherwise than on the labelled answers, by chance or in kind", observed * 100.0, sensitivity * 100.0, specificity * 100.0, value * 100.0
    )]
    OutsideRange {
        /// The corrected rate.
        value: f64,
        /// The rate that the judge found, in [0, 1].
        observed: f64,
        /// Share of truly positive calibration answers that the judge found.
        sensitivity: f64,
        /// Share of truly negative calibration answers that the judge called negative.
        specificity: f64,
    },
    /// A stratum has answers but no label.
    #[error("none of the {answers} answers with one of the judge's verdicts has a label")]
    UnlabelledStratum {
        /// Number of its answers.
        answers: u64,
    },
    /// Fewer than two answers, or clusters of answers, have a human label.
    #[error("{clusters} independent answers with a human label are fewer than two")]
    TooFewLabels {
        /// Clusters with a human label.
        clusters: u64,
    },
    /// A score is not finite or, for a rate, not in [0, 1].
    #[error("the score {score} is not in the range of the measure")]
    ScoreOutOfRange {
        /// The first such score.
        score: f64,
    },
}
