//! The mean of scores over clusters of answers that are not independent.

use std::ops::RangeInclusive;

use crate::{quantile::student_interval, rate_of_clusters};

/// A mean with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanOfClusters {
    /// The mean, in the unit of the scores.
    pub value: f64,
    /// Lower and upper bound of the 95 % interval; `None` with fewer than two clusters, or if
    /// the clusters do not vary.
    pub interval: Option<(f64, f64)>,
    /// The standard error of the mean, in the same cases.
    pub standard_error: Option<f64>,
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
    let standard_error =
        (groups > 1.0 && varies).then(|| (groups / (groups - 1.0) * squares).sqrt() / count);
    let interval = standard_error.map(|error| student_interval(value, error, groups - 1.0));
    Some(MeanOfClusters {
        value,
        interval,
        standard_error,
    })
}

/// The mean of whole levels on a bounded scale, from clusters `(sum of levels, number of
/// levels)`.
///
/// The share of the way from the lowest to the highest level is a rate of clustered counts, and
/// has the interval of [`rate_of_clusters`]: Wilson's with the effective number of answers. It
/// stays on the scale, and covers better for few clusters than [`mean_of_clusters`] (93 to 96 %
/// against 92 to 95 % from ten clusters on; docs/reference/coverage.md). Without variation the
/// interval is Wilson's with the number of clusters. `None` without a level, or if a sum is
/// beyond the scale or the scale has one level.
pub fn mean_level(clusters: &[(u64, u64)], scale: RangeInclusive<u64>) -> Option<MeanOfClusters> {
    let (first, last) = scale.into_inner();
    let width = last.checked_sub(first).filter(|width| *width > 0)?;
    let shares = clusters.iter().map(|(sum, count)| {
        let above = sum.checked_sub(first * count)?;
        (above <= width * count).then_some((above, width * count))
    });
    let rate = rate_of_clusters(shares.collect::<Option<Vec<_>>>()?, 0);
    let level = |share: f64| first as f64 + width as f64 * share;
    let sums: Vec<(f64, u64)> = clusters
        .iter()
        .map(|(sum, count)| (*sum as f64, *count))
        .collect();
    Some(MeanOfClusters {
        value: level(rate.value?),
        interval: rate.interval.map(|(low, high)| (level(low), level(high))),
        standard_error: mean_of_clusters(&sums).and_then(|mean| mean.standard_error),
    })
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
        let error = mean.standard_error.unwrap();
        assert!((error - (2.0_f64 / 8.0).sqrt()).abs() < 1e-12);
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
    fn levels_are_shares_of_the_way_along_the_scale() {
        let clusters: Vec<(u64, u64)> = (0..40).map(|n| (1 + n % 5, 1)).collect();
        let mean = mean_level(&clusters, 1..=5).unwrap();
        let (low, high) = mean.interval.unwrap();
        // Mean 3, standard deviation sqrt(2): Student's t gives 2.54 to 3.46.
        assert!((mean.value - 3.0).abs() < 1e-12);
        assert!(
            (low - 2.56).abs() < 0.03 && (high - 3.44).abs() < 0.03,
            "{mean:?}"
        );
        let alike = mean_level(&[(1, 1); 12], 1..=5).unwrap();
        assert!((alike.value - 1.0).abs() < 1e-12);
        assert!(alike.interval.unwrap().0 <= 1.0 && alike.interval.unwrap().1 > 1.5);
        for bad in [&[(6, 1)][..], &[(0, 1)], &[], &[(0, 0)]] {
            assert_eq!(mean_level(bad, 1..=5), None, "{bad:?}");
        }
        assert_eq!(mean_level(&[(2, 1)], 2..=2), None);
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
