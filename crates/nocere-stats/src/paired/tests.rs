use proptest::prelude::*;

use super::*;
use crate::{
    Resampling,
    golden::{Golden, assert_close},
};

const RESAMPLING: Resampling = Resampling {
    resamples: 20_000,
    seed: 6,
};

fn golden() -> Golden {
    Golden::read(include_str!("../../tests/golden/paired.json"))
}

fn counts(input: &[f64]) -> PairedCounts {
    let [both, only_first, only_second, neither] = [0, 1, 2, 3].map(|n: usize| input[n] as u64);
    PairedCounts {
        both,
        only_first,
        only_second,
        neither,
    }
}

#[test]
fn mcnemar_agrees_with_statsmodels() {
    for (input, expected) in golden().rows("mcnemar") {
        let counts = counts(input);
        let forms = [McNemar::Exact, McNemar::ContinuityCorrected, McNemar::MidP];
        for (form, expected) in forms.into_iter().zip(expected) {
            assert_close(mcnemar(&counts, form).unwrap(), *expected, 1e-9);
        }
    }
}

#[test]
fn differences_agree_with_newcombe() {
    for (input, expected) in golden().rows("paired_difference") {
        let made = paired_difference(&counts(input)).unwrap();
        assert_close(made.value, expected[0], 1e-12);
        assert_close(made.interval.0, expected[1], 1e-10);
        assert_close(made.interval.1, expected[2], 1e-10);
    }
    // Newcombe (1998), table III: 36, 12, 2, 0.
    let (low, high) = paired_difference(&counts(&[36.0, 12.0, 2.0, 0.0]))
        .unwrap()
        .interval;
    assert!(
        (low - 0.0569).abs() < 5e-5 && (high - 0.3404).abs() < 5e-5,
        "{low} {high}"
    );
}

#[test]
fn sign_flips_agree_with_scipy() {
    for (input, expected) in golden().rows("sign_flip") {
        let made = sign_flip_test(input, RESAMPLING).unwrap();
        assert!(!matches!(made.enumeration, Enumeration::MonteCarlo { .. }));
        assert_close(made.p_value, expected[0], 1e-9);
    }
}

#[test]
fn adjusted_p_values_agree_with_statsmodels() {
    for (input, expected) in golden().rows("holm") {
        for (ours, theirs) in holm(input).unwrap().iter().zip(expected) {
            assert_close(*ours, *theirs, 1e-12);
        }
    }
    for (input, expected) in golden().rows("benjamini_hochberg") {
        for (ours, theirs) in benjamini_hochberg(input).unwrap().iter().zip(expected) {
            assert_close(*ours, *theirs, 1e-12);
        }
    }
}

#[test]
fn nothing_paired_has_no_result() {
    let none = counts(&[0.0; 4]);
    assert_eq!(mcnemar(&none, McNemar::Exact), None);
    assert_eq!(paired_difference(&none), None);
    assert_eq!(sign_flip_test(&[], RESAMPLING), None);
    assert_eq!(sign_flip_test(&[f64::NAN], RESAMPLING), None);
    assert_eq!(cluster_difference(&[]), None);
    let one = PairedCluster {
        first_sum: 0.0,
        first_count: 3,
        second_sum: 0.0,
        second_count: 3,
    };
    assert_eq!(cluster_difference(&[one]), None);
    let alike = cluster_difference(&[one; 20]).unwrap();
    assert!(alike.interval.0 < -0.1 && alike.interval.1 > 0.1);
    assert_eq!(holm(&[0.1, f64::NAN]), None);
    assert_eq!(benjamini_hochberg(&[1.1]), None);
    assert_eq!(holm(&[]), Some(Vec::new()));
}

#[test]
fn no_disagreement_is_no_evidence() {
    let alike = counts(&[3.0, 0.0, 0.0, 7.0]);
    for form in [McNemar::Exact, McNemar::MidP, McNemar::ContinuityCorrected] {
        assert_eq!(mcnemar(&alike, form), Some(1.0));
    }
    let made = sign_flip_test(&[0.0, 0.0], RESAMPLING).unwrap();
    assert_close(made.p_value, 1.0, 0.0);
    assert_close(
        sign_flip_test(&[2.5], RESAMPLING).unwrap().p_value,
        1.0,
        0.0,
    );
    let never = paired_difference(&counts(&[0.0, 0.0, 0.0, 30.0])).unwrap();
    assert!(never.interval.1 > 0.1 && never.interval.0 < -0.1);
}

#[test]
fn monte_carlo_comes_close_to_the_exact_distribution() {
    let whole: Vec<f64> = (0..40).map(|n| f64::from(n % 7) - 2.0).collect();
    let exact = sign_flip_test(&whole, RESAMPLING).unwrap();
    assert_eq!(exact.enumeration, Enumeration::Distribution);
    let thirds: Vec<f64> = whole.iter().map(|d| d / 3.0).collect();
    let sampled = sign_flip_test(&thirds, RESAMPLING).unwrap();
    assert!(matches!(
        sampled.enumeration,
        Enumeration::MonteCarlo { .. }
    ));
    assert!(
        (sampled.p_value - exact.p_value).abs() < 0.005,
        "{sampled:?} {exact:?}"
    );
    assert_eq!(Some(sampled), sign_flip_test(&thirds, RESAMPLING));
}

#[test]
fn differences_over_clusters_come_close_to_newcombe() {
    let counts = counts(&[60.0, 60.0, 30.0, 250.0]);
    let pattern = |first: u8, second: u8, times: u64| {
        let cluster = PairedCluster {
            first_sum: f64::from(first),
            first_count: 1,
            second_sum: f64::from(second),
            second_count: 1,
        };
        vec![cluster; times as usize]
    };
    let clusters = [
        pattern(1, 1, counts.both),
        pattern(1, 0, counts.only_first),
        pattern(0, 1, counts.only_second),
        pattern(0, 0, counts.neither),
    ]
    .concat();
    let closed = paired_difference(&counts).unwrap();
    let clustered = cluster_difference(&clusters).unwrap();
    assert_close(clustered.value, closed.value, 1e-12);
    assert!((clustered.interval.0 - closed.interval.0).abs() < 0.004);
    assert!((clustered.interval.1 - closed.interval.1).abs() < 0.004);
}

proptest! {
    #[test]
    fn changing_places_changes_the_sign(table in proptest::array::uniform4(0_u64..60)) {
        let [both, only_first, only_second, neither] = table;
        let one = PairedCounts { both, only_first, only_second, neither };
        let other = PairedCounts { only_first: only_second, only_second: only_first, ..one };
        if let (Some(one), Some(other)) = (paired_difference(&one), paired_difference(&other)) {
            prop_assert!((one.value + other.value).abs() < 1e-12);
            prop_assert!((one.interval.0 + other.interval.1).abs() < 1e-12);
            prop_assert!(one.interval.0 <= one.value && one.value <= one.interval.1);
        }
        for form in [McNemar::Exact, McNemar::MidP, McNemar::ContinuityCorrected] {
            prop_assert_eq!(mcnemar(&one, form), mcnemar(&other, form));
        }
        if let (Some(exact), Some(mid)) = (mcnemar(&one, McNemar::Exact), mcnemar(&one, McNemar::MidP)) {
            prop_assert!(0.0 < mid && mid <= exact && exact <= 1.0);
        }
    }

    #[test]
    fn one_answer_per_cluster_is_the_exact_mcnemar(first in 0_u64..25, second in 0_u64..25) {
        let one = PairedCounts { both: 4, only_first: first, only_second: second, neither: 1 };
        let mut differences = vec![1.0; first as usize];
        differences.extend(vec![-1.0; second as usize]);
        differences.push(0.0);
        let flips = sign_flip_test(&differences, RESAMPLING).unwrap().p_value;
        prop_assert!((flips - mcnemar(&one, McNemar::Exact).unwrap()).abs() < 1e-9);
    }

    #[test]
    fn enumeration_and_distribution_agree(sizes in proptest::collection::vec(-9_i32..10, 1..12)) {
        let whole: Vec<f64> = sizes.iter().map(|size| f64::from(*size)).collect();
        let tenths: Vec<f64> = sizes.iter().map(|size| f64::from(*size) / 10.0).collect();
        let one = sign_flip_test(&whole, RESAMPLING).unwrap().p_value;
        let other = sign_flip_test(&tenths, RESAMPLING).unwrap().p_value;
        prop_assert!((one - other).abs() < 1e-9);
    }

    #[test]
    fn adjusting_never_lowers_and_keeps_the_order(
        p_values in proptest::collection::vec(0.0_f64..=1.0, 1..30),
    ) {
        let strict = holm(&p_values).unwrap();
        let mild = benjamini_hochberg(&p_values).unwrap();
        for (index, p) in p_values.iter().enumerate() {
            prop_assert!(*p <= mild[index] && mild[index] <= strict[index] + 1e-12);
            prop_assert!(strict[index] <= 1.0);
            for (other, q) in p_values.iter().enumerate() {
                if p < q {
                    prop_assert!(strict[index] <= strict[other] && mild[index] <= mild[other]);
                }
            }
        }
    }
}

#[test]
fn systems_that_never_differ_are_not_proven_equal() {
    let cluster = |hits: f64, count: u64| PairedCluster {
        first_sum: hits,
        first_count: count,
        second_sum: hits,
        second_count: count,
    };
    for (hits, of, epochs) in [(1, 8, 1), (4, 8, 1), (3, 13, 5), (10, 40, 1)] {
        let clusters: Vec<PairedCluster> = (0..of)
            .map(|place| cluster(if place < hits { epochs as f64 } else { 0.0 }, epochs))
            .collect();
        let found = cluster_difference(&clusters).unwrap();
        assert!(found.value.abs() < 1e-12);
        let (low, high) = found.interval;
        assert!((low + high).abs() < 1e-9, "{low} {high}");
        // With 40 probes that agree, a difference of some points is still possible.
        assert!(high > 0.02, "{hits} of {of}: {high}");
    }
}
