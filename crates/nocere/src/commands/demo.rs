//! `nocere demo`: from nothing to a finding about a real model.

use nocere_local::{Catalog, pull};

use crate::{
    cli::{DemoArgs, ProtocolArgs, RunArgs, WorkingArgs},
    commands::{models::pull_model, run},
    context::Context,
    failure::Failure,
    output,
};

pub(super) fn demo(context: &Context, args: &DemoArgs) -> Result<u8, Failure> {
    let catalog = Catalog::embedded()?;
    let entry = catalog.get(&args.model).ok_or_else(|| {
        Failure::usage(format!("there is no model `{}`", args.model))
            .hint("`nocere models list` shows them")
    })?;
    if !pull::is_installed(entry, &context.models) {
        pull_model(context, entry, None)?;
    }
    if !context.quiet {
        output::talk(&format!(
            "red-teaming {} in this process, from three perspectives; no text leaves this process",
            entry.title
        ));
    }
    run::run(
        context,
        &RunArgs {
            what: vec!["demo".to_owned()],
            targets: vec![format!("local:{}", args.model)],
            judges: Vec::new(),
            limit: args.limit,
            seed: 0,
            epochs: 1,
            local_only: true,
            temperature: None,
            max_tokens: None,
            perspective: Vec::new(),
            intended: Vec::new(),
            protocol: ProtocolArgs::default(),
            reuse: Vec::new(),
            working: WorkingArgs {
                max_cost: None,
                max_calls: None,
                max_time: None,
                progress: None,
            },
        },
    )
}
