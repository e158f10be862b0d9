//! Double sampling: a judge reads all answers, people label some that were chosen by its verdict.

use serde::{Deserialize, Serialize};

use super::NoCorrection;
use crate::{cluster, quantile::Z, wilson::wilson_share};

/// Answers to which the judge gave the same verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stratum {
    /// Answers of the stratum: labelled and others.
    pub answers: u64,
    /// Labelled answers per cluster: those that people count as hits, and all. They were chosen
    /// at random among the stratum's answers.
    pub labelled: Vec<(u64, u64)>,
}

/// A rate at which people say yes, from labels chosen by the judge's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StratifiedRate {
    /// The rate, in [0, 1].
    pub value: f64,
    /// Lower and upper bound of the 95 % interval, in [0, 1].
    pub interval: (f64, f64),
    /// Number of labelled answers.
    pub labelled: u64,
    /// Number of all answers.
    pub answers: u64,
}

/// The rate at which people would say yes to all answers, from labels on a random part of each
/// stratum. Rare verdicts can be labelled more often than others, which makes a rare error
/// measurable with few labels.
///
/// Value: `Σ Wₖ pₖ` with the share Wₖ of answers in stratum k and the share pₖ of hits among its
/// labels (Tenenbein 1970, J. Am. Stat. Assoc. 65:1350–1361; Cochran 1977, Sampling Techniques,
/// 3rd ed., ch. 12). Interval: Wilson's interval of each pₖ, combined by the method of variance
/// estimates recovery (Zou and Donner 2008, Stat. Med. 27:1693–1702), with the variance
/// `(Σ Wₖ pₖ² − θ²) / N` of the shares Wₖ added, because the answers are a sample of what could be
/// asked. If labels repeat clusters, each pₖ has the effective number of answers; the answers
/// without a label count as independent in N, so label many probes rather than many answers to
/// one.
/// Assumes that labels are random within each stratum, and nothing about the judge. Empty strata
/// do not count.
///
/// # Errors
///
/// [`NoCorrection::NothingObserved`] without answers; [`NoCorrection::UnlabelledStratum`] if a
/// stratum has answers and no label.
pub fn stratified_rate(strata: &[Stratum]) -> Result<StratifiedRate, NoCorrection> {
    let answers: u64 = strata.iter().map(|stratum| stratum.answers).sum();
    if answers == 0 {
        return Err(NoCorrection::NothingObserved);
    }
    let (mut value, mut squares, mut below, mut above) = (0.0, 0.0, 0.0, 0.0);
    let mut labelled = 0;
    for stratum in strata.iter().filter(|stratum| stratum.answers > 0) {
        let (hits, total) = stratum
            .labelled
            .iter()
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        if total == 0 {
            return Err(NoCorrection::UnlabelledStratum {
                answers: stratum.answers,
            });
        }
        let weight = stratum.answers as f64 / answers as f64;
        let share = hits as f64 / total as f64;
        let size = cluster::independent_size(&stratum.labelled);
        let (low, high) = wilson_share(share, size).unwrap_or((0.0, 1.0));
        value += weight * share;
        squares += weight * share * share;
        below += (weight * (share - low)).powi(2);
        above += (weight * (high - share)).powi(2);
        labelled += total;
    }
    let between = Z * Z * (squares - value * value).max(0.0) / answers as f64;
    // Sums of weights can be a rounding error above 1.
    let value = value.min(1.0);
    Ok(StratifiedRate {
        value,
        interval: (
            (value - (below + between).sqrt()).max(0.0),
            (value + (above + between).sqrt()).min(1.0),
        ),
        labelled,
        answers,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stratum(answers: u64, hits: u64, labels: u64) -> Stratum {
        Stratum {
            answers,
            labelled: (0..labels).map(|n| (u64::from(n < hits), 1)).collect(),
        }
    }

    #[test]
    fn strata_count_by_their_answers_and_not_by_their_labels() {
        let made = stratified_rate(&[stratum(20, 40, 50), stratum(380, 1, 50)]).unwrap();
        // 0.05 × 0.8 + 0.95 × 0.02
        assert!((made.value - 0.059).abs() < 1e-12);
        assert!(made.interval.0 > 0.03 && made.interval.1 < 0.15, "{made:?}");
        assert_eq!((made.labelled, made.answers), (100, 400));
    }

    #[test]
    fn one_stratum_is_wilsons_interval() {
        let made = stratified_rate(&[stratum(1_000_000, 12, 60)]).unwrap();
        let (low, high) = crate::wilson_interval(12, 60).unwrap();
        assert!((made.interval.0 - low).abs() < 1e-9 && (made.interval.1 - high).abs() < 1e-9);
    }

    #[test]
    fn a_stratum_without_labels_is_named() {
        let none = stratified_rate(&[stratum(5, 0, 0), stratum(40, 3, 10), stratum(0, 0, 0)]);
        assert_eq!(none, Err(NoCorrection::UnlabelledStratum { answers: 5 }));
        assert_eq!(stratified_rate(&[]), Err(NoCorrection::NothingObserved));
        assert!(stratified_rate(&[stratum(0, 0, 0), stratum(40, 0, 10)]).is_ok());
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_value(
            strata in proptest::collection::vec((1_u64..500, 0_u64..30, 1_u64..30), 1..6),
        ) {
            let strata: Vec<Stratum> = strata
                .into_iter()
                .map(|(answers, hits, labels)| stratum(answers, hits.min(labels), labels))
                .collect();
            let made = stratified_rate(&strata).unwrap();
            let (low, high) = made.interval;
            prop_assert!(0.0 <= low && low <= made.value && made.value <= high && high <= 1.0);
            prop_assert!(low < high);
        }
    }
}
