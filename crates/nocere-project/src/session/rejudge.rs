//! Judges the answers of a run again, in a new run that asks no target.

use nocere_core::{Budget, RunHeader, RunKind};
use nocere_engine::{JudgeSetup, TargetSetup};
use nocere_store::{Journal, RunReader};

use super::{RunLimits, Session, check_prices, plan::policies_hash, reuse};
use crate::{Project, ProjectError, judges, policies, protocol, targets::Models};

impl Project {
    /// Copies the answers of the finished run `run` to a new run, to be judged there by `judges`. If
    /// `judges` is empty, the run's own judges are used in their present version.
    ///
    /// # Errors
    ///
    /// The run is unfinished or cannot be read, or a judge cannot be set up.
    pub fn rejudge(
        &self,
        run: &str,
        judges: &[String],
        local_only: bool,
        limits: &RunLimits,
    ) -> Result<Session<'_>, ProjectError> {
        let reader = self.run(run)?;
        let mut old = reader.header()?;
        let (done, total) = reader.progress()?;
        if done < total {
            return Err(ProjectError::usage(format!(
                "run {} is unfinished: {done} of {total}",
                old.id
            ))
            .hint(format!("finish it first with `nocere resume {}`", old.id)));
        }
        let policies = policies::all(self)?;
        old.local_only |= local_only;
        let mut models = Models::new(self, old.local_only);
        let names = match (judges.is_empty(), old.judges.is_empty()) {
            (false, _) => judges.to_vec(),
            (true, false) => old.judges.clone(),
            // An imported run has no judges of its own, only recorded ones.
            (true, true) => protocol::default_judges([]),
        };
        let mut judges = judges::judges(&names, &mut models, &policies)?;
        // The run's own judges keep their parts; others judge everything.
        protocol::scope(&mut judges, old.protocol.as_ref());
        protocol::note_judges(old.protocol.as_mut(), &judges);
        let command = format!("nocere rejudge {}", old.id);
        let new = RunHeader::new(RunKind::Rejudged, command, policies_hash(&policies));
        let header = RunHeader {
            judges: names,
            assets: self.changed_assets(&[]),
            budget: limits.budget(Budget::default())?,
            id: new.id,
            created: new.created,
            nocere_version: new.nocere_version,
            command: new.command,
            kind: new.kind,
            policies: new.policies,
            ..old
        };
        let session = copy_of_answers(self, &reader, header, judges, &models)?;
        Ok(session.with_max_time(limits.max_time))
    }
}

/// Creates a run with the questions and answers of the run in `reader`, to be judged by `judges`.
pub(crate) fn copy_of_answers<'a>(
    project: &'a Project,
    reader: &RunReader,
    header: RunHeader,
    judges: Vec<JudgeSetup>,
    models: &Models<'_>,
) -> Result<Session<'a>, ProjectError> {
    check_prices(&header.budget, models)?;
    let instruments: Vec<_> = judges
        .iter()
        .map(|setup| setup.judge.instrument().clone())
        .collect();
    let targets = reader
        .targets()?
        .into_iter()
        .map(|(id, record)| TargetSetup {
            guards: Vec::new(),
            id,
            record,
            model: None,
        })
        .collect();
    let runs = project.runs_folder();
    let journal = Journal::create_rejudged(&runs, &header, &instruments, reader.path())?;
    reuse(project, &journal, &header)?;
    Ok(Session {
        project,
        header,
        journal,
        targets,
        judges,
        drivers: Vec::new(),
        max_time: None,
        probes: reader.probe_count()?,
        units: reader.progress()?.1,
    })
}
