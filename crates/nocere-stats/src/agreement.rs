//! Agreement: how far raters, or a judge and a human, put the same items into the same
//! categories, beyond percent agreement and with an interval.
//!
//! It is responsible for the coefficients and their intervals. It does not know what the
//! categories mean; they are indexes from 0, and their order matters only to weights and to
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
    /// Only the same category agrees: 1 or 0. For categories without an order.
    Identity,
    /// `1 − |a − b| / (k − 1)` for `k` categories at equal distances.
    Linear,
    /// `1 − (a − b)² / (k − 1)²`: a far disagreement counts more than several near ones.
    Quadratic,
}

impl Weights {
    /// Agreement of categories `first` and `second` out of `categories`, in [0, 1].
    fn between(self, first: usize, second: usize, categories: usize) -> f64 {
        if first == second {
            return 1.0;
        }
        let share = first.abs_diff(second) as f64 / (categories.max(2) - 1) as f64;
        match self {
            Self::Identity => 0.0,
            Self::Linear => 1.0 - share,
            Self::Quadratic => 1.0 - share * share,
        }
    }
}

/// Which interval to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalKind {
    /// From the large-sample variance of the coefficient. Items of one cluster are summed
    /// first, so that it also holds for several answers to one probe.
    Asymptotic,
    /// Wilson's interval of the observed agreement, for the number of independent items that
    /// would have the variance of [`Self::Asymptotic`], carried over to the coefficient with
    /// the agreement by chance held. It keeps a width where all items agree, and covers
    /// better for few items and near 1 (examples/coverage.rs): the one to prefer.
    Score,
    /// Percentile bootstrap over items, or over clusters where items carry one.
    Bootstrap(Resampling),
}

/// A coefficient of agreement with what is needed to weigh it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// At most 1; 0 is agreement by chance (percent agreement: in [0, 1]). `None` where the
    /// coefficient is undefined.
    pub value: Option<f64>,
    /// Lower and upper bound of the 95 % interval, at most 1; `None` without a value, with
    /// fewer than two items or clusters, or where most resamples are undefined. Where all
    /// items agree only [`IntervalKind::Score`] has a width.
    pub interval: Option<(f64, f64)>,
    /// Items that count: with at least two ratings.
    pub items: u64,
    /// Raters that the data have room for.
    pub raters: u64,
    /// Clusters of the items that count; the same as `items` where every item is its own.
    pub clusters: u64,
    /// How the interval was made.
    pub method: Method,
}

impl Agreement {
    /// The agreement whose large-sample interval follows from the influences of its clusters,
    /// which average 0: variance `Σ influence² / (g (g − 1))`, Student's t with `g − 1`
    /// degrees.
    fn from_influences(ratings: &Ratings, value: f64, influences: &[f64]) -> Self {
        let freedom = influences.len() as f64 - 1.0;
        let interval = (influences.len() > 1).then(|| {
            let error = variance(influences).sqrt();
            let (low, high) = student_interval(value, error, freedom);
            (low, high.min(1.0))
        });
        Self::new(ratings, Some(value), interval, Method::Asymptotic)
    }

    /// The agreement with the interval of [`IntervalKind::Score`], where `expected` is the
    /// agreement by chance.
    fn with_score(ratings: &Ratings, value: f64, expected: f64, influences: &[f64]) -> Self {
        let clusters = influences.len() as f64;
        let rest = 1.0 - expected;
        let observed = (expected + value * rest).clamp(0.0, 1.0);
        let variance = variance(influences) * rest * rest;
        let spread = observed * (1.0 - observed);
        // Rounding leaves influences barely off zero where all items are alike.
        let size = if variance > 1e-15 && spread > 1e-12 {
            // Influences that happen to cancel must not make more of the items than they are.
            for_few_clusters(spread / variance, clusters).min(ratings.paired_counts().0 as f64)
        } else {
            clusters
        };
        let interval = wilson_share(observed, size).filter(|_| influences.len() > 1);
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
