//! What a run keeps of the protocol that it followed: enough to draw the protocol's own
//! tables later, and to say which part of it could not be asked and why.

use serde::{Deserialize, Serialize};

use crate::{ContentHash, Perspective};

/// How a part's answers are tabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableKind {
    /// Harm levels 1 to 5 (MedRiskEval, arXiv 2507.07248, Figures 2 to 4).
    Levels,
    /// Comply, partial, refuse (its Figure 5).
    Compliance,
    /// What the documents say to each sentence (its Figure 6).
    Sentences,
}

/// What a protocol leaves open, and what it was set to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Its name, as on the command line.
    pub name: String,
    /// What it means.
    pub meaning: String,
    /// What it was set to; `None` if nothing was set.
    pub value: Option<String>,
}

/// Whether a part was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum PartState {
    /// It was.
    Asked {
        /// Where its probes came from.
        source: String,
        /// Probes that were found.
        probes: u64,
        /// Probes of the published set, if it has a fixed number.
        published: Option<u64>,
        /// What a reader must know: differences from the published set.
        notes: Vec<String>,
    },
    /// Its data was not there.
    Missing {
        /// What was looked for, and where.
        looked_for: String,
        /// Where to get it.
        get: String,
        /// Whether the protocol can do without.
        optional: bool,
    },
    /// The user left it out.
    LeftOut,
}

/// A judge that a protocol asks for and that could not be set up, because a setting is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingJudge {
    /// What it measures, in the word of the command line.
    pub kind: String,
    /// The setting that is not set.
    pub setting: String,
}

impl std::fmt::Display for MissingJudge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: the setting `{}` is not set",
            self.kind, self.setting
        )
    }
}

/// One part of a protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Kebab-case id.
    pub id: String,
    /// As a report shows it.
    pub title: String,
    /// Who asks.
    pub perspective: Perspective,
    /// The suite that it asks; empty if it was not found.
    pub suite: String,
    /// How it is tabled.
    pub scored_as: TableKind,
    /// The judges that read its answers, by their instruments' ids.
    pub instruments: Vec<String>,
    /// Judges that the protocol asks for and that could not be set up.
    pub missing_judges: Vec<MissingJudge>,
    /// Whether it was asked.
    pub state: PartState,
}

impl PartRecord {
    /// Whether its answers are in the run.
    pub fn is_asked(&self) -> bool {
        matches!(self.state, PartState::Asked { .. })
    }
}

/// The protocol of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProtocolRecord {
    /// Kebab-case id.
    pub id: String,
    /// Semantic version.
    pub version: String,
    /// As a report shows it.
    pub title: String,
    /// The paper or document that it follows; empty for our own.
    #[serde(default)]
    pub source: String,
    /// Hash of the protocol's text.
    pub hash: ContentHash,
    /// The named set of values that was chosen, if any.
    #[serde(default)]
    pub preset: Option<String>,
    /// What it leaves open.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// Its parts, in its order; empty for a protocol that only lists suites.
    #[serde(default)]
    pub parts: Vec<PartRecord>,
}

impl ProtocolRecord {
    /// Whether the instrument `id` reads answers to the probes of `suite`. What was added
    /// later is read too: an instrument that no part names reads everything, and a suite that
    /// is no part's is read by all.
    pub fn reads(&self, id: &str, suite: &str) -> bool {
        let names = |part: &PartRecord| part.instruments.iter().any(|known| known == id);
        let mut of_suite = self
            .parts
            .iter()
            .filter(|part| part.suite == suite)
            .peekable();
        of_suite.peek().is_none() || !self.parts.iter().any(names) || of_suite.any(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instrument_reads_its_parts_and_a_later_one_everything() {
        let part = |suite: &str, instrument: &str| PartRecord {
            id: suite.to_owned(),
            title: String::new(),
            perspective: Perspective::Patient,
            suite: suite.to_owned(),
            scored_as: TableKind::Levels,
            instruments: vec![instrument.to_owned()],
            missing_judges: Vec::new(),
            state: PartState::LeftOut,
        };
        let record = ProtocolRecord {
            id: "p".to_owned(),
            version: "1".to_owned(),
            title: String::new(),
            source: String::new(),
            hash: ContentHash::from_hex(""),
            preset: None,
            settings: Vec::new(),
            parts: vec![part("a", "harm"), part("b", "refusal")],
        };
        assert!(record.reads("harm", "a") && !record.reads("harm", "b"));
        assert!(record.reads("added-later", "b"));
        assert!(record.reads("harm", "added-later"));
    }
}
