//! Means of numbered labels, with intervals over probes.

use nocere_core::key::derive_seed;
use nocere_stats::cluster_bootstrap_rate;
use serde::{Deserialize, Serialize};

use crate::tally::Labels;

/// Fewer probes than this have no bootstrap interval.
const MIN_PROBES: usize = 10;
/// Resamples for the interval of a mean.
const RESAMPLES: u32 = 2_000;

/// A mean level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// 95 % percentile bootstrap interval over probes; `None` with fewer than ten, or where all
    /// are alike.
    pub interval: Option<(f64, f64)>,
    /// Answers behind it.
    pub scored: u64,
}

impl Mean {
    /// The interval alone: "1.770–1.961"; empty if there is none.
    pub fn range_text(&self) -> String {
        self.interval
            .map_or_else(String::new, |(low, high)| format!("{low:.3}–{high:.3}"))
    }

    /// "1.865 (1.770–1.961)".
    pub fn text(&self) -> String {
        self.interval.map_or_else(
            || format!("{:.3}", self.value),
            |(low, high)| format!("{:.3} ({low:.3}–{high:.3})", self.value),
        )
    }
}

/// The mean level with its interval over probes, where the labels stand for `levels`; `None` if
/// nothing was scored.
pub(crate) fn mean(labels: &[&Labels], levels: &[u64], seed: u64) -> Option<Mean> {
    let clusters: Vec<(u64, u64)> = labels
        .iter()
        .map(|labels| (labels.level_sum(levels), labels.total()))
        .filter(|(_, scored)| *scored > 0)
        .collect();
    let scored: u64 = clusters.iter().map(|(_, scored)| scored).sum();
    let sum: u64 = clusters.iter().map(|(sum, _)| sum).sum();
    let seed = derive_seed(seed, "mean level");
    (scored > 0).then(|| Mean {
        value: sum as f64 / scored as f64,
        interval: (clusters.len() >= MIN_PROBES)
            .then(|| cluster_bootstrap_rate(&clusters, RESAMPLES, seed))
            .flatten()
            .filter(|(low, high)| low < high),
        scored,
    })
}
