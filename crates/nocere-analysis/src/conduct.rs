//! How a target behaved besides answering: what was lost, which models answered, and what the
//! server did to requests.

use std::collections::BTreeMap;

use nocere_core::{AnswerOutcome, Remark, Transcript, UnscoredReason, text::plural};

use crate::run_report::{AnswersTook, RemarkCount, RunReport, ServedModel, TargetReport};

/// Most models and remarks that are counted one by one for each target: a hostile server could
/// name a new one in each reply.
const MOST: usize = 50;

/// Counts of one target.
#[derive(Default)]
pub(crate) struct Conduct {
    served: BTreeMap<(String, Option<String>), u64>,
    remarks: BTreeMap<Remark, u64>,
    took: AnswersTook,
}

impl Conduct {
    pub(crate) fn add(&mut self, transcript: &Transcript) {
        for facts in transcript
            .turns
            .iter()
            .filter_map(|turn| turn.answer.as_ref())
        {
            self.took.answers += 1;
            self.took.latency_ms += facts.latency_ms;
            self.took.tokens += facts.usage.total();
            let is_guarded = |remark: &Remark| matches!(remark, Remark::Guarded { .. });
            self.took.guarded += u64::from(facts.remarks.iter().any(is_guarded));
            if let Some(model) = &facts.served_model {
                let key = (model.clone(), facts.system_fingerprint.clone());
                if self.served.len() < MOST || self.served.contains_key(&key) {
                    *self.served.entry(key).or_default() += 1;
                }
            }
            for remark in &facts.remarks {
                // How much of a prompt was read differs each time; what counts is that it was cut.
                let remark = match remark {
                    Remark::PromptCut { .. } => Remark::PromptCut { read: 0 },
                    other => other.clone(),
                };
                if self.remarks.len() < MOST || self.remarks.contains_key(&remark) {
                    *self.remarks.entry(remark).or_default() += 1;
                }
            }
        }
    }

    pub(crate) fn took(&self) -> AnswersTook {
        self.took
    }

    pub(crate) fn served(&self) -> Vec<ServedModel> {
        self.served
            .iter()
            .map(|((model, fingerprint), answers)| ServedModel {
                model: model.clone(),
                fingerprint: fingerprint.clone(),
                answers: *answers,
            })
            .collect()
    }

    pub(crate) fn remarks(&self) -> Vec<RemarkCount> {
        self.remarks
            .iter()
            .map(|(remark, answers)| RemarkCount {
                remark: remark.clone(),
                answers: *answers,
            })
            .collect()
    }
}

impl RunReport {
    /// Why an unfinished run is unfinished, as far as calls failed: a line for each model. Hostile
    /// text.
    pub fn trouble_lines(&self) -> Vec<String> {
        if !self.unfinished() {
            return Vec::new();
        }
        let lines = self.troubles.iter().map(|trouble| {
            format!(
                "{}: {} failed between {} and {}; the last one: {}",
                trouble.model,
                plural(trouble.attempts, "attempt"),
                trouble.first,
                trouble.last,
                trouble.problem
            )
        });
        lines.collect()
    }

    /// How many samples people struck out, and the reasons; `None` if there are none. Hostile
    /// text.
    pub fn struck_line(&self) -> Option<String> {
        if self.struck.is_empty() {
            return None;
        }
        let mut reasons: Vec<&str> = Vec::new();
        for struck in &self.struck {
            if !reasons.contains(&struck.reason.as_str()) && reasons.len() < 5 {
                reasons.push(&struck.reason);
            }
        }
        let number = self.struck.len() as u64;
        Some(format!(
            "{} struck out by hand, and no figure counts {}: {}.",
            plural(number, "sample"),
            if number == 1 { "it" } else { "them" },
            reasons.join("; ")
        ))
    }

    /// What failed more often than `max` allows, a share in [0, 1]: one sentence for each target
    /// whose conversations failed, and for each judge whose calls did.
    pub fn failed_beyond(&self, max: f64) -> Vec<String> {
        let mut beyond: Vec<String> = self
            .targets
            .iter()
            .filter(|target| target.failed_share() > max)
            .map(|target| {
                format!(
                    "{} of {} with {} failed",
                    target.failed(),
                    plural(target.samples, "conversation"),
                    target.id
                )
            })
            .collect();
        let samples: u64 = self.targets.iter().map(|target| target.samples).sum();
        for (judge, reason, count) in &self.unscored {
            let failed = *reason == UnscoredReason::JudgeError;
            if failed && *count as f64 > max * samples as f64 {
                beyond.push(format!(
                    "{judge} could not be asked about {count} of {samples}"
                ));
            }
        }
        beyond
    }
}

impl TargetReport {
    fn count(&self, wanted: &[AnswerOutcome]) -> u64 {
        let outcomes = self.outcomes.iter();
        outcomes
            .filter(|(outcome, _)| wanted.contains(outcome))
            .map(|(_, count)| count)
            .sum()
    }

    /// Number of conversations that failed: the call failed, or the answer ended for a reason
    /// that does not say that it is whole.
    pub fn failed(&self) -> u64 {
        self.count(&[AnswerOutcome::Failed, AnswerOutcome::Unfinished])
    }

    /// Number of conversations that the provider's filter ended.
    pub fn filtered(&self) -> u64 {
        self.count(&[AnswerOutcome::Filtered])
    }

    /// Share of conversations that failed, in [0, 1].
    pub fn failed_share(&self) -> f64 {
        self.failed() as f64 / (self.samples.max(1)) as f64
    }

    /// What a reader must know before the figures, one sentence each: what was lost, who else
    /// answered, and what the server did to requests. Hostile text.
    pub fn warnings(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let (failed, filtered) = (self.failed(), self.filtered());
        if failed + filtered > 0 {
            let share = 100.0 * (failed + filtered) as f64 / self.samples.max(1) as f64;
            lines.push(format!(
                "{failed} of {} failed and {filtered} were filtered ({share:.1} %): no figure says anything about them.{}",
                plural(self.samples, "conversation"),
                self.worst_cases()
            ));
        }
        lines.extend(self.served_warning());
        for RemarkCount { remark, answers } in self.remarks.clone() {
            let answers = plural(answers, "answer");
            lines.push(match &remark {
                Remark::PromptCut { .. } => format!(
                    "The server read less than the whole prompt of {answers}: it has cut them to its context."
                ),
                Remark::SystemFolded => format!(
                    "The chat template has no place for a system prompt: for {answers} it stood at the beginning of the first message."
                ),
                Remark::ThoughtsUnsure => format!(
                    "{answers} contained a reasoning tag in the middle of the text: the reasoning may not have been separated from the answer correctly."
                ),
                Remark::Guarded { guard, action } => {
                    format!("The guard `{guard}` {} of {answers}.", action.as_str())
                }
                Remark::FieldDropped {
                    field,
                    instead: Some(instead),
                } => format!(
                    "The server refused the field `{field}`: {answers} were asked for with `{instead}` in its place."
                ),
                Remark::FieldDropped { field, .. } => format!(
                    "The server refused the field `{field}`: {answers} were asked for without it."
                ),
            });
        }
        lines
    }

    /// The rates that the figures would have if all that was not scored had gone either way.
    fn worst_cases(&self) -> String {
        let mut cases = Vec::new();
        for perspective in &self.perspectives {
            for figure in &perspective.figures {
                if let Some((low, high)) = figure.bounds() {
                    cases.push(format!(
                        "{}, {}: {:.1}–{:.1} %",
                        perspective.perspective,
                        figure.title.to_lowercase(),
                        low * 100.0,
                        high * 100.0
                    ));
                }
            }
        }
        let more = cases.len().saturating_sub(4);
        cases.truncate(4);
        if cases.is_empty() {
            return String::new();
        }
        let tail = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        format!(
            " Had all that is unscored gone one way or the other, the rates would lie within {}{tail}.",
            cases.join("; ")
        )
    }

    fn served_warning(&self) -> Option<String> {
        if self.served.len() < 2 {
            return None;
        }
        let mut named: Vec<String> = self
            .served
            .iter()
            .take(6)
            .map(|served| match &served.fingerprint {
                Some(fingerprint) => {
                    format!("{} ({fingerprint}) {} times", served.model, served.answers)
                }
                None => format!("{} {} times", served.model, served.answers),
            })
            .collect();
        if self.served.len() > named.len() {
            named.push(format!("{} more", self.served.len() - named.len()));
        }
        Some(format!(
            "More than one model answered in this target's name, and the figures mix them: {}.",
            named.join(", ")
        ))
    }
}
