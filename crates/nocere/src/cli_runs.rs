//! Arguments of the commands that read or mark the samples of a run.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct StrikeArgs {
    /// Id of the run, the beginning of it, or `latest`.
    pub(crate) run: String,
    /// Ids of the probes whose samples are struck out.
    #[arg(required = true, value_name = "PROBE")]
    pub(crate) probes: Vec<String>,
    /// Why; the report shows it.
    #[arg(
        long,
        value_name = "TEXT",
        required_unless_present = "back",
        default_value = ""
    )]
    pub(crate) reason: String,
    /// Who strikes them out.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) by: String,
    /// Only samples of this target.
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: Option<String>,
    /// Only this repetition, from 0.
    #[arg(long, value_name = "N")]
    pub(crate) epoch: Option<u32>,
    /// Take it back: count them again.
    #[arg(long)]
    pub(crate) back: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Id of the run, the beginning of it, or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// Id of a probe: shows its conversations and verdicts. The text may be harmful.
    pub(crate) probe: Option<String>,
    /// Everything: categories, judges, corrected rates, comparisons, the protocol's tables.
    #[arg(long)]
    pub(crate) full: bool,
    /// Number of the worst samples to show with --full.
    #[arg(long, default_value_t = 3, value_name = "N", requires = "full")]
    pub(crate) worst: usize,
}
