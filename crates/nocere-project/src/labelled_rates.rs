//! Rates of a run of which people have labelled a part, from these labels and the judge's
//! verdicts on the other answers.

use std::collections::BTreeMap;

use nocere_core::{Calibration, Expect, FigureRow, Perspective, Sample, Scale, TargetId, Verdict};
use nocere_import::{Drawn, Labels};
use nocere_stats::correction::{
    LabelledScore, PredictionPowered, StratifiedRate, Stratum, UnlabelledScore,
    prediction_powered_rate, stratified_rate,
};
use nocere_store::RunReader;
use serde::Serialize;

use crate::ProjectError;

/// A figure of a run, estimated from labels and verdicts together.
#[derive(Clone, Debug, Serialize)]
pub struct LabelledRate {
    /// The target's id.
    target: TargetId,
    /// Who asks.
    perspective: Perspective,
    /// Id of the figure's row.
    figure: String,
    /// The figure's title.
    what: String,
    /// The estimate; `None` if it cannot be computed.
    estimate: Option<RateEstimate>,
    /// Why it cannot be computed.
    reason: Option<String>,
}

/// How a figure was estimated.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "method")]
enum RateEstimate {
    /// Prediction-powered inference from labels drawn at random.
    PredictionPowered(PredictionPowered),
    /// Double sampling from labels drawn by stratum.
    Stratified(StratifiedRate),
}

/// An answer with the judge's label.
struct Read {
    cluster: u64,
    expect: Expect,
    judge: usize,
    human: Option<usize>,
}

/// The figures of a run of which `labels` cover a part, for each figure of the judge's measure
/// with at least one labelled answer; empty for judges of several checks.
pub(crate) fn rates(
    calibration: &Calibration,
    labels: &Labels,
    reader: &RunReader,
    figures: &[FigureRow],
) -> Result<Vec<LabelledRate>, ProjectError> {
    let scale = &calibration.instrument.scale;
    if scale.labels.is_empty() {
        return Ok(Vec::new());
    }
    let figures: Vec<&FigureRow> = figures
        .iter()
        .filter(|figure| figure.measure == calibration.instrument.measure)
        .collect();
    let mut found: BTreeMap<(TargetId, Perspective, usize), Vec<Read>> = BTreeMap::new();
    let human = HumanLabels::of(labels);
    let hash = &calibration.instrument.hash;
    reader.for_each_sample(|row| {
        let score = row.verdict(hash).and_then(Verdict::score);
        let Some(judge) = score.and_then(|score| scale.place(score)) else {
            return;
        };
        let human = match human.of_answer(&row) {
            HumanLabel::Split => return,
            HumanLabel::Given(label) => Some(label),
            HumanLabel::None => None,
        };
        for (number, figure) in figures.iter().enumerate() {
            if figure.applies(&row.probe) {
                let key = (row.target.clone(), row.probe.perspective, number);
                found.entry(key).or_default().push(Read {
                    cluster: row.position as u64,
                    expect: row.probe.expect,
                    judge,
                    human,
                });
            }
        }
    })?;
    let labelled = found
        .into_iter()
        .filter(|(_, answers)| answers.iter().any(|answer| answer.human.is_some()));
    Ok(labelled
        .map(|((target, perspective, number), answers)| {
            let figure = figures[number];
            let (estimate, reason) = match estimate(&answers, figure, scale, labels.drawn) {
                Ok(estimate) => (Some(estimate), None),
                Err(error) => (None, Some(error.to_string())),
            };
            LabelledRate {
                target,
                perspective,
                figure: figure.id.clone(),
                what: figure.title(scale),
                estimate,
                reason,
            }
        })
        .collect())
}

/// What people say of an answer.
enum HumanLabel {
    /// Nobody labelled it.
    None,
    /// The raters are split: it counts neither as labelled nor as unlabelled.
    Split,
    /// The label of most raters.
    Given(usize),
}

/// People's labels by answer.
struct HumanLabels<'a>(BTreeMap<(&'a str, u32, Option<&'a str>), Option<usize>>);

impl<'a> HumanLabels<'a> {
    fn of(labels: &'a Labels) -> Self {
        let labelled = labels.samples.iter().map(|sample| {
            let key = (sample.id.as_str(), sample.epoch, sample.target.as_deref());
            (key, nocere_core::majority(&sample.ratings))
        });
        Self(labelled.collect())
    }

    fn of_answer(&self, row: &Sample) -> HumanLabel {
        let of = |target| (row.probe.id.as_str(), row.epoch, target);
        let known = self.0.get(&of(Some(row.target.as_str())));
        match known.or_else(|| self.0.get(&of(None))) {
            None => HumanLabel::None,
            Some(None) => HumanLabel::Split,
            Some(Some(label)) => HumanLabel::Given(*label),
        }
    }
}

fn estimate(
    answers: &[Read],
    figure: &FigureRow,
    scale: &Scale,
    drawn: Drawn,
) -> Result<RateEstimate, nocere_stats::correction::NoCorrection> {
    let is_hit = |label| figure.is_error_label(scale, label) == Some(true);
    let one_due = answers.windows(2).all(|two| two[0].expect == two[1].expect);
    match drawn {
        Drawn::AtRandom => powered(answers, is_hit),
        // Among answers to which the same is due they are drawn at random.
        Drawn::ByDue if one_due => powered(answers, is_hit),
        Drawn::ByDue => stratified(answers, is_hit, |answer| answer.expect),
        Drawn::ByVerdict => stratified(answers, is_hit, |answer| {
            (answer.expect, Some(answer.judge))
        }),
    }
}

fn powered(
    answers: &[Read],
    is_hit: impl Fn(usize) -> bool,
) -> Result<RateEstimate, nocere_stats::correction::NoCorrection> {
    let score = |label| f64::from(u8::from(is_hit(label)));
    let (mut labelled, mut unlabelled) = (Vec::new(), Vec::new());
    for answer in answers {
        let (cluster, judge) = (answer.cluster, score(answer.judge));
        match answer.human {
            Some(human) => labelled.push(LabelledScore {
                cluster,
                human: score(human),
                judge,
            }),
            None => unlabelled.push(UnlabelledScore { cluster, judge }),
        }
    }
    prediction_powered_rate(&labelled, &unlabelled).map(RateEstimate::PredictionPowered)
}

fn stratified<K: Ord>(
    answers: &[Read],
    is_hit: impl Fn(usize) -> bool,
    stratum_of: impl Fn(&Read) -> K,
) -> Result<RateEstimate, nocere_stats::correction::NoCorrection> {
    #[derive(Default)]
    struct Counts {
        answers: u64,
        labelled: BTreeMap<u64, (u64, u64)>,
    }
    let mut strata: BTreeMap<K, Counts> = BTreeMap::new();
    for answer in answers {
        let counts = strata.entry(stratum_of(answer)).or_default();
        counts.answers += 1;
        if let Some(human) = answer.human {
            let cluster = counts.labelled.entry(answer.cluster).or_default();
            cluster.0 += u64::from(is_hit(human));
            cluster.1 += 1;
        }
    }
    let strata: Vec<Stratum> = strata
        .into_values()
        .map(|counts| Stratum {
            answers: counts.answers,
            labelled: counts.labelled.into_values().collect(),
        })
        .collect();
    stratified_rate(&strata).map(RateEstimate::Stratified)
}

impl LabelledRate {
    /// The rate, or why there is none, in one line.
    pub fn text(&self) -> String {
        let head = format!("{}, {}, {}", self.target, self.perspective, self.what);
        let rate = |value: f64, (low, high): (f64, f64)| {
            format!(
                "{head}: {:.1} % ({:.1}–{:.1} %)",
                value * 100.0,
                low * 100.0,
                high * 100.0
            )
        };
        match (&self.estimate, &self.reason) {
            (Some(RateEstimate::PredictionPowered(of)), _) => format!(
                "{} from {} labels and the judge's verdicts on {} other answers, weight of the judge {:.2}",
                rate(of.value, of.interval),
                of.labelled,
                of.unlabelled,
                of.lambda
            ),
            (Some(RateEstimate::Stratified(of)), _) => format!(
                "{} from {} labels of {} answers, drawn by stratum",
                rate(of.value, of.interval),
                of.labelled,
                of.answers
            ),
            (None, reason) => format!(
                "{head}: no estimate: {}",
                reason.as_deref().unwrap_or("unknown")
            ),
        }
    }
}
