//! A run from plan to end. A [`RunSpec`] says what the user wants, a [`PlannedRun`] has everything
//! loaded, and a [`Session`] works on the run until it is done or must stop.

mod extend;
mod images;
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

/// Threads of the async runtime. Two are enough, because they only move bytes: models in this
/// process have their own threads.
const WORKER_THREADS: usize = 2;
/// Time for cancelled tasks to be dropped, which also ends the programs that they started.
const WIND_DOWN: Duration = Duration::from_millis(500);

/// Receives the events of a run, and can stop it.
#[derive(Clone)]
pub struct Watch {
    /// Receives every event.
    pub listener: Arc<dyn Listener>,
    /// Stops the work on request.
    pub stop: Stop,
}

impl Watch {
    /// Ignores all events and never stops the work.
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

/// A run that this process has locked and is ready to work on.
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

    /// The run's id, kind and settings.
    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// Works until the run is done or must stop. Blocks the calling thread and starts its own
    /// async runtime, so async callers must use a thread for blocking work.
    ///
    /// # Errors
    ///
    /// A model or the journal cannot be used, a budget is spent, or `watch` asked to stop.
    /// Finished units stay in the journal; the hint says how to continue.
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
        // Created inside the runtime, because the purse reads the runtime's clock.
        let purse = runtime.block_on(async {
            Arc::new(Purse::new(
                self.header.budget,
                spent.values(),
                self.max_time,
            ))
        });
        let engine = Engine::new(
            RunSetup {
                journal: Arc::<Journal>::clone(&journal),
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
            // Stopped, but the units in flight were the last ones.
            Err(EngineError::Stopped) if done == total => Ok(()),
            Err(error) => {
                let hint = match &error {
                    EngineError::Budget(_) => {
                        format!("run `nocere resume {run}` with a larger budget to continue")
                    }
                    _ => format!("run `nocere resume {run}` to continue where it stopped"),
                };
                Err(ProjectError::from(error).hint(hint))
            }
        }
    }
}

/// A run in which the suite builder's generator writes candidates.
pub(crate) struct GeneratorRun<'a> {
    pub(crate) id: &'a str,
    pub(crate) budget: Budget,
    pub(crate) generator: TargetSetup,
    pub(crate) models: &'a Models<'a>,
    pub(crate) max_time: Option<Duration>,
}

/// Works on a planned run of the suite builder's generator, with a new budget.
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
        drivers: vec![drivers::direct()],
        max_time: run.max_time,
        probes: reader.probe_count()?,
        units: total - done,
    };
    session.work(watch)
}

/// Fails if there is a budget of money but a model without a price: it could not be enforced.
fn check_prices(budget: &Budget, models: &Models<'_>) -> Result<(), ProjectError> {
    let unpriced = models.unpriced();
    if budget.max_cost.is_some() && !unpriced.is_empty() {
        return Err(ProjectError::usage(format!(
            "--max-cost cannot be enforced: no price is known for {}",
            unpriced.join(", ")
        ))
        .hint("set it in nocere.yaml, in dollars per million tokens: `price: {input: 0.4, output: 1.6}`"));
    }
    Ok(())
}

/// Opens the journals of the runs whose replies may be reused.
fn reuse(project: &Project, journal: &Journal, header: &RunHeader) -> Result<(), ProjectError> {
    for run in &header.reuse {
        journal.reuse(project.run(run)?.path())?;
    }
    Ok(())
}
