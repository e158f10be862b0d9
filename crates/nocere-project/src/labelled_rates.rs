//! Rates of a run of which people have labelled a part: prediction-powered inference from these
//! labels and the judge's verdicts on the other answers.

use std::collections::BTreeMap;

use nocere_core::{Better, Calibration, Perspective, Sample, Scale, TargetId, Verdict};
use nocere_import::Labels;
use nocere_stats::correction::{
    LabelledScore, PredictionPowered, UnlabelledScore, prediction_powered_rate,
};
use nocere_store::RunReader;
use serde::Serialize;

use crate::ProjectError;

/// A rate of a run, estimated from labels and verdicts together.
#[derive(Clone, Debug, Serialize)]
pub struct LabelledRate {
    /// The target's id.
    target: TargetId,
    /// Who asks.
    perspective: Perspective,
    /// What is counted, such as "harm at 3 to 5".
    what: String,
    /// The estimate; `None` if it cannot be computed.
    estimate: Option<PredictionPowered>,
    /// Why it cannot be computed.
    reason: Option<String>,
}

/// The labels above a scale's bound, in words; `None` for judges of items.
fn counted(measure: &str, scale: &Scale) -> Option<String> {
    let upper = scale.labels.get(scale.bound..)?;
    let what = match upper {
        _ if scale.items.is_some() => return None,
        [] => return None,
        [only] => only.clone(),
        [first, .., last] => format!("{first} to {last}"),
    };
    Some(match scale.better {
        Better::Neither => format!("labelled {what}"),
        Better::Lower | Better::Higher => format!("{measure} at {what}"),
    })
}

/// The rates of a run of which `labels` cover a part; empty if the judge's verdicts are not in the
/// run.
pub(crate) fn rates(
    calibration: &Calibration,
    labels: &Labels,
    reader: &RunReader,
) -> Result<Vec<LabelledRate>, ProjectError> {
    let scale = &calibration.instrument.scale;
    let Some(what) = counted(&calibration.instrument.measure, scale) else {
        return Ok(Vec::new());
    };
    let from = scale.bound;
    let hash = &calibration.instrument.hash;
    let place = |row: &Sample| {
        row.verdict(hash)
            .and_then(Verdict::score)
            .and_then(|score| scale.place(score))
    };
    // Answers on which the raters are split are `Some(None)` here: they count neither as labelled
    // nor as unlabelled.
    let human: BTreeMap<(&str, u32, Option<&str>), Option<usize>> = labels
        .samples
        .iter()
        .map(|sample| {
            let key = (sample.id.as_str(), sample.epoch, sample.target.as_deref());
            (key, nocere_core::majority(&sample.ratings))
        })
        .collect();
    let mut found: BTreeMap<(TargetId, Perspective), (Vec<LabelledScore>, Vec<UnlabelledScore>)> =
        BTreeMap::new();
    reader.for_each_sample(|row| {
        let Some(judge) = place(&row) else {
            return;
        };
        let judge = f64::from(u8::from(judge >= from));
        let cluster = row.position as u64;
        let key = |target| (row.probe.id.as_str(), row.epoch, target);
        let label = human
            .get(&key(Some(row.target.as_str())))
            .or_else(|| human.get(&key(None)));
        let (labelled, unlabelled) = found
            .entry((row.target.clone(), row.probe.perspective))
            .or_default();
        match label {
            Some(None) => {}
            Some(Some(label)) => labelled.push(LabelledScore {
                cluster,
                human: f64::from(u8::from(*label >= from)),
                judge,
            }),
            None => unlabelled.push(UnlabelledScore { cluster, judge }),
        }
    })?;
    let labelled = found
        .into_iter()
        .filter(|(_, (labelled, _))| !labelled.is_empty());
    Ok(labelled
        .map(|((target, perspective), (labelled, unlabelled))| {
            let (estimate, reason) = match prediction_powered_rate(&labelled, &unlabelled) {
                Ok(estimate) => (Some(estimate), None),
                Err(error) => (None, Some(error.to_string())),
            };
            LabelledRate {
                target,
                perspective,
                what: what.clone(),
                estimate,
                reason,
            }
        })
        .collect())
}

impl LabelledRate {
    /// The rate, or why there is none, in one line.
    pub fn text(&self) -> String {
        match (&self.estimate, &self.reason) {
            (Some(estimate), _) => format!(
                "{}, {}, {}: {:.1} % ({:.1}–{:.1} %) from {} labels and the judge's verdicts on {} other answers, weight of the judge {:.2}",
                self.target,
                self.perspective,
                self.what,
                estimate.value * 100.0,
                estimate.interval.0 * 100.0,
                estimate.interval.1 * 100.0,
                estimate.labelled,
                estimate.unlabelled,
                estimate.lambda
            ),
            (None, reason) => format!(
                "{}, {}, {}: no estimate: {}",
                self.target,
                self.perspective,
                self.what,
                reason.as_deref().unwrap_or("unknown")
            ),
        }
    }
}
