//! Means of numbered labels, with intervals over probes.

use nocere_core::key::derive_seed;
use nocere_stats::cluster_bootstrap_rate;
use serde::{Deserialize, Serialize};

use crate::tally::Labels;

/// Minimum number of probes for a bootstrap interval.
const MIN_PROBES: usize = 10;
/// Number of bootstrap resamples for the interval of a mean.
const RESAMPLES: u32 = 2_000;

/// The mean of labels that are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mean {
    /// The mean, in levels of the scale.
    pub value: f64,
    /// 95 % percentile bootstrap interval over probes; `None` with fewer than ten probes, or if
    /// all resamples are equal.
    pub interval: Option<(f64, f64)>,
    /// Number of scored answers, or of items for judges that score by items.
    pub scored: u64,
}

impl Mean {
    /// The interval alone, as "1.770–1.961"; empty if there is none.
    pub fn range_text(&self) -> String {
        self.interval
            .map_or_else(String::new, |(low, high)| format!("{low:.3}–{high:.3}"))
    }

    /// The mean with its interval, as "1.865 (1.770–1.961)".
    pub fn text(&self) -> String {
        self.interval.map_or_else(
            || format!("{:.3}", self.value),
            |(low, high)| format!("{:.3} ({low:.3}–{high:.3})", self.value),
        )
    }
}

/// The mean level with its interval over probes. `levels` are the numbers that the labels
/// represent. `None` if nothing was scored.
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
