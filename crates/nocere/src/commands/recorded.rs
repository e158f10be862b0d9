//! Answers that exist already, judged in a run of their own: what calibration, comparison
//! and tests of judges share. Every call goes through the engine, so that it is limited,
//! billed, journaled and can be resumed.

use nocere_core::{Locality, ModelIdentity, Probe, Sampling, Suite, Transcript, clock, hash_json};
use nocere_engine::{JudgeSetup, TargetSetup, unit_key};
use nocere_store::{
    Budget, Journal, Plan, RecordedUnit, RunHeader, RunReader, SampleRow, TargetRecord, UnitRecord,
    UnitState,
};
use nocere_suites::PolicySet;

use crate::{
    cli::WorkingArgs,
    commands::execute::{check_prices, reuse, work},
    context::Context,
    failure::Failure,
    models::Models,
    output,
};

/// One answer to be judged.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) lane: String,
    pub(super) probe: Probe,
    pub(super) epoch: u32,
    pub(super) transcript: Transcript,
}

/// What is to be done with answers.
pub(super) struct Task<'a> {
    /// The run's id.
    pub(super) id: String,
    /// The command, for the run's header.
    pub(super) command: String,
    /// Where the answers come from.
    pub(super) source: String,
    /// Suites without their probes.
    pub(super) suites: Vec<Suite>,
    /// The judges as typed, so that a resumed run builds the same ones.
    pub(super) names: Vec<String>,
    pub(super) judges: Vec<JudgeSetup>,
    /// The policies that the judges were set up with.
    pub(super) policies: &'a PolicySet,
    /// The models that the judges were set up with.
    pub(super) models: &'a Models<'a>,
    pub(super) local_only: bool,
    /// What may be spent.
    pub(super) budget: Budget,
    /// Runs whose replies are taken over.
    pub(super) reuse: Vec<String>,
    pub(super) working: &'a WorkingArgs,
}

/// Judges `answers`; returns the run's id and its samples in the order of `answers`.
pub(super) fn judge(
    context: &Context,
    answers: Vec<Answer>,
    task: Task<'_>,
) -> Result<(String, Vec<SampleRow>), Failure> {
    let header = RunHeader {
        id: task.id,
        created: clock::now_utc(),
        nocere_version: env!("CARGO_PKG_VERSION").to_owned(),
        command: task.command,
        seed: 0,
        epochs: answers
            .iter()
            .map(|answer| answer.epoch + 1)
            .max()
            .unwrap_or(1),
        local_only: task.local_only,
        judges: task.names,
        policies: hash_json("policies", &task.policies.iter().collect::<Vec<_>>()),
        budget: task.budget,
        reuse: task.reuse,
        imported_from: Some(task.source.clone()),
        protocol: None,
        intended_users: Vec::new(),
        aside: true,
    };
    check_prices(&header.budget, task.models)?;
    let mut targets: Vec<TargetSetup> = Vec::new();
    for answer in &answers {
        if targets.iter().all(|target| target.id != answer.lane) {
            targets.push(recorded_target(&answer.lane, &task.source));
        }
    }
    let plan = Plan {
        header: header.clone(),
        suites: task.suites,
        targets: targets
            .iter()
            .map(|target| (target.id.clone(), target.record.clone()))
            .collect(),
        instruments: task
            .judges
            .iter()
            .map(|setup| setup.judge.instrument().clone())
            .collect(),
        // Each answer has a place of its own: two of them may stand under one id.
        probes: answers.iter().map(|answer| answer.probe.clone()).collect(),
    };
    let units: Vec<UnitRecord> = answers
        .iter()
        .zip(0_i64..)
        .map(|(answer, seq)| {
            let driver = nocere_drivers::for_probe(&answer.probe).id();
            let target = hash_json("target", &(&answer.lane, seq));
            UnitRecord {
                seq,
                key: unit_key(
                    &hash_json("probe", &answer.probe),
                    driver,
                    &target,
                    answer.epoch,
                ),
                lane: answer.lane.clone(),
                probe: seq,
                driver: driver.to_owned(),
                epoch: answer.epoch,
                state: UnitState::Answered,
            }
        })
        .collect();
    let recorded = answers
        .into_iter()
        .zip(0_i64..)
        .map(|(answer, seq)| RecordedUnit {
            seq,
            transcript: answer.transcript,
            verdicts: Vec::new(),
        });
    let journal = Journal::create_recorded(&context.runs(), &plan, units.into_iter(), recorded)?;
    reuse(context, &journal, &header)?;
    if !context.quiet {
        output::talk(&format!(
            "run {}: {} answers to judge",
            header.id,
            plan.probes.len()
        ));
    }
    let id = header.id.clone();
    work(context, &header, journal, (targets, task.judges), task.working).map_err(|failure| {
        failure.hint(format!(
            "the same command with `--reuse {id}` goes on where it stopped; nothing is paid for twice"
        ))
    })?;
    let reader = RunReader::find(&context.runs(), &id)?;
    let mut rows = Vec::new();
    reader.for_each_sample(|row| rows.push(row))?;
    rows.sort_by_key(|row| row.position);
    Ok((id, rows))
}

fn recorded_target(lane: &str, source: &str) -> TargetSetup {
    TargetSetup {
        id: lane.to_owned(),
        model: None,
        record: TargetRecord {
            identity: ModelIdentity {
                name: lane.to_owned(),
                provider: "recorded".to_owned(),
                model: lane.to_owned(),
                pin: source.to_owned(),
                settings: String::new(),
                locality: Locality::InProcess,
            },
            system_prompt: None,
            sampling: Sampling::default(),
        },
    }
}

/// A suite for answers that belong to none.
pub(super) fn bare_suite(id: &str, title: &str, source: &str, probes: &[Probe]) -> Suite {
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
        id: id.to_owned(),
        version: "1".to_owned(),
        title: title.to_owned(),
        description: String::new(),
        licence: "as its source".to_owned(),
        source: source.to_owned(),
        hash: Suite::content_hash(&categories, probes),
        categories,
        probes: Vec::new(),
    }
}

/// Every finished answer of a run.
pub(super) fn answers_of(reader: &RunReader) -> Result<Vec<SampleRow>, Failure> {
    let mut rows = Vec::new();
    reader.for_each_sample(|row| rows.push(row))?;
    if rows.is_empty() {
        return Err(Failure::usage("the run has no finished answers")
            .hint("finish it with `nocere resume`"));
    }
    Ok(rows)
}
