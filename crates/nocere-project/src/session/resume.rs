//! Continues an existing run with unchanged targets and judges.

use std::collections::BTreeSet;

use nocere_core::{RunHeader, RunId, TargetId};
use nocere_engine::{JudgeSetup, TargetSetup};
use nocere_store::{Journal, RunReader};
use nocere_suites::PolicySet;

use super::{RunLimits, Session, check_prices, images::restore_images, plan::policies_hash, reuse};
use crate::{
    Project, ProjectError, drivers, judges, organisms, policies, protocol, targets::Models,
};

/// A run that was reopened.
pub struct Resumed<'a> {
    /// The run's id.
    pub run: RunId,
    /// Number of failed units that are tried again; `None` if that was not requested.
    pub reopened: Option<u64>,
    /// The session for the remaining work; `None` if there is none.
    pub session: Option<Session<'a>>,
}

impl Project {
    /// Reopens a run to finish it. With `retry_failed`, units whose calls failed in spite of
    /// retries are tried again. Limits that are not set keep their recorded values.
    ///
    /// # Errors
    ///
    /// The run cannot be opened or belongs to a suite build, or a policy, target or judge has
    /// changed since the run was planned.
    pub fn resume(
        &self,
        run: &str,
        retry_failed: bool,
        limits: &RunLimits,
    ) -> Result<Resumed<'_>, ProjectError> {
        let reader = self.run(run)?;
        let mut header = reader.header()?;
        if header.kind.is_of_a_build() {
            return Err(
                ProjectError::usage(format!("run {} is part of a build", header.id)).hint(
                    "run the same `nocere suites build` command again; `--retry-failed` repeats failed requests",
                ),
            );
        }
        let policies = same_policies(self, &header)?;
        let journal = Journal::open(&self.runs_folder(), &header.id)?;
        header.budget = limits.budget(header.budget)?;
        let run = header.id.clone();
        let (done, total) = reader.progress()?;
        let retried = if retry_failed {
            reader.failed_targets()?
        } else {
            BTreeSet::new()
        };
        let judged_again = retry_failed && reader.has_unjudged()?;
        if done == total && retried.is_empty() && !judged_again {
            return Ok(Resumed {
                run,
                reopened: retry_failed.then_some(0),
                session: None,
            });
        }
        // Everything is set up before anything is written: a missing target or attack must not
        // cost what the run has.
        restore_images(&reader)?;
        let mut models = Models::new(self, header.local_only);
        let targets = recorded_targets(&reader, &mut models, &header.id, &retried)?;
        let judges = recorded_judges(&reader, &mut models, &header, &policies)?;
        let drivers = drivers::recorded(self, &reader, &targets, &mut models, &policies)?;
        check_prices(&header.budget, &models)?;
        reuse(self, &journal, &header)?;
        let reopened = if retry_failed {
            Some(journal.reopen_failed()?)
        } else {
            None
        };
        journal.put_header(&header)?;
        let (done, total) = reader.progress()?;
        let session = Session {
            project: self,
            probes: reader.probe_count()?,
            units: total - done,
            header,
            journal,
            drivers,
            targets,
            judges,
            max_time: limits.max_time,
        };
        Ok(Resumed {
            run,
            reopened,
            session: Some(session),
        })
    }
}

/// The project's policies; fails if the run was planned with others.
pub(super) fn same_policies(
    project: &Project,
    header: &RunHeader,
) -> Result<PolicySet, ProjectError> {
    let policies = policies::all(project)?;
    if policies_hash(&policies) == header.policies {
        return Ok(policies);
    }
    Err(ProjectError::usage(format!(
        "run {} was planned with other policies (nocere {}); its verdicts would not be comparable",
        header.id, header.nocere_version
    ))
    .hint("start a new run"))
}

/// The run's targets in the order of the plan. Fails if one has changed that is still to be asked,
/// or is asked again because it is among those `retried`.
pub(super) fn recorded_targets(
    reader: &RunReader,
    models: &mut Models<'_>,
    run: &str,
    retried: &BTreeSet<TargetId>,
) -> Result<Vec<TargetSetup>, ProjectError> {
    let mut targets = Vec::new();
    for (id, record) in reader.targets()? {
        let is_open = retried.contains(&id) || reader.has_unasked(&id)?;
        if is_open && id.starts_with(organisms::PREFIX) {
            let probes = reader.probes()?;
            let target = organisms::target(models.project(), &id, &mut probes.iter())?;
            if target.record != record {
                return Err(ProjectError::usage(format!(
                    "target `{id}` has changed since run {run} began"
                ))
                .hint("restore its file, or start a new run"));
            }
            targets.push(target);
            continue;
        }
        targets.push(if is_open {
            recorded_target(&id, record, models, run)?
        } else {
            // Everything is answered, and judging needs no model of the target.
            TargetSetup {
                guards: Vec::new(),
                id,
                record,
                model: None,
            }
        });
    }
    Ok(targets)
}

pub(super) fn recorded_target(
    id: &str,
    record: nocere_core::TargetRecord,
    models: &mut Models<'_>,
    run: &str,
) -> Result<TargetSetup, ProjectError> {
    let resolved = models.resolve(id)?;
    if *resolved.setup.model.identity() != record.identity
        || resolved.system_prompt != record.system_prompt
        || resolved.stop != record.sampling.stop
        || !resolved
            .guards
            .iter()
            .map(|guard| &guard.record)
            .eq(&record.guards)
    {
        return Err(ProjectError::usage(format!(
            "target `{id}` has changed since run {run} began"
        ))
        .hint("restore its file or its entry in nocere.yaml, or start a new run"));
    }
    Ok(resolved.into_target(id, record.sampling))
}

/// The run's judges; fails if one has changed.
pub(super) fn recorded_judges(
    reader: &RunReader,
    models: &mut Models<'_>,
    header: &RunHeader,
    policies: &PolicySet,
) -> Result<Vec<JudgeSetup>, ProjectError> {
    let mut judges = judges::judges(&header.judges, models, policies)?;
    protocol::scope(&mut judges, header.protocol.as_ref());
    let planned = reader.instruments()?;
    for judge in &judges {
        let instrument = judge.judge.instrument();
        if !planned.iter().any(|known| known.hash == instrument.hash) {
            return Err(ProjectError::usage(format!(
                "judge {} has changed since run {} began: resuming would mix verdicts of two judge versions",
                instrument.id, header.id
            ))
            .hint("start a new run, or judge the answers again with `nocere rejudge`"));
        }
    }
    Ok(judges)
}
