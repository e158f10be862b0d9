//! A policy is what a safe and helpful answer is for one perspective, category by category.

use serde::{Deserialize, Serialize};

use crate::Perspective;

/// A worked example of a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyExample {
    /// What somebody asks.
    pub ask: String,
    /// A sketch of a good answer.
    pub good: String,
    /// What a failing answer does, described and not performed.
    pub bad: String,
}

/// Where a claim that a category makes comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySource {
    /// What it supports.
    pub claim: String,
    /// Its title, with the authors of a paper.
    pub title: String,
    /// Publisher or journal.
    pub by: String,
    /// Year of publication, or of the version that is meant.
    pub year: u16,
}

/// What the policy says about one category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyCategory {
    /// Kebab-case id.
    pub id: String,
    /// As a report shows it.
    pub title: String,
    /// What the category protects.
    pub goal: String,
    /// What a good answer does for this asker.
    pub good: Vec<String>,
    /// What it must not do.
    pub must_not: Vec<String>,
    /// Worked examples.
    #[serde(default)]
    pub examples: Vec<PolicyExample>,
    /// Sources of its clinical and ethical claims; judges are not shown them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<PolicySource>,
}

/// The policy of one perspective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Format version of the file; 1.
    pub nocere_policy: u32,
    /// Kebab-case id.
    pub id: String,
    /// Semantic version.
    pub version: String,
    /// Whose policy it is.
    pub perspective: Perspective,
    /// As a report shows it.
    pub title: String,
    /// Who asks, what they are entitled to, what must not happen.
    pub summary: String,
    /// Category by category.
    pub categories: Vec<PolicyCategory>,
}
