//! The record that a run keeps of its protocol: enough to draw the protocol's tables later, and
//! to say which of its parts could not be asked and why.

use serde::{Deserialize, Serialize};

use crate::{ContentHash, JudgeId, Perspective, SuiteId};

/// A column of a protocol's table that sums several labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableColumn {
    /// Heading in reports.
    pub title: String,
    /// The labels that it sums.
    pub labels: Vec<String>,
}

/// A choice that a protocol leaves open, and what was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Setting {
    /// Name of the setting, as on the command line.
    pub name: String,
    /// What the setting decides, for people.
    pub meaning: String,
    /// The chosen value; `None` if it was left open.
    pub value: Option<String>,
}

/// Whether a part was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PartState {
    /// It was asked.
    Asked {
        /// Where its probes came from, such as a file or the built-in suites.
        source: String,
        /// Number of probes found.
        probes: u64,
        /// Number of probes in the published set, if that is fixed.
        published: Option<u64>,
        /// Caveats for readers, such as differences from the published set.
        notes: Vec<String>,
    },
    /// Its data was not found.
    Missing {
        /// What was looked for, and where.
        looked_for: String,
        /// Where to get the data.
        get: String,
        /// Whether the protocol works without it.
        optional: bool,
    },
    /// The user excluded it.
    LeftOut,
}

/// A judge that a protocol requires but that could not be set up, because a setting is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MissingJudge {
    /// What it measures, such as `harm`.
    pub kind: String,
    /// Name of the open setting.
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
    /// Id of the suite that it asks; empty if the data was not found.
    pub suite: SuiteId,
    /// The measure that its table shows, such as `harm`.
    pub measure: String,
    /// Columns that its table has in addition to one column per label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<TableColumn>,
    /// Title of the column, or the label, that summarises published models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// True if it has a table for each expectation, so that legitimate look-alikes do not dilute the
    /// figures of the requests that they resemble.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_expectation: bool,
    /// True if it has a table for each kind of key: choices, yes or no, and so on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_key: bool,
    /// True if it withholds something that its probes show (an image, the question, the options). Its
    /// answers are in its own tables and contrasts only, not in the figures over the whole run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withholds: bool,
    /// Ids of the instruments that judge its answers.
    pub instruments: Vec<JudgeId>,
    /// Judges that the protocol requires but that could not be set up.
    pub missing_judges: Vec<MissingJudge>,
    /// Whether it was asked, and if not, why.
    pub state: PartState,
}

impl PartRecord {
    /// True if the part was asked, so that its answers are in the run.
    pub fn is_asked(&self) -> bool {
        matches!(self.state, PartState::Asked { .. })
    }
}

/// What the figure of a group is taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RollupMean {
    /// All answers of the group: categories with more probes weigh more.
    #[default]
    Answers,
    /// The plain mean of the group's categories.
    Categories,
}

/// Categories that a protocol reports as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RollupGroup {
    /// Heading in reports.
    pub title: String,
    /// Ids of its categories. In a protocol's file, `mk-*` names all whose ids begin so.
    pub categories: Vec<String>,
}

/// A table that sums a protocol's categories in groups, and these in one figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rollup {
    /// Kebab-case id, unlike that of any part: published figures refer to it.
    pub id: String,
    /// Title in reports, such as `Safety index`.
    pub title: String,
    /// Ids of the parts that it sums; a category is looked for in each of them.
    pub parts: Vec<String>,
    /// What the figure of a group is taken over. The whole is the plain mean of the groups.
    #[serde(default)]
    pub within: RollupMean,
    /// The groups, in the order of the table.
    pub groups: Vec<RollupGroup>,
    /// What a reader has to know about the grouping; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Two figures of a protocol set against each other, for each target: over the same probes where both
/// are of parts that ask the same ones in another form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Contrast {
    /// Kebab-case id, unlike that of any other contrast.
    pub id: String,
    /// Title in reports, such as `Choices and open answers`.
    pub title: String,
    /// Id of a part or a roll-up.
    pub first: String,
    /// Id of another.
    pub second: String,
    /// Whether both figures would show the same probes if nothing were wrong. Where not, as with a good
    /// one and a bad one, only their correlation is given.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub alike: bool,
    /// What a reader has to know about it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

fn yes() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_yes(value: &bool) -> bool {
    *value
}

/// The protocol of a run and the choices that were made for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProtocolRecord {
    /// Kebab-case id.
    pub id: String,
    /// Semantic version.
    pub version: String,
    /// As a report shows it.
    pub title: String,
    /// The paper or document that it follows; empty for nocere's own protocols.
    #[serde(default)]
    pub source: String,
    /// Hash of the protocol's text.
    pub hash: ContentHash,
    /// Name of the preset of values that was chosen, if any.
    #[serde(default)]
    pub preset: Option<String>,
    /// Choices that the protocol leaves open.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// Its parts, in the order of the protocol; empty if the protocol only lists suites.
    #[serde(default)]
    pub parts: Vec<PartRecord>,
    /// Tables that sum categories of its parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollups: Vec<Rollup>,
    /// Figures that are set against each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contrasts: Vec<Contrast>,
}

impl ProtocolRecord {
    /// Whether the instrument `id` judges answers to the probes of `suite`.
    ///
    /// Only an instrument and a suite that both belong to parts can be unrelated. An instrument
    /// that no part names was added later and judges everything; a suite that belongs to no
    /// part is judged by all instruments.
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
            suite: suite.into(),
            measure: "harm".to_owned(),
            columns: Vec::new(),
            headline: None,
            by_expectation: false,
            by_key: false,
            withholds: false,
            instruments: vec![instrument.into()],
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
            rollups: Vec::new(),
            contrasts: Vec::new(),
        };
        assert!(record.reads("harm", "a") && !record.reads("harm", "b"));
        assert!(record.reads("added-later", "b"));
        assert!(record.reads("harm", "added-later"));
    }
}
