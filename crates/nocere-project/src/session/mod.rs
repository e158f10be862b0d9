//! A run from plan to end: [`RunSpec`] is what was asked for, [`PlannedRun`] what that means,
//! [`Session`] works on it until it is done or must stop.

mod extend;
mod import;
mod plan;
pub(crate) mod recorded;
mod rejudge;
mod resume;
mod spec;
mod stop;

use nocere_core::{Budget, RunHeader};
use std::{sync::Arc, time::Duration};

use nocere_engine::{
    DriverSetup, Engine, EngineError, JudgeSetup, Listener, Purse, RunEvent, RunSetup, TargetSetup,
};
use nocere_queue::Embedded;
use nocere_store::Journal;

use crate::{Project, ProjectError, drivers, targets::Models};

pub(crate) use plan::policies_hash;
pub(crate) use rejudge::copy_of_answers;

pub use extend::ExtendSpec;
pub use import::{ImportSpec, Imported};
pub use plan::PlannedRun;
pub use resume::Resumed;
pub use spec::{ProtocolChoices, RunLimits, RunSpec};
pub use stop::{Stop, StopRequest};

/// Threads of the runtime: they only move bytes, models in the process have threads of their
/// own.
const WORKER_THREADS: usize = 2;
/// Time for tasks that were cut off to be dropped, and with them programs to be ended.
const WIND_DOWN: Duration = Duration::from_millis(500);

/// Who hears of a run's events, and who may stop it.
#[derive(Clone)]
pub struct Watch {
    /// Hears every event.
    pub listener: Arc<dyn Listener>,
    /// Stops the work when asked.
    pub stop: Stop,
}

impl Watch {
    /// Hears nothing and never stops.
    pub fn silent() -> Self {
        Self {
            listener: Arc::new(nocere_engine::Silent),
            stop: Stop::default(),
        }
    }

    pub(crate) fn note(&self, text: &str) {
        self.listener.hear(&RunEvent::Note { text });
    }
}

/// A run whose journal this process may write, ready to be worked on.
pub struct Session<'a> {
    project: &'a Project,
    header: RunHeader,
    journal: Journal,
    targets: Vec<TargetSetup>,
    judges: Vec<JudgeSetup>,
    drivers: Vec<DriverSetup>,
    max_time: Option<Duration>,
    probes: u64,
    units: u64,
}

impl Session<'_> {
    pub(crate) fn with_max_time(mut self, max_time: Option<Duration>) -> Self {
        self.max_time = max_time;
        self
    }

    /// What the run is.
    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// Works until the run is done or must stop. Blocks the calling thread: async callers put
    /// it on a thread for blocking work.
    ///
    /// # Errors
    /// If a model or the journal cannot be used, a budget is spent, or `watch` asked to stop.
    /// What is done stays done; the hint says how to continue.
    pub fn work(self, watch: &Watch) -> Result<(), ProjectError> {
        let run = self.header.id.clone();
        let listener = Arc::clone(&watch.listener);
        listener.hear(&RunEvent::RunPlanned {
            run: &run,
            probes: self.probes,
            units: self.units,
        });
        let journal = Arc::new(self.journal);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKER_THREADS)
            .enable_all()
            .build()
            .map_err(|error| {
                ProjectError::infrastructure(format!("failed to start the runtime: {error}"))
            })?;
        let spent = journal.spending()?;
        let cost_before: nocere_core::Money = spent.values().map(|spending| spending.cost).sum();
        listener.hear(&RunEvent::RunStarted {
            run: &run,
            cost_usd: cost_before.usd(),
        });
        // The purse starts a clock, which belongs to the runtime.
        let purse = runtime.block_on(async {
            Arc::new(Purse::new(
                self.header.budget,
                spent.values(),
                self.max_time,
            ))
        });
        let engine = Engine::new(
            RunSetup {
                journal: Arc::clone(&journal),
                targets: self.targets,
                judges: self.judges,
                drivers: self.drivers,
                purse,
                listener: Arc::clone(&listener),
                stop: watch.stop.flag(),
            },
            Embedded::new(Arc::clone(&journal)),
        )?;
        let failed_before = self.project.run(&run)?.failed_attempts()?;
        let result = runtime.block_on(async {
            tokio::select! {
                result = engine.run() => result,
                () = watch.stop.at_once() => Err(EngineError::Stopped),
            }
        });
        drop(engine);
        drop(journal);
        runtime.shutdown_timeout(WIND_DOWN);
        let reader = self.project.run(&run)?;
        let (done, total) = reader.progress()?;
        let cost: nocere_core::Money = reader.spending()?.values().map(|s| s.cost).sum();
        listener.hear(&RunEvent::RunEnded {
            run: &run,
            done,
            cost_usd: cost.usd(),
            failed_attempts: reader.failed_attempts()?.saturating_sub(failed_before),
        });
        match result {
            Ok(()) => Ok(()),
            // What was in flight was all that was left.
            Err(EngineError::Stopped) if done == total => Ok(()),
            Err(error) => {
                let hint = match &error {
                    EngineError::Budget(_) => {
                        format!("`nocere resume {run}` continues with a larger budget")
                    }
                    _ => format!("`nocere resume {run}` continues where the run stopped"),
                };
                Err(ProjectError::from(error).hint(hint))
            }
        }
    }
}

/// A run in which the suite builder's generator writes.
pub(crate) struct GeneratorRun<'a> {
    pub(crate) id: &'a str,
    pub(crate) budget: Budget,
    pub(crate) generator: TargetSetup,
    pub(crate) models: &'a Models<'a>,
    pub(crate) max_time: Option<Duration>,
}

/// Works on a planned run of the suite builder's generator.
pub(crate) fn work_on_generation(
    project: &Project,
    run: GeneratorRun<'_>,
    watch: &Watch,
) -> Result<(), ProjectError> {
    let journal = Journal::open(&project.runs_folder(), run.id)?;
    let reader = project.run(run.id)?;
    let header = RunHeader {
        budget: run.budget,
        ..reader.header()?
    };
    check_prices(&header.budget, run.models)?;
    journal.put_header(&header)?;
    let (done, total) = reader.progress()?;
    let session = Session {
        project,
        header,
        journal,
        targets: vec![run.generator],
        judges: Vec::new(),
        drivers: vec![drivers::driver(project, drivers::DIRECT)?],
        max_time: run.max_time,
        probes: reader.probe_count()?,
        units: total - done,
    };
    session.work(watch)
}

/// A budget of money needs prices to be kept.
fn check_prices(budget: &Budget, models: &Models<'_>) -> Result<(), ProjectError> {
    let unpriced = models.unpriced();
    if budget.max_cost.is_some() && !unpriced.is_empty() {
        return Err(ProjectError::usage(format!(
            "--max-cost cannot be kept: no price is known for {}",
            unpriced.join(", ")
        ))
        .hint("give it in nocere.yaml, in dollars for a million tokens: `price: {input: 0.4, output: 1.6}`"));
    }
    Ok(())
}

/// Opens the runs whose replies may be taken over.
fn reuse(project: &Project, journal: &Journal, header: &RunHeader) -> Result<(), ProjectError> {
    for run in &header.reuse {
        journal.reuse(project.run(run)?.path())?;
    }
    Ok(())
}
