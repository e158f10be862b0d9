//! One file for each command.

mod again;
mod calibrate;
mod calibration_text;
mod demo;
mod doctor;
mod execute;
mod extras;
mod import;
mod judge_test;
mod judges;
mod models;
mod plan_size;
mod powered;
mod recorded;
mod report;
mod run;
mod runs;
mod suites;

pub(crate) use import::parse_expect;

use crate::{
    cli::{Cli, Command},
    context::Context,
    failure::Failure,
};

/// Executes what was typed; returns the exit code.
pub(crate) fn execute(cli: Cli, context: &Context) -> Result<u8, Failure> {
    match cli.command {
        Command::Demo(args) => demo::demo(context, &args),
        Command::Run(args) => run::run(context, &args),
        Command::Resume(args) => again::resume(context, &args),
        Command::Extend(args) => again::extend(context, &args),
        Command::Rejudge(args) => again::rejudge(context, &args),
        Command::Import(args) => import::import(context, &args),
        Command::Runs => runs::runs(context),
        Command::Show(args) => runs::show(context, &args),
        Command::Report(args) => report::report(context, &args),
        Command::Suites(command) => suites::suites(context, &command),
        Command::Judges(command) => judges::judges(context, &command),
        Command::Calibrate(args) => calibrate::calibrate(context, &args),
        Command::PlanSize(command) => plan_size::plan_size(context, &command),
        Command::Models(command) => models::models(context, &command),
        Command::Doctor => doctor::doctor(context),
        Command::Completions { shell } => extras::completions(shell),
        Command::Man { folder } => extras::man(&folder),
    }
}
