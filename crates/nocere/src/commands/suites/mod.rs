//! `nocere suites`: lists, checks, builds and fetches suites.

mod builder;
mod check;
mod diff;
mod divide;
mod list;
mod policy;
mod power;
mod probe;
mod pull;
mod review;
mod sample;
mod show;

use nocere_core::Suite;
use nocere_project::ProjectError;
use nocere_suites::json_schema;
use serde::Serialize;

use crate::{cli::SuitesCommand, context::Context, exit::DONE, output};

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
            id: suite.id.to_string(),
            version: suite.version.clone(),
            title: suite.title.clone(),
            licence: suite.licence.clone(),
            probes: suite.probes.len(),
            hash: suite.hash.to_string(),
        }
    }
}

pub(super) fn suites(context: &Context, command: &SuitesCommand) -> Result<u8, ProjectError> {
    match command {
        SuitesCommand::List { data } => list::list(context, data.as_deref()),
        SuitesCommand::Show {
            suite,
            probe: Some(id),
        } => probe::show(context, suite, id),
        SuitesCommand::Show { suite, probe: None } => show::show(context, suite),
        SuitesCommand::Review(args) => review::review(context, args),
        SuitesCommand::Build(args) => builder::build(context, args),
        SuitesCommand::Check(args) => check::check(context, args),
        SuitesCommand::Divide(args) => divide::divide(context, args),
        SuitesCommand::Power(args) => power::power(context, args),
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
