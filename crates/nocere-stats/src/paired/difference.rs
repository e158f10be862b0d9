//! The difference of two paired rates or means, with an interval.

use serde::{Deserialize, Serialize};

use super::PairedCounts;
use crate::{Resampling, resample::ClusterSums, wilson_interval};

/// First minus second, with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// The first rate or mean minus the second; for rates in [−1, 1].
    pub value: f64,
    /// Lower and upper bound of the 95 % interval.
    pub interval: (f64, f64),
}

/// The difference of two paired rates over independent probes, first minus second.
///
/// Newcombe (1998), Stat. Med. 17:2635–2650, method 10: the Wilson bounds of each rate, put
/// together as `θ − sqrt((p₁ − l₁)² − 2 φ (p₁ − l₁)(u₂ − p₂) + (u₂ − p₂)²)` and alike above,
/// with the correlation φ of the 2 × 2 table, continuity corrected where positive.
/// Assumes independent probes with one answer of each system. `None` without a probe. Where
/// the two never disagree the value is 0 and the interval has a width unless no correlation
/// can remove it: equal rates of exactly 0 or 1 keep Wilson's.
pub fn paired_difference(counts: &PairedCounts) -> Option<PairedDifference> {
    let total = counts.total();
    let first = counts.both + counts.only_first;
    let second = counts.both + counts.only_second;
    let (low_first, high_first) = wilson_interval(first, total)?;
    let (low_second, high_second) = wilson_interval(second, total)?;
    let n = total as f64;
    let (p, q) = (first as f64 / n, second as f64 / n);
    let value = (counts.only_first as f64 - counts.only_second as f64) / n;
    let correlation = correlation(counts);
    let join = |own: f64, other: f64| {
        (own * own - 2.0 * correlation * own * other + other * other)
            .max(0.0)
            .sqrt()
    };
    let low = value - join(p - low_first, high_second - q);
    let high = value + join(high_first - p, q - low_second);
    Some(PairedDifference {
        value,
        interval: (low.max(-1.0), high.min(1.0)),
    })
}

/// φ of the table, moved towards 0 where positive; 0 where a margin is empty.
fn correlation(counts: &PairedCounts) -> f64 {
    let [a, b, c, d] = [
        counts.both,
        counts.only_first,
        counts.only_second,
        counts.neither,
    ]
    .map(|count| count as f64);
    let margins = (a + b) * (c + d) * (a + c) * (b + d);
    if margins <= 0.0 {
        return 0.0;
    }
    let product = a * d - b * c;
    let corrected = if product > 0.0 {
        (product - (a + b + c + d) / 2.0).max(0.0)
    } else {
        product
    };
    corrected / margins.sqrt()
}

/// What two systems did on one cluster: sums of values and numbers of answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedCluster {
    /// Sum over the first system's answers; hits for a rate.
    pub first_sum: f64,
    /// Number of the first system's answers.
    pub first_count: u64,
    /// Sum over the second system's answers.
    pub second_sum: f64,
    /// Number of the second system's answers.
    pub second_count: u64,
}

/// The difference of two means or rates over shared clusters, first minus second.
///
/// `Σ sum₁ / Σ count₁ − Σ sum₂ / Σ count₂`, with a 95 % percentile bootstrap that draws whole
/// clusters, both systems together (Field and Welsh 2007, J. R. Stat. Soc. B 69:369–390). In
/// the unit of the values. A cluster may lack answers of one system.
/// Assumes independent clusters, at least about ten. `None` without answers of each, without
/// resamples, or if a sum is not finite. One cluster, or all alike, give width 0.
pub fn cluster_bootstrap_difference(
    clusters: &[PairedCluster],
    resampling: Resampling,
) -> Option<PairedDifference> {
    let finite =
        |cluster: &PairedCluster| cluster.first_sum.is_finite() && cluster.second_sum.is_finite();
    if !clusters.iter().all(finite) {
        return None;
    }
    let answered = clusters
        .iter()
        .filter(|cluster| cluster.first_count + cluster.second_count > 0);
    let rows = answered.map(|cluster| {
        vec![
            cluster.first_sum,
            cluster.first_count as f64,
            cluster.second_sum,
            cluster.second_count as f64,
        ]
    });
    let sums = ClusterSums::new(4, rows);
    let value = difference(&sums.total())?;
    let interval = sums.interval(resampling, difference)?;
    Some(PairedDifference { value, interval })
}

fn difference(sums: &[f64]) -> Option<f64> {
    (sums[1] > 0.0 && sums[3] > 0.0).then(|| sums[0] / sums[1] - sums[2] / sums[3])
}
