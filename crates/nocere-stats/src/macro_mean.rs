//! The plain mean of independent estimates, such as rates of several categories.

/// The plain mean of `parts`, each a value with its 95 % interval, and its own 95 % interval.
///
/// The bounds combine the distances of the parts' own bounds, `M − √Σ(w(m − l))²` and
/// `M + √Σ(w(u − m))²` with `w = 1 / k` (MOVER: Zou and Donner 2008, Statistics in Medicine 27,
/// 1693–1702). So parts at 0 or 1 have the width of Wilson's interval, where a variance from the
/// counts would be 0. Assumes that the parts are independent: no probe is in two of them. `None`
/// without parts; no interval if a part has none.
pub fn mean_of_parts(parts: &[(f64, Option<(f64, f64)>)]) -> Option<(f64, Option<(f64, f64)>)> {
    if parts.is_empty() {
        return None;
    }
    let share = 1.0 / parts.len() as f64;
    let mean = share * parts.iter().map(|(value, _)| value).sum::<f64>();
    let distances: Option<Vec<(f64, f64)>> = parts
        .iter()
        .map(|(value, interval)| interval.map(|(low, high)| (value - low, high - value)))
        .collect();
    let interval = distances.map(|distances| {
        let (below, above) = distances.iter().fold((0.0, 0.0), |(below, above), (l, u)| {
            (below + (share * l).powi(2), above + (share * u).powi(2))
        });
        (mean - below.sqrt(), mean + above.sqrt())
    });
    Some((mean, interval))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wilson_interval;

    #[test]
    fn one_part_keeps_its_interval() {
        let (mean, interval) = mean_of_parts(&[(0.4, Some((0.2, 0.7)))]).unwrap();
        let (low, high) = interval.unwrap();
        assert!((mean - 0.4).abs() < 1e-12 && (low - 0.2).abs() < 1e-12);
        assert!((high - 0.7).abs() < 1e-12);
        assert_eq!(mean_of_parts(&[]), None);
        assert_eq!(mean_of_parts(&[(0.4, None)]), Some((0.4, None)));
    }

    #[test]
    fn alike_parts_narrow_as_the_root_of_their_number() {
        let (_, interval) = mean_of_parts(&[(0.5, Some((0.3, 0.7))); 4]).unwrap();
        let (low, high) = interval.unwrap();
        assert!((low - 0.4).abs() < 1e-12 && (high - 0.6).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn the_mean_of_rates_is_a_rate(parts in prop::collection::vec((0_u64..20, 1_u64..20), 1..8)) {
            let parts: Vec<(f64, Option<(f64, f64)>)> = parts
                .iter()
                .map(|(hits, more)| {
                    let total = hits + more;
                    (*hits as f64 / total as f64, wilson_interval(*hits, total))
                })
                .collect();
            let (mean, interval) = mean_of_parts(&parts).unwrap();
            let (low, high) = interval.unwrap();
            prop_assert!(-1e-12 <= low && low <= mean && mean <= high && high <= 1.0 + 1e-12);
        }
    }
}
