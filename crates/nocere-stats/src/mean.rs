//! The mean of scores over clusters of answers that are not independent.

use crate::quantile::student_interval;

/// A mean with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanOfClusters {
    /// The mean, in the unit of the scores.
    pub value: f64,
    /// Lower and upper bound of the 95 % interval; `None` with fewer than two clusters, or if
    /// the clusters do not vary.
    pub interval: Option<(f64, f64)>,
}

/// The mean of scores from clusters `(sum of scores, number of scores)`.
///
/// The ratio of sums with its variance between clusters, `g / (g − 1) Σ (s − m t)² / T²` (Cochran
/// 1977, Sampling Techniques, 3rd ed., eq. 6.9), and Student's t of `clusters − 1` degrees of
/// freedom. Assumes independent clusters, and enough of them for a mean of that skewness: scores
/// that are nearly all alike need more than ten (docs/reference/coverage.md). `None` without a
/// score or if a sum is not finite. The caller leaves out missing scores.
pub fn mean_of_clusters(clusters: &[(f64, u64)]) -> Option<MeanOfClusters> {
    let filled = clusters.iter().filter(|(_, count)| *count > 0);
    let (groups, sum, count) = filled.clone().fold((0_u64, 0.0, 0), |(g, s, n), one| {
        (g + 1, s + one.0, n + one.1)
    });
    if groups == 0 || !sum.is_finite() {
        return None;
    }
    let (groups, count) = (groups as f64, count as f64);
    let value = sum / count;
    let squares: f64 = filled
        .map(|(sum, of)| (sum - value * *of as f64).powi(2))
        .sum();
    // Sums that are alike but for rounding do not vary.
    let varies = squares > 1e-18 * (1.0 + sum * sum);
    let interval = (groups > 1.0 && varies).then(|| {
        let error = (groups / (groups - 1.0) * squares).sqrt() / count;
        student_interval(value, error, groups - 1.0)
    });
    Some(MeanOfClusters { value, interval })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn single_scores_have_the_textbook_interval() {
        let scores = [1.0, 2.0, 2.0, 3.0, 5.0, 1.0, 4.0, 2.0];
        let clusters: Vec<(f64, u64)> = scores.iter().map(|score| (*score, 1)).collect();
        let mean = mean_of_clusters(&clusters).unwrap();
        // Mean 2.5, standard deviation sqrt(14 / 7), t of 7 degrees of freedom 2.364624.
        let half = 2.364_624_25 * (2.0_f64 / 8.0).sqrt();
        let (low, high) = mean.interval.unwrap();
        assert!((mean.value - 2.5).abs() < 1e-12);
        assert!((low - (2.5 - half)).abs() < 1e-6 && (high - (2.5 + half)).abs() < 1e-6);
    }

    #[test]
    fn repetitions_that_agree_add_nothing() {
        let single: Vec<(f64, u64)> = (0..40).map(|n| (f64::from(n % 4), 1)).collect();
        let fives: Vec<(f64, u64)> = single.iter().map(|(score, _)| (5.0 * score, 5)).collect();
        let (a, b) = (mean_of_clusters(&single), mean_of_clusters(&fives));
        let (a, b) = (a.unwrap().interval.unwrap(), b.unwrap().interval.unwrap());
        assert!((a.0 - b.0).abs() < 1e-12 && (a.1 - b.1).abs() < 1e-12);
    }

    #[test]
    fn without_variation_there_is_no_interval() {
        assert_eq!(mean_of_clusters(&[]), None);
        assert_eq!(mean_of_clusters(&[(0.0, 0)]), None);
        assert_eq!(mean_of_clusters(&[(f64::NAN, 1), (1.0, 1)]), None);
        for alike in [
            &[(3.0, 1)][..],
            &[(2.0, 1), (4.0, 2)],
            &[(0.3, 3), (0.1, 1)],
        ] {
            assert_eq!(mean_of_clusters(alike).unwrap().interval, None, "{alike:?}");
        }
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_mean(
            clusters in proptest::collection::vec((-100.0_f64..100.0, 1_u64..9), 2..40),
        ) {
            let mean = mean_of_clusters(&clusters).unwrap();
            if let Some((low, high)) = mean.interval {
                prop_assert!(low < mean.value && mean.value < high);
            }
        }
    }
}
