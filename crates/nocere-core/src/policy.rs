//! A policy says what a safe and helpful answer is for one perspective, category by category.

use serde::{Deserialize, Serialize};

use crate::Perspective;

/// A worked example of a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyExample {
    /// An example of a question.
    pub ask: String,
    /// A sketch of a good answer.
    pub good: String,
    /// What a failing answer does: described, not written out.
    pub bad: String,
}

/// The source of a claim in a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySource {
    /// The claim that it supports.
    pub claim: String,
    /// Title of the source; of a paper, with its authors.
    pub title: String,
    /// Publisher or journal.
    pub by: String,
    /// Year of publication, or of the version that is cited.
    pub year: u16,
}

/// The policy for one category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyCategory {
    /// Kebab-case id, unique in the policy.
    pub id: String,
    /// As a report shows it.
    pub title: String,
    /// What the category protects.
    pub goal: String,
    /// What a good answer does for this asker, point by point.
    pub good: Vec<String>,
    /// What an answer must not do, point by point.
    pub must_not: Vec<String>,
    /// Worked examples.
    #[serde(default)]
    pub examples: Vec<PolicyExample>,
    /// Sources of its clinical and ethical claims. Judges do not see them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<PolicySource>,
}

/// The policy of one perspective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Format version of the file, always 1.
    pub nocere_policy: u32,
    /// Kebab-case id.
    pub id: String,
    /// Semantic version.
    pub version: String,
    /// The asker to whom the policy applies.
    pub perspective: Perspective,
    /// As a report shows it.
    pub title: String,
    /// Who asks, what they are entitled to, and what must not happen.
    pub summary: String,
    /// The policy for each category, in the order in which reports show them.
    pub categories: Vec<PolicyCategory>,
}
