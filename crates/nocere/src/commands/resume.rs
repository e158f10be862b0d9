//! `nocere resume`, `nocere extend` and `nocere rejudge`: work on an existing run.

use nocere_core::RunState;
use nocere_project::{ExtendSpec, ProjectError};
use nocere_store::list_runs;

use crate::{
    cli::{ExtendArgs, RejudgeArgs, ResumeArgs},
    commands::report::{self, conclude},
    context::Context,
    output,
};

pub(super) fn resume(context: &Context, args: &ResumeArgs) -> Result<u8, ProjectError> {
    let limits = args.working.limits();
    let run = match &args.run {
        Some(run) => run.clone(),
        None if args.retry_failed => "latest".to_owned(),
        None => newest_unfinished(context)?,
    };
    let resumed = context.project.resume(&run, args.retry_failed, &limits)?;
    if let Some(reopened) = resumed.reopened
        && !context.quiet
    {
        output::talk(&format!("{reopened} failed units are tried again"));
    }
    match resumed.session {
        Some(session) => {
            report::work(context, session, &context.watch(&args.working))?;
        }
        None if !context.quiet => {
            output::talk(&format!("run {} is already finished", resumed.run));
        }
        None => {}
    }
    conclude(context, &resumed.run, Some(args.working.max_failed))
}

/// The id of the newest run that is not finished, or `latest` if all are.
fn newest_unfinished(context: &Context) -> Result<String, ProjectError> {
    for (id, summary) in list_runs(&context.project.runs_folder())?.into_iter().rev() {
        // An unreadable run is reported, not passed over: it may be the one that is meant.
        let run = summary?;
        if run.state == RunState::Unfinished && !run.header.kind.is_aside() {
            return Ok(id);
        }
    }
    Ok("latest".to_owned())
}

pub(super) fn extend(context: &Context, args: &ExtendArgs) -> Result<u8, ProjectError> {
    let spec = ExtendSpec {
        suites: args.suites.clone(),
        targets: args.targets.clone(),
        judges: args.judges.clone(),
        epochs: args.epochs,
        limits: args.working.limits(),
    };
    let session = context.project.extend(&args.run, &spec)?;
    let run = report::work(context, session, &context.watch(&args.working))?;
    conclude(context, &run, Some(args.working.max_failed))
}

pub(super) fn rejudge(context: &Context, args: &RejudgeArgs) -> Result<u8, ProjectError> {
    let limits = args.working.limits();
    let session = context
        .project
        .rejudge(&args.run, &args.judges, args.local_only, &limits)?;
    let run = report::work(context, session, &context.watch(&args.working))?;
    conclude(context, &run, Some(args.working.max_failed))
}
