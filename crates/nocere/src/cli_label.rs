//! Arguments of `nocere label`.

use std::path::PathBuf;

use clap::Args;
use nocere_project::LabelPlan;

/// How answers are chosen.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum PlanChoice {
    /// At random among all answers.
    Random,
    /// Equally many of each target, asker and due.
    Stratified,
    /// As stratified, but first where fewest labels are known.
    Active,
}

impl From<PlanChoice> for LabelPlan {
    fn from(choice: PlanChoice) -> Self {
        match choice {
            PlanChoice::Random => Self::Random,
            PlanChoice::Stratified => Self::Stratified,
            PlanChoice::Active => Self::Active,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct LabelArgs {
    /// Id of the run, the beginning of it, or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// The judge that the labels will measure, as in `nocere run`.
    #[arg(long, default_value = "behaviour", value_name = "JUDGE")]
    pub(crate) judge: String,
    /// A form with several questions about each answer, such as `generated-text` or `ethics-audit`, in
    /// place of a judge's labels. Without --output and --in, shows what the filled-in ones say, and how
    /// far judges agree with them.
    #[arg(long, value_name = "FORM", conflicts_with_all = ["judge", "plan"])]
    pub(crate) form: Option<String>,
    /// Compare the filled-in forms with the judges of this run, too, where it judged the same answers:
    /// with another checklist, or another judge. Repeatable.
    #[arg(long, value_name = "RUN", requires = "form", conflicts_with_all = ["output", "input"])]
    pub(crate) beside: Vec<String>,
    /// Number of answers.
    #[arg(long, short, default_value_t = 100, value_name = "N")]
    pub(crate) number: usize,
    /// How answers are chosen.
    #[arg(long, default_value = "stratified", value_name = "PLAN")]
    pub(crate) plan: PlanChoice,
    /// Seed of the choice: another one chooses other answers.
    #[arg(long, default_value_t = 7, value_name = "N")]
    pub(crate) seed: u64,
    /// The sheet to write: it says neither which model answered, nor what was due, nor what a
    /// judge found.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// A filled-in sheet to read into the run.
    #[arg(long = "in", value_name = "FILE", conflicts_with = "output")]
    pub(crate) input: Option<PathBuf>,
    /// Who filled it in, where the column `rater` is empty.
    #[arg(long, value_name = "NAME", requires = "input")]
    pub(crate) rater: Option<String>,
}
