use proptest::prelude::*;

use super::*;
use crate::golden::{Golden, assert_close};

const RESAMPLING: Resampling = Resampling {
    resamples: 500,
    seed: 4,
};
const BOOTSTRAP: IntervalKind = IntervalKind::Bootstrap(RESAMPLING);

/// A golden input: categories, raters, then the ratings by item; −1 is missing.
fn ratings(input: &[f64]) -> Ratings {
    let raters = input[1] as usize;
    let items = input[2..].chunks(raters).map(|item| {
        item.iter()
            .map(|rating| (*rating >= 0.0).then_some(*rating as usize))
            .collect()
    });
    Ratings::new(input[0] as usize, items.collect()).unwrap()
}

#[track_caller]
fn check(ours: &Agreement, expected: &[f64]) {
    assert_close(ours.value.unwrap(), expected[0], 1e-7);
    if expected.len() > 1 {
        let (low, high) = ours.interval.unwrap();
        assert_close(low, expected[1], 1e-6);
        assert_close(high, expected[2], 1e-6);
    }
}

fn golden() -> Golden {
    Golden::read(include_str!("../../tests/golden/agreement.json"))
}

const WEIGHTS: [(&str, Weights); 3] = [
    ("identity", Weights::Identity),
    ("linear", Weights::Linear),
    ("quadratic", Weights::Quadratic),
];

#[test]
fn kappa_agrees_with_statsmodels() {
    for (name, weights) in WEIGHTS {
        for (input, expected) in golden().rows(&format!("cohen_{name}")) {
            check(
                &cohen_kappa(&ratings(input), weights, IntervalKind::Asymptotic),
                expected,
            );
        }
    }
}

#[test]
fn chance_corrected_agreement_agrees_with_irr_cac() {
    for (name, weights) in WEIGHTS {
        for (input, expected) in golden().rows(&format!("gwet_{name}")) {
            check(
                &gwet_ac(&ratings(input), weights, IntervalKind::Asymptotic),
                expected,
            );
        }
        for (input, expected) in golden().rows(&format!("fleiss_{name}")) {
            check(
                &fleiss_kappa(&ratings(input), weights, IntervalKind::Asymptotic),
                expected,
            );
        }
    }
}

#[test]
fn alpha_agrees_with_the_krippendorff_package() {
    for (name, scale) in [
        ("nominal", Scale::Nominal),
        ("ordinal", Scale::Ordinal),
        ("interval", Scale::Interval),
    ] {
        for (input, expected) in golden().rows(&format!("alpha_{name}")) {
            check(
                &krippendorff_alpha(&ratings(input), scale, RESAMPLING),
                expected,
            );
        }
    }
}

#[test]
fn one_category_has_ac1_but_no_kappa() {
    let alike = Ratings::of_two(2, &[(0, 0); 12]).unwrap();
    for kind in [IntervalKind::Asymptotic, IntervalKind::Score, BOOTSTRAP] {
        let kappa = cohen_kappa(&alike, Weights::Identity, kind);
        assert_eq!((kappa.value, kappa.interval), (None, None));
        assert_eq!(fleiss_kappa(&alike, Weights::Identity, kind).value, None);
        let ac1 = gwet_ac(&alike, Weights::Identity, kind);
        assert_eq!(ac1.value, Some(1.0));
        let (low, high) = ac1.interval.unwrap();
        let score = kind == IntervalKind::Score;
        assert!(high > 0.999 && (low < 0.8) == score, "{kind:?}: {low}");
        assert_eq!(
            percent_agreement(&alike, Weights::Identity, kind).value,
            Some(1.0)
        );
    }
    assert_eq!(
        krippendorff_alpha(&alike, Scale::Nominal, RESAMPLING).value,
        None
    );
}

#[test]
fn nothing_rated_has_no_value() {
    let empty = Ratings::new(3, Vec::new()).unwrap();
    let single = Ratings::new(3, vec![vec![Some(1), None], vec![None, Some(2)]]).unwrap();
    for ratings in [empty, single] {
        for kind in [IntervalKind::Asymptotic, IntervalKind::Score, BOOTSTRAP] {
            for agreement in [
                cohen_kappa(&ratings, Weights::Identity, kind),
                gwet_ac(&ratings, Weights::Identity, kind),
                fleiss_kappa(&ratings, Weights::Identity, kind),
                percent_agreement(&ratings, Weights::Identity, kind),
                krippendorff_alpha(&ratings, Scale::Ordinal, RESAMPLING),
            ] {
                assert_eq!((agreement.value, agreement.interval), (None, None));
                assert_eq!((agreement.items, agreement.method), (0, Method::NoData));
            }
        }
    }
}

#[test]
fn one_item_has_no_interval() {
    let one = Ratings::of_two(2, &[(0, 1)]).unwrap();
    for kind in [IntervalKind::Asymptotic, IntervalKind::Score, BOOTSTRAP] {
        assert_eq!(gwet_ac(&one, Weights::Identity, kind).interval, None);
        assert_eq!(cohen_kappa(&one, Weights::Identity, kind).interval, None);
    }
}

#[test]
fn answers_to_one_probe_widen_the_interval() {
    let pairs: Vec<(usize, usize)> = (0..300)
        .map(|n| ((n / 5) % 2, usize::from((n / 5) % 7 < 3)))
        .collect();
    let apart = Ratings::of_two(2, &pairs).unwrap();
    let together = apart
        .clone()
        .with_clusters((0..300).map(|n| n / 5).collect())
        .unwrap();
    let width = |agreement: Agreement| {
        let (low, high) = agreement.interval.unwrap();
        high - low
    };
    for kind in [IntervalKind::Asymptotic, IntervalKind::Score, BOOTSTRAP] {
        for coefficient in [cohen_kappa, gwet_ac, fleiss_kappa, percent_agreement] {
            let narrow = width(coefficient(&apart, Weights::Identity, kind));
            let wide = width(coefficient(&together, Weights::Identity, kind));
            assert!((1.9..2.7).contains(&(wide / narrow)), "{wide} and {narrow}");
        }
    }
    assert_eq!(
        cohen_kappa(&together, Weights::Identity, BOOTSTRAP).clusters,
        60
    );
}

#[test]
fn score_intervals_of_percent_agreement_are_wilsons() {
    let pairs: Vec<(usize, usize)> = (0..400).map(|n| (0, usize::from(n % 5 == 0))).collect();
    let ratings = Ratings::of_two(2, &pairs).unwrap();
    let made = percent_agreement(&ratings, Weights::Identity, IntervalKind::Score);
    let (low, high) = made.interval.unwrap();
    let (wilson_low, wilson_high) = crate::wilson_interval(320, 400).unwrap();
    assert!((low - wilson_low).abs() < 1e-3 && (high - wilson_high).abs() < 1e-3);
}

#[test]
fn ratings_that_do_not_fit_are_refused() {
    assert!(matches!(
        Ratings::of_two(2, &[(0, 2)]),
        Err(RatingsError::CategoryOutOfRange { category: 2, .. })
    ));
    assert!(matches!(
        Ratings::new(2, vec![vec![Some(0)], vec![]]),
        Err(RatingsError::UnequalRaters { item: 1, .. })
    ));
    let two = Ratings::of_two(2, &[(0, 1)]).unwrap();
    assert!(two.with_clusters(vec![1, 2]).is_err());
}

proptest! {
    #[test]
    fn coefficients_are_at_most_one_and_ignore_the_order_of_items(
        mut pairs in proptest::collection::vec((0_usize..3, 0_usize..3), 2..60),
    ) {
        let forward = Ratings::of_two(3, &pairs).unwrap();
        pairs.reverse();
        let backward = Ratings::of_two(3, &pairs).unwrap();
        for (_, weights) in WEIGHTS {
            for coefficient in [cohen_kappa, gwet_ac, fleiss_kappa, percent_agreement] {
                let one = coefficient(&forward, weights, IntervalKind::Asymptotic);
                let other = coefficient(&backward, weights, IntervalKind::Asymptotic);
                prop_assert_eq!(one.value.is_some(), other.value.is_some());
                if let (Some(one), Some(other)) = (one.value, other.value) {
                    prop_assert!((one - other).abs() < 1e-9 && one <= 1.0 + 1e-12);
                }
                if let Some((low, high)) = one.interval {
                    let value = one.value.unwrap();
                    prop_assert!(low <= value + 1e-9 && value <= high + 1e-9);
                }
            }
        }
    }

    #[test]
    fn raters_can_change_places(
        pairs in proptest::collection::vec((0_usize..4, 0_usize..4), 2..40),
    ) {
        let swapped: Vec<(usize, usize)> = pairs.iter().map(|(a, b)| (*b, *a)).collect();
        let one = Ratings::of_two(4, &pairs).unwrap();
        let other = Ratings::of_two(4, &swapped).unwrap();
        let one = cohen_kappa(&one, Weights::Quadratic, IntervalKind::Asymptotic).value;
        let other = cohen_kappa(&other, Weights::Quadratic, IntervalKind::Asymptotic).value;
        prop_assert_eq!(one.is_some(), other.is_some());
        prop_assert!((one.unwrap_or(0.0) - other.unwrap_or(0.0)).abs() < 1e-9);
    }
}
