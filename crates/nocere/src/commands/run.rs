//! `nocere run`.

use nocere_core::{clock, hash_json};
use nocere_engine::{PlanInput, TargetSetup, plan_run, plan_units};
use nocere_store::{Budget, Journal, RunHeader, RunReader};
use nocere_suites::PolicySet;

use crate::{
    cli::RunArgs,
    commands::execute::{budget, check_prices, execute, new_run_id, reuse},
    context::Context,
    failure::Failure,
    judges,
    models::Models,
    output,
    protocol::{self, ProtocolSampling},
    select, setup,
};

pub(super) fn run(context: &Context, args: &RunArgs) -> Result<u8, Failure> {
    let mut loaded = protocol::resolve(&args.what)?;
    if !args.perspective.is_empty() {
        for suite in &mut loaded.suites {
            suite
                .probes
                .retain(|probe| args.perspective.contains(&probe.perspective));
        }
    }
    if let Some(limit) = args.limit.or(loaded.limit) {
        if limit == 0 {
            return Err(Failure::usage("--limit 0 would ask nothing"));
        }
        select::balanced(&mut loaded.suites, limit, args.seed);
    }
    loaded.suites.retain(|suite| !suite.probes.is_empty());
    let policies = PolicySet::embedded()?;
    let mut models = Models::new(context, args.local_only);
    let command_sampling = ProtocolSampling {
        temperature: args.temperature,
        top_p: None,
        max_tokens: args.max_tokens,
    };
    let mut targets = Vec::new();
    for name in &args.targets {
        if targets
            .iter()
            .any(|target: &TargetSetup| target.id == *name)
        {
            return Err(Failure::usage(format!("target `{name}` is given twice")));
        }
        let resolved = models.resolve(name)?;
        let sampling = setup::sampling(
            command_sampling,
            resolved.sampling,
            loaded.sampling,
            args.seed,
        )?;
        targets.push(setup::target(name, resolved, sampling));
    }
    let judge_names = if args.judges.is_empty() {
        loaded.judges
    } else {
        args.judges.clone()
    };
    let judges = judges::judges(&judge_names, &mut models, &policies)?;
    let header = RunHeader {
        id: new_run_id(),
        created: clock::now_utc(),
        nocere_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: command_line(args),
        seed: args.seed,
        epochs: args.epochs,
        local_only: args.local_only,
        judges: judge_names,
        policies: hash_json("policies", &policies.iter().collect::<Vec<_>>()),
        budget: budget(&args.working, Budget::default())?,
        reuse: args
            .reuse
            .iter()
            .map(|run| Ok(RunReader::find(&context.runs(), run)?.header()?.id))
            .collect::<Result<_, Failure>>()?,
        imported_from: None,
        aside: false,
    };
    check_prices(&header.budget, &models)?;
    let plan = plan_run(PlanInput {
        header,
        suites: loaded.suites,
        targets: targets
            .iter()
            .map(|target| (target.id.clone(), target.record.clone()))
            .collect(),
        instruments: judges
            .iter()
            .map(|setup| setup.judge.instrument().clone())
            .collect(),
    })?;
    let units = plan_units(&plan, nocere_drivers::for_probe);
    let journal = Journal::create(&context.runs(), &plan, units)?;
    reuse(context, &journal, &plan.header)?;
    if !context.quiet {
        output::talk(&format!(
            "run {}: {} probes, {} conversations",
            plan.header.id,
            plan.probes.len(),
            plan.probes.len() * targets.len() * plan.header.epochs as usize
        ));
    }
    let header = plan.header.clone();
    // Probes are read from the journal as they are needed.
    drop(plan);
    execute(context, &header, journal, (targets, judges), &args.working)
}

/// The command that repeats the run, as one would type it.
fn command_line(args: &RunArgs) -> String {
    let quote = |text: &str| {
        let plain = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:@=,".contains(c));
        if plain {
            text.to_owned()
        } else {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
    };
    let mut words = vec!["nocere".to_owned(), "run".to_owned()];
    words.extend(args.what.iter().map(|what| quote(what)));
    for target in &args.targets {
        words.extend(["--target".to_owned(), quote(target)]);
    }
    for judge in &args.judges {
        words.extend(["--judge".to_owned(), quote(judge)]);
    }
    for run in &args.reuse {
        words.extend(["--reuse".to_owned(), quote(run)]);
    }
    for perspective in &args.perspective {
        words.extend(["--perspective".to_owned(), perspective.to_string()]);
    }
    let numbers = [
        ("--limit", args.limit.map(|n| n.to_string())),
        ("--seed", (args.seed != 0).then(|| args.seed.to_string())),
        (
            "--epochs",
            (args.epochs != 1).then(|| args.epochs.to_string()),
        ),
        ("--temperature", args.temperature.map(|n| n.to_string())),
        ("--max-tokens", args.max_tokens.map(|n| n.to_string())),
        ("--max-cost", args.working.max_cost.map(|n| n.to_string())),
        ("--max-calls", args.working.max_calls.map(|n| n.to_string())),
    ];
    for (flag, value) in numbers {
        if let Some(value) = value {
            words.extend([flag.to_owned(), value]);
        }
    }
    if args.local_only {
        words.push("--local-only".to_owned());
    }
    words.join(" ")
}
