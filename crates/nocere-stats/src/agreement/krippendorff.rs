//! Krippendorff's alpha for any number of raters, with gaps.

use serde::{Deserialize, Serialize};

use super::{Agreement, Ratings};
use crate::{Resampling, resample::sum_by_cluster};

/// Meaning of the distance between two categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Categories are equal or not.
    Nominal,
    /// Categories are ranked: the distance counts the ratings between them.
    Ordinal,
    /// The index is a number: the distance is the squared difference.
    Interval,
}

/// Krippendorff's alpha with a percentile bootstrap interval over items or clusters.
///
/// `α = 1 − D_o / D_e` from the coincidence matrix of rating pairs within items, with the
/// squared difference of the scale (Krippendorff 2019, Content Analysis, 4th ed., ch. 12;
/// Krippendorff 2011, Computing Krippendorff's Alpha-Reliability). At most 1; 0 is chance. In a
/// resample, ordinal distances are computed from that resample.
/// Assumes items (or clusters) drawn independently and exchangeable raters. Items with fewer
/// than two ratings are left out. `None` without such an item, or if only one category was used
/// (`D_e` = 0). A single item has a value but no interval. If all ratings agree the interval
/// has width 0.
pub fn krippendorff_alpha(ratings: &Ratings, scale: Scale, resampling: Resampling) -> Agreement {
    let categories = ratings.categories();
    let width = categories * categories;
    let rows: Vec<(u64, Vec<f64>)> = ratings
        .tallies()
        .filter(|(_, tally)| tally.iter().sum::<f64>() > 1.0)
        .map(|(cluster, tally)| (cluster, coincidences(&tally)))
        .collect();
    let mut sums = vec![0.0; width];
    for (_, row) in &rows {
        for (sum, amount) in sums.iter_mut().zip(row) {
            *sum += amount;
        }
    }
    let value = alpha(&sums, categories, scale);
    let interval =
        sum_by_cluster(width, rows).interval(resampling, |sums| alpha(sums, categories, scale));
    Agreement::bootstrapped(ratings, value, interval, resampling)
}

/// Contribution of one item to the coincidence matrix.
fn coincidences(tally: &[f64]) -> Vec<f64> {
    let others = tally.iter().sum::<f64>() - 1.0;
    let cell = |a: usize, b: usize| {
        let pairs = if a == b {
            tally[a] * (tally[a] - 1.0)
        } else {
            tally[a] * tally[b]
        };
        pairs / others
    };
    let indexes = 0..tally.len();
    indexes
        .clone()
        .flat_map(|a| indexes.clone().map(move |b| cell(a, b)))
        .collect()
}

fn alpha(matrix: &[f64], categories: usize, scale: Scale) -> Option<f64> {
    let marginals: Vec<f64> = matrix
        .chunks_exact(categories.max(1))
        .map(|row| row.iter().sum())
        .collect();
    let total: f64 = marginals.iter().sum();
    let (mut observed, mut expected) = (0.0, 0.0);
    for a in 0..categories {
        for b in a + 1..categories {
            let distance = match scale {
                Scale::Nominal => 1.0,
                Scale::Ordinal => {
                    let ends = f64::midpoint(marginals[a], marginals[b]);
                    (marginals[a..=b].iter().sum::<f64>() - ends).powi(2)
                }
                Scale::Interval => ((b - a) as f64).powi(2),
            };
            observed += distance * matrix[a * categories + b];
            expected += distance * marginals[a] * marginals[b];
        }
    }
    // The marginals are sums of halves and thirds, so compare with their own scale.
    (expected > 1e-9).then(|| 1.0 - (total - 1.0) * observed / expected)
}
