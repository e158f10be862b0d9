//! A plan is every unit of a run, in the order in which they are done. Units are made here and
//! nowhere else, whether their answers are asked for or recorded already.

use nocere_core::{
    ContentHash, DriverIdentity, Instrument, Probe, RunHeader, Suite, TargetRecord, hash_json,
};
use nocere_store::{Plan, UnitRecord, UnitState};

use crate::EngineError;

/// What a plan is made from.
pub struct PlanInput {
    /// What the run is.
    pub header: RunHeader,
    /// What is asked; probes may already be a selection.
    pub suites: Vec<Suite>,
    /// Targets by id.
    pub targets: Vec<(String, TargetRecord)>,
    /// What leads the conversations: each probe is asked once with each of them.
    pub drivers: Vec<DriverIdentity>,
    /// Judges.
    pub instruments: Vec<Instrument>,
}

/// How large a run is along each axis of its plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanShape {
    /// Probes.
    pub probes: usize,
    /// Targets.
    pub targets: usize,
    /// Drivers.
    pub drivers: usize,
    /// Repetitions of each probe.
    pub epochs: u32,
}

/// Whose answer a recorded unit is, and to which probe of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedAnswer {
    /// Position of the target in the plan.
    pub target: usize,
    /// Position of the probe in the plan.
    pub probe: usize,
    /// From 0.
    pub epoch: u32,
}

/// Content address of a unit: probe, driver, target and epoch.
pub fn unit_key(
    probe: &ContentHash,
    driver: &ContentHash,
    target: &ContentHash,
    epoch: u32,
) -> ContentHash {
    hash_json("unit", &(probe, driver, target, epoch))
}

/// Gathers what is asked.
///
/// # Errors
/// If the suites have no probes, or there is no driver.
pub fn plan_run(mut input: PlanInput) -> Result<Plan, EngineError> {
    let probes: Vec<Probe> = input
        .suites
        .iter_mut()
        .flat_map(|suite| std::mem::take(&mut suite.probes))
        .collect();
    if probes.is_empty() {
        return Err(EngineError::Plan(
            "there is nothing to ask: the suites have no probes left".to_owned(),
        ));
    }
    if input.drivers.is_empty() {
        return Err(EngineError::Plan("there is no driver".to_owned()));
    }
    Ok(Plan {
        header: input.header,
        suites: input.suites,
        targets: input.targets,
        drivers: input.drivers,
        instruments: input.instruments,
        probes,
    })
}

/// The units of a plan: target by target, driver by driver, epoch by epoch, probe by probe.
/// They are made one by one, because there can be millions of them.
pub fn plan_units(plan: &Plan) -> impl Iterator<Item = UnitRecord> {
    plan_extension(plan, PlanShape::default(), 0)
}

/// The units that a run of the shape `old` lacks of `plan`, which may only have more along
/// each axis. They follow position `next`.
pub fn plan_extension(plan: &Plan, old: PlanShape, next: i64) -> impl Iterator<Item = UnitRecord> {
    let axes = Axes::of(plan);
    let (probes, epochs) = (
        axes.probes.len() as u64,
        u64::from(plan.header.epochs.max(1)),
    );
    let per_driver = epochs * probes;
    let per_target = per_driver * axes.drivers.len() as u64;
    (0..per_target * axes.targets.len() as u64)
        .filter_map(move |place| {
            let target = (place / per_target) as usize;
            let driver = (place % per_target / per_driver) as usize;
            let within = place % per_driver;
            let epoch = (within / probes) as u32;
            let probe = (within % probes) as usize;
            let is_old = target < old.targets
                && driver < old.drivers
                && epoch < old.epochs
                && probe < old.probes;
            (!is_old).then(|| {
                axes.unit(
                    target,
                    driver,
                    RecordedAnswer {
                        target,
                        probe,
                        epoch,
                    },
                )
            })
        })
        .zip(next..)
        .map(|(unit, seq)| UnitRecord { seq, ..unit })
}

/// The units of answers that are recorded already, in the order of `answers`. The plan's only
/// driver is [`DriverIdentity::recorded`].
pub fn plan_recorded(
    plan: &Plan,
    answers: impl Iterator<Item = RecordedAnswer>,
) -> impl Iterator<Item = UnitRecord> {
    let axes = Axes::of(plan);
    (0..).zip(answers).map(move |(seq, answer)| UnitRecord {
        seq,
        state: UnitState::Answered,
        ..axes.unit(answer.target, 0, answer)
    })
}

/// The hashes of everything that a unit's key is made from.
struct Axes {
    targets: Vec<(String, ContentHash)>,
    drivers: Vec<(String, ContentHash)>,
    probes: Vec<ContentHash>,
}

impl Axes {
    fn of(plan: &Plan) -> Self {
        Self {
            targets: plan
                .targets
                .iter()
                .map(|(id, target)| (id.clone(), hash_json("target", target)))
                .collect(),
            drivers: plan
                .drivers
                .iter()
                .map(|driver| (driver.id.clone(), driver.hash.clone()))
                .collect(),
            probes: plan
                .probes
                .iter()
                .map(|probe| hash_json("probe", probe))
                .collect(),
        }
    }

    fn unit(&self, target: usize, driver: usize, answer: RecordedAnswer) -> UnitRecord {
        let RecordedAnswer { probe, epoch, .. } = answer;
        let (target, target_hash) = &self.targets[target];
        let (driver, driver_hash) = &self.drivers[driver];
        UnitRecord {
            seq: 0,
            key: unit_key(&self.probes[probe], driver_hash, target_hash, epoch),
            target: target.clone(),
            probe: probe as i64,
            driver: driver.clone(),
            epoch,
            state: UnitState::Pending,
        }
    }
}
