//! Statistics for evaluation results: estimates, intervals, agreement, tests and sample sizes.
//!
//! A rate never travels alone. An [`Estimate`] is a rate with its 95 % interval, its counts and
//! the [`Method`] that produced the interval. The other results follow the same pattern. Every
//! formula names its source and its assumptions, and says what happens without data, with one
//! observation and when all observations are equal. Golden tests check the results against
//! independent programs (tests/golden).
//!
//! This crate is pure numerics: no I/O, and the same input and seed give the same result on any
//! number of threads. It does not know what a probe, a judge or a report is. Callers pass
//! counts, scores and cluster ids, leave out missing values, and decide which differences
//! matter.
//!
//! Where to start:
//!
//! - [`rate_of_clusters`]: a rate over probes that were asked several times.
//! - [`agreement`]: how well raters, or a judge and a human, agree.
//! - [`correction`]: a rate corrected for the errors of the judge that measured it.
//! - [`irt`]: adaptive tests.
//! - [`paired`], [`classification`] and [`planning`]: two systems on the same probes, a
//!   classifier against known labels, and sample sizes before a run.
//!
//! ```
//! use nocere_stats::{Method, rate_of_clusters, wilson_interval};
//!
//! // Twenty probes, five answers each; every second probe shows the behaviour each time.
//! let clusters: Vec<(u64, u64)> = (0..20).map(|n| (5 * (n % 2), 5)).collect();
//! let rate = rate_of_clusters(clusters, 0);
//! assert_eq!(rate.value, Some(0.5));
//! assert_eq!((rate.numerator, rate.denominator), (50, 100));
//!
//! // Answers to one probe are not independent, so the interval is wider than for 100 probes.
//! assert_eq!(rate.method, Method::WilsonEffective);
//! let (low, high) = rate.interval.unwrap();
//! let (naive_low, naive_high) = wilson_interval(50, 100).unwrap();
//! assert!(high - low > 2.0 * (naive_high - naive_low));
//! ```

#![warn(missing_docs)]

pub mod agreement;

pub mod classification;
mod clopper_pearson;
mod cluster;
pub mod correction;
mod estimate;
#[cfg(test)]
mod golden;
pub mod irt;
mod macro_mean;
mod mean;
mod odds;
pub mod paired;
pub mod planning;
mod quantile;
mod rank;
mod resample;
mod wilson;

pub use clopper_pearson::clopper_pearson_interval;
pub use estimate::{Estimate, Method, rate_of_clusters};
pub use macro_mean::mean_of_parts;
pub use mean::{MeanOfClusters, mean_level, mean_of_clusters};
pub use odds::{OddsRatio, mantel_haenszel, success_at_k};
pub use rank::kendall_tau;
pub use resample::Resampling;
pub use wilson::wilson_interval;
