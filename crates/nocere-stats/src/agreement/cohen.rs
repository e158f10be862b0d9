//! Cohen's kappa of two raters.

use std::collections::BTreeMap;

use super::{Agreement, IntervalKind, Ratings, Weights};
use crate::{Method, quantile::Z, resample::sum_by_cluster};

/// Cohen's kappa of the first two raters, plain or weighted.
///
/// `κ = (p_o − p_e) / (1 − p_e)` with `p_o = Σ w_ab p_ab` and `p_e = Σ w_ab p_a. p_.b` (Cohen
/// 1960, Educ. Psychol. Meas. 20:37–46; weighted: Cohen 1968, Psychol. Bull. 70:213–220). In
/// [−1, 1].
/// If every item is its own cluster, the asymptotic interval is `κ ± z·se` after Fleiss, Cohen
/// and Everitt (1969), Psychol. Bull. 72:323–327, eq. 14. With clusters, the influences behind
/// that formula are summed per cluster, and Student's t with `clusters − 1` degrees of freedom
/// replaces z.
/// Assumes raters who rate independently of each other, and items (or clusters) drawn
/// independently. Items that one of the two did not rate are left out. `None` (undefined)
/// without an item, or if both raters used the same single category throughout (`p_e` = 1):
/// agreement cannot then be distinguished from chance. [`gwet_ac`](super::gwet_ac) is defined
/// there. A single item has at most a value and no interval.
pub fn cohen_kappa(ratings: &Ratings, weights: Weights, kind: IntervalKind) -> Agreement {
    let categories = ratings.categories();
    let pairs: Vec<(u64, usize)> = ratings
        .rows()
        .filter_map(|(cluster, ratings)| match ratings {
            [Some(first), Some(second), ..] => Some((cluster, first * categories + second)),
            _ => None,
        })
        .collect();
    let mut table = vec![0.0; categories * categories];
    for (_, cell) in &pairs {
        table[*cell] += 1.0;
    }
    let observed = Table::new(&table, categories, weights);
    let mut agreement = match (kind, observed.kappa()) {
        (IntervalKind::Asymptotic, Some(kappa)) => {
            let influences = influences(&pairs, &observed);
            asymptotic(ratings, &pairs, &influences, kappa)
        }
        (IntervalKind::Score, Some(kappa)) => {
            let influences = influences(&pairs, &observed);
            Agreement::with_score(ratings, kappa, observed.expected, &influences)
        }
        (IntervalKind::Asymptotic, None) => Agreement::new(ratings, None, None, Method::Asymptotic),
        (IntervalKind::Score, None) => Agreement::new(ratings, None, None, Method::WilsonEffective),
        (IntervalKind::Bootstrap(resampling), kappa) => {
            let rows = pairs.iter().map(|(cluster, cell)| {
                let mut row = vec![0.0; categories * categories];
                row[*cell] = 1.0;
                (*cluster, row)
            });
            let sums = sum_by_cluster(categories * categories, rows);
            let interval = sums.interval(resampling, |sums| {
                Table::new(sums, categories, weights).kappa()
            });
            Agreement::bootstrapped(ratings, kappa, interval, resampling)
        }
    };
    // `Agreement` counts items with any two ratings; here only the first two raters count.
    agreement.items = pairs.len() as u64;
    if pairs.is_empty() {
        agreement.method = Method::NoData;
    }
    agreement
}

/// Influence of each cluster on kappa, scaled as if each cluster were one item.
fn influences(pairs: &[(u64, usize)], table: &Table<'_>) -> Vec<f64> {
    let mut clusters: BTreeMap<u64, f64> = BTreeMap::new();
    for (cluster, cell) in pairs {
        *clusters.entry(*cluster).or_default() += table.influence(*cell);
    }
    let per_cluster = clusters.len() as f64 / pairs.len() as f64;
    clusters
        .into_values()
        .map(|sum| sum * per_cluster)
        .collect()
}

fn asymptotic(
    ratings: &Ratings,
    pairs: &[(u64, usize)],
    influences: &[f64],
    kappa: f64,
) -> Agreement {
    if influences.len() == pairs.len() && pairs.len() > 1 {
        // The published large-sample variance divides by n and uses the normal quantile.
        let squares: f64 = influences.iter().map(|influence| influence.powi(2)).sum();
        let half = Z * squares.sqrt() / pairs.len() as f64;
        let interval = ((kappa - half).max(-1.0), (kappa + half).min(1.0));
        return Agreement::new(ratings, Some(kappa), Some(interval), Method::Asymptotic);
    }
    Agreement::from_influences(ratings, kappa, influences)
}

/// A square table of counts, reduced to what kappa needs.
struct Table<'a> {
    categories: usize,
    weights: Weights,
    /// Mean weight of each category of the first rater against the second rater's shares.
    of_first: Vec<f64>,
    /// Mean weight of each category of the second rater against the first rater's shares.
    of_second: Vec<f64>,
    observed: f64,
    expected: f64,
    counts: &'a [f64],
}

impl<'a> Table<'a> {
    fn new(counts: &'a [f64], categories: usize, weights: Weights) -> Self {
        let total: f64 = counts.iter().sum();
        let mut first = vec![0.0; categories];
        let mut second = vec![0.0; categories];
        let mut observed = 0.0;
        for (cell, count) in counts.iter().enumerate() {
            let (a, b) = (cell / categories, cell % categories);
            first[a] += count / total;
            second[b] += count / total;
            observed += weights.between(a, b, categories) * count / total;
        }
        let mean_weight = |category: usize, shares: &[f64]| -> f64 {
            let shares = shares.iter().enumerate();
            shares
                .map(|(other, share)| weights.between(category, other, categories) * share)
                .sum()
        };
        let of_first: Vec<f64> = (0..categories).map(|a| mean_weight(a, &second)).collect();
        let of_second = (0..categories).map(|b| mean_weight(b, &first)).collect();
        let expected = of_first
            .iter()
            .zip(&first)
            .map(|(w, share)| w * share)
            .sum();
        Self {
            categories,
            weights,
            of_first,
            of_second,
            observed,
            expected,
            counts,
        }
    }

    fn kappa(&self) -> Option<f64> {
        let rest = 1.0 - self.expected;
        // Rounding of the shares can leave 1 − p_e slightly off zero.
        (self.counts.iter().any(|count| *count > 0.0) && rest > 1e-12)
            .then(|| (self.observed - self.expected) / rest)
    }

    /// Influence of one more item in `cell` on kappa; averages 0 over the items.
    fn influence(&self, cell: usize) -> f64 {
        let (a, b) = (cell / self.categories, cell % self.categories);
        let rest = 1.0 - self.expected;
        let weight = self.weights.between(a, b, self.categories);
        let pull = weight * rest - (self.of_first[a] + self.of_second[b]) * (1.0 - self.observed);
        let mean = self.observed * self.expected - 2.0 * self.expected + self.observed;
        (pull - mean) / (rest * rest)
    }
}
