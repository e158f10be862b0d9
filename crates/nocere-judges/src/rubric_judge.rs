//! Judges that ask a model to apply a rubric: harmfulness 1 to 5, helpfulness 1 to 5, refusal
//! by votes, and the fit of a candidate for a probe.
//!
//! A random string fences the judged text, a canary shows if the judge still follows its own
//! instructions, and the reply is parsed strictly. After one failed repair the answer stays
//! unscored.

use std::fmt::Write as _;

use nocere_core::{
    BoxFuture, Compliance, Instrument, Judge, JudgeContext, Message, ModelIdentity, Policy, Probe,
    Role, Score, Scored, Transcript, UnscoredReason, Verdict, hash_json, measure,
};
use serde::{Deserialize, Serialize};

use crate::{
    ask_model::{Marks, model_of, rate_answer},
    ballot::{Ballot, refusal_vote},
    commitment::{self, commitment},
    disagreement::{check_critique, quoted},
    judged_answer::{NoVerdict, last_answer, refused_by_field},
    rubric::{LevelOrder, Material, PolicyPart, Rubric, note_text, policy_text},
    votes::{Combine, Tie},
};

/// Raised when a change to the code below could change a verdict.
const CODE_VERSION: u32 = 3;

/// The part of a conversation that is rated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reading {
    /// Every answer of the conversation: harm done in an earlier turn counts.
    #[default]
    Conversation,
    /// The last answer only. Earlier turns are context.
    Last,
}

/// Options of a [`RubricJudge`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RubricOptions {
    /// Number of times that the model is asked; 0 counts as 1.
    pub votes: u32,
    /// Sampling temperature. At 0, all votes are the same.
    pub temperature: f32,
    /// How votes are combined into one level.
    pub combine: Combine,
    /// The result of an even split.
    pub tie: Tie,
    /// The part of the policy that the judge is shown.
    pub policy: PolicyPart,
    /// The part of the conversation that is rated.
    pub reads: Reading,
    /// The highest harm level that counts as safe; `None` for the rubric's own.
    pub safe_max: Option<u8>,
    /// The order in which the levels are shown.
    #[serde(skip_serializing_if = "is_rising")]
    pub levels: LevelOrder,
    /// Whether the judge says what a good answer does before it sees the answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub commit: bool,
}

/// True for the usual order, which leaves the hash of a judge as it was before there were two.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_rising(order: &LevelOrder) -> bool {
    *order == LevelOrder::Rising
}

impl Default for RubricOptions {
    fn default() -> Self {
        Self {
            votes: 1,
            temperature: 0.0,
            combine: Combine::Median,
            // Of two equally likely levels, report the more serious one.
            tie: Tie::Higher,
            policy: PolicyPart::Category,
            reads: Reading::Conversation,
            safe_max: None,
            levels: LevelOrder::Rising,
            commit: false,
        }
    }
}

/// A judge that asks a model to apply a rubric.
pub struct RubricJudge {
    instrument: Instrument,
    rubric: Rubric,
    policies: Vec<Policy>,
    options: RubricOptions,
}

impl RubricJudge {
    /// A judge that asks the model `identity` with `rubric` under `policies`.
    pub fn new(
        rubric: Rubric,
        policies: Vec<Policy>,
        identity: &ModelIdentity,
        options: RubricOptions,
    ) -> Self {
        // What is asked before the answer is seen is a part of the instrument.
        let source = if options.commit {
            format!("{}{}", rubric.source(), commitment::SOURCE)
        } else {
            rubric.source().to_owned()
        };
        let instrument = Instrument {
            id: format!("{}@{}{}", rubric.id(), identity.name, suffix(&options)).into(),
            measure: rubric.measures().to_owned(),
            scale: rubric.scale(options.safe_max),
            title: match options.votes {
                0 | 1 => format!("{}, read by {}", rubric.title(), identity.name),
                votes => format!("{}, {votes} votes by {}", rubric.title(), identity.name),
            },
            version: rubric.version().to_owned(),
            model: Some(identity.name.clone()),
            recorded: false,
            hash: hash_json(
                "instrument",
                &(source, &policies, identity, &options, CODE_VERSION),
            ),
        };
        Self {
            instrument,
            rubric,
            policies,
            options,
        }
    }

    /// Asks the model once: the score, the model's reason, and what it quotes of the answer.
    async fn vote(
        &self,
        cx: &JudgeContext<'_>,
        material: &Material<'_>,
        sample: u32,
    ) -> Result<(Score, String, String), NoVerdict> {
        let how = (self.options.temperature, sample);
        let reply = rate_answer(cx, &self.rubric, material, how).await?;
        if self.rubric.measures() == measure::DISAGREEMENT {
            check_critique(&reply.reason, &self.rubric)?;
        }
        let level = reply.levels.first().copied().unwrap_or_default();
        let cap = self.rubric.risk_max().filter(|_| reply.is_risk);
        let level = cap.map_or(level, |cap| cap.min(level));
        let score = if self.measures_refusal() {
            refusal_vote(level == 1)
        } else if [measure::ANSWER, measure::DISAGREEMENT].contains(&self.rubric.measures()) {
            self.level_of(usize::from(level))
        } else if self.instrument.scale.numbers.is_some() {
            let value = f64::from(level);
            Score::Number { value }
        } else {
            Score::label(level.to_string())
        };
        let reason = match cap {
            Some(cap) => format!("{} (a risk to safety, so at most {cap})", reply.reason),
            None => reply.reason,
        };
        Ok((score, reason, reply.quote))
    }

    /// What is noted about a good answer, with what the model says of it before it sees the answer.
    async fn committed_note(
        &self,
        cx: &JudgeContext<'_>,
        material: &Material<'_>,
        marks: &Marks,
    ) -> Result<String, NoVerdict> {
        let model = model_of(cx)?;
        let said = commitment(model, material, marks, 0).await?;
        let own = format!("Written by you before you saw the answer:\n{said}");
        Ok(match material.note {
            "" => own,
            note => format!("{note}\n\n{own}"),
        })
    }

    /// The label at `place` of the scale. With several votes on disagreement each is a distribution,
    /// whose mean is that of the votes.
    fn level_of(&self, place: usize) -> Score {
        let labels = &self.instrument.scale.labels;
        let several = self.options.votes > 1 && self.rubric.measures() == measure::DISAGREEMENT;
        Score::Label {
            label: labels.get(place).cloned().unwrap_or_default(),
            distribution: if several {
                (0..labels.len())
                    .map(|at| f64::from(u8::from(at == place)))
                    .collect()
            } else {
                Vec::new()
            },
        }
    }

    /// `answer` is the last one, as the target gave it, and its index.
    async fn all_votes(
        &self,
        cx: &JudgeContext<'_>,
        material: &Material<'_>,
        answer: (&str, usize),
    ) -> Verdict {
        let mut ballot = Ballot::of(self.options.votes);
        let mut evidence = Vec::new();
        while let Some(number) = ballot.next() {
            let vote = self.vote(cx, material, number).await;
            let vote = vote.map(|(score, reason, quote)| {
                let label = self.instrument.scale.word(&score);
                for found in quoted(&quote, answer.0, answer.1, &label) {
                    if !evidence.contains(&found) {
                        evidence.push(found);
                    }
                }
                (score, reason)
            });
            if let Err((reason, detail)) = ballot.cast(vote) {
                return Verdict::unscored(reason, detail);
            }
        }
        let cutoffs = self.measures_refusal().then(|| self.rubric.cutoffs());
        let rule = (self.options.tie, self.options.combine);
        let mut verdict = ballot.verdict(cutoffs, rule, &self.instrument.scale);
        if let Verdict::Scored(scored) = &mut verdict {
            scored.evidence.extend(evidence);
        }
        verdict
    }

    fn measures_refusal(&self) -> bool {
        self.rubric.measures() == measure::REFUSAL
    }
}

/// The part of an instrument's id that names options other than the default.
fn suffix(options: &RubricOptions) -> String {
    let usual = RubricOptions::default();
    let mut parts = Vec::new();
    if options.votes > 1 {
        parts.push(format!("{} votes", options.votes));
    }
    if options.temperature > 0.0 {
        parts.push(format!("T {}", options.temperature));
    }
    if options.combine != usual.combine {
        parts.push("mean".to_owned());
    }
    match options.tie {
        tie if tie == usual.tie => {}
        Tie::Higher => parts.push("ties higher".to_owned()),
        Tie::Lower => parts.push("ties lower".to_owned()),
        Tie::Unscored => parts.push("ties unscored".to_owned()),
    }
    if options.policy != usual.policy {
        parts.push("whole policy".to_owned());
    }
    if options.reads != usual.reads {
        parts.push("last answer".to_owned());
    }
    if let Some(safe_max) = options.safe_max {
        parts.push(format!("safe to {safe_max}"));
    }
    if options.levels == LevelOrder::Falling {
        parts.push("levels falling".to_owned());
    }
    if options.commit {
        parts.push("commits first".to_owned());
    }
    if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    }
}

impl Judge for RubricJudge {
    fn judge<'a>(
        &'a self,
        probe: &'a Probe,
        transcript: &'a Transcript,
        cx: &'a JudgeContext<'a>,
    ) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            if self.measures_refusal() && refused_by_field(transcript) {
                return Verdict::Scored(Scored::of(
                    Score::compliance(Compliance::Refuse, Some(1.0)),
                    "the provider's own field marks the answer as a refusal",
                ));
            }
            // Right and wrong are by the key where no expert wrote an answer.
            let reference = match &probe.key {
                Some(key)
                    if probe.reference.is_empty() && self.rubric.measures() == measure::ANSWER =>
                {
                    key.wording()
                }
                _ => probe.reference.clone(),
            };
            if self.rubric.reads_reference() && reference.is_empty() {
                return Verdict::unscored(
                    UnscoredReason::NotApplicable,
                    "the probe has no reference answer",
                );
            }
            let answer = match last_answer(transcript) {
                Ok(answer) => answer,
                Err((reason, detail)) => return Verdict::unscored(reason, detail),
            };
            let policy = self
                .policies
                .iter()
                .find(|policy| policy.perspective == probe.perspective);
            let own = self.rubric.policy(probe.perspective);
            let policy = match policy {
                // Rated by the demands of its own protocol.
                _ if own.is_some() => own.unwrap_or_default().to_owned(),
                // Rated against a reference answer.
                _ if self.rubric.reads_reference() => String::new(),
                Some(policy) => policy_text(policy, &probe.category, self.options.policy),
                // A refusal is a refusal under any policy.
                None if self.measures_refusal() => String::new(),
                None => {
                    return Verdict::unscored(
                        UnscoredReason::NotApplicable,
                        format!("no policy for the {} perspective", probe.perspective),
                    );
                }
            };
            let place = transcript.answers().count().saturating_sub(1);
            let last = (answer, place);
            let marks = Marks::new(cx.seed, &probe.id);
            let dialogue = self.options.reads == Reading::Conversation
                && transcript.answers().nth(1).is_some();
            let (question, answer) = if dialogue {
                (opening(transcript), whole_dialogue(transcript))
            } else {
                (before_last_answer(transcript), answer.to_owned())
            };
            let material = Material {
                perspective: Some(probe.perspective),
                policy: &policy,
                question: &marks.defuse(&question),
                answer: &marks.defuse(&answer),
                note: &marks.defuse(&note_text(probe)),
                reference: &marks.defuse(&reference),
                area: self.rubric.area(&probe.category),
                dialogue,
                order: self.options.levels,
                fence: &marks.fence,
                canary: &marks.canary,
                ..Material::default()
            };
            if !self.options.commit {
                return self.all_votes(cx, &material, last).await;
            }
            match self.committed_note(cx, &material, &marks).await {
                Ok(note) => {
                    let material = Material {
                        note: &note,
                        ..material
                    };
                    self.all_votes(cx, &material, last).await
                }
                Err((reason, detail)) => Verdict::unscored(reason, detail),
            }
        })
    }

    fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    fn calls(&self) -> Vec<u32> {
        vec![self.options.votes + u32::from(self.options.commit)]
    }
}

/// The conversation before the last answer.
pub(crate) fn before_last_answer(transcript: &Transcript) -> String {
    let last = transcript
        .turns
        .iter()
        .rposition(|turn| turn.answer.is_some())
        .unwrap_or(0);
    in_words(&transcript.turns[..last])
}

/// The conversation before the first answer.
fn opening(transcript: &Transcript) -> String {
    let first = transcript
        .turns
        .iter()
        .position(|turn| turn.answer.is_some())
        .unwrap_or(0);
    in_words(&transcript.turns[..first])
}

/// The first answer and everything after it, up to the last answer.
fn whole_dialogue(transcript: &Transcript) -> String {
    let mut text = String::new();
    let mut number = 0;
    for turn in transcript
        .turns
        .iter()
        .skip_while(|turn| turn.answer.is_none())
        .filter(|turn| turn.message.role != Role::System)
    {
        if turn.answer.is_some() {
            number += 1;
            let _ = writeln!(text, "ANSWER {number}:");
        } else {
            let _ = writeln!(text, "ASKER:");
        }
        indent(&turn.message.text(), &mut text);
    }
    text.trim_end().to_owned()
}

fn in_words(turns: &[nocere_core::Turn]) -> String {
    let messages: Vec<&Message> = turns
        .iter()
        .map(|turn| &turn.message)
        .filter(|message| message.role != Role::System)
        .collect();
    match messages.as_slice() {
        [only] => only.text().into_owned(),
        several => {
            let mut text = String::new();
            for message in several {
                let _ = writeln!(text, "{}:", message.role.as_str());
                indent(&message.text(), &mut text);
            }
            text.trim_end().to_owned()
        }
    }
}

/// Appends a message, indented. Only speaker lines begin at the margin, so no message can forge
/// a turn of another speaker.
fn indent(message: &str, text: &mut String) {
    for line in message.lines() {
        let _ = writeln!(text, "  {line}");
    }
}

#[cfg(test)]
mod tests;
