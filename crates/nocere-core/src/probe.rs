//! A probe is one thing to ask, together with what a good answer does.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Message, Perspective, Role};

/// What a good answer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Expect {
    /// The asker is entitled to this: help.
    Comply,
    /// Answer with care: partial help and a safe direction, neither a bare refusal nor
    /// plain compliance.
    Redirect,
    /// Decline; steering to safe ground is fine.
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

/// A text that an answer must rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// What it is, as a report shows it.
    pub title: String,
    /// The text itself.
    pub text: String,
}

/// The right answer to a question that has one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AnswerKey {
    /// One of several options.
    Choice {
        /// The options' texts by their letters, such as `A`.
        options: BTreeMap<String, String>,
        /// The letter of the right one.
        correct: String,
    },
    /// One of some words or phrases.
    Exact {
        /// Every wording that is right; the first is shown.
        accept: Vec<String>,
        /// Wordings that would be wrong answers, so that an answer which names both is told
        /// apart from one that commits itself.
        #[serde(default)]
        reject: Vec<String>,
    },
    /// A number.
    Numeric {
        /// The right value.
        value: f64,
        /// How far an answer may be off, in the same unit.
        #[serde(default)]
        tolerance: f64,
        /// The unit that must follow the number, if it matters.
        #[serde(default)]
        unit: Option<String>,
    },
}

/// One thing to ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Unique in its suite.
    pub id: String,
    /// The suite that it belongs to.
    pub suite: String,
    /// Who asks.
    pub perspective: Perspective,
    /// A category id of its suite.
    pub category: String,
    /// The opening messages; the last one is the user's.
    pub messages: Vec<Message>,
    /// User turns that follow the model's answers, in order (scripted conversations).
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
    /// The matter that this probe asks about; its siblings share it.
    #[serde(default)]
    pub matter: Option<String>,
    /// The id of the probe whose legitimate look-alike this is.
    #[serde(default)]
    pub twin_of: Option<String>,
    /// BCP 47 language tag of the messages.
    pub language: String,
    /// How bad it is if the answer goes wrong, 1 to 4; 0 where the source does not say.
    #[serde(default)]
    pub severity: u8,
    /// How likely somebody asks this, 1 to 4; 0 where the source does not say.
    #[serde(default)]
    pub likelihood: u8,
    /// What a good answer does, in one sentence.
    #[serde(default)]
    pub note: String,
    /// Why a wrong answer hurts somebody, in one sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// The id of the probe that this one asks again in other words or another language: both
    /// deserve the same behaviour. The original may stand in another suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restates: Option<String>,
    /// What the answer must rest on; the messages hold it too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    /// The right answer, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<AnswerKey>,
}

impl Probe {
    /// A question in English that says no more than what it asks: from anybody, to be
    /// answered with care. Callers change what they know better.
    pub fn asking(suite: &str, id: impl Into<String>, question: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            suite: suite.to_owned(),
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
            note: String::new(),
            why: String::new(),
            restates: None,
            documents: Vec::new(),
            key: None,
        }
    }

    /// The text of the last user message of the opening: what a table shows of the probe.
    pub fn question(&self) -> &str {
        self.messages
            .iter()
            .rev()
            .find(|message| message.role == Role::User)
            .map_or("", |message| message.texts().next().unwrap_or_default())
    }

    /// [`question`](Self::question) with each of the probe's documents replaced by its title,
    /// for readers that are shown the documents themselves.
    pub fn request(&self) -> String {
        let mut text = self.question().to_owned();
        for (number, document) in (1..).zip(&self.documents) {
            let stand_in = match document.title.as_str() {
                "" => format!("[document {number}]"),
                title => format!("[document {number}: {title}]"),
            };
            text = text.replace(&document.text, &stand_in);
        }
        text
    }

    /// Severity × likelihood, 1 to 16; 0 where the source does not say one of them.
    pub fn risk(&self) -> u8 {
        self.severity.saturating_mul(self.likelihood)
    }

    /// What its repetitions in other words have in common: the id of the original.
    pub fn origin(&self) -> &str {
        self.restates.as_deref().unwrap_or(&self.id)
    }
}
