//! A plan is every unit of a run, in the order in which they are done.

use nocere_core::{ContentHash, Driver, Instrument, Probe, Suite, hash_json};
use nocere_store::{Plan, RunHeader, TargetRecord, UnitRecord, UnitState};

use crate::EngineError;

/// What a plan is made from.
pub struct PlanInput {
    /// What the run is.
    pub header: RunHeader,
    /// What is asked; probes may already be a selection.
    pub suites: Vec<Suite>,
    /// Targets by id.
    pub targets: Vec<(String, TargetRecord)>,
    /// Judges.
    pub instruments: Vec<Instrument>,
}

/// The driver that leads a probe.
pub type DriverFor = fn(&Probe) -> &'static dyn Driver;

/// Content address of a unit: probe, driver, target and epoch.
pub fn unit_key(
    probe: &ContentHash,
    driver: &str,
    target: &ContentHash,
    epoch: u32,
) -> ContentHash {
    hash_json("unit", &(probe, driver, target, epoch))
}

/// Gathers what is asked.
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
    Ok(Plan {
        header: input.header,
        suites: input.suites,
        targets: input.targets,
        instruments: input.instruments,
        probes,
    })
}

/// The units of a plan: target by target, epoch by epoch, probe by probe. They are made one
/// by one, because there can be millions of them.
pub fn plan_units(plan: &Plan, driver_for: DriverFor) -> impl Iterator<Item = UnitRecord> {
    let probes: Vec<(ContentHash, &'static str)> = plan
        .probes
        .iter()
        .map(|probe| (hash_json("probe", probe), driver_for(probe).id()))
        .collect();
    let epochs = plan.header.epochs.max(1);
    let targets: Vec<(String, ContentHash)> = plan
        .targets
        .iter()
        .map(|(id, target)| (id.clone(), hash_json("target", target)))
        .collect();
    let per_target = u64::from(epochs) * probes.len() as u64;
    (0..per_target * targets.len() as u64).map(move |seq| {
        let (lane, target) = &targets[(seq / per_target) as usize];
        let within = seq % per_target;
        let epoch = (within / probes.len() as u64) as u32;
        let position = within % probes.len() as u64;
        let (probe, driver) = &probes[position as usize];
        unit(
            seq as i64,
            lane,
            target,
            position as i64,
            probe,
            driver,
            epoch,
        )
    })
}

fn unit(
    seq: i64,
    lane: &str,
    target: &ContentHash,
    position: i64,
    probe: &ContentHash,
    driver: &str,
    epoch: u32,
) -> UnitRecord {
    UnitRecord {
        seq,
        key: unit_key(probe, driver, target, epoch),
        lane: lane.to_owned(),
        probe: position,
        driver: driver.to_owned(),
        epoch,
        state: UnitState::Pending,
    }
}

/// The units that a run lacks once it has `probes`, `targets` and `epochs`: those of the
/// whole that were not planned when it had `old_probes`, `old_targets` and `old_epochs`.
/// They follow position `next`.
pub fn plan_extension(
    next: i64,
    probes: &[Probe],
    targets: &[(String, TargetRecord)],
    epochs: u32,
    old: (usize, usize, u32),
    driver_for: DriverFor,
) -> Vec<UnitRecord> {
    let (old_probes, old_targets, old_epochs) = old;
    let keys: Vec<(ContentHash, &'static str)> = probes
        .iter()
        .map(|probe| (hash_json("probe", probe), driver_for(probe).id()))
        .collect();
    let mut units = Vec::new();
    for (number, (id, target)) in targets.iter().enumerate() {
        let target = hash_json("target", target);
        for epoch in 0..epochs.max(1) {
            for (position, (probe, driver)) in keys.iter().enumerate() {
                if number < old_targets && position < old_probes && epoch < old_epochs {
                    continue;
                }
                let seq = next + units.len() as i64;
                units.push(unit(
                    seq,
                    id,
                    &target,
                    position as i64,
                    probe,
                    driver,
                    epoch,
                ));
            }
        }
    }
    units
}
