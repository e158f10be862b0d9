//! The cluster bootstrap: resamples whole clusters, because answers within a cluster are alike.

use crate::resample::{ClusterSums, Resampling};

/// 95 % percentile interval of a ratio of sums over clusters `(hits, total)`.
///
/// Field and Welsh (2007), J. R. Stat. Soc. B 69:369–390: clusters are drawn with replacement
/// and kept whole. The bounds are the 2.5 % and 97.5 % order statistics of the resampled ratios
/// (nearest rank). `None` without a cluster whose total is above 0, or without resamples. One
/// cluster, or clusters that are all alike, give an interval of width 0; callers that need a
/// width there use a closed form instead. The same seed gives the same interval on any number
/// of threads.
pub fn cluster_bootstrap_rate(
    clusters: &[(u64, u64)],
    resamples: u32,
    seed: u64,
) -> Option<(f64, f64)> {
    let filled = clusters
        .iter()
        .filter(|(_, total)| *total > 0)
        .map(|(hits, total)| vec![*hits as f64, *total as f64]);
    ClusterSums::new(2, filled).interval(Resampling { resamples, seed }, ratio)
}

/// 95 % percentile interval of a mean over clusters `(sum of values, number of values)`.
///
/// Like [`cluster_bootstrap_rate`], for real values: scores, costs, durations. Unit and range
/// are those of the values. Assumes independent clusters; with fewer than about ten the
/// interval is too narrow (Cameron, Gelbach and Miller 2008, Rev. Econ. Stat. 90:414–427).
/// `None` without a value, without resamples, or if a sum is not finite. One cluster, or
/// clusters that are all alike, give width 0. The caller leaves out missing values.
pub fn cluster_bootstrap_mean(
    clusters: &[(f64, u64)],
    resampling: Resampling,
) -> Option<(f64, f64)> {
    if clusters.iter().any(|(sum, _)| !sum.is_finite()) {
        return None;
    }
    let filled = clusters
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(sum, count)| vec![*sum, *count as f64]);
    ClusterSums::new(2, filled).interval(resampling, ratio)
}

/// First sum divided by the second; `None` if the second is not positive.
pub(crate) fn ratio(sums: &[f64]) -> Option<f64> {
    (sums[1] > 0.0).then(|| sums[0] / sums[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_interval() {
        let clusters: Vec<(u64, u64)> = (0..30).map(|n| (n * n % 7, 7 + n)).collect();
        assert_eq!(
            cluster_bootstrap_rate(&clusters, 500, 3),
            cluster_bootstrap_rate(&clusters, 500, 3)
        );
        assert_ne!(
            cluster_bootstrap_rate(&clusters, 500, 3),
            cluster_bootstrap_rate(&clusters, 500, 4)
        );
    }

    #[test]
    fn singletons_come_close_to_wilson() {
        let clusters: Vec<(u64, u64)> = (0..400).map(|n| (u64::from(n % 4 == 0), 1)).collect();
        let (low, high) = cluster_bootstrap_rate(&clusters, 4_000, 9).unwrap();
        let (wilson_low, wilson_high) = crate::wilson_interval(100, 400).unwrap();
        assert!((low - wilson_low).abs() < 0.01 && (high - wilson_high).abs() < 0.01);
    }

    #[test]
    fn no_clusters_have_no_interval() {
        assert_eq!(cluster_bootstrap_rate(&[], 100, 1), None);
        assert_eq!(cluster_bootstrap_rate(&[(0, 0)], 100, 1), None);
        let none = Resampling {
            resamples: 0,
            seed: 1,
        };
        assert_eq!(cluster_bootstrap_mean(&[(1.0, 1)], none), None);
        let some = Resampling {
            resamples: 10,
            seed: 1,
        };
        assert_eq!(cluster_bootstrap_mean(&[(f64::NAN, 1)], some), None);
    }

    #[test]
    fn means_of_whole_values_are_rates() {
        let counts: Vec<(u64, u64)> = (0..300).map(|n| (n % 6, 5)).collect();
        let sums: Vec<(f64, u64)> = counts.iter().map(|(h, t)| (*h as f64, *t)).collect();
        let resampling = Resampling {
            resamples: 400,
            seed: 2,
        };
        assert_eq!(
            cluster_bootstrap_mean(&sums, resampling),
            cluster_bootstrap_rate(&counts, 400, 2)
        );
    }
}
