//! A suite to be built, as it is asked for.

use std::path::PathBuf;

use nocere_core::Expect;

use crate::RunLimits;

/// A suite to be built from a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildSpec {
    /// A policy's name or file.
    pub policy: String,
    /// The target that writes candidates.
    pub generator: String,
    /// The target that says how well a candidate tests its policy.
    pub judge_model: String,
    /// Folder of the build.
    pub out: PathBuf,
    /// Id of the suite; `None` for the folder's name.
    pub id: Option<String>,
    /// Only these categories of the policy; empty for all.
    pub categories: Vec<String>,
    /// Candidates to ask for in each category.
    pub candidates: u32,
    /// Candidates to ask for in one request.
    pub batch: u32,
    /// How often the judge is asked about a candidate.
    pub votes: u32,
    /// Candidates with a mean fit above this are kept, from 1 to below 5.
    pub threshold: f64,
    /// What a good answer to every probe does; `None` for the usual of the policy.
    pub expect: Option<Expect>,
    /// BCP 47 tag of the messages.
    pub language: String,
    /// Licence of the suite, as an SPDX id.
    pub licence: String,
    /// Suites whose prompts must not come again, beside the built-in ones.
    pub against: Vec<String>,
    /// Folder with public sets whose prompts must not come again.
    pub data: Option<PathBuf>,
    /// Review sheets that raters have filled in.
    pub ratings: Vec<PathBuf>,
    /// Rated candidates with a mean relevance below this are left out, 1 to 4.
    pub min_relevance: f64,
    /// Ask again for what failed.
    pub retry_failed: bool,
    /// Seed of requests, sampling and the order of the review sheet.
    pub seed: u64,
    /// Sampling temperature of the generator.
    pub temperature: f32,
    /// Longest answer of the generator in tokens; `None` for 64 for each candidate of a request.
    pub max_tokens: Option<u32>,
    /// Refuse models that are not on this machine.
    pub local_only: bool,
    /// What may be spent, by both stages together.
    pub limits: RunLimits,
}
