//! Resampling: the one engine behind every bootstrap and Monte Carlo test of this crate.
//!
//! Replicates are computed in chunks of fixed size, each from its own ChaCha12 stream of the
//! caller's seed, so the result depends on the seed alone and not on the number of threads.
//! This module does not know what a statistic means.

use std::{collections::BTreeMap, thread};

use rand::RngExt;
use rand_chacha::{ChaCha12Rng, rand_core::SeedableRng};
use rand_distr::{Binomial, Distribution};
use serde::{Deserialize, Serialize};

/// Number of resamples and seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resampling {
    /// Number of resamples. 2,000 are enough for a 95 % interval; 0 gives no interval.
    pub resamples: u32,
    /// Seed of the generator. The same seed gives the same result on any number of threads.
    pub seed: u64,
}

/// Replicates per stream. Changing it changes every seeded result.
const CHUNK: usize = 64;

/// Below this many random draws, starting threads costs more time than it saves.
const WORTH_THREADS: usize = 200_000;

/// `resampling.resamples` replicates of `draw`, in an order that does not depend on threads.
/// `cost` is the approximate number of random numbers that one replicate draws.
pub(crate) fn replicate<T, F>(resampling: Resampling, cost: usize, draw: F) -> Vec<T>
where
    T: Clone + Default + Send,
    F: Fn(&mut ChaCha12Rng) -> T + Sync,
{
    let mut replicates = vec![T::default(); resampling.resamples as usize];
    let workers = if replicates.len().saturating_mul(cost) < WORTH_THREADS {
        1
    } else {
        thread::available_parallelism().map_or(1, usize::from)
    };
    let mut shares: Vec<Vec<(usize, &mut [T])>> = (0..workers).map(|_| Vec::new()).collect();
    for (index, chunk) in replicates.chunks_mut(CHUNK).enumerate() {
        shares[index % workers].push((index, chunk));
    }
    let fill = |share: Vec<(usize, &mut [T])>| {
        for (index, chunk) in share {
            let mut rng = ChaCha12Rng::seed_from_u64(resampling.seed);
            rng.set_stream(index as u64);
            chunk.fill_with(|| draw(&mut rng));
        }
    };
    thread::scope(|scope| {
        let mut shares = shares.into_iter().filter(|share| !share.is_empty());
        // The calling thread works on the first share itself.
        let own = shares.next();
        for share in shares {
            scope.spawn(|| fill(share));
        }
        own.into_iter().for_each(fill);
    });
    replicates
}

/// 95 % percentile interval: the 2.5 % and 97.5 % order statistics (nearest rank) of the
/// replicates that are defined. `None` if fewer than half are: the rest would describe
/// different data.
pub(crate) fn percentile_interval(replicates: Vec<Option<f64>>) -> Option<(f64, f64)> {
    let wanted = replicates.len();
    let mut defined: Vec<f64> = replicates.into_iter().flatten().collect();
    if defined.is_empty() || defined.len() * 2 < wanted {
        return None;
    }
    defined.sort_unstable_by(f64::total_cmp);
    let count = defined.len();
    let rank = |share: f64| ((share * count as f64).ceil() as usize).clamp(1, count) - 1;
    Some((defined[rank(0.025)], defined[rank(0.975)]))
}

/// Clusters reduced to the sums that a statistic depends on, ready to be resampled.
///
/// Clusters with equal sums are interchangeable, so a resample is a multinomial draw over the
/// distinct ones (conditional binomials) if that is cheaper than drawing clusters one by one.
#[derive(Clone, Debug)]
pub(crate) struct ClusterSums {
    width: usize,
    /// Flattened rows of `width` sums: one row per distinct cluster, or per cluster if `counts`
    /// is empty.
    rows: Vec<f64>,
    /// Number of clusters per row; empty if clusters are drawn one by one.
    counts: Vec<u64>,
    clusters: u64,
}

/// One binomial draw costs about as much as this many single draws (measured).
const BINOMIAL_COST: usize = 12;

impl ClusterSums {
    /// Builds the sums from rows of equal `width`, one per cluster.
    pub(crate) fn new(width: usize, clusters: impl IntoIterator<Item = Vec<f64>>) -> Self {
        let mut distinct: BTreeMap<Vec<u64>, u64> = BTreeMap::new();
        let mut rows = Vec::new();
        let mut total = 0;
        for row in clusters {
            debug_assert_eq!(row.len(), width, "a row of another width");
            // Bit patterns serve as keys, because f64 does not implement `Ord`.
            *distinct
                .entry(row.iter().map(|sum| sum.to_bits()).collect())
                .or_default() += 1;
            rows.extend(row);
            total += 1;
        }
        if distinct.len() * BINOMIAL_COST < total as usize {
            let (rows, counts): (Vec<Vec<u64>>, Vec<u64>) = distinct.into_iter().unzip();
            Self {
                width,
                rows: rows.into_iter().flatten().map(f64::from_bits).collect(),
                counts,
                clusters: total,
            }
        } else {
            Self {
                width,
                rows,
                counts: Vec::new(),
                clusters: total,
            }
        }
    }

    /// Number of clusters.
    pub(crate) fn clusters(&self) -> u64 {
        self.clusters
    }

    /// Sums over all clusters.
    pub(crate) fn total(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.width];
        for (index, row) in self.rows.chunks_exact(self.width).enumerate() {
            let count = self.counts.get(index).map_or(1.0, |count| *count as f64);
            for (sum, amount) in sums.iter_mut().zip(row) {
                *sum += amount * count;
            }
        }
        sums
    }

    /// One resample: the sums over as many clusters as exist, drawn with replacement.
    fn draw(&self, rng: &mut ChaCha12Rng, sums: &mut [f64]) {
        sums.fill(0.0);
        if self.counts.is_empty() {
            for _ in 0..self.clusters {
                let start = rng.random_range(0..self.clusters as u32) as usize * self.width;
                let row = &self.rows[start..start + self.width];
                for (sum, amount) in sums.iter_mut().zip(row) {
                    *sum += amount;
                }
            }
            return;
        }
        let mut draws_left = self.clusters;
        let mut clusters_left = self.clusters;
        for (row, count) in self.rows.chunks_exact(self.width).zip(&self.counts) {
            if draws_left == 0 {
                break;
            }
            // The last row takes all remaining draws: its share is 1.
            let drawn = if *count >= clusters_left {
                draws_left
            } else {
                let share = *count as f64 / clusters_left as f64;
                Binomial::new(draws_left, share).map_or(0, |binomial| binomial.sample(rng))
            };
            for (sum, amount) in sums.iter_mut().zip(row) {
                *sum += amount * drawn as f64;
            }
            draws_left -= drawn;
            clusters_left -= count;
        }
    }

    /// Replicates of `statistic`, a function of the sums.
    pub(crate) fn replicates<F>(&self, resampling: Resampling, statistic: F) -> Vec<Option<f64>>
    where
        F: Fn(&[f64]) -> Option<f64> + Sync,
    {
        // `draw` picks clusters by a u32 index.
        if self.clusters == 0 || self.clusters > u64::from(u32::MAX) {
            return Vec::new();
        }
        let cost = if self.counts.is_empty() {
            self.clusters as usize
        } else {
            self.counts.len() * BINOMIAL_COST
        };
        replicate(resampling, cost, |rng| {
            let mut sums = vec![0.0; self.width];
            self.draw(rng, &mut sums);
            statistic(&sums)
        })
    }

    /// 95 % percentile interval of `statistic`; see [`percentile_interval`].
    pub(crate) fn interval<F>(&self, resampling: Resampling, statistic: F) -> Option<(f64, f64)>
    where
        F: Fn(&[f64]) -> Option<f64> + Sync,
    {
        percentile_interval(self.replicates(resampling, statistic))
    }
}

/// First sum divided by the second; `None` if the second is not positive.
pub(crate) fn ratio(sums: &[f64]) -> Option<f64> {
    (sums[1] > 0.0).then(|| sums[0] / sums[1])
}

/// Sums the rows of items that share a cluster id; in the order of the ids.
pub(crate) fn sum_by_cluster(
    width: usize,
    items: impl IntoIterator<Item = (u64, Vec<f64>)>,
) -> ClusterSums {
    let mut clusters: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for (cluster, row) in items {
        let sums = clusters.entry(cluster).or_insert_with(|| vec![0.0; width]);
        for (sum, amount) in sums.iter_mut().zip(row) {
            *sum += amount;
        }
    }
    ClusterSums::new(width, clusters.into_values())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESAMPLING: Resampling = Resampling {
        resamples: 20_000,
        seed: 5,
    };

    #[test]
    fn both_ways_to_draw_have_the_same_distribution() {
        let alike: Vec<Vec<f64>> = (0..200).map(|n| vec![f64::from(n % 4), 3.0]).collect();
        let multinomial = ClusterSums::new(2, alike.clone());
        assert_eq!(multinomial.counts.len(), 4);
        let mut single = multinomial.clone();
        single.counts.clear();
        single.rows = alike.concat();
        let moments = |sums: &ClusterSums| {
            let values: Vec<f64> = sums
                .replicates(RESAMPLING, ratio)
                .into_iter()
                .flatten()
                .collect();
            let centre = values.iter().sum::<f64>() / values.len() as f64;
            let square = values.iter().map(|v| (v - centre).powi(2)).sum::<f64>();
            (centre, (square / values.len() as f64).sqrt())
        };
        let (centre, deviation) = moments(&multinomial);
        // The exact moments: mean 0.5, variance 1.25 / 9 / 200.
        assert!((centre - 0.5).abs() < 0.001 && (deviation - 0.026_35).abs() < 0.000_5);
        let (centre, deviation) = moments(&single);
        assert!((centre - 0.5).abs() < 0.001 && (deviation - 0.026_35).abs() < 0.000_5);
    }

    #[test]
    fn neither_threads_nor_the_number_of_replicates_matter() {
        let draw = |rng: &mut ChaCha12Rng| rng.random_range(0..1_000_000_u32);
        let resampling = |resamples| Resampling { resamples, seed: 1 };
        let alone = replicate(resampling(500), 1, draw);
        let threaded = replicate(resampling(500), WORTH_THREADS, draw);
        let few = replicate(resampling(70), 1, draw);
        assert_eq!(alone, threaded);
        assert_eq!(few[..], alone[..70]);
        assert_ne!(few[0], few[64]);
    }

    #[test]
    fn mostly_undefined_replicates_have_no_interval() {
        assert_eq!(percentile_interval(vec![None, None, Some(1.0)]), None);
        assert_eq!(percentile_interval(Vec::new()), None);
        assert_eq!(percentile_interval(vec![Some(2.0)]), Some((2.0, 2.0)));
    }
}
