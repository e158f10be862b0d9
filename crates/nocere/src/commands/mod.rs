//! The commands, one file each.

mod adaptive;
mod assets;
mod attacks;
mod calibrate;
mod calibration_text;
mod compare;
mod completions;
mod demo;
mod demonstrations;
mod diff;
mod doctor;
mod estimate;
mod export;
mod findings;
mod gate;
mod import;
mod judge_test;
mod judges;
mod label;
mod label_form;
mod label_sheet;
mod list;
mod models;
mod pdf;
mod plan_size;
mod report;
mod report_folder;
mod resume;
mod run;
mod run_list;
mod runs;
mod strike;
mod suites;
mod trend;
mod trust;
use nocere_project::ProjectError;

use crate::{
    cli::{Cli, Command},
    context::Context,
};

/// Executes a command and returns the exit code.
pub(crate) fn execute(cli: Cli, context: &Context) -> Result<u8, ProjectError> {
    match cli.command {
        Command::Demo(args) => demo::demo(context, &args),
        Command::Run(args) => run::run(context, &args),
        Command::Resume(args) => resume::resume(context, &args),
        Command::Extend(args) => resume::extend(context, &args),
        Command::Rejudge(args) => resume::rejudge(context, &args),
        Command::Import(args) => import::import(context, &args),
        Command::Runs(args) => run_list::runs(context, &args),
        Command::Show(args) => runs::show(context, &args),
        Command::Trust { revoke } => trust::trust(context, revoke),
        Command::Strike(args) => strike::strike(context, &args),
        Command::Verify { run } => runs::verify(context, &run),
        Command::Compare(args) => compare::compare(context, &args),
        Command::Trend(args) => trend::trend(context, &args),
        Command::Adaptive(command) => adaptive::adaptive(context, &command),
        Command::Demonstrations(command) => demonstrations::demonstrations(context, &command),
        Command::Gate(args) => gate::gate(context, &args),
        Command::Report(args) => report::report(context, &args),
        Command::Export(args) => export::export(context, &args),
        Command::Findings(args) => findings::findings(context, &args),
        Command::Suites(command) => suites::suites(context, &command),
        Command::Attacks(command) => attacks::attacks(context, &command),
        Command::Judges(command) => judges::judges(context, &command),
        Command::Label(args) => label::label(context, &args),
        Command::Calibrate(args) => calibrate::calibrate(context, &args),
        Command::PlanSize(command) => plan_size::plan_size(context, &command),
        Command::Models(command) => models::models(context, &command),
        Command::Assets(command) => assets::assets(context, &command),
        Command::Doctor { target: None } => doctor::doctor(context),
        Command::Doctor {
            target: Some(target),
        } => doctor::target(context, &target),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man { folder } => completions::man(&folder),
    }
}
