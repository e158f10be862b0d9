//! Drivers by name: `direct`, attacks of the catalogue one after the other, or cells of a plan of
//! factors.

use std::{collections::BTreeMap, sync::Arc};

use nocere_assets::{Asset, Kind};
use nocere_core::{Driver, DriverIdentity, DriverKind, Purpose, RunHeader, hash_json};
use nocere_drivers::{
    Attack, AttackError, Design, Direct, Factor, Helpers, Needs, cells, compose, factor_driver,
};
use nocere_engine::{DriverSetup, JudgeSetup, ModelSetup, TargetSetup};
use nocere_store::RunReader;
use nocere_suites::PolicySet;

use crate::{Project, ProjectError, RunSpec, judges, protocol::ProtocolDrivers, targets::Models};

/// The judge that adaptive attacks ask unless another is named. It needs no model, and is not the
/// judge of the shipped protocols: an attack learns the mistakes of the judge that it asks.
const SCORER: &str = "refusal";
/// Puts every attack of a family in place of a driver, as in `family:authority`.
const FAMILY: &str = "family:";

/// Which drivers a run has.
#[derive(Default)]
pub(crate) struct DriverChoice<'a> {
    /// Names: `direct`, an attack, several joined by `+`, or `family:NAME`; empty for `direct`.
    pub(crate) drivers: &'a [String],
    /// Attacks that are added if there is an attacker.
    pub(crate) with_attacker: &'a [String],
    /// Factors as `NAME` or `NAME=LEVEL,LEVEL`.
    pub(crate) factors: &'a [String],
    /// Which combinations of levels are asked.
    pub(crate) design: Design,
    /// The target that writes for attacks.
    pub(crate) attacker: Option<&'a str>,
    /// The judge that attacks ask.
    pub(crate) scorer: Option<&'a str>,
}

/// What attacks may ask besides the target.
struct Helpful {
    attacker: Option<ModelSetup>,
    scorer: Option<JudgeSetup>,
}

impl<'a> DriverChoice<'a> {
    /// The drivers and factors of a run: its own, or else those of its protocol.
    pub(crate) fn of(spec: &'a RunSpec, protocol: &'a ProtocolDrivers) -> Self {
        let is_own = !spec.drivers.is_empty() || !spec.factors.is_empty();
        let (drivers, factors, with_attacker) = if is_own {
            (&spec.drivers, &spec.factors, &[][..])
        } else {
            (
                &protocol.drivers,
                &protocol.factors,
                protocol.with_attacker.as_slice(),
            )
        };
        Self {
            drivers,
            with_attacker,
            factors,
            design: spec.design.or(protocol.design).unwrap_or_default(),
            attacker: spec.attacker.as_deref(),
            scorer: spec.scorer.as_deref(),
        }
    }
}

impl Helpful {
    fn hashes(&self) -> Helpers {
        let attacker = self.attacker.as_ref().map(|setup| setup.model.identity());
        let scorer = self.scorer.as_ref().map(|setup| setup.judge.instrument());
        Helpers {
            attacker: attacker.map(|identity| hash_json("attacker", identity)),
            scorer: scorer.map(|instrument| instrument.hash.clone()),
        }
    }

    fn setup(&self, project: &Project, name: &str) -> Result<DriverSetup, ProjectError> {
        let armed = attacks(project, name)?
            .into_iter()
            .map(|attack| self.armed(project, attack));
        let attacks: Vec<Attack> = armed.collect::<Result<_, _>>()?;
        let driver = self.composed(name, &attacks)?;
        let mut setup = DriverSetup::alone(driver);
        if attacks.iter().any(|attack| attack.needs().attacker) {
            let Some(attacker) = &self.attacker else {
                return Err(ProjectError::usage(format!(
                    "attack `{name}` needs a model that writes for it"
                ))
                .hint("name any target with --attacker"));
            };
            setup.models.push((Purpose::Attacker, attacker.clone()));
        }
        if attacks.iter().any(|attack| attack.needs().scorer) {
            setup.scorer.clone_from(&self.scorer);
        }
        Ok(setup)
    }

    fn composed(&self, name: &str, attacks: &[Attack]) -> Result<Arc<dyn Driver>, ProjectError> {
        compose(attacks, &self.hashes())
            .map_err(|error| ProjectError::usage(format!("driver `{name}`: {error}")))
    }

    /// The attack, with the attacks that it tries if it is a search. Those that need an attacker
    /// are left out without one.
    fn armed(&self, project: &Project, attack: Attack) -> Result<Attack, ProjectError> {
        let id = attack.id().to_owned();
        let mut arms = Vec::new();
        let mut needs = Needs::default();
        for name in attack.arms() {
            for name in expanded(project, name)? {
                let parts = attacks(project, &name)?;
                if parts.iter().any(|part| !part.arms().is_empty()) {
                    return Err(ProjectError::usage(format!(
                        "attack `{id}`: `{name}` is a search itself"
                    )));
                }
                let needs_attacker = parts.iter().any(|part| part.needs().attacker);
                if needs_attacker && self.attacker.is_none() {
                    continue;
                }
                needs.attacker |= needs_attacker;
                arms.push(self.composed(&name, &parts)?);
            }
        }
        attack
            .armed(arms, needs)
            .map_err(|error| ProjectError::usage(format!("attack `{id}`: {error}")))
    }
}

/// Sets up the drivers of a run.
pub(crate) fn drivers(
    project: &Project,
    choice: &DriverChoice<'_>,
    models: &mut Models<'_>,
    policies: &PolicySet,
) -> Result<Vec<DriverSetup>, ProjectError> {
    let mut names: Vec<String> = Vec::new();
    let extra = choice.attacker.map_or(&[][..], |_| choice.with_attacker);
    for name in choice.drivers.iter().chain(extra) {
        for name in expanded(project, name)? {
            if names.contains(&name) {
                return Err(ProjectError::usage(format!(
                    "driver `{name}` is given twice"
                )));
            }
            names.push(name);
        }
    }
    if names.is_empty() && choice.factors.is_empty() {
        names.push(DriverIdentity::DIRECT.to_owned());
    }
    let helpful = helpful(&names, project, choice, models, policies)?;
    let mut setups: Vec<DriverSetup> = Vec::new();
    let wants_plain = names.iter().any(|name| name == DriverIdentity::DIRECT);
    let planned = factorial(project, choice, wants_plain)?;
    let plain = planned.iter().any(|driver| driver.identity().is_plain());
    setups.extend(planned.into_iter().map(DriverSetup::alone));
    for name in &names {
        // The reference of a plan of factors asks the same.
        if !(plain && name == DriverIdentity::DIRECT) {
            setups.push(named(project, name, &helpful)?);
        }
    }
    Ok(setups)
}

fn helpful(
    names: &[String],
    project: &Project,
    choice: &DriverChoice<'_>,
    models: &mut Models<'_>,
    policies: &PolicySet,
) -> Result<Helpful, ProjectError> {
    let mut needs_scorer = false;
    for name in names.iter().filter(|name| *name != DriverIdentity::DIRECT) {
        let attacks = attacks(project, name)?;
        needs_scorer |= attacks.iter().any(|attack| attack.needs().scorer);
    }
    Ok(Helpful {
        attacker: choice
            .attacker
            .map(|name| {
                let resolved = models.resolve(name)?;
                if resolved.guards.is_empty() {
                    return Ok(resolved.setup);
                }
                Err(ProjectError::usage(format!(
                    "`{name}` has guards; an attacker is asked without any"
                )))
            })
            .transpose()?,
        scorer: needs_scorer
            .then(|| judges::judge(choice.scorer.unwrap_or(SCORER), models, policies))
            .transpose()?,
    })
}

/// The names that a name of the command line or a protocol covers.
fn expanded(project: &Project, name: &str) -> Result<Vec<String>, ProjectError> {
    let Some(family) = name.strip_prefix(FAMILY) else {
        return Ok(vec![name.to_owned()]);
    };
    let attacks = of_family(project, family)?;
    Ok(attacks
        .iter()
        .map(|attack| attack.id().to_owned())
        .collect())
}

/// The attacks of a family, by name.
///
/// # Errors
///
/// The family is unknown, has no attack, or a file is not an attack.
pub fn of_family(project: &Project, family: &str) -> Result<Vec<Attack>, ProjectError> {
    let mut found = all_attacks(project)?;
    found.retain(|attack| attack.family() == family);
    if found.is_empty() {
        return Err(ProjectError::unknown(
            format!("there is no family of attacks `{family}`"),
            family,
            nocere_drivers::FAMILIES,
            format!("the families are {}", nocere_drivers::FAMILIES.join(", ")),
        ));
    }
    Ok(found)
}

/// Every attack of the project, by name.
///
/// # Errors
///
/// A file is not an attack.
pub fn all_attacks(project: &Project) -> Result<Vec<Attack>, ProjectError> {
    let assets = project.assets().of(Kind::Attack);
    assets.map(attack_of).collect()
}

/// Every factor of the project, by name.
///
/// # Errors
///
/// A file is not a factor.
pub fn all_factors(project: &Project) -> Result<Vec<Factor>, ProjectError> {
    let assets = project.assets().of(Kind::Factor);
    assets.map(factor_of).collect()
}

/// The attacks that a driver's name joins by `+`, in order.
///
/// # Errors
///
/// There is no such attack, or its file is wrong.
pub fn attacks(project: &Project, name: &str) -> Result<Vec<Attack>, ProjectError> {
    let parts = name.split('+').map(|part| {
        let Some(asset) = project.assets().find(Kind::Attack, part) else {
            let known: Vec<&str> = project
                .assets()
                .of(Kind::Attack)
                .map(|asset| asset.name.as_str())
                .chain([DriverIdentity::DIRECT])
                .collect();
            return Err(ProjectError::unknown(
                format!("there is no driver `{part}`"),
                part,
                known,
                "`nocere attacks list` shows all attacks; `direct` asks as the probe is written",
            ));
        };
        attack_of(asset)
    });
    parts.collect()
}

fn named(project: &Project, name: &str, helpful: &Helpful) -> Result<DriverSetup, ProjectError> {
    if name == DriverIdentity::DIRECT {
        return Ok(direct());
    }
    helpful.setup(project, name)
}

/// The driver that asks as probes are written.
pub(crate) fn direct() -> DriverSetup {
    DriverSetup::alone(Arc::new(Direct))
}

fn attack_of(asset: &Asset) -> Result<Attack, ProjectError> {
    let attack = Attack::read(asset.text()).map_err(|error| at(asset, &error))?;
    let fault = |what| ProjectError::usage(format!("{}: {what}", asset.path));
    asset.check_id(attack.id()).map_err(fault)?;
    Ok(attack)
}

fn factor_of(asset: &Asset) -> Result<Factor, ProjectError> {
    let factor = Factor::read(asset.text()).map_err(|error| at(asset, &error))?;
    let fault = |what| ProjectError::usage(format!("{}: {what}", asset.path));
    asset.check_id(&factor.id).map_err(fault)?;
    Ok(factor)
}

fn at(asset: &Asset, error: &AttackError) -> ProjectError {
    let line = match error {
        AttackError::Form {
            line: Some(line), ..
        } => format!(":{line}"),
        _ => String::new(),
    };
    ProjectError::usage(format!("{}{line}: {error}", asset.path))
}

/// The drivers of a plan of factors, the reference first.
fn factorial(
    project: &Project,
    choice: &DriverChoice<'_>,
    plain_for_all: bool,
) -> Result<Vec<Arc<dyn Driver>>, ProjectError> {
    let usage = |error: AttackError| ProjectError::usage(error.to_string());
    let mut factors: Vec<Factor> = Vec::new();
    for wanted in choice.factors {
        let (name, levels) = match wanted.split_once('=') {
            Some((name, levels)) => (name, Some(levels)),
            None => (wanted.as_str(), None),
        };
        if factors.iter().any(|factor| factor.id == name) {
            return Err(ProjectError::usage(format!(
                "factor `{name}` is given twice"
            )));
        }
        let factor = factor(project, name)?;
        factors.push(match levels {
            Some(levels) => {
                let levels: Vec<String> = levels.split(',').map(str::to_owned).collect();
                factor.only(&levels).map_err(usage)?
            }
            None => factor,
        });
    }
    if factors.is_empty() {
        return Ok(Vec::new());
    }
    // The order in which texts are put around each other: that in which a journal names them.
    factors.sort_by(|a, b| a.id.cmp(&b.id));
    let cells = cells(&factors, choice.design).map_err(usage)?;
    let drivers = cells
        .iter()
        .map(|cell| factor_driver(&factors, cell, plain_for_all));
    drivers.collect::<Result<_, _>>().map_err(usage)
}

fn factor(project: &Project, name: &str) -> Result<Factor, ProjectError> {
    let assets = project.assets();
    if let Some(asset) = assets.find(Kind::Factor, name) {
        return factor_of(asset);
    }
    let known: Vec<&str> = assets
        .of(Kind::Factor)
        .map(|asset| asset.name.as_str())
        .collect();
    Err(ProjectError::unknown(
        format!("there is no factor `{name}`"),
        name,
        known.iter().copied(),
        format!("the factors are {}", known.join(", ")),
    ))
}

/// Reads every attack and factor of the project, so that faults are reported early.
pub(crate) fn check_all(project: &Project) -> Result<(), ProjectError> {
    for asset in project.assets().changed() {
        match asset.kind {
            Kind::Attack => drop(attack_of(asset)?),
            Kind::Factor => drop(factor_of(asset)?),
            _ => {}
        }
    }
    Ok(())
}

/// Sets up the drivers of a run that was planned before; none if its answers are all recorded.
pub(crate) fn recorded(
    project: &Project,
    reader: &RunReader,
    targets: &[TargetSetup],
    models: &mut Models<'_>,
    policies: &PolicySet,
) -> Result<Vec<DriverSetup>, ProjectError> {
    if targets.iter().all(|target| target.model.is_none()) {
        return Ok(Vec::new());
    }
    let header: RunHeader = reader.header()?;
    let run = &header.id;
    let planned: Vec<DriverIdentity> = reader.drivers()?;
    let names: Vec<String> = planned
        .iter()
        .filter(|driver| driver.kind == DriverKind::Attack)
        .map(|driver| driver.id.to_string())
        .collect();
    let choice = DriverChoice {
        attacker: header.attacker.as_deref(),
        scorer: header.scorer.as_deref(),
        ..DriverChoice::default()
    };
    let helpful = helpful(&names, project, &choice, models, policies)?;
    let mut levels: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (factor, level) in planned.iter().flat_map(|driver| &driver.levels) {
        levels
            .entry(factor.clone())
            .or_default()
            .push(level.clone());
    }
    let mut setups = Vec::new();
    for driver in planned {
        let setup = match driver.kind {
            DriverKind::Recorded => continue,
            DriverKind::Direct => direct(),
            DriverKind::Attack => named(project, &driver.id, &helpful)?,
            DriverKind::Factors => DriverSetup::alone(cell(project, &driver, &levels)?),
        };
        if setup.driver.identity().hash != driver.hash {
            return Err(ProjectError::usage(format!(
                "driver `{}` has changed since run {run} began",
                driver.id
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

/// The driver of the levels that a planned driver has. `levels` are those of the whole plan.
fn cell(
    project: &Project,
    planned: &DriverIdentity,
    levels: &BTreeMap<String, Vec<String>>,
) -> Result<Arc<dyn Driver>, ProjectError> {
    let usage = |error: AttackError| {
        ProjectError::usage(error.to_string())
            .hint("restore the factor as it was, or start a new run")
    };
    let mut factors = Vec::new();
    let mut places = Vec::new();
    for (name, level) in &planned.levels {
        let known = levels.get(name).map_or(&[][..], Vec::as_slice);
        let factor = factor(project, name)?.only(known).map_err(usage)?;
        let place = factor.levels.iter().position(|known| known.id == *level);
        places.push(place.unwrap_or_default());
        factors.push(factor);
    }
    factor_driver(&factors, &places, false).map_err(usage)
}

/// Names of the assets that drivers are made of.
pub(crate) fn assets(setups: &[DriverSetup]) -> Vec<String> {
    let mut names = Vec::new();
    for identity in setups.iter().map(|setup| setup.driver.identity()) {
        if identity.kind == DriverKind::Attack {
            names.extend(identity.id.split('+').map(str::to_owned));
        }
        names.extend(identity.levels.keys().cloned());
    }
    names
}

/// What the drivers are.
pub(crate) fn identities(setups: &[DriverSetup]) -> Vec<DriverIdentity> {
    let drivers = setups.iter().map(|setup| setup.driver.identity());
    drivers.cloned().collect()
}
