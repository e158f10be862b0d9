use proptest::prelude::*;

use super::*;
use crate::{
    Resampling,
    golden::{Golden, assert_close},
    wilson_interval,
};

const RESAMPLING: Resampling = Resampling {
    resamples: 400,
    seed: 8,
};

fn golden() -> Golden {
    Golden::read(include_str!("../../tests/golden/classification.json"))
}

fn forecasts(input: &[f64]) -> Vec<Forecast> {
    input
        .chunks(2)
        .zip(0..)
        .map(|(pair, cluster)| Forecast {
            cluster,
            probability: pair[0],
            happened: pair[1] > 0.5,
        })
        .collect()
}

#[test]
fn rates_agree_with_scikit_learn_and_statsmodels() {
    for (input, expected) in golden().rows("confusion") {
        let k = input[0] as usize;
        let counts: Vec<Vec<u64>> = input[1..]
            .chunks(k)
            .map(|row| row.iter().map(|n| *n as u64).collect())
            .collect();
        let confusion = Confusion::new(&counts).unwrap();
        let values = [
            confusion.accuracy().value,
            confusion.sensitivity(1).value,
            confusion.specificity(1).value,
            confusion.positive_predictive_value(1).value,
            confusion.negative_predictive_value(1).value,
            confusion.f1(1).value,
            confusion.balanced_accuracy(1).value,
        ];
        for (ours, theirs) in values.iter().zip(expected) {
            assert_close(ours.unwrap(), *theirs, 1e-12);
        }
        let (low, high) = confusion.sensitivity(1).interval.unwrap();
        assert_close(low, expected[7], 1e-10);
        assert_close(high, expected[8], 1e-10);
    }
}

#[test]
fn area_agrees_with_the_delong_of_confidenceinterval() {
    for (input, expected) in golden().rows("auroc") {
        let scores: Vec<(bool, f64)> = input.chunks(2).map(|p| (p[1] > 0.5, p[0])).collect();
        let area = area_under_roc(&scores).unwrap();
        assert_close(area.value, expected[0], 1e-12);
        assert_close(area.standard_error, expected[1], 1e-6);
    }
}

#[test]
fn calibration_agrees_with_scikit_learn() {
    for (input, expected) in golden().rows("calibration") {
        let forecasts = forecasts(input);
        let wide = expected_calibration_error(&forecasts, Bins::EqualWidth(10), RESAMPLING);
        assert_close(wide.unwrap().value, expected[0], 1e-12);
        let even = expected_calibration_error(&forecasts, Bins::EqualMass(5), RESAMPLING);
        assert_close(even.unwrap().value, expected[1], 1e-12);
        let brier = brier_score(&forecasts, RESAMPLING);
        assert_close(brier.value.unwrap(), expected[2], 1e-12);
    }
}

#[test]
fn one_class_has_no_area() {
    assert_eq!(area_under_roc(&[]), None);
    assert_eq!(area_under_roc(&[(true, 0.3), (true, 0.4)]), None);
    assert_eq!(area_under_roc(&[(true, f64::NAN), (false, 0.4)]), None);
}

#[test]
fn perfect_ranking_keeps_a_width() {
    let scores: Vec<(bool, f64)> = (0..20).map(|n| (n >= 10, f64::from(n))).collect();
    let area = area_under_roc(&scores).unwrap();
    assert!(area.value > 0.999 && area.interval.1 > 0.999);
    assert!((0.7..0.95).contains(&area.interval.0), "{area:?}");
    let ties = area_under_roc(&[(true, 1.0), (false, 1.0), (true, 1.0), (false, 1.0)]).unwrap();
    assert!((ties.value - 0.5).abs() < 1e-12 && ties.interval.1 - ties.interval.0 > 0.3);
}

#[test]
fn missing_denominators_have_no_value() {
    let confusion = Confusion::new(&[vec![4, 0], vec![0, 0]]).unwrap();
    assert_eq!(confusion.sensitivity(1).value, None);
    assert_eq!(confusion.specificity(1).value, Some(1.0));
    assert_eq!(confusion.f1(1).value, None);
    assert_eq!(confusion.balanced_accuracy(1).value, None);
    assert_eq!(confusion.specificity(7).value, None);
    assert_eq!(Confusion::new(&[]).unwrap().accuracy().value, None);
    assert!(Confusion::new(&[vec![1, 2]]).is_err());
}

#[test]
fn clusters_of_answers_widen_the_interval() {
    let answers = |spread: u64| -> Vec<LabelledAnswer> {
        (0..200)
            .map(|n| LabelledAnswer {
                cluster: n / spread,
                truth: 1,
                predicted: usize::from((n / 5) % 3 > 0),
            })
            .collect()
    };
    let apart = Confusion::of_answers(2, &answers(1))
        .unwrap()
        .sensitivity(1);
    let together = Confusion::of_answers(2, &answers(5))
        .unwrap()
        .sensitivity(1);
    assert_eq!(apart.value, together.value);
    assert_eq!(apart.interval, wilson_interval(apart.numerator, 200));
    let width = |estimate: &crate::Estimate| {
        let (low, high) = estimate.interval.unwrap();
        high - low
    };
    assert!(width(&together) > 1.8 * width(&apart));
    let error = Confusion::of_answers(1, &answers(1));
    assert!(matches!(
        error,
        Err(ConfusionError::CategoryOutOfRange { answer: 0, .. })
    ));
}

#[test]
fn forecasts_that_are_no_probabilities_have_no_error() {
    let one = Forecast {
        cluster: 0,
        probability: 0.4,
        happened: true,
    };
    let bad = Forecast {
        probability: 1.5,
        ..one
    };
    let bins = Bins::EqualWidth(10);
    assert_eq!(expected_calibration_error(&[bad], bins, RESAMPLING), None);
    assert_eq!(expected_calibration_error(&[], bins, RESAMPLING), None);
    assert_eq!(brier_score(&[], RESAMPLING).method, Method::NoData);
    assert_eq!(
        expected_calibration_error(&[one], Bins::EqualMass(0), RESAMPLING),
        None
    );
    let single = brier_score(&[one], RESAMPLING);
    assert!((single.value.unwrap() - 0.36).abs() < 1e-12 && single.interval.is_none());
    assert!(reliability_bins(&[bad], bins).is_empty());
}

#[test]
fn only_an_error_beyond_chance_is_one() {
    // 200 forecasts of 0.3: as often as stated, and far more often.
    let forecasts = |hits: u64, repeats: u64| -> Vec<Forecast> {
        (0..200)
            .map(|n| Forecast {
                cluster: n / repeats,
                probability: 0.3,
                happened: n < hits,
            })
            .collect()
    };
    let error = |hits, repeats| {
        let bins = Bins::EqualWidth(10);
        expected_calibration_error(&forecasts(hits, repeats), bins, RESAMPLING).unwrap()
    };
    let right = error(60, 1);
    // 1.96 √(0.3 × 0.7 / 200) = 0.0635.
    assert!(right.value < 1e-12 && (0.055..0.07).contains(&right.chance.unwrap()));
    let wrong = error(100, 1);
    assert!((wrong.value - 0.2).abs() < 1e-12 && wrong.chance == right.chance);
    assert!(error(60, 10).chance.unwrap() > 2.5 * right.chance.unwrap());
}

proptest! {
    #[test]
    fn bins_hold_every_forecast_once(
        pairs in proptest::collection::vec((0.0_f64..=1.0, any::<bool>()), 1..80),
        count in 1_u32..12,
    ) {
        let forecasts: Vec<Forecast> = pairs
            .iter()
            .map(|(probability, happened)| Forecast {
                cluster: 0,
                probability: *probability,
                happened: *happened,
            })
            .collect();
        for bins in [Bins::EqualWidth(count), Bins::EqualMass(count)] {
            let made = reliability_bins(&forecasts, bins);
            prop_assert_eq!(made.iter().map(|bin| bin.count).sum::<u64>(), pairs.len() as u64);
            for bin in &made {
                prop_assert!(bin.low <= bin.mean_probability + 1e-12);
                prop_assert!(bin.mean_probability <= bin.high + 1e-12);
            }
            let error = expected_calibration_error(&forecasts, bins, RESAMPLING).unwrap();
            prop_assert!((0.0..=1.0).contains(&error.value));
            prop_assert!((0.0..=1.0).contains(&error.chance.unwrap()));
        }
    }

    #[test]
    fn turning_the_scores_turns_the_area(
        scores in proptest::collection::vec((any::<bool>(), 0_u8..9), 2..50),
    ) {
        let up: Vec<(bool, f64)> = scores.iter().map(|(p, s)| (*p, f64::from(*s))).collect();
        let down: Vec<(bool, f64)> = scores.iter().map(|(p, s)| (*p, -f64::from(*s))).collect();
        match (area_under_roc(&up), area_under_roc(&down)) {
            (Some(up), Some(down)) => {
                prop_assert!((up.value + down.value - 1.0).abs() < 1e-12);
                prop_assert!(up.interval.0 <= up.value + 1e-9 && up.value <= up.interval.1 + 1e-9);
                prop_assert!((up.interval.0 + down.interval.1 - 1.0).abs() < 1e-6);
            }
            (up, down) => prop_assert!(up.is_none() && down.is_none()),
        }
    }

    #[test]
    fn rates_stay_within_their_intervals(counts in proptest::array::uniform4(0_u64..500)) {
        let [tn, fp, fn_, tp] = counts;
        let confusion = Confusion::new(&[vec![tn, fp], vec![fn_, tp]]).unwrap();
        for rate in [confusion.accuracy(), confusion.f1(1), confusion.sensitivity(1)] {
            if let (Some(value), Some((low, high))) = (rate.value, rate.interval) {
                prop_assert!(low <= value + 1e-12 && value <= high + 1e-12);
                let share = rate.numerator as f64 / rate.denominator as f64;
                prop_assert!((value - share).abs() < 1e-12);
            }
        }
    }
}
