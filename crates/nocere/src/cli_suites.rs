//! The arguments of `nocere suites`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::{cli_build::BuildSuiteArgs, cli_working::WorkingArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum SuitesCommand {
    /// List the built-in suites, protocols and policies, and the public sets.
    List {
        /// Folder to look for public sets in.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Show a suite's categories and counts, a protocol's parts, settings and presets, or the
    /// text of a policy.
    Show {
        /// A built-in name or a path.
        #[arg(value_name = "SUITE|PROTOCOL|POLICY")]
        suite: String,
        /// Show everything about this probe of the suite: what is asked, what is due and why, how
        /// it came about, who has read it, and how models fared.
        #[arg(long, value_name = "ID")]
        probe: Option<String>,
    },
    /// Write a form on which clinicians rate probes, or read filled-in forms back.
    Review(ReviewSuiteArgs),
    /// Divide a suite into a half that may be published and an encrypted half that is kept back:
    /// reports show the figures of both, side by side.
    Divide(DivideSuiteArgs),
    /// Check suite files: report errors with file and line, and remark on what weakens a suite.
    Check(CheckSuitesArgs),
    /// Build a suite from a policy: a generator writes candidates, repetitions and known prompts
    /// are removed, a judge scores their fit, and people rate what is left.
    Build(Box<BuildSuiteArgs>),
    /// Ask simulated targets with planted faults, and say how many of the faults a suite or
    /// protocol with its attacks finds. Asks no real model.
    Power(PowerArgs),
    /// Show the differences between two versions of a suite, probe by probe.
    Diff {
        /// The old version: a built-in name or a path.
        old: String,
        /// The new version.
        new: String,
    },
    /// Show some probes, chosen evenly over perspectives and expectations.
    Sample(SampleSuiteArgs),
    /// Fetch public sets from their publishers. Shows licence, files and hashes; with `--yes`,
    /// fetches the files, and continues where an earlier attempt stopped.
    Pull(PullSetsArgs),
    /// Print the JSON Schema of suite files.
    Schema {
        /// Print the schema of a JSONL line instead of a YAML file.
        #[arg(long)]
        line: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CheckSuitesArgs {
    /// Built-in names or paths.
    #[arg(required = true)]
    pub(crate) suites: Vec<String>,
    /// Also look for probes that nearly repeat those of this suite.
    #[arg(long, value_name = "SUITE")]
    pub(crate) against: Vec<String>,
    /// Also look for probes that nearly repeat those of a public set in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Exit with code 1 if there are any remarks.
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReviewSuiteArgs {
    /// A built-in name or a path.
    pub(crate) suite: String,
    /// Write a form with probes to rate to this file, as CSV.
    #[arg(long, short, value_name = "FILE", required_unless_present = "read")]
    pub(crate) output: Option<PathBuf>,
    /// Number of probes in the form, drawn evenly over perspectives and expectations.
    #[arg(long, short, default_value_t = 40)]
    pub(crate) n: usize,
    /// Seed of the drawing and of the order.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Read filled-in forms back; they are kept in the project.
    #[arg(long = "in", value_name = "FILE", conflicts_with = "output")]
    pub(crate) read: Vec<PathBuf>,
    /// Who the raters of these forms are: clinician, person or model.
    #[arg(long, value_name = "WHO", requires = "read")]
    pub(crate) by: Option<nocere_core::Reader>,
}

#[derive(Debug, Args)]
pub(crate) struct DivideSuiteArgs {
    /// A built-in name or a path.
    pub(crate) suite: String,
    /// File for the open half (JSONL).
    #[arg(long, value_name = "FILE")]
    pub(crate) open: PathBuf,
    /// File for the hidden half, encrypted in the format of age. Its name must end in `.jsonl.age`.
    #[arg(long, value_name = "FILE")]
    pub(crate) hidden: PathBuf,
    /// File with the key. If it does not exist, a new key is made and written there.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// Share of the matters that become hidden, between 0 and 1.
    #[arg(long, default_value_t = 0.5, value_name = "SHARE")]
    pub(crate) share: f64,
    /// Seed of the division. Keep it secret: who knows it and the whole suite knows the halves.
    #[arg(long)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct PullSetsArgs {
    /// Ids from `nocere suites list`.
    #[arg(required = true, value_name = "SET")]
    pub(crate) sets: Vec<String>,
    /// Folder to keep the sets in.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Fetch the files; confirms that you have read licence and terms.
    #[arg(long)]
    pub(crate) yes: bool,
    /// URL of the Hugging Face Hub or a mirror of it.
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
    /// Number of probes to show.
    #[arg(long, short, default_value_t = 6)]
    pub(crate) n: usize,
    /// Show all matching probes.
    #[arg(long, conflicts_with = "n")]
    pub(crate) all: bool,
    /// Seed of the selection.
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
    /// Write the probes to this file as a suite, if their licence allows it.
    #[arg(long, value_name = "FILE")]
    pub(crate) export: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PowerArgs {
    /// A protocol or suites, as in `nocere run`.
    #[arg(required = true, value_name = "PROTOCOL|SUITE")]
    pub(crate) what: Vec<String>,
    /// A judge [default: the protocol's, else behaviour].
    #[arg(long = "judge", short, value_name = "JUDGE")]
    pub(crate) judges: Vec<String>,
    /// A driver, as in `nocere run`.
    #[arg(long = "driver", value_name = "DRIVER")]
    pub(crate) drivers: Vec<String>,
    /// Maximum number of probes.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Seed of the selection of probes.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Number of faultless targets that are asked, too, to count false alarms.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=200))]
    pub(crate) seeds: u64,
    #[command(flatten)]
    pub(crate) working: WorkingArgs,
}
