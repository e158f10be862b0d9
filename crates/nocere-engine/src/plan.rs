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
    /// The driver that leads a probe.
    pub driver_for: fn(&Probe) -> &'static dyn Driver,
}

/// Content address of a unit: probe, driver, target and epoch.
pub fn unit_key(probe: &Probe, driver: &str, target: &TargetRecord, epoch: u32) -> ContentHash {
    hash_json("unit", &(probe, driver, target, epoch))
}

/// Lists the units: target by target, epoch by epoch, probe by probe.
pub fn plan_run(input: PlanInput) -> Result<Plan, EngineError> {
    let probes: Vec<Probe> = input
        .suites
        .iter()
        .flat_map(|suite| suite.probes.iter().cloned())
        .collect();
    if probes.is_empty() {
        return Err(EngineError::Plan(
            "there is nothing to ask: the suites have no probes left".to_owned(),
        ));
    }
    let mut units = Vec::new();
    for (id, target) in &input.targets {
        for epoch in 0..input.header.epochs.max(1) {
            for (position, probe) in (0_i64..).zip(&probes) {
                let driver = (input.driver_for)(probe).id();
                units.push(UnitRecord {
                    seq: units.len() as i64,
                    key: unit_key(probe, driver, target, epoch),
                    lane: id.clone(),
                    probe: position,
                    driver: driver.to_owned(),
                    epoch,
                    state: UnitState::Pending,
                });
            }
        }
    }
    Ok(Plan {
        header: input.header,
        suites: input.suites,
        targets: input.targets,
        instruments: input.instruments,
        probes,
        units,
    })
}
