//! Plans a run: loads suites and sets up targets and judges, before anything is written.

use nocere_core::{
    Budget, DriverIdentity, Instrument, ProtocolRecord, RunHeader, RunKind, Suite, TargetId,
    hash_json,
};
use nocere_engine::{DriverSetup, JudgeSetup, PlanInput, TargetSetup, plan_run, plan_units};
use nocere_store::{Journal, Plan};
use nocere_suites::PolicySet;

use super::{RunSpec, Session, check_prices, images::store_images, reuse};
use crate::{
    Project, ProjectError, defences,
    drivers::{self, DriverChoice},
    figures, judges, organisms, policies,
    protocol::{self, Loaded},
    targets::{Models, sampling, settled},
};

/// A run that is planned but not begun.
pub struct PlannedRun<'a> {
    project: &'a Project,
    pub(crate) plan: Plan,
    pub(crate) targets: Vec<TargetSetup>,
    pub(crate) judges: Vec<JudgeSetup>,
    pub(crate) drivers: Vec<DriverSetup>,
    max_time: Option<std::time::Duration>,
    /// Gigabytes of weights of the models in this process, by their names.
    pub(crate) weights: std::collections::BTreeMap<String, f64>,
    /// Dates of the list prices that are used.
    pub(crate) price_dates: Vec<String>,
}

impl Project {
    /// Plans the run: loads suites, targets and judges. Writes nothing and asks no model.
    ///
    /// # Errors
    ///
    /// A name is unknown or given twice, a file cannot be read, a key or price is missing, or nothing
    /// is left to ask.
    pub fn plan(&self, spec: &RunSpec) -> Result<PlannedRun<'_>, ProjectError> {
        let mut loaded = protocol::resolve(self, &spec.what, &spec.protocol)?;
        select(&mut loaded, spec)?;
        let policies = policies::all(self)?;
        let mut models = Models::new(self, spec.local_only);
        let mut targets: Vec<TargetSetup> = Vec::new();
        for name in &defences::crossed(self, &spec.targets, &spec.guards)? {
            let name = &settled(self, name);
            if targets.iter().any(|target| target.id == *name) {
                return Err(ProjectError::usage(format!(
                    "target `{name}` is given twice"
                )));
            }
            if name.starts_with(organisms::PREFIX) {
                let mut probes = loaded.suites.iter().flat_map(|suite| &suite.probes);
                targets.push(organisms::target(self, name, &mut probes)?);
                continue;
            }
            let resolved = models.resolve(name)?;
            let sources = [spec.sampling, resolved.sampling, loaded.sampling];
            let sampling = sampling(sources, spec.seed)?;
            targets.push(resolved.into_target(name, sampling));
        }
        defences::check_examples(&targets, &loaded.suites)?;
        drivers::check_all(self)?;
        let asked = loaded.drivers.clone();
        let choice = DriverChoice::of(spec, &asked);
        let drivers = drivers::drivers(self, &choice, &mut models, &policies)?;
        check_led(&drivers, &loaded.suites)?;
        let overridden = !spec.judges.is_empty();
        let names = if overridden {
            spec.judges.clone()
        } else {
            loaded.judges.clone()
        };
        let mut judges = judges::judges(&names, &mut models, &policies)?;
        loaded.bind(&names, &mut judges, overridden);
        let instruments: Vec<Instrument> = judges
            .iter()
            .map(|setup| setup.judge.instrument().clone())
            .collect();
        figures::check_before(self, &instruments)?;
        let reuse = spec.reuse.iter();
        let mut named: Vec<&str> = spec.what.iter().map(String::as_str).collect();
        let of_drivers = drivers::assets(&drivers);
        named.extend(of_drivers.iter().map(String::as_str));
        let guards = targets.iter().flat_map(|target| &target.record.guards);
        let guards: Vec<String> = guards.map(|guard| guard.id.clone()).collect();
        named.extend(guards.iter().map(String::as_str));
        let header = RunHeader {
            seed: spec.seed,
            epochs: spec.epochs,
            local_only: spec.local_only,
            judges: names,
            attacker: spec.attacker.clone(),
            scorer: spec.scorer.clone(),
            budget: spec.limits.budget(Budget::default())?,
            reuse: reuse
                .map(|run| Ok(self.run(run)?.header()?.id))
                .collect::<Result<_, ProjectError>>()?,
            protocol: loaded.record,
            intended_users: if spec.intended_users.is_empty() {
                loaded.intended_users
            } else {
                spec.intended_users.clone()
            },
            assets: self.changed_assets(&named),
            ..RunHeader::new(
                RunKind::Asked,
                spec.command_line(),
                policies_hash(&policies),
            )
        };
        check_prices(&header.budget, &models)?;
        let plan = plan_run(PlanInput {
            header,
            suites: loaded.suites,
            targets: records(&targets),
            drivers: drivers::identities(&drivers),
            instruments,
        })?;
        Ok(PlannedRun {
            project: self,
            plan,
            targets,
            judges,
            drivers,
            max_time: spec.limits.max_time,
            weights: models.weights(),
            price_dates: models.price_dates().to_vec(),
        })
    }
}

impl<'a> PlannedRun<'a> {
    /// The id, kind and settings of the run.
    pub fn header(&self) -> &RunHeader {
        &self.plan.header
    }

    /// The protocol and the state of its parts; `None` if suites were named one by one.
    pub fn protocol(&self) -> Option<&ProtocolRecord> {
        self.plan.header.protocol.as_ref()
    }

    /// Number of probes to ask.
    pub fn probes(&self) -> u64 {
        self.plan.probes.len() as u64
    }

    /// Number of units: for each target and epoch, each driver with the probes that it leads.
    pub fn units(&self) -> u64 {
        let led = self.plan.drivers.iter().map(|driver| {
            let probes = self.plan.probes.iter();
            probes.filter(|probe| driver.leads(probe)).count() as u64
        });
        let axes = self.plan.targets.len() as u64 * u64::from(self.plan.header.epochs.max(1));
        led.sum::<u64>() * axes
    }

    /// Drivers that pass over probes, with the number of probes that each passes over.
    pub fn passed_over(&self) -> Vec<(&DriverIdentity, u64)> {
        let drivers = self.plan.drivers.iter().map(|driver| {
            let probes = self.plan.probes.iter();
            let number = probes.filter(|probe| !driver.leads(probe)).count() as u64;
            (driver, number)
        });
        drivers.filter(|(_, number)| *number > 0).collect()
    }

    /// Writes the run's journal. From then on, the run exists and can be resumed.
    ///
    /// # Errors
    ///
    /// The journal cannot be written, or a run to reuse cannot be read.
    pub fn begin(self) -> Result<Session<'a>, ProjectError> {
        let (probes, units) = (self.probes(), self.units());
        let runs = self.project.runs_folder();
        let journal = Journal::create(&runs, &self.plan, plan_units(&self.plan))?;
        store_images(&journal, &self.plan.probes)?;
        reuse(self.project, &journal, &self.plan.header)?;
        // The plan is dropped: probes are read from the journal as they are needed.
        Ok(Session {
            project: self.project,
            header: self.plan.header,
            journal,
            targets: self.targets,
            judges: self.judges,
            drivers: self.drivers,
            max_time: self.max_time,
            probes,
            units,
        })
    }
}

/// Fails if a driver has no probe to lead a conversation over.
fn check_led(drivers: &[DriverSetup], suites: &[Suite]) -> Result<(), ProjectError> {
    let mut probes = suites.iter().flat_map(|suite| &suite.probes);
    if probes.clone().next().is_none() {
        return Ok(());
    }
    let idle = drivers
        .iter()
        .map(|setup| setup.driver.identity())
        .find(|driver| !probes.clone().any(|probe| driver.leads(probe)));
    let Some(driver) = idle else {
        return Ok(());
    };
    let askers: Vec<&str> = driver.perspectives.iter().map(|who| who.as_str()).collect();
    let words = |texts: Vec<&str>| match texts.as_slice() {
        [] => "any".to_owned(),
        texts => texts.join(", "),
    };
    let languages = driver.languages.iter().map(String::as_str).collect();
    let first = probes.next().map(|probe| probe.language.clone());
    Err(ProjectError::usage(format!(
        "no probe of this run is for driver `{}`: its askers are {} and its languages {}",
        driver.id,
        words(askers),
        words(languages),
    ))
    .hint(format!(
        "the first probe is in `{}`; add a text in its language, or leave the driver out",
        first.unwrap_or_default()
    )))
}

/// Reduces the suites to the selected perspectives and the limit.
fn select(loaded: &mut Loaded, spec: &RunSpec) -> Result<(), ProjectError> {
    if !spec.perspectives.is_empty() {
        for suite in &mut loaded.suites {
            let probes = &mut suite.probes;
            probes.retain(|probe| spec.perspectives.contains(&probe.perspective));
        }
    }
    if let Some(limit) = spec.limit.or(loaded.limit) {
        if limit == 0 {
            return Err(ProjectError::usage("--limit 0 would ask nothing"));
        }
        nocere_suites::balanced(&mut loaded.suites, limit, spec.seed);
    }
    loaded.note_selection();
    loaded.suites.retain(|suite| !suite.probes.is_empty());
    Ok(())
}

/// Targets as recorded in the journal.
pub(super) fn records(targets: &[TargetSetup]) -> Vec<(TargetId, nocere_core::TargetRecord)> {
    targets
        .iter()
        .map(|target| (target.id.clone(), target.record.clone()))
        .collect()
}

/// The hash that identifies the policies of a run.
pub(crate) fn policies_hash(policies: &PolicySet) -> nocere_core::ContentHash {
    hash_json("policies", &policies.iter().collect::<Vec<_>>())
}
