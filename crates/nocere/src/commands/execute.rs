//! Executes a run that is planned, and says how it ended.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use nocere_core::{Money, clock, hash_json};
use nocere_engine::{Engine, EngineError, JudgeSetup, Purse, RunSetup, TargetSetup};
use nocere_queue::Embedded;
use nocere_report::terminal_report;
use nocere_store::{Budget, Journal, RunHeader, RunReader};

use crate::{
    cli::WorkingArgs,
    commands::report::{build, write_html},
    context::Context,
    failure::{DONE, Failure},
    models::Models,
    output,
    progress::RunProgress,
};

/// What the user allows to be spent; `recorded` is what the run was planned with.
pub(super) fn budget(args: &WorkingArgs, recorded: Budget) -> Result<Budget, Failure> {
    if let Some(dollars) = args.max_cost
        && !(dollars > 0.0 && dollars < 1e9)
    {
        return Err(Failure::usage(format!(
            "--max-cost {dollars} is no amount of money"
        )));
    }
    Ok(Budget {
        max_cost: args.max_cost.map(Money::from_usd).or(recorded.max_cost),
        max_requests: args.max_calls.or(recorded.max_requests),
    })
}

/// A budget of money needs prices to be kept.
pub(super) fn check_prices(budget: &Budget, models: &Models<'_>) -> Result<(), Failure> {
    let unpriced = models.unpriced();
    if budget.max_cost.is_some() && !unpriced.is_empty() {
        return Err(Failure::usage(format!(
            "--max-cost cannot be kept: no price is known for {}",
            unpriced.join(", ")
        ))
        .hint("give it in nocere.yaml, in dollars for a million tokens: `price: {input: 0.4, output: 1.6}`"));
    }
    Ok(())
}

/// Opens the runs whose replies may be taken over.
pub(super) fn reuse(
    context: &Context,
    journal: &Journal,
    header: &RunHeader,
) -> Result<(), Failure> {
    for run in &header.reuse {
        journal.reuse(RunReader::find(&context.runs(), run)?.path())?;
    }
    Ok(())
}

/// Works until the run is done or must stop, and prints its figures.
pub(super) fn execute(
    context: &Context,
    header: &RunHeader,
    journal: Journal,
    setups: (Vec<TargetSetup>, Vec<JudgeSetup>),
    args: &WorkingArgs,
) -> Result<u8, Failure> {
    work(context, header, journal, setups, args)?;
    conclude(context, &header.id)
}

/// Works until the run is done or must stop.
pub(super) fn work(
    context: &Context,
    header: &RunHeader,
    journal: Journal,
    (targets, judges): (Vec<TargetSetup>, Vec<JudgeSetup>),
    args: &WorkingArgs,
) -> Result<(), Failure> {
    let run = header.id.as_str();
    let journal = Arc::new(journal);
    let progress = Arc::new(RunProgress::new(context, args.progress));
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::infrastructure(format!("failed to start the runtime: {error}"))
        })?;
    let spent = journal.spending()?;
    progress.run_started(run, spent.values().map(|spending| spending.cost).sum());
    // The purse starts a clock, which belongs to the runtime.
    let purse = runtime
        .block_on(async { Arc::new(Purse::new(header.budget, spent.values(), args.max_time)) });
    let engine = Engine::new(
        RunSetup {
            journal: Arc::clone(&journal),
            targets,
            judges,
            driver_for: nocere_drivers::for_probe,
            purse,
            observer: Arc::clone(&progress) as Arc<dyn nocere_engine::Observer>,
            stop: Arc::clone(&stop),
        },
        Embedded::new(Arc::clone(&journal)),
    )?;
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
                    progress.interject(
                        "finishing what is in flight; press Ctrl-C again to stop at once",
                    );
                }
            }
        }
    });
    progress.finish(run);
    drop(engine);
    drop(journal);
    // Gives tasks that were cut off the time to be dropped, and with them programs to be ended.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    match result {
        Ok(()) => Ok(()),
        // What was in flight was all that was left.
        Err(EngineError::Stopped) if is_finished(context, run)? => Ok(()),
        Err(error) => {
            let hint = match &error {
                EngineError::Budget(_) => {
                    format!("`nocere resume {run}` goes on with a larger budget")
                }
                _ => format!("`nocere resume {run}` goes on where the run stopped"),
            };
            Err(Failure::from(error).hint(hint))
        }
    }
}

fn is_finished(context: &Context, run: &str) -> Result<bool, Failure> {
    let (done, total) = RunReader::find(&context.runs(), run)?.progress()?;
    Ok(done == total)
}

/// Prints the figures and writes the page.
pub(super) fn conclude(context: &Context, run: &str) -> Result<u8, Failure> {
    let reader = RunReader::find(&context.runs(), run)?;
    let report = build(context, &reader)?;
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
pub(super) fn new_run_id() -> String {
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
