//! Means of numbered labels, with intervals over probes.

use nocere_stats::mean_of_clusters;
use serde::{Deserialize, Serialize};

use crate::tally::Labels;

/// Minimum number of probes for an interval.
const MIN_PROBES: usize = 10;

/// The mean of labels that are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mean {
    /// The mean, in levels of the scale.
    pub value: f64,
    /// 95 % interval over probes, by Student's t; `None` with fewer than ten probes, or if they
    /// do not vary.
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
pub(crate) fn mean(labels: &[&Labels], levels: &[u64]) -> Option<Mean> {
    let clusters: Vec<(f64, u64)> = labels
        .iter()
        .map(|labels| (labels.level_sum(levels) as f64, labels.total()))
        .filter(|(_, scored)| *scored > 0)
        .collect();
    let of_clusters = mean_of_clusters(&clusters)?;
    let interval = (clusters.len() >= MIN_PROBES)
        .then_some(of_clusters.interval)
        .flatten();
    // The interval of a mean near the end of the scale can reach beyond it.
    let ends = levels.iter().min().zip(levels.iter().max());
    let interval = interval
        .zip(ends)
        .map(|((low, high), (first, last))| (low.max(*first as f64), high.min(*last as f64)));
    Some(Mean {
        value: of_clusters.value,
        interval,
        scored: clusters.iter().map(|(_, scored)| scored).sum(),
    })
}
