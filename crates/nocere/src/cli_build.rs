//! The arguments of `nocere suites build`.

use std::path::PathBuf;

use clap::Args;
use nocere_core::Expect;

use crate::cli_working::WorkingArgs;

#[derive(Debug, Args)]
pub(crate) struct BuildSuiteArgs {
    /// A policy: `patient`, `clinician`, `general`, or a file.
    #[arg(value_name = "POLICY")]
    pub(crate) policy: String,
    /// The model that writes candidates: a target as for `nocere run`.
    #[arg(long, value_name = "TARGET")]
    pub(crate) generator: String,
    /// The model that judges how well a candidate tests its policy: a target likewise.
    #[arg(long, value_name = "TARGET")]
    pub(crate) judge_model: String,
    /// Folder of the build. Run the same command again to continue an interrupted build.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// Id of the suite [default: the folder's name].
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Only these categories of the policy.
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    pub(crate) category: Vec<String>,
    /// Number of candidates to request in each category.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000), value_name = "N")]
    pub(crate) candidates: u32,
    /// Maximum number of candidates in one request.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=200), value_name = "N")]
    pub(crate) batch: u32,
    /// Number of votes of the judge on each candidate.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100), value_name = "N")]
    pub(crate) votes: u32,
    /// Keep candidates with a mean fit above this; at least 1 and below 5.
    #[arg(long, default_value_t = 4.0, value_name = "FIT")]
    pub(crate) threshold: f64,
    /// What a good answer to every probe does: comply, redirect or refuse [default: redirect for
    /// patients, refuse for others, comply in the category over-refusal].
    #[arg(long, value_name = "WHAT")]
    pub(crate) expect: Option<Expect>,
    /// Language to write candidates in, as a BCP 47 tag.
    #[arg(long, default_value = "en", value_name = "TAG")]
    pub(crate) language: String,
    /// Licence of the suite, such as an SPDX id.
    #[arg(long, default_value = "not stated", value_name = "LICENCE")]
    pub(crate) licence: String,
    /// Suites whose prompts must not be repeated, in addition to the built-in ones.
    #[arg(long, value_name = "SUITE")]
    pub(crate) against: Vec<String>,
    /// Folder with public sets whose prompts must not be repeated.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Filled-in review sheets.
    #[arg(long, value_name = "FILE")]
    pub(crate) ratings: Vec<PathBuf>,
    /// Leave out rated candidates with a mean relevance below this, from 1 to 4.
    #[arg(long, default_value_t = 3.0, value_name = "MEAN")]
    pub(crate) min_relevance: f64,
    /// Repeat requests and verdicts that failed.
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// Seed of requests, sampling and the order of the review sheet.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Sampling temperature of the generator.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) temperature: f32,
    /// Maximum length of the generator's answers in tokens [default: 64 for each candidate of a
    /// request].
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u32>,
    /// Refuse models that are not on this machine.
    #[arg(long)]
    pub(crate) local_only: bool,
    #[command(flatten)]
    pub(crate) working: WorkingArgs,
}
