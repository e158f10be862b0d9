//! The Rogan–Gladen correction of a rate for a judge's sensitivity and specificity.

use serde::{Deserialize, Serialize};

use super::NoCorrection;
use crate::{cluster, quantile::Z, wilson_interval};

/// Judge against human on answers with a known truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorCounts {
    /// Truly positive, and the judge says positive.
    pub true_positives: u64,
    /// Truly positive, and the judge says negative.
    pub false_negatives: u64,
    /// Truly negative, and the judge says negative.
    pub true_negatives: u64,
    /// Truly negative, and the judge says positive.
    pub false_positives: u64,
}

/// A rate corrected for the judge's errors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Corrected {
    /// The corrected rate, clipped to [0, 1].
    pub value: f64,
    /// The corrected rate before clipping. A value outside [0, 1] says that the judge's errors
    /// here differ from those in the calibration, by chance or in kind.
    pub untruncated: f64,
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
/// the nearest rate replaces it.) If clusters repeat, n is the effective number of answers
/// (variance between clusters; Student's t for few).
/// Assumes that the judge errs on the observed answers as on the calibration, that these are
/// different answers, and that calibration answers are independent. For labels on a part of the
/// observed answers use [`prediction_powered_rate`](super::prediction_powered_rate). One
/// observed answer, or none or all positive, gives a (wide) interval. The caller leaves out
/// unscored answers.
///
/// # Errors
///
/// [`NoCorrection::NothingObserved`] without observed answers or with more hits than answers;
/// [`NoCorrection::NoPositives`] or [`NoCorrection::NoNegatives`] without a calibration answer
/// of that kind; [`NoCorrection::UninformativeJudge`] if the interval of `Se + Sp − 1` (see
/// [`youden`]) reaches 0, because the corrected rate would then be noise divided by noise.
pub fn rogan_gladen(
    clusters: &[(u64, u64)],
    calibration: &ErrorCounts,
) -> Result<Corrected, NoCorrection> {
    let (hits, total) = clusters
        .iter()
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    if total == 0 || hits > total {
        return Err(NoCorrection::NothingObserved);
    }
    let (youden, (low, high)) = youden(calibration)?;
    if low <= 0.0 {
        return Err(NoCorrection::UninformativeJudge { youden, low, high });
    }
    let (found, missed) = (calibration.true_positives, calibration.false_negatives);
    let (passed, alarms) = (calibration.true_negatives, calibration.false_positives);
    let observed = hits as f64 / total as f64;
    let effective_size = cluster::independent_size(clusters);
    let sensitivity = share(found, found + missed);
    let specificity = share(passed, passed + alarms);
    let untruncated = (observed + specificity - 1.0) / youden;

    let z2 = Z * Z;
    let p = Adjusted::new(observed * effective_size, effective_size, z2);
    let se = Adjusted::new(found as f64, (found + missed) as f64, 2.0);
    let sp = Adjusted::new(passed as f64, (passed + alarms) as f64, 2.0);
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
    let value = untruncated.clamp(0.0, 1.0);
    // The adjusted centre can lie beyond a value at the edge.
    let interval = (low.clamp(0.0, value), high.clamp(value, 1.0));
    Ok(Corrected {
        value,
        untruncated,
        interval,
        observed,
        effective_size,
        sensitivity,
        specificity,
    })
}

/// Youden's J, `Se + Sp − 1`, in [−1, 1] with 0 for chance, and its 95 % interval.
///
/// Youden (1950), Cancer 3:32–35. The interval combines Wilson's intervals of the two rates
/// (Newcombe 1998, Stat. Med. 17:873–890, method 10; the same for a sum).
/// Assumes independent answers. If all answers are right, J is 1 and the lower bound is below
/// 1.
///
/// # Errors
///
/// [`NoCorrection::NoPositives`] or [`NoCorrection::NoNegatives`] without an answer of that
/// kind.
pub fn youden(calibration: &ErrorCounts) -> Result<(f64, (f64, f64)), NoCorrection> {
    let positives = calibration.true_positives + calibration.false_negatives;
    let negatives = calibration.true_negatives + calibration.false_positives;
    let se = wilson_interval(calibration.true_positives, positives);
    let sp = wilson_interval(calibration.true_negatives, negatives);
    let (se_low, se_high) = se.ok_or(NoCorrection::NoPositives)?;
    let (sp_low, sp_high) = sp.ok_or(NoCorrection::NoNegatives)?;
    let sensitivity = share(calibration.true_positives, positives);
    let specificity = share(calibration.true_negatives, negatives);
    let value = sensitivity + specificity - 1.0;
    let low = value - (sensitivity - se_low).hypot(specificity - sp_low);
    let high = value + (se_high - sensitivity).hypot(sp_high - specificity);
    Ok((value, (low.max(-1.0), high.min(1.0))))
}

fn share(hits: u64, total: u64) -> f64 {
    hits as f64 / total as f64
}

/// A share after adding `added` answers, half of them hits.
struct Adjusted {
    share: f64,
    size: f64,
}

impl Adjusted {
    fn new(hits: f64, size: f64, added: f64) -> Self {
        Self {
            share: (hits + added / 2.0) / (size + added),
            size: size + added,
        }
    }

    fn variance(&self) -> f64 {
        self.share * (1.0 - self.share) / self.size
    }
}
