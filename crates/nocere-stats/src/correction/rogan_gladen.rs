//! The Rogan–Gladen correction of a rate for a judge's sensitivity and specificity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::NoCorrection;
use crate::{classification::LabelledAnswer, cluster, quantile::Z, wilson::wilson_share};

/// Judge against human on answers with a known truth, by cluster of answers that are not
/// independent (usually the answers to one probe).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JudgeErrors {
    /// Truly positive answers per cluster: those that the judge found, and all.
    positives: Vec<(u64, u64)>,
    /// Truly negative answers per cluster: those that the judge let pass, and all.
    negatives: Vec<(u64, u64)>,
}

impl JudgeErrors {
    /// Counts labelled answers of which category 1 is positive and every other one negative.
    pub fn of_answers(answers: &[LabelledAnswer]) -> Self {
        let mut clusters: [BTreeMap<u64, (u64, u64)>; 2] = Default::default();
        for answer in answers {
            let positive = answer.truth == 1;
            let right = positive == (answer.predicted == 1);
            let counts = clusters[usize::from(positive)]
                .entry(answer.cluster)
                .or_default();
            counts.0 += u64::from(right);
            counts.1 += 1;
        }
        let [negatives, positives] = clusters.map(|map| map.into_values().collect());
        Self {
            positives,
            negatives,
        }
    }

    /// Independent answers: of the truly positive ones those found and all, of the truly
    /// negative ones those let pass and all.
    pub fn independent(positives: (u64, u64), negatives: (u64, u64)) -> Self {
        let single = |(right, all): (u64, u64)| (0..all).map(move |n| (u64::from(n < right), 1));
        Self {
            positives: single(positives).collect(),
            negatives: single(negatives).collect(),
        }
    }

    /// Number of truly positive and of truly negative answers.
    pub fn totals(&self) -> (u64, u64) {
        let total = |clusters: &[(u64, u64)]| clusters.iter().map(|(_, all)| all).sum();
        (total(&self.positives), total(&self.negatives))
    }

    /// Sensitivity and specificity.
    fn shares(&self) -> Result<(Share, Share), NoCorrection> {
        let sensitivity = Share::of(&self.positives).ok_or(NoCorrection::NoPositives)?;
        let specificity = Share::of(&self.negatives).ok_or(NoCorrection::NoNegatives)?;
        Ok((sensitivity, specificity))
    }
}

/// A share of clustered answers, and the number of independent answers that they are worth.
struct Share {
    value: f64,
    size: f64,
}

impl Share {
    fn of(clusters: &[(u64, u64)]) -> Option<Self> {
        let (hits, total) = clusters
            .iter()
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (total > 0).then(|| Self {
            value: hits as f64 / total as f64,
            size: cluster::independent_size(clusters),
        })
    }

    /// Wilson's 95 % interval; the whole range if the answers are worth nothing.
    fn interval(&self) -> (f64, f64) {
        wilson_share(self.value, self.size).unwrap_or((0.0, 1.0))
    }

    /// After adding `added` answers, half of them hits.
    fn adjusted(&self, added: f64) -> Adjusted {
        Adjusted {
            share: (self.value * self.size + added / 2.0) / (self.size + added),
            size: self.size + added,
        }
    }
}

/// A rate corrected for the judge's errors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Corrected {
    /// The corrected rate, in [0, 1].
    pub value: f64,
    /// Lower and upper bound of the 95 % interval, in [0, 1]. It accounts for the sampling of
    /// both the observed answers and the calibration, and always has a width.
    pub interval: (f64, f64),
    /// Rate found by the judge, in [0, 1].
    pub observed: f64,
    /// Number of independent answers that the observed answers are worth.
    pub effective_size: f64,
    /// Share of truly positive calibration answers that the judge found.
    pub sensitivity: f64,
    /// Share of truly negative calibration answers that the judge called negative.
    pub specificity: f64,
}

/// The rate of positives behind the judge's verdicts, from counts `(hits, total)` per cluster
/// of observed answers. A cluster is one answer, or one probe over epochs.
///
/// Value: `(p + Sp − 1) / (Se + Sp − 1)` (Rogan and Gladen 1978, Am. J. Epidemiol. 107:71–76).
/// Interval: Lang and Reiczigel (2014), Prev. Vet. Med. 113:13–22, sect. 2.2. p is computed as
/// if from `n + z²` answers with `z²/2` more hits, Se and Sp as if from two more answers with
/// one more hit; the delta method adds their variances, with a shift
/// `2 z² (π Se (1 − Se) / n₁ − (1 − π) Sp (1 − Sp) / n₀)`. The added counts keep a width when a
/// cell is 0. (If the adjusted rate is so far outside [0, 1] that the whole interval is too,
/// the nearest rate replaces it.) If clusters repeat, in the run or in the calibration, n, n₁
/// and n₀ are the effective numbers of answers (variance between clusters; Student's t for
/// few).
/// Assumes that the judge errs on the observed answers as on the calibration, that these are
/// different answers, and that sensitivity and specificity are estimated independently. For
/// labels on a part of the observed answers use
/// [`prediction_powered_rate`](super::prediction_powered_rate). One observed answer, or none or
/// all positive, gives a (wide) interval. The caller leaves out unscored answers.
///
/// # Errors
///
/// [`NoCorrection::NothingObserved`] without observed answers or with more hits than answers;
/// [`NoCorrection::NoPositives`] or [`NoCorrection::NoNegatives`] without a calibration answer
/// of that kind; [`NoCorrection::UninformativeJudge`] if the interval of `Se + Sp − 1` (see
/// [`youden`]) reaches 0, because the corrected rate would then be noise divided by noise;
/// [`NoCorrection::OutsideRange`] if the value is below 0 or above 1, because the judge then
/// errs on the observed answers otherwise than on the calibration, by chance or in kind, and
/// the nearest possible rate would hide it.
pub fn rogan_gladen(
    clusters: &[(u64, u64)],
    errors: &JudgeErrors,
) -> Result<Corrected, NoCorrection> {
    let corrected = unchecked(clusters, errors)?;
    let Corrected {
        value,
        observed,
        sensitivity,
        specificity,
        ..
    } = corrected;
    // A judge without false alarms finds no errors where there are none: 0 is exact there, but
    // for rounding.
    if (-1e-9..=1.0 + 1e-9).contains(&value) {
        return Ok(Corrected {
            value: value.clamp(0.0, 1.0),
            ..corrected
        });
    }
    Err(NoCorrection::OutsideRange {
        value,
        observed,
        sensitivity,
        specificity,
    })
}

/// As [`rogan_gladen`], whose value may lie outside [0, 1].
pub(super) fn unchecked(
    clusters: &[(u64, u64)],
    errors: &JudgeErrors,
) -> Result<Corrected, NoCorrection> {
    if clusters.iter().any(|(hits, total)| hits > total) {
        return Err(NoCorrection::NothingObserved);
    }
    let observed = Share::of(clusters).ok_or(NoCorrection::NothingObserved)?;
    let (youden, (low, high)) = youden(errors)?;
    if low <= 0.0 {
        return Err(NoCorrection::UninformativeJudge { youden, low, high });
    }
    let (sensitivity, specificity) = errors.shares()?;
    let value = (observed.value + specificity.value - 1.0) / youden;

    let z2 = Z * Z;
    let p = observed.adjusted(z2);
    let se = sensitivity.adjusted(2.0);
    let sp = specificity.adjusted(2.0);
    let gain = se.share + sp.share - 1.0;
    let limits = |rate: f64| {
        let shift = 2.0 * z2 * (rate * se.variance() - (1.0 - rate) * sp.variance());
        let variance =
            p.variance() + rate.powi(2) * se.variance() + (1.0 - rate).powi(2) * sp.variance();
        let half = Z * variance.sqrt() / gain;
        (rate + shift - half, rate + shift + half)
    };
    let rate = (p.share + sp.share - 1.0) / gain;
    let (low, high) = match limits(rate) {
        // The published interval lies wholly outside [0, 1]: use the one around the nearest
        // rate.
        (low, high) if high <= 0.0 || low >= 1.0 => limits(rate.clamp(0.0, 1.0)),
        held => held,
    };
    // The adjusted centre can lie beyond a value at the edge.
    let nearest = value.clamp(0.0, 1.0);
    Ok(Corrected {
        value,
        interval: (low.clamp(0.0, nearest), high.clamp(nearest, 1.0)),
        observed: observed.value,
        effective_size: observed.size,
        sensitivity: sensitivity.value,
        specificity: specificity.value,
    })
}

/// Youden's J, `Se + Sp − 1`, in [−1, 1] with 0 for chance, and its 95 % interval.
///
/// Youden (1950), Cancer 3:32–35. The interval combines Wilson's intervals of the two rates
/// (Newcombe 1998, Stat. Med. 17:873–890, method 10; the same for a sum), with the effective
/// numbers of answers if clusters repeat.
/// If all answers are right, J is 1 and the lower bound is below 1.
///
/// # Errors
///
/// [`NoCorrection::NoPositives`] or [`NoCorrection::NoNegatives`] without an answer of that
/// kind.
pub fn youden(errors: &JudgeErrors) -> Result<(f64, (f64, f64)), NoCorrection> {
    let (sensitivity, specificity) = errors.shares()?;
    let (se_low, se_high) = sensitivity.interval();
    let (sp_low, sp_high) = specificity.interval();
    let value = sensitivity.value + specificity.value - 1.0;
    let low = value - (sensitivity.value - se_low).hypot(specificity.value - sp_low);
    let high = value + (se_high - sensitivity.value).hypot(sp_high - specificity.value);
    Ok((value, (low.max(-1.0), high.min(1.0))))
}

/// A share of a sample to which answers were added.
struct Adjusted {
    share: f64,
    size: f64,
}

impl Adjusted {
    fn variance(&self) -> f64 {
        self.share * (1.0 - self.share) / self.size
    }
}
