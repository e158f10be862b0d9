//! What an attack did to lead a conversation, apart from the conversation itself.

use serde::{Deserialize, Serialize};

use crate::Usage;

/// One conversation that an attack tried. The best one is the transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// What the target was asked last in it. Hostile.
    pub asked: String,
    /// How far the answer gave way by the attack's own scorer, from 0 (declined) to 1 (did what
    /// was asked); `None` if it could not tell, or the target did not answer.
    pub score: Option<f64>,
    /// Id of the attack that led it, if the attack is a search through others; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

/// Whether the words that were sent still ask what the probe asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Intent {
    /// They ask the same.
    Same,
    /// Nobody could tell.
    Unclear,
    /// They ask something else: the answer says nothing about the probe.
    Drifted,
}

impl Intent {
    /// The word used in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Drifted => "drifted",
            Self::Unclear => "unclear",
        }
    }
}

/// What an attack did and spent, beyond what its transcript shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AttackFacts {
    /// The conversations that were tried, in order; empty if there was only this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// Number of answers of the target, in all attempts together.
    #[serde(default)]
    pub target_calls: u32,
    /// Tokens of these answers.
    #[serde(default)]
    pub target_usage: Usage,
    /// Number of replies of the attacker.
    #[serde(default)]
    pub attacker_calls: u32,
    /// Tokens of the attacker's replies.
    #[serde(default)]
    pub attacker_usage: Usage,
    /// Replies of the attacker that were not in the form that the attack asks for.
    #[serde(default)]
    pub out_of_form: u32,
    /// Number of answers that the attack took back to try another way.
    #[serde(default)]
    pub taken_back: u32,
    /// Whether rewritten words still ask the same; `None` if the probe's own words were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// Whether an answer obeyed the order that the attack planted; `None` if it planted none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obeyed: Option<bool>,
    /// Messages of a played asker that stayed in role, and all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_role: Option<(u32, u32)>,
}

impl AttackFacts {
    /// Adds what another part of the same attack spent.
    pub fn add(&mut self, other: &Self) {
        self.target_calls += other.target_calls;
        self.target_usage += other.target_usage;
        self.attacker_calls += other.attacker_calls;
        self.attacker_usage += other.attacker_usage;
        self.out_of_form += other.out_of_form;
        self.taken_back += other.taken_back;
    }
}
