//! The sign-flip permutation test: what if the two systems had swapped places on some clusters?

use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use serde::{Deserialize, Serialize};

use crate::{Resampling, resample::replicate};

/// A p-value and how it was computed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignFlip {
    /// Two-sided p-value, in (0, 1].
    pub p_value: f64,
    /// How the flips were covered.
    pub enumeration: Enumeration,
}

/// How the flips were covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "name")]
pub enum Enumeration {
    /// The exact distribution of the sum, for whole numbers.
    Distribution,
    /// Every flip was tried.
    Complete,
    /// This many random flips; the p-value counts the observed one as well.
    MonteCarlo {
        /// Number of random flips.
        resamples: u32,
        /// Seed of the flips.
        seed: u64,
    },
}

/// Most nonzero differences to enumerate: 2²⁰ sums take milliseconds.
const MAX_ENUMERATED: usize = 20;
/// Most steps of the exact distribution: about a tenth of a second.
const MAX_STEPS: f64 = 1e8;

/// Two-sided sign-flip test of the hypothesis that differences per cluster are symmetric around
/// 0.
///
/// Each cluster's difference (of hits, or of a mean; first minus second) keeps or changes its
/// sign with probability 1/2; p is the share of flips whose sum is at least as far from 0 as
/// the observed one (Fisher 1935, The Design of Experiments, sect. 21; Good 2005, Permutation
/// Tests, ch. 3). Exact for whole numbers of moderate size (the distribution of the sum by
/// dynamic programming) and for at most 20 nonzero differences (enumeration). Otherwise Monte
/// Carlo with `(b + 1) / (m + 1)` (Phipson and Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39).
/// Sums that differ only by rounding count as equal.
/// Assumes independent clusters and, under the hypothesis, that the two systems are
/// exchangeable within each. For one answer per cluster it equals McNemar's exact test. `None`
/// without a difference or if one is not finite; 1 if all are 0. A single cluster gives 1.
pub fn sign_flip_test(differences: &[f64], resampling: Resampling) -> Option<SignFlip> {
    if differences.is_empty() || !differences.iter().all(|d| d.is_finite()) {
        return None;
    }
    let sizes: Vec<f64> = differences
        .iter()
        .map(|difference| difference.abs())
        .filter(|size| *size > 0.0)
        .collect();
    let observed = differences.iter().sum::<f64>().abs();
    let reach: f64 = sizes.iter().sum();
    let whole = sizes.iter().all(|size| size.fract() == 0.0);
    let (p_value, enumeration) = if whole && reach * sizes.len() as f64 <= MAX_STEPS {
        (by_distribution(&sizes, observed), Enumeration::Distribution)
    } else {
        // Sums of the same terms in another order differ by at most this.
        let least = observed - reach * f64::EPSILON * sizes.len() as f64;
        if sizes.len() <= MAX_ENUMERATED {
            (by_enumeration(&sizes, least), Enumeration::Complete)
        } else {
            let Resampling { resamples, seed } = resampling;
            let extreme = replicate(resampling, sizes.len(), |rng| {
                flipped(&sizes, rng).abs() >= least
            });
            let count = extreme.iter().filter(|extreme| **extreme).count();
            (
                (count as f64 + 1.0) / (f64::from(resamples) + 1.0),
                Enumeration::MonteCarlo { resamples, seed },
            )
        }
    };
    Some(SignFlip {
        p_value: p_value.min(1.0),
        enumeration,
    })
}

/// `chances[s]` is the probability that the flipped clusters with positive sign sum to `s`; the
/// sum of the signed sizes is then `2 s − reach`.
fn by_distribution(sizes: &[f64], observed: f64) -> f64 {
    let reach: usize = sizes.iter().map(|size| *size as usize).sum();
    let mut chances = vec![0.0; reach + 1];
    chances[0] = 1.0;
    let mut filled = 0;
    for size in sizes.iter().map(|size| *size as usize) {
        filled += size;
        // Downwards, so that `chances[sum - size]` does not include this size yet.
        for sum in (0..=filled).rev() {
            let added = if sum >= size {
                chances[sum - size]
            } else {
                0.0
            };
            chances[sum] = f64::midpoint(chances[sum], added);
        }
    }
    let distance = |sum: usize| (2.0 * sum as f64 - reach as f64).abs();
    let extreme = chances.iter().enumerate();
    extreme
        .filter(|(sum, _)| distance(*sum) >= observed)
        .map(|(_, chance)| chance)
        .sum()
}

/// One sign can stay fixed, because flipping all signs only negates the sum.
fn by_enumeration(sizes: &[f64], least: f64) -> f64 {
    let Some((first, others)) = sizes.split_first() else {
        return 1.0;
    };
    let flips = 1_u32 << others.len();
    let sum_of = |flip: u32| {
        others
            .iter()
            .enumerate()
            .fold(*first, |sum, (place, size)| {
                if flip >> place & 1 == 1 {
                    sum - size
                } else {
                    sum + size
                }
            })
    };
    let extreme = (0..flips).filter(|flip| sum_of(*flip).abs() >= least);
    extreme.count() as f64 / f64::from(flips)
}

fn flipped(sizes: &[f64], rng: &mut ChaCha12Rng) -> f64 {
    sizes
        // One random word holds the signs of 64 clusters.
        .chunks(64)
        .map(|sizes| {
            let signs: u64 = rng.random();
            let signed = sizes.iter().enumerate().map(|(place, size)| {
                if signs >> place & 1 == 1 {
                    -size
                } else {
                    *size
                }
            });
            signed.sum::<f64>()
        })
        .sum()
}
