//! Calibration: measures a judge against people's labels.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use nocere_core::{
    Budget, CALIBRATION_FORMAT, Calibration, CalibrationRow, ContentHash, Instrument, Judge,
    Message, Perspective, Point, PointRule, Probe, Role, RunHeader, RunId, RunKind, Sample, Scale,
    Score, Transcript, Verdict, clock, majority, measure,
};
use nocere_import::{Drawn, LabelOptions, LabelledSample, Labels, read_labels};

use crate::{
    Project, ProjectError, RunLimits, Watch, calibrations, figures, judges,
    labelled_rates::{self, LabelledRate},
    policies,
    session::{
        policies_hash,
        recorded::{self, Answer, Task},
    },
    targets::Models,
};

/// A judge and the labels that it is measured against.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrateSpec {
    /// The judge, in the notation of `nocere run --judge`.
    pub judge: String,
    /// CSV or JSONL with a row for each label.
    pub labels: PathBuf,
    /// The run whose answers were labelled; `None` if the file holds the answers.
    pub run: Option<String>,
    /// Names of the file's columns by field. `label` may have several columns, joined by `+`.
    pub mapping: BTreeMap<String, String>,
    /// Labels of the judge's scale by the words that the file uses.
    pub values: BTreeMap<String, String>,
    /// Who asks, if the file does not say.
    pub perspective: Option<Perspective>,
    /// Ids of runs whose replies are reused.
    pub reuse: Vec<String>,
    /// Whether to replace a calibration on more answers.
    pub replace: bool,
    /// Whether to refuse judges that are not on this machine.
    pub local_only: bool,
    /// Budget for the judge's calls.
    pub limits: RunLimits,
}

/// The result of a calibration.
#[derive(Clone, Debug)]
pub struct Calibrated {
    /// Labels and verdicts, answer by answer.
    pub calibration: Calibration,
    /// Rates of the run, estimated from labels and verdicts together; empty without a run.
    pub rates: Vec<LabelledRate>,
    /// Whether it was stored, so that reports use it.
    pub stored: Stored,
}

/// Whether a calibration was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It was stored in this file.
    At(PathBuf),
    /// It was not stored, because its labels were drawn by the judge's verdict and say nothing of
    /// its sensitivity: only the run's rates follow from them.
    OnlyRates,
    /// It was not stored, because there is one of the same judge on more answers.
    KeptOther {
        /// Number of answers of the calibration that was kept.
        answers: usize,
        /// Where the labels of that calibration come from.
        source: String,
    },
}

impl Project {
    /// Measures a judge against labels and stores the result for reports. The judge is only asked
    /// about answers that it has not judged in the run.
    ///
    /// # Errors
    ///
    /// Labels or judge cannot be read, the judge was built from all these answers, or it could
    /// not score any of them.
    pub fn calibrate(
        &self,
        spec: &CalibrateSpec,
        watch: &Watch,
    ) -> Result<Calibrated, ProjectError> {
        let mut models = Models::new(self, spec.local_only);
        let policies = policies::all(self)?;
        let setup = judges::judge(&spec.judge, &mut models, &policies)?;
        let instrument = setup.judge.instrument().clone();
        let scale = scale(&instrument, &spec.judge)?;
        let mut labels = read_labels(&spec.labels, &options(spec, &scale)?)
            .map_err(|error| ProjectError::usage(error.to_string()))?;
        if instrument.measure == measure::CHECKS {
            check_names(self, &labels, &spec.labels)?;
        }
        for note in &labels.notes {
            watch.note(note);
        }
        let mut known = match &spec.run {
            Some(run) => from_run(self, run, &mut labels, &spec.labels)?,
            None => Known {
                answers: labels
                    .samples
                    .iter()
                    .map(|sample| answer(sample, &instrument.measure))
                    .collect(),
                verdicts: Vec::new(),
                runs: Vec::new(),
            },
        };
        known.leave_out_seen(&mut labels, setup.judge.as_ref(), watch)?;
        let verdicts = if let Some(verdicts) = known.verdicts(&instrument.hash) {
            verdicts
        } else {
            let reading = Reading {
                project: self,
                spec,
                models: &models,
                watch,
            };
            reading.judge(setup, known)?
        };
        let rows = rows(&labels, &verdicts, &instrument.scale);
        if rows.iter().all(|row| row.judge.is_none()) {
            return Err(ProjectError::infrastructure(
                "the judge could not score any of the labelled answers",
            )
            .hint("`nocere show RUN` shows why; nothing was stored"));
        }
        let calibration = Calibration {
            nocere_calibration: CALIBRATION_FORMAT,
            instrument,
            scale,
            source: format!("{}, {} answers", spec.labels.display(), rows.len()),
            note: String::new(),
            labels: labels.hash.clone(),
            created: clock::now_utc(),
            raters: labels.raters.clone(),
            rows,
        };
        let rates = match &spec.run {
            Some(run) => labelled_rates::rates(
                &calibration,
                &labels,
                &self.run(run)?,
                &figures::load(self)?,
            )?,
            None => Vec::new(),
        };
        Ok(Calibrated {
            stored: match labels.drawn {
                Drawn::ByVerdict => Stored::OnlyRates,
                Drawn::AtRandom | Drawn::ByDue => store(self, spec.replace, &calibration)?,
            },
            calibration,
            rates,
        })
    }
}

/// What the labelled answers are judged with, in a run of their own.
struct Reading<'a> {
    project: &'a Project,
    spec: &'a CalibrateSpec,
    models: &'a Models<'a>,
    watch: &'a Watch,
}

impl Reading<'_> {
    fn judge(
        &self,
        setup: nocere_engine::JudgeSetup,
        known: Known,
    ) -> Result<Vec<Option<Verdict>>, ProjectError> {
        let hash = setup.judge.instrument().hash.clone();
        let probes: Vec<Probe> = known.answers.iter().map(|a| a.probe.clone()).collect();
        let source = self.spec.labels.display().to_string();
        let command = format!("nocere calibrate {} --labels {source}", self.spec.judge);
        let policies = policies_hash(&policies::all(self.project)?);
        let task = Task {
            header: RunHeader {
                local_only: self.spec.local_only,
                judges: vec![self.spec.judge.clone()],
                budget: self.spec.limits.budget(Budget::default())?,
                reuse: self
                    .spec
                    .reuse
                    .iter()
                    .map(|id| id.as_str().into())
                    .chain(known.runs)
                    .collect(),
                assets: self.project.changed_assets(&[]),
                ..RunHeader::new(RunKind::Calibration, command, policies)
            },
            suites: vec![recorded::bare_suite(
                "labels",
                "Labelled answers",
                &source,
                &probes,
            )],
            source,
            judges: vec![setup],
            models: self.models,
            max_time: self.spec.limits.max_time,
        };
        let (_, rows) = recorded::judge(self.project, known.answers, task, self.watch)?;
        Ok(rows.iter().map(|row| row.verdict(&hash).cloned()).collect())
    }
}

/// The labels that the judge can give.
fn scale(instrument: &Instrument, name: &str) -> Result<Vec<String>, ProjectError> {
    let scale = &instrument.scale;
    match &scale.items {
        _ if !scale.labels.is_empty() => Ok(scale.labels.clone()),
        Some(items) => Ok(items.labels.clone()),
        None => Err(ProjectError::usage(format!(
            "judge `{name}` has no scale of labels"
        ))),
    }
}

/// Stores the calibration, unless there is one on more answers; `replace` stores it in any case.
fn store(
    project: &Project,
    replace: bool,
    calibration: &Calibration,
) -> Result<Stored, ProjectError> {
    let known = calibrations::of(project, &calibration.instrument.hash)?;
    let larger = known.filter(|known| known.rows.len() > calibration.rows.len());
    if let Some(known) = larger.filter(|_| !replace) {
        return Ok(Stored::KeptOther {
            answers: known.rows.len(),
            source: known.source,
        });
    }
    Ok(Stored::At(calibrations::save(project, calibration)?))
}

fn options(spec: &CalibrateSpec, scale: &[String]) -> Result<LabelOptions, ProjectError> {
    if let Some(other) = spec.values.values().find(|label| !scale.contains(label)) {
        return Err(ProjectError::usage(format!(
            "--value: `{other}` is not a label of the judge's scale"
        ))
        .hint(format!("the labels are {}", scale.join(", "))));
    }
    Ok(LabelOptions {
        mapping: spec.mapping.clone(),
        values: spec.values.clone(),
        scale: scale.to_vec(),
        perspective: spec.perspective,
        of_a_run: spec.run.is_some(),
    })
}

/// Checks that labels for a judge of several checks name a known one.
fn check_names(project: &Project, labels: &Labels, file: &Path) -> Result<(), ProjectError> {
    let checks = judges::checks(project)?;
    for sample in &labels.samples {
        let place = sample
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        let file = file.display();
        let Some(check) = &sample.check else {
            return Err(
                ProjectError::usage(format!("{file}{place}: the field `check` is empty"))
                    .hint("labels for the checks judge need a column `check` that names the check"),
            );
        };
        if checks.checks().iter().all(|known| known.id != *check) {
            let known: Vec<&str> = checks.checks().iter().map(|c| c.id.as_str()).collect();
            return Err(
                ProjectError::usage(format!("{file}{place}: there is no check `{check}`"))
                    .hint(format!("the checks are {}", known.join(", "))),
            );
        }
    }
    Ok(())
}

/// Labelled answers, and verdicts on them that are already recorded.
struct Known {
    answers: Vec<Answer>,
    verdicts: Vec<Vec<nocere_core::JudgeVerdict>>,
    /// Ids of runs whose replies can be reused.
    runs: Vec<RunId>,
}

impl Known {
    /// Removes answers that the judge was built from, and says how many.
    fn leave_out_seen(
        &mut self,
        labels: &mut Labels,
        judge: &dyn Judge,
        watch: &Watch,
    ) -> Result<(), ProjectError> {
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
        let seen = seen.iter().filter(|seen| **seen).count();
        if seen > 0 && self.answers.is_empty() {
            return Err(ProjectError::usage(format!(
                "the judge was built from all {seen} of these answers, so they cannot show how good it is"
            ))
            .hint("use other answers; `nocere judges show` shows how good it is on answers that it has not seen"));
        }
        if seen > 0 {
            watch.note(&format!(
                "{seen} answers are left out, because the judge was built from them"
            ));
        }
        Ok(())
    }

    /// The recorded verdicts of the judge with this hash; `None` unless there is one on each answer.
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

/// The run's answers that were labelled, read probe by probe. A label without an answer is an
/// error.
fn from_run(
    project: &Project,
    run: &str,
    labels: &mut Labels,
    file: &Path,
) -> Result<Known, ProjectError> {
    let reader = project.run(run)?;
    let id = reader.header()?.id;
    let mut known = Known {
        answers: Vec::new(),
        verdicts: Vec::new(),
        runs: vec![id.clone()],
    };
    // Labels of one probe usually follow each other, so the last probe's answers are kept.
    let mut read: (String, Vec<Sample>) = Default::default();
    for sample in &mut labels.samples {
        if read.0 != sample.id {
            read = (sample.id.clone(), reader.samples_of_probe(&sample.id)?);
        }
        let fits = |row: &&Sample| {
            let target = sample.target.as_ref();
            let suite = sample.suite.as_ref();
            row.epoch == sample.epoch
                && target.is_none_or(|target| *target == row.target)
                && suite.is_none_or(|suite| *suite == row.probe.suite)
        };
        let place = sample
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        let fault =
            |what: String| ProjectError::usage(format!("{}{place}: {what}", file.display()));
        let mut found = read.1.iter().filter(fits);
        let Some(row) = found.next() else {
            let target = sample.target.as_ref();
            return Err(fault(format!(
                "run {id} has no finished answer to probe `{}` (epoch {}{})",
                sample.id,
                sample.epoch,
                target.map_or_else(String::new, |target| format!(", target `{target}`"))
            )));
        };
        if found
            .clone()
            .any(|other| other.probe.suite != row.probe.suite)
        {
            return Err(fault(format!(
                "several suites of run {id} have a probe `{}`",
                sample.id
            ))
            .hint("add a column `suite` that says whose answer was labelled"));
        }
        if found.any(|other| other.target != row.target) {
            return Err(fault(format!(
                "several targets of run {id} answered probe `{}`",
                sample.id
            ))
            .hint("add a column `target` that says whose answer was labelled"));
        }
        known.answers.push(Answer::of(row.clone()));
        known.verdicts.push(row.verdicts.clone());
        // The run knows perspective, what was due, category and language.
        sample.perspective = Some(row.probe.perspective);
        sample.expect = Some(row.probe.expect);
        sample.category.clone_from(&row.probe.category);
        sample.language.clone_from(&row.probe.language);
    }
    Ok(known)
}

/// A labelled answer that is given in the file of labels itself.
fn answer(sample: &LabelledSample, measure: &str) -> Answer {
    let criterion = sample
        .check
        .as_ref()
        .filter(|_| measure == measure::CRITERIA)
        .map(|what| Point {
            worth: 1,
            ..Point::of(PointRule::Say(what.clone()))
        });
    let mut messages = sample.opening.clone();
    if messages.is_empty() {
        messages.push(Message::new(Role::User, sample.prompt.clone()));
    }
    let mut transcript = Transcript::default();
    for message in &messages {
        transcript.push(message.clone());
    }
    transcript.push_reply(nocere_core::ChatReply::of_text(
        sample.answer.clone().unwrap_or_default(),
    ));
    Answer {
        target: "labelled".into(),
        epoch: 0,
        probe: Probe {
            perspective: sample.perspective.unwrap_or(Perspective::General),
            category: if sample.category.is_empty() {
                "unlabelled".to_owned()
            } else {
                sample.category.clone()
            },
            language: sample.language.clone(),
            messages,
            // A judge of criteria grades the one that was labelled.
            points: criterion.into_iter().collect(),
            ..Probe::asking("labels", sample.id.clone(), sample.prompt.clone())
        },
        transcript,
    }
}

fn rows(labels: &Labels, verdicts: &[Option<Verdict>], scale: &Scale) -> Vec<CalibrationRow> {
    let mut clusters: BTreeMap<&str, u64> = BTreeMap::new();
    let of_items = scale.items.as_ref();
    labels
        .samples
        .iter()
        .zip(verdicts)
        .map(|(sample, verdict)| {
            let next = clusters.len() as u64;
            let cluster = *clusters.entry(sample.cluster.as_str()).or_insert(next);
            let score = verdict.as_ref().and_then(Verdict::score);
            let judge = score.and_then(|score| match (score, &sample.check) {
                (Score::Items { items }, Some(check)) => {
                    let item = items.iter().find(|item| item.id == *check)?;
                    let labels = &of_items?.labels;
                    labels.iter().position(|label| *label == item.label)
                }
                (score, _) => scale.place(score),
            });
            CalibrationRow {
                cluster,
                perspective: sample.perspective,
                expect: sample.expect,
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
                probability: score.and_then(Score::top),
            }
        })
        .collect()
}
