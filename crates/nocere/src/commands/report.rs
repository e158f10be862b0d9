//! `nocere report`.

use std::path::Path;

use nocere_analysis::RunReport;
use nocere_project::{ProjectError, write_whole};
use nocere_report::{html_page, terminal_report};

use crate::{
    cli::{ReportArgs, ReportFormat},
    context::Context,
    exit::DONE,
    output,
};

pub(super) fn report(context: &Context, args: &ReportArgs) -> Result<u8, ProjectError> {
    let report = context.project.report(&context.project.run(&args.run)?)?;
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
        .unwrap_or_else(|| context.project.report_path(&report.header.id, extension));
    match args.format {
        ReportFormat::Html => write_html(&report, &path)?,
        ReportFormat::Text => write_whole(&path, &terminal_report(&report, 100, 3))?,
        ReportFormat::Json => {
            let text = serde_json::to_string_pretty(&report).map_err(|error| {
                ProjectError::infrastructure(format!("failed to write JSON: {error}"))
            })?;
            write_whole(&path, &(text + "\n"))?;
        }
    }
    output::data(&format!("{}\n", path.display()))?;
    Ok(DONE)
}

/// Prints the figures and writes the page.
pub(super) fn conclude(context: &Context, run: &str) -> Result<u8, ProjectError> {
    let report = context.project.report(&context.project.run(run)?)?;
    if context.json {
        output::json(&report)?;
    } else {
        output::data(&terminal_report(&report, output::width(), 3))?;
    }
    // The figures are out before the disk can refuse the page.
    let path = context.project.report_path(run, "html");
    write_html(&report, &path)?;
    if !context.quiet {
        output::talk(&format!("\nreport: {}", path.display()));
    }
    if report.nothing_scored() {
        return Err(ProjectError::infrastructure("no answer of this run could be scored").hint(
            "`nocere show RUN PROBE` shows what the target said; correct the target and start a new run",
        ));
    }
    Ok(DONE)
}

/// Draws the page and writes it whole.
fn write_html(report: &RunReport, path: &Path) -> Result<(), ProjectError> {
    let page =
        html_page(report).map_err(|error| ProjectError::infrastructure(error.to_string()))?;
    write_whole(path, &page)
}
