//! `nocere resume`, `nocere extend` and `nocere rejudge`: work on an existing run.

use nocere_project::{ExtendSpec, ProjectError};

use crate::{
    cli::{ExtendArgs, RejudgeArgs, ResumeArgs},
    commands::report::conclude,
    context::Context,
    output,
};

pub(super) fn resume(context: &Context, args: &ResumeArgs) -> Result<u8, ProjectError> {
    let limits = args.working.limits();
    let resumed = context
        .project
        .resume(&args.run, args.retry_failed, &limits)?;
    if let Some(reopened) = resumed.reopened
        && !context.quiet
    {
        output::talk(&format!("{reopened} failed units are tried again"));
    }
    match resumed.session {
        Some(session) => session.work(&context.watch(&args.working))?,
        None if !context.quiet => {
            output::talk(&format!("run {} is already finished", resumed.run));
        }
        None => {}
    }
    conclude(context, &resumed.run, Some(args.working.max_failed))
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
    let run = session.header().id.clone();
    session.work(&context.watch(&args.working))?;
    conclude(context, &run, Some(args.working.max_failed))
}

pub(super) fn rejudge(context: &Context, args: &RejudgeArgs) -> Result<u8, ProjectError> {
    let limits = args.working.limits();
    let session = context
        .project
        .rejudge(&args.run, &args.judges, args.local_only, &limits)?;
    let run = session.header().id.clone();
    session.work(&context.watch(&args.working))?;
    conclude(context, &run, Some(args.working.max_failed))
}
