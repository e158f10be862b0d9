//! Drivers by name: `direct`, or an attack of the catalogue.

use std::sync::Arc;

use nocere_assets::{Asset, Kind};
use nocere_core::{Driver, DriverIdentity, DriverKind};
use nocere_drivers::{AttackError, Direct, attack};
use nocere_engine::{DriverSetup, TargetSetup};
use nocere_store::RunReader;

use crate::{Project, ProjectError};

/// Sets up the driver called `name`.
pub(crate) fn driver(project: &Project, name: &str) -> Result<DriverSetup, ProjectError> {
    if name == DriverIdentity::DIRECT {
        return Ok(DriverSetup::alone(Arc::new(Direct)));
    }
    let Some(asset) = project.assets().find(Kind::Attack, name) else {
        let known: Vec<&str> = project
            .assets()
            .of(Kind::Attack)
            .map(|asset| asset.name.as_str())
            .chain([DriverIdentity::DIRECT])
            .collect();
        return Err(ProjectError::unknown(
            format!("there is no driver `{name}`"),
            name,
            known.iter().copied(),
            format!("the drivers are {}", known.join(", ")),
        ));
    };
    driver_of(asset).map(DriverSetup::alone)
}

fn driver_of(asset: &Asset) -> Result<Arc<dyn Driver>, ProjectError> {
    let driver: Arc<dyn Driver> = attack(asset.text()).map_err(|error| {
        let line = match &error {
            AttackError::Form {
                line: Some(line), ..
            } => format!(":{line}"),
            _ => String::new(),
        };
        ProjectError::usage(format!("{}{line}: {error}", asset.path))
    })?;
    let fault = |what| ProjectError::usage(format!("{}: {what}", asset.path));
    asset.check_id(&driver.identity().id).map_err(fault)?;
    Ok(driver)
}

/// Reads every attack of the project: one that is wrong is said before it is needed.
pub(crate) fn check_all(project: &Project) -> Result<(), ProjectError> {
    let changed = project.assets().changed();
    for asset in changed.filter(|asset| asset.kind == Kind::Attack) {
        driver_of(asset)?;
    }
    Ok(())
}

/// Sets up the drivers of a run that was planned before; none if its answers are all recorded.
pub(crate) fn recorded(
    project: &Project,
    reader: &RunReader,
    targets: &[TargetSetup],
) -> Result<Vec<DriverSetup>, ProjectError> {
    if targets.iter().all(|target| target.model.is_none()) {
        return Ok(Vec::new());
    }
    let run = &reader.header()?.id;
    let mut setups = Vec::new();
    for planned in reader.drivers()? {
        if planned.kind == DriverKind::Recorded {
            continue;
        }
        let setup = driver(project, &planned.id)?;
        if setup.driver.identity().hash != planned.hash {
            return Err(ProjectError::usage(format!(
                "driver `{}` has changed since run {run} began",
                planned.id
            ))
            .hint("restore it as it was, or start a new run"));
        }
        setups.push(setup);
    }
    if setups.is_empty() {
        return Err(ProjectError::usage(format!(
            "the answers of run {run} were recorded elsewhere: nothing can be asked in it"
        ))
        .hint("start a new run with the target"));
    }
    Ok(setups)
}

/// What the drivers are.
pub(crate) fn identities(setups: &[DriverSetup]) -> Vec<DriverIdentity> {
    let drivers = setups.iter().map(|setup| setup.driver.identity());
    drivers.cloned().collect()
}
