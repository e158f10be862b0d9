//! Arguments of the commands that read or mark the samples of a run.

use clap::{Args, Subcommand};
use nocere_project::{SampleFilter, SampleOrder, Which};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RunsArgs {
    /// Also runs that only served another command, such as a calibration.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(subcommand)]
    pub(crate) command: Option<RunsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// Delete runs with all their answers and verdicts.
    Rm {
        /// Ids of the runs, or the beginnings of them.
        #[arg(required = true, value_name = "RUN")]
        runs: Vec<String>,
        /// Delete without asking.
        #[arg(long, short)]
        yes: bool,
    },
    /// Note something on a run, which lists show; an empty text takes the note away.
    Note {
        /// Id of the run, the beginning of it, or `latest`.
        run: String,
        /// The note, in one line.
        text: String,
    },
}

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

/// Which samples a list holds.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum ListWhich {
    /// All samples.
    All,
    /// Those with an error that figures count.
    Errors,
    /// Those that were scored and in which no judge saw an error.
    Passed,
    /// Those that a judge could not score.
    Unscored,
}

/// Filters of a list of samples; all of them must hold.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ListArgs {
    /// With --list: only what these ask.
    #[arg(long, value_delimiter = ',', value_name = "WHO", requires = "list")]
    pub(crate) perspective: Vec<nocere_core::Perspective>,
    /// With --list: only these categories.
    #[arg(long, value_delimiter = ',', value_name = "ID", requires = "list")]
    pub(crate) category: Vec<String>,
    /// With --list: only these suites.
    #[arg(long, value_delimiter = ',', value_name = "ID", requires = "list")]
    pub(crate) suite: Vec<String>,
    /// With --list: only these targets.
    #[arg(long, value_name = "TARGET", requires = "list")]
    pub(crate) target: Vec<String>,
    /// With --list: only samples to which a judge gave this label.
    #[arg(long, value_name = "[JUDGE=]LABEL", requires = "list")]
    pub(crate) verdict: Vec<String>,
    /// With --list: only samples with these words in what was asked or answered.
    #[arg(long, value_name = "WORDS", requires = "list")]
    pub(crate) text: Option<String>,
    /// With --list: the order.
    #[arg(long, value_name = "ORDER", requires = "list")]
    pub(crate) sort: Option<SortChoice>,
}

/// In which order samples are listed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum SortChoice {
    /// Those with errors first, the gravest first.
    Gravest,
    /// As they were asked.
    Plan,
    /// By the probe's id.
    Probe,
}

impl ShowArgs {
    /// The filter of the list; `None` if no list is wanted.
    pub(crate) fn sample_filter(&self) -> Option<SampleFilter> {
        let which = match self.list? {
            ListWhich::All => Which::All,
            ListWhich::Errors => Which::Errors,
            ListWhich::Passed => Which::Passed,
            ListWhich::Unscored => Which::Unscored,
        };
        let ListArgs {
            perspective,
            category,
            suite,
            target,
            verdict,
            text,
            sort,
        } = self.filter.clone();
        Some(SampleFilter {
            which,
            perspectives: perspective,
            categories: category,
            suites: suite,
            targets: target,
            verdicts: verdict,
            text,
            order: match sort {
                None | Some(SortChoice::Gravest) => SampleOrder::Gravest,
                Some(SortChoice::Plan) => SampleOrder::Plan,
                Some(SortChoice::Probe) => SampleOrder::Probe,
            },
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Id of the run, the beginning of it, or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// Id of a probe: shows its conversations and verdicts. The text may be harmful.
    pub(crate) probe: Option<String>,
    /// With a probe: its answers beside those of another run, word by word.
    #[arg(long, value_name = "RUN", requires = "probe")]
    pub(crate) diff: Option<String>,
    /// List samples: all, or those with errors, passed or unscored. Texts are not shown.
    #[arg(
        long,
        value_name = "WHICH",
        num_args = 0..=1,
        default_missing_value = "all",
        conflicts_with_all = ["probe", "full"]
    )]
    pub(crate) list: Option<ListWhich>,
    #[command(flatten)]
    pub(crate) filter: ListArgs,
    /// Everything: categories, judges, corrected rates, comparisons, the protocol's tables.
    #[arg(long)]
    pub(crate) full: bool,
    /// Number of the worst samples to show with --full.
    #[arg(long, default_value_t = 3, value_name = "N", requires = "full")]
    pub(crate) worst: usize,
}
