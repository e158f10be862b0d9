//! Planning: how many probes a question needs, and which difference a number of probes can
//! show.
//!
//! This module is responsible for sample sizes before a run. It does not compute intervals
//! after a run and does not replace them.

mod size;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use size::{
    detectable_difference, detectable_paired_difference, power_against_limit, power_of_two_rates,
    size_against_limit, size_for_half_width, size_for_paired_rates, size_for_two_rates,
};

/// A judge's accuracy, assumed known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeAccuracy {
    /// Share of true positives that the judge finds, in [0, 1].
    pub sensitivity: f64,
    /// Share of true negatives that the judge calls negative, in [0, 1].
    pub specificity: f64,
}

impl JudgeAccuracy {
    /// A judge without errors.
    pub const PERFECT: Self = Self {
        sensitivity: 1.0,
        specificity: 1.0,
    };

    /// The rate that the judge reports if the true rate is `rate`: `p Se + (1 − p)(1 − Sp)`
    /// (Rogan and Gladen 1978, Am. J. Epidemiol. 107:71–76).
    pub fn observed(&self, rate: f64) -> f64 {
        rate * self.sensitivity + (1.0 - rate) * (1.0 - self.specificity)
    }

    /// `Se + Sp − 1`: the factor by which a difference of true rates shrinks in the judge's
    /// verdicts.
    pub fn youden(&self) -> f64 {
        self.sensitivity + self.specificity - 1.0
    }

    /// Factor by which the judge's errors multiply the variance of the corrected rate, and so
    /// the number of answers: `q (1 − q) / (J² p (1 − p))` with the observed rate q and J of
    /// [`Self::youden`]; at least 1.
    ///
    /// From `Var(π̂) = Var(q̂) / J²` (Rogan and Gladen 1978), with Se and Sp known; a
    /// calibration sample adds further variance. `None` for a rate not strictly between 0 and
    /// 1, or a judge no better than chance.
    pub fn variance_inflation(&self, rate: f64) -> Option<f64> {
        let observed = self.observed(rate);
        (self.youden() > 0.0 && rate > 0.0 && rate < 1.0)
            .then(|| observed * (1.0 - observed) / (self.youden().powi(2) * rate * (1.0 - rate)))
    }
}

/// The conditions that a sample size is computed for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Chance of a false alarm, or of an interval that misses, between 0 and 1; usually 0.05.
    pub alpha: f64,
    /// Chance of detecting a real effect, between 0 and 1; usually 0.8 or 0.9. Unused for
    /// widths.
    pub power: f64,
    /// Answers per probe, at least 1.
    pub epochs: u32,
    /// Intraclass correlation of the verdicts on answers to one probe, in [0, 1].
    pub correlation: f64,
    /// The judge that gives the verdicts.
    pub judge: JudgeAccuracy,
}

impl Plan {
    /// The design effect `1 + (m − 1) ρ` for m epochs and correlation ρ: the number of answers
    /// worth one independent answer (Kish 1965, Survey Sampling, sect. 5.4). 1 for one epoch.
    pub fn design_effect(&self) -> f64 {
        1.0 + (f64::from(self.epochs) - 1.0) * self.correlation
    }

    fn is_sound(&self) -> bool {
        let inside = |share: f64| share > 0.0 && share < 1.0;
        let shares = [
            self.correlation,
            self.judge.sensitivity,
            self.judge.specificity,
        ];
        inside(self.alpha)
            && inside(self.power)
            && self.epochs > 0
            && shares.iter().all(|share| (0.0..=1.0).contains(share))
            && self.judge.youden() > 0.0
    }

    /// Probes and answers that are worth this many independent answers.
    fn size(&self, independent: f64) -> Option<SampleSize> {
        let probes = (independent * self.design_effect() / f64::from(self.epochs)).ceil();
        (probes.is_finite() && probes <= 1e12).then(|| SampleSize {
            probes: (probes as u64).max(1),
            answers: (probes as u64).max(1) * u64::from(self.epochs),
        })
    }

    /// Number of independent answers that this many probes are worth.
    fn independent(&self, probes: u64) -> f64 {
        probes as f64 * f64::from(self.epochs) / self.design_effect()
    }
}

/// A number of probes and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleSize {
    /// Number of probes, at least 1; per system if two are compared.
    pub probes: u64,
    /// Number of answers: probes times epochs.
    pub answers: u64,
}
