//! Imports answers that other programs recorded as a run.

use std::path::PathBuf;

use nocere_core::{
    Budget, DriverIdentity, Locality, ModelIdentity, RunHeader, RunKind, Sampling, TargetRecord,
};
use nocere_engine::{RecordedAnswer, TargetSetup, plan_recorded};
use nocere_import::{Options, Recording, read_recording};
use nocere_store::{Journal, Plan, RecordedUnit};

use super::{RunLimits, Session, check_prices, plan::policies_hash};
use crate::{Project, ProjectError, judges, policies, protocol, targets::Models};

/// A recording to import.
#[derive(Clone, Debug)]
pub struct ImportSpec {
    /// File of the recording.
    pub file: PathBuf,
    /// How to read it.
    pub options: Options,
    /// Id of the protocol that it followed, so that reports show its tables.
    pub protocol: Option<String>,
    /// Judges to judge the answers, besides those recorded.
    pub judges: Vec<String>,
    /// Whether to refuse judges that are not on this machine.
    pub local_only: bool,
    /// Budget for the judges' calls.
    pub limits: RunLimits,
}

/// A recording that became a run.
pub struct Imported<'a> {
    /// What was left out or assumed when the recording was read.
    pub notes: Vec<String>,
    /// The session that judges the answers; it must be worked on even without judges.
    pub session: Session<'a>,
}

impl Project {
    /// Writes a recording into a new run.
    ///
    /// # Errors
    ///
    /// The recording, a judge or the protocol cannot be read, or the journal cannot be written.
    pub fn import(&self, spec: &ImportSpec) -> Result<Imported<'_>, ProjectError> {
        let recording = read_recording(&spec.file, &spec.options)
            .map_err(|error| ProjectError::usage(error.to_string()))?;
        let policies = policies::all(self)?;
        let mut models = Models::new(self, spec.local_only);
        let judges = judges::judges(&spec.judges, &mut models, &policies)?;
        let command = format!("nocere import {}", spec.file.display());
        let header = RunHeader {
            epochs: epochs(&recording),
            local_only: spec.local_only,
            judges: spec.judges.clone(),
            budget: spec.limits.budget(Budget::default())?,
            imported_from: Some(recording.source.clone()),
            protocol: spec
                .protocol
                .as_deref()
                .map(|name| protocol::of_recording(self, name, &recording.suite, &spec.file))
                .transpose()?,
            assets: self.changed_assets(&[]),
            ..RunHeader::new(RunKind::Imported, command, policies_hash(&policies))
        };
        check_prices(&header.budget, &models)?;
        let targets: Vec<TargetSetup> = recording
            .targets
            .iter()
            .map(|target| {
                recorded_target(
                    &target.model,
                    &recording.source,
                    target.system_prompt.clone(),
                )
            })
            .collect();
        let new = judges.iter().map(|setup| setup.judge.instrument().clone());
        let plan = Plan {
            header,
            instruments: recording.instruments.iter().cloned().chain(new).collect(),
            targets: super::plan::records(&targets),
            drivers: vec![DriverIdentity::recorded()],
            probes: recording.suite.probes.clone(),
            suites: vec![recording.suite],
        };
        let samples = recording.samples;
        let answers: Vec<RecordedAnswer> = samples
            .iter()
            .map(|sample| RecordedAnswer {
                target: sample.target,
                probe: sample.probe,
                epoch: sample.epoch,
            })
            .collect();
        let units = samples.len() as u64;
        let recorded = (0_i64..).zip(samples).map(|(seq, sample)| RecordedUnit {
            seq,
            transcript: sample.transcript,
            verdicts: sample.verdicts,
        });
        let planned = plan_recorded(&plan, answers.into_iter());
        let runs = self.runs_folder();
        let journal = Journal::create_recorded(&runs, &plan, planned, recorded)?;
        Ok(Imported {
            notes: recording.notes,
            session: Session {
                project: self,
                journal,
                targets,
                judges,
                drivers: Vec::new(),
                max_time: spec.limits.max_time,
                probes: plan.probes.len() as u64,
                units,
                header: plan.header,
            },
        })
    }
}

fn epochs(recording: &Recording) -> u32 {
    let last = recording.samples.iter().map(|sample| sample.epoch).max();
    last.unwrap_or(0) + 1
}

/// A target whose answers are all recorded.
pub(super) fn recorded_target(
    name: &str,
    source: &str,
    system_prompt: Option<String>,
) -> TargetSetup {
    TargetSetup {
        id: name.into(),
        model: None,
        guards: Vec::new(),
        record: TargetRecord {
            guards: Vec::new(),
            identity: ModelIdentity {
                name: name.to_owned(),
                provider: "recorded".to_owned(),
                model: name.to_owned(),
                pin: source.to_owned(),
                settings: String::new(),
                locality: Locality::InProcess,
            },
            system_prompt,
            sampling: Sampling::default(),
        },
    }
}
