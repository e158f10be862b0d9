//! `nocere report`.

use std::path::Path;

use nocere_analysis::RunReport;
use nocere_core::RunId;
use nocere_project::{ErrorKind, ProjectError, Session, Watch, write_whole};
use nocere_report::{FORMATS, ReportFormat, ReportKind, terminal_summary};
use serde_json::json;

use super::{pdf, report_folder};
use crate::{cli::ReportArgs, cli_working::Share, context::Context, exit::DONE, output};

pub(super) fn report(context: &Context, args: &ReportArgs) -> Result<u8, ProjectError> {
    let reader = context.project.run(&args.run)?;
    let report = context.project.report(&reader)?;
    let is_plain = args.format.is_none() && args.output.is_none() && args.samples.is_none();
    if context.json && is_plain && !args.pdf && args.kind == ReportKind::Full {
        output::json(&report)?;
        return Ok(DONE);
    }
    let id = &report.header.id;
    if let Some(choice) = args.samples {
        let folder = args
            .output
            .clone()
            .unwrap_or_else(|| context.project.report_path(id, "html").with_extension(""));
        let page = report_folder::write(context, &reader, &report, choice, &folder)?;
        return said(context, args, &page, "html");
    }
    let extension = args.output.as_ref().and_then(|path| path.extension());
    let is_pdf = args.pdf || (args.format.is_none() && extension.is_some_and(|of| of == "pdf"));
    let format = if is_pdf {
        usual(args.kind)
    } else {
        format_of(args)?
    };
    let is_page = |path: &Path| path.extension().is_some_and(|of| of != "pdf");
    if is_pdf
        && let Some(path) = args
            .output
            .as_deref()
            .filter(|path| is_page(path) || *path == Path::new("-"))
    {
        return Err(ProjectError::usage(format!(
            "--pdf writes a PDF, and {} is not the name of one",
            path.display()
        ))
        .hint("give a name that ends in .pdf"));
    }
    if let Some(path) = args.output.as_deref() {
        let mut known: Vec<&str> = FORMATS.iter().map(|format| format.extension).collect();
        known.extend(["htm", "pdf"]);
        known.sort_unstable();
        known.dedup();
        check_place(path, &known)?;
    }
    let standard = ["-", "/dev/stdout", "/dev/fd/1"].map(Path::new);
    let is_standard = |path: &Path| standard.contains(&path);
    if !is_pdf && args.output.as_deref().is_some_and(is_standard) {
        return output::data(&draw(format, &report)?).map(|()| DONE);
    }
    let extension = if is_pdf { "pdf" } else { format.extension };
    let path = args.output.clone().unwrap_or_else(|| {
        let kind = match args.kind {
            ReportKind::Full => String::new(),
            kind => format!("{}.", kind.as_str()),
        };
        context
            .project
            .report_path(id, &format!("{kind}{extension}"))
    });
    let text = draw(format, &report)?;
    if is_pdf {
        pdf::print(&text, &path)?;
        return said(context, args, &path, "pdf");
    }
    write_whole(&path, &text)?;
    said(context, args, &path, format.name)
}

/// Says where the report lies, and opens it if that was asked for.
fn said(
    context: &Context,
    args: &ReportArgs,
    path: &Path,
    format: &str,
) -> Result<u8, ProjectError> {
    if context.json {
        output::json(&json!({ "path": path, "format": format }))?;
    } else {
        output::data(&format!("{}\n", path.display()))?;
    }
    if args.open {
        opener::open(path).map_err(|error| {
            ProjectError::infrastructure(format!("failed to open {}: {error}", path.display()))
                .hint("open the file in a browser")
        })?;
    }
    Ok(DONE)
}

/// The usual form of a kind: its page.
fn usual(kind: ReportKind) -> &'static ReportFormat {
    let [first, ..] = &FORMATS;
    ReportFormat::of(kind).next().unwrap_or(first)
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
fn format_of(args: &ReportArgs) -> Result<&'static ReportFormat, ProjectError> {
    let forms = || {
        let forms = ReportFormat::of(args.kind);
        forms
            .map(|format| format.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let kind = args.kind.as_str();
    if let Some(name) = &args.format {
        return ReportFormat::named(args.kind, name).ok_or_else(|| {
            ProjectError::usage(format!("the {kind} report has no form `{name}`")).hint(format!(
                "its forms are {}; `nocere export --to markdown` has the figures alone",
                forms()
            ))
        });
    }
    let path = args.output.as_deref().unwrap_or(Path::new(""));
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension {
        None | Some("htm") => Ok(usual(args.kind)),
        Some(extension) => ReportFormat::of(args.kind)
            .find(|format| format.extension == extension)
            .ok_or_else(|| {
                ProjectError::usage(format!(
                    "the {kind} report has no form with the extension `.{extension}`"
                ))
                .hint(format!("name the form with --format: {}", forms()))
            }),
    }
}

/// Works on a run. If something outside failed although conversations were finished, their figures
/// are printed and the page is written all the same, before the failure is returned.
///
/// # Errors
///
/// The work stopped.
pub(super) fn work(
    context: &Context,
    session: Session<'_>,
    watch: &Watch,
) -> Result<RunId, ProjectError> {
    let run = session.header().id.clone();
    let Err(error) = session.work(watch) else {
        return Ok(run);
    };
    if matches!(error.kind(), ErrorKind::Infrastructure | ErrorKind::Budget) {
        // What cannot be shown must not hide why the work stopped.
        let _ = show_part(context, &run);
    }
    Err(error)
}

/// Shows what there is of a run, if anything of it is finished.
fn show_part(context: &Context, run: &str) -> Result<(), ProjectError> {
    let reader = context.project.run(run)?;
    if reader.progress()?.0 == 0 {
        return Ok(());
    }
    let report = context.project.report(&reader)?;
    show(context, run, &report)
}

/// Prints the figures and writes the HTML page.
fn show(context: &Context, run: &str, report: &RunReport) -> Result<(), ProjectError> {
    if context.json {
        output::json(report)?;
    } else {
        let text = terminal_summary(report, output::width(), context.coloured);
        output::data(&text)?;
    }
    // Print the figures first: writing the page can fail.
    let page = usual(ReportKind::Full);
    let path = context.project.report_path(run, page.extension);
    write_whole(&path, &draw(page, report)?)?;
    if !context.quiet {
        output::talk(&format!("\nreport: {}", path.display()));
    }
    Ok(())
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
    show(context, run, &report)?;
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
