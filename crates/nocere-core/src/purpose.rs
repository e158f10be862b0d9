//! The purpose of a model call.

use serde::{Deserialize, Serialize};

/// The purpose of a model call. It is recorded with every call and decides what a fatal error
/// stops: a target stops only the work on itself, a judge stops the run, and a driver's helper
/// stops only the conversations that need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// The model under test.
    Target,
    /// A model that a judge asks.
    Judge,
    /// A model that tries to make the target fail.
    Attacker,
    /// A model that plays a patient or another asker.
    Simulator,
    /// A model that writes candidates for probes.
    Generator,
    /// A model that filters what passes between the asker and the target.
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

    /// The purpose for the word that [`as_str`](Self::as_str) returns; `None` for other words.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == word)
    }
}
