//! Executes a run: leases units, leads their conversations, has them judged, journals them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use nocere_core::{
    ChatModel, Driver, DriverContext, DriverError, Judge, JudgeContext, Probe, Verdict,
    key::derive_seed,
};
use nocere_queue::{Outcome, WorkQueue};
use nocere_store::{Journal, TargetRecord, UnitRecord};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    EngineError, Observer,
    call::{Fatal, Metered},
    gate::{Gate, Gated, Seat},
};

/// A target of the run.
#[derive(Clone)]
pub struct TargetSetup {
    /// The lane of its units.
    pub id: String,
    /// What answers.
    pub model: Arc<dyn ChatModel>,
    /// How it is asked.
    pub record: TargetRecord,
}

/// A judge of the run.
#[derive(Clone)]
pub struct JudgeSetup {
    /// What judges.
    pub judge: Arc<dyn Judge>,
    /// The model that it asks, if any.
    pub model: Option<Arc<dyn ChatModel>>,
}

/// Executes one run.
pub struct Engine<Q> {
    shared: Arc<Shared<Q>>,
    targets: Vec<TargetSetup>,
}

struct Shared<Q> {
    journal: Arc<Journal>,
    queue: Q,
    probes: Vec<Probe>,
    judges: Vec<JudgeSetup>,
    /// One limiter for each judge model, in the judges' order.
    judge_slots: Vec<Arc<Semaphore>>,
    /// Failures in a row, by the model's name.
    failures: Mutex<BTreeMap<String, Arc<AtomicU32>>>,
    driver_for: fn(&Probe) -> &'static dyn Driver,
    seed: u64,
    observer: Arc<dyn Observer>,
    stop: Arc<AtomicBool>,
    fatal: Fatal,
}

/// The models as one conversation sees them.
struct Models {
    target: Box<dyn ChatModel>,
    judges: Vec<Option<Box<dyn ChatModel>>>,
}

impl<Q: WorkQueue> Engine<Q> {
    /// An engine for the run in `journal`. Setting `stop` makes it finish what is in
    /// flight and return [`EngineError::Stopped`].
    pub fn new(
        journal: Arc<Journal>,
        queue: Q,
        targets: Vec<TargetSetup>,
        judges: Vec<JudgeSetup>,
        driver_for: fn(&Probe) -> &'static dyn Driver,
        observer: Arc<dyn Observer>,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, EngineError> {
        let reader = journal.open_reader()?;
        let judge_slots = judges
            .iter()
            .map(|setup| {
                let slots = setup.model.as_ref().map_or(1, |model| model.parallelism());
                Arc::new(Semaphore::new(slots.max(1)))
            })
            .collect();
        let shared = Arc::new(Shared {
            probes: reader.probes()?,
            seed: reader.header()?.seed,
            journal,
            queue,
            judges,
            judge_slots,
            driver_for,
            observer,
            stop,
            fatal: Fatal::default(),
            failures: Mutex::default(),
        });
        Ok(Self { shared, targets })
    }

    /// Executes every unit that is not done.
    pub async fn run(&self) -> Result<(), EngineError> {
        for judge in &self.shared.judges {
            self.shared
                .journal
                .put_instrument(judge.judge.instrument())
                .await?;
        }
        for target in &self.targets {
            let (done, total) = self.shared.journal.lane_progress(&target.id)?;
            self.shared.observer.lane_started(&target.id, done, total);
            match target.model.grouping() {
                Some(grouping) => {
                    self.run_grouped(target, grouping.size, grouping.parallel)
                        .await?;
                }
                None => self.run_streamed(target).await?,
            }
        }
        Ok(())
    }

    /// Units flow one by one, as many at a time as the target can take.
    async fn run_streamed(&self, target: &TargetSetup) -> Result<(), EngineError> {
        let width = target.model.parallelism().max(1);
        let slots = Arc::new(Semaphore::new(width));
        // Judging goes on while the next answers are fetched.
        let in_flight = width * 2;
        let mut tasks = JoinSet::new();
        loop {
            let wanted = in_flight.saturating_sub(tasks.len());
            if wanted > 0 && !self.stopping() {
                for unit in self.shared.queue.lease(&target.id, wanted)? {
                    let models = self.shared.streamed_models(target, &slots);
                    let (shared, target) = (Arc::clone(&self.shared), target.clone());
                    tasks.spawn(async move { shared.run_unit(&unit, &target, &models).await });
                }
            }
            match tasks.join_next().await {
                Some(result) => joined(result)?,
                None => return self.ended(),
            }
        }
    }

    /// Units flow in groups that are computed together.
    async fn run_grouped(
        &self,
        target: &TargetSetup,
        size: usize,
        parallel: usize,
    ) -> Result<(), EngineError> {
        let mut tasks = JoinSet::new();
        loop {
            while tasks.len() < parallel.max(1) && !self.stopping() {
                let units = self.shared.queue.lease_group(&target.id, size)?;
                if units.is_empty() {
                    break;
                }
                let (shared, target) = (Arc::clone(&self.shared), target.clone());
                tasks.spawn(async move { shared.run_group(units, &target).await });
            }
            match tasks.join_next().await {
                Some(result) => joined(result)?,
                None => return self.ended(),
            }
        }
    }

    fn stopping(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed) || self.shared.fatal.get().is_some()
    }

    fn ended(&self) -> Result<(), EngineError> {
        if let Some(message) = self.shared.fatal.get() {
            return Err(EngineError::Model(message));
        }
        if self.shared.stop.load(Ordering::Relaxed) {
            return Err(EngineError::Stopped);
        }
        Ok(())
    }
}

fn joined(
    result: Result<Result<(), EngineError>, tokio::task::JoinError>,
) -> Result<(), EngineError> {
    match result {
        Ok(outcome) => outcome,
        Err(error) => Err(EngineError::Plan(format!(
            "a conversation was lost: {error}"
        ))),
    }
}

impl<Q: WorkQueue> Shared<Q> {
    fn metered(
        &self,
        model: &Arc<dyn ChatModel>,
        purpose: &'static str,
        slots: &Arc<Semaphore>,
    ) -> Box<dyn ChatModel> {
        Box::new(Metered {
            model: Arc::clone(model),
            journal: Arc::clone(&self.journal),
            purpose,
            slots: Arc::clone(slots),
            observer: Arc::clone(&self.observer),
            fatal: self.fatal.clone(),
            failures: self
                .failures
                .lock()
                .map(|mut map| Arc::clone(map.entry(model.identity().name.clone()).or_default()))
                .unwrap_or_default(),
        })
    }

    fn streamed_models(&self, target: &TargetSetup, slots: &Arc<Semaphore>) -> Models {
        let judges = self
            .judges
            .iter()
            .zip(&self.judge_slots)
            .map(|(setup, slots)| {
                setup
                    .model
                    .as_ref()
                    .map(|model| self.metered(model, "judge", slots))
            })
            .collect();
        Models {
            target: self.metered(&target.model, "target", slots),
            judges,
        }
    }

    /// Models in process go through the group's gate, all others are metered one by one.
    fn grouped_models(&self, target: &TargetSetup, gate: &Arc<Gate>, place: usize) -> Models {
        let gated = |model: &Arc<dyn ChatModel>, purpose| -> Box<dyn ChatModel> {
            Box::new(Gated {
                gate: Arc::clone(gate),
                place,
                model: Arc::clone(model),
                purpose,
            })
        };
        let judges = self
            .judges
            .iter()
            .zip(&self.judge_slots)
            .map(|(setup, slots)| {
                setup.model.as_ref().map(|model| {
                    if model.grouping().is_some() {
                        gated(model, "judge")
                    } else {
                        self.metered(model, "judge", slots)
                    }
                })
            })
            .collect();
        Models {
            target: gated(&target.model, "target"),
            judges,
        }
    }

    async fn run_group(
        self: Arc<Self>,
        units: Vec<UnitRecord>,
        target: &TargetSetup,
    ) -> Result<(), EngineError> {
        let gate = Arc::new(Gate::new(
            units.len(),
            Arc::clone(&self.journal),
            Arc::clone(&self.observer),
            self.fatal.clone(),
        ));
        let mut conversations = JoinSet::new();
        for (place, unit) in units.into_iter().enumerate() {
            let models = self.grouped_models(target, &gate, place);
            let (shared, target) = (Arc::clone(&self), target.clone());
            let seat = Seat::new(Arc::clone(&gate));
            conversations.spawn(async move {
                let result = shared.run_unit(&unit, &target, &models).await;
                seat.leave().await;
                result
            });
        }
        let mut first = Ok(());
        while let Some(result) = conversations.join_next().await {
            let result = joined(result);
            if first.is_ok() {
                first = result;
            }
        }
        first
    }

    /// Leads one conversation, has it judged and journals it.
    async fn run_unit(
        &self,
        unit: &UnitRecord,
        target: &TargetSetup,
        models: &Models,
    ) -> Result<(), EngineError> {
        let probe = usize::try_from(unit.probe)
            .ok()
            .and_then(|position| self.probes.get(position))
            .ok_or_else(|| {
                EngineError::Plan(format!(
                    "unit {} asks for a probe that is not in the run",
                    unit.seq
                ))
            })?;
        let driver = (self.driver_for)(probe);
        if driver.id() != unit.driver {
            return Err(EngineError::Plan(format!(
                "the run was planned with driver {}, and this program leads the probe with {}",
                unit.driver,
                driver.id()
            )));
        }
        let cx = DriverContext {
            system_prompt: target.record.system_prompt.clone(),
            sampling: target.record.sampling.clone(),
            epoch: unit.epoch,
        };
        let transcript = match driver.lead(probe, models.target.as_ref(), &cx).await {
            Ok(transcript) => transcript,
            Err(DriverError::Target(message) | DriverError::Run(message)) => {
                self.fatal.set(&message);
                self.queue.release(unit)?;
                return Ok(());
            }
        };
        let mut verdicts: BTreeMap<_, Verdict> = BTreeMap::new();
        for (setup, model) in self.judges.iter().zip(&models.judges) {
            let instrument = setup.judge.instrument();
            let cx = JudgeContext {
                model: model.as_deref(),
                seed: derive_seed(self.seed, instrument.hash.as_str()),
            };
            let verdict = setup.judge.judge(probe, &transcript, &cx).await;
            verdicts.insert(instrument.hash.clone(), verdict);
        }
        if self.fatal.get().is_some() {
            // A judge's model failed for good: its verdict says so, but the answer can be
            // judged when the run is resumed.
            self.queue.release(unit)?;
            return Ok(());
        }
        let all: Vec<Verdict> = verdicts.values().cloned().collect();
        self.queue
            .complete(
                unit,
                Outcome {
                    transcript: transcript.clone(),
                    verdicts,
                },
            )
            .await?;
        self.observer.unit_done(unit, &transcript, &all);
        Ok(())
    }
}
