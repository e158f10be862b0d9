//! `nocere assets`.

use std::fmt::Write as _;

use nocere_core::text::plain;
use nocere_project::ProjectError;
use serde::Serialize;

use crate::{cli::AssetsCommand, context::Context, exit::DONE, output};

#[derive(Serialize)]
struct Listed<'a> {
    kind: &'static str,
    name: &'a str,
    origin: &'static str,
    path: &'a str,
}

pub(super) fn assets(context: &Context, command: &AssetsCommand) -> Result<u8, ProjectError> {
    match command {
        AssetsCommand::List => list(context),
        AssetsCommand::Show { name } => {
            output::data(context.project.asset(name)?.text())?;
            Ok(DONE)
        }
        AssetsCommand::Eject { name } => {
            let path = context.project.eject_asset(name)?;
            output::data(&format!(
                "{}: edit this file; it replaces the shipped one.\n",
                path.display()
            ))?;
            Ok(DONE)
        }
    }
}

fn list(context: &Context) -> Result<u8, ProjectError> {
    let listed: Vec<Listed<'_>> = context
        .project
        .assets()
        .all()
        .iter()
        .map(|asset| Listed {
            kind: asset.kind.as_str(),
            name: &asset.name,
            origin: asset.origin.as_str(),
            path: &asset.path,
        })
        .collect();
    if context.json {
        output::json(&listed)?;
        return Ok(DONE);
    }
    let mut text = format!("{:<10}{:<24}{:<10}{}\n", "kind", "name", "origin", "file");
    for asset in &listed {
        let _ = writeln!(
            text,
            "{:<10}{:<24}{:<10}{}",
            asset.kind,
            plain(asset.name),
            asset.origin,
            plain(asset.path)
        );
    }
    output::data(&text)?;
    Ok(DONE)
}
