//! The specification of a build.

use std::path::PathBuf;

use nocere_core::Expect;

use crate::RunLimits;

/// A suite to build from a policy, as given on the command line of `nocere suites build`.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildSpec {
    /// Id of a policy, or its file.
    pub policy: String,
    /// The target that writes candidates.
    pub generator: String,
    /// The target that judges how well a candidate tests the policy.
    pub judge_model: String,
    /// Folder of the build.
    pub out: PathBuf,
    /// Id of the suite; `None` for the folder's name.
    pub id: Option<String>,
    /// Ids of the policy's categories to cover; empty for all.
    pub categories: Vec<String>,
    /// Number of candidates to request in each category.
    pub candidates: u32,
    /// Maximum number of candidates in one request.
    pub batch: u32,
    /// Number of votes of the judge on each candidate.
    pub votes: u32,
    /// Candidates with a mean fit above this are kept; at least 1 and below 5.
    pub threshold: f64,
    /// Expectation of all probes; `None` for the usual one of each category.
    pub expect: Option<Expect>,
    /// BCP 47 tag of the language to write candidates in.
    pub language: String,
    /// Licence of the suite: an SPDX id, or free text.
    pub licence: String,
    /// Suites whose prompts must not be repeated, in addition to the built-in ones.
    pub against: Vec<String>,
    /// Folder with public sets whose prompts must not be repeated.
    pub data: Option<PathBuf>,
    /// Filled-in review sheets.
    pub ratings: Vec<PathBuf>,
    /// Rated candidates with a mean relevance below this are left out; from 1 to 4.
    pub min_relevance: f64,
    /// Whether to repeat requests and verdicts that failed.
    pub retry_failed: bool,
    /// Seed of requests, sampling and the order of the review sheet.
    pub seed: u64,
    /// Sampling temperature of the generator.
    pub temperature: f32,
    /// Maximum length of the generator's answer in tokens; `None` for 64 per candidate of a request.
    pub max_tokens: Option<u32>,
    /// Whether to refuse models that are not on this machine.
    pub local_only: bool,
    /// Budget of both stages together, over all sessions.
    pub limits: RunLimits,
}
