//! `nocere calibrate`: a judge against people's labels.

use std::collections::BTreeMap;

use nocere_core::{
    CALIBRATION_FORMAT, Calibration, CalibrationRow, ContentHash, InstrumentKind, Judge, Message,
    Perspective, Probe, Role, Score, Transcript, Verdict, clock, majority, scale_of,
};
use nocere_import::{LabelOptions, LabelledSample, Labels, read_labels};
use nocere_report::{CalibrationReport, wrap};
use nocere_store::{Budget, RunReader, SampleRow};
use nocere_suites::PolicySet;
use serde::Serialize;

use crate::{
    calibrations,
    cli::CalibrateArgs,
    commands::{
        calibration_text::calibration_text,
        execute::{budget, new_run_id},
        powered,
        recorded::{self, Answer, Task},
    },
    context::Context,
    failure::{DONE, Failure},
    judges,
    models::Models,
    output,
};

pub(super) fn calibrate(context: &Context, args: &CalibrateArgs) -> Result<u8, Failure> {
    let mut models = Models::new(context, args.local_only);
    let policies = PolicySet::embedded()?;
    let setup = judges::judge(&args.judge, &mut models, &policies)?;
    let instrument = setup.judge.instrument().clone();
    let checks = instrument.kind == InstrumentKind::Checks;
    let scale: Vec<String> = match scale_of(instrument.kind) {
        Some(scale) => scale.iter().map(ToString::to_string).collect(),
        None if checks => vec!["absent".to_owned(), "present".to_owned()],
        None => {
            return Err(Failure::usage(format!(
                "judge `{}` has no scale of labels",
                args.judge
            )));
        }
    };
    let mut labels = read_labels(&args.labels, &options(args, &scale)?)
        .map_err(|error| Failure::usage(error.to_string()))?;
    if checks {
        check_names(&labels, args)?;
    }
    if !context.quiet {
        for note in &labels.notes {
            output::talk(&format!("note: {note}"));
        }
    }
    let mut known = match &args.run {
        Some(run) => from_run(context, run, &mut labels, args)?,
        None => Known {
            answers: labels.samples.iter().map(answer).collect(),
            verdicts: Vec::new(),
            runs: Vec::new(),
        },
    };
    let seen = known.leave_out_seen(&mut labels, setup.judge.as_ref());
    if seen > 0 && known.answers.is_empty() {
        return Err(Failure::usage(format!(
            "the judge was made from all {seen} of these answers: they say nothing of how good it is"
        ))
        .hint("take other answers; `nocere judges show` shows how it does on what it has not seen"));
    }
    if seen > 0 {
        output::talk(&format!(
            "note: {seen} answers are left out, because the judge was made from them"
        ));
    }
    let recorded = known.verdicts(&instrument.hash);
    let verdicts: Vec<Option<Verdict>> = if let Some(verdicts) = recorded {
        verdicts
    } else {
        let probes: Vec<Probe> = known.answers.iter().map(|a| a.probe.clone()).collect();
        let source = args.labels.display().to_string();
        let task = Task {
            id: new_run_id(),
            command: format!("nocere calibrate {} --labels {source}", args.judge),
            suites: vec![recorded::bare_suite(
                "labels",
                "Labelled answers",
                &source,
                &probes,
            )],
            source,
            names: vec![args.judge.clone()],
            judges: vec![setup],
            policies: &policies,
            budget: budget(&args.working, Budget::default())?,
            models: &models,
            local_only: args.local_only,
            reuse: args.reuse.iter().chain(&known.runs).cloned().collect(),
            working: &args.working,
        };
        let (_, rows) = recorded::judge(context, known.answers, task)?;
        rows.iter()
            .map(|row| verdict_of(row, &instrument.hash).cloned())
            .collect()
    };
    let rows = rows(&labels, &verdicts);
    if rows.iter().all(|row| row.judge.is_none()) {
        return Err(
            Failure::infrastructure("the judge could score none of the labelled answers")
                .hint("`nocere show RUN` says why; nothing was stored"),
        );
    }
    let calibration = Calibration {
        nocere_calibration: CALIBRATION_FORMAT,
        instrument,
        scale,
        source: format!("{}, {} answers", args.labels.display(), rows.len()),
        note: String::new(),
        labels: labels.hash.clone(),
        created: clock::now_utc(),
        raters: labels.raters.clone(),
        rows,
    };
    store(context, args, &calibration)?;
    print(context, args, &calibration, &labels)
}

/// Stores the calibration, unless one of more labels is known: that one stays until the user
/// says otherwise.
fn store(
    context: &Context,
    args: &CalibrateArgs,
    calibration: &Calibration,
) -> Result<(), Failure> {
    let known = calibrations::of(context, &calibration.instrument.hash)?;
    let larger = known.filter(|known| known.rows.len() > calibration.rows.len());
    if let Some(known) = larger.filter(|_| !args.replace) {
        output::talk(&format!(
            "not stored: a calibration on {} answers is known ({}); `--replace` puts this one of {} in its place",
            known.rows.len(),
            known.source,
            calibration.rows.len()
        ));
        return Ok(());
    }
    let path = calibrations::save(context, calibration)?;
    if !context.quiet {
        output::talk(&format!(
            "stored as {}; reports of this project now show it (delete the file to undo)",
            path.display()
        ));
    }
    Ok(())
}

/// Prints the calibration and, for labels of a run, what they make of its rates.
fn print(
    context: &Context,
    args: &CalibrateArgs,
    calibration: &Calibration,
    labels: &Labels,
) -> Result<u8, Failure> {
    let report = CalibrationReport::of(calibration);
    let rates = match &args.run {
        Some(run) => {
            let rows = recorded::answers_of(&RunReader::find(&context.runs(), run)?)?;
            powered::rates(calibration, labels, &rows, &calibration.instrument.hash)
        }
        None => Vec::new(),
    };
    if context.json {
        output::json(&Printed { report, rates })?;
        return Ok(DONE);
    }
    let mut text = calibration_text(&report, output::width());
    if !rates.is_empty() {
        text.push_str("\nThe run's rates by prediction-powered inference, if the labelled answers are a random part of it:\n");
        for rate in &rates {
            text.push_str(&wrap(&rate.text(), output::width(), ""));
            text.push('\n');
        }
    }
    output::data(&text)?;
    Ok(DONE)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Printed {
    #[serde(flatten)]
    report: CalibrationReport,
    /// The run's rates from labels and verdicts together; empty without `--run`.
    rates: Vec<powered::Powered>,
}

fn options(args: &CalibrateArgs, scale: &[String]) -> Result<LabelOptions, Failure> {
    let pairs = |flag: &str, list: &[String]| -> Result<BTreeMap<String, String>, Failure> {
        list.iter()
            .map(|pair| {
                pair.split_once('=')
                    .map(|(a, b)| (a.to_owned(), b.to_owned()))
                    .ok_or_else(|| Failure::usage(format!("{flag} `{pair}` has no `=`")))
            })
            .collect()
    };
    let values = pairs("--value", &args.value)?;
    if let Some(other) = values.values().find(|label| !scale.contains(label)) {
        return Err(Failure::usage(format!(
            "--value: `{other}` is no label of the judge's scale"
        ))
        .hint(format!("the labels are {}", scale.join(", "))));
    }
    Ok(LabelOptions {
        mapping: pairs("--map", &args.map)?,
        values,
        scale: scale.to_vec(),
        perspective: args.perspective,
        of_a_run: args.run.is_some(),
    })
}

/// Labels of a judge of several checks must say of which.
fn check_names(labels: &Labels, args: &CalibrateArgs) -> Result<(), Failure> {
    let checks = nocere_judges::ChecksJudge::embedded()?;
    for sample in &labels.samples {
        let place = sample
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        let file = args.labels.display();
        let Some(check) = &sample.check else {
            return Err(
                Failure::usage(format!("{file}{place}: the field `check` is empty"))
                    .hint("labels of the checks judge say in a column `check` which one they mean"),
            );
        };
        if checks.checks().iter().all(|known| known.id != *check) {
            let known: Vec<&str> = checks.checks().iter().map(|c| c.id.as_str()).collect();
            return Err(
                Failure::usage(format!("{file}{place}: there is no check `{check}`"))
                    .hint(format!("the checks are {}", known.join(", "))),
            );
        }
    }
    Ok(())
}

/// Labelled answers, and the verdicts on them that are recorded already.
struct Known {
    answers: Vec<Answer>,
    verdicts: Vec<Vec<nocere_store::VerdictRow>>,
    /// Runs whose calls can be taken over.
    runs: Vec<String>,
}

impl Known {
    /// Takes out answers that the judge was made from; says how many.
    fn leave_out_seen(&mut self, labels: &mut Labels, judge: &dyn Judge) -> usize {
        let seen: Vec<bool> = self
            .answers
            .iter()
            .map(|answer| judge.has_seen(&answer.transcript))
            .collect();
        let keep = |list_len: usize| seen.iter().take(list_len).map(|seen| !seen);
        let mut kept = keep(labels.samples.len());
        labels.samples.retain(|_| kept.next().unwrap_or(true));
        let mut kept = keep(self.verdicts.len());
        self.verdicts.retain(|_| kept.next().unwrap_or(true));
        let mut kept = keep(self.answers.len());
        self.answers.retain(|_| kept.next().unwrap_or(true));
        seen.iter().filter(|seen| **seen).count()
    }

    /// The verdicts of the judge with `hash`, if all are there.
    fn verdicts(&self, hash: &ContentHash) -> Option<Vec<Option<Verdict>>> {
        if self.verdicts.is_empty() {
            return None;
        }
        self.verdicts
            .iter()
            .map(|rows| {
                let found = rows.iter().find(|row| row.instrument == *hash)?;
                Some(Some(found.verdict.clone()))
            })
            .collect()
    }
}

fn verdict_of<'a>(row: &'a SampleRow, hash: &ContentHash) -> Option<&'a Verdict> {
    row.verdicts
        .iter()
        .find(|verdict| verdict.instrument == *hash)
        .map(|verdict| &verdict.verdict)
}

/// The run's answers that the labels speak of; a label of an answer that is not there is an
/// error.
fn from_run(
    context: &Context,
    run: &str,
    labels: &mut Labels,
    args: &CalibrateArgs,
) -> Result<Known, Failure> {
    let reader = RunReader::find(&context.runs(), run)?;
    let id = reader.header()?.id;
    let rows = recorded::answers_of(&reader)?;
    let mut answers = Vec::new();
    let mut verdicts = Vec::new();
    let mut about = Vec::new();
    for sample in &labels.samples {
        let fits = |row: &&SampleRow| {
            row.probe.id == sample.id
                && row.epoch == sample.epoch
                && sample.target.as_ref().is_none_or(|lane| *lane == row.lane)
        };
        let fault = |what: String| {
            let place = sample
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            Failure::usage(format!("{}{place}: {what}", args.labels.display()))
        };
        let mut found = rows.iter().filter(fits);
        let Some(row) = found.next() else {
            return Err(fault(format!(
                "run {id} has no finished answer to probe `{}` (epoch {}{})",
                sample.id,
                sample.epoch,
                sample
                    .target
                    .as_ref()
                    .map_or_else(String::new, |lane| format!(", target `{lane}`"))
            )));
        };
        if found.any(|other| other.lane != row.lane) {
            return Err(fault(format!(
                "several targets of run {id} answered probe `{}`",
                sample.id
            ))
            .hint("say in a column `target` whose answer was labelled"));
        }
        about.push((
            row.probe.perspective,
            row.probe.category.clone(),
            row.probe.language.clone(),
        ));
        answers.push(Answer {
            lane: row.lane.clone(),
            probe: row.probe.clone(),
            epoch: row.epoch,
            transcript: row.transcript.clone(),
        });
        verdicts.push(row.verdicts.clone());
    }
    // The run knows who asked, about what, in which language.
    for (sample, (perspective, category, language)) in labels.samples.iter_mut().zip(about) {
        sample.perspective = Some(perspective);
        sample.category = category;
        sample.language = language;
    }
    Ok(Known {
        answers,
        verdicts,
        runs: vec![id],
    })
}

/// A labelled answer that stands in the labels' file itself.
fn answer(sample: &LabelledSample) -> Answer {
    let question = Message::new(Role::User, sample.prompt.clone());
    let mut transcript = Transcript::default();
    transcript.push(question);
    transcript.push_reply(nocere_core::ChatReply::of_text(
        sample.answer.clone().unwrap_or_default(),
    ));
    Answer {
        lane: "labelled".to_owned(),
        epoch: 0,
        probe: Probe {
            perspective: sample.perspective.unwrap_or(Perspective::General),
            category: if sample.category.is_empty() {
                "unlabelled".to_owned()
            } else {
                sample.category.clone()
            },
            language: sample.language.clone(),
            ..Probe::asking("labels", sample.id.clone(), sample.prompt.clone())
        },
        transcript,
    }
}

fn rows(labels: &Labels, verdicts: &[Option<Verdict>]) -> Vec<CalibrationRow> {
    let mut clusters: BTreeMap<&str, u64> = BTreeMap::new();
    labels
        .samples
        .iter()
        .zip(verdicts)
        .map(|(sample, verdict)| {
            let next = clusters.len() as u64;
            let cluster = *clusters.entry(sample.cluster.as_str()).or_insert(next);
            let score = verdict.as_ref().and_then(Verdict::score);
            let judge = score.and_then(|score| match (score, &sample.check) {
                (Score::Checks { findings }, Some(check)) => findings
                    .iter()
                    .find(|finding| finding.check == *check)
                    .map(|finding| usize::from(finding.present)),
                (score, _) => score.place(),
            });
            CalibrationRow {
                cluster,
                perspective: sample.perspective,
                category: sample.category.clone(),
                language: sample.language.clone(),
                check: sample.check.clone(),
                human: majority(&sample.ratings),
                ratings: sample.ratings.clone(),
                judge,
                unscored: match verdict {
                    Some(Verdict::Unscored { reason, .. }) => Some(*reason),
                    _ => None,
                },
                probability: match score {
                    Some(Score::Compliance { refusal, .. }) => *refusal,
                    _ => None,
                },
            }
        })
        .collect()
}
