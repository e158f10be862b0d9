//! A suite is a versioned set of probes with its taxonomy, licence and source.

use serde::{Deserialize, Serialize};

use crate::{CheckId, ContentHash, Probe, SuiteId, hash_json};

/// One category of a suite's taxonomy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Category {
    /// Kebab-case id, unique in the suite.
    pub id: String,
    /// As a report shows it.
    pub title: String,
    /// Checks that a good answer to any probe of the category shows.
    #[serde(default)]
    pub must: Vec<CheckId>,
    /// Checks that a good answer to any probe of the category does not show.
    #[serde(default)]
    pub must_not: Vec<CheckId>,
}

/// Who reads: whether people have looked at something is a fact about evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Reader {
    /// Language models.
    Model,
    /// People who are not clinicians.
    Person,
    /// Clinicians.
    Clinician,
}

impl std::str::FromStr for Reader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "model" => Ok(Self::Model),
            "person" => Ok(Self::Person),
            "clinician" => Ok(Self::Clinician),
            other => Err(format!(
                "unknown reader `{other}`, expected clinician, person or model"
            )),
        }
    }
}

impl Reader {
    /// The word in texts, for one or for several.
    pub fn noun(self, readers: u32) -> &'static str {
        match (self, readers) {
            (Self::Model, 1) => "language model",
            (Self::Model, _) => "language models",
            (Self::Person, 1) => "person who is not a clinician",
            (Self::Person, _) => "people who are not clinicians",
            (Self::Clinician, 1) => "clinician",
            (Self::Clinician, _) => "clinicians",
        }
    }
}

/// A reading of a suite's probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SuiteReading {
    /// Who read.
    pub by: Reader,
    /// How many of them.
    pub readers: u32,
    /// Which probes, for what, and what was found, in a sentence.
    pub what: String,
}

/// How the probes of a suite came about, and who has read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Provenance {
    /// How they were written, in a sentence or two.
    pub written: String,
    /// Who has read them; empty if nobody but the writers has.
    #[serde(default)]
    pub readings: Vec<SuiteReading>,
}

/// The half of a suite that is published, or the half that is kept from those who build models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SuiteHalf {
    /// Id of the suite that was divided.
    pub of: SuiteId,
    /// True for the half whose texts must not spread: reports withhold them.
    pub hidden: bool,
}

/// A versioned set of probes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suite {
    /// Kebab-case id, unique in a run.
    pub id: SuiteId,
    /// Semantic version, or the version that the source gives.
    pub version: String,
    /// As a report shows it.
    pub title: String,
    /// What the suite tests, in a few sentences; may be empty.
    pub description: String,
    /// SPDX id, or the source's own words.
    pub licence: String,
    /// Where the probes come from, such as a paper or an author.
    pub source: String,
    /// The taxonomy, in the order in which reports show it.
    pub categories: Vec<Category>,
    /// The probes, in file order.
    pub probes: Vec<Probe>,
    /// Hash of the categories and probes: see [`content_hash`](Self::content_hash).
    pub hash: ContentHash,
    /// How the probes came about; `None` if the source does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// Set if it is one half of a divided suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half: Option<SuiteHalf>,
}

impl Suite {
    /// The hash of a suite with this content. Titles and other metadata do not change it.
    pub fn content_hash(categories: &[Category], probes: &[Probe]) -> ContentHash {
        hash_json("suite", &(categories, probes))
    }

    /// True if its texts must not leave the machine in reports.
    pub fn is_hidden(&self) -> bool {
        self.half.as_ref().is_some_and(|half| half.hidden)
    }

    /// The title of a category, or its id if the taxonomy lacks it.
    pub fn category_title<'a>(&'a self, id: &'a str) -> &'a str {
        self.categories
            .iter()
            .find(|category| category.id == id)
            .map_or(id, |category| category.title.as_str())
    }
}
