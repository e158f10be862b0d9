//! Agreement of two orders.

/// Kendall's τ-b of two lists of values for the same things (Kendall 1945, Biometrika 33, 239–251):
/// concordant less discordant pairs over the geometric mean of the pairs that are not tied in
/// either list. From −1 to 1; `None` if the lists differ in length or one does not vary.
pub fn kendall_tau(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() {
        return None;
    }
    let (mut score, mut varies_a, mut varies_b) = (0.0, 0.0, 0.0);
    for i in 0..a.len() {
        for j in 0..i {
            let (x, y) = (sign(a[i] - a[j])?, sign(b[i] - b[j])?);
            score += x * y;
            varies_a += x.abs();
            varies_b += y.abs();
        }
    }
    (varies_a > 0.0 && varies_b > 0.0).then(|| score / f64::sqrt(varies_a * varies_b))
}

/// −1, 0 or 1; `None` for what is not a number.
fn sign(difference: f64) -> Option<f64> {
    match difference.partial_cmp(&0.0)? {
        std::cmp::Ordering::Less => Some(-1.0),
        std::cmp::Ordering::Equal => Some(0.0),
        std::cmp::Ordering::Greater => Some(1.0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_orders_have_their_tau() {
        let tau = |b: &[f64]| kendall_tau(&[1.0, 2.0, 3.0, 4.0], b).unwrap();
        assert!((tau(&[1.0, 2.0, 3.0, 4.0]) - 1.0).abs() < 1e-12);
        assert!((tau(&[4.0, 3.0, 2.0, 1.0]) + 1.0).abs() < 1e-12);
        // ABDC against ABCD: five pairs agree, one does not.
        assert!((tau(&[1.0, 2.0, 4.0, 3.0]) - 4.0 / 6.0).abs() < 1e-12);
        // One tie in b: 5 pairs of 6 vary, all concordant.
        assert!((tau(&[1.0, 1.0, 2.0, 3.0]) - 5.0 / 30.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(kendall_tau(&[1.0], &[1.0]), None);
        assert_eq!(kendall_tau(&[1.0, 2.0], &[1.0, 1.0]), None);
        assert_eq!(kendall_tau(&[1.0, f64::NAN], &[1.0, 2.0]), None);
    }

    proptest! {
        #[test]
        fn tau_is_symmetric_and_bounded(pairs in prop::collection::vec((0_i8..9, 0_i8..9), 2..12)) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs
                .iter()
                .map(|(x, y)| (f64::from(*x), f64::from(*y)))
                .unzip();
            let tau = kendall_tau(&a, &b);
            prop_assert_eq!(tau, kendall_tau(&b, &a));
            prop_assert!(tau.is_none_or(|tau| tau.abs() <= 1.0 + 1e-12));
        }
    }
}
