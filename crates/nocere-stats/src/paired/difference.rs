//! The difference of two paired rates or means, with an interval.

use serde::{Deserialize, Serialize};

use super::PairedCounts;
use crate::{cluster::for_few_clusters, wilson::wilson_share, wilson_interval};

/// First minus second, with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PairedDifference {
    /// First rate or mean minus the second; in [−1, 1] for rates.
    pub value: f64,
    /// Lower and upper bound of the 95 % interval.
    pub interval: (f64, f64),
}

/// The difference of two paired rates over independent probes, first minus second.
///
/// Newcombe (1998), Stat. Med. 17:2635–2650, method 10: the Wilson bounds of each rate,
/// combined as `θ − sqrt((p₁ − l₁)² − 2 φ (p₁ − l₁)(u₂ − p₂) + (u₂ − p₂)²)`, and
/// correspondingly above, with the correlation φ of the 2 × 2 table, continuity corrected if
/// positive.
/// Assumes independent probes with one answer from each system. `None` without a probe. If the
/// two never disagree the value is 0 and the interval still has a width: the corrected φ stays
/// below 1, and for equal rates of exactly 0 or 1 it is 0.
pub fn paired_difference(counts: &PairedCounts) -> Option<PairedDifference> {
    let total = counts.total();
    let first = counts.both + counts.only_first;
    let second = counts.both + counts.only_second;
    let (low_first, high_first) = wilson_interval(first, total)?;
    let (low_second, high_second) = wilson_interval(second, total)?;
    let n = total as f64;
    let (p, q) = (first as f64 / n, second as f64 / n);
    let value = (counts.only_first as f64 - counts.only_second as f64) / n;
    let interval = combined(
        Bounds {
            rate: p,
            low: low_first,
            high: high_first,
        },
        Bounds {
            rate: q,
            low: low_second,
            high: high_second,
        },
        correlation(counts),
    );
    Some(PairedDifference { value, interval })
}

/// A rate with its own interval.
#[derive(Clone, Copy)]
struct Bounds {
    rate: f64,
    low: f64,
    high: f64,
}

/// The interval of a difference from the intervals of its two rates.
fn combined(first: Bounds, second: Bounds, correlation: f64) -> (f64, f64) {
    let join = |own: f64, other: f64| {
        (own * own - 2.0 * correlation * own * other + other * other)
            // Rounding can leave a perfect square slightly negative.
            .max(0.0)
            .sqrt()
    };
    let value = first.rate - second.rate;
    let low = value - join(first.rate - first.low, second.high - second.rate);
    let high = value + join(first.high - first.rate, second.rate - second.low);
    (low.max(-1.0), high.min(1.0))
}

/// φ of the table, moved towards 0 if positive; 0 if a margin is empty.
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

/// Results of two systems on one cluster: sums of values and numbers of answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedCluster {
    /// Sum over the first system's answers; for a rate, the number of hits.
    pub first_sum: f64,
    /// Number of the first system's answers.
    pub first_count: u64,
    /// Sum over the second system's answers; for a rate, the number of hits.
    pub second_sum: f64,
    /// Number of the second system's answers.
    pub second_count: u64,
}

/// The difference of two rates over shared clusters, first minus second, in closed form.
///
/// Newcombe's method 10 as in [`paired_difference`], adapted to clusters: Wilson's bounds of
/// each rate use its effective number of answers, reduced for few clusters (Korn and Graubard
/// 1998, Surv. Methodol. 24:193–201), and φ is the correlation of the two cluster sums around
/// their rates, with a continuity correction: the sum of their products, over n clusters with m
/// answers, less 1/(2 n m) if positive. For single answers that is method 10's. Two systems that
/// never differ thus keep an interval with a width. It covers better than a bootstrap for few
/// clusters and small rates.
/// Sums are hits, or scores in [0, 1]. Assumes independent clusters. For a rate without
/// variance (0, 1, or all clusters alike) the number of clusters replaces the effective number
/// of answers, and φ is 0. A cluster may lack answers from one system. `None` with fewer than
/// two clusters, without answers from both systems, or if a sum is below 0 or above its count.
pub fn cluster_difference(clusters: &[PairedCluster]) -> Option<PairedDifference> {
    let answered: Vec<&PairedCluster> = clusters
        .iter()
        .filter(|cluster| cluster.first_count + cluster.second_count > 0)
        .collect();
    let first: Vec<(f64, f64)> = answered
        .iter()
        .map(|cluster| (cluster.first_sum, cluster.first_count as f64))
        .collect();
    let second: Vec<(f64, f64)> = answered
        .iter()
        .map(|cluster| (cluster.second_sum, cluster.second_count as f64))
        .collect();
    let (first, second) = (Deviations::new(&first)?, Deviations::new(&second)?);
    let product: f64 = first.of.iter().zip(&second.of).map(|(a, b)| a * b).sum();
    let product = if product > 0.0 {
        let clusters = answered.len() as f64;
        let answers: u64 = answered
            .iter()
            .map(|of| of.first_count.max(of.second_count))
            .sum();
        (product - 0.5 / (clusters * answers as f64)).max(0.0)
    } else {
        product
    };
    let correlation = if first.squares > 0.0 && second.squares > 0.0 {
        product / (first.squares * second.squares).sqrt()
    } else {
        0.0
    };
    Some(PairedDifference {
        value: first.rate - second.rate,
        interval: combined(first.bounds()?, second.bounds()?, correlation),
    })
}

/// A rate, and each cluster's deviation from it as a share of all answers.
struct Deviations {
    rate: f64,
    of: Vec<f64>,
    squares: f64,
}

impl Deviations {
    fn new(clusters: &[(f64, f64)]) -> Option<Self> {
        let total: f64 = clusters.iter().map(|(_, count)| count).sum();
        let sound = clusters
            .iter()
            .all(|(sum, count)| (0.0..=*count).contains(sum));
        if !sound || total <= 0.0 || clusters.len() < 2 {
            return None;
        }
        let rate = clusters.iter().map(|(sum, _)| sum).sum::<f64>() / total;
        let deviations = clusters
            .iter()
            .map(|(sum, count)| (sum - rate * count) / total);
        let of: Vec<f64> = deviations.collect();
        let squares = of.iter().map(|deviation| deviation.powi(2)).sum();
        Some(Self { rate, of, squares })
    }

    fn bounds(&self) -> Option<Bounds> {
        let clusters = self.of.len() as f64;
        let variance = self.squares * clusters / (clusters - 1.0);
        let spread = self.rate * (1.0 - self.rate);
        let size = if variance > 1e-15 && spread > 0.0 {
            for_few_clusters(spread / variance, clusters)
        } else {
            clusters
        };
        let (low, high) = wilson_share(self.rate.clamp(0.0, 1.0), size)?;
        Some(Bounds {
            rate: self.rate,
            low,
            high,
        })
    }
}
