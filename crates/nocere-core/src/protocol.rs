//! What a run keeps of the protocol that it followed: enough to draw the protocol's own
//! tables later, and to say which part of it could not be asked and why.

use serde::{Deserialize, Serialize};

use crate::{ContentHash, Perspective};

/// A column of a protocol's table that adds up several labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableColumn {
    /// As a report heads it.
    pub title: String,
    /// The labels that it adds up.
    pub labels: Vec<String>,
}

/// What a protocol leaves open, and what it was set to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartRecord {
    /// Kebab-case id.
    pub id: String,
    /// As a report shows it.
    pub title: String,
    /// Who asks.
    pub perspective: Perspective,
    /// The suite that it asks; empty if it was not found.
    pub suite: String,
    /// What its table shows: the measure of the judges that fill it.
    pub measure: String,
    /// Columns beside those of the single labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<TableColumn>,
    /// The column, or the label, by which published models are summed up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
            measure: "harm".to_owned(),
            columns: Vec::new(),
            headline: None,
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
