//! Arguments of `nocere gate` and `nocere compare`.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct GateArgs {
    /// Id of the run, the beginning of it, or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) outputs: GateOutputs,
}

/// What gates are compared with, and where their results go.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct GateOutputs {
    /// The run that gates with a `margin` compare with.
    #[arg(long, value_name = "RUN")]
    pub(crate) baseline: Option<String>,
    /// Write the results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write what did not pass as SARIF.
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,
    /// Write a table in Markdown, such as to $GITHUB_STEP_SUMMARY.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Print annotations for GitHub Actions.
    #[arg(long)]
    pub(crate) github: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The first run: its id, the beginning of it, or `latest`.
    pub(crate) first_run: String,
    /// The second run [default: the first one, to compare two of its targets].
    pub(crate) second_run: Option<String>,
    /// The target of the first run, if it has several.
    #[arg(long, value_name = "TARGET")]
    pub(crate) first: Option<String>,
    /// The target of the second run, if it has several.
    #[arg(long, value_name = "TARGET")]
    pub(crate) second: Option<String>,
    /// Test that the second makes at most so many more errors, from 0 to 1: by the upper end of the 95 %
    /// interval, one-sided at 2.5 %, with lost scores as errors. Exit code 1 if a figure is worse by more, 6 if that is unclear.
    #[arg(long, value_name = "SHARE")]
    pub(crate) margin: Option<f64>,
    /// Test only this figure, such as `wrong-answer`. Repeatable.
    #[arg(long, value_name = "FIGURE", requires = "margin")]
    pub(crate) figure: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TrendArgs {
    /// The runs [default: the newest ten that asked the same suites as the newest].
    #[arg(value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    /// The target [default: the only one of the newest run].
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: Option<String>,
}
