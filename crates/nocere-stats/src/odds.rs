//! Odds ratios of two conditions over shared clusters.

use serde::{Deserialize, Serialize};

use crate::{paired::PairedCluster, quantile::student_quantile};

/// An odds ratio with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OddsRatio {
    /// Odds under the first condition over odds under the second; above 0.
    pub value: f64,
    /// Lower and upper bound of the 95 % interval; `None` if a bound cannot be computed, because
    /// the ratio depends on a single cluster.
    pub interval: Option<(f64, f64)>,
}

/// The Mantel–Haenszel odds ratio of the first condition against the second, with each cluster as a
/// stratum: `Σ aᵢdᵢ/nᵢ ÷ Σ bᵢcᵢ/nᵢ` (Mantel and Haenszel 1959, JNCI 22:719–748, eq. 2).
///
/// The interval leaves out one cluster at a time: the jackknife variance of the log ratio with
/// Student's t of `clusters − 1` degrees of freedom. It assumes independent clusters, and makes
/// no assumption about answers within one. `None` if either sum is 0: the two conditions never
/// differ, or differ in one direction only, and the ratio is not a finite number above 0.
pub fn mantel_haenszel(clusters: &[PairedCluster]) -> Option<OddsRatio> {
    let parts: Vec<(f64, f64)> = clusters
        .iter()
        .filter(|cluster| cluster.first_count > 0 && cluster.second_count > 0)
        .map(|cluster| {
            let hits = [cluster.first_sum, cluster.second_sum];
            let misses = [
                cluster.first_count as f64 - hits[0],
                cluster.second_count as f64 - hits[1],
            ];
            let size = (cluster.first_count + cluster.second_count) as f64;
            (hits[0] * misses[1] / size, misses[0] * hits[1] / size)
        })
        .collect();
    let sum = parts.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
    let log = |(up, down): (f64, f64)| {
        let ratio = up / down;
        (up > 0.0 && down > 0.0 && ratio.is_finite()).then(|| ratio.ln())
    };
    let whole = log(sum)?;
    let without: Option<Vec<f64>> = parts
        .iter()
        .map(|part| log((sum.0 - part.0, sum.1 - part.1)))
        .collect();
    let interval = without.filter(|logs| logs.len() > 1).map(|logs| {
        let n = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / n;
        let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
        let half = student_quantile(n - 1.0) * ((n - 1.0) / n * squares).sqrt();
        ((whole - half).exp(), (whole + half).exp())
    });
    Some(OddsRatio {
        value: whole.exp(),
        interval,
    })
}

/// The chance that at least one of `k` attempts succeeds, drawn without replacement from `tried`
/// attempts of which `succeeded` did: `1 − C(tried − succeeded, k) / C(tried, k)` (Chen et al. 2021,
/// arXiv 2107.03374, eq. 1). `None` if fewer than `k` were tried, or `k` is 0.
pub fn success_at_k(succeeded: u64, tried: u64, k: u64) -> Option<f64> {
    if k == 0 || k > tried || succeeded > tried {
        return None;
    }
    let failed = tried - succeeded;
    let all_fail: f64 = (0..k)
        .map(|place| failed.saturating_sub(place) as f64 / (tried - place) as f64)
        .product();
    Some(1.0 - all_fail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cluster(a: f64, n1: u64, c: f64, n2: u64) -> PairedCluster {
        PairedCluster {
            first_sum: a,
            first_count: n1,
            second_sum: c,
            second_count: n2,
        }
    }

    #[test]
    fn a_textbook_value() {
        // Two strata: (10·15/40 + 5·20/40) / (10·5/40 + 5·10/40) with a=10, b=10, c=5, d=15 and
        // a=5, b=5, c=10, d=20: (150/40 + 100/40) / (50/40 + 50/40) = 2.5.
        let odds = mantel_haenszel(&[cluster(10.0, 20, 5.0, 20), cluster(5.0, 10, 10.0, 30)]);
        assert!((odds.unwrap().value - 2.5).abs() < 1e-12);
    }

    #[test]
    fn matched_pairs_give_the_ratio_of_discordant_ones() {
        // 6 pairs fail under the first only, 2 under the second only: 6 / 2.
        let mut pairs = vec![cluster(1.0, 1, 0.0, 1); 6];
        pairs.extend(vec![cluster(0.0, 1, 1.0, 1); 2]);
        pairs.extend(vec![cluster(1.0, 1, 1.0, 1); 9]);
        let odds = mantel_haenszel(&pairs).unwrap();
        assert!((odds.value - 3.0).abs() < 1e-12);
        let (low, high) = odds.interval.unwrap();
        assert!(low < 1.0 && high > 3.0, "{low} {high}");
        assert_eq!(mantel_haenszel(&pairs[..6]), None);
        assert_eq!(mantel_haenszel(&[]), None);
    }

    #[test]
    fn success_at_k_is_that_of_the_hypergeometric_distribution() {
        assert_eq!(success_at_k(1, 2, 1), Some(0.5));
        assert_eq!(success_at_k(1, 2, 2), Some(1.0));
        assert_eq!(success_at_k(0, 5, 3), Some(0.0));
        // 1 − C(3, 2) / C(5, 2) = 1 − 3 / 10.
        assert!((success_at_k(2, 5, 2).unwrap() - 0.7).abs() < 1e-12);
        assert_eq!(success_at_k(2, 5, 6), None);
        assert_eq!(success_at_k(2, 5, 0), None);
    }

    proptest! {
        #[test]
        fn exchanging_the_conditions_inverts_the_ratio(
            rows in prop::collection::vec((0_u64..5, 0_u64..5), 2..20),
        ) {
            let one: Vec<_> = rows.iter().map(|(a, c)| cluster(*a as f64, 5, *c as f64, 5)).collect();
            let other: Vec<_> = rows.iter().map(|(a, c)| cluster(*c as f64, 5, *a as f64, 5)).collect();
            if let (Some(one), Some(other)) = (mantel_haenszel(&one), mantel_haenszel(&other)) {
                prop_assert!((one.value * other.value - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn more_attempts_never_succeed_less(tried in 1_u64..20, share in 0.0_f64..=1.0) {
            let succeeded = (tried as f64 * share) as u64;
            let chances: Vec<f64> =
                (1..=tried).filter_map(|k| success_at_k(succeeded, tried, k)).collect();
            prop_assert!(chances.windows(2).all(|pair| pair[0] <= pair[1] + 1e-12));
            prop_assert!(chances.iter().all(|chance| (0.0..=1.0).contains(chance)));
        }
    }
}
