use proptest::prelude::*;

use super::*;
use crate::golden::{Golden, assert_close};

const PLAN: Plan = Plan {
    alpha: 0.05,
    power: 0.8,
    epochs: 1,
    correlation: 0.0,
    judge: JudgeAccuracy::PERFECT,
};

fn golden() -> Golden {
    Golden::read(include_str!("../../tests/golden/planning.json"))
}

fn plan(alpha: f64, power: f64) -> Plan {
    Plan {
        alpha,
        power,
        ..PLAN
    }
}

#[test]
fn two_rates_agree_with_statsmodels() {
    for (input, expected) in golden().rows("two_rates") {
        let [first, second, alpha, power] = input[..] else {
            panic!("{input:?}");
        };
        let size = size_for_two_rates(first, second, &plan(alpha, power)).unwrap();
        assert_close(size.probes as f64, expected[0].ceil(), 0.0);
        let made = power_of_two_rates(first, second, 100, alpha).unwrap();
        assert_close(made, expected[1], 1e-9);
    }
}

#[test]
fn paired_rates_agree_with_statsmodels() {
    for (input, expected) in golden().rows("paired_rates") {
        let [difference, discordance, alpha, power] = input[..] else {
            panic!("{input:?}");
        };
        let size = size_for_paired_rates(difference, discordance, &plan(alpha, power)).unwrap();
        assert_close(size.probes as f64, expected[0].ceil(), 0.0);
    }
}

#[test]
fn limits_agree_with_scipy() {
    for (input, expected) in golden().rows("limit") {
        let [rate, limit, alpha, power] = input[..] else {
            panic!("{input:?}");
        };
        let made = power_against_limit(rate, limit, 200, alpha).unwrap();
        assert_close(made, expected[1], 1e-9);
        let size = size_against_limit(rate, limit, &plan(alpha, power)).unwrap();
        assert_close(size.probes as f64, expected[0], 0.0);
    }
}

#[test]
fn half_widths_agree_with_statsmodels() {
    for (input, expected) in golden().rows("half_width") {
        let [rate, half_width, alpha] = input[..] else {
            panic!("{input:?}");
        };
        let size = size_for_half_width(rate, half_width, &plan(alpha, 0.8)).unwrap();
        assert_close(size.probes as f64, expected[0], 0.0);
    }
}

#[test]
fn repetitions_cost_their_design_effect() {
    let repeated = Plan {
        epochs: 5,
        correlation: 0.3,
        ..PLAN
    };
    assert_close(repeated.design_effect(), 2.2, 1e-12);
    let once = size_for_two_rates(0.2, 0.1, &PLAN).unwrap();
    let size = size_for_two_rates(0.2, 0.1, &repeated).unwrap();
    let ratio = size.answers as f64 / once.answers as f64;
    assert!((2.2..2.25).contains(&ratio), "{ratio}");
    assert_eq!(size.answers, 5 * size.probes);
}

#[test]
fn errors_of_the_judge_cost_answers() {
    let judge = JudgeAccuracy {
        sensitivity: 0.85,
        specificity: 0.85,
    };
    assert_close(judge.observed(0.2), 0.29, 1e-12);
    // 0.29 · 0.71 / (0.49 · 0.16)
    assert_close(judge.variance_inflation(0.2).unwrap(), 2.626_275_5, 1e-7);
    assert_eq!(judge.variance_inflation(0.0), None);
    let judged = Plan { judge, ..PLAN };
    let clean = size_for_half_width(0.2, 0.05, &PLAN).unwrap().probes as f64;
    let noisy = size_for_half_width(0.2, 0.05, &judged).unwrap().probes as f64;
    assert!((noisy / clean - 2.63).abs() < 0.06, "{}", noisy / clean);
    let chance = JudgeAccuracy {
        sensitivity: 0.5,
        specificity: 0.5,
    };
    assert_eq!(
        size_for_two_rates(
            0.2,
            0.1,
            &Plan {
                judge: chance,
                ..PLAN
            }
        ),
        None
    );
}

#[test]
fn questions_without_an_answer_have_none() {
    assert_eq!(size_for_two_rates(0.2, 0.2, &PLAN), None);
    assert_eq!(size_for_paired_rates(0.0, 0.2, &PLAN), None);
    assert_eq!(size_for_paired_rates(0.3, 0.2, &PLAN), None);
    assert_eq!(size_for_half_width(0.2, 0.0, &PLAN), None);
    assert_eq!(size_against_limit(0.1, 0.1, &PLAN), None);
    assert_eq!(detectable_difference(0.2, 1, &PLAN), None);
    assert_eq!(detectable_paired_difference(0.1, 0, &PLAN), None);
    assert_eq!(power_against_limit(0.01, 0.05, 0, 0.05), Some(0.0));
    let never = Plan { epochs: 0, ..PLAN };
    assert_eq!(size_for_half_width(0.2, 0.1, &never), None);
}

proptest! {
    #[test]
    fn what_is_detectable_needs_the_probes_it_was_found_for(
        base in 0.01_f64..0.6,
        probes in 30_u64..5_000,
        discordance in 0.1_f64..0.9,
        epochs in 1_u32..6,
    ) {
        let plan = Plan { epochs, correlation: 0.4, ..PLAN };
        if let Some(difference) = detectable_difference(base, probes, &plan) {
            let size = size_for_two_rates(base + difference, base, &plan).unwrap();
            prop_assert!(size.probes.abs_diff(probes) <= 1 || difference > 0.99 - base);
        }
        if let Some(difference) = detectable_paired_difference(discordance, probes, &plan) {
            let size = size_for_paired_rates(difference, discordance, &plan).unwrap();
            prop_assert!(size.probes.abs_diff(probes) <= 1 || difference > 0.99 * discordance);
        }
    }

    #[test]
    fn smaller_differences_need_more(first in 0.2_f64..0.9, step in 0.01_f64..0.09) {
        let near = size_for_two_rates(first, first - step, &PLAN).unwrap();
        let far = size_for_two_rates(first, first - 2.0 * step, &PLAN).unwrap();
        prop_assert!(near.probes > far.probes);
    }
}
