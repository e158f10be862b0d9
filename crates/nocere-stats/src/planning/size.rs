//! Sample sizes, and the differences they can show.

use super::{Plan, SampleSize};
use crate::quantile::{binomial_cdf, normal_cdf, normal_quantile};

/// Largest number of independent answers searched by bisection.
const MOST: u64 = 1 << 40;
/// Largest number searched one by one, with exact binomial power.
const MOST_EXACT: u64 = 2_000_000;

/// Number of probes for which the interval of a true `rate` is expected to extend at most
/// `half_width` to each side.
///
/// The half width of Wilson's interval at the observed rate,
/// `z sqrt(q (1 − q) / n + z² / 4n²) / (1 + z² / n)` (Wilson 1927, J. Am. Stat. Assoc.
/// 22:209–212), is at most `half_width · J` with J of the judge; n is divided by the design
/// effect. Assumes that Se and Sp are known. `None` for a rate outside [0, 1], a half width
/// that is not positive, or a plan out of range; 1 probe if any number is enough.
pub fn size_for_half_width(rate: f64, half_width: f64, plan: &Plan) -> Option<SampleSize> {
    if !plan.is_sound() || !(0.0..=1.0).contains(&rate) || half_width.is_nan() || half_width <= 0.0
    {
        return None;
    }
    let observed = plan.judge.observed(rate);
    let z2 = normal_quantile(1.0 - plan.alpha / 2.0).powi(2);
    let reach = |n: f64| {
        let spread = observed * (1.0 - observed) / n + z2 / (4.0 * n * n);
        (z2 * spread).sqrt() / (1.0 + z2 / n)
    };
    let enough = smallest(MOST, |n| {
        reach(n as f64) <= half_width * plan.judge.youden()
    })?;
    plan.size(enough as f64)
}

/// Chance that the exact one-sided binomial test shows a true `rate` to be on its side of
/// `limit`, from `answers` independent answers.
///
/// For a rate below the limit, the test rejects at c or fewer hits, with the largest c for
/// which `P(X ≤ c | limit) ≤ alpha`; the power is `P(X ≤ c | rate)`. For a rate above it, the
/// same for misses. Power rises in a sawtooth with n, because counts are whole. In [0, 1]; 0 if
/// no count rejects. `None` for a rate outside [0, 1], a limit or alpha not strictly between 0
/// and 1, or a rate equal to the limit.
pub fn power_against_limit(rate: f64, limit: f64, answers: u64, alpha: f64) -> Option<f64> {
    let inside = |share: f64| share > 0.0 && share < 1.0;
    if !(0.0..=1.0).contains(&rate) || !inside(limit) || !inside(alpha) || same(rate, limit) {
        return None;
    }
    // Above the limit, count misses instead of hits.
    let (rate, limit) = if rate < limit {
        (rate, limit)
    } else {
        (1.0 - rate, 1.0 - limit)
    };
    if binomial_cdf(0, answers, limit) > alpha {
        return Some(0.0);
    }
    let first_too_many = smallest(answers, |hits| binomial_cdf(hits, answers, limit) > alpha)?;
    Some(binomial_cdf(first_too_many - 1, answers, rate))
}

/// Number of probes needed to show, with the exact one-sided binomial test, that a true `rate`
/// is on its side of `limit`.
///
/// The smallest number with the requested power; as power is a sawtooth in n, slightly larger
/// numbers can have slightly less. Rate and limit are converted to what the judge reports. With
/// repetitions the number of independent answers is multiplied by the design effect, which is
/// an approximation. `None` if [`power_against_limit`] is `None`, for a plan out of range, and
/// if two million independent answers are too few.
pub fn size_against_limit(rate: f64, limit: f64, plan: &Plan) -> Option<SampleSize> {
    if !plan.is_sound() {
        return None;
    }
    let (rate, limit) = (plan.judge.observed(rate), plan.judge.observed(limit));
    // Returns early where the power is undefined; the search below would only find nothing.
    power_against_limit(rate, limit, 1, plan.alpha)?;
    let deviation = |share: f64| (share * (1.0 - share)).sqrt();
    let by_normal = (normal_quantile(1.0 - plan.alpha) * deviation(limit)
        + normal_quantile(plan.power) * deviation(rate))
        / (rate - limit);
    // Well below the normal approximation no count can reach the power. The search then goes
    // one by one, because a sawtooth cannot be bisected.
    let start = (by_normal.powi(2) * 0.5) as u64;
    let enough = (start.max(1)..MOST_EXACT).find(|answers| {
        power_against_limit(rate, limit, *answers, plan.alpha).is_some_and(|p| p >= plan.power)
    })?;
    plan.size(enough as f64)
}

/// Chance that a two-sided z test finds two true rates different, from `answers` independent
/// answers of each. In [0, 1].
///
/// Normal approximation with the pooled variance under equality and separate variances
/// otherwise (Fleiss, Levin and Paik 2003, Statistical Methods for Rates and Proportions, 3rd
/// ed., sect. 4.2); both tails count. `None` without answers, or if a rate or alpha is not
/// strictly between 0 and 1.
pub fn power_of_two_rates(first: f64, second: f64, answers: u64, alpha: f64) -> Option<f64> {
    let inside = |share: f64| share > 0.0 && share < 1.0;
    if answers == 0 || ![first, second, alpha].into_iter().all(inside) {
        return None;
    }
    let (under_equality, otherwise) = deviations(first, second);
    let shift = (first - second).abs() * (answers as f64).sqrt();
    let critical = normal_quantile(1.0 - alpha / 2.0) * under_equality;
    Some(normal_cdf((shift - critical) / otherwise) + normal_cdf((-shift - critical) / otherwise))
}

/// Number of probes per system needed to find two true rates different with a two-sided z test,
/// if the systems answer different probes.
///
/// `n = (z_α/2 sqrt(2 p̄ (1 − p̄)) + z_power sqrt(p₁ (1 − p₁) + p₂ (1 − p₂)))² / (p₁ − p₂)²`
/// (Fleiss, Levin and Paik 2003, eq. 4.14), for the rates as the judge reports them, times the
/// design effect. Approximate for small numbers of hits. `None` for equal rates, rates outside
/// [0, 1], or a plan out of range.
pub fn size_for_two_rates(first: f64, second: f64, plan: &Plan) -> Option<SampleSize> {
    plan.size(independent_for_two(first, second, plan)?)
}

/// The smallest upward difference from a true `base` rate that `probes` per system can show:
/// the inverse of [`size_for_two_rates`]. In (0, 1 − base].
///
/// `None` without probes, for a base rate outside [0, 1), for a plan out of range, or if not
/// even a rate of 1 would be detected.
pub fn detectable_difference(base: f64, probes: u64, plan: &Plan) -> Option<f64> {
    if !plan.is_sound() || probes == 0 || !(0.0..1.0).contains(&base) {
        return None;
    }
    let available = plan.independent(probes);
    smallest_difference(1.0 - base, |difference| {
        independent_for_two(base + difference, base, plan).is_some_and(|n| n <= available)
    })
}

/// Number of probes needed to find two paired rates different with McNemar's test, if both
/// systems answer all probes.
///
/// `n = (z_α/2 sqrt(ψ) + z_power sqrt(ψ − δ²))² / δ²`, where ψ = `discordance` is the share of
/// probes on which the two disagree and δ is the difference of the rates (Connor 1987,
/// Biometrics 43:207–211), times the design effect. `difference` refers to the true rates and
/// shrinks by J of the judge. `discordance` refers to the judge's verdicts, whose errors make
/// it larger than the true one. `None` for a difference of 0, a discordance below the
/// difference or above 1, or a plan out of range.
pub fn size_for_paired_rates(difference: f64, discordance: f64, plan: &Plan) -> Option<SampleSize> {
    plan.size(independent_for_pairs(difference, discordance, plan)?)
}

/// The smallest difference of two paired true rates that `probes` can show if the verdicts
/// disagree on a share `discordance` of them: the inverse of [`size_for_paired_rates`].
///
/// `None` without probes, for a discordance not in (0, 1], for a plan out of range, or if not
/// even a difference as large as the discordance would be detected.
pub fn detectable_paired_difference(discordance: f64, probes: u64, plan: &Plan) -> Option<f64> {
    if !plan.is_sound() || probes == 0 || discordance.is_nan() || discordance <= 0.0 {
        return None;
    }
    let available = plan.independent(probes);
    // The observed difference, `difference · J`, cannot exceed the discordance.
    let largest = (discordance / plan.judge.youden()).min(1.0);
    smallest_difference(largest, |difference| {
        independent_for_pairs(difference, discordance, plan).is_some_and(|n| n <= available)
    })
}

/// True if the rates are so close that no feasible number of answers would separate them.
fn same(first: f64, second: f64) -> bool {
    (first - second).abs() < f64::EPSILON
}

fn independent_for_two(first: f64, second: f64, plan: &Plan) -> Option<f64> {
    let range = 0.0..=1.0;
    if !plan.is_sound()
        || !range.contains(&first)
        || !range.contains(&second)
        || same(first, second)
    {
        return None;
    }
    let (first, second) = (plan.judge.observed(first), plan.judge.observed(second));
    let (under_equality, otherwise) = deviations(first, second);
    Some(needed(first - second, under_equality, otherwise, plan))
}

fn independent_for_pairs(difference: f64, discordance: f64, plan: &Plan) -> Option<f64> {
    let seen = difference.abs() * plan.judge.youden();
    // Rounding can put a difference as large as the discordance slightly above it.
    let possible = seen > 0.0 && seen <= discordance + 1e-12 && discordance <= 1.0;
    (plan.is_sound() && possible).then(|| {
        let otherwise = (discordance - seen * seen).max(0.0).sqrt();
        needed(seen, discordance.sqrt(), otherwise, plan)
    })
}

/// Standard deviation of the difference of one answer each: under equal rates, and otherwise.
fn deviations(first: f64, second: f64) -> (f64, f64) {
    let pooled = f64::midpoint(first, second);
    let apart = first * (1.0 - first) + second * (1.0 - second);
    ((2.0 * pooled * (1.0 - pooled)).sqrt(), apart.sqrt())
}

/// Number of independent answers per system, from the two standard deviations of one
/// difference.
fn needed(difference: f64, under_equality: f64, otherwise: f64, plan: &Plan) -> f64 {
    let reach = normal_quantile(1.0 - plan.alpha / 2.0) * under_equality
        + normal_quantile(plan.power) * otherwise;
    (reach / difference).powi(2)
}

/// Smallest number from 1 to `most` that is enough, by bisection; assumes that any larger
/// number is enough too.
fn smallest(most: u64, enough: impl Fn(u64) -> bool) -> Option<u64> {
    if !enough(most) {
        return None;
    }
    let (mut below, mut above) = (0, most);
    while above - below > 1 {
        let middle = u64::midpoint(below, above);
        if enough(middle) {
            above = middle;
        } else {
            below = middle;
        }
    }
    Some(above)
}

/// Smallest difference up to `largest` that is found, by bisection.
fn smallest_difference(largest: f64, found: impl Fn(f64) -> bool) -> Option<f64> {
    if !found(largest) {
        return None;
    }
    let (mut missed, mut shown) = (0.0, largest);
    // 60 halvings narrow the range to 2⁻⁶⁰ of its width, below the precision of f64.
    for _ in 0..60 {
        let middle = f64::midpoint(missed, shown);
        if found(middle) {
            shown = middle;
        } else {
            missed = middle;
        }
    }
    Some(shown)
}
