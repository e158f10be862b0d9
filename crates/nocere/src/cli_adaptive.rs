//! Arguments of `nocere adaptive`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum AdaptiveCommand {
    /// Write a bank: the difficulty of each choice of a suite, from the answers in runs.
    Bank {
        /// Name or path of the suite.
        suite: String,
        /// Runs with answers to it; the more targets, the better.
        #[arg(required = true)]
        runs: Vec<String>,
        /// File to write; `-` for standard output.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Show how few items would have ranked the targets of a run as all of them do.
    Try {
        /// Id of the run, the beginning of it, or `latest`.
        #[arg(default_value = "latest")]
        run: String,
        #[command(flatten)]
        test: AdaptiveTestArgs,
    },
    /// Ask a target the items that say most about its ability, one after another.
    Ask {
        /// Name or path of the suite.
        suite: String,
        #[command(flatten)]
        test: AdaptiveTestArgs,
        /// The target, as in `nocere run`.
        #[arg(long)]
        target: String,
        /// Refuse targets that are not on this machine.
        #[arg(long)]
        local_only: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AdaptiveTestArgs {
    /// File with the item parameters.
    #[arg(long, value_name = "FILE")]
    pub(crate) bank: PathBuf,
    /// Stop when the standard error of the ability is at most this.
    #[arg(long, default_value_t = 0.3)]
    pub(crate) error: f64,
    /// Stop after this many items.
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub(crate) items: usize,
}
