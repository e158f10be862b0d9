//! The Wilson score interval for a single proportion.

use crate::quantile::Z;

/// 95 % Wilson score interval of `hits` out of `total`, clipped to [0, 1].
///
/// Wilson (1927), J. Am. Stat. Assoc. 22:209–212, the inverted score test:
/// `(p + z²/2n ± z·sqrt(p(1−p)/n + z²/4n²)) / (1 + z²/n)`.
/// Assumes independent trials with one common probability. `None` for `total` = 0 or `hits` >
/// `total`. With 0 hits the lower bound is exactly 0; with all hits the upper bound is exactly
/// 1.
pub fn wilson_interval(hits: u64, total: u64) -> Option<(f64, f64)> {
    if total == 0 || hits > total {
        return None;
    }
    let (low, high) = wilson_share(hits as f64 / total as f64, total as f64)?;
    // Rounding can leave these bounds slightly off 0 and 1.
    let low = if hits == 0 { 0.0 } else { low };
    let high = if hits == total { 1.0 } else { high };
    Some((low, high))
}

/// The same for a share `p` of a sample of size `n`, which need not be whole.
pub(crate) fn wilson_share(p: f64, n: f64) -> Option<(f64, f64)> {
    if n <= 0.0 || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let z2 = Z * Z;
    let centre = p + z2 / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    Some((
        ((centre - half) / scale).max(0.0),
        ((centre + half) / scale).min(1.0),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Written by tests/golden/wilson.py with statsmodels' `proportion_confint`.
    const GOLDEN: &str = include_str!("../tests/golden/wilson.json");

    #[test]
    fn agrees_with_statsmodels() {
        let rows: Vec<(u64, u64, f64, f64)> = serde_json::from_str(GOLDEN).unwrap();
        assert!(rows.len() > 10);
        for (hits, total, low, high) in rows {
            let (ours_low, ours_high) = wilson_interval(hits, total).unwrap();
            assert!(
                (ours_low - low).abs() < 1e-9,
                "{hits}/{total}: {ours_low} and {low}"
            );
            assert!(
                (ours_high - high).abs() < 1e-9,
                "{hits}/{total}: {ours_high} and {high}"
            );
        }
    }

    #[test]
    fn no_trials_have_no_interval() {
        assert_eq!(wilson_interval(0, 0), None);
        assert_eq!(wilson_interval(2, 1), None);
    }

    proptest! {
        #[test]
        fn holds_the_proportion_and_stays_in_range(total in 1_u64..100_000, share in 0.0_f64..=1.0) {
            let hits = (total as f64 * share).round() as u64;
            let (low, high) = wilson_interval(hits, total).unwrap();
            let p = hits as f64 / total as f64;
            prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
            prop_assert!(low <= p + 1e-12 && p <= high + 1e-12);
        }
    }
}
