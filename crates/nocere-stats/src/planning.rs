//! Planning: how many probes a question needs, and what difference a number of probes shows.
//!
//! It is responsible for sample sizes before a run. Intervals after it are elsewhere; none of
//! this replaces them.

mod size;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use size::{
    detectable_difference, detectable_paired_difference, power_against_limit, power_of_two_rates,
    size_against_limit, size_for_half_width, size_for_paired_rates, size_for_two_rates,
};

/// How often a judge is right, taken as known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeAccuracy {
    /// Share of true positives that it finds, in [0, 1].
    pub sensitivity: f64,
    /// Share of true negatives that it lets pass, in [0, 1].
    pub specificity: f64,
}

impl JudgeAccuracy {
    /// A judge without errors.
    pub const PERFECT: Self = Self {
        sensitivity: 1.0,
        specificity: 1.0,
    };

    /// The rate that the judge finds where `rate` is true: `p Se + (1 − p)(1 − Sp)` (Rogan and
    /// Gladen 1978, Am. J. Epidemiol. 107:71–76).
    pub fn observed(&self, rate: f64) -> f64 {
        rate * self.sensitivity + (1.0 - rate) * (1.0 - self.specificity)
    }

    /// `Se + Sp − 1`: by how much a difference of true rates shrinks in the judge's verdicts.
    pub fn youden(&self) -> f64 {
        self.sensitivity + self.specificity - 1.0
    }

    /// By how much the judge's errors multiply the variance of the corrected rate, and so the
    /// number of answers: `q (1 − q) / (J² p (1 − p))` with the observed rate q and J of
    /// [`Self::youden`], at least 1.
    ///
    /// From `Var(π̂) = Var(q̂) / J²` (Rogan and Gladen 1978), with Se and Sp known: a calibration
    /// sample adds to it. `None` for a rate not between 0 and 1, or a judge no better than
    /// chance.
    pub fn variance_inflation(&self, rate: f64) -> Option<f64> {
        let observed = self.observed(rate);
        (self.youden() > 0.0 && rate > 0.0 && rate < 1.0)
            .then(|| observed * (1.0 - observed) / (self.youden().powi(2) * rate * (1.0 - rate)))
    }
}

/// What a question is to be answered with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Chance of a false alarm, or of an interval that misses, between 0 and 1; mostly 0.05.
    pub alpha: f64,
    /// Chance to find what is there, between 0 and 1; mostly 0.8 or 0.9. Unused for widths.
    pub power: f64,
    /// Answers per probe, at least 1.
    pub epochs: u32,
    /// Intraclass correlation of the verdicts on answers to one probe, in [0, 1].
    pub correlation: f64,
    /// The judge whose verdicts are counted.
    pub judge: JudgeAccuracy,
}

impl Plan {
    /// The design effect `1 + (m − 1) ρ`: how many answers are worth one independent one
    /// (Kish 1965, Survey Sampling, sect. 5.4), for m epochs and correlation ρ. 1 for one
    /// epoch.
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

    /// Independent answers that this many probes are worth.
    fn independent(&self, probes: u64) -> f64 {
        probes as f64 * f64::from(self.epochs) / self.design_effect()
    }
}

/// How much to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleSize {
    /// Number of probes, at least 1; per system where two are compared.
    pub probes: u64,
    /// Number of answers: probes times epochs.
    pub answers: u64,
}
