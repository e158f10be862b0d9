//! `nocere findings`.

use nocere_project::{ProjectError, write_whole};
use nocere_report::{failures_markdown, failures_text, frameworks_markdown};

use crate::{
    cli::{FindingsArgs, FindingsForm},
    context::Context,
    exit::DONE,
    output,
};

pub(super) fn findings(context: &Context, args: &FindingsArgs) -> Result<u8, ProjectError> {
    if context.json && args.output.is_some() {
        return Err(ProjectError::usage(
            "--json prints to standard output, and --output names a file",
        )
        .hint("leave out one of them; `--json > FILE` writes JSON"));
    }
    let reader = context.project.run(&args.run)?;
    let report = context.project.report(&reader)?;
    let text = if let Some(wanted) = &args.frameworks {
        let frameworks = context.project.frameworks(&report, wanted)?;
        if context.json {
            output::json(&frameworks)?;
            return Ok(DONE);
        }
        frameworks_markdown(&report, &frameworks)
    } else {
        let groups = context.project.failures(&reader, &report)?;
        if context.json {
            output::json(&groups)?;
            return Ok(DONE);
        }
        match (args.format, &args.output) {
            (Some(FindingsForm::Text), _) | (None, None) => {
                failures_text(&report, &groups, output::width())
            }
            _ => failures_markdown(&report, &groups),
        }
    };
    match &args.output {
        Some(path) => {
            super::report::check_place(path, &["md", "txt"])?;
            write_whole(path, &text)?;
            output::data(&format!("{}\n", path.display()))?;
        }
        None => output::text(&text)?,
    }
    Ok(DONE)
}
