//! `nocere run`.

use nocere_core::{clock, hash_json};
use nocere_engine::{PlanInput, TargetSetup, plan_run, plan_units};
use nocere_store::{Budget, Journal, RunHeader, RunReader};
use nocere_suites::PolicySet;

use crate::{
    cli::{ProtocolArgs, RunArgs},
    commands::execute::{budget, check_prices, execute, new_run_id, reuse},
    context::Context,
    failure::Failure,
    judges,
    models::Models,
    output,
    protocol::{self, Loaded, ProtocolSampling},
    setup,
};

pub(super) fn run(context: &Context, args: &RunArgs) -> Result<u8, Failure> {
    let mut loaded = protocol::resolve(&args.what, &options(args))?;
    select(&mut loaded, args)?;
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
        loaded.judges.clone()
    } else {
        args.judges.clone()
    };
    let mut judges = judges::judges(&judge_names, &mut models, &policies)?;
    loaded.bind(&judge_names, &mut judges, !args.judges.is_empty());
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
        protocol: loaded.record,
        intended_users: if args.intended.is_empty() {
            loaded.intended_users
        } else {
            args.intended.clone()
        },
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
    if !context.quiet
        && let Some(protocol) = &plan.header.protocol
    {
        for line in nocere_report::parts_lines(protocol) {
            output::talk(&nocere_report::wrap(&line, output::width(), ""));
        }
    }
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

/// Keeps the probes that the command line asks for.
fn select(loaded: &mut Loaded, args: &RunArgs) -> Result<(), Failure> {
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
        crate::select::balanced(&mut loaded.suites, limit, args.seed);
    }
    loaded.note_selection();
    loaded.suites.retain(|suite| !suite.probes.is_empty());
    Ok(())
}

fn options(args: &RunArgs) -> protocol::Options {
    protocol::Options {
        data: args.protocol.data.clone(),
        chosen: protocol::Chosen {
            preset: args.protocol.preset.clone(),
            set: args.protocol.set.clone(),
            judge_model: args.protocol.judge_model.clone(),
        },
        parts: args.protocol.parts.clone(),
    }
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
    let ProtocolArgs {
        data,
        preset,
        judge_model,
        set,
        parts,
    } = &args.protocol;
    let data = data.as_ref().map(|data| data.display().to_string());
    let single = [
        ("--data", &data),
        ("--preset", preset),
        ("--judge-model", judge_model),
    ];
    for (flag, value) in single {
        if let Some(value) = value {
            words.extend([flag.to_owned(), quote(value)]);
        }
    }
    for (flag, values) in [("--set", set), ("--part", parts)] {
        for value in values {
            words.extend([flag.to_owned(), quote(value)]);
        }
    }
    for who in &args.intended {
        words.extend(["--intended".to_owned(), who.to_string()]);
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
