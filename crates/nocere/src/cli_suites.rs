//! What can be typed after `nocere suites`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli_build::BuildSuiteArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum SuitesCommand {
    /// List the built-in suites, protocols and policies, and the public sets.
    List {
        /// Say also which public sets are in this folder.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Show a suite's categories and counts, a protocol's parts, settings and presets, or what
    /// a policy says.
    Show {
        /// A built-in name or a path.
        #[arg(value_name = "SUITE|PROTOCOL|POLICY")]
        suite: String,
    },
    /// Check suite files: errors with file and line, and remarks on what weakens a suite.
    Check(CheckSuitesArgs),
    /// Build a suite from a policy: a generator writes candidates, repetitions and known prompts
    /// are taken out, a judge scores their fit, people rate what is left.
    Build(Box<BuildSuiteArgs>),
    /// Say what two versions of a suite differ in, probe by probe.
    Diff {
        /// The old one: a built-in name or a path.
        old: String,
        /// The new one.
        new: String,
    },
    /// Show some probes, chosen evenly over perspectives and expectations.
    Sample(SampleSuiteArgs),
    /// Fetch public sets from their publishers: first shows licence, files and hashes, with
    /// `--yes` fetches them, going on where an earlier attempt stopped.
    Pull(PullSetsArgs),
    /// Print the JSON Schema of suite files.
    Schema {
        /// Of a JSONL line instead of a YAML file.
        #[arg(long)]
        line: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CheckSuitesArgs {
    /// Built-in names or paths.
    #[arg(required = true)]
    pub(crate) suites: Vec<String>,
    /// Look also for probes that are nearly those of this suite.
    #[arg(long, value_name = "SUITE")]
    pub(crate) against: Vec<String>,
    /// Look also for probes that are nearly those of a public set in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Exit with 1 if there is anything to remark.
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PullSetsArgs {
    /// Ids from `nocere suites list`.
    #[arg(required = true, value_name = "SET")]
    pub(crate) sets: Vec<String>,
    /// Where they are kept.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Fetch: licence and terms were read.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Address of a Hugging Face hub or a mirror of it.
    #[arg(long, default_value = "https://huggingface.co", value_name = "URL")]
    pub(crate) hub: String,
    /// Revision of datasets on the hub.
    #[arg(long, default_value = "main", value_name = "REVISION")]
    pub(crate) revision: String,
    /// File with the hub's token, for gated sets.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SampleSuiteArgs {
    /// A built-in name or a path.
    pub(crate) suite: String,
    /// How many.
    #[arg(long, short, default_value_t = 6)]
    pub(crate) n: usize,
    /// All that fit.
    #[arg(long, conflicts_with = "n")]
    pub(crate) all: bool,
    /// Seed of the choice.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Only these perspectives.
    #[arg(long, value_delimiter = ',', value_name = "WHO")]
    pub(crate) perspective: Vec<nocere_core::Perspective>,
    /// Only these categories.
    #[arg(long, value_delimiter = ',', value_name = "ID")]
    pub(crate) category: Vec<String>,
    /// Only these languages.
    #[arg(long, value_delimiter = ',', value_name = "TAG")]
    pub(crate) language: Vec<String>,
    /// Only this expectation: comply, redirect or refuse.
    #[arg(long, value_name = "WHAT")]
    pub(crate) expect: Option<nocere_core::Expect>,
    /// Write them to this file as a suite of their own, if their licence allows it.
    #[arg(long, value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,
}
