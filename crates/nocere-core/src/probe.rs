//! A probe is one question or scripted conversation, together with what a good answer does.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Message, Perspective, ProbeId, Role, SuiteId, Transcript};

/// What a good answer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Expect {
    /// Help: the asker is entitled to this.
    Comply,
    /// Answer with care: give partial help and a safe direction, neither a bare refusal nor full
    /// compliance.
    Redirect,
    /// Decline. Offering a safe alternative is fine.
    Refuse,
}

impl Expect {
    /// All expectations, in the order in which reports show them.
    pub const ALL: [Self; 3] = [Self::Comply, Self::Redirect, Self::Refuse];

    /// The word used in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Comply => "comply",
            Self::Redirect => "redirect",
            Self::Refuse => "refuse",
        }
    }
}

impl FromStr for Expect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|expect| expect.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not comply, redirect or refuse"))
    }
}

/// The name of a safe-behaviour check, such as `names-dose`.
pub type CheckId = String;

/// A text that an answer must be based on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Title, as a report shows it; may be empty.
    pub title: String,
    /// The text itself.
    pub text: String,
}

/// The correct answer to a question that has one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AnswerKey {
    /// One of several options is correct.
    Choice {
        /// The options' texts by their letters, such as `A`.
        options: BTreeMap<String, String>,
        /// The letter of the correct option.
        correct: String,
        /// Letters of wrong options that the question itself pushes: a planted reference answer, a
        /// claim of the asker.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pushed: Vec<String>,
    },
    /// One order of steps is correct.
    Order {
        /// The steps' texts by their letters.
        steps: BTreeMap<String, String>,
        /// All letters in the correct order, such as `BDAC`.
        correct: String,
    },
    /// A word or phrase is correct.
    Exact {
        /// All accepted wordings; the first is shown in reports.
        accept: Vec<String>,
        /// Wordings of wrong answers. An answer that contains both an accepted and a rejected
        /// wording commits to neither.
        #[serde(default)]
        reject: Vec<String>,
    },
    /// A number is correct.
    Numeric {
        /// The correct value.
        value: f64,
        /// Largest accepted difference from `value`, in the same unit; 0 for exact.
        #[serde(default)]
        tolerance: f64,
        /// The unit that must follow the number; `None` if any or no unit is accepted.
        #[serde(default)]
        unit: Option<String>,
    },
}

/// What kind of answer a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// One of several options.
    Choice,
    /// An order of steps.
    Order,
    /// Yes or no, perhaps with a third answer.
    YesNo,
    /// A word or phrase.
    Phrase,
    /// A number.
    Number,
    /// Free text, compared with a reference or not at all.
    Text,
}

impl KeyKind {
    /// A phrase for headings.
    pub fn title(self) -> &'static str {
        match self {
            Self::Choice => "choices",
            Self::Order => "orders of steps",
            Self::YesNo => "yes or no",
            Self::Phrase => "a word or phrase",
            Self::Number => "numbers",
            Self::Text => "open answers",
        }
    }
}

impl AnswerKey {
    /// What kind of answer it asks for.
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Choice { .. } => KeyKind::Choice,
            Self::Order { .. } => KeyKind::Order,
            Self::Numeric { .. } => KeyKind::Number,
            Self::Exact { accept, reject } => {
                let has = |word: &str| {
                    let mut all = accept.iter().chain(reject);
                    all.any(|known| known.eq_ignore_ascii_case(word))
                };
                if has("yes") && has("no") {
                    KeyKind::YesNo
                } else {
                    KeyKind::Phrase
                }
            }
        }
    }

    /// The options or steps by their letters; `None` for keys without any.
    pub fn options(&self) -> Option<&BTreeMap<String, String>> {
        match self {
            Self::Choice { options, .. } => Some(options),
            Self::Order { steps, .. } => Some(steps),
            Self::Exact { .. } | Self::Numeric { .. } => None,
        }
    }

    /// The correct answer in words: the text of the correct option, the steps in order, the accepted
    /// wordings, or the number with its tolerance.
    pub fn wording(&self) -> String {
        match self {
            Self::Choice {
                options, correct, ..
            } => options.get(correct).cloned().unwrap_or_default(),
            Self::Order { steps, correct } => {
                let steps = correct
                    .chars()
                    .filter_map(|letter| steps.get(&letter.to_string()));
                let steps: Vec<&str> = steps.map(String::as_str).collect();
                steps.join("; then ")
            }
            Self::Exact { accept, .. } => accept.join(" / "),
            Self::Numeric {
                value,
                tolerance,
                unit,
            } => {
                let unit = unit
                    .as_deref()
                    .map_or_else(String::new, |unit| format!(" {unit}"));
                if *tolerance > 0.0 {
                    format!("{value}{unit} (±{tolerance})")
                } else {
                    format!("{value}{unit}")
                }
            }
        }
    }

    /// The options as a message shows them, one a line: `A. Aspirin`.
    pub fn shown(&self) -> Option<String> {
        let lines = self.options()?.iter();
        let lines: Vec<String> = lines.map(|(at, text)| format!("{at}. {text}")).collect();
        Some(lines.join("\n"))
    }
}

/// How much a point matters to whether an answer is usable (LLMEval-Med, arXiv 2506.04078).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Need {
    /// Without it, the answer is not usable.
    #[default]
    Core,
    /// It makes a good answer better.
    Secondary,
}

impl Need {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde asks for a reference"
    )]
    fn is_core(&self) -> bool {
        *self == Self::Core
    }
}

/// One thing that a good answer to this asker says, or never does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// What it is, in words for people and judges.
    #[serde(flatten)]
    pub rule: PointRule,
    /// Phrases any of which counts as saying it (see [`crate::phrase`]); without any, only people
    /// and models can judge the point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<String>,
    /// Phrases that make a sentence count for nothing: negations, quotations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
    /// How much it matters.
    #[serde(default, skip_serializing_if = "Need::is_core")]
    pub need: Need,
    /// Points that an answer earns (`say`) or loses (`never`) by it, from 1; 0 if the source counts
    /// no points.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub worth: u32,
    /// The kind of quality that it is about, such as `accuracy`; empty if the source names none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub axis: String,
}

impl Point {
    /// A point that is only known in words.
    pub fn of(rule: PointRule) -> Self {
        Self {
            rule,
            counts: Vec::new(),
            unless: Vec::new(),
            need: Need::Core,
            worth: 0,
            axis: String::new(),
        }
    }

    /// What it is, in words.
    pub fn what(&self) -> &str {
        let (PointRule::Say(what) | PointRule::Never(what)) = &self.rule;
        what
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_nothing(value: &u32) -> bool {
    *value == 0
}

/// Whether a point is required or forbidden, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointRule {
    /// A good answer says it.
    Say(String),
    /// A good answer never does it.
    Never(String),
}

/// One of several probes that differ in something which must not change the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Swap {
    /// Name that the probes share.
    pub group: String,
    /// What is swapped, as it is here.
    pub is: String,
}

/// One question or scripted conversation to ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Id, unique in its suite.
    pub id: ProbeId,
    /// Id of its suite.
    pub suite: SuiteId,
    /// Who asks.
    pub perspective: Perspective,
    /// Id of a category of its suite; empty if it has none.
    pub category: String,
    /// Opening messages; the last one is the user's.
    pub messages: Vec<Message>,
    /// User messages to send after the model's answers, in order (scripted conversations).
    #[serde(default)]
    pub follow_ups: Vec<String>,
    /// What a good answer does.
    pub expect: Expect,
    /// Checks whose behaviour a good answer shows.
    #[serde(default)]
    pub must: Vec<CheckId>,
    /// Checks whose behaviour a good answer does not show.
    #[serde(default)]
    pub must_not: Vec<CheckId>,
    /// Name of the matter that it asks about. Probes that ask about the same matter from other
    /// perspectives share it.
    #[serde(default)]
    pub matter: Option<String>,
    /// Id of the unsafe probe that this probe resembles, although it is legitimate itself.
    #[serde(default)]
    pub twin_of: Option<ProbeId>,
    /// BCP 47 language tag of the messages.
    pub language: String,
    /// How bad a wrong answer is, from 1 to 4; 0 if the source does not say.
    #[serde(default)]
    pub severity: u8,
    /// How likely that harm is if the wrong answer is followed, from 1 to 4; 0 if the source does
    /// not say.
    #[serde(default)]
    pub likelihood: u8,
    /// How often such people ask such things, from 1 to 4; 0 if the source does not say.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub frequency: u8,
    /// What a good answer does, in one sentence; may be empty.
    #[serde(default)]
    pub note: String,
    /// How a wrong answer does harm, in one sentence; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Id of the probe that this one restates in other words or another language. Both deserve
    /// the same answer. The original may be in another suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restates: Option<ProbeId>,
    /// Id of the probe that this one asks with its options in another order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_of: Option<ProbeId>,
    /// Documents that the answer must be based on. The messages contain their texts too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    /// The correct answer, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<AnswerKey>,
    /// The medical specialty; empty if the source names none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub specialty: String,
    /// An answer that an expert wrote; empty if there is none. The target does not see it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// What a good answer says, and what it never does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<Point>,
    /// What is swapped, if other probes ask the same of somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swap: Option<Swap>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(value: &u8) -> bool {
    *value == 0
}

impl Probe {
    /// A question in English with neutral defaults: from anyone ([`Perspective::General`]), to be
    /// answered with care ([`Expect::Redirect`]). Callers set what they know better.
    pub fn asking(
        suite: impl Into<SuiteId>,
        id: impl Into<ProbeId>,
        question: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            suite: suite.into(),
            perspective: Perspective::General,
            category: String::new(),
            messages: vec![Message::new(Role::User, question)],
            follow_ups: Vec::new(),
            expect: Expect::Redirect,
            must: Vec::new(),
            must_not: Vec::new(),
            matter: None,
            twin_of: None,
            language: "en".to_owned(),
            severity: 0,
            likelihood: 0,
            frequency: 0,
            note: String::new(),
            why: String::new(),
            restates: None,
            order_of: None,
            documents: Vec::new(),
            key: None,
            specialty: String::new(),
            reference: String::new(),
            points: Vec::new(),
            swap: None,
        }
    }

    /// The text of the last opening message of the user, which represents the probe in tables.
    pub fn question(&self) -> &str {
        self.messages
            .iter()
            .rev()
            .find(|message| message.role == Role::User)
            .map_or("", |message| message.texts().next().unwrap_or_default())
    }

    /// The [`question`](Self::question) with each document replaced by its number and title, for
    /// readers who see the documents separately.
    pub fn request(&self) -> String {
        self.without_documents(self.question())
    }

    /// What was asked in a conversation over this probe, as [`request`](Self::request).
    pub fn asked(&self, transcript: &Transcript) -> String {
        match transcript.asked() {
            Some(message) => self.without_documents(&message.text()),
            None => self.request(),
        }
    }

    fn without_documents(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (number, document) in (1..).zip(&self.documents) {
            let stand_in = match document.title.as_str() {
                "" => format!("[document {number}]"),
                title => format!("[document {number}: {title}]"),
            };
            text = text.replace(&document.text, &stand_in);
        }
        text
    }

    /// The checks that an answer is looked at for: what it must show, then what it must not.
    pub fn checks(&self) -> impl Iterator<Item = &CheckId> {
        self.must.iter().chain(&self.must_not)
    }

    /// Severity × likelihood, from 1 to 16; 0 if the source lacks one of them.
    pub fn risk(&self) -> u8 {
        self.severity.saturating_mul(self.likelihood)
    }

    /// What kind of answer its key asks for; [`KeyKind::Text`] without a key.
    pub fn key_kind(&self) -> KeyKind {
        self.key.as_ref().map_or(KeyKind::Text, AnswerKey::kind)
    }

    /// The id of the original: that of the probe itself unless it restates another.
    pub fn origin(&self) -> &ProbeId {
        self.restates.as_ref().unwrap_or(&self.id)
    }
}
