//! `nocere report`.

use std::path::Path;

use nocere_report::{RunReport, html_page, terminal_report};
use nocere_store::RunReader;

use crate::{
    calibrations,
    cli::{ReportArgs, ReportFormat},
    context::{Context, write_whole},
    failure::{DONE, Failure},
    output,
};

pub(super) fn report(context: &Context, args: &ReportArgs) -> Result<u8, Failure> {
    let report = build(context, &RunReader::find(&context.runs(), &args.run)?)?;
    if context.json {
        output::json(&report)?;
        return Ok(DONE);
    }
    let extension = match args.format {
        ReportFormat::Html => "html",
        ReportFormat::Text => "txt",
        ReportFormat::Json => "json",
    };
    let path = args
        .output
        .clone()
        .unwrap_or_else(|| context.report_path(&report.header.id, extension));
    match args.format {
        ReportFormat::Html => write_html(&report, &path)?,
        ReportFormat::Text => write_whole(&path, &terminal_report(&report, 100, 3))?,
        ReportFormat::Json => {
            let text = serde_json::to_string_pretty(&report).map_err(|error| {
                Failure::infrastructure(format!("failed to write JSON: {error}"))
            })?;
            write_whole(&path, &(text + "\n"))?;
        }
    }
    output::data(&format!("{}\n", path.display()))?;
    Ok(DONE)
}

/// The report of a run with everything that the project knows.
pub(super) fn build(context: &Context, reader: &RunReader) -> Result<RunReport, Failure> {
    Ok(RunReport::build(
        reader,
        &calibrations::load(context)?,
        &nocere_suites::embedded_baselines()?,
    )?)
}

/// Draws the page and writes it whole.
pub(super) fn write_html(report: &RunReport, path: &Path) -> Result<(), Failure> {
    write_whole(path, &html_page(report)?)
}
