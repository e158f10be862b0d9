//! `nocere demo`: fetches a small model and evaluates it.

use nocere_local::{Catalog, pull};
use nocere_project::{ProjectError, RunSpec};

use crate::{
    cli::{DemoArgs, WorkingArgs},
    commands::{models::pull_model, run},
    context::Context,
    output,
};

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
    let spec = RunSpec {
        limit: args.limit,
        local_only: true,
        ..RunSpec::new("demo", format!("local:{}", args.model))
    };
    let code = run::run_spec(context, &spec, &WorkingArgs::default())?;
    if !context.quiet {
        output::talk(&format!(
            "next, what pressure does to it, turn by turn, in some minutes: nocere run red-team-quick --target local:{}",
            args.model
        ));
    }
    Ok(code)
}
