//! The other program's judges as instruments, and their results as verdicts.
//!
//! A judge has one scale, so its scale is chosen once for the whole file, never row by row.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{
    AnswerOutcome, Compliance, ContentHash, Instrument, Score, Scored, UnscoredReason, Verdict,
    hash_json, measure,
};

use crate::{
    error::ImportError,
    format::Format,
    notes::Notes,
    row::{Judged, Row, Said, Scale},
};

/// Most judges in one file. Each sample has a verdict of each judge.
const MAX_JUDGES: usize = 500;

/// All judges of a file, each with its scale.
pub(crate) struct Instruments {
    judges: BTreeMap<(String, Scale), usize>,
    pub(crate) list: Vec<Instrument>,
}

impl Instruments {
    /// Finds the judges of `rows` and chooses each one's scale.
    pub(crate) fn of(
        path: &Path,
        rows: &[Row],
        format: Format,
        safe_max: u8,
        notes: &mut Notes,
    ) -> Result<Self, ImportError> {
        let mut found: Vec<(&Judged, bool)> = Vec::new();
        let mut judges = BTreeMap::new();
        for judged in rows.iter().flat_map(|row| &row.judged) {
            let index = *judges
                .entry((judged.judge.clone(), judged.scale))
                .or_insert_with(|| {
                    found.push((judged, true));
                    found.len() - 1
                });
            if let Some((_, fits)) = found.get_mut(index) {
                *fits &= fits_scale(judged);
            }
            if found.len() > MAX_JUDGES {
                return Err(ImportError::new(
                    path,
                    format!(
                        "the file holds scores of more than {MAX_JUDGES} judges, the last `{}`",
                        judged.judge
                    ),
                )
                .hint(
                    "a judge has one name in the whole file; look for ids in the judges' names",
                ));
            }
        }
        let mut list: Vec<Instrument> = Vec::new();
        for (judged, fits) in found {
            let measure = match judged.scale {
                Scale::Harm => measure::HARM,
                Scale::HarmIfLevels if fits => measure::HARM,
                Scale::ComplianceIfLabels if fits => measure::REFUSAL,
                _ => measure::RECORDED,
            };
            if measure == measure::HARM {
                notes.say(format!(
                    "The scores of `{}` are read as harmfulness from 1 to 5, of which 1 to \
                     {safe_max} are safe.",
                    judged.judge
                ));
            } else if measure == measure::RECORDED && judged.scale != Scale::Recorded {
                notes.say(format!(
                    "The verdicts of `{}` are on a scale of its own: kept as recorded.",
                    judged.judge
                ));
            }
            list.push(instrument(judged, measure, format, safe_max, &list));
        }
        Ok(Self { judges, list })
    }

    /// One verdict per instrument on `row`, in the order of `list`.
    pub(crate) fn verdicts(&self, row: &Row) -> Vec<(ContentHash, Verdict)> {
        let mut said: Vec<Option<Verdict>> = vec![None; self.list.len()];
        for judged in &row.judged {
            let key = (judged.judge.clone(), judged.scale);
            if let Some(index) = self.judges.get(&key)
                && let (Some(instrument), Some(slot)) =
                    (self.list.get(*index), said.get_mut(*index))
            {
                *slot = Some(verdict(judged, &instrument.measure));
            }
        }
        self.list
            .iter()
            .zip(said)
            .map(|(instrument, said)| {
                let verdict = said.unwrap_or_else(|| silence(row));
                (instrument.hash.clone(), verdict)
            })
            .collect()
    }
}

/// Parses a compliance label of XSTest in the spellings that programs use.
pub(crate) fn compliance(label: &str) -> Option<Compliance> {
    match label
        .trim()
        .to_lowercase()
        .replace(['-', ' '], "_")
        .as_str()
    {
        "comply" | "complied" | "compliance" | "full_compliance" | "1_full_compliance" => {
            Some(Compliance::Comply)
        }
        "partial" | "partial_refusal" | "3_partial_refusal" => Some(Compliance::Partial),
        "refuse" | "refused" | "refusal" | "full_refusal" | "2_full_refusal" => {
            Some(Compliance::Refuse)
        }
        _ => None,
    }
}

/// The harm level, if `value` is exactly 1, 2, 3, 4 or 5.
fn level(value: Option<f64>) -> Option<u8> {
    [1_u8, 2, 3, 4, 5]
        .into_iter()
        .find(|level| value == Some(f64::from(*level)))
}

/// Returns true if a judge's result on one row fits the scale that it may have. A missing
/// result fits.
fn fits_scale(judged: &Judged) -> bool {
    let Said::Score { label, value, .. } = &judged.said else {
        return true;
    };
    let missing = value.is_none_or(f64::is_nan) && label.is_none();
    match judged.scale {
        Scale::Harm => true,
        Scale::HarmIfLevels => missing || level(*value).is_some(),
        Scale::ComplianceIfLabels => label
            .as_deref()
            .is_none_or(|label| compliance(label).is_some()),
        Scale::Recorded => false,
    }
}

fn instrument(
    judged: &Judged,
    measure: &str,
    format: Format,
    safe_max: u8,
    others: &[Instrument],
) -> Instrument {
    let mut id = format!("recorded:{}", judged.judge);
    if others.iter().any(|other| other.id == id) {
        id = format!("{id}:{measure}");
    }
    while others.iter().any(|other| other.id == id) {
        id.push('x');
    }
    let safe_max = (measure == measure::HARM).then_some(safe_max);
    let hash = hash_json("recorded", &(format.as_str(), &id, measure, safe_max));
    Instrument {
        title: format!("{}, as recorded ({format})", judged.judge),
        id: id.into(),
        measure: measure.to_owned(),
        scale: match measure {
            measure::HARM => nocere_core::Scale::harm(safe_max.unwrap_or(2)),
            measure::REFUSAL => nocere_core::Scale::compliance(),
            _ => nocere_core::Scale::recorded(),
        },
        recorded: true,
        version: "recorded".to_owned(),
        model: judged.model.clone(),
        hash,
    }
}

fn verdict(judged: &Judged, measure: &str) -> Verdict {
    let (label, value, passed) = match &judged.said {
        Said::Unscored(reason, detail) => return Verdict::unscored(*reason, detail),
        Said::Score {
            label,
            value,
            passed,
        } => (label.as_deref(), *value, *passed),
    };
    let score = match measure {
        measure::HARM => level(value).map(|level| Score::label(level.to_string())),
        measure::REFUSAL => label
            .and_then(compliance)
            .map(|label| Score::compliance(label, None)),
        _ => recorded(label, value, passed),
    };
    match score {
        Some(score) => Verdict::Scored(Scored::of(score, judged.rationale.clone())),
        None => Verdict::unscored(
            UnscoredReason::JudgeUnreadable,
            match (label, value) {
                (_, Some(value)) => format!("the recorded score is {value}"),
                (Some(label), None) => format!("the recorded label is {label:?}"),
                (None, None) => "no score was recorded".to_owned(),
            },
        ),
    }
}

/// A score on the judge's own scale; `None` if it is NaN or entirely missing.
fn recorded(label: Option<&str>, value: Option<f64>, passed: Option<bool>) -> Option<Score> {
    if value.is_some_and(f64::is_nan) || (label.is_none() && value.is_none() && passed.is_none()) {
        return None;
    }
    let label = match (label, value, passed) {
        (Some(label), ..) => label.to_owned(),
        (None, Some(value), _) => value.to_string(),
        (None, None, passed) => if passed == Some(true) { "pass" } else { "fail" }.to_owned(),
    };
    let value = value.filter(|value| value.is_finite());
    Some(Score::recorded(label, value, passed))
}

/// The verdict for a judge that recorded nothing for this row.
fn silence(row: &Row) -> Verdict {
    match row.transcript.outcome() {
        AnswerOutcome::Failed => {
            Verdict::unscored(UnscoredReason::TargetError, "the recorded call failed")
        }
        AnswerOutcome::Overflow => Verdict::unscored(
            UnscoredReason::TargetOverflow,
            "the recorded conversation did not fit the model's context",
        ),
        _ => Verdict::unscored(
            UnscoredReason::NotApplicable,
            "the recording has no score of this judge here",
        ),
    }
}
