//! Quantiles and tails of the textbook distributions, based on `statrs`.
//!
//! Golden tests compare them with SciPy (tests/golden/quantile.json).

use statrs::{
    distribution::{ContinuousCDF, Normal},
    function::beta,
};

/// The 97.5 % quantile of the standard normal distribution.
pub(crate) const Z: f64 = 1.959_963_984_540_054;

/// Quantile of the standard normal distribution for 0 < `share` < 1. Returns 0 outside this
/// range, which no caller in this crate uses.
pub(crate) fn normal_quantile(share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    Normal::standard().inverse_cdf(share)
}

/// Share of the standard normal distribution at or below `z`.
pub(crate) fn normal_cdf(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// The 97.5 % quantile of Student's t with `freedom` degrees of freedom; infinite below one.
///
/// `t² / (ν + t²)` is beta distributed with shapes 1/2 and ν/2. The t inverse of statrs is not
/// used: for large ν it is accurate to only three digits.
pub(crate) fn student_quantile(freedom: f64) -> f64 {
    if freedom < 1.0 {
        return f64::INFINITY;
    }
    // Here t exceeds the normal quantile by less than 3e-7.
    if freedom > 1e7 {
        return Z;
    }
    // 0.95, not 0.975: t² covers both tails.
    let share = beta_quantile(0.5, freedom / 2.0, 0.95);
    (freedom * share / (1.0 - share)).sqrt()
}

/// `value ± t · error`, with the 97.5 % quantile of Student's t.
pub(crate) fn student_interval(value: f64, error: f64, freedom: f64) -> (f64, f64) {
    let half = student_quantile(freedom) * error;
    (value - half, value + half)
}

/// Share of a beta distribution with shapes `a`, `b` > 0 at or below `x`.
pub(crate) fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        0.0
    } else if x >= 1.0 {
        1.0
    } else {
        beta::checked_beta_reg(a, b, x).unwrap_or(0.0)
    }
}

/// Quantile of a beta distribution with shapes `a`, `b` > 0. Bisects [`beta_cdf`] to the last
/// bit, because the cumulative function is accurate in the tails.
pub(crate) fn beta_quantile(a: f64, b: f64, share: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        // No float lies between the bounds any more.
        if middle <= low || middle >= high {
            break;
        }
        if beta_cdf(a, b, middle) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Probability of `hits` or fewer in `total` independent trials with success probability `p`:
/// `I(1 − p; total − hits, hits + 1)`.
pub(crate) fn binomial_cdf(hits: u64, total: u64, p: f64) -> f64 {
    if hits >= total {
        1.0
    } else {
        beta_cdf((total - hits) as f64, hits as f64 + 1.0, 1.0 - p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::{Golden, assert_close};

    #[test]
    fn agrees_with_scipy() {
        let golden = Golden::read(include_str!("../tests/golden/quantile.json"));
        for (input, expected) in golden.rows("normal_quantile") {
            assert_close(normal_quantile(input[0]), expected[0], 1e-12);
        }
        for (input, expected) in golden.rows("normal_cdf") {
            assert_close(normal_cdf(input[0]), expected[0], 1e-10);
        }
        for (input, expected) in golden.rows("student_quantile") {
            assert_close(student_quantile(input[0]), expected[0], 1e-7);
        }
        for (input, expected) in golden.rows("beta_quantile") {
            assert_close(
                beta_quantile(input[0], input[1], input[2]),
                expected[0],
                1e-11,
            );
        }
        for (input, expected) in golden.rows("binomial_cdf") {
            let ours = binomial_cdf(input[0] as u64, input[1] as u64, input[2]);
            assert_close(ours, expected[0], 1e-9);
        }
    }
}
