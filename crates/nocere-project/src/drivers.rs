//! Drivers by name: `direct`, or an attack of the catalogue.

use std::sync::Arc;

use nocere_assets::Kind;
use nocere_core::{Driver, DriverIdentity};
use nocere_drivers::{AttackError, Direct, attack};
use nocere_engine::{DriverSetup, TargetSetup};
use nocere_store::RunReader;

use crate::{Project, ProjectError};

/// The name of the driver that asks what the probe spells out.
pub(crate) const DIRECT: &str = "direct";

/// Sets up the driver called `name`.
pub(crate) fn driver(project: &Project, name: &str) -> Result<DriverSetup, ProjectError> {
    if name == DIRECT {
        return Ok(DriverSetup::alone(Arc::new(Direct)));
    }
    let Some(asset) = project.assets().find(Kind::Attack, name) else {
        let known: Vec<&str> = project
            .assets()
            .of(Kind::Attack)
            .map(|asset| asset.name.as_str())
            .chain([DIRECT])
            .collect();
        return Err(ProjectError::unknown(
            format!("there is no driver `{name}`"),
            name,
            known.iter().copied(),
            format!("the drivers are {}", known.join(", ")),
        ));
    };
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
    Ok(DriverSetup::alone(driver))
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
    let elsewhere = DriverIdentity::recorded();
    reader
        .drivers()?
        .iter()
        .filter(|identity| **identity != elsewhere)
        .map(|identity| driver(project, &identity.id))
        .collect()
}

/// What the drivers are.
pub(crate) fn identities(setups: &[DriverSetup]) -> Vec<DriverIdentity> {
    let drivers = setups.iter().map(|setup| setup.driver.identity());
    drivers.cloned().collect()
}
