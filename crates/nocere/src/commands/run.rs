//! `nocere run`.

use nocere_core::{RunId, text::wrap};
use nocere_project::{ProjectError, RunSpec, SamplingOverrides};

use crate::{
    cli::{RunArgs, WorkingArgs},
    commands::{gate, report::conclude},
    context::Context,
    output,
};

pub(super) fn run(context: &Context, args: &RunArgs) -> Result<u8, ProjectError> {
    if args.gate {
        // Before anything is asked and paid for.
        gate::check_before_run(context)?;
    }
    let spec = RunSpec {
        what: args.what.clone(),
        targets: args.targets.clone(),
        judges: args.judges.clone(),
        driver: args.driver.clone(),
        protocol: args.protocol.choices(),
        perspectives: args.perspective.clone(),
        intended_users: args.intended_users.clone(),
        limit: args.limit,
        seed: args.seed,
        epochs: args.epochs,
        local_only: args.local_only,
        sampling: SamplingOverrides {
            temperature: args.temperature,
            top_p: args.top_p,
            max_tokens: args.max_tokens,
        },
        reuse: args.reuse.clone(),
        limits: args.working.limits(),
    };
    let run = work(context, &spec, &args.working)?;
    let code = conclude(context, &run, Some(args.working.max_failed))?;
    if !args.gate {
        return Ok(code);
    }
    gate::after_run(context, &run)
}

/// Plans a run, works on it and prints its figures.
pub(super) fn run_spec(
    context: &Context,
    spec: &RunSpec,
    working: &WorkingArgs,
) -> Result<u8, ProjectError> {
    let run = work(context, spec, working)?;
    conclude(context, &run, Some(working.max_failed))
}

/// Plans a run and works on it; its id.
fn work(context: &Context, spec: &RunSpec, working: &WorkingArgs) -> Result<RunId, ProjectError> {
    let planned = context.project.plan(spec)?;
    if !context.quiet
        && let Some(protocol) = planned.protocol()
    {
        for line in nocere_analysis::parts_lines(protocol) {
            output::talk(&wrap(&line, output::width(), ""));
        }
    }
    let session = planned.begin()?;
    let run = session.header().id.clone();
    session.work(&context.watch(working))?;
    Ok(run)
}
