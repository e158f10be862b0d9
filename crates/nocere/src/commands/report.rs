//! `nocere report`.

use std::path::Path;

use nocere_analysis::RunReport;
use nocere_project::{ErrorKind, ProjectError, write_whole};
use nocere_report::{FORMATS, ReportFormat, terminal_summary};
use serde_json::json;

use crate::{cli::ReportArgs, cli_working::Share, context::Context, exit::DONE, output};

pub(super) fn report(context: &Context, args: &ReportArgs) -> Result<u8, ProjectError> {
    let reader = context.project.run(&args.run)?;
    let report = context.project.report(&reader)?;
    if context.json && args.format.is_none() && args.output.is_none() {
        output::json(&report)?;
        return Ok(DONE);
    }
    let format = format_of(args);
    if let Some(path) = args.output.as_deref() {
        let mut known: Vec<&str> = FORMATS.iter().map(|format| format.extension).collect();
        known.extend(["md", "htm"]);
        check_place(path, &known)?;
    }
    let standard = ["-", "/dev/stdout", "/dev/fd/1"].map(Path::new);
    if args
        .output
        .as_deref()
        .is_some_and(|path| standard.contains(&path))
    {
        return output::data(&draw(format, &report)?).map(|()| DONE);
    }
    let path = args.output.clone().unwrap_or_else(|| {
        let id = &report.header.id;
        context.project.report_path(id, format.extension)
    });
    write_whole(&path, &draw(format, &report)?)?;
    if context.json {
        output::json(&json!({ "path": path, "format": format.name }))?;
    } else {
        output::data(&format!("{}\n", path.display()))?;
    }
    Ok(DONE)
}

/// Refuses to replace a file whose extension is none of `known`: it is something else.
pub(super) fn check_place(path: &Path, known: &[&str]) -> Result<(), ProjectError> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_known = extension.is_some_and(|of| known.contains(&of));
    let there = std::fs::symlink_metadata(path);
    if there.is_ok_and(|found| found.is_file() && found.len() > 0) && !is_known {
        return Err(ProjectError::usage(format!(
            "{} exists and does not look like what would be written; it is not replaced",
            path.display()
        ))
        .hint(format!(
            "give another name, or one that ends in .{}",
            known.join(", .")
        )));
    }
    Ok(())
}

fn draw(format: &ReportFormat, report: &RunReport) -> Result<String, ProjectError> {
    (format.draw)(report).map_err(|error| ProjectError::infrastructure(error.to_string()))
}

/// The form that was asked for, or else the one that the file's extension names.
fn format_of(args: &ReportArgs) -> &'static ReportFormat {
    let extension = args.output.as_ref().and_then(|path| path.extension());
    let of_file = || {
        let mut formats = FORMATS.iter();
        formats.find(|format| extension.is_some_and(|of| of == format.extension))
    };
    let [usual, ..] = &FORMATS;
    args.format.or_else(of_file).unwrap_or(usual)
}

/// Prints the figures and writes the HTML page.
///
/// # Errors
///
/// Nothing could be scored, or more than `max_failed` of a target's conversations or of a judge's
/// calls failed.
pub(super) fn conclude(
    context: &Context,
    run: &str,
    max_failed: Option<Share>,
) -> Result<u8, ProjectError> {
    let reader = context.project.run(run)?;
    let report = context.project.report(&reader)?;
    if context.json {
        output::json(&report)?;
    } else {
        let text = terminal_summary(&report, output::width(), context.coloured);
        output::data(&text)?;
    }
    // Print the figures first: writing the page can fail.
    let [page, ..] = &FORMATS;
    let path = context.project.report_path(run, page.extension);
    write_whole(&path, &draw(page, &report)?)?;
    if !context.quiet {
        output::talk(&format!("\nreport: {}", path.display()));
    }
    if report.nothing_scored() {
        return Err(ProjectError::infrastructure("no answer of this run could be scored").hint(
            "`nocere show RUN PROBE` shows the target's answers; correct the target and start a new run",
        ));
    }
    if let Some(max) = max_failed {
        let beyond = report.failed_beyond(max.0);
        if !beyond.is_empty() {
            let message = format!(
                "{}; no more than {:.1} % may fail (--max-failed)",
                beyond.join("; "),
                max.0 * 100.0
            );
            return Err(ProjectError::new(ErrorKind::Failed, message).hint(format!(
                "run `nocere resume {run} --retry-failed` when the cause is gone; `nocere show {run}` has the figures of the rest"
            )));
        }
    }
    Ok(DONE)
}
