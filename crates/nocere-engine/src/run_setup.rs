//! What a run is executed with: targets, judges and drivers with the models that they ask.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicBool},
};

use nocere_core::{Driver, Judge, Probe, Purpose, SuiteId, TargetId, TargetRecord};
use nocere_queue::Ledger;

use crate::{GuardSetup, Listener, ModelSetup, Purse};

/// A target of the run.
#[derive(Clone)]
pub struct TargetSetup {
    /// Its id in the plan and in reports.
    pub id: TargetId,
    /// The model that answers; `None` if all its answers are recorded.
    pub model: Option<ModelSetup>,
    /// What stands between the asker and the model, in this order.
    pub guards: Vec<GuardSetup>,
    /// Its identity, system prompt and sampling, as planned.
    pub record: TargetRecord,
}

/// A judge of the run.
#[derive(Clone)]
pub struct JudgeSetup {
    /// The judge itself.
    pub judge: Arc<dyn Judge>,
    /// The models that it asks, in the judge's own order.
    pub models: Vec<ModelSetup>,
    /// Ids of suites whose answers it does not read.
    pub passes_over: BTreeSet<SuiteId>,
}

impl JudgeSetup {
    /// Whether it reads answers to this probe.
    pub(crate) fn reads(&self, probe: &Probe) -> bool {
        !self.passes_over.contains(&probe.suite)
    }
}

/// A driver of the run.
#[derive(Clone)]
pub struct DriverSetup {
    /// The driver itself.
    pub driver: Arc<dyn Driver>,
    /// The models that it asks besides the target, in the driver's own order.
    pub models: Vec<(Purpose, ModelSetup)>,
    /// The judge that it asks during the conversation; `None` for drivers that need none.
    pub scorer: Option<JudgeSetup>,
    /// Maximum number of calls in one conversation, to the target and to helpers together.
    pub max_calls: Option<u32>,
}

impl DriverSetup {
    /// A driver without helper models and without a limit on calls.
    pub fn alone(driver: Arc<dyn Driver>) -> Self {
        Self {
            driver,
            models: Vec::new(),
            scorer: None,
            max_calls: None,
        }
    }
}

/// Everything that an engine needs to execute a run.
pub struct RunSetup {
    /// The run's journal: read at the start, and everything is recorded there.
    pub journal: Arc<dyn Ledger>,
    /// The targets to ask.
    pub targets: Vec<TargetSetup>,
    /// The judges that read each answer.
    pub judges: Vec<JudgeSetup>,
    /// The drivers that the run was planned with.
    pub drivers: Vec<DriverSetup>,
    /// The budget of this session.
    pub purse: Arc<Purse>,
    /// Receives progress events.
    pub listener: Arc<dyn Listener>,
    /// Setting it makes the engine finish what is in flight and return
    /// [`EngineError::Stopped`].
    pub stop: Arc<AtomicBool>,
}
