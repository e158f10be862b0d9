//! `nocere run`.

use nocere_core::{RunId, text::wrap};
use nocere_project::{PlannedRun, ProjectError, RunSpec, SamplingOverrides};

use crate::{
    cli::{RunArgs, WorkingArgs},
    commands::{
        estimate, gate,
        report::{self, conclude},
    },
    context::Context,
    exit::DONE,
    output,
};

pub(super) fn run(context: &Context, args: &RunArgs) -> Result<u8, ProjectError> {
    let spec = RunSpec {
        what: args.what.clone(),
        targets: args.targets.clone(),
        guards: args.drivers.guards.clone(),
        judges: args.judges.clone(),
        drivers: args.drivers.drivers.clone(),
        factors: args.drivers.factors.clone(),
        design: args.drivers.design.map(Into::into),
        attacker: args.drivers.attacker.clone(),
        scorer: args.drivers.scorer.clone(),
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
    let planned = context.project.plan(&spec)?;
    if args.gate {
        // Before anything is asked and paid for.
        let protocol = planned.protocol().map(|protocol| protocol.id.as_str());
        context.project.check_gates_before(protocol)?;
    }
    let estimate = planned.estimate();
    if args.before.dry_run {
        if context.json {
            output::json(&estimate)?;
        } else {
            output::text(&estimate::text(&planned, &estimate, output::width()))?;
        }
        return Ok(DONE);
    }
    if !estimate::confirmed(&estimate, args.before.yes) {
        output::talk("nothing was asked");
        return Ok(DONE);
    }
    let run = work(context, planned, &args.working)?;
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
    let run = work(context, context.project.plan(spec)?, working)?;
    conclude(context, &run, Some(working.max_failed))
}

/// Begins a planned run and works on it; its id.
pub(super) fn work(
    context: &Context,
    planned: PlannedRun<'_>,
    working: &WorkingArgs,
) -> Result<RunId, ProjectError> {
    if !context.quiet
        && let Some(protocol) = planned.protocol()
    {
        for line in nocere_analysis::parts_lines(protocol) {
            output::talk(&wrap(&line, output::width(), ""));
        }
    }
    report::work(context, planned.begin()?, &context.watch(working))
}
