//! `nocere gate`, and `nocere run --gate`.

use nocere_analysis::{GateReport, GateVerdict};
use nocere_project::{ProjectError, write_whole};
use nocere_report::{gate_markdown, gate_text, github, junit, sarif};

use crate::{
    cli::{GateArgs, GateOutputs},
    context::Context,
    exit::{DONE, GATE, INCONCLUSIVE},
    output,
};

pub(super) fn gate(context: &Context, args: &GateArgs) -> Result<u8, ProjectError> {
    apply(context, &args.run, &args.outputs)
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
    project.hold_against_gates(&report, baseline.as_ref())
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
