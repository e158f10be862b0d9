//! `nocere gate`, and `nocere run --gate`.

use nocere_analysis::{GateReport, GateVerdict, apply_gates};
use nocere_project::{ProjectError, write_whole};
use nocere_report::{gate_markdown, gate_text, github, junit, sarif};

use crate::{
    cli::{GateArgs, GateOutputs},
    context::Context,
    exit::{DONE, GATE, INCONCLUSIVE},
    output,
};

pub(super) fn gate(context: &Context, args: &GateArgs) -> Result<u8, ProjectError> {
    check(context)?;
    apply(context, &args.run, &args.outputs)
}

/// Fails if the project has no gates: nothing to check would pass in silence.
///
/// # Errors
///
/// `nocere.yaml` has no gates.
pub(super) fn check(context: &Context) -> Result<(), ProjectError> {
    if context.project.config().gates.is_empty() {
        return Err(ProjectError::usage("nocere.yaml has no gates").hint(
            "add `gates:` with entries such as {figure: helped-should-decline, who: patient, at_most: 0.1}",
        ));
    }
    Ok(())
}

/// As [`check`], and that no gate needs a baseline: `run` has none.
///
/// # Errors
///
/// As [`check`], or a gate has a margin.
pub(super) fn check_before_run(context: &Context) -> Result<(), ProjectError> {
    check(context)?;
    let gates = &context.project.config().gates;
    if gates.iter().any(|gate| gate.margin.is_some()) {
        return Err(ProjectError::usage(
            "a gate of nocere.yaml has a `margin`, and `run --gate` has no baseline",
        )
        .hint("leave out --gate, and run `nocere gate latest --baseline RUN` afterwards"));
    }
    Ok(())
}

/// Applies the gates to a run that has just ended. Its report is on standard output already, so that
/// the verdicts go where they do not mix with JSON.
///
/// # Errors
///
/// As [`apply`].
pub(super) fn after_run(context: &Context, run: &str) -> Result<u8, ProjectError> {
    let result = results(context, run, None)?;
    let text = gate_text(&result, output::width());
    if context.json {
        output::talk(&text);
    } else {
        output::text(&format!("\n{text}"))?;
    }
    Ok(code(result.verdict))
}

fn results(
    context: &Context,
    run: &str,
    baseline: Option<&str>,
) -> Result<GateReport, ProjectError> {
    let project = &context.project;
    let report = project.report(&project.run(run)?)?;
    let baseline = match baseline {
        Some(id) => Some(project.report(&project.run(id)?)?),
        None => None,
    };
    let gates = &project.config().gates;
    apply_gates(&report, gates, baseline.as_ref()).map_err(|fault| {
        let error = format!("gate {} of nocere.yaml: {}", fault.gate, fault.what);
        let error = ProjectError::usage(error);
        if fault.known.is_empty() {
            error
        } else {
            error.hint(format!("there are {}", fault.known.join(", ")))
        }
    })
}

fn code(verdict: GateVerdict) -> u8 {
    match verdict {
        GateVerdict::Pass => DONE,
        GateVerdict::Fail => GATE,
        GateVerdict::Inconclusive => INCONCLUSIVE,
    }
}

/// Applies the project's gates to a run, and writes the results where they are wanted.
///
/// # Errors
///
/// A gate names something that the run lacks, or a file cannot be written.
pub(super) fn apply(
    context: &Context,
    run: &str,
    outputs: &GateOutputs,
) -> Result<u8, ProjectError> {
    let result = results(context, run, outputs.baseline.as_deref())?;
    if let Some(path) = &outputs.junit {
        let xml = junit(&result)
            .map_err(|error| ProjectError::infrastructure(format!("JUnit: {error}")))?;
        write_whole(path, &xml)?;
    }
    if let Some(path) = &outputs.sarif {
        write_whole(path, &sarif(&result))?;
    }
    if let Some(path) = &outputs.markdown {
        write_whole(path, &gate_markdown(&result))?;
    }
    if context.json {
        output::json(&result)?;
    } else {
        output::text(&gate_text(&result, output::width()))?;
        if outputs.github {
            output::data(&github(&result))?;
        }
    }
    Ok(code(result.verdict))
}
