//! The Clopper–Pearson interval for a single proportion: coverage never falls below 95 %.

use crate::quantile::beta_quantile;

/// 95 % Clopper–Pearson ("exact") interval of `hits` out of `total`, in [0, 1].
///
/// Clopper and Pearson (1934), Biometrika 26:404–413; in beta quantiles
/// `(B(0.025; k, n − k + 1), B(0.975; k + 1, n − k))`.
/// Assumes independent trials with one common probability. It covers at least 95 % for every
/// true rate and sample size, usually more, and is wider than Wilson's. Use it for a claim that
/// must not be too bold, such as an upper bound of a rate of harm.
/// `None` for `total` = 0 or `hits` > `total`. With 0 hits the lower bound is exactly 0; with
/// all hits the upper bound is exactly 1. One trial gives (0, 0.975) or (0.025, 1).
pub fn clopper_pearson_interval(hits: u64, total: u64) -> Option<(f64, f64)> {
    if total == 0 || hits > total {
        return None;
    }
    let (k, misses) = (hits as f64, (total - hits) as f64);
    let low = if hits == 0 {
        0.0
    } else {
        beta_quantile(k, misses + 1.0, 0.025)
    };
    let high = if hits == total {
        1.0
    } else {
        beta_quantile(k + 1.0, misses, 0.975)
    };
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        golden::{Golden, assert_close},
        wilson_interval,
    };

    #[test]
    fn agrees_with_statsmodels() {
        let golden = Golden::read(include_str!("../tests/golden/clopper_pearson.json"));
        for (input, expected) in golden.rows("clopper_pearson") {
            let (low, high) = clopper_pearson_interval(input[0] as u64, input[1] as u64).unwrap();
            assert_close(low, expected[0], 1e-10);
            assert_close(high, expected[1], 1e-10);
        }
    }

    #[test]
    fn no_trials_have_no_interval() {
        assert_eq!(clopper_pearson_interval(0, 0), None);
        assert_eq!(clopper_pearson_interval(2, 1), None);
    }

    proptest! {
        #[test]
        fn holds_the_proportion_and_is_wider_than_wilson(
            total in 1_u64..5_000,
            share in 0.0_f64..=1.0,
        ) {
            let hits = (total as f64 * share).round() as u64;
            let (low, high) = clopper_pearson_interval(hits, total).unwrap();
            let p = hits as f64 / total as f64;
            prop_assert!(0.0 <= low && low <= p && p <= high && high <= 1.0);
            let (wilson_low, wilson_high) = wilson_interval(hits, total).unwrap();
            prop_assert!(high - low >= wilson_high - wilson_low - 1e-12 || hits < 3 || total - hits < 3);
        }
    }
}
