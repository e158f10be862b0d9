//! Adds probes, targets, judges or epochs to an existing run.

use std::collections::{BTreeSet, HashMap};

use nocere_core::{Probe, RunHeader};
use nocere_engine::{JudgeSetup, PlanShape, TargetSetup, plan_extension};
use nocere_store::{Extension, Journal, Plan, RunReader};
use nocere_suites::PolicySet;

use super::images::restore_images;
use super::{
    RunLimits, Session, check_prices,
    plan::records,
    resume::{recorded_judges, recorded_target, recorded_targets, same_policies},
    reuse,
};
use crate::{
    Project, ProjectError, defences, drivers, judges, protocol,
    suites::load_suite,
    targets::{Models, SamplingOverrides, sampling, settled},
};

/// What to add to a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExtendSpec {
    /// Suites whose probes are added; probes that the run already has are skipped.
    pub suites: Vec<String>,
    /// Targets to add.
    pub targets: Vec<String>,
    /// Judges to add, in the notation of `nocere run --judge`.
    pub judges: Vec<String>,
    /// Number of epochs from now on, which must not be smaller than before; `None` to keep it.
    pub epochs: Option<u32>,
    /// New limits; those that are not set keep their recorded values.
    pub limits: RunLimits,
}

impl Project {
    /// Adds to the run `run`. What it already has is not asked again.
    ///
    /// # Errors
    ///
    /// Nothing is to be added, the run cannot be opened, its policies, targets, judges or probes
    /// have changed since it was planned, or the additions cannot be set up.
    pub fn extend(&self, run: &str, spec: &ExtendSpec) -> Result<Session<'_>, ProjectError> {
        let nothing = spec.suites.is_empty()
            && spec.targets.is_empty()
            && spec.judges.is_empty()
            && spec.epochs.is_none();
        if nothing {
            return Err(ProjectError::usage("nothing to add to the run")
                .hint("name suites, --target, --judge or --epochs"));
        }
        let reader = self.run(run)?;
        restore_images(&reader)?;
        let mut header = reader.header()?;
        let policies = same_policies(self, &header)?;
        let journal = Journal::open(&self.runs_folder(), &header.id)?;
        let old = PlanShape {
            probes: reader.probe_count()? as usize,
            targets: reader.targets()?.len(),
            drivers: reader.drivers()?.len(),
            epochs: header.epochs.max(1),
        };
        header.epochs = spec.epochs.unwrap_or(header.epochs);
        if spec.epochs.is_some_and(|epochs| epochs < old.epochs) {
            return Err(ProjectError::usage(format!(
                "the run already has {} epochs; --epochs {} would remove some",
                old.epochs, header.epochs
            )));
        }
        header.budget = spec.limits.budget(header.budget)?;
        let mut models = Models::new(self, header.local_only);
        // Targets without unanswered questions are set up only if they get new ones.
        let asked_again = !spec.suites.is_empty() || header.epochs > old.epochs;
        let mut targets: Vec<TargetSetup> = if asked_again {
            let old = reader.targets()?.into_iter();
            old.map(|(name, record)| recorded_target(&name, record, &mut models, &header.id))
                .collect::<Result<_, _>>()?
        } else {
            recorded_targets(&reader, &mut models, &header.id, &BTreeSet::new())?
        };
        targets.extend(new_targets(&targets, &mut models, &header, &spec.targets)?);
        header.judges.extend(spec.judges.iter().cloned());
        let judges = recorded_judges_and_new(&reader, &mut models, &header, &policies, spec)?;
        protocol::note_judges(header.protocol.as_mut(), &judges);
        check_prices(&header.budget, &models)?;
        let mut plan = Plan {
            header: header.clone(),
            suites: reader.suites()?,
            targets: records(&targets),
            drivers: reader.drivers()?,
            instruments: reader.instruments()?,
            probes: reader.probes()?,
        };
        add_suites(self, &spec.suites, &mut plan.suites, &mut plan.probes)?;
        defences::check_examples(&targets, &plan.suites)?;
        let drivers = drivers::recorded(self, &reader, &targets, &mut models, &policies)?;
        reuse(self, &journal, &header)?;
        let units: Vec<_> = plan_extension(&plan, old, reader.units_total()?).collect();
        let (probes, added) = (plan.probes.len() as u64, units.len() as u64);
        journal.extend(Extension {
            header: header.clone(),
            suites: plan.suites,
            targets: plan.targets.split_off(old.targets),
            instruments: judges
                .iter()
                .map(|setup| setup.judge.instrument().clone())
                .filter(|new| plan.instruments.iter().all(|old| old.hash != new.hash))
                .collect(),
            probes: plan.probes.split_off(old.probes),
            units,
        })?;
        Ok(Session {
            project: self,
            header,
            journal,
            drivers,
            targets,
            judges,
            max_time: spec.limits.max_time,
            probes,
            units: added,
        })
    }
}

/// The targets called `new`, set up beside the run's `old` ones.
fn new_targets(
    old: &[TargetSetup],
    models: &mut Models<'_>,
    header: &RunHeader,
    new: &[String],
) -> Result<Vec<TargetSetup>, ProjectError> {
    // New targets use the sampling of the first one, unless their own entries set it.
    let base = old
        .first()
        .map(|first| SamplingOverrides::of(&first.record.sampling))
        .unwrap_or_default();
    let mut targets: Vec<TargetSetup> = Vec::new();
    for name in new {
        let name = &settled(models.project(), name);
        if old.iter().chain(&targets).any(|target| target.id == *name) {
            return Err(ProjectError::usage(format!(
                "the run already has target `{name}`"
            )));
        }
        let resolved = models.resolve(name)?;
        let sources = [SamplingOverrides::default(), resolved.sampling, base];
        let sampling = sampling(sources, header.seed)?;
        targets.push(resolved.into_target(name, sampling));
    }
    Ok(targets)
}

/// Adds probes that the run does not have yet. Fails if a known probe has changed: samples under
/// one id would no longer be comparable.
fn add_suites(
    project: &Project,
    names: &[String],
    suites: &mut Vec<nocere_core::Suite>,
    probes: &mut Vec<Probe>,
) -> Result<(), ProjectError> {
    for name in names {
        let mut suite = load_suite(project, name)?;
        let known: HashMap<&str, &Probe> = probes
            .iter()
            .filter(|probe| probe.suite == suite.id)
            .map(|probe| (probe.id.as_str(), probe))
            .collect();
        if let Some(changed) = suite.probes.iter().find(|probe| {
            known
                .get(probe.id.as_str())
                .is_some_and(|old| *old != *probe)
        }) {
            return Err(ProjectError::usage(format!(
                "probe `{}` of suite `{}` has changed since the run began",
                changed.id, suite.id
            ))
            .hint("start a new run with `--reuse RUN`: only what has changed is asked again"));
        }
        let new: Vec<Probe> = suite
            .probes
            .iter()
            .filter(|probe| !known.contains_key(probe.id.as_str()))
            .cloned()
            .collect();
        suite.probes.clear();
        probes.extend(new);
        suites.retain(|old| old.id != suite.id);
        suites.push(suite);
    }
    Ok(())
}

/// The run's judges, which must be unchanged, followed by the new ones.
fn recorded_judges_and_new(
    reader: &RunReader,
    models: &mut Models<'_>,
    header: &RunHeader,
    policies: &PolicySet,
    spec: &ExtendSpec,
) -> Result<Vec<JudgeSetup>, ProjectError> {
    let old = RunHeader {
        judges: header
            .judges
            .iter()
            .take(header.judges.len() - spec.judges.len())
            .cloned()
            .collect(),
        ..header.clone()
    };
    recorded_judges(reader, models, &old, policies)?;
    let mut judges = judges::judges(&header.judges, models, policies)?;
    protocol::scope(&mut judges, header.protocol.as_ref());
    Ok(judges)
}
