//! Clusters of `(hits, total)`: the number of independent answers that they are worth.

use crate::quantile::{Z, student_quantile};

/// Number of independent answers that would give the same variance of the rate. `None` if no
/// variance can be estimated: with fewer than two clusters, if all answers are the same, or if
/// the clusters do not vary.
///
/// `n* = p (1 − p) / v` with the between-cluster variance of a ratio
/// `v = g / (g − 1) Σ (h − p t)² / T²` (Cochran 1977, Sampling Techniques, 3rd ed., eq. 6.9;
/// Kish 1965 for the design effect `T / n*`).
pub(crate) fn effective_size(clusters: &[(u64, u64)]) -> Option<f64> {
    let filled = clusters.iter().filter(|(_, total)| *total > 0);
    let (groups, hits, total) = filled
        .clone()
        .fold((0_u64, 0, 0), |(g, h, t), (hits, total)| {
            (g + 1, h + hits, t + total)
        });
    if groups < 2 || hits == 0 || hits == total {
        return None;
    }
    let (groups, total) = (groups as f64, total as f64);
    let rate = hits as f64 / total;
    let squares: f64 = filled
        .map(|(hits, of)| (*hits as f64 - rate * *of as f64).powi(2))
        .sum();
    let variance = groups / (groups - 1.0) * squares / (total * total);
    (variance > 0.0).then(|| rate * (1.0 - rate) / variance)
}

/// Reduces an effective size for the noise of a variance estimated from few clusters:
/// `n* (z / t)²` with Student's t of `clusters − 1` degrees of freedom (Korn and Graubard 1998,
/// Surv. Methodol. 24:193–201).
pub(crate) fn for_few_clusters(size: f64, clusters: f64) -> f64 {
    size * (Z / student_quantile(clusters - 1.0)).powi(2)
}

/// Number of independent answers that the clusters are worth for an interval; 0 without
/// answers.
///
/// If each cluster holds one answer, the number of answers. Otherwise [`effective_size`], at
/// most the number of answers and reduced by [`for_few_clusters`]. If no variance can be
/// estimated, the number of clusters, as if repetitions added nothing.
pub(crate) fn independent_size(clusters: &[(u64, u64)]) -> f64 {
    let filled = clusters.iter().filter(|(_, total)| *total > 0);
    let (groups, total) = filled.fold((0_u64, 0), |(g, t), (_, total)| (g + 1, t + total));
    if groups == total {
        return total as f64;
    }
    effective_size(clusters).map_or(groups as f64, |size| {
        for_few_clusters(size.min(total as f64), groups as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_of_one_are_worth_their_number() {
        let singles: Vec<(u64, u64)> = (0..100).map(|n| (u64::from(n % 4 == 0), 1)).collect();
        // The sample variance divides by g − 1.
        assert!((effective_size(&singles).unwrap() - 99.0).abs() < 1e-9);
    }

    #[test]
    fn repetitions_that_always_agree_add_nothing() {
        let fives: Vec<(u64, u64)> = (0..100).map(|n| (5 * u64::from(n % 4 == 0), 5)).collect();
        assert!((effective_size(&fives).unwrap() - 99.0).abs() < 1e-9);
    }

    #[test]
    fn no_variance_has_no_size() {
        for clusters in [
            vec![],
            vec![(1, 2)],
            vec![(0, 5), (0, 5)],
            vec![(5, 5), (0, 0)],
        ] {
            assert_eq!(effective_size(&clusters), None);
        }
        assert_eq!(effective_size(&[(1, 2), (1, 2)]), None);
    }
}
