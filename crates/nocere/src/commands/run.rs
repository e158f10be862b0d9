//! `nocere run` and `nocere resume`.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use nocere_core::{clock, hash_json};
use nocere_engine::{Engine, EngineError, JudgeSetup, PlanInput, TargetSetup, plan_run};
use nocere_queue::Embedded;
use nocere_report::{RunReport, terminal_report};
use nocere_store::{Journal, RunHeader, RunReader};
use nocere_suites::PolicySet;

use crate::{
    cli::{RejudgeArgs, ResumeArgs, RunArgs},
    commands::report::write_html,
    context::Context,
    failure::{DONE, Failure},
    output,
    progress::RunProgress,
    protocol::{self, ProtocolSampling},
    select,
    setup::{self, Models},
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
    let judges = setup::judges(&judge_names, &mut models, &policies)?;
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
    };
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
        driver_for: nocere_drivers::for_probe,
    })?;
    let journal = Journal::create(&context.runs(), &plan)?;
    if !context.quiet {
        output::talk(&format!(
            "run {}: {} probes, {} conversations",
            plan.header.id,
            plan.probes.len(),
            plan.units.len()
        ));
    }
    execute(context, &plan.header.id, journal, targets, judges)
}

pub(super) fn resume(context: &Context, args: &ResumeArgs) -> Result<u8, Failure> {
    let reader = RunReader::find(&context.runs(), &args.run)?;
    let header = reader.header()?;
    let policies = PolicySet::embedded()?;
    if hash_json("policies", &policies.iter().collect::<Vec<_>>()) != header.policies {
        return Err(Failure::usage(format!(
            "run {} was planned under other policies (nocere {}); its verdicts would not be comparable",
            header.id, header.nocere_version
        ))
        .hint("start the run anew"));
    }
    let journal = Journal::open(&context.runs(), &header.id)?;
    let (done, total) = reader.progress()?;
    if done == total {
        if !context.quiet {
            output::talk(&format!("run {} has nothing left to do", header.id));
        }
        drop(journal);
        return conclude(context, &header.id);
    }
    let mut models = Models::new(context, header.local_only);
    let targets = recorded_targets(&reader, &mut models, &header.id)?;
    let judges = setup::judges(&header.judges, &mut models, &policies)?;
    let planned = reader.instruments()?;
    for judge in &judges {
        let instrument = judge.judge.instrument();
        if !planned.iter().any(|known| known.hash == instrument.hash) {
            return Err(Failure::usage(format!(
                "judge {} has changed since run {} began: half of its verdicts would come from another instrument",
                instrument.id, header.id
            ))
            .hint("start the run anew"));
        }
    }
    drop(reader);
    execute(context, &header.id, journal, targets, judges)
}

/// The same conversations under new judges: a run of its own whose calls to the targets
/// are copied from the old one, so that nothing is asked twice. Where the old run recorded
/// no reply (the line failed to the end), the target is asked.
pub(super) fn rejudge(context: &Context, args: &RejudgeArgs) -> Result<u8, Failure> {
    let reader = RunReader::find(&context.runs(), &args.run)?;
    let old = reader.header()?;
    let (done, total) = reader.progress()?;
    if done < total {
        return Err(
            Failure::usage(format!("run {} is unfinished: {done} of {total}", old.id))
                .hint(format!("finish it first with `nocere resume {}`", old.id)),
        );
    }
    let policies = PolicySet::embedded()?;
    let mut models = Models::new(context, old.local_only);
    let targets = recorded_targets(&reader, &mut models, &old.id)?;
    let names = if args.judges.is_empty() {
        old.judges.clone()
    } else {
        args.judges.clone()
    };
    let judges = setup::judges(&names, &mut models, &policies)?;
    let probes = reader.probes()?;
    let suites = reader
        .suites()?
        .into_iter()
        .map(|suite| nocere_core::Suite {
            probes: probes
                .iter()
                .filter(|probe| probe.suite == suite.id)
                .cloned()
                .collect(),
            ..suite
        })
        .collect();
    let header = RunHeader {
        id: new_run_id(),
        created: clock::now_utc(),
        nocere_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: format!("nocere rejudge {}", old.id),
        judges: names,
        policies: hash_json("policies", &policies.iter().collect::<Vec<_>>()),
        ..old
    };
    let mut plan = plan_run(PlanInput {
        header,
        suites,
        targets: targets
            .iter()
            .map(|target| (target.id.clone(), target.record.clone()))
            .collect(),
        instruments: judges
            .iter()
            .map(|setup| setup.judge.instrument().clone())
            .collect(),
        driver_for: nocere_drivers::for_probe,
    })?;
    // The old plan's own order, because groups are cut from it.
    plan.probes = probes;
    plan.units = reader.units()?;
    let journal = Journal::create(&context.runs(), &plan)?;
    journal.copy_target_calls(reader.path())?;
    drop(reader);
    execute(context, &plan.header.id, journal, targets, judges)
}

/// The run's targets, as they are now, if they are still the same.
fn recorded_targets(
    reader: &RunReader,
    models: &mut Models<'_>,
    run: &str,
) -> Result<Vec<TargetSetup>, Failure> {
    let mut targets = Vec::new();
    for (id, record) in reader.targets()? {
        let resolved = models.resolve(&id)?;
        if *resolved.model.identity() != record.identity
            || resolved.system_prompt != record.system_prompt
        {
            return Err(Failure::usage(format!(
                "target `{id}` is not what it was when run {run} began"
            ))
            .hint("restore its file or its entry in nocere.yaml, or start a new run"));
        }
        targets.push(setup::target(&id, resolved, record.sampling));
    }
    // The plan's order, which the journal keeps in the units.
    targets.sort_by_key(|target| reader.first_unit(&target.id).unwrap_or(i64::MAX));
    Ok(targets)
}

fn execute(
    context: &Context,
    run: &str,
    journal: Journal,
    targets: Vec<TargetSetup>,
    judges: Vec<JudgeSetup>,
) -> Result<u8, Failure> {
    let journal = Arc::new(journal);
    let progress = Arc::new(RunProgress::new(context.quiet));
    let stop = Arc::new(AtomicBool::new(false));
    let engine = Engine::new(
        Arc::clone(&journal),
        Embedded::new(Arc::clone(&journal)),
        targets,
        judges,
        nocere_drivers::for_probe,
        Arc::clone(&progress) as Arc<dyn nocere_engine::Observer>,
        Arc::clone(&stop),
    )?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::infrastructure(format!("failed to start the runtime: {error}"))
        })?;
    let result = runtime.block_on(async {
        let work = engine.run();
        tokio::pin!(work);
        loop {
            tokio::select! {
                result = &mut work => return result,
                signal = tokio::signal::ctrl_c() => {
                    // Without a signal handler there is nothing to wait for but the work.
                    if signal.is_err() {
                        return work.await;
                    }
                    if stop.swap(true, Ordering::Relaxed) {
                        return Err(EngineError::Stopped);
                    }
                    output::talk("finishing what is in flight; press Ctrl-C again to stop at once");
                }
            }
        }
    });
    progress.finish();
    drop(engine);
    drop(journal);
    runtime.shutdown_background();
    match result {
        Ok(()) => conclude(context, run),
        // What was in flight was all that was left.
        Err(EngineError::Stopped) if is_finished(context, run)? => conclude(context, run),
        Err(error) => {
            let hint = format!("`nocere resume {run}` goes on where the run stopped");
            Err(Failure::from(error).hint(hint))
        }
    }
}

fn is_finished(context: &Context, run: &str) -> Result<bool, Failure> {
    let (done, total) = RunReader::find(&context.runs(), run)?.progress()?;
    Ok(done == total)
}

/// Prints the figures and writes the page.
fn conclude(context: &Context, run: &str) -> Result<u8, Failure> {
    let reader = RunReader::find(&context.runs(), run)?;
    let report = RunReport::build(&reader)?;
    if context.json {
        output::json(&report)?;
    } else {
        output::data(&terminal_report(&report, output::width(), 3))?;
    }
    // The figures are out before the disk can refuse the page.
    let path = context.report_path(run, "html");
    write_html(&report, &path)?;
    if !context.quiet {
        output::talk(&format!("\nreport: {}", path.display()));
    }
    if report.nothing_scored() {
        return Err(Failure::infrastructure("no answer of this run could be scored").hint(
            "`nocere show RUN PROBE` shows what the target said; correct the target and start a new run",
        ));
    }
    Ok(DONE)
}

/// Sortable by time; the suffix tells apart runs of the same second.
fn new_run_id() -> String {
    let noise = hash_json("run", &(clock::now_nanos().to_string(), std::process::id()));
    let stamp: String = clock::now_utc()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!(
        "{}-{}",
        stamp.to_lowercase().trim_end_matches('z'),
        &noise.as_str()[..4]
    )
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
