//! A plan is the list of all units of a run, in the order in which they are done. All units are
//! made here, whether their answers are still to be asked for or already recorded.

use nocere_core::{
    ContentHash, DriverId, DriverIdentity, Instrument, Probe, RunHeader, Suite, TargetId,
    TargetRecord, hash_json, key::derive_seed,
};
use nocere_store::{Plan, UnitRecord, UnitState};

use crate::EngineError;

/// Everything that a plan is made from.
pub struct PlanInput {
    /// The run's id, kind, seed, epochs and other settings.
    pub header: RunHeader,
    /// Suites to ask, with all their probes or a selection of them.
    pub suites: Vec<Suite>,
    /// Targets with their ids.
    pub targets: Vec<(TargetId, TargetRecord)>,
    /// Drivers: each of them leads one conversation about each probe in each epoch.
    pub drivers: Vec<DriverIdentity>,
    /// Judges of the run.
    pub instruments: Vec<Instrument>,
}

/// The size of a plan along each of its axes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanShape {
    /// Number of probes.
    pub probes: usize,
    /// Number of targets.
    pub targets: usize,
    /// Number of drivers.
    pub drivers: usize,
    /// Number of epochs, that is repetitions of each probe.
    pub epochs: u32,
}

/// Which target gave a recorded answer, and to which probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedAnswer {
    /// Index of the target in the plan.
    pub target: usize,
    /// Index of the probe in the plan.
    pub probe: usize,
    /// Repetition of the probe, from 0.
    pub epoch: u32,
}

/// Content address of a unit, from the hashes of its probe, driver and target and its epoch. The
/// same unit has the same key in every run.
pub fn unit_key(
    probe: &ContentHash,
    driver: &ContentHash,
    target: &ContentHash,
    epoch: u32,
) -> ContentHash {
    hash_json("unit", &(probe, driver, target, epoch))
}

/// The seed of what is random in the words that are sent: the same for every target and driver.
pub(crate) fn text_seed(run_seed: u64, probe: &Probe, epoch: u32) -> u64 {
    derive_seed(run_seed, &format!("{} {} {epoch}", probe.suite, probe.id))
}

/// Makes a plan: takes the probes out of the suites and puts them in one list.
///
/// # Errors
///
/// The suites have no probes, or there is no driver.
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
/// They are made lazily, because there can be millions of them.
pub fn plan_units(plan: &Plan) -> impl Iterator<Item = UnitRecord> {
    plan_extension(plan, PlanShape::default(), 0)
}

/// The units of `plan` that a run of the shape `old` does not have yet, at positions from `next`
/// on. `plan` must extend the old plan: new entries come after the old ones on each axis.
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
            (!is_old && axes.leads(driver, probe)).then(|| {
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

/// The units of recorded answers, in the order of `answers`. The plan's only driver must be
/// [`DriverIdentity::recorded`].
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

/// Hashes from which unit keys are made, computed once for each target, driver and probe.
struct Axes {
    targets: Vec<(TargetId, ContentHash)>,
    drivers: Vec<(DriverId, ContentHash)>,
    probes: Vec<ContentHash>,
    /// By driver, for drivers that do not lead conversations over every probe: whether they do.
    led: Vec<Option<Vec<bool>>>,
}

impl Axes {
    fn leads(&self, driver: usize, probe: usize) -> bool {
        self.led[driver].as_ref().is_none_or(|led| led[probe])
    }

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
            led: plan
                .drivers
                .iter()
                .map(|driver| {
                    let led: Vec<bool> = plan.probes.iter().map(|p| driver.leads(p)).collect();
                    (!led.iter().all(|led| *led)).then_some(led)
                })
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
