use proptest::prelude::*;

use super::{prediction_powered::Moments, rogan_gladen::unchecked, *};
use crate::{
    classification::LabelledAnswer,
    golden::{Golden, assert_close},
    quantile::Z,
};

fn golden() -> Golden {
    Golden::read(include_str!("../../tests/golden/correction.json"))
}

/// Found, missed, passed, alarms.
fn calibration([found, missed, passed, alarms]: [u64; 4]) -> JudgeErrors {
    JudgeErrors::independent((found, found + missed), (passed, passed + alarms))
}

fn singles(hits: u64, total: u64) -> Vec<(u64, u64)> {
    (0..total).map(|n| (u64::from(n < hits), 1)).collect()
}

/// A golden input: labelled count, then (human, judge) pairs, then the unlabelled scores.
fn scores(input: &[f64]) -> (Vec<LabelledScore>, Vec<UnlabelledScore>) {
    let n = input[0] as usize;
    let labelled = input[1..=2 * n].chunks(2).zip(0..);
    let unlabelled = input[1 + 2 * n..].iter().zip(n as u64..);
    (
        labelled
            .map(|(pair, cluster)| LabelledScore {
                cluster,
                human: pair[0],
                judge: pair[1],
            })
            .collect(),
        unlabelled
            .map(|(judge, cluster)| UnlabelledScore {
                cluster,
                judge: *judge,
            })
            .collect(),
    )
}

#[test]
fn rogan_gladen_agrees_with_the_published_formula() {
    for (input, expected) in golden().rows("rogan_gladen") {
        let counts = [2, 3, 4, 5].map(|index: usize| input[index] as u64);
        let observed = singles(input[0] as u64, input[1] as u64);
        let corrected = unchecked(&observed, &calibration(counts)).unwrap();
        assert_close(corrected.value, expected[0], 1e-12);
        assert_close(corrected.interval.0, expected[1], 1e-9);
        assert_close(corrected.interval.1, expected[2], 1e-9);
    }
}

#[test]
fn prediction_powered_agrees_with_ppi_python() {
    for (input, expected) in golden().rows("prediction_powered") {
        let (labelled, unlabelled) = scores(input);
        let ours = prediction_powered_mean(&labelled, &unlabelled).unwrap();
        assert_close(ours.value, expected[0], 1e-10);
        // ppi-python divides both variances by their counts and takes the normal quantile.
        let (own, others) = Moments::new(&labelled, &unlabelled).variance_parts(ours.lambda);
        let half = Z * (own + others).sqrt();
        assert_close(ours.value - half, expected[1], 1e-10);
        assert_close(ours.value + half, expected[2], 1e-10);
        assert!(ours.interval.0 <= expected[1] && ours.interval.1 >= expected[2]);
    }
}

#[test]
fn a_judge_no_better_than_chance_is_not_corrected_for() {
    let observed = singles(30, 100);
    for counts in [[25, 25, 25, 25], [10, 40, 10, 40], [3, 1, 40, 20]] {
        let refused = rogan_gladen(&observed, &calibration(counts));
        assert!(
            matches!(refused, Err(NoCorrection::UninformativeJudge { .. })),
            "{refused:?}"
        );
    }
    let no_positives = rogan_gladen(&observed, &calibration([0, 0, 9, 1]));
    assert_eq!(no_positives, Err(NoCorrection::NoPositives));
    let no_negatives = rogan_gladen(&observed, &calibration([9, 1, 0, 0]));
    assert_eq!(no_negatives, Err(NoCorrection::NoNegatives));
    let nothing = rogan_gladen(&[], &calibration([9, 1, 9, 1]));
    assert_eq!(nothing, Err(NoCorrection::NothingObserved));
}

#[test]
fn empty_cells_keep_a_width() {
    for hits in [0, 50, 100] {
        let perfect = rogan_gladen(&singles(hits, 100), &calibration([50, 0, 50, 0])).unwrap();
        let (low, high) = perfect.interval;
        assert_close(perfect.value, hits as f64 / 100.0, 1e-12);
        assert!(high - low > 0.02, "{low}..{high}");
    }
    // The published limits are both below 0 here.
    let outside = calibration([40, 10, 45, 5]);
    let (low, high) = unchecked(&singles(0, 100), &outside).unwrap().interval;
    assert!(low <= 0.0 && high > 0.05, "{low}..{high}");
    let refused = rogan_gladen(&singles(0, 100), &outside).unwrap_err();
    assert!(
        refused.to_string().contains("finds 0.0 %") && refused.to_string().contains("-14.3 %"),
        "{refused}"
    );
    assert!(rogan_gladen(&singles(1, 1), &calibration([50, 0, 50, 0])).is_ok());
}

#[test]
fn repetitions_of_one_probe_widen_the_corrected_interval() {
    let apart = singles(60, 300);
    let together: Vec<(u64, u64)> = (0..60).map(|n| (5 * u64::from(n % 5 == 0), 5)).collect();
    let judge = calibration([90, 10, 95, 5]);
    let narrow = rogan_gladen(&apart, &judge).unwrap();
    let wide = rogan_gladen(&together, &judge).unwrap();
    assert_close(narrow.value, wide.value, 1e-12);
    let width = |corrected: Corrected| corrected.interval.1 - corrected.interval.0;
    assert!(width(wide) > 1.5 * width(narrow));
    assert!(wide.effective_size < 60.0 && narrow.effective_size > 299.0);
}

#[test]
fn repetitions_in_the_calibration_widen_the_corrected_interval() {
    // 200 labelled answers: each its own probe, or five to a probe that all go the same way.
    let answer = |cluster, n: u64| LabelledAnswer {
        cluster,
        truth: usize::from(n / 5 < 12),
        predicted: usize::from((n / 5 < 12) != ((n / 5).is_multiple_of(6))),
    };
    let apart: Vec<LabelledAnswer> = (0..200).map(|n| answer(n, n)).collect();
    let together: Vec<LabelledAnswer> = (0..200).map(|n| answer(n / 5, n)).collect();
    let observed = singles(120, 400);
    let narrow = rogan_gladen(&observed, &JudgeErrors::of_answers(&apart)).unwrap();
    let wide = rogan_gladen(&observed, &JudgeErrors::of_answers(&together)).unwrap();
    assert_eq!(JudgeErrors::of_answers(&together).totals(), (60, 140));
    assert_close(narrow.value, wide.value, 1e-12);
    let width = |made: &Corrected| made.interval.1 - made.interval.0;
    assert!(width(&wide) > 1.4 * width(&narrow), "{wide:?} {narrow:?}");
}

#[test]
fn a_constant_judge_does_not_count() {
    let labelled: Vec<LabelledScore> = (0..20)
        .map(|cluster| LabelledScore {
            cluster,
            human: f64::from(u8::from(cluster % 4 == 0)),
            judge: 0.3,
        })
        .collect();
    let unlabelled: Vec<UnlabelledScore> = (20..90)
        .map(|cluster| UnlabelledScore {
            cluster,
            judge: 0.3,
        })
        .collect();
    for others in [&unlabelled[..], &[]] {
        for estimate in [prediction_powered_mean, prediction_powered_rate] {
            let made = estimate(&labelled, others).unwrap();
            assert_close(made.lambda, 0.0, 0.0);
            assert_close(made.value, 0.25, 1e-12);
        }
    }
    let few = prediction_powered_mean(&labelled[..1], &unlabelled);
    assert_eq!(few, Err(NoCorrection::TooFewLabels { clusters: 1 }));
    let none = prediction_powered_rate(&[], &unlabelled);
    assert_eq!(none, Err(NoCorrection::TooFewLabels { clusters: 0 }));
}

#[test]
fn labels_that_are_all_the_same_keep_a_width_as_a_rate() {
    let labelled: Vec<LabelledScore> = (0..30)
        .map(|cluster| LabelledScore {
            cluster,
            human: 0.0,
            judge: f64::from(u8::from(cluster % 9 == 0)),
        })
        .collect();
    let rate = prediction_powered_rate(&labelled, &[]).unwrap();
    assert!(
        rate.interval.0 <= 0.0 && (0.1..0.13).contains(&rate.interval.1),
        "{rate:?}"
    );
    let mut wrong = labelled;
    wrong[3].human = 2.0;
    assert!(matches!(
        prediction_powered_rate(&wrong, &[]),
        Err(NoCorrection::ScoreOutOfRange { .. })
    ));
    wrong[3].human = f64::NAN;
    assert!(prediction_powered_mean(&wrong, &[]).is_err());
}

#[test]
fn answers_of_one_cluster_widen_the_powered_interval() {
    let label = |cluster: u64, n: u64| LabelledScore {
        cluster,
        human: f64::from(u8::from((n / 5).is_multiple_of(2))),
        judge: f64::from(u8::from((n / 5).is_multiple_of(3))),
    };
    let score = |cluster: u64, n: u64| UnlabelledScore {
        cluster,
        judge: label(0, n).judge,
    };
    let apart = prediction_powered_rate(
        &(0..100).map(|n| label(n, n)).collect::<Vec<_>>(),
        &(100..400).map(|n| score(n, n)).collect::<Vec<_>>(),
    )
    .unwrap();
    let together = prediction_powered_rate(
        &(0..100).map(|n| label(n / 5, n)).collect::<Vec<_>>(),
        &(100..400).map(|n| score(n / 5, n)).collect::<Vec<_>>(),
    )
    .unwrap();
    assert_eq!((apart.clusters, together.clusters), (100, 20));
    assert!(together.standard_error > 1.9 * apart.standard_error);
}

proptest! {
    #[test]
    fn corrected_rates_stay_in_range(
        counts in proptest::array::uniform4(0_u64..80),
        hits in 0_u64..60,
        misses in 0_u64..60,
    ) {
        if let Ok(made) = rogan_gladen(&singles(hits, hits + misses), &calibration(counts)) {
            let (low, high) = made.interval;
            prop_assert!(0.0 <= low && low <= made.value && made.value <= high && high <= 1.0);
            prop_assert!(low < high);
        }
    }

    #[test]
    fn a_perfect_judge_with_many_scores_beats_the_labels_alone(
        labels in proptest::collection::vec(any::<bool>(), 10..60),
    ) {
        let score = |yes: &bool| f64::from(u8::from(*yes));
        let labelled: Vec<LabelledScore> = labels
            .iter()
            .zip(0..)
            .map(|(yes, cluster)| LabelledScore { cluster, human: score(yes), judge: score(yes) })
            .collect();
        let unlabelled: Vec<UnlabelledScore> = (100..1100)
            .map(|cluster| UnlabelledScore { cluster, judge: f64::from(u8::from(cluster % 3 == 0)) })
            .collect();
        let both = prediction_powered_mean(&labelled, &unlabelled).unwrap();
        let alone = prediction_powered_mean(&labelled, &[]).unwrap();
        prop_assert!(both.standard_error <= alone.standard_error + 1e-12);
        let rate = prediction_powered_rate(&labelled, &unlabelled).unwrap();
        let (low, high) = rate.interval;
        prop_assert!(0.0 <= low && low <= rate.value && rate.value <= high && high <= 1.0);
    }
}
