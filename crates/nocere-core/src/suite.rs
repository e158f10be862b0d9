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
}

impl Suite {
    /// The hash of a suite with this content. Titles and other metadata do not change it.
    pub fn content_hash(categories: &[Category], probes: &[Probe]) -> ContentHash {
        hash_json("suite", &(categories, probes))
    }

    /// The title of a category, or its id if the taxonomy lacks it.
    pub fn category_title<'a>(&'a self, id: &'a str) -> &'a str {
        self.categories
            .iter()
            .find(|category| category.id == id)
            .map_or(id, |category| category.title.as_str())
    }
}
