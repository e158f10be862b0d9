//! Item response theory: adaptive tests with the three-parameter logistic model.

use serde::{Deserialize, Serialize};

/// Ability levels at which the posterior is computed.
const GRID: usize = 161;
/// Largest ability, in standard deviations of the prior; the smallest is its negative.
const WIDEST: f64 = 4.0;

/// The parameters of an item in the three-parameter logistic model (Birnbaum 1968, in Lord and Novick,
/// Statistical Theories of Mental Test Scores, chapter 17).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemParameters {
    /// Discrimination, above 0: how steeply the chance of a right answer rises at `b`, without the
    /// scaling factor 1.7.
    pub a: f64,
    /// Difficulty, on the scale of abilities.
    pub b: f64,
    /// Chance of a right answer by guessing, from 0 to below 1.
    pub c: f64,
}

impl ItemParameters {
    /// Why the parameters cannot be used; `None` if they can.
    pub fn fault(&self) -> Option<String> {
        if !(self.a > 0.0 && self.a <= 10.0) {
            return Some(format!(
                "the discrimination `a` is {}, expected a number above 0 and at most 10",
                self.a
            ));
        }
        if !(-10.0..=10.0).contains(&self.b) {
            return Some(format!(
                "the difficulty `b` is {}, expected a number from -10 to 10",
                self.b
            ));
        }
        (!(0.0..1.0).contains(&self.c)).then(|| {
            format!(
                "the chance of guessing `c` is {}, expected a number from 0 to below 1",
                self.c
            )
        })
    }

    /// Probability of a right answer at ability `theta`.
    pub fn probability(&self, theta: f64) -> f64 {
        self.c + (1.0 - self.c) / (1.0 + (-self.a * (theta - self.b)).exp())
    }

    /// Fisher information about the ability at `theta`: `a² (q / p) ((p − c) / (1 − c))²` (Lord 1980,
    /// Applications of Item Response Theory, eq. 5-9).
    pub fn information(&self, theta: f64) -> f64 {
        let p = self.probability(theta);
        let above = (p - self.c) / (1.0 - self.c);
        self.a.powi(2) * (1.0 - p) / p * above.powi(2)
    }
}

/// An ability with its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ability {
    /// Mean of the posterior, with a standard normal prior.
    pub theta: f64,
    /// Standard deviation of the posterior.
    pub error: f64,
}

/// The ability that answers to items speak for: mean and standard deviation of the posterior under a
/// standard normal prior (Bock and Mislevy 1982, Applied Psychological Measurement 6, 431–444), on a
/// grid from −4 to 4. Without answers it is the prior's, 0 and nearly 1.
pub fn ability(answers: &[(ItemParameters, bool)]) -> Ability {
    let step = 2.0 * WIDEST / (GRID - 1) as f64;
    let levels: Vec<f64> = (0..GRID)
        .map(|at| step.mul_add(at as f64, -WIDEST))
        .collect();
    let logs: Vec<f64> = levels
        .iter()
        .map(|theta| {
            let likelihood: f64 = answers
                .iter()
                .map(|(item, right)| {
                    let p = item.probability(*theta).clamp(1e-12, 1.0 - 1e-12);
                    if *right { p.ln() } else { (1.0 - p).ln() }
                })
                .sum();
            likelihood - theta * theta / 2.0
        })
        .collect();
    // The largest exponent is taken out, so that many answers do not underflow.
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs.iter().map(|log| (log - most).exp()).collect();
    let total: f64 = weights.iter().sum();
    let mean = |of: &dyn Fn(f64) -> f64| -> f64 {
        let terms = levels.iter().zip(&weights);
        terms
            .map(|(theta, weight)| of(*theta) * weight)
            .sum::<f64>()
            / total
    };
    let theta = mean(&|theta| theta);
    Ability {
        theta,
        error: mean(&|level| (level - theta).powi(2)).sqrt(),
    }
}

/// When an adaptive test ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StopRule {
    /// The test ends when the ability's standard error is at most this.
    pub error: f64,
    /// Largest number of items.
    pub items: usize,
}

/// An adaptive test: its items in the order in which they were asked, and the ability after each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdaptiveTest {
    /// Indices of the items, whether the answer was right (`None` if it could not be scored), and
    /// the ability after it.
    pub steps: Vec<(usize, Option<bool>, Ability)>,
    /// The ability at the end.
    pub ability: Ability,
    /// True if the standard error was reached.
    pub is_precise: bool,
}

/// Asks the item with the most information at the ability so far, until the stop rule holds or no item
/// is left. Of equally informative items, the first is asked. An answer that cannot be scored tells
/// nothing about the ability; its item is not asked again.
///
/// # Errors
///
/// What `answer` fails with.
pub fn adaptive_test<E>(
    items: &[ItemParameters],
    rule: StopRule,
    mut answer: impl FnMut(usize) -> Result<Option<bool>, E>,
) -> Result<AdaptiveTest, E> {
    let mut left: Vec<usize> = (0..items.len()).collect();
    let mut answers: Vec<(ItemParameters, bool)> = Vec::new();
    let mut steps = Vec::new();
    let mut now = ability(&answers);
    while steps.len() < rule.items && (answers.is_empty() || now.error > rule.error) {
        let best = left.iter().enumerate().max_by(|(_, a), (_, b)| {
            let information = |at: usize| items[at].information(now.theta);
            // The first of several is the greatest.
            information(**a).total_cmp(&information(**b)).then(b.cmp(a))
        });
        let Some((place, _)) = best else { break };
        let item = left.remove(place);
        let right = answer(item)?;
        answers.extend(right.map(|right| (items[item], right)));
        now = ability(&answers);
        steps.push((item, right, now));
    }
    Ok(AdaptiveTest {
        steps,
        ability: now,
        is_precise: !answers.is_empty() && now.error <= rule.error,
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;
    use crate::kendall_tau;

    /// A number from 0 to 1 that depends on nothing but its arguments.
    fn draw(a: u64, b: u64) -> f64 {
        let mut x = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xd1b5_4a32_d192_ed03);
        for _ in 0..3 {
            x ^= x >> 31;
            x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        }
        x ^= x >> 29;
        (x >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn bank(size: u64) -> Vec<ItemParameters> {
        (0..size)
            .map(|at| ItemParameters {
                a: 1.0 + 1.5 * draw(at, 1),
                b: 6.0f64.mul_add(draw(at, 2), -3.0),
                c: 0.2,
            })
            .collect()
    }

    #[test]
    fn probability_and_information_are_those_of_the_model() {
        let item = ItemParameters {
            a: 1.0,
            b: 0.0,
            c: 0.2,
        };
        assert!((item.probability(0.0) - 0.6).abs() < 1e-12);
        // a² q/p ((p − c)/(1 − c))² = 0.4 / 0.6 × 0.25.
        assert!((item.information(0.0) - 0.4 / 0.6 * 0.25).abs() < 1e-12);
        let negative = ItemParameters { a: -1.0, ..item };
        assert!(negative.fault().unwrap().contains("`a` is -1"));
        assert!(ItemParameters { c: 1.0, ..item }.fault().is_some());
        assert_eq!(item.fault(), None);
    }

    #[test]
    fn twelve_models_are_ranked_as_by_the_full_set_with_less_than_a_third_of_it() {
        let items = bank(200);
        let rule = StopRule {
            error: 0.22,
            items: 200,
        };
        let (mut full, mut adaptive, mut asked) = (Vec::new(), Vec::new(), 0);
        for model in 0_u64..12 {
            let theta = 0.4f64.mul_add(model as f64, -2.2);
            let is_right = |item: usize| {
                draw(1_000 + model, 10_000 + item as u64) < items[item].probability(theta)
            };
            full.push((0..items.len()).filter(|item| is_right(*item)).count() as f64);
            let test = adaptive_test(&items, rule, |item| {
                Ok::<_, Infallible>(Some(is_right(item)))
            })
            .unwrap();
            assert!(
                (test.ability.theta - theta).abs() < 3.0 * test.ability.error,
                "{model}"
            );
            adaptive.push(test.ability.theta);
            asked += test.steps.len();
        }
        let tau = kendall_tau(&full, &adaptive).unwrap();
        assert!(tau >= 0.9, "τ {tau}");
        assert!(
            asked * 10 <= 12 * items.len() * 3,
            "{asked} of {}",
            12 * items.len()
        );
    }

    #[test]
    fn what_cannot_be_scored_moves_nothing() {
        let items = bank(5);
        let rule = StopRule {
            error: 0.1,
            items: 3,
        };
        let test = adaptive_test(&items, rule, |_| Ok::<_, Infallible>(None)).unwrap();
        assert_eq!(test.steps.len(), 3);
        assert!(!test.is_precise && test.ability.theta.abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn a_right_answer_never_lowers_the_ability(
            answers in prop::collection::vec((0_usize..40, any::<bool>()), 0..30),
            next in 0_usize..40,
        ) {
            let items = bank(40);
            let mut answers: Vec<(ItemParameters, bool)> =
                answers.into_iter().map(|(at, right)| (items[at], right)).collect();
            let before = ability(&answers);
            answers.push((items[next], true));
            let after = ability(&answers);
            prop_assert!(after.theta >= before.theta - 1e-9);
            // A lucky guess at a hard item can widen the posterior a little.
            prop_assert!(after.error > 0.0 && after.error < 1.5);
        }
    }
}
