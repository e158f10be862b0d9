//! Arguments of `nocere report` and `nocere export`.

use std::path::PathBuf;

use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use nocere_export::ExportFormat;
use nocere_report::{FORMATS, ReportKind};

/// Reads a kind of report.
fn report_kind() -> impl TypedValueParser<Value = ReportKind> {
    let values = ReportKind::ALL.map(|kind| PossibleValue::new(kind.as_str()).help(kind.about()));
    PossibleValuesParser::new(values).try_map(|word| {
        let mut kinds = ReportKind::ALL.into_iter();
        kinds
            .find(|kind| kind.as_str() == word)
            .ok_or("no such kind")
    })
}

/// The names of all forms of reports.
fn report_format() -> PossibleValuesParser {
    let mut names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    names.sort_unstable();
    names.dedup();
    PossibleValuesParser::new(names)
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Id of the run, the beginning of it, or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// File to write, or `-` for standard output [default: .nocere/reports/RUN.EXTENSION in the
    /// project].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// What the report is for.
    #[arg(long, value_name = "KIND", default_value = "full", value_parser = report_kind())]
    pub(crate) kind: ReportKind,
    /// Format of the report; text is of the full one, markdown of the others [default: that of the
    /// file's extension, else html].
    #[arg(long, value_name = "FORMAT", value_parser = report_format())]
    pub(crate) format: Option<String>,
    /// Print the page to a PDF, with an installed Chromium or Chrome.
    #[arg(long, conflicts_with_all = ["format", "samples"])]
    pub(crate) pdf: bool,
    /// A folder with the page and its samples, with filters: all, errors (those with an error that
    /// figures count), or the N gravest. --output names the folder.
    #[arg(long, value_name = "all|errors|N", conflicts_with_all = ["format", "kind"])]
    pub(crate) samples: Option<SampleChoice>,
    /// Open what was written with the program of this machine.
    #[arg(long)]
    pub(crate) open: bool,
}

/// Reads the name of a form; the help lists those that there are.
fn export_format() -> impl TypedValueParser<Value = &'static ExportFormat> {
    let values = nocere_export::FORMATS
        .each_ref()
        .map(|format| PossibleValue::new(format.name).help(format.about));
    PossibleValuesParser::new(values)
        .try_map(|name| ExportFormat::named(&name).ok_or("no such form"))
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Id of the run, the beginning of it, or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// The form.
    #[arg(long, value_name = "FORM", value_parser = export_format())]
    pub(crate) to: &'static ExportFormat,
    /// File to write, or a folder for forms of several files; `-` for standard output [default:
    /// in .nocere/exports of the project].
    #[arg(long, short, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Write prompts also where the suite's licence is not known to allow copies.
    #[arg(long)]
    pub(crate) with_prompts: bool,
}

/// Which samples a report's folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SampleChoice {
    /// All.
    All,
    /// Those with an error that figures count.
    Errors,
    /// The gravest, as many as this.
    Worst(usize),
}

impl std::str::FromStr for SampleChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            "errors" => Ok(Self::Errors),
            number => match number.parse() {
                Ok(number) if number > 0 => Ok(Self::Worst(number)),
                _ => Err("expected `all`, `errors` or a number above 0".to_owned()),
            },
        }
    }
}

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FindingsForm {
    /// The gravest ten.
    Text,
    /// All, with how to see and repeat them.
    Markdown,
}

#[derive(Debug, Args)]
pub(crate) struct FindingsArgs {
    /// Id of the run, the beginning of it, or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// Instead: which clauses of these frameworks the run's evidence speaks to [default: all
    /// frameworks of `nocere assets list`].
    #[arg(long, value_name = "ID", num_args = 0.., value_delimiter = ',')]
    pub(crate) frameworks: Option<Vec<String>>,
    /// Form of the findings [default: markdown for a file, else text].
    #[arg(long, value_name = "FORMAT", conflicts_with = "frameworks")]
    pub(crate) format: Option<FindingsForm>,
    /// File to write [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
