//! Agreement: how often raters, or a judge and a human, put the same items into the same
//! categories, beyond chance and with an interval.
//!
//! This module is responsible for the coefficients and their intervals. It does not know what
//! the categories mean: they are indexes from 0, and their order matters only to weights and to
//! the ordinal and interval scales.

mod chance;
mod cohen;
mod krippendorff;
mod ratings;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use chance::{fleiss_kappa, gwet_ac, percent_agreement};
pub use cohen::cohen_kappa;
pub use krippendorff::{Scale, krippendorff_alpha};
pub use ratings::{Ratings, RatingsError};

use crate::{
    Method, Resampling, cluster::for_few_clusters, quantile::student_interval, wilson::wilson_share,
};

/// How much two different categories agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weights {
    /// Only equal categories agree: 1 or 0. For categories without an order.
    Identity,
    /// `1 − |a − b| / (k − 1)` for `k` equally spaced categories.
    Linear,
    /// `1 − (a − b)² / (k − 1)²`: one large disagreement counts more than several small ones.
    Quadratic,
}

impl Weights {
    /// Agreement of categories `first` and `second` out of `categories`, in [0, 1].
    fn between(self, first: usize, second: usize, categories: usize) -> f64 {
        if first == second {
            return 1.0;
        }
        // One category has no distances; the maximum avoids dividing by 0.
        let share = first.abs_diff(second) as f64 / (categories.max(2) - 1) as f64;
        match self {
            Self::Identity => 0.0,
            Self::Linear => 1.0 - share,
            Self::Quadratic => 1.0 - share * share,
        }
    }
}

/// The kind of interval to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalKind {
    /// From the large-sample variance of the coefficient. Items of one cluster are summed
    /// first, so it also holds for several answers to one probe.
    Asymptotic,
    /// Wilson's interval of the observed agreement, carried over to the coefficient with the
    /// chance agreement held fixed. Its sample size is the number of independent items that
    /// would have the variance of [`Self::Asymptotic`]. It keeps a width when all items agree,
    /// and covers better for few items and near 1 (examples/coverage.rs). Prefer this one.
    Score,
    /// Percentile bootstrap over items, or over clusters if items have cluster ids.
    Bootstrap(Resampling),
}

/// A coefficient of agreement with its interval and counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Agreement {
    /// At most 1; 0 is chance agreement (percent agreement: in [0, 1]). `None` if the
    /// coefficient is undefined.
    pub value: Option<f64>,
    /// Lower and upper bound of the 95 % interval, at most 1. `None` without a value, with
    /// fewer than two items or clusters, or if most resamples are undefined. When all items
    /// agree, only [`IntervalKind::Score`] has a width.
    pub interval: Option<(f64, f64)>,
    /// Items that count: those with at least two ratings.
    pub items: u64,
    /// Number of raters in the data, including any who left gaps.
    pub raters: u64,
    /// Clusters of the items that count; equals `items` if every item is its own cluster.
    pub clusters: u64,
    /// How the interval was computed.
    pub method: Method,
}

impl Agreement {
    /// The agreement with its large-sample interval, from the influences of its clusters.
    /// Influences average 0; the variance is `Σ influence² / (g (g − 1))`, and the interval
    /// uses Student's t with `g − 1` degrees of freedom.
    fn from_influences(ratings: &Ratings, value: f64, influences: &[f64]) -> Self {
        let freedom = influences.len() as f64 - 1.0;
        let interval = (influences.len() > 1).then(|| {
            let error = variance(influences).sqrt();
            let (low, high) = student_interval(value, error, freedom);
            (low, high.min(1.0))
        });
        Self::new(ratings, Some(value), interval, Method::Asymptotic)
    }

    /// The agreement with the interval of [`IntervalKind::Score`]; `expected` is the chance
    /// agreement.
    fn with_score(ratings: &Ratings, value: f64, expected: f64, influences: &[f64]) -> Self {
        let clusters = influences.len() as f64;
        let rest = 1.0 - expected;
        let observed = (expected + value * rest).clamp(0.0, 1.0);
        let variance = variance(influences) * rest * rest;
        let spread = observed * (1.0 - observed);
        // When all items are alike, rounding leaves influences slightly off zero.
        let size = if variance > 1e-15 && spread > 1e-12 {
            // Influences may cancel by chance, but the size must not exceed the number of
            // items.
            for_few_clusters(spread / variance, clusters).min(ratings.paired_counts().0 as f64)
        } else {
            clusters
        };
        let interval = wilson_share(observed, size).filter(|_| influences.len() > 1);
        // If chance agreement exceeds 1/2, low bounds would map to less than −1.
        let carry = |agreement: f64| ((agreement - expected) / rest).max(-1.0);
        let interval = interval.map(|(low, high)| (carry(low), carry(high)));
        Self::new(ratings, Some(value), interval, Method::WilsonEffective)
    }

    fn new(
        ratings: &Ratings,
        value: Option<f64>,
        interval: Option<(f64, f64)>,
        method: Method,
    ) -> Self {
        let (items, clusters) = ratings.paired_counts();
        Self {
            value,
            interval,
            items,
            raters: ratings.raters() as u64,
            clusters,
            method: if items == 0 { Method::NoData } else { method },
        }
    }

    fn bootstrapped(
        ratings: &Ratings,
        value: Option<f64>,
        interval: Option<(f64, f64)>,
        resampling: Resampling,
    ) -> Self {
        let interval = interval.filter(|_| value.is_some() && ratings.paired_counts().1 > 1);
        let method = Method::ClusterBootstrap {
            resamples: resampling.resamples,
            seed: resampling.seed,
        };
        Self::new(ratings, value, interval, method)
    }
}

/// Variance of a mean whose clusters have these influences.
fn variance(influences: &[f64]) -> f64 {
    let clusters = influences.len() as f64;
    let squares: f64 = influences.iter().map(|influence| influence.powi(2)).sum();
    squares / (clusters * (clusters - 1.0))
}
