//! Classification: how well a classifier, such as a judge or an answering model, matches labels
//! that are assumed true.
//!
//! This module is responsible for rates of a confusion table, ranking and calibration, each
//! with an interval. It does not correct for errors in the labels;
//! [`correction`](crate::correction) does that for a judge.

mod auroc;
mod calibration;
mod confusion;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use auroc::{Auroc, area_under_roc};
pub use calibration::{
    Bins, CalibrationError, Forecast, ReliabilityBin, brier_score, expected_calibration_error,
    reliability_bins,
};
pub use confusion::{Confusion, ConfusionError, LabelledAnswer};

use crate::Method;

/// A figure that is not a ratio of two counts, with its interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Measure {
    /// In [0, 1]; `None` if it is undefined.
    pub value: Option<f64>,
    /// Lower and upper bound of the 95 % interval, in [0, 1]; `None` if it is undefined.
    pub interval: Option<(f64, f64)>,
    /// Number of answers that count.
    pub observations: u64,
    /// How the interval was computed.
    pub method: Method,
}
