//! Judges existing answers in a run of their own, for calibrations, tests of judges and the suite
//! builder. Every call goes through the engine, so it is limited, paid for and journaled, and the
//! run can be resumed.

use nocere_core::{DriverIdentity, Probe, RunHeader, RunId, Sample, Suite, TargetId, Transcript};
use nocere_engine::{JudgeSetup, RecordedAnswer, TargetSetup, plan_recorded};
use nocere_store::{Journal, Plan, RecordedUnit};

use super::{Session, Watch, check_prices, import::recorded_target, reuse};
use crate::{Project, ProjectError, targets::Models};

/// An answer to judge.
#[derive(Clone)]
pub(crate) struct Answer {
    /// Id of the target that gave it.
    pub(crate) target: TargetId,
    pub(crate) probe: Probe,
    /// Repetition of the probe, from 0.
    pub(crate) epoch: u32,
    pub(crate) transcript: Transcript,
}

impl Answer {
    pub(crate) fn of(row: Sample) -> Self {
        Self {
            target: row.target,
            probe: row.probe,
            epoch: row.epoch,
            transcript: row.transcript,
        }
    }
}

/// How to judge the answers.
pub(crate) struct Task<'a> {
    /// The run's header; epochs and source are set from the answers.
    pub(crate) header: RunHeader,
    /// Where the answers come from.
    pub(crate) source: String,
    /// Suites without their probes.
    pub(crate) suites: Vec<Suite>,
    pub(crate) judges: Vec<JudgeSetup>,
    /// The models that the judges were set up with.
    pub(crate) models: &'a Models<'a>,
    pub(crate) max_time: Option<std::time::Duration>,
}

/// Judges `answers` in a new run. Returns the run's id, and its samples in the order of `answers`.
pub(crate) fn judge(
    project: &Project,
    answers: Vec<Answer>,
    task: Task<'_>,
    watch: &Watch,
) -> Result<(RunId, Vec<Sample>), ProjectError> {
    let epochs = answers.iter().map(|answer| answer.epoch + 1).max();
    let header = RunHeader {
        epochs: epochs.unwrap_or(1),
        imported_from: Some(task.source.clone()),
        ..task.header
    };
    check_prices(&header.budget, task.models)?;
    let mut targets: Vec<TargetSetup> = Vec::new();
    let mut units = Vec::new();
    for (probe, answer) in answers.iter().enumerate() {
        let known = targets.iter().position(|t| t.id == answer.target);
        let target = known.unwrap_or_else(|| {
            targets.push(recorded_target(&answer.target, &task.source, None));
            targets.len() - 1
        });
        units.push(RecordedAnswer {
            target,
            probe,
            epoch: answer.epoch,
        });
    }
    let plan = Plan {
        header,
        suites: task.suites,
        targets: super::plan::records(&targets),
        drivers: vec![DriverIdentity::recorded()],
        instruments: task
            .judges
            .iter()
            .map(|setup| setup.judge.instrument().clone())
            .collect(),
        // One probe per answer, even if two answers are to the same probe.
        probes: answers.iter().map(|answer| answer.probe.clone()).collect(),
    };
    let total = answers.len() as u64;
    let recorded = answers
        .into_iter()
        .zip(0_i64..)
        .map(|(answer, seq)| RecordedUnit {
            seq,
            transcript: answer.transcript,
            verdicts: Vec::new(),
        });
    let planned = plan_recorded(&plan, units.into_iter());
    let journal = Journal::create_recorded(&project.runs_folder(), &plan, planned, recorded)?;
    reuse(project, &journal, &plan.header)?;
    let id = plan.header.id.clone();
    let session = Session {
        project,
        header: plan.header,
        journal,
        targets,
        judges: task.judges,
        drivers: Vec::new(),
        max_time: task.max_time,
        probes: total,
        units: total,
    };
    session.work(watch).map_err(|error| {
        error.hint(format!(
            "run the same command with `--reuse {id}` to continue where it stopped; nothing is paid for twice"
        ))
    })?;
    let mut rows = Vec::new();
    project.run(&id)?.for_each_sample(|row| rows.push(row))?;
    rows.sort_by_key(|row| row.position);
    Ok((id, rows))
}

/// A suite for probes that belong to none, without the probes themselves.
pub(crate) fn bare_suite(id: &str, title: &str, source: &str, probes: &[Probe]) -> Suite {
    let mut categories: Vec<nocere_core::Category> = Vec::new();
    for probe in probes {
        if categories
            .iter()
            .all(|category| category.id != probe.category)
        {
            categories.push(nocere_core::Category {
                id: probe.category.clone(),
                title: probe.category.clone(),
                must: Vec::new(),
                must_not: Vec::new(),
            });
        }
    }
    Suite {
        id: id.into(),
        version: "1".to_owned(),
        title: title.to_owned(),
        description: String::new(),
        licence: "as its source".to_owned(),
        source: source.to_owned(),
        hash: Suite::content_hash(&categories, probes),
        categories,
        probes: Vec::new(),
        provenance: None,
        half: None,
    }
}
