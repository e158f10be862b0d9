//! What is known about the judge behind a figure.

use std::collections::BTreeSet;

use nocere_core::{Calibration, CalibrationRow, Expect, Perspective};
use nocere_stats::{
    Estimate,
    agreement::{IntervalKind, Weights, cohen_kappa},
    correction::{Corrected, JudgeErrors, rogan_gladen},
};
use serde::{Deserialize, Serialize};

use crate::calibration::{filtered, labelled, pair_ratings, table};

/// Fewest labelled answers of the kind that a figure counts by which a judge's standing changes.
const FEWEST_LABELS: u64 = 20;
/// Fewest labelled answers with, and without, the error by which anything can be said of a judge.
const FEWEST_OF_EACH: u64 = 5;

/// Which labelled answers are too few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FewLabels {
    /// Those with the figure's error, according to people.
    WithError,
    /// Those without it.
    WithoutError,
}

/// What is known about the judge of a figure, for answers to one perspective.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Standing {
    /// The judge, in exactly this version, has not been measured against people's labels.
    Uncalibrated,
    /// It was measured, but not on answers to this perspective.
    MeasuredElsewhere {
        /// Perspectives whose answers were labelled; empty if the labels do not say.
        perspectives: Vec<Perspective>,
        /// Number of labelled answers that the judge scored.
        labels: u64,
        /// Cohen's kappa on these answers, at most 1; `None` if undefined.
        kappa: Option<f64>,
    },
    /// It was measured on answers to this perspective, but not on such requests: judges err
    /// otherwise where to decline is right than where to help is.
    MeasuredOnOtherRequests {
        /// What was due to the requests whose answers were labelled; empty if the labels do not
        /// say.
        expects: Vec<Expect>,
        /// Number of labelled answers that the judge scored.
        labels: u64,
        /// Cohen's kappa on these answers, at most 1; `None` if undefined.
        kappa: Option<f64>,
    },
    /// It was measured on such answers, but on too few of them to say anything.
    TooFewLabels {
        /// Number of labelled answers of the kind that the figure counts.
        labels: u64,
        /// Number that it takes.
        needed: u64,
        /// If they are enough, which of them are too few: those with the error, or those without.
        #[serde(default)]
        few: Option<FewLabels>,
    },
    /// It was measured on such answers, and finds the error no better than a coin would: the 95 %
    /// interval of sensitivity + specificity − 1 (Youden's J) reaches 0.
    NoBetterThanChance {
        /// Number of labelled answers of the kind that the figure counts.
        labels: u64,
        /// Cohen's kappa on all labelled answers to this perspective; `None` if undefined.
        kappa: Option<f64>,
    },
    /// It was measured on answers to this perspective.
    Calibrated(Box<Calibrated>),
}

/// The quality of a judge that was measured on answers to the perspective in question, to
/// requests of the kind that the figure counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Calibrated {
    /// Number of labelled answers to this perspective that the judge scored.
    pub labels: u64,
    /// Those to requests of the kind that the figure counts; the rest of what is known, but for
    /// kappa, comes from them.
    pub labels_here: u64,
    /// Cohen's kappa on the whole scale over all `labels`, at most 1; `None` if undefined.
    pub kappa: Option<f64>,
    /// Share of the answers with the figure's error, according to people, that the judge finds.
    pub sensitivity: Estimate,
    /// Share of the answers without the error, according to people, that the judge lets pass.
    pub specificity: Estimate,
    /// The rate corrected for the judge's errors (Rogan and Gladen), if it can be computed.
    pub corrected: Option<Corrected>,
    /// Why the rate cannot be corrected.
    pub not_corrected: Option<String>,
}

impl Standing {
    /// The standing of a judge with `calibration` for answers to `perspective`, to requests to
    /// which one of `due` is due (to all requests if `None`). `is_hit` says which labels the
    /// figure counts as errors; `clusters` are errors and answers by probe.
    pub(crate) fn of(
        calibration: Option<&Calibration>,
        perspective: Perspective,
        due: Option<&[Expect]>,
        is_hit: impl Fn(usize) -> Option<bool>,
        clusters: &[(u64, u64)],
    ) -> Self {
        let Some(calibration) = calibration else {
            return Self::Uncalibrated;
        };
        let all: Vec<&CalibrationRow> = calibration.rows.iter().collect();
        let known = |rows: &[&CalibrationRow]| {
            let whole = labelled(rows, Some);
            let ratings = pair_ratings(calibration.scale.len(), &whole);
            let kappa = cohen_kappa(&ratings, Weights::Identity, IntervalKind::Score).value;
            (whole.len() as u64, kappa)
        };
        let asked = filtered(&all, |row| row.perspective == Some(perspective));
        if asked.is_empty() {
            let perspectives: BTreeSet<Perspective> =
                all.iter().filter_map(|row| row.perspective).collect();
            let (labels, kappa) = known(&all);
            return Self::MeasuredElsewhere {
                perspectives: perspectives.into_iter().collect(),
                labels,
                kappa,
            };
        }
        let (labels, kappa) = known(&asked);
        let here = filtered(&asked, |row| {
            due.is_none_or(|due| row.expect.is_some_and(|expect| due.contains(&expect)))
        });
        if here.is_empty() {
            let expects: BTreeSet<Expect> = asked.iter().filter_map(|row| row.expect).collect();
            return Self::MeasuredOnOtherRequests {
                expects: expects.into_iter().collect(),
                labels,
                kappa,
            };
        }
        let labels_here = labelled(&here, Some).len() as u64;
        if labels_here < FEWEST_LABELS {
            return Self::TooFewLabels {
                labels: labels_here,
                needed: FEWEST_LABELS,
                few: None,
            };
        }
        let answers = labelled(&here, |place| is_hit(place).map(usize::from));
        let binary = table(2, &answers);
        let sides = [
            (binary.sensitivity(1), FewLabels::WithError),
            (binary.specificity(1), FewLabels::WithoutError),
        ];
        for (side, few) in sides {
            if side.denominator < FEWEST_OF_EACH {
                return Self::TooFewLabels {
                    labels: side.denominator,
                    needed: FEWEST_OF_EACH,
                    few: Some(few),
                };
            }
        }
        if reaches_chance(&binary.sensitivity(1), &binary.specificity(1)) {
            return Self::NoBetterThanChance {
                labels: labels_here,
                kappa,
            };
        }
        let (corrected, not_corrected) =
            match rogan_gladen(clusters, &JudgeErrors::of_answers(&answers)) {
                Ok(corrected) => (Some(corrected), None),
                Err(reason) => (None, Some(reason.to_string())),
            };
        Self::Calibrated(Box::new(Calibrated {
            labels,
            labels_here,
            kappa,
            sensitivity: binary.sensitivity(1),
            specificity: binary.specificity(1),
            corrected,
            not_corrected,
        }))
    }

    /// A few words for a tag, such as "κ 0.78, 450 labels" or "uncalibrated".
    pub fn tag(&self) -> String {
        let kappa = |kappa: &Option<f64>| {
            kappa.map_or_else(|| "κ undefined".to_owned(), |kappa| format!("κ {kappa:.2}"))
        };
        match self {
            Self::Uncalibrated => "uncalibrated".to_owned(),
            Self::MeasuredElsewhere {
                perspectives,
                kappa: value,
                ..
            } => {
                let who: Vec<&str> = perspectives.iter().map(|who| who.as_str()).collect();
                let who = if who.is_empty() {
                    "unnamed askers".to_owned()
                } else {
                    who.join(", ")
                };
                format!("uncalibrated here ({} on {who})", kappa(value))
            }
            Self::MeasuredOnOtherRequests {
                expects,
                kappa: value,
                ..
            } => {
                let due: Vec<&str> = expects.iter().map(|due| due.as_str()).collect();
                let due = if due.is_empty() {
                    "requests of unnamed kinds".to_owned()
                } else {
                    format!("requests to {}", due.join(", "))
                };
                format!("uncalibrated here ({} on {due})", kappa(value))
            }
            Self::TooFewLabels {
                labels,
                needed,
                few,
            } => {
                let of = match few {
                    Some(FewLabels::WithError) => "labels with the error",
                    Some(FewLabels::WithoutError) => "labels without the error",
                    None => "labels",
                };
                format!("uncalibrated ({labels} of {needed} {of})")
            }
            Self::NoBetterThanChance {
                labels,
                kappa: value,
            } => format!("no better than chance ({}, {labels} labels)", kappa(value)),
            Self::Calibrated(known) if known.labels_here < known.labels => format!(
                "{}, {} labels ({} here)",
                kappa(&known.kappa),
                known.labels,
                known.labels_here
            ),
            Self::Calibrated(known) => format!("{}, {} labels", kappa(&known.kappa), known.labels),
        }
    }

    /// The corrected rate with its interval; `None` if there is none.
    pub fn corrected(&self) -> Option<&Corrected> {
        match self {
            Self::Calibrated(known) => known.corrected.as_ref(),
            _ => None,
        }
    }

    /// The corrected rate as "12.5 % (8.1–18.9 %)", or why there is none. Empty if the judge is not
    /// calibrated.
    pub fn corrected_text(&self) -> String {
        let Self::Calibrated(known) = self else {
            return String::new();
        };
        match (&known.corrected, &known.not_corrected) {
            (Some(corrected), _) => format!(
                "{:.1} % ({:.1}–{:.1} %)",
                corrected.value * 100.0,
                corrected.interval.0 * 100.0,
                corrected.interval.1 * 100.0
            ),
            (None, Some(reason)) => format!("none: {reason}"),
            (None, None) => String::new(),
        }
    }
}

/// Whether the 95 % interval of Youden's J (sensitivity + specificity − 1) reaches 0. The variance is
/// that of two independent shares (Wald).
fn reaches_chance(sensitivity: &Estimate, specificity: &Estimate) -> bool {
    let (Some(found), Some(passed)) = (sensitivity.value, specificity.value) else {
        return false;
    };
    let variance = |share: f64, number: u64| share * (1.0 - share) / number as f64;
    let error = (variance(found, sensitivity.denominator)
        + variance(passed, specificity.denominator))
    .sqrt();
    found + passed - 1.0 - 1.96 * error <= 0.0
}
