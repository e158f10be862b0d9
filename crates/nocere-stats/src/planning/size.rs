//! Sample sizes and what they can show.

use super::{Plan, SampleSize};
use crate::quantile::{binomial_cdf, normal_cdf, normal_quantile};

/// More independent answers than this are not searched for.
const MOST: u64 = 1 << 40;
/// More than this are not searched for one by one, with exact binomial power.
const MOST_EXACT: u64 = 2_000_000;

/// Probes after which the interval of a true `rate` is expected to reach no further than
/// `half_width` to each side.
///
/// The half width of Wilson's interval at the observed rate,
/// `z sqrt(q (1 − q) / n + z² / 4n²) / (1 + z² / n)` (Wilson 1927, J. Am. Stat. Assoc.
/// 22:209–212), is at most `half_width · J` with J of the judge; n is divided by the design
/// effect. Assumes that Se and Sp are known. `None` for a rate outside [0, 1], a half width
/// that is not positive, or a plan out of range; 1 probe where any is enough.
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
/// For a rate below the limit the test rejects at c or fewer hits, the largest c with
/// `P(X ≤ c | limit) ≤ alpha`, and the power is `P(X ≤ c | rate)`; above it, the same for
/// misses. It is a saw of n, because counts are whole. In [0, 1]; 0 where no count rejects.
/// `None` where a rate or alpha is not between 0 and 1 (the rate may be 0 or 1), or both are
/// equal.
pub fn power_against_limit(rate: f64, limit: f64, answers: u64, alpha: f64) -> Option<f64> {
    let inside = |share: f64| share > 0.0 && share < 1.0;
    if !(0.0..=1.0).contains(&rate) || !inside(limit) || !inside(alpha) || same(rate, limit) {
        return None;
    }
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

/// Probes to show, with the exact one-sided binomial test, that a true `rate` is on its side
/// of `limit`.
///
/// The smallest number with the power asked for; as power is a saw of n, a few more can have
/// slightly less. Rate and limit are taken as the judge finds them; with repetitions the
/// number of independent answers is multiplied by the design effect, which is an
/// approximation. `None` where [`power_against_limit`] is, for a plan out of range, and where
/// two million independent answers are too few.
pub fn size_against_limit(rate: f64, limit: f64, plan: &Plan) -> Option<SampleSize> {
    if !plan.is_sound() {
        return None;
    }
    let (rate, limit) = (plan.judge.observed(rate), plan.judge.observed(limit));
    power_against_limit(rate, limit, 1, plan.alpha)?;
    let deviation = |share: f64| (share * (1.0 - share)).sqrt();
    let by_normal = (normal_quantile(1.0 - plan.alpha) * deviation(limit)
        + normal_quantile(plan.power) * deviation(rate))
        / (rate - limit);
    // Well below the normal approximation no count can reach the power.
    let start = (by_normal.powi(2) * 0.5) as u64;
    let enough = (start.max(1)..MOST_EXACT).find(|answers| {
        power_against_limit(rate, limit, *answers, plan.alpha).is_some_and(|p| p >= plan.power)
    })?;
    plan.size(enough as f64)
}

/// Chance that a two-sided z test finds two true rates different, from `answers` independent
/// answers of each. In [0, 1].
///
/// Normal approximation with the pooled variance under equality and the separate ones
/// otherwise (Fleiss, Levin and Paik 2003, Statistical Methods for Rates and Proportions, 3rd
/// ed., sect. 4.2); both tails count. `None` for no answers, and rates or alpha not between 0
/// and 1.
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

/// Probes of each system to find two true rates different with a two-sided z test, the two on
/// different probes.
///
/// `n = (z_α/2 sqrt(2 p̄ (1 − p̄)) + z_power sqrt(p₁ (1 − p₁) + p₂ (1 − p₂)))² / (p₁ − p₂)²`
/// (Fleiss, Levin and Paik 2003, eq. 4.14), for the rates as the judge finds them, times the
/// design effect. Approximate for small numbers of hits. `None` for equal rates, rates
/// outside [0, 1], or a plan out of range.
pub fn size_for_two_rates(first: f64, second: f64, plan: &Plan) -> Option<SampleSize> {
    plan.size(independent_for_two(first, second, plan)?)
}

/// The smallest difference from a true `base` rate upwards that `probes` of each system show,
/// the inverse of [`size_for_two_rates`]. In (0, 1 − base].
///
/// `None` for no probes, a base rate outside [0, 1), a plan out of range, or where not even a
/// rate of 1 would be found.
pub fn detectable_difference(base: f64, probes: u64, plan: &Plan) -> Option<f64> {
    if !plan.is_sound() || probes == 0 || !(0.0..1.0).contains(&base) {
        return None;
    }
    let available = plan.independent(probes);
    smallest_difference(1.0 - base, |difference| {
        independent_for_two(base + difference, base, plan).is_some_and(|n| n <= available)
    })
}

/// Probes to find two paired rates different with McNemar's test, both systems on all probes.
///
/// `n = (z_α/2 sqrt(ψ) + z_power sqrt(ψ − δ²))² / δ²` with the share of probes where the two
/// disagree, ψ = `discordance`, and δ the difference of the rates (Connor 1987, Biometrics
/// 43:207–211), times the design effect. `difference` is of the true rates and shrinks by J of
/// the judge; `discordance` is that of the judge's verdicts, whose errors make it larger than
/// the true one. `None` for a difference of 0, a discordance below the difference or above
/// 1, or a plan out of range.
pub fn size_for_paired_rates(difference: f64, discordance: f64, plan: &Plan) -> Option<SampleSize> {
    plan.size(independent_for_pairs(difference, discordance, plan)?)
}

/// The smallest difference of two paired true rates that `probes` show where the verdicts
/// disagree on a share `discordance` of them: the inverse of [`size_for_paired_rates`].
///
/// `None` for no probes, a discordance not in (0, 1], a plan out of range, or where not even a
/// difference as large as the discordance would be found.
pub fn detectable_paired_difference(discordance: f64, probes: u64, plan: &Plan) -> Option<f64> {
    if !plan.is_sound() || probes == 0 || discordance.is_nan() || discordance <= 0.0 {
        return None;
    }
    let available = plan.independent(probes);
    let largest = (discordance / plan.judge.youden()).min(1.0);
    smallest_difference(largest, |difference| {
        independent_for_pairs(difference, discordance, plan).is_some_and(|n| n <= available)
    })
}

/// Rates closer than this need more answers than anybody can ask for.
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
    // A difference as large as the discordance may miss it by rounding.
    let possible = seen > 0.0 && seen <= discordance + 1e-12 && discordance <= 1.0;
    (plan.is_sound() && possible).then(|| {
        let otherwise = (discordance - seen * seen).max(0.0).sqrt();
        needed(seen, discordance.sqrt(), otherwise, plan)
    })
}

/// Standard deviation of the difference of one answer each, if the rates are equal and not.
fn deviations(first: f64, second: f64) -> (f64, f64) {
    let pooled = f64::midpoint(first, second);
    let apart = first * (1.0 - first) + second * (1.0 - second);
    ((2.0 * pooled * (1.0 - pooled)).sqrt(), apart.sqrt())
}

fn needed(difference: f64, under_equality: f64, otherwise: f64, plan: &Plan) -> f64 {
    let reach = normal_quantile(1.0 - plan.alpha / 2.0) * under_equality
        + normal_quantile(plan.power) * otherwise;
    (reach / difference).powi(2)
}

/// The smallest number from 1 to `most` that is enough, if enough stays enough.
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

fn smallest_difference(largest: f64, found: impl Fn(f64) -> bool) -> Option<f64> {
    if !found(largest) {
        return None;
    }
    let (mut missed, mut shown) = (0.0, largest);
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
