//! P-values adjusted for many comparisons.

/// Holm's adjusted p-values, in the order given, each in [0, 1].
///
/// Controls the chance of any false alarm: the i-th smallest of m is multiplied by `m − i + 1`,
/// and no value is below an earlier one (Holm 1979, Scand. J. Stat. 6:65–70). Needs no
/// assumption about dependence between the tests. `None` if a value is not a number in [0, 1].
/// An empty input gives an empty result; a single value is unchanged. The caller leaves out
/// comparisons that could not be made.
pub fn holm(p_values: &[f64]) -> Option<Vec<f64>> {
    let order = ascending(p_values)?;
    let count = order.len();
    let mut adjusted = vec![0.0; count];
    let mut largest: f64 = 0.0;
    for (rank, index) in order.into_iter().enumerate() {
        largest = largest
            .max(p_values[index] * (count - rank) as f64)
            .min(1.0);
        adjusted[index] = largest;
    }
    Some(adjusted)
}

/// Benjamini and Hochberg's adjusted p-values, in the order given, each in [0, 1].
///
/// Controls the expected share of false alarms among alarms: the i-th smallest of m is
/// multiplied by `m / i`, and no value is above a later one (Benjamini and Hochberg 1995, J. R.
/// Stat. Soc. B 57:289–300). Assumes tests that are independent or positively dependent. `None`
/// if a value is not a number in [0, 1]. An empty input gives an empty result; a single value
/// is unchanged.
pub fn benjamini_hochberg(p_values: &[f64]) -> Option<Vec<f64>> {
    let order = ascending(p_values)?;
    let count = order.len();
    let mut adjusted = vec![0.0; count];
    let mut smallest: f64 = 1.0;
    for (rank, index) in order.into_iter().enumerate().rev() {
        // Compute the factor first: it is exactly 1 for the largest value.
        smallest = smallest.min(p_values[index] * (count as f64 / (rank + 1) as f64));
        adjusted[index] = smallest;
    }
    Some(adjusted)
}

/// Indexes of the values in ascending order; `None` if a value is not in [0, 1].
fn ascending(p_values: &[f64]) -> Option<Vec<usize>> {
    if !p_values.iter().all(|p| (0.0..=1.0).contains(p)) {
        return None;
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    Some(order)
}
