//! Means of numbered labels, with intervals over probes.

use nocere_stats::mean_level;
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
    /// 95 % interval over probes; `None` with fewer than ten probes.
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
    let clusters: Vec<(u64, u64)> = labels
        .iter()
        .map(|labels| (labels.level_sum(levels), labels.total()))
        .filter(|(_, scored)| *scored > 0)
        .collect();
    let scale = *levels.iter().min()?..=*levels.iter().max()?;
    let mean = mean_level(&clusters, scale)?;
    Some(Mean {
        value: mean.value,
        interval: mean.interval.filter(|_| clusters.len() >= MIN_PROBES),
        scored: clusters.iter().map(|(_, scored)| scored).sum(),
    })
}
