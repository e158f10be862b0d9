//! The cluster bootstrap: resample whole clusters, because answers within one are alike.

use rand::RngExt;
use rand_chacha::{ChaCha12Rng, rand_core::SeedableRng};

/// 95 % percentile interval of a ratio of sums over clusters `(hits, total)`.
///
/// Field and Welsh (2007), J. R. Stat. Soc. B 69:369–390: clusters are drawn with
/// replacement and kept whole. Percentile bounds are the 2.5 % and 97.5 % order statistics
/// of the resampled ratios (nearest rank). `None` without a cluster that has a total.
/// One cluster, or all clusters alike, give an interval of width 0; callers that need
/// width there use a closed form instead.
pub fn cluster_bootstrap_rate(
    clusters: &[(u64, u64)],
    resamples: u32,
    seed: u64,
) -> Option<(f64, f64)> {
    let filled: Vec<(u64, u64)> = clusters
        .iter()
        .copied()
        .filter(|(_, total)| *total > 0)
        .collect();
    if filled.is_empty() || resamples == 0 {
        return None;
    }
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let mut ratios: Vec<f64> = (0..resamples)
        .map(|_| {
            let (hits, total) = (0..filled.len()).fold((0, 0), |(hits, total), _| {
                let (h, t) = filled[rng.random_range(0..filled.len())];
                (hits + h, total + t)
            });
            hits as f64 / total as f64
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let rank = |q: f64| ((q * f64::from(resamples)).ceil() as usize).clamp(1, ratios.len()) - 1;
    Some((ratios[rank(0.025)], ratios[rank(0.975)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_interval() {
        let clusters: Vec<(u64, u64)> = (0..30).map(|n| (n % 4, 3.max(n % 4))).collect();
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
    }
}
