//! Means of scores that are numbers, and of numbered labels, with intervals over probes.

use std::borrow::Cow;

use nocere_core::{Numbers, Scale};
use nocere_stats::{mean_level, mean_of_clusters};
use serde::{Deserialize, Serialize};

use crate::tally::Labels;

/// Minimum number of probes for an interval.
pub(crate) const MIN_PROBES: usize = 10;

/// The mean of scores that are numbers, or of labels that are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Mean {
    /// The mean, in the unit of the scale.
    pub value: f64,
    /// 95 % interval over probes; `None` with fewer than ten probes.
    pub interval: Option<(f64, f64)>,
    /// Standard error of the mean, over probes; `None` with fewer than two probes, or if they do not
    /// vary.
    #[serde(default)]
    pub standard_error: Option<f64>,
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

/// True if scores on `scale` have a mean: its labels are numbers, or its scores are.
pub(crate) fn has_mean(scale: &Scale) -> bool {
    scale.numbers.is_some() || scale.levels().is_some()
}

/// Sum and number of one probe's scores as numbers. `None` if there are none, or scores on `scale` have
/// no mean.
pub(crate) fn score(labels: &Labels, scale: &Scale) -> Option<(f64, u64)> {
    let score = match &scale.numbers {
        Some(_) => (labels.sum, u64::from(labels.scored)),
        None => (labels.level_sum(&scale.levels()?) as f64, labels.total()),
    };
    (score.1 > 0).then_some(score)
}

/// The mean score with its interval over probes. `None` if nothing was scored, or scores on `scale`
/// have no mean.
pub(crate) fn mean(labels: &[Cow<'_, Labels>], scale: &Scale) -> Option<Mean> {
    match &scale.numbers {
        Some(numbers) => mean_number(labels, numbers),
        None => mean_of_levels(labels, &scale.levels()?),
    }
}

/// The mean of scores that are numbers, clipped to the ends of the scale (for HealthBench as its
/// paper does, arXiv 2505.08775, section 3).
fn mean_number(labels: &[Cow<'_, Labels>], numbers: &Numbers) -> Option<Mean> {
    let clusters: Vec<(f64, u64)> = labels
        .iter()
        .map(|labels| (labels.sum, u64::from(labels.scored)))
        .filter(|(_, scored)| *scored > 0)
        .collect();
    mean_of(&clusters, numbers)
}

/// The mean of sums and numbers of scores by probe, clipped to the ends of the scale.
pub(crate) fn mean_of(clusters: &[(f64, u64)], numbers: &Numbers) -> Option<Mean> {
    let mean = mean_of_clusters(clusters)?;
    let clip = |value: f64| value.clamp(numbers.low, numbers.high);
    Some(Mean {
        value: clip(mean.value),
        interval: mean
            .interval
            .filter(|_| clusters.len() >= MIN_PROBES)
            .map(|(low, high)| (clip(low), clip(high))),
        standard_error: mean.standard_error,
        scored: clusters.iter().map(|(_, scored)| scored).sum(),
    })
}

/// The mean level. `levels` are the numbers that the labels represent.
fn mean_of_levels(labels: &[Cow<'_, Labels>], levels: &[u64]) -> Option<Mean> {
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
        standard_error: mean.standard_error,
        scored: clusters.iter().map(|(_, scored)| scored).sum(),
    })
}
