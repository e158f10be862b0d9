//! A suite is a versioned set of probes with its taxonomy, licence and source.

use serde::{Deserialize, Serialize};

use crate::{CheckId, ContentHash, Probe, hash_json};

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
    /// Kebab-case id.
    pub id: String,
    /// Semantic version, or the source's own.
    pub version: String,
    /// As a report shows it.
    pub title: String,
    /// What it is and where it comes from.
    pub description: String,
    /// SPDX id or the source's own words.
    pub licence: String,
    /// Where the probes come from.
    pub source: String,
    /// The taxonomy, in the order in which reports show it.
    pub categories: Vec<Category>,
    /// The probes, in file order.
    pub probes: Vec<Probe>,
    /// Hash over the categories and probes.
    pub hash: ContentHash,
}

impl Suite {
    /// Computes the hash that stands for this content.
    pub fn content_hash(categories: &[Category], probes: &[Probe]) -> ContentHash {
        hash_json("suite", &(categories, probes))
    }

    /// The title of a category, or its id where the taxonomy lacks it.
    pub fn category_title<'a>(&'a self, id: &'a str) -> &'a str {
        self.categories
            .iter()
            .find(|category| category.id == id)
            .map_or(id, |category| category.title.as_str())
    }
}
