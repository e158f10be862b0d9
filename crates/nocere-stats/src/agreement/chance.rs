//! Gwet's AC, Fleiss' kappa and percent agreement: coefficients that differ only in how they
//! define chance agreement. Percent agreement assumes none.

use std::collections::BTreeMap;

use super::{Agreement, IntervalKind, Ratings, Weights};
use crate::{Method, resample::sum_by_cluster};

/// Gwet's AC1 (identity weights) or AC2 (other weights), for two or more raters with gaps.
///
/// `(p_a − p_e) / (1 − p_e)`, where `p_a` is the mean agreement of pairs of ratings within
/// items that have two or more, `p_e = T Σ π_k (1 − π_k) / (q (q − 1))`, `T` is the sum of the
/// weights and `π_k` the mean share of category `k` (Gwet 2008, Br. J. Math. Stat. Psychol.
/// 61:29–48; AC2 and missing ratings: Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed.,
/// ch. 4–6).
/// The asymptotic interval is the linearised one of the handbook with Student's t; clusters are
/// summed first.
/// Assumes items (or clusters) drawn independently. Unlike kappa it is defined, and 1, when all
/// raters used one category, and it does not collapse for rare categories. `None` without an
/// item that has two ratings, or with fewer than two possible categories. A single item has a
/// value but no interval.
pub fn gwet_ac(ratings: &Ratings, weights: Weights, kind: IntervalKind) -> Agreement {
    coefficient(ratings, weights, Chance::Gwet, kind)
}

/// Fleiss' kappa for two or more raters, generalised to weights and gaps.
///
/// `(p_a − p_e) / (1 − p_e)` with `p_a` as in [`gwet_ac`] and `p_e = Σ w_kl π_k π_l` (Fleiss
/// 1971, Psychol. Bull. 76:378–382; with weights, gaps and the variance: Gwet 2014, Handbook of
/// Inter-Rater Reliability, 4th ed., ch. 3 and 5). For two raters this is Scott's pi.
/// Assumes exchangeable raters and items (or clusters) drawn independently. `None` without an
/// item that has two ratings, or if only one category was used (`p_e` = 1). A single item has
/// at most a value and no interval.
pub fn fleiss_kappa(ratings: &Ratings, weights: Weights, kind: IntervalKind) -> Agreement {
    coefficient(ratings, weights, Chance::Fleiss, kind)
}

/// Percent agreement: the mean, over items with two or more ratings, of the (weighted) share of
/// rating pairs that agree. In [0, 1].
///
/// For two raters and identity weights this is the share of items rated alike. It makes no
/// correction for chance, so it is high when one category dominates. Assumes items (or
/// clusters) drawn independently. `None` without an item that has two ratings. If all ratings
/// agree it is 1 with an interval of width 0. A single item has a value but no interval.
pub fn percent_agreement(ratings: &Ratings, weights: Weights, kind: IntervalKind) -> Agreement {
    coefficient(ratings, weights, Chance::Nothing, kind)
}

#[derive(Clone, Copy)]
enum Chance {
    Gwet,
    Fleiss,
    Nothing,
}

/// Sums over items, in this order: items with a rating, items with two or more, agreement
/// within the latter; then the share of each category.
const SUMS_BEFORE_SHARES: usize = 3;

fn coefficient(
    ratings: &Ratings,
    weights: Weights,
    chance: Chance,
    kind: IntervalKind,
) -> Agreement {
    let table = weight_table(weights, ratings.categories());
    let width = SUMS_BEFORE_SHARES + ratings.categories();
    let rows: Vec<(u64, Vec<f64>)> = ratings
        .tallies()
        .map(|(cluster, tally)| (cluster, item_sums(&tally, &table)))
        .collect();
    let mut sums = vec![0.0; width];
    for (_, row) in &rows {
        for (sum, amount) in sums.iter_mut().zip(row) {
            *sum += amount;
        }
    }
    let observed = Parts::new(&sums, &table, chance);
    match kind {
        IntervalKind::Asymptotic => match observed {
            Some(parts) => {
                let influences = influences(&rows, &parts);
                Agreement::from_influences(ratings, parts.value, &influences)
            }
            None => Agreement::new(ratings, None, None, Method::Asymptotic),
        },
        IntervalKind::Score => match observed {
            Some(parts) => {
                let influences = influences(&rows, &parts);
                Agreement::with_score(ratings, parts.value, parts.expected, &influences)
            }
            None => Agreement::new(ratings, None, None, Method::WilsonEffective),
        },
        IntervalKind::Bootstrap(resampling) => {
            let interval = sum_by_cluster(width, rows).interval(resampling, |sums| {
                Parts::new(sums, &table, chance).map(|parts| parts.value)
            });
            let value = observed.map(|parts| parts.value);
            Agreement::bootstrapped(ratings, value, interval, resampling)
        }
    }
}

fn weight_table(weights: Weights, categories: usize) -> Vec<Vec<f64>> {
    let row = |a| (0..categories).map(move |b| weights.between(a, b, categories));
    (0..categories).map(|a| row(a).collect()).collect()
}

fn item_sums(tally: &[f64], table: &[Vec<f64>]) -> Vec<f64> {
    let rated: f64 = tally.iter().sum();
    let mut sums = vec![1.0, 0.0, 0.0];
    if rated > 1.0 {
        let agreeing: f64 = tally
            .iter()
            .zip(table)
            .map(|(count, weights)| {
                let weighted: f64 = tally.iter().zip(weights).map(|(n, w)| n * w).sum();
                // A rating is not paired with itself, and equal categories weigh 1.
                count * (weighted - 1.0)
            })
            .sum();
        sums[1] = 1.0;
        sums[2] = agreeing / (rated * (rated - 1.0));
    }
    sums.extend(tally.iter().map(|count| count / rated));
    sums
}

/// The components of a coefficient, for its linearised variance.
struct Parts {
    value: f64,
    expected: f64,
    items: f64,
    paired: f64,
    /// Contribution of one rating of each category to the expected agreement, per item.
    pull: Vec<f64>,
}

impl Parts {
    fn new(sums: &[f64], table: &[Vec<f64>], chance: Chance) -> Option<Self> {
        let (items, paired) = (sums[0], sums[1]);
        if paired <= 0.0 {
            return None;
        }
        let shares: Vec<f64> = sums[SUMS_BEFORE_SHARES..]
            .iter()
            .map(|s| s / items)
            .collect();
        let pull: Vec<f64> = match chance {
            Chance::Nothing => vec![0.0; shares.len()],
            Chance::Gwet => {
                let categories = shares.len() as f64;
                if categories < 2.0 {
                    return None;
                }
                let total: f64 = table.iter().flatten().sum();
                let scale = total / (categories * (categories - 1.0));
                shares.iter().map(|share| scale * (1.0 - share)).collect()
            }
            Chance::Fleiss => table
                .iter()
                .map(|weights| weights.iter().zip(&shares).map(|(w, s)| w * s).sum())
                .collect(),
        };
        let expected: f64 = pull
            .iter()
            .zip(&shares)
            .map(|(pull, share)| pull * share)
            .sum();
        // Rounding of the shares can leave 1 − p_e slightly off zero.
        (1.0 - expected > 1e-12).then(|| Self {
            value: (sums[2] / paired - expected) / (1.0 - expected),
            expected,
            items,
            paired,
            pull,
        })
    }

    /// Influence of one item on the value, as in irrCAC; averages 0 over the items.
    fn influence(&self, row: &[f64]) -> f64 {
        let rest = 1.0 - self.expected;
        let own = self.items / self.paired * (row[2] - self.expected * row[1]) / rest;
        let shares = &row[SUMS_BEFORE_SHARES..];
        let expected: f64 = self.pull.iter().zip(shares).map(|(p, s)| p * s).sum();
        own - 2.0 * (1.0 - self.value) * (expected - self.expected) / rest - self.value
    }
}

/// Influence of each cluster on the value, scaled as if each cluster were one item.
fn influences(rows: &[(u64, Vec<f64>)], parts: &Parts) -> Vec<f64> {
    let mut clusters: BTreeMap<u64, f64> = BTreeMap::new();
    for (cluster, row) in rows {
        *clusters.entry(*cluster).or_default() += parts.influence(row);
    }
    let per_cluster = clusters.len() as f64 / rows.len() as f64;
    clusters
        .into_values()
        .map(|sum| sum * per_cluster)
        .collect()
}
