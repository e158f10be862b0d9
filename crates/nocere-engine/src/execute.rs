//! Executes a run: leases units, leads their conversations, has them judged and journals them.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use nocere_core::{
    ChatModel, DriverContext, DriverError, DriverId, DriverIdentity, DriverKind, JudgeContext,
    Judged, Probe, Purpose, Scorer, Transcript, key::derive_seed,
};
use nocere_queue::{Outcome, WorkQueue};
use nocere_store::{UnitRecord, UnitState};
use tokio::task::JoinSet;

use crate::{
    DriverSetup, EngineError, JudgeSetup, ModelSetup, RunEvent, RunSetup, TargetSetup,
    call::{Desk, Fatal, Metered},
    call_budget::CallBudget,
    gate::{Gate, Gated, Seat},
    guarded::{Guarded, Stationed},
    plan::text_seed,
};

/// Maximum number of units in progress for one target, whatever its limits are.
const MAX_UNDER_WAY: usize = 8_192;

/// Number of recorded answers that are judged at a time.
const RECORDED: usize = 128;

/// Executes one run.
pub struct Engine<Q> {
    shared: Arc<Shared<Q>>,
    targets: Vec<TargetSetup>,
}

struct Shared<Q> {
    desk: Arc<Desk>,
    queue: Q,
    judges: Vec<JudgeSetup>,
    /// By id. A run whose answers are all recorded needs none.
    drivers: BTreeMap<DriverId, Lead>,
    seed: u64,
}

/// A target with its own fatal error.
#[derive(Clone)]
struct TargetWork {
    target: TargetSetup,
    name: Arc<str>,
    fatal: Fatal,
}

/// A driver with its own fatal error.
struct Lead {
    setup: DriverSetup,
    fatal: Fatal,
}

/// The models as one conversation sees them.
struct Models {
    target: Option<Box<dyn ChatModel>>,
    judges: Vec<Vec<Box<dyn ChatModel>>>,
    helpers: Vec<Box<dyn ChatModel>>,
    /// The models of the driver's own scorer.
    scoring: Vec<Box<dyn ChatModel>>,
}

impl<Q: WorkQueue> Engine<Q> {
    /// An engine for the run in the journal.
    ///
    /// # Errors
    ///
    /// The journal cannot be read, or the run was planned with a driver that `setup` lacks or has
    /// with other settings.
    pub fn new(setup: RunSetup, queue: Q) -> Result<Self, EngineError> {
        let seed = setup.journal.header()?.seed;
        // Where every answer is recorded, nobody leads a conversation.
        let asked = setup.targets.iter().any(|target| target.model.is_some());
        let planned = if asked {
            setup.journal.drivers()?
        } else {
            Vec::new()
        };
        let drivers = leads(setup.drivers, &planned)?;
        let desk = Desk::new(setup.journal, setup.purse, setup.listener, setup.stop);
        Ok(Self {
            shared: Arc::new(Shared {
                desk: Arc::new(desk),
                queue,
                judges: setup.judges,
                drivers,
                seed,
            }),
            targets: setup.targets,
        })
    }

    /// Executes all unfinished units. Targets are worked on at the same time, except that models
    /// in this process take turns, because they share its cores.
    ///
    /// # Errors
    ///
    /// The journal or queue fails, a model can no longer answer, the budget is spent, or a stop
    /// was requested. Unaffected targets finish first; the first error is returned.
    pub async fn run(&self) -> Result<(), EngineError> {
        let mut tasks = JoinSet::new();
        for setup in &self.shared.judges {
            let judge = Arc::clone(&setup.judge);
            tasks.spawn_blocking(move || {
                judge.prepare();
                Ok(())
            });
        }
        let mut grouped = Vec::new();
        for target in &self.targets {
            let work = TargetWork {
                name: Arc::from(target.id.as_str()),
                target: target.clone(),
                fatal: Fatal::default(),
            };
            let (done, total) = self.shared.desk.journal.target_progress(&target.id)?;
            let account = target.model.as_ref().map(|setup| setup.account.name());
            self.shared.desk.listener.hear(&RunEvent::TargetStarted {
                target: &target.id,
                account,
                done,
                total,
            });
            let shared = Arc::clone(&self.shared);
            let grouping = work
                .target
                .model
                .as_ref()
                .and_then(|setup| setup.model.grouping());
            match grouping {
                Some(grouping) => grouped.push((work, grouping)),
                None => {
                    tasks.spawn(async move { shared.run_streamed(work).await });
                }
            }
        }
        let shared = Arc::clone(&self.shared);
        tasks.spawn(async move {
            let mut first = Ok(());
            for (work, grouping) in grouped {
                let ended = Arc::clone(&shared)
                    .run_grouped(work, grouping.size, grouping.parallel)
                    .await;
                if first.is_ok() {
                    first = ended;
                }
            }
            first
        });
        let mut first = Ok(());
        while let Some(ended) = tasks.join_next().await {
            let ended = joined(ended);
            if first.is_ok() {
                first = ended;
            }
        }
        first
    }
}

/// The set-up drivers by id, after checking that each planned one is unchanged.
fn leads(
    setups: Vec<DriverSetup>,
    planned: &[DriverIdentity],
) -> Result<BTreeMap<DriverId, Lead>, EngineError> {
    for wanted in planned {
        if wanted.kind == DriverKind::Recorded {
            continue;
        }
        let found = setups
            .iter()
            .map(|setup| setup.driver.identity())
            .find(|driver| driver.id == wanted.id);
        if found.is_none_or(|driver| driver.hash != wanted.hash) {
            return Err(EngineError::Plan(format!(
                "driver `{}` has changed since the run was planned",
                wanted.id
            )));
        }
    }
    Ok(setups
        .into_iter()
        .map(|setup| {
            let lead = Lead {
                fatal: Fatal::default(),
                setup,
            };
            (lead.setup.driver.identity().id.clone(), lead)
        })
        .collect())
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
    /// Executes units independently, as many at a time as the target and the judges can handle.
    async fn run_streamed(self: Arc<Self>, work: TargetWork) -> Result<(), EngineError> {
        // Recorded answers wait for nobody, but their verdicts are committed in groups.
        let width = |setup: Option<&ModelSetup>| {
            setup.map_or(RECORDED, |setup| setup.account.limits().concurrency)
        };
        let judges: usize = self
            .judges
            .iter()
            .flat_map(|judge| &judge.models)
            .map(|setup| width(Some(setup)))
            .sum();
        // Twice the width: answers are judged while the next ones are fetched.
        let under_way = (width(work.target.model.as_ref()) * 2 + judges).min(MAX_UNDER_WAY);
        let mut tasks = JoinSet::new();
        let mut first = Ok(());
        loop {
            let wanted = under_way.saturating_sub(tasks.len());
            if wanted > 0 && first.is_ok() && !self.stopping(&work) {
                for unit in self.queue.lease(&work.name, wanted)? {
                    let models = self.streamed_models(&work, &unit);
                    let (shared, work) = (Arc::clone(&self), work.clone());
                    tasks.spawn(async move { shared.run_unit(unit, &work, &models).await });
                }
            }
            match tasks.join_next().await {
                // Units in progress are finished even if one of them has failed.
                Some(result) => first = first.and(joined(result)),
                None => return first.and_then(|()| self.ended(&work)),
            }
        }
    }

    /// Executes units in groups whose answers are computed together.
    async fn run_grouped(
        self: Arc<Self>,
        work: TargetWork,
        size: usize,
        parallel: usize,
    ) -> Result<(), EngineError> {
        let mut tasks = JoinSet::new();
        let mut first = Ok(());
        loop {
            while tasks.len() < parallel.max(1) && first.is_ok() && !self.stopping(&work) {
                let units = self.queue.lease_group(&work.name, size)?;
                if units.is_empty() {
                    break;
                }
                let (shared, work) = (Arc::clone(&self), work.clone());
                tasks.spawn(async move { shared.run_group(units, &work).await });
            }
            match tasks.join_next().await {
                Some(result) => first = first.and(joined(result)),
                None => return first.and_then(|()| self.ended(&work)),
            }
        }
    }

    fn stopping(&self, work: &TargetWork) -> bool {
        self.desk.stop.load(Ordering::Relaxed)
            || work.fatal.get().is_some()
            || self.desk.stopping().is_some()
    }

    /// The result of a target once its last unit has finished.
    fn ended(&self, work: &TargetWork) -> Result<(), EngineError> {
        if let Some(message) = self.desk.fatal.get().or_else(|| work.fatal.get()) {
            self.desk.listener.hear(&RunEvent::TargetStopped {
                target: &work.name,
                reason: &message,
            });
            return Err(EngineError::Model(message));
        }
        let (done, total) = self.desk.journal.target_progress(&work.name)?;
        if done >= total {
            return Ok(());
        }
        if self.desk.stop.load(Ordering::Relaxed) {
            return Err(EngineError::Stopped);
        }
        // If a driver stopped, all remaining units are its own.
        let stopped = self.drivers.values().find_map(|lead| lead.fatal.get());
        if let Some(message) = stopped {
            self.desk.listener.hear(&RunEvent::TargetStopped {
                target: &work.name,
                reason: &message,
            });
            return Err(EngineError::Model(message));
        }
        if let Some(message) = self.desk.purse.exhausted() {
            self.desk.listener.hear(&RunEvent::TargetStopped {
                target: &work.name,
                reason: &message,
            });
            return Err(EngineError::Budget(message));
        }
        Ok(())
    }

    fn metered(
        &self,
        setup: &ModelSetup,
        purpose: Purpose,
        work: &TargetWork,
        unit: &UnitRecord,
    ) -> Box<dyn ChatModel> {
        Box::new(Metered {
            setup: setup.clone(),
            purpose,
            target: Arc::clone(&work.name),
            desk: Arc::clone(&self.desk),
            scope: self.scope(purpose, work, unit),
        })
    }

    /// What a fatal error of a model stops. Without a judge no unit can be finished, so the run
    /// stops; without a target or a driver's helper, the other targets or drivers continue.
    fn scope(&self, purpose: Purpose, work: &TargetWork, unit: &UnitRecord) -> Fatal {
        match purpose {
            Purpose::Judge => self.desk.fatal.clone(),
            Purpose::Target | Purpose::Guard => work.fatal.clone(),
            Purpose::Attacker | Purpose::Simulator | Purpose::Generator => {
                let lead = self.drivers.get(&unit.driver);
                lead.map_or_else(|| work.fatal.clone(), |lead| lead.fatal.clone())
            }
        }
    }

    fn streamed_models(&self, work: &TargetWork, unit: &UnitRecord) -> Models {
        self.models(work, unit, |setup, purpose| {
            self.metered(setup, purpose, work, unit)
        })
    }

    /// Models in this process go through the group's gate; all others are metered one by one.
    fn grouped_models(
        &self,
        work: &TargetWork,
        unit: &UnitRecord,
        gate: &Arc<Gate>,
        place: usize,
    ) -> Models {
        self.models(work, unit, |setup, purpose| -> Box<dyn ChatModel> {
            if setup.model.grouping().is_none() {
                return self.metered(setup, purpose, work, unit);
            }
            Box::new(Gated {
                gate: Arc::clone(gate),
                place,
                model: Arc::clone(&setup.model),
                purpose,
            })
        })
    }

    /// The models of one conversation, each made by `make`. Target and helpers, but not judges,
    /// share the driver's budget of calls.
    fn models(
        &self,
        work: &TargetWork,
        unit: &UnitRecord,
        make: impl Fn(&ModelSetup, Purpose) -> Box<dyn ChatModel>,
    ) -> Models {
        let judges = self
            .judges
            .iter()
            .map(|judge| {
                let models = judge.models.iter();
                models.map(|setup| make(setup, Purpose::Judge)).collect()
            })
            .collect();
        let lead = self.drivers.get(&unit.driver).map(|lead| &lead.setup);
        let calls = lead.and_then(|setup| setup.max_calls).map(CallBudget::new);
        let within = |model: Box<dyn ChatModel>| match &calls {
            Some(calls) => calls.limit(model),
            None => model,
        };
        let target = work.target.model.as_ref();
        let helpers = lead.into_iter().flat_map(|setup| &setup.models);
        let scorer = lead.and_then(|setup| setup.scorer.as_ref());
        let scoring = scorer.into_iter().flat_map(|scorer| &scorer.models);
        let guards = || {
            let guards = work.target.guards.iter();
            guards
                .map(|guard| Stationed {
                    models: guard
                        .models()
                        .iter()
                        .map(|setup| within(make(setup, Purpose::Guard)))
                        .collect(),
                    guard: guard.clone(),
                })
                .collect()
        };
        Models {
            target: target.map(|setup| {
                let model = within(make(setup, Purpose::Target));
                if work.target.guards.is_empty() {
                    return model;
                }
                Box::new(Guarded {
                    model,
                    guards: guards(),
                    seed: self.seed,
                })
            }),
            judges,
            helpers: helpers
                .map(|(purpose, setup)| within(make(setup, *purpose)))
                .collect(),
            scoring: scoring
                .map(|setup| within(make(setup, Purpose::Attacker)))
                .collect(),
        }
    }

    async fn run_group(
        self: Arc<Self>,
        units: Vec<UnitRecord>,
        work: &TargetWork,
    ) -> Result<(), EngineError> {
        let gate = Arc::new(Gate::new(
            units.len(),
            Arc::clone(&self.desk),
            Arc::clone(&work.name),
        ));
        let mut conversations = JoinSet::new();
        for (place, unit) in units.into_iter().enumerate() {
            let models = self.grouped_models(work, &unit, &gate, place);
            let (shared, work) = (Arc::clone(&self), work.clone());
            let seat = Seat::new(Arc::clone(&gate));
            conversations.spawn(async move {
                let result = shared.run_unit(unit, &work, &models).await;
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
        work: &TargetWork,
        models: &Models,
    ) -> Result<(), EngineError> {
        let probe = self.desk.journal.probe(unit.probe)?.ok_or_else(|| {
            EngineError::Plan(format!(
                "unit {} refers to a probe that is not in the run",
                unit.seq
            ))
        })?;
        // Recorded answers are not asked for, and recorded verdicts not judged, again.
        let (recorded, mut verdicts) = if unit.state == UnitState::Answered {
            let journal = &self.desk.journal;
            (journal.transcript(unit.seq)?, journal.verdicts(unit.seq)?)
        } else {
            (None, BTreeMap::new())
        };
        let is_recorded = recorded.is_some();
        let transcript = match recorded {
            Some(transcript) => transcript,
            None => match self.lead(&unit, &probe, work, models).await? {
                Led::Whole(transcript) => transcript,
                Led::NotNow => return Ok(self.queue.release(&unit)?),
                // The unit stays leased, so that this session does not try it again.
                Led::DriverStopped => return Ok(()),
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
            let mut earlier = Vec::new();
            for part in transcript.earlier() {
                earlier.push(setup.judge.judge(&probe, &part, &cx).await);
            }
            if !models.is_empty() && self.desk.stopping().is_some() {
                // The verdict may only say that the judge could not be asked. Drop it; the
                // answer is judged when the run is resumed.
                return Ok(self.queue.release(&unit)?);
            }
            verdicts.insert(instrument.hash.clone(), Judged { verdict, earlier });
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
        self.desk
            .listener
            .hear(&RunEvent::UnitDone { target: &work.name });
        Ok(())
    }

    /// Leads the conversation of one unit.
    async fn lead(
        &self,
        unit: &UnitRecord,
        probe: &Probe,
        work: &TargetWork,
        models: &Models,
    ) -> Result<Led, EngineError> {
        let Some(target) = &models.target else {
            return Err(EngineError::Plan(format!(
                "target `{}` has only recorded answers, but none for probe `{}`",
                work.name, probe.id
            )));
        };
        let Some(lead) = self.drivers.get(&unit.driver) else {
            return Err(EngineError::Plan(format!(
                "probe `{}` has no answer, and no driver `{}` can ask for it",
                probe.id, unit.driver
            )));
        };
        if lead.fatal.get().is_some() {
            return Ok(Led::DriverStopped);
        }
        let record = &work.target.record;
        let helpers: Vec<&dyn ChatModel> = models.helpers.iter().map(AsRef::as_ref).collect();
        let scoring: Vec<&dyn ChatModel> = models.scoring.iter().map(AsRef::as_ref).collect();
        let cx = DriverContext {
            system_prompt: record.system_prompt.clone(),
            sampling: record.sampling.clone(),
            epoch: unit.epoch,
            models: &helpers,
            seed: derive_seed(self.seed, unit.key.as_str()),
            text_seed: text_seed(self.seed, probe, unit.epoch),
            scorer: lead.setup.scorer.as_ref().map(|scorer| Scorer {
                judge: scorer.judge.as_ref(),
                models: &scoring,
            }),
            max_calls: lead.setup.max_calls,
        };
        match lead.setup.driver.lead(probe, target.as_ref(), &cx).await {
            // A guard or attacker that could not be asked because the run is stopping must not look
            // like one that failed.
            Ok(transcript)
                if transcript.error.is_some()
                    && (self.desk.stopping().is_some() || work.fatal.get().is_some()) =>
            {
                Ok(Led::NotNow)
            }
            Ok(transcript) if transcript.error.is_some() && lead.fatal.get().is_some() => {
                Ok(Led::DriverStopped)
            }
            Ok(transcript) => Ok(Led::Whole(transcript)),
            Err(DriverError::Run(_)) => Ok(Led::NotNow),
            Err(DriverError::Target(message)) => {
                work.fatal.set(&message);
                Ok(Led::NotNow)
            }
            Err(DriverError::Helper(message)) => {
                lead.fatal.set(&message);
                Ok(Led::DriverStopped)
            }
        }
    }
}

/// How leading a conversation ended.
enum Led {
    /// The conversation is complete.
    Whole(Transcript),
    /// It could not be led; a later session tries again.
    NotNow,
    /// Its driver cannot be used in this session, because a helper model failed.
    DriverStopped,
}
