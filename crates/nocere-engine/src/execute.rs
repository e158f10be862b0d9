//! Executes a run: leases units, leads their conversations, has them judged, journals them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use nocere_core::{
    ChatModel, DriverContext, DriverError, Judge, JudgeContext, Probe, Transcript, key::derive_seed,
};
use nocere_queue::{Outcome, WorkQueue};
use nocere_store::{Journal, TargetRecord, UnitRecord, UnitState};
use tokio::task::JoinSet;

use crate::{
    DriverFor, EngineError, ModelSetup, Observer, Purse,
    call::{Desk, Fatal, Metered},
    gate::{Gate, Gated, Seat},
};

/// Units that may be under way for one target, however wide its limits are.
const MAX_UNDER_WAY: usize = 8_192;

/// A target of the run.
#[derive(Clone)]
pub struct TargetSetup {
    /// The lane of its units.
    pub id: String,
    /// What answers; `None` if all its answers are recorded.
    pub model: Option<ModelSetup>,
    /// How it is asked.
    pub record: TargetRecord,
}

/// A judge of the run.
#[derive(Clone)]
pub struct JudgeSetup {
    /// What judges.
    pub judge: Arc<dyn Judge>,
    /// The models that it asks, in the judge's own order.
    pub models: Vec<ModelSetup>,
    /// Suites whose answers it does not read.
    pub passes_over: BTreeSet<String>,
}

impl JudgeSetup {
    fn reads(&self, probe: &Probe) -> bool {
        !self.passes_over.contains(&probe.suite)
    }
}

/// What a run works with.
pub struct RunSetup {
    /// Where everything is recorded.
    pub journal: Arc<Journal>,
    /// Who answers.
    pub targets: Vec<TargetSetup>,
    /// Who judges.
    pub judges: Vec<JudgeSetup>,
    /// Who leads.
    pub driver_for: DriverFor,
    /// What may be spent.
    pub purse: Arc<Purse>,
    /// Who listens.
    pub observer: Arc<dyn Observer>,
    /// Setting it makes the engine finish what is in flight and return
    /// [`EngineError::Stopped`].
    pub stop: Arc<AtomicBool>,
}

/// Executes one run.
pub struct Engine<Q> {
    shared: Arc<Shared<Q>>,
    targets: Vec<TargetSetup>,
}

struct Shared<Q> {
    desk: Arc<Desk>,
    queue: Q,
    judges: Vec<JudgeSetup>,
    driver_for: DriverFor,
    seed: u64,
}

/// One target with its own reason to stop.
#[derive(Clone)]
struct Lane {
    target: TargetSetup,
    name: Arc<str>,
    fatal: Fatal,
}

/// The models as one conversation sees them.
struct Models {
    target: Option<Box<dyn ChatModel>>,
    judges: Vec<Vec<Box<dyn ChatModel>>>,
}

impl<Q: WorkQueue> Engine<Q> {
    /// An engine for the run in the journal.
    pub fn new(setup: RunSetup, queue: Q) -> Result<Self, EngineError> {
        let seed = setup.journal.open_reader()?.header()?.seed;
        let desk = Desk::new(setup.journal, setup.purse, setup.observer, setup.stop);
        Ok(Self {
            shared: Arc::new(Shared {
                desk: Arc::new(desk),
                queue,
                judges: setup.judges,
                driver_for: setup.driver_for,
                seed,
            }),
            targets: setup.targets,
        })
    }

    /// Executes every unit that is not done. All lanes work at the same time, except that
    /// models in the process take turns, because they share its cores.
    pub async fn run(&self) -> Result<(), EngineError> {
        let mut lanes = JoinSet::new();
        for setup in &self.shared.judges {
            let judge = Arc::clone(&setup.judge);
            lanes.spawn_blocking(move || {
                judge.prepare();
                Ok(())
            });
        }
        let mut grouped = Vec::new();
        for target in &self.targets {
            let lane = Lane {
                name: Arc::from(target.id.as_str()),
                target: target.clone(),
                fatal: Fatal::default(),
            };
            let (done, total) = self.shared.desk.journal.lane_progress(&target.id)?;
            let observer = &self.shared.desk.observer;
            let account = target.model.as_ref().map(|setup| setup.account.name());
            observer.lane_started(&target.id, account, done, total);
            let shared = Arc::clone(&self.shared);
            let grouping = lane
                .target
                .model
                .as_ref()
                .and_then(|setup| setup.model.grouping());
            match grouping {
                Some(grouping) => grouped.push((lane, grouping)),
                None => {
                    lanes.spawn(async move { shared.run_streamed(lane).await });
                }
            }
        }
        let shared = Arc::clone(&self.shared);
        lanes.spawn(async move {
            let mut first = Ok(());
            for (lane, grouping) in grouped {
                let ended = Arc::clone(&shared)
                    .run_grouped(lane, grouping.size, grouping.parallel)
                    .await;
                if first.is_ok() {
                    first = ended;
                }
            }
            first
        });
        let mut first = Ok(());
        while let Some(ended) = lanes.join_next().await {
            let ended = joined(ended);
            if first.is_ok() {
                first = ended;
            }
        }
        first
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
    /// Units flow one by one, as many at a time as the target and the judges can take.
    async fn run_streamed(self: Arc<Self>, lane: Lane) -> Result<(), EngineError> {
        let width = |setup: Option<&ModelSetup>| {
            setup.map_or(1, |setup| setup.account.limits().concurrency)
        };
        let judges: usize = self
            .judges
            .iter()
            .flat_map(|judge| &judge.models)
            .map(|setup| width(Some(setup)))
            .sum();
        // Judging goes on while the next answers are fetched.
        let under_way = (width(lane.target.model.as_ref()) * 2 + judges).min(MAX_UNDER_WAY);
        let mut tasks = JoinSet::new();
        let mut first = Ok(());
        loop {
            let wanted = under_way.saturating_sub(tasks.len());
            if wanted > 0 && first.is_ok() && !self.stopping(&lane) {
                for unit in self.queue.lease(&lane.name, wanted)? {
                    let models = self.streamed_models(&lane);
                    let (shared, lane) = (Arc::clone(&self), lane.clone());
                    tasks.spawn(async move { shared.run_unit(unit, &lane, &models).await });
                }
            }
            match tasks.join_next().await {
                // What is in flight is finished, whatever has happened to one of them.
                Some(result) => first = first.and(joined(result)),
                None => return first.and_then(|()| self.ended(&lane)),
            }
        }
    }

    /// Units flow in groups that are computed together.
    async fn run_grouped(
        self: Arc<Self>,
        lane: Lane,
        size: usize,
        parallel: usize,
    ) -> Result<(), EngineError> {
        let mut tasks = JoinSet::new();
        let mut first = Ok(());
        loop {
            while tasks.len() < parallel.max(1) && first.is_ok() && !self.stopping(&lane) {
                let units = self.queue.lease_group(&lane.name, size)?;
                if units.is_empty() {
                    break;
                }
                let (shared, lane) = (Arc::clone(&self), lane.clone());
                tasks.spawn(async move { shared.run_group(units, &lane).await });
            }
            match tasks.join_next().await {
                Some(result) => first = first.and(joined(result)),
                None => return first.and_then(|()| self.ended(&lane)),
            }
        }
    }

    fn stopping(&self, lane: &Lane) -> bool {
        self.desk.stop.load(Ordering::Relaxed)
            || lane.fatal.get().is_some()
            || self.desk.stopping().is_some()
    }

    /// How a lane that has nothing under way any more has ended.
    fn ended(&self, lane: &Lane) -> Result<(), EngineError> {
        if let Some(message) = self.desk.fatal.get().or_else(|| lane.fatal.get()) {
            self.desk.observer.lane_stopped(&lane.name, &message);
            return Err(EngineError::Model(message));
        }
        let (done, total) = self.desk.journal.lane_progress(&lane.name)?;
        if done >= total {
            return Ok(());
        }
        if self.desk.stop.load(Ordering::Relaxed) {
            return Err(EngineError::Stopped);
        }
        if let Some(message) = self.desk.purse.exhausted() {
            self.desk.observer.lane_stopped(&lane.name, &message);
            return Err(EngineError::Budget(message));
        }
        Ok(())
    }

    fn metered(
        &self,
        setup: &ModelSetup,
        purpose: &'static str,
        lane: &Lane,
    ) -> Box<dyn ChatModel> {
        Box::new(Metered {
            setup: setup.clone(),
            purpose,
            lane: Arc::clone(&lane.name),
            desk: Arc::clone(&self.desk),
            // Without a judge no unit can be finished; without one target others can.
            scope: match purpose {
                "target" => lane.fatal.clone(),
                _ => self.desk.fatal.clone(),
            },
        })
    }

    fn streamed_models(&self, lane: &Lane) -> Models {
        let judges = self
            .judges
            .iter()
            .map(|judge| {
                let models = judge.models.iter();
                models
                    .map(|setup| self.metered(setup, "judge", lane))
                    .collect()
            })
            .collect();
        let target = lane.target.model.as_ref();
        Models {
            target: target.map(|setup| self.metered(setup, "target", lane)),
            judges,
        }
    }

    /// Models in process go through the group's gate, all others are metered one by one.
    fn grouped_models(&self, lane: &Lane, gate: &Arc<Gate>, place: usize) -> Models {
        let through_gate = |setup: &ModelSetup, purpose| -> Box<dyn ChatModel> {
            if setup.model.grouping().is_none() {
                return self.metered(setup, purpose, lane);
            }
            Box::new(Gated {
                gate: Arc::clone(gate),
                place,
                model: Arc::clone(&setup.model),
                purpose,
            })
        };
        let judges = self
            .judges
            .iter()
            .map(|judge| {
                let models = judge.models.iter();
                models.map(|setup| through_gate(setup, "judge")).collect()
            })
            .collect();
        let target = lane.target.model.as_ref();
        Models {
            target: target.map(|setup| through_gate(setup, "target")),
            judges,
        }
    }

    async fn run_group(
        self: Arc<Self>,
        units: Vec<UnitRecord>,
        lane: &Lane,
    ) -> Result<(), EngineError> {
        let gate = Arc::new(Gate::new(
            units.len(),
            Arc::clone(&self.desk),
            Arc::clone(&lane.name),
        ));
        let mut conversations = JoinSet::new();
        for (place, unit) in units.into_iter().enumerate() {
            let models = self.grouped_models(lane, &gate, place);
            let (shared, lane) = (Arc::clone(&self), lane.clone());
            let seat = Seat::new(Arc::clone(&gate));
            conversations.spawn(async move {
                let result = shared.run_unit(unit, &lane, &models).await;
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
        unit: UnitRecord,
        lane: &Lane,
        models: &Models,
    ) -> Result<(), EngineError> {
        let probe = self.desk.journal.probe(unit.probe)?.ok_or_else(|| {
            EngineError::Plan(format!(
                "unit {} asks for a probe that is not in the run",
                unit.seq
            ))
        })?;
        // What is recorded is not asked or judged again.
        let (recorded, mut verdicts) = if unit.state == UnitState::Answered {
            let journal = &self.desk.journal;
            (journal.transcript(unit.seq)?, journal.verdicts(unit.seq)?)
        } else {
            (None, BTreeMap::new())
        };
        let is_recorded = recorded.is_some();
        let transcript = match recorded {
            Some(transcript) => transcript,
            None => match self.lead(&unit, &probe, lane, models).await? {
                Some(transcript) => transcript,
                None => return Ok(self.queue.release(&unit)?),
            },
        };
        for (setup, models) in self.judges.iter().zip(&models.judges) {
            let instrument = setup.judge.instrument();
            if verdicts.contains_key(&instrument.hash) || !setup.reads(&probe) {
                continue;
            }
            let models: Vec<&dyn ChatModel> = models.iter().map(AsRef::as_ref).collect();
            let cx = JudgeContext {
                models: &models,
                seed: derive_seed(self.seed, instrument.hash.as_str()),
            };
            let verdict = setup.judge.judge(&probe, &transcript, &cx).await;
            if !models.is_empty() && self.desk.stopping().is_some() {
                // The verdict may only say that the judge could not be asked; the answer
                // can be judged when the run is resumed.
                return Ok(self.queue.release(&unit)?);
            }
            verdicts.insert(instrument.hash.clone(), verdict);
        }
        self.queue
            .complete(
                &unit,
                Outcome {
                    transcript: (!is_recorded).then_some(transcript),
                    verdicts,
                },
            )
            .await?;
        self.desk.observer.unit_done(&lane.name);
        Ok(())
    }

    /// The conversation; `None` if it could not be led now.
    async fn lead(
        &self,
        unit: &UnitRecord,
        probe: &Probe,
        lane: &Lane,
        models: &Models,
    ) -> Result<Option<Transcript>, EngineError> {
        let driver = (self.driver_for)(probe);
        if driver.id() != unit.driver {
            return Err(EngineError::Plan(format!(
                "the run was planned with driver {}, and this program leads the probe with {}",
                unit.driver,
                driver.id()
            )));
        }
        let Some(target) = &models.target else {
            return Err(EngineError::Plan(format!(
                "`{}` has only recorded answers, and there is none for probe `{}`",
                lane.name, probe.id
            )));
        };
        let record = &lane.target.record;
        let cx = DriverContext {
            system_prompt: record.system_prompt.clone(),
            sampling: record.sampling.clone(),
            epoch: unit.epoch,
        };
        match driver.lead(probe, target.as_ref(), &cx).await {
            Ok(transcript) => Ok(Some(transcript)),
            Err(DriverError::Run(_)) => Ok(None),
            Err(DriverError::Target(message)) => {
                lane.fatal.set(&message);
                Ok(None)
            }
        }
    }
}
