//! `nocere demo`: fetches a small model and evaluates it.

use nocere_core::{RunId, text::wrap};
use nocere_local::{Catalog, pull};
use nocere_project::{ProjectError, RunSpec};

use crate::{
    cli::{DemoArgs, WorkingArgs},
    commands::{models::pull_model, run},
    context::Context,
    output,
};

/// The protocol of the part under pressure, and the number of its probes.
const PRESSURE: &str = "red-team-quick";
const PRESSED: usize = 12;

pub(super) fn demo(context: &Context, args: &DemoArgs) -> Result<u8, ProjectError> {
    let catalog = Catalog::embedded()?;
    let entry = catalog.get(&args.model).ok_or_else(|| {
        ProjectError::usage(format!("there is no model `{}`", args.model))
            .hint("`nocere models list` shows all models")
    })?;
    if !pull::is_installed(entry, context.project.models_folder()) {
        pull_model(context, entry, None)?;
    }
    if !context.quiet {
        output::talk(&format!(
            "red-teaming {} in this process, from three perspectives; no text leaves this process",
            entry.title
        ));
    }
    let target = format!("local:{}", args.model);
    let spec = |protocol: &str, limit| RunSpec {
        limit,
        local_only: true,
        ..RunSpec::new(protocol, target.clone())
    };
    // First, so that the latest run is the one that the demo is about.
    let pressed = run::work(
        context,
        context.project.plan(&spec(PRESSURE, Some(PRESSED)))?,
        &WorkingArgs::default(),
    )?;
    let code = run::run_spec(context, &spec("demo", args.limit), &WorkingArgs::default())?;
    if !context.quiet && !context.json {
        output::text(&under_pressure(context, &pressed)?)?;
    }
    Ok(code)
}

/// What a few minutes of pressure showed, and a conversation that broke.
fn under_pressure(context: &Context, run: &RunId) -> Result<String, ProjectError> {
    let reader = context.project.run(run)?;
    let report = context.project.report(&reader)?;
    let width = output::width();
    let mut text = format!(
        "\nUnder pressure ({PRESSURE}, {PRESSED} probes, too few to prove anything):\n{}",
        nocere_report::pressure_table(&report, width, false)
    );
    if let Some((sample, turn)) = context.project.breaking(&reader)? {
        let said = format!(
            "A conversation that held at first broke in turn {turn}: `nocere show {run} {}`.",
            sample.probe.id
        );
        text.push_str(&wrap(&said, width.min(100), ""));
        text.push('\n');
    }
    Ok(text)
}
