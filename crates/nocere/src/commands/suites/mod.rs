//! `nocere suites`: what can be asked.

mod build;
mod check;
mod diff;
mod list;
mod policy;
mod pull;
mod sample;
mod show;

use std::path::Path;

use nocere_core::Suite;
use nocere_suites::{DataFolder, json_schema, load, public_sets};
use serde::Serialize;

use crate::{
    cli::SuitesCommand,
    context::Context,
    failure::{DONE, Failure},
    output,
    protocol::load_suite,
};

#[derive(Serialize)]
struct SuiteLine {
    id: String,
    version: String,
    title: String,
    licence: String,
    probes: usize,
    hash: String,
}

impl SuiteLine {
    fn of(suite: &Suite) -> Self {
        Self {
            id: suite.id.clone(),
            version: suite.version.clone(),
            title: suite.title.clone(),
            licence: suite.licence.clone(),
            probes: suite.probes.len(),
            hash: suite.hash.to_string(),
        }
    }
}

/// The suites named by `against`, and the public sets in `data`.
fn known_suites(against: &[String], data: Option<&Path>) -> Result<Vec<Suite>, Failure> {
    let mut suites = against
        .iter()
        .map(|name| load_suite(name))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(folder) = data else {
        return Ok(suites);
    };
    let files = DataFolder::list(folder)?;
    let mut any = false;
    for found in public_sets()?.iter().filter_map(|set| set.find(&files)) {
        any = true;
        suites.push(load(&found.path)?);
    }
    if !any {
        return Err(
            Failure::usage(format!("{} holds no public set", folder.display()))
                .hint("`nocere suites list --data DIR` shows what is looked for"),
        );
    }
    Ok(suites)
}

pub(super) fn suites(context: &Context, command: &SuitesCommand) -> Result<u8, Failure> {
    match command {
        SuitesCommand::List { data } => list::list(context, data.as_deref()),
        SuitesCommand::Show { suite } => show::show(context, suite),
        SuitesCommand::Build(args) => build::build(context, args),
        SuitesCommand::Check(args) => check::check(context, args),
        SuitesCommand::Diff { old, new } => diff::diff(context, old, new),
        SuitesCommand::Sample(args) => sample::sample(context, args),
        SuitesCommand::Pull(args) => pull::pull(context, args),
        SuitesCommand::Schema { line } => {
            let name = if *line {
                "suite-line.schema.json"
            } else {
                "suite.schema.json"
            };
            output::data(json_schema().get(name).map_or("", String::as_str))?;
            Ok(DONE)
        }
    }
}
