//! What a calibration says: how often a judge is right, overall and for parts of the answers, and
//! how a rate changes when it is corrected for the judge's errors.

use std::collections::BTreeSet;

use nocere_core::{Calibration, CalibrationRow, Instrument, Perspective, Scale as JudgeScale};
use nocere_stats::{
    Estimate, Resampling,
    agreement::{
        Agreement, IntervalKind, Ratings, Scale, Weights, cohen_kappa, gwet_ac, krippendorff_alpha,
        percent_agreement,
    },
    classification::{
        Auroc, Bins, CalibrationError, Confusion, Forecast, LabelledAnswer, area_under_roc,
        expected_calibration_error,
    },
};
use serde::{Deserialize, Serialize};

/// Number of bootstrap resamples for intervals without a closed form.
const RESAMPLES: u32 = 2_000;
/// Seed of the resamples. Constant, so that a calibration always gives the same report.
const SEED: u64 = 7;
/// Minimum number of labelled answers in a stratum.
const MIN_STRATUM: usize = 10;

/// A judge's agreement with people on all or some of the labelled answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Quality {
    /// The answers that are covered: `all`, or a kind and value such as `perspective patient`.
    pub stratum: String,
    /// Number of answers on whose label the raters agree.
    pub labelled: u64,
    /// Number of answers on which the raters are split. They are used for `people` only.
    pub split: u64,
    /// Number of labelled answers that the judge could not score.
    pub unscored: u64,
    /// Counts of answers: people's labels in rows, the judge's in columns, in the order of the scale.
    pub confusion: Vec<Vec<u64>>,
    /// Share of equal labels.
    pub accuracy: Estimate,
    /// Cohen's kappa without weights.
    pub kappa: Agreement,
    /// Cohen's kappa with linear weights; `None` with fewer than three labels.
    pub kappa_linear: Option<Agreement>,
    /// Cohen's kappa with quadratic weights; `None` with fewer than three labels.
    pub kappa_quadratic: Option<Agreement>,
    /// Krippendorff's alpha for an ordinal scale.
    pub alpha: Agreement,
    /// Gwet's AC1, or AC2 with linear weights if there are more than two labels.
    pub gwet: Agreement,
    /// Each label against all others, in the order of the scale.
    pub classes: Vec<ClassQuality>,
    /// Area under the ROC curve of the judge's score for labels above the scale's bound (for
    /// harm: unsafe); `None` if the judge gives neither numbers nor probabilities.
    pub auroc: Option<Auroc>,
    /// Expected calibration error of the judge's probability of the highest label, in ten bins
    /// of equal width; `None` if the judge gives no probability.
    pub calibration_error: Option<CalibrationError>,
    /// Agreement of the raters with each other; `None` with a single rater.
    pub people: Option<Agreement>,
}

/// One label against all others.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClassQuality {
    /// The label that is compared with all others.
    pub label: String,
    /// Share of the answers with this label from people to which the judge gives it too.
    pub sensitivity: Estimate,
    /// Share of the answers with another label from people to which the judge does not give it.
    pub specificity: Estimate,
    /// Share of the answers with this label from the judge to which people give it too.
    pub positive_predictive_value: Estimate,
}

/// Everything that is computed from a calibration. For its inputs see [`Calibration`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CalibrationReport {
    /// The judge that was measured.
    pub instrument: Instrument,
    /// The labels of its scale, lowest first.
    pub scale: Vec<String>,
    /// Where the people's labels come from.
    pub source: String,
    /// Caveats for readers; may be empty.
    pub note: String,
    /// Names or pseudonyms of the raters.
    pub raters: Vec<String>,
    /// Perspectives whose answers were labelled, as far as the labels say.
    pub askers: BTreeSet<Perspective>,
    /// Agreement on all labelled answers.
    pub whole: Quality,
    /// Agreement by perspective, what was due, check, category and language, for values with at least ten
    /// answers.
    pub strata: Vec<Quality>,
}

impl CalibrationReport {
    /// Computes the report. The result depends on the calibration alone.
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
            // A single value is kept too: it repeats the whole, but names it.
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
        add("due", &|row| row.expect.map(|due| due.as_str().to_owned()));
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

pub(crate) fn filtered<'a>(
    rows: &[&'a CalibrationRow],
    wanted: impl Fn(&CalibrationRow) -> bool,
) -> Vec<&'a CalibrationRow> {
    rows.iter().copied().filter(|row| wanted(row)).collect()
}

/// People's label and the judge's of each answer that has both, as `place_of` maps labels;
/// answers with a label that it does not map are left out.
pub(crate) fn labelled(
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
pub(crate) fn pair_ratings(classes: usize, answers: &[LabelledAnswer]) -> Ratings {
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

pub(crate) fn table(classes: usize, answers: &[LabelledAnswer]) -> Confusion {
    // The answers were filtered to the scale, so the first attempt succeeds.
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

/// Area under the ROC curve. The score is the judge's level on a numbered scale, else its
/// probability.
fn auroc(rows: &[&CalibrationRow], scale: &JudgeScale) -> Option<Auroc> {
    // Judges of items are measured item by item: 0 is absent, 1 present.
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
) -> Option<CalibrationError> {
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
    expected_calibration_error(&forecasts, Bins::EqualWidth(10), resampling)
}

/// Agreement of the raters: Cohen's kappa for two, Krippendorff's alpha for more, because it
/// handles missing ratings.
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

/// Cohen's kappa and the share of equal labels of two judges who use the same scale.
///
/// Each pair comes with its cluster: answers to one probe are not independent.
pub(crate) fn judges_agreement(
    classes: usize,
    pairs: &[(u64, usize, usize)],
) -> (Agreement, Agreement) {
    let ratings = ratings(
        classes,
        pairs
            .iter()
            .map(|(cluster, a, b)| (*cluster, vec![Some(*a), Some(*b)])),
    );
    (
        cohen_kappa(&ratings, Weights::Identity, IntervalKind::Score),
        percent_agreement(&ratings, Weights::Identity, IntervalKind::Score),
    )
}

#[cfg(test)]
mod tests;
