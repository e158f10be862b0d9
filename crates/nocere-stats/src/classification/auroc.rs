//! The area under the ROC curve: how well a score ranks positives above negatives.

use serde::{Deserialize, Serialize};

use crate::quantile::Z;

/// Area under the ROC curve with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Auroc {
    /// Probability that a random positive scores higher than a random negative; ties count
    /// half. In [0, 1]; 0.5 is chance.
    pub value: f64,
    /// DeLong's standard error, at least 0.
    pub standard_error: f64,
    /// Lower and upper bound of the 95 % interval, in [0, 1].
    pub interval: (f64, f64),
    /// Number of positives.
    pub positives: u64,
    /// Number of negatives.
    pub negatives: u64,
}

/// Area under the ROC curve from `(positive, score)` pairs; the flag marks positives.
///
/// The Mann–Whitney statistic by midranks, with DeLong's variance `S₁₀ / m + S₀₁ / n` of the
/// structural components (DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837–845; by
/// midranks: Sun and Xu 2014, IEEE Signal Process. Lett. 21:1389–1393). The interval is
/// computed on the logit scale, `logit A ± z se / (A (1 − A))`, which covers better near 1 than
/// `A ± z se` (Pepe 2003, ch. 5.2).
/// If that interval has no width (area 0 or 1, or no variance), the bounds solve
/// `|A − θ| = z sqrt(V(θ))` with the variance of Hanley and McNeil (Newcombe 2006, Stat. Med.
/// 25:559–573, method 5).
/// Assumes independent answers. `None` without a positive or without a negative, or if a score
/// is not a number. If all scores are equal the area is 0.5.
pub fn area_under_roc(scores: &[(bool, f64)]) -> Option<Auroc> {
    if scores.iter().any(|(_, score)| score.is_nan()) {
        return None;
    }
    let pick = |wanted: bool| -> Vec<f64> {
        let chosen = scores.iter().filter(|(positive, _)| *positive == wanted);
        // Adding zero turns −0 into 0; `total_cmp` would order them as different scores.
        let mut chosen: Vec<f64> = chosen.map(|(_, score)| score + 0.0).collect();
        chosen.sort_unstable_by(f64::total_cmp);
        chosen
    };
    let (positives, negatives) = (pick(true), pick(false));
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    let above: Vec<f64> = placements(&positives, &negatives);
    let below: Vec<f64> = placements(&negatives, &positives);
    let (m, n) = (positives.len() as f64, negatives.len() as f64);
    let value = above.iter().sum::<f64>() / m;
    let variance = |components: &[f64], mean: f64| -> f64 {
        let count = components.len() as f64;
        let squares: f64 = components.iter().map(|c| (c - mean).powi(2)).sum();
        // A single answer shows no variation.
        if count < 2.0 {
            0.0
        } else {
            squares / (count - 1.0) / count
        }
    };
    let standard_error = (variance(&above, value) + variance(&below, 1.0 - value)).sqrt();
    Some(Auroc {
        value,
        standard_error,
        interval: interval(value, standard_error, m, n),
        positives: positives.len() as u64,
        negatives: negatives.len() as u64,
    })
}

/// For each of `scores`, the share of `others` that are lower; ties count half. Both are
/// sorted.
fn placements(scores: &[f64], others: &[f64]) -> Vec<f64> {
    scores
        .iter()
        .map(|score| {
            let lower = others.partition_point(|other| other < score);
            let not_higher = others.partition_point(|other| other <= score);
            (lower + not_higher) as f64 / 2.0 / others.len() as f64
        })
        .collect()
}

fn interval(value: f64, error: f64, m: f64, n: f64) -> (f64, f64) {
    if error > 0.0 && value > 0.0 && value < 1.0 && m > 1.0 && n > 1.0 {
        let centre = (value / (1.0 - value)).ln();
        let half = Z * error / (value * (1.0 - value));
        let back = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        return (back(centre - half), back(centre + half));
    }
    // Method 5 puts the mean of m − 1 and n − 1 in place of both.
    let balanced = f64::midpoint(m, n) - 1.0;
    let distance = |theta: f64| {
        let spread = (1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta);
        let variance = theta * (1.0 - theta) * (1.0 + balanced * spread) / (m * n);
        (value - theta).abs() - Z * variance.sqrt()
    };
    let solve = |end: f64| {
        // The area is already at this end: there is nothing to search.
        if (value - end).abs() < f64::EPSILON {
            return value;
        }
        let (mut inside, mut outside) = (value, end);
        // Bisection; 100 halvings exceed the precision of f64.
        for _ in 0..100 {
            let middle = f64::midpoint(inside, outside);
            if distance(middle) > 0.0 {
                outside = middle;
            } else {
                inside = middle;
            }
        }
        inside
    };
    (solve(0.0), solve(1.0))
}
