//! `nocere import`.

use std::collections::BTreeMap;

use nocere_import::{FIELDS, Format, Options};
use nocere_project::{ImportSpec, Project, ProjectError, load_suite};

use crate::{cli::ImportArgs, commands::report::conclude, context::Context, output};

pub(super) fn import(context: &Context, args: &ImportArgs) -> Result<u8, ProjectError> {
    let imported = context.project.import(&ImportSpec {
        file: args.file.clone(),
        options: options(&context.project, args)?,
        protocol: args.protocol.clone(),
        judges: args.judges.clone(),
        local_only: args.local_only,
        limits: args.working.limits(),
    })?;
    if !context.quiet {
        for note in &imported.notes {
            output::talk(&format!("note: {note}"));
        }
    }
    let run = imported.session.header().id.clone();
    imported.session.work(&context.watch(&args.working))?;
    // What failed elsewhere is part of the recording.
    conclude(context, &run, None)
}

fn options(project: &Project, args: &ImportArgs) -> Result<Options, ProjectError> {
    let mut mapping = BTreeMap::new();
    for pair in &args.map {
        let Some((field, column)) = pair.split_once('=') else {
            return Err(ProjectError::usage(format!(
                "--map `{pair}` is not FIELD=COLUMN"
            )));
        };
        if !FIELDS.contains(&field) {
            return Err(ProjectError::unknown(
                format!("--map: there is no field `{field}`"),
                field,
                FIELDS,
                format!("the fields are {}", FIELDS.join(", ")),
            ));
        }
        mapping.insert(field.to_owned(), column.to_owned());
    }
    let format = args
        .format
        .as_deref()
        .map(|name| {
            name.parse::<Format>().map_err(|_| {
                let known = Format::ALL.map(Format::as_str);
                ProjectError::unknown(
                    format!("there is no format `{name}`"),
                    name,
                    known,
                    format!("the formats are {}", known.join(", ")),
                )
            })
        })
        .transpose()?;
    Ok(Options {
        format,
        mapping,
        perspective: args.perspective,
        expect: args.expect,
        suite: args
            .suite
            .as_deref()
            .map(|name| load_suite(project, name))
            .transpose()?,
        safe_max: args.safe_max,
        majority: args.majority,
    })
}
