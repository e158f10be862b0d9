//! Forms: several questions about each answer for people, as sheets and back into the journal.
//!
//! A sheet is as blind as that of a judge's labels: it says neither which model answered nor what was
//! due nor what a judge found. A value is kept as a label under `FORM/FIELD`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use nocere_assets::Kind;
use nocere_core::{Expect, HumanLabel, Sample, clock, text::shorten};
use nocere_import::Drawn;
use nocere_store::{Journal, RunReader};
use nocere_suites::read_text;
use serde::{Deserialize, Serialize};

use crate::{
    BlindRow, Project, ProjectError, SheetSpec,
    assets::parsed,
    filled_sheet::FilledSheet,
    generation_score::DIMENSIONS,
    labelling::{Newest, as_known, code},
};

/// A form, as written in its file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    nocere_form: u32,
    /// Kebab-case id.
    pub id: String,
    /// Semantic version; labels keep it as the guideline that raters followed.
    pub version: String,
    /// Title in reports.
    pub title: String,
    /// What raters are told before they begin.
    pub about: String,
    /// The categories that it is about, each with those whose ids begin with it and `-`; all if empty.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Whether raters see the category of a probe.
    #[serde(default)]
    pub shows_category: bool,
    /// The questions, in the order of the sheet's columns.
    pub fields: Vec<Field>,
    /// The rule that makes one score of a filled-in form.
    #[serde(default)]
    pub score: Option<ScoreRule>,
    /// The measure whose judges say good or bad of the same answers as the score does.
    #[serde(default)]
    pub against: Option<String>,
}

/// A question of a form.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Kebab-case id: the name of its column.
    pub id: String,
    /// Title in reports.
    pub title: String,
    /// What is asked.
    pub asks: String,
    /// The values, if they are words.
    #[serde(default)]
    labels: Vec<String>,
    /// The least and the greatest value, if they are whole numbers.
    #[serde(default)]
    min: Option<u8>,
    #[serde(default)]
    max: Option<u8>,
    /// What people's values are compared with.
    #[serde(default)]
    pub against: Option<Against>,
    /// What must be due of a probe for the comparison; all probes if empty.
    #[serde(default)]
    pub compared_where: Vec<Expect>,
}

/// What people's values are compared with.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Against {
    /// The labels of judges of a measure, which are the field's own.
    Judge(String),
    /// The category of the probe: for each value the ids that it is right for.
    Category(BTreeMap<String, Vec<String>>),
    /// What is due: for each value what it is right for.
    Expect(BTreeMap<String, Vec<Expect>>),
}

/// A rule that makes one score of a filled-in form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScoreRule {
    /// LLMEval-Med's map of four dimensions to 0 to 7, and a veto: see [`crate::generation_score`].
    LlmevalMed,
}

impl Field {
    /// The values, lowest first.
    pub fn values(&self) -> Vec<String> {
        match (self.min, self.max) {
            (Some(min), Some(max)) => (min..=max).map(|value| value.to_string()).collect(),
            _ => self.labels.clone(),
        }
    }

    /// True if its values are numbers.
    pub fn is_number(&self) -> bool {
        self.labels.is_empty()
    }

    fn check(&self) -> Result<(), String> {
        let range = match (self.min, self.max) {
            (Some(min), Some(max)) => min < max,
            (None, None) => false,
            _ => return Err(format!("field `{}`: give both `min` and `max`", self.id)),
        };
        if range != self.labels.is_empty() {
            return Err(format!(
                "field `{}`: give `labels`, or `min` below `max`",
                self.id
            ));
        }
        let values = self.values();
        let distinct: BTreeSet<&String> = values.iter().collect();
        if distinct.len() < values.len() {
            return Err(format!("field `{}`: a value is there twice", self.id));
        }
        let unknown = match &self.against {
            Some(Against::Category(right)) => right.keys().find(|value| !values.contains(value)),
            Some(Against::Expect(right)) => right.keys().find(|value| !values.contains(value)),
            Some(Against::Judge(_)) | None => None,
        };
        unknown.map_or(Ok(()), |unknown| {
            Err(format!(
                "field `{}`: `against` names `{unknown}`, which is not one of its values",
                self.id
            ))
        })
    }
}

/// What raters write where they cannot tell.
const UNKNOWN: &str = "?";

/// A row of a form's sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormRow {
    /// As for a judge's labels; the category is empty where the form hides it.
    pub row: BlindRow,
    /// An expert's answer; empty if there is none.
    pub reference: String,
}

/// What reading a form's sheet did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FormsRead {
    /// Values that are new, or change an earlier one.
    pub added: u64,
    /// Values that were known.
    pub known: u64,
    /// Rows without any value.
    pub empty: u64,
    /// Fields in which a rater wrote that they cannot tell.
    pub unknown: u64,
    /// Raters, by name.
    pub raters: BTreeSet<String>,
}

impl Project {
    /// The form `name`: an asset.
    ///
    /// # Errors
    ///
    /// There is no such form, or its file is wrong.
    pub fn form(&self, name: &str) -> Result<Form, ProjectError> {
        let Some(asset) = self.assets().find(Kind::Form, name) else {
            let known = self.assets().of(Kind::Form);
            let known: Vec<&str> = known.map(|asset| asset.name.as_str()).collect();
            return Err(ProjectError::unknown(
                format!("there is no form `{}`", shorten(name, 40)),
                name,
                known.iter().copied(),
                format!("the forms are {}", known.join(", ")),
            ));
        };
        let form: Form = parsed(&asset.path, asset.text())?;
        let fault = |what: String| ProjectError::usage(format!("{}: {what}", asset.path));
        asset.check_id(&form.id).map_err(fault)?;
        if form.nocere_form != 1 {
            return Err(fault("`nocere_form` must be 1".to_owned()));
        }
        form.check().map_err(fault)?;
        Ok(form)
    }

    /// Chooses answers of a run for people to fill in a form about, equally many of each target, asker
    /// and due; those that have been filled in are left out.
    ///
    /// # Errors
    ///
    /// The run cannot be read.
    pub fn form_sheet(
        &self,
        form: &Form,
        run: &str,
        number: usize,
        seed: u64,
    ) -> Result<Vec<FormRow>, ProjectError> {
        let reader = self.run(run)?;
        let id = reader.header()?.id;
        let mut known: BTreeSet<i64> = given(&reader, form)?
            .0
            .into_keys()
            .map(|(unit, ..)| unit)
            .collect();
        // What the form is not about is as good as filled in.
        let mut left = 0;
        reader.for_each_sample(|sample| {
            if !form.is_about(&sample.probe.category) {
                known.insert(sample.seq);
            }
            left += u64::from(!known.contains(&sample.seq));
        })?;
        if left == 0 {
            let about = match form.categories.as_slice() {
                [] => String::new(),
                of => format!("it is about the categories {}; ", of.join(", ")),
            };
            return Err(ProjectError::usage(format!(
                "run {id} has no answers left for the form `{}`",
                form.id
            ))
            .hint(format!(
                "{about}where all have been filled in, give a second rater a copy of the same sheet"
            )));
        }
        let spec = SheetSpec {
            judge: "behaviour".to_owned(),
            run: id.to_string(),
            number,
            drawn: Drawn::ByDue,
            seed,
        };
        let sheet = self.choose_to_label(&spec, &BTreeMap::new(), &known)?;
        let mut rows: Vec<FormRow> = sheet
            .rows
            .iter()
            .map(|row| form_row(form, &id, &row.sample))
            .collect();
        rows.sort_by(|a, b| a.row.code.cmp(&b.row.code));
        Ok(rows)
    }

    /// Reads a filled-in sheet of a form into the run's journal.
    ///
    /// # Errors
    ///
    /// The sheet cannot be read, a code is not one of the run's, a value is not one of its field's, a
    /// row is filled in half, or a row has no rater; nothing is kept then. Or a process is working on
    /// the run.
    pub fn read_form(
        &self,
        form: &Form,
        run: &str,
        file: &Path,
        rater: Option<&str>,
    ) -> Result<FormsRead, ProjectError> {
        let reader = self.run(run)?;
        let id = reader.header()?.id;
        let mut codes = BTreeMap::new();
        for sample in reader.finished() {
            let unit = sample?.seq;
            codes.insert(code(&id, unit, &form.id), unit);
        }
        let (known, _) = given(&reader, form)?;
        drop(reader);
        let (labels, read) = filled(form, file, &codes, &known, rater)?;
        if !labels.is_empty() {
            Journal::open(&self.runs_folder(), &id)?.add_labels(&labels)?;
        }
        Ok(read)
    }
}

/// The newest values of each rater that were given to this version of a form, and the number of values
/// of other versions.
pub(crate) fn given(reader: &RunReader, form: &Form) -> Result<(Newest, u64), ProjectError> {
    let mut newest = Newest::new();
    let mut others = 0;
    for label in reader.labels()? {
        if label.form.split('/').next() != Some(&form.id) {
            continue;
        }
        if label.guideline == form.guideline() {
            newest.insert((label.unit, label.rater, label.form), label.value);
        } else {
            others += 1;
        }
    }
    Ok((newest, others))
}

impl Form {
    /// What raters need with the sheet: what to do, and what each column asks with its values.
    pub fn instructions(&self) -> String {
        let mut text = format!(
            "{} ({} {})\n\n{}\nWrite your name into `rater`, and ? where you cannot tell; leave rows that you skip empty.\n",
            self.title,
            self.id,
            self.version,
            self.about.trim()
        );
        for field in &self.fields {
            text.push_str(&format!(
                "\n{}: {}\n    {}\n    values: {}\n",
                field.id,
                field.title,
                field.asks,
                field.values().join(", ")
            ));
        }
        text
    }

    fn check(&self) -> Result<(), String> {
        if self.fields.is_empty() {
            return Err("`fields` is empty".to_owned());
        }
        let mut seen: BTreeSet<&str> = FORM_COLUMNS.into();
        for field in &self.fields {
            if !seen.insert(&field.id) {
                return Err(format!(
                    "field `{}` has the name of another column",
                    field.id
                ));
            }
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if field.id.is_empty() || !field.id.chars().all(plain) {
                return Err(format!(
                    "field `{}`: an id has lower-case letters, digits and `-`",
                    field.id
                ));
            }
            field.check()?;
        }
        for (id, max) in DIMENSIONS {
            let has =
                |field: &Field| field.id == id && (field.min, field.max) == (Some(0), Some(max));
            if self.score == Some(ScoreRule::LlmevalMed) && !self.fields.iter().any(has) {
                return Err(format!(
                    "`score: llmeval-med` needs the field `{id}` from 0 to {max}"
                ));
            }
        }
        Ok(())
    }

    fn is_about(&self, category: &str) -> bool {
        let begins = |own: &String| {
            let rest = category.strip_prefix(own.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        self.categories.is_empty() || self.categories.iter().any(begins)
    }

    /// The version that labels keep as what their rater followed.
    pub(crate) fn guideline(&self) -> String {
        format!("{} {}", self.id, self.version)
    }

    /// What a value is kept under.
    pub(crate) fn of_field(&self, field: &Field) -> String {
        format!("{}/{}", self.id, field.id)
    }
}

/// The columns of a sheet besides those of the fields, which stand before `note`.
pub const FORM_COLUMNS: [&str; 9] = [
    "code",
    "who_asks",
    "category",
    "language",
    "asked",
    "answered",
    "reference",
    "rater",
    "note",
];

fn form_row(form: &Form, run: &str, sample: &Sample) -> FormRow {
    let probe = &sample.probe;
    let answer = sample.transcript.last_answer();
    FormRow {
        row: BlindRow {
            code: code(run, sample.seq, &form.id),
            perspective: probe.perspective,
            category: if form.shows_category {
                probe.category.clone()
            } else {
                String::new()
            },
            language: probe.language.clone(),
            check: String::new(),
            asked: probe.asked(&sample.transcript),
            answered: answer.map_or_else(String::new, |(text, _)| text.to_owned()),
        },
        reference: probe.reference.clone(),
    }
}

/// The new values of a sheet.
fn filled(
    form: &Form,
    file: &Path,
    codes: &BTreeMap<String, i64>,
    known: &Newest,
    rater: Option<&str>,
) -> Result<(Vec<HumanLabel>, FormsRead), ProjectError> {
    let text = read_text(file)?.replace("\r\n", "\n");
    let fields: Vec<&str> = form.fields.iter().map(|field| field.id.as_str()).collect();
    let wanted: Vec<&str> = ["code"].into_iter().chain(fields.iter().copied()).collect();
    let mut sheet = FilledSheet::open(file, &text, &wanted)?;
    if let Some(missing) = wanted.iter().find(|name| !sheet.has(name)) {
        return Err(ProjectError::usage(format!(
            "{}: the sheet has no column `{missing}`",
            file.display()
        ))
        .hint(format!(
            "fill in the sheet that `nocere label --form {} -o FILE` writes",
            form.id
        )));
    }
    let at = clock::now_utc();
    let mut read = FormsRead::default();
    let mut labels = Vec::new();
    let mut seen: BTreeSet<(i64, String)> = BTreeSet::new();
    while let Some(row) = sheet.next_filled(&fields, &mut read.empty) {
        let row = row?;
        if let Some(field) = fields.iter().find(|field| row.cell(field).is_empty()) {
            return Err(row
                .fault(format!(
                    "field `{field}` is empty (code {})",
                    row.cell("code")
                ))
                .hint("write ? where you cannot tell, or leave the whole row empty")
                .into());
        }
        let key = row.cell("code");
        let Some(unit) = codes.get(key) else {
            return Err(row
                .fault(format!(
                    "code `{}` matches no answer of this run and form",
                    shorten(key, 40)
                ))
                .into());
        };
        let name = as_known(row.rater(rater)?, known);
        if !seen.insert((*unit, name.clone())) {
            return Err(row
                .fault(format!(
                    "rater `{}` has two rows for one answer",
                    shorten(&name, 40)
                ))
                .into());
        }
        read.raters.insert(name.clone());
        for field in &form.fields {
            let value = row.cell(&field.id);
            if value == UNKNOWN {
                read.unknown += 1;
                continue;
            }
            let values = field.values();
            // Spreadsheets write whole numbers as decimals, too.
            let whole = value
                .strip_suffix(".0")
                .or_else(|| value.strip_suffix(",0"));
            let spelled = whole.filter(|_| field.is_number()).unwrap_or(value);
            let Some(label) = values
                .iter()
                .find(|known| known.eq_ignore_ascii_case(spelled))
            else {
                return Err(row
                    .fault(format!(
                        "field `{}`: `{}` is not a value (code {key}); the values are {}, or ? where you cannot tell",
                        field.id,
                        shorten(value, 40),
                        values.join(", ")
                    ))
                    .into());
            };
            let kept = form.of_field(field);
            if known.get(&(*unit, name.clone(), kept.clone())) == Some(label) {
                read.known += 1;
                continue;
            }
            read.added += 1;
            labels.push(HumanLabel {
                unit: *unit,
                rater: name.clone(),
                form: kept,
                value: label.clone(),
                reason: row.cell("note").to_owned(),
                spans: Vec::new(),
                at: at.clone(),
                guideline: form.guideline(),
            });
        }
    }
    Ok((labels, read))
}
