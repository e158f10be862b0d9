//! What a model call is for.

use serde::{Deserialize, Serialize};

/// What a model call is for. Recorded with every call, and decides what a failure stops: a
/// target that cannot answer ends its own part of a run, a judge that cannot be asked ends
/// the run, and a helper of a driver ends only the conversations that need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// The deployment under test.
    Target,
    /// A model that a judge asks.
    Judge,
    /// A model that tries to make the target fail.
    Attacker,
    /// A model that plays a patient or another asker.
    Simulator,
    /// A model that writes candidates for probes.
    Generator,
    /// A model that stands between the asker and the target.
    Guard,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 6] = [
        Self::Target,
        Self::Judge,
        Self::Attacker,
        Self::Simulator,
        Self::Generator,
        Self::Guard,
    ];

    /// The word used in journals, events and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Judge => "judge",
            Self::Attacker => "attacker",
            Self::Simulator => "simulator",
            Self::Generator => "generator",
            Self::Guard => "guard",
        }
    }

    /// The purpose with this word; `None` if there is none.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == word)
    }
}
