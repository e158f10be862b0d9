//! `nocere export`.

use std::path::Path;

use nocere_export::ExportError;
use nocere_project::ProjectError;
use serde_json::json;

use crate::{cli::ExportArgs, context::Context, exit::DONE, output};

pub(super) fn export(context: &Context, args: &ExportArgs) -> Result<u8, ProjectError> {
    let reader = context.project.run(&args.run)?;
    let export = context
        .project
        .export(&reader, args.to, args.with_prompts)?;
    if !context.quiet {
        for (suite, licence) in export.hashed() {
            output::talk(&format!(
                "prompts of {suite} are written as hashes: its licence, {licence}, is not known to allow copies (--with-prompts writes them)"
            ));
        }
    }
    if args.output.as_deref() == Some(Path::new("-")) {
        return output::data_with(|out| export.write_to(out).map_err(into_io)).map(|()| DONE);
    }
    let path = args
        .output
        .clone()
        .unwrap_or_else(|| context.project.export_path(export.run(), args.to));
    if let Some(extension) = args.to.extension {
        super::report::check_place(&path, &[extension])?;
    }
    let files = export.write(&path)?;
    if context.json {
        output::json(&json!({ "path": path, "format": args.to.name, "files": files }))?;
    } else {
        output::data(&format!("{}\n", path.display()))?;
    }
    Ok(DONE)
}

/// Keeps a closed pipe recognisable.
fn into_io(error: ExportError) -> std::io::Error {
    match error {
        ExportError::File(error) => error,
        error => std::io::Error::other(error),
    }
}
