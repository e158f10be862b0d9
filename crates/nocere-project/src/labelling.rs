//! Blind sheets: answers of a run for people to label, and the labels' way back into the journal.
//!
//! A sheet says neither which model answered nor what a judge found nor what was due. Its rows are
//! known by codes, so that they may be sorted, split among raters and edited in a spreadsheet.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use nocere_core::{
    Expect, HumanLabel, Instrument, Perspective, Sample, clock, hash_json, text::shorten,
};
use nocere_import::Drawn;
use nocere_store::{Journal, RunReader};
use nocere_suites::read_text;
use serde::Serialize;

use crate::{
    LabelSheet, Project, ProjectError, SheetSpec, calibrations, filled_sheet::FilledSheet, judges,
    policies, targets::Models,
};

/// Labels of one kind of answer that a judge's standing needs.
const NEEDED: u64 = 20;
/// The version of what raters are told: the sheet's columns and the scale's labels.
const GUIDELINE: &str = "blind-sheet 1";

/// How answers are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelPlan {
    /// At random among all answers.
    Random,
    /// Equally many of each target, asker and due.
    #[default]
    Stratified,
    /// As stratified, but first where fewest labels are known.
    Active,
}

/// A row of a blind sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindRow {
    /// What the row is known by; it tells nothing.
    pub code: String,
    /// Who asked.
    pub perspective: Perspective,
    /// Id of the category.
    pub category: String,
    /// Language of the probe.
    pub language: String,
    /// For judges of several checks, the check that the label is about.
    pub check: String,
    /// What was asked. Foreign text.
    pub asked: String,
    /// The answer. Hostile text.
    pub answered: String,
}

/// How far the labels of one kind of answer are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelNeed {
    /// Who asked.
    pub perspective: Perspective,
    /// What was due.
    pub expect: Expect,
    /// Labelled answers that the judge's calibration has.
    pub labels: u64,
    /// Labelled answers of this run that wait for `nocere calibrate`.
    pub waiting: u64,
    /// Labels that are missing until the judge's standing changes.
    pub missing: u64,
    /// Answers of this run without a label.
    pub unlabelled: u64,
}

/// What reading a sheet did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LabelsRead {
    /// Labels that are new, or change an earlier one.
    pub added: u64,
    /// Labels that were known.
    pub known: u64,
    /// Rows without a label.
    pub empty: u64,
    /// Raters, by name.
    pub raters: BTreeSet<String>,
    /// The file for `nocere calibrate --labels`.
    pub labels: PathBuf,
}

/// A judge's labels on a run.
struct Labelling {
    instrument: Instrument,
    /// What the labels are kept under: see [`form_of`]; a check's id stands behind it.
    form: String,
    labels: Vec<String>,
    of_items: bool,
}

impl Labelling {
    fn of(project: &Project, judge: &str) -> Result<Self, ProjectError> {
        let mut models = Models::new(project, false);
        let policies = policies::all(project)?;
        let setup = judges::judge(judge, &mut models, &policies)?;
        let instrument = setup.judge.instrument().clone();
        let of_items = instrument.scale.labels.is_empty();
        let labels = match &instrument.scale.items {
            Some(items) if of_items => items.labels.clone(),
            _ => instrument.scale.labels.clone(),
        };
        Ok(Self {
            form: form_of(&instrument),
            instrument,
            labels,
            of_items,
        })
    }

    fn form(&self, check: &str) -> String {
        if check.is_empty() {
            self.form.clone()
        } else {
            format!("{}/{check}", self.form)
        }
    }

    /// The checks of a sample, or one empty name.
    fn checks(&self, sample: &Sample) -> Vec<String> {
        if !self.of_items {
            return vec![String::new()];
        }
        sample.probe.checks().cloned().collect()
    }
}

/// What labels are kept under: judges without a model share the labels of what they measure; those
/// that ask a model rate by a rubric, and labels by one rubric say nothing of another.
fn form_of(instrument: &Instrument) -> String {
    let name = match instrument.id.split_once('@') {
        Some((rubric, _)) => rubric,
        None => &instrument.measure,
    };
    // It is part of a file's name.
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '-'
        }
    };
    name.chars().map(plain).collect()
}

/// The code of a row, the same for the same answer and check.
pub(crate) fn code(run: &str, seq: i64, form: &str) -> String {
    let hash = hash_json("blind row", &(run, seq, form));
    // A spreadsheet would take digits, or digits around an `e`, for a number.
    format!("r{}", &hash.as_str()[..10])
}

impl Project {
    /// Chooses answers of a run for people to label, without saying who answered, what was due or
    /// what a judge found.
    ///
    /// # Errors
    ///
    /// As for [`Project::label_sheet`].
    pub fn blind_sheet(
        &self,
        judge: &str,
        run: &str,
        number: usize,
        plan: LabelPlan,
        seed: u64,
    ) -> Result<(LabelSheet, Vec<BlindRow>), ProjectError> {
        let labelling = Labelling::of(self, judge)?;
        let reader = self.run(run)?;
        let id = reader.header()?.id;
        let known = match plan {
            LabelPlan::Active => self
                .label_needs(judge, run)?
                .into_iter()
                .map(|need| {
                    (
                        (need.perspective, need.expect),
                        need.labels.max(need.waiting),
                    )
                })
                .collect(),
            LabelPlan::Random | LabelPlan::Stratified => BTreeMap::new(),
        };
        let labelled: BTreeSet<i64> = reader
            .labels()?
            .into_iter()
            .filter(|label| label.form.split('/').next() == Some(&labelling.form))
            .map(|label| label.unit)
            .collect();
        let sheet = self.choose_to_label(
            &SheetSpec {
                judge: judge.to_owned(),
                run: id.to_string(),
                number,
                drawn: match plan {
                    LabelPlan::Random => Drawn::AtRandom,
                    LabelPlan::Stratified | LabelPlan::Active => Drawn::ByDue,
                },
                seed,
            },
            &known,
            &labelled,
        )?;
        let rows = sheet.rows.iter().map(|row| {
            let (sample, probe) = (&row.sample, &row.sample.probe);
            let check = row.check.clone().unwrap_or_default();
            let answer = sample.transcript.last_answer();
            BlindRow {
                code: code(&id, sample.seq, &labelling.form(&check)),
                perspective: probe.perspective,
                category: probe.category.clone(),
                language: probe.language.clone(),
                asked: probe.asked(&sample.transcript),
                answered: answer.map_or_else(String::new, |(text, _)| text.to_owned()),
                check,
            }
        });
        let mut rows: Vec<BlindRow> = rows.collect();
        // The order of the draw would tell which answers belong together.
        rows.sort_by(|a, b| a.code.cmp(&b.code));
        Ok((sheet, rows))
    }

    /// How far the labels for a judge are, the kinds of answers first that need most.
    ///
    /// # Errors
    ///
    /// Run, judge or calibration cannot be read.
    pub fn label_needs(&self, judge: &str, run: &str) -> Result<Vec<LabelNeed>, ProjectError> {
        let labelling = Labelling::of(self, judge)?;
        let reader = self.run(run)?;
        let calibration = calibrations::of(self, &labelling.instrument.hash)?;
        let labelled = newest(&reader, &labelling.form)?;
        let mut needs: BTreeMap<(Perspective, Expect), LabelNeed> = BTreeMap::new();
        for sample in reader.finished() {
            let sample = sample?;
            let probe = &sample.probe;
            if labelling.checks(&sample).is_empty() {
                continue;
            }
            let need = needs
                .entry((probe.perspective, probe.expect))
                .or_insert_with(|| LabelNeed {
                    perspective: probe.perspective,
                    expect: probe.expect,
                    labels: 0,
                    waiting: 0,
                    missing: 0,
                    unlabelled: 0,
                });
            let has = labelled.keys().any(|(unit, ..)| *unit == sample.seq);
            need.waiting += u64::from(has);
            need.unlabelled += u64::from(!has);
        }
        for row in calibration.iter().flat_map(|of| &of.rows) {
            if let (Some(perspective), Some(expect), Some(_)) =
                (row.perspective, row.expect, row.pair())
                && let Some(need) = needs.get_mut(&(perspective, expect))
            {
                need.labels += 1;
            }
        }
        let mut needs: Vec<LabelNeed> = needs.into_values().collect();
        for need in &mut needs {
            // A calibration from this run's labels takes the place of a smaller one.
            need.missing = NEEDED.saturating_sub(need.labels.max(need.waiting));
        }
        needs.sort_by_key(|need| std::cmp::Reverse((need.missing, need.unlabelled)));
        Ok(needs)
    }

    /// Reads a filled-in sheet into the run's journal and writes all labels of the run for
    /// `nocere calibrate`. Labels are only ever added: a rater's newer one counts.
    ///
    /// # Errors
    ///
    /// The sheet cannot be read, a code is not one of the run's, a label is not on the scale, or a
    /// label has no rater; nothing is kept then. Or a process is working on the run.
    pub fn read_labels(
        &self,
        judge: &str,
        run: &str,
        file: &Path,
        rater: Option<&str>,
    ) -> Result<LabelsRead, ProjectError> {
        let labelling = Labelling::of(self, judge)?;
        let reader = self.run(run)?;
        let id = reader.header()?.id;
        let mut codes: BTreeMap<String, (i64, String)> = BTreeMap::new();
        for sample in reader.finished() {
            let sample = sample?;
            for check in labelling.checks(&sample) {
                let form = labelling.form(&check);
                codes.insert(code(&id, sample.seq, &form), (sample.seq, form));
            }
        }
        let known = newest(&reader, &labelling.form)?;
        drop(reader);
        let (labels, mut read) = sheet_labels(file, &labelling, &codes, &known, rater)?;
        if !labels.is_empty() {
            Journal::open(&self.runs_folder(), &id)?.add_labels(&labels)?;
        }
        read.added = labels.len() as u64;
        read.labels = self.write_labels(&labelling, &id)?;
        Ok(read)
    }

    /// The labels of a run and judge that `nocere label` has kept, as a file for
    /// `nocere calibrate`.
    ///
    /// # Errors
    ///
    /// Run or judge cannot be read, or there are no such labels.
    pub fn kept_labels(&self, judge: &str, run: &str) -> Result<PathBuf, ProjectError> {
        let labelling = Labelling::of(self, judge)?;
        let id = self.run(run)?.header()?.id;
        let path = self.labels_path(&id, &labelling.form);
        if path.is_file() {
            return Ok(path);
        }
        Err(ProjectError::usage(format!(
            "run {id} has no labels for judge `{judge}`"
        ))
        .hint(format!(
            "draw a sheet with `nocere label {id} --judge {judge} -o FILE`, read it back with --in, or name a file with --labels"
        )))
    }

    fn labels_path(&self, run: &str, form: &str) -> PathBuf {
        let folder = self.root().join(".nocere").join("labels");
        folder.join(format!("{run}.{form}.jsonl"))
    }

    /// Writes all labels of a run and judge, the newest of each rater.
    fn write_labels(&self, labelling: &Labelling, run: &str) -> Result<PathBuf, ProjectError> {
        let reader = self.run(run)?;
        let labels = newest(&reader, &labelling.form)?;
        // A unit's labels stand beside each other.
        let of_unit = |unit: i64| {
            let first = (unit, String::new(), String::new());
            labels
                .range(first..)
                .take_while(move |((of, ..), _)| *of == unit)
        };
        let mut text = String::new();
        for sample in reader.finished() {
            let sample = sample?;
            let probe = &sample.probe;
            for ((_, rater, form), value) in of_unit(sample.seq) {
                let mut row = serde_json::json!({
                    "id": probe.id,
                    "suite": probe.suite,
                    "target": sample.target,
                    "epoch": sample.epoch,
                    "perspective": probe.perspective,
                    "expect": probe.expect,
                    "category": probe.category,
                    "language": probe.language,
                    "rater": rater,
                    "label": value,
                    // Right for answers that were drawn at random, too.
                    "drawn": Drawn::ByDue.as_str(),
                });
                if let Some((_, check)) = form.split_once('/') {
                    row["check"] = serde_json::json!(check);
                }
                text.push_str(&row.to_string());
                text.push('\n');
            }
        }
        let path = self.labels_path(run, &labelling.form);
        crate::write_whole(&path, &text)?;
        Ok(path)
    }
}

/// By unit, rater and form: the newest label.
pub(crate) type Newest = BTreeMap<(i64, String, String), String>;

pub(crate) fn newest(reader: &RunReader, form: &str) -> Result<Newest, ProjectError> {
    let mut newest = Newest::new();
    // In the order in which they were given.
    for label in reader.labels()? {
        if label.form.split('/').next() == Some(form) {
            newest.insert((label.unit, label.rater, label.form), label.value);
        }
    }
    Ok(newest)
}

/// A rater's name as earlier labels spell it: `Ann` and `ann` are one person.
pub(crate) fn as_known(name: String, known: &Newest) -> String {
    let mut raters = known.keys().map(|(_, rater, _)| rater);
    let same = |rater: &&String| rater.to_lowercase() == name.to_lowercase();
    raters.find(same).cloned().unwrap_or(name)
}

/// The new labels of a sheet.
fn sheet_labels(
    file: &Path,
    labelling: &Labelling,
    codes: &BTreeMap<String, (i64, String)>,
    known: &Newest,
    rater: Option<&str>,
) -> Result<(Vec<HumanLabel>, LabelsRead), ProjectError> {
    let text = read_text(file)?.replace("\r\n", "\n");
    let wanted = ["code", "label", "rater", "note"];
    let mut sheet = FilledSheet::open(file, &text, &wanted)?;
    if !sheet.has("code") || !sheet.has("label") {
        return Err(ProjectError::usage(format!(
            "{}: a sheet has the columns `code` and `label`",
            file.display()
        ))
        .hint("read the sheet that `nocere label` wrote; other files go to `nocere calibrate --labels`"));
    }
    let at = clock::now_utc();
    let mut read = LabelsRead::default();
    let mut labels = Vec::new();
    let mut given: BTreeMap<(i64, String, String), String> = BTreeMap::new();
    while let Some(row) = sheet.next_filled(&["label"], &mut read.empty) {
        let row = row?;
        let (key, value) = (row.cell("code"), row.cell("label"));
        let Some((unit, form)) = codes.get(key) else {
            return Err(row
                .fault(format!(
                    "code `{}` matches no answer of this run and judge",
                    shorten(key, 40)
                ))
                .into());
        };
        let label = labelling
            .labels
            .iter()
            .find(|label| label.eq_ignore_ascii_case(value));
        let Some(label) = label else {
            return Err(row
                .fault(format!(
                    "`{}` is not a label of the scale; the labels are {}",
                    shorten(value, 40),
                    labelling.labels.join(", ")
                ))
                .into());
        };
        let name = as_known(row.rater(rater)?, known);
        let place = (*unit, name.clone(), form.clone());
        if let Some(other) = given.get(&place).filter(|other| *other != label) {
            return Err(row
                .fault(format!(
                    "rater `{}` gives one answer two labels: {other} and {label}",
                    shorten(&name, 40)
                ))
                .into());
        }
        let is_again = given.insert(place.clone(), label.clone()).is_some();
        read.raters.insert(name.clone());
        if is_again || known.get(&place) == Some(label) {
            read.known += 1;
            continue;
        }
        labels.push(HumanLabel {
            unit: *unit,
            rater: name,
            form: form.clone(),
            value: label.clone(),
            reason: row.cell("note").to_owned(),
            spans: Vec::new(),
            at: at.clone(),
            guideline: GUIDELINE.to_owned(),
        });
    }
    Ok((labels, read))
}
