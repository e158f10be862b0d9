//! What a calibration says: how often a judge is right, by label and by whom, and what that
//! makes of a rate that it found.

use std::collections::BTreeSet;

use nocere_core::{Calibration, CalibrationRow, Instrument, Perspective, Scale as JudgeScale};
use nocere_stats::{
    Estimate, Resampling,
    agreement::{
        Agreement, IntervalKind, Ratings, Scale, Weights, cohen_kappa, gwet_ac, krippendorff_alpha,
        percent_agreement,
    },
    classification::{
        Auroc, Bins, Confusion, Forecast, LabelledAnswer, Measure, area_under_roc,
        expected_calibration_error,
    },
    correction::{self, Corrected, rogan_gladen},
};
use serde::{Deserialize, Serialize};

/// Resamples where an interval has no closed form.
const RESAMPLES: u32 = 2_000;
/// Seed of them.
const SEED: u64 = 7;
/// Fewer labelled answers than this are no stratum of their own.
const MIN_STRATUM: usize = 10;

/// A judge's agreement with people on some of the labelled answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Quality {
    /// Which answers: `all`, or one perspective, category, language or check.
    pub stratum: String,
    /// Answers with a label on which the raters agree.
    pub labelled: u64,
    /// Answers on which the raters are split; they count for nothing but their own agreement.
    pub split: u64,
    /// Labelled answers that the judge could not score.
    pub unscored: u64,
    /// Counts, people's label in rows, the judge's in columns.
    pub confusion: Vec<Vec<u64>>,
    /// Share of equal labels.
    pub accuracy: Estimate,
    /// Cohen's kappa; with linear and quadratic weights where there are more than two labels.
    pub kappa: Agreement,
    /// Linear weights.
    pub kappa_linear: Option<Agreement>,
    /// Quadratic weights.
    pub kappa_quadratic: Option<Agreement>,
    /// Krippendorff's alpha, ordinal.
    pub alpha: Agreement,
    /// Gwet's AC1, or AC2 with linear weights where there are more than two labels.
    pub gwet: Agreement,
    /// One label against the others.
    pub classes: Vec<ClassQuality>,
    /// Area under the ROC curve of the judge's score for the highest label (for harm: unsafe),
    /// if the judge has a score.
    pub auroc: Option<Auroc>,
    /// Expected calibration error of the judge's probability, ten bins of equal width, if it
    /// gives one.
    pub calibration_error: Option<Measure>,
    /// How far the raters agree among themselves, if there are several.
    pub people: Option<Agreement>,
}

/// One label against all others.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClassQuality {
    /// The label.
    pub label: String,
    /// Of those that people label so, the share that the judge labels so.
    pub sensitivity: Estimate,
    /// Of those that people label otherwise, the share that the judge does too.
    pub specificity: Estimate,
    /// Of those that the judge labels so, the share that people label so.
    pub positive_predictive_value: Estimate,
}

/// A calibration with everything that is computed from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CalibrationReport {
    /// The judge.
    pub instrument: Instrument,
    /// The labels of its scale.
    pub scale: Vec<String>,
    /// Where the people's labels come from.
    pub source: String,
    /// What else a reader must know.
    pub note: String,
    /// Who labelled.
    pub raters: Vec<String>,
    /// Whose answers were labelled, as far as the labels say.
    pub askers: BTreeSet<Perspective>,
    /// All labelled answers.
    pub whole: Quality,
    /// By perspective, category, language and check, where there are at least ten answers.
    pub strata: Vec<Quality>,
}

impl CalibrationReport {
    /// Computes everything.
    pub fn of(calibration: &Calibration) -> Self {
        let rows: Vec<&CalibrationRow> = calibration.rows.iter().collect();
        let quality = |stratum: &str, rows: &[&CalibrationRow]| {
            Quality::of(
                stratum,
                rows,
                &calibration.scale,
                &calibration.instrument.scale,
            )
        };
        let mut strata = Vec::new();
        let mut add = |kind: &str, of: &dyn Fn(&CalibrationRow) -> Option<String>| {
            let values: BTreeSet<String> = rows.iter().filter_map(|row| of(row)).collect();
            // One value alone says nothing that the whole does not, except its name.
            for value in values {
                let some: Vec<&CalibrationRow> = rows
                    .iter()
                    .copied()
                    .filter(|row| of(row).as_deref() == Some(&value))
                    .collect();
                if some.len() >= MIN_STRATUM {
                    strata.push(quality(&format!("{kind} {value}"), &some));
                }
            }
        };
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        add("perspective", &|row| {
            row.perspective.map(|who| who.as_str().to_owned())
        });
        add("check", &|row| row.check.clone());
        add("category", &|row| filled(&row.category));
        add("language", &|row| filled(&row.language));
        Self {
            instrument: calibration.instrument.clone(),
            scale: calibration.scale.clone(),
            source: calibration.source.clone(),
            note: calibration.note.clone(),
            raters: calibration.raters.clone(),
            askers: calibration
                .rows
                .iter()
                .filter_map(|row| row.perspective)
                .collect(),
            whole: quality("all", &rows),
            strata,
        }
    }
}

impl Quality {
    fn of(stratum: &str, rows: &[&CalibrationRow], scale: &[String], judge: &JudgeScale) -> Self {
        let classes = scale.len();
        let resampling = Resampling {
            resamples: RESAMPLES,
            seed: SEED,
        };
        let answers = labelled(rows, |place| (place < classes).then_some(place));
        let confusion = table(classes, &answers);
        let ratings = pair_ratings(classes, &answers);
        let several = classes > 2;
        let weighted =
            |weights| several.then(|| cohen_kappa(&ratings, weights, IntervalKind::Score));
        let labelled = rows.iter().filter(|row| row.human.is_some()).count() as u64;
        Self {
            stratum: stratum.to_owned(),
            labelled,
            split: rows.len() as u64 - labelled,
            unscored: rows
                .iter()
                .filter(|row| row.human.is_some() && row.judge.is_none())
                .count() as u64,
            confusion: (0..classes)
                .map(|truth| (0..classes).map(|p| confusion.count(truth, p)).collect())
                .collect(),
            accuracy: confusion.accuracy(),
            kappa: cohen_kappa(&ratings, Weights::Identity, IntervalKind::Score),
            kappa_linear: weighted(Weights::Linear),
            kappa_quadratic: weighted(Weights::Quadratic),
            alpha: krippendorff_alpha(&ratings, Scale::Ordinal, resampling),
            gwet: gwet_ac(
                &ratings,
                if several {
                    Weights::Linear
                } else {
                    Weights::Identity
                },
                IntervalKind::Score,
            ),
            classes: class_qualities(scale, &confusion),
            auroc: auroc(rows, judge),
            calibration_error: calibration_error(rows, classes, resampling),
            people: people(classes, rows, resampling),
        }
    }
}

/// People's label and the judge's of each answer that has both, as `place_of` maps labels;
/// answers with a label that it does not map are left out.
fn labelled(
    rows: &[&CalibrationRow],
    place_of: impl Fn(usize) -> Option<usize>,
) -> Vec<LabelledAnswer> {
    let answer = |row: &&CalibrationRow| {
        let (human, judge) = row.pair()?;
        Some(LabelledAnswer {
            cluster: row.cluster,
            truth: place_of(human)?,
            predicted: place_of(judge)?,
        })
    };
    rows.iter().filter_map(answer).collect()
}

/// People and the judge as two raters.
fn pair_ratings(classes: usize, answers: &[LabelledAnswer]) -> Ratings {
    let pairs = answers.iter();
    ratings(
        classes,
        pairs.map(|of| (of.cluster, vec![Some(of.truth), Some(of.predicted)])),
    )
}

fn class_qualities(scale: &[String], confusion: &Confusion) -> Vec<ClassQuality> {
    let labels = scale.iter().enumerate();
    labels
        .map(|(place, label)| ClassQuality {
            label: label.clone(),
            sensitivity: confusion.sensitivity(place),
            specificity: confusion.specificity(place),
            positive_predictive_value: confusion.positive_predictive_value(place),
        })
        .collect()
}

fn table(classes: usize, answers: &[LabelledAnswer]) -> Confusion {
    // The answers are filtered to the scale, so that the table can always be made.
    Confusion::of_answers(classes, answers)
        .or_else(|_| Confusion::of_answers(classes, &[]))
        .unwrap_or_else(|_| empty_table())
}

#[expect(clippy::expect_used, reason = "an empty table has no wrong index")]
fn empty_table() -> Confusion {
    Confusion::of_answers(0, &[]).expect("an empty table")
}

#[expect(
    clippy::expect_used,
    reason = "every item has as many ratings as the first, all on the scale"
)]
fn ratings(classes: usize, items: impl Iterator<Item = (u64, Vec<Option<usize>>)>) -> Ratings {
    let (clusters, items): (Vec<u64>, Vec<Vec<Option<usize>>>) = items
        .map(|(cluster, ratings)| {
            let on_scale = ratings
                .into_iter()
                .map(|rating| rating.filter(|place| *place < classes))
                .collect();
            (cluster, on_scale)
        })
        .unzip();
    Ratings::new(classes, items)
        .and_then(|ratings| ratings.with_clusters(clusters))
        .expect("ratings of one shape")
}

/// The judge's place on a scale of numbers is its score; other judges need a probability.
fn auroc(rows: &[&CalibrationRow], scale: &JudgeScale) -> Option<Auroc> {
    // Judges of items are measured item by item: absent, then present.
    let positive = if scale.labels.is_empty() {
        1
    } else {
        scale.bound
    };
    let graded = scale.levels().is_some();
    let scores: Vec<(bool, f64)> = rows
        .iter()
        .filter_map(|row| {
            let (human, judge) = row.pair()?;
            let score = if graded {
                judge as f64
            } else {
                row.probability?
            };
            Some((human >= positive, score))
        })
        .collect();
    area_under_roc(&scores)
}

fn calibration_error(
    rows: &[&CalibrationRow],
    classes: usize,
    resampling: Resampling,
) -> Option<Measure> {
    let forecasts: Vec<Forecast> = rows
        .iter()
        .filter_map(|row| {
            Some(Forecast {
                cluster: row.cluster,
                probability: row.probability?,
                happened: row.human? + 1 == classes,
            })
        })
        .collect();
    (!forecasts.is_empty())
        .then(|| expected_calibration_error(&forecasts, Bins::EqualWidth(10), resampling))
}

/// Two raters: Cohen's kappa; more: Krippendorff's alpha, which knows gaps.
fn people(classes: usize, rows: &[&CalibrationRow], resampling: Resampling) -> Option<Agreement> {
    let raters = rows.first()?.ratings.len();
    if raters < 2 {
        return None;
    }
    let ratings = ratings(
        classes,
        rows.iter().map(|row| {
            let mut said = row.ratings.clone();
            said.resize(raters, None);
            (row.cluster, said)
        }),
    );
    Some(if raters == 2 {
        cohen_kappa(&ratings, Weights::Identity, IntervalKind::Score)
    } else {
        krippendorff_alpha(&ratings, Scale::Nominal, resampling)
    })
}

/// How far a figure's judge is known.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Standing {
    /// Nobody has measured this judge, as it is now, against people's labels.
    Uncalibrated,
    /// It was measured, but not on answers to this kind of asker.
    MeasuredElsewhere {
        /// On whose answers.
        perspectives: Vec<Perspective>,
        /// Labelled answers.
        labels: u64,
        /// Cohen's kappa on them.
        kappa: Option<f64>,
    },
    /// It was measured on answers to this kind of asker.
    Calibrated(Box<Calibrated>),
}

/// A judge that was measured on answers to the asker at hand.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Calibrated {
    /// Labelled answers.
    pub labels: u64,
    /// Cohen's kappa on the whole scale.
    pub kappa: Option<f64>,
    /// Share of the errors that the figure counts which the judge finds, on the labels.
    pub sensitivity: Estimate,
    /// Share of the answers without the error which the judge lets pass, on the labels.
    pub specificity: Estimate,
    /// The rate without the judge's errors, if it can be had.
    pub corrected: Option<Corrected>,
    /// Why it cannot.
    pub not_corrected: Option<String>,
}

impl Standing {
    /// The standing of a judge with `calibration` for answers to `perspective`, where
    /// `is_hit` says which labels the figure counts and `clusters` are its counts.
    pub(crate) fn of(
        calibration: Option<&Calibration>,
        perspective: Perspective,
        is_hit: impl Fn(usize) -> Option<bool>,
        clusters: &[(u64, u64)],
    ) -> Self {
        let Some(calibration) = calibration else {
            return Self::Uncalibrated;
        };
        let own: Vec<&CalibrationRow> = calibration
            .rows
            .iter()
            .filter(|row| row.perspective == Some(perspective))
            .collect();
        let rows: Vec<&CalibrationRow> = if own.is_empty() {
            calibration.rows.iter().collect()
        } else {
            own.clone()
        };
        let whole = labelled(&rows, Some);
        let kappa = cohen_kappa(
            &pair_ratings(calibration.scale.len(), &whole),
            Weights::Identity,
            IntervalKind::Score,
        )
        .value;
        let labels = whole.len() as u64;
        if own.is_empty() {
            let perspectives: BTreeSet<Perspective> = calibration
                .rows
                .iter()
                .filter_map(|row| row.perspective)
                .collect();
            return Self::MeasuredElsewhere {
                perspectives: perspectives.into_iter().collect(),
                labels,
                kappa,
            };
        }
        let binary = table(2, &labelled(&own, |place| is_hit(place).map(usize::from)));
        let counts = correction::ErrorCounts {
            true_positives: binary.count(1, 1),
            false_negatives: binary.count(1, 0),
            true_negatives: binary.count(0, 0),
            false_positives: binary.count(0, 1),
        };
        let (corrected, not_corrected) = match rogan_gladen(clusters, &counts) {
            Ok(corrected) => (Some(corrected), None),
            Err(reason) => (None, Some(reason.to_string())),
        };
        Self::Calibrated(Box::new(Calibrated {
            labels,
            kappa,
            sensitivity: binary.sensitivity(1),
            specificity: binary.specificity(1),
            corrected,
            not_corrected,
        }))
    }

    /// A few words for a tag: "κ 0.78, 450 labels", "uncalibrated".
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
            Self::Calibrated(known) => format!("{}, {} labels", kappa(&known.kappa), known.labels),
        }
    }

    /// The corrected rate with its interval, or nothing.
    pub fn corrected(&self) -> Option<&Corrected> {
        match self {
            Self::Calibrated(known) => known.corrected.as_ref(),
            _ => None,
        }
    }

    /// "12.5 % (8.1–18.9 %)" after correction, or why there is none.
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

/// Agreement of two judges on the same answers, where both use the same scale.
pub(crate) fn judges_agreement(classes: usize, pairs: &[(usize, usize)]) -> (Agreement, Agreement) {
    let ratings = ratings(
        classes,
        (0..)
            .zip(pairs)
            .map(|(cluster, (a, b))| (cluster, vec![Some(*a), Some(*b)])),
    );
    (
        cohen_kappa(&ratings, Weights::Identity, IntervalKind::Score),
        percent_agreement(&ratings, Weights::Identity, IntervalKind::Score),
    )
}

#[cfg(test)]
mod tests;
