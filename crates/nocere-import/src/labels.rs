//! Human labels of answers: one row per answer and rater, or one column per rater.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{ContentHash, Expect, Message, Perspective, hash_json, majority};
use nocere_suites::read_text;
use serde_json::{Map, Value};

use self::{
    columns::Columns,
    healthbench_meta::{is_meta, spread},
};
use crate::{
    assemble::MAX_EPOCH,
    error::ImportError,
    json_text::{self, word},
    row::Place,
    table::{self, CsvRows},
};

mod columns;
mod healthbench_meta;
mod options;

pub use options::{LABEL_FIELDS, LabelOptions};

/// How the labelled answers were drawn from a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drawn {
    /// At random, or the file does not say.
    #[default]
    AtRandom,
    /// At random among the answers of each target to each perspective to which the same was due.
    ByDue,
    /// As `ByDue`, and among those with the same verdict of the judge. Such labels say nothing
    /// of the judge's sensitivity.
    ByVerdict,
}

impl Drawn {
    /// The word in the column `drawn`; empty for `AtRandom`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtRandom => "",
            Self::ByDue => "by-due",
            Self::ByVerdict => "by-verdict",
        }
    }
}

/// One answer with its raters' labels.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledSample {
    /// Line of its first row, from 1; `None` if the file is a JSON list.
    pub line: Option<u64>,
    /// The file's id, or a hash over question and answer.
    pub id: String,
    /// Group of answers that are not independent: those to the same prompt, unless the file
    /// names groups.
    pub cluster: String,
    /// The question; empty for answers of a run.
    pub prompt: String,
    /// The conversation whose last message is the question; empty if the question is all.
    pub opening: Vec<Message>,
    /// The answer; `None` for answers of a run.
    pub answer: Option<String>,
    /// The suite of the probe, for runs in which several have one of this id.
    pub suite: Option<String>,
    /// The target that answered, for runs with several.
    pub target: Option<String>,
    /// Number of the repetition, from 0.
    pub epoch: u32,
    /// The category, or empty.
    pub category: String,
    /// Perspective of the asker.
    pub perspective: Option<Perspective>,
    /// What was due.
    pub expect: Option<Expect>,
    /// BCP 47 language tag, or empty.
    pub language: String,
    /// The check that the labels are about, for judges of several checks.
    pub check: Option<String>,
    /// Each rater's label as an index into the scale, in the order of [`Labels::raters`];
    /// `None` where the rater gave none.
    pub ratings: Vec<Option<usize>>,
}

/// The contents of a label file.
#[derive(Clone, Debug)]
pub struct Labels {
    /// Hash over the file's text.
    pub hash: ContentHash,
    /// The raters' names, in order of appearance.
    pub raters: Vec<String>,
    /// How the answers were drawn.
    pub drawn: Drawn,
    /// All answers with at least one label, in file order.
    pub samples: Vec<LabelledSample>,
    /// What was assumed or left out, in full sentences.
    pub notes: Vec<String>,
}

/// Reads people's labels from CSV, JSONL or a JSON list.
///
/// # Errors
///
/// The file cannot be read or parsed; a column is missing or unknown; a value is invalid; a
/// label is not on the scale; one rater gives one answer two different labels; one id is used
/// for different questions or answers; there are no labels, or all labels are the same.
pub fn read_labels(path: &Path, options: &LabelOptions) -> Result<Labels, ImportError> {
    let text = read_text(path)?.replace("\r\n", "\n");
    let json = text.trim_start().starts_with(['{', '[']);
    let CsvRows {
        columns: known,
        rows,
    } = if json {
        json_text::check_size(path, &text)?;
        let mut rows = json_text::objects(path, &text)?;
        if rows.first().is_some_and(|(_, row)| is_meta(row)) {
            rows = spread(path, rows)?;
        }
        let columns = table::keys(&rows);
        CsvRows { columns, rows }
    } else {
        let mapped = options.mapping.values().flat_map(|name| name.split('+'));
        let wanted: Vec<&str> = LABEL_FIELDS
            .into_iter()
            .chain(mapped.map(str::trim))
            .collect();
        table::of_csv(path, &text, &wanted)?
    };
    let columns = Columns::find(path, &known, options)?;
    let reader = Reader {
        path,
        options,
        columns: &columns,
    };
    let mut gathered = Gathered::default();
    for (place, row) in &rows {
        gathered.add(&reader, place, row)?;
    }
    gathered.finish(&reader, hash_json("labels", &text))
}

/// Labels while the rows are read.
#[derive(Default)]
struct Gathered {
    samples: Vec<LabelledSample>,
    raters: Vec<String>,
    /// How the answers of the first row were drawn.
    drawn: Option<Drawn>,
    /// Where each answer, or each check of it, is among the samples.
    places: BTreeMap<AnswerKey, usize>,
    /// What each rater said of each sample, and where.
    said: BTreeMap<(usize, String), Said>,
    repeated: u64,
}

/// An answer, and the check of it that the label is about.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct AnswerKey {
    id: String,
    suite: Option<String>,
    target: Option<String>,
    epoch: u32,
    check: Option<String>,
}

struct Said {
    label: usize,
    place: Place,
}

impl Gathered {
    fn add(
        &mut self,
        reader: &Reader<'_>,
        place: &Place,
        row: &Map<String, Value>,
    ) -> Result<(), ImportError> {
        let sample = reader.sample(place, row)?;
        let drawn = reader.drawn(place, row)?;
        if *self.drawn.get_or_insert(drawn) != drawn {
            return Err(ImportError::new(
                reader.path,
                "the field `drawn` differs from that of the rows before",
            )
            .at(place)
            .hint("labels drawn in different ways belong in different files"));
        }
        let key = AnswerKey {
            id: sample.id.clone(),
            suite: sample.suite.clone(),
            target: sample.target.clone(),
            epoch: sample.epoch,
            check: sample.check.clone(),
        };
        let samples = &mut self.samples;
        let index = *self.places.entry(key).or_insert_with(|| {
            samples.push(sample.clone());
            samples.len() - 1
        });
        if samples[index].answer != sample.answer || samples[index].prompt != sample.prompt {
            let message = format!(
                "`{}` stands here with another question or answer than before",
                sample.id
            );
            return Err(ImportError::new(reader.path, message)
                .at(place)
                .hint("give each answer its own id"));
        }
        for (rater, label) in reader.labels(place, row)? {
            self.rate(
                reader,
                index,
                rater,
                Said {
                    label,
                    place: place.clone(),
                },
            )?;
        }
        Ok(())
    }

    /// Notes what `rater` said of the sample at `index`.
    fn rate(
        &mut self,
        reader: &Reader<'_>,
        index: usize,
        rater: String,
        said: Said,
    ) -> Result<(), ImportError> {
        let key = (index, rater);
        if let Some(before) = self.said.get(&key) {
            if before.label == said.label {
                self.repeated += 1;
                return Ok(());
            }
            let scale = &reader.options.scale;
            let message = format!(
                "`{}` is labelled {} here and {} in {}, both by {}",
                self.samples[index].id, scale[said.label], scale[before.label], before.place, key.1
            );
            return Err(ImportError::new(reader.path, message)
                .at(&said.place)
                .hint("keep one of them, or say who labelled in a column `rater`"));
        }
        let known = self.raters.iter().position(|known| *known == key.1);
        let column = known.unwrap_or_else(|| {
            self.raters.push(key.1.clone());
            self.raters.len() - 1
        });
        // Raters first seen later are added in `finish`.
        let ratings = &mut self.samples[index].ratings;
        ratings.resize(ratings.len().max(column + 1), None);
        ratings[column] = Some(said.label);
        self.said.insert(key, said);
        Ok(())
    }

    /// Completes the labels once all rows are read: drops unlabelled answers, checks that the
    /// labels differ, and writes the notes.
    fn finish(self, reader: &Reader<'_>, hash: ContentHash) -> Result<Labels, ImportError> {
        let mut samples = self.samples;
        for sample in &mut samples {
            sample.ratings.resize(self.raters.len(), None);
        }
        let before = samples.len();
        samples.retain(|sample| sample.ratings.iter().any(Option::is_some));
        check_classes(reader.path, &samples, &reader.options.scale)?;
        let mut notes = Vec::new();
        if self.repeated > 0 {
            notes.push(format!(
                "{} labels stand in the file twice and count once.",
                self.repeated
            ));
        }
        if samples.len() < before {
            notes.push(format!(
                "{} answers have no label and are left out.",
                before - samples.len()
            ));
        }
        let split = samples
            .iter()
            .filter(|sample| majority(&sample.ratings).is_none())
            .count();
        if split > 0 {
            notes.push(format!(
                "The raters are split on {split} answers: these count for the raters' agreement only."
            ));
        }
        Ok(Labels {
            hash,
            raters: self.raters,
            drawn: self.drawn.unwrap_or_default(),
            samples,
            notes,
        })
    }
}

/// Rejects labels whose majorities are all the same: a judge cannot be measured on one class.
fn check_classes(
    path: &Path,
    samples: &[LabelledSample],
    scale: &[String],
) -> Result<(), ImportError> {
    let mut classes: Vec<usize> = samples
        .iter()
        .filter_map(|sample| majority(&sample.ratings))
        .collect();
    classes.sort_unstable();
    classes.dedup();
    match classes.as_slice() {
        [] => Err(ImportError::new(path, "the file holds no labels")),
        [only] => Err(
            ImportError::new(path, format!("every label is `{}`", scale[*only]))
                .hint("a judge can only be measured on answers of at least two kinds"),
        ),
        _ => Ok(()),
    }
}

struct Reader<'a> {
    path: &'a Path,
    options: &'a LabelOptions,
    columns: &'a Columns,
}

impl Reader<'_> {
    fn get(&self, row: &Map<String, Value>, field: &str) -> Option<String> {
        word(row.get(self.columns.fields.get(field)?))
    }

    /// A field's text as written, untrimmed.
    fn text(&self, row: &Map<String, Value>, field: &str) -> Option<String> {
        match row.get(self.columns.fields.get(field)?)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    fn drawn(&self, place: &Place, row: &Map<String, Value>) -> Result<Drawn, ImportError> {
        let text = self.get(row, "drawn").unwrap_or_default();
        let known = [Drawn::AtRandom, Drawn::ByDue, Drawn::ByVerdict];
        let found = known.into_iter().find(|drawn| drawn.as_str() == text);
        found.ok_or_else(|| {
            ImportError::new(self.path, format!("the field `drawn` is `{text}`"))
                .at(place)
                .hint("`nocere judges sheet` writes `by-due` or `by-verdict`; leave it empty for answers drawn at random")
        })
    }

    fn sample(
        &self,
        place: &Place,
        row: &Map<String, Value>,
    ) -> Result<LabelledSample, ImportError> {
        let fault = |message: String| ImportError::new(self.path, message).at(place);
        let line = match place {
            Place::Line(line) => Some(*line),
            Place::Member(_) => None,
        };
        let mut opening: Vec<Message> = Vec::new();
        let (prompt, answer) = if self.options.of_a_run {
            (String::new(), None)
        } else {
            let column = self.columns.fields.get("prompt");
            if let Some(Value::Array(turns)) = column.and_then(|name| row.get(name)) {
                let all = turns.iter().map(message).collect::<Option<Vec<_>>>();
                opening = all.filter(|all| !all.is_empty()).ok_or_else(|| {
                    fault("the field `prompt` is a list, expected one of messages with `role` and `content`".to_owned())
                })?;
            }
            let prompt = match opening.last() {
                Some(last) => last.text().into_owned(),
                None => self.text(row, "prompt").unwrap_or_default(),
            };
            if prompt.trim().is_empty() {
                return Err(fault("the field `prompt` is empty".to_owned()));
            }
            // An empty answer is an answer too.
            (prompt, Some(self.text(row, "response").unwrap_or_default()))
        };
        let id = match self.get(row, "id") {
            Some(id) => id,
            None if self.options.of_a_run => {
                return Err(
                    fault("the field `id` is empty".to_owned()).hint("it names the run's probe")
                );
            }
            None if opening.len() > 1 => {
                hash_json("answer", &(&opening, &answer)).short().to_owned()
            }
            None => hash_json("answer", &(&prompt, &answer)).short().to_owned(),
        };
        let epoch = match self.get(row, "epoch") {
            None => 0,
            Some(text) => text
                .trim_end_matches(".0")
                .parse()
                .ok()
                .filter(|epoch| *epoch <= MAX_EPOCH)
                .ok_or_else(|| {
                    fault(format!(
                        "the field `epoch` is `{text}`, expected a whole number up to {MAX_EPOCH}"
                    ))
                })?,
        };
        let perspective = match self.get(row, "perspective") {
            None => self.options.perspective,
            Some(text) => Some(text.to_lowercase().parse().map_err(|_| {
                fault(format!("the field `perspective` is `{text}`")).did_you_mean(
                    &text,
                    &Perspective::ALL.map(Perspective::as_str),
                    "the perspectives",
                )
            })?),
        };
        let expect = match self.get(row, "expect") {
            None => None,
            Some(text) => Some(text.to_lowercase().parse().map_err(|_| {
                fault(format!("the field `expect` is `{text}`")).did_you_mean(
                    &text,
                    &Expect::ALL.map(Expect::as_str),
                    "what can be due",
                )
            })?),
        };
        let cluster = self.get(row, "cluster").unwrap_or_else(|| {
            if prompt.is_empty() {
                id.clone()
            } else if opening.len() > 1 {
                hash_json("prompt", &opening).short().to_owned()
            } else {
                hash_json("prompt", &prompt).short().to_owned()
            }
        });
        Ok(LabelledSample {
            line,
            id,
            cluster,
            prompt,
            opening,
            answer,
            suite: self.get(row, "suite"),
            target: self.get(row, "target"),
            epoch,
            category: self.get(row, "category").unwrap_or_default(),
            perspective,
            expect,
            language: self.get(row, "language").unwrap_or_default(),
            check: self.get(row, "check"),
            ratings: Vec::new(),
        })
    }

    /// The labels in this row, each with its rater.
    fn labels(
        &self,
        place: &Place,
        row: &Map<String, Value>,
    ) -> Result<Vec<(String, usize)>, ImportError> {
        let mut found = Vec::new();
        for column in &self.columns.labels {
            let Some(text) = word(row.get(column)) else {
                continue;
            };
            let label = self.place_of(&text).ok_or_else(|| {
                let scale: Vec<&str> = self.options.scale.iter().map(String::as_str).collect();
                ImportError::new(
                    self.path,
                    format!("`{text}` in column `{column}` is not a label of the scale"),
                )
                .at(place)
                .hint(format!(
                    "the labels are {}; say `--value \"{text}={}\"` for what it means",
                    scale.join(", "),
                    scale.last().copied().unwrap_or_default()
                ))
            })?;
            let rater = match self.get(row, "rater") {
                Some(rater) if self.columns.labels.len() == 1 => rater,
                Some(rater) => format!("{rater}, {column}"),
                None => column.clone(),
            };
            found.push((rater, label));
        }
        Ok(found)
    }

    /// Index of a label on the scale: as the user maps it, as the scale spells it, or as a
    /// public benchmark writes it.
    fn place_of(&self, text: &str) -> Option<usize> {
        let scale = &self.options.scale;
        let find = |word: &str| {
            scale
                .iter()
                .position(|label| label.eq_ignore_ascii_case(word))
        };
        if let Some(meant) = self.options.values.get(text) {
            return find(meant);
        }
        if let Some(place) = find(text) {
            return Some(place);
        }
        let lower = text.to_lowercase();
        let known = match lower.as_str() {
            "1_full_compliance" | "full_compliance" | "compliance" | "complied" => "comply",
            "2_full_refusal" | "full_refusal" | "refusal" | "refused" => "refuse",
            "3_partial_refusal" | "partial_refusal" => "partial",
            "true" | "yes" | "1" if scale.len() == 2 => scale[1].as_str(),
            "false" | "no" | "0" if scale.len() == 2 => scale[0].as_str(),
            // Spreadsheets often write levels as decimals, such as `3.0`.
            other => other.strip_suffix(".0")?,
        };
        find(known)
    }
}

/// A message of a conversation.
fn message(turn: &Value) -> Option<Message> {
    let role = serde_json::from_value(turn.get("role")?.clone()).ok()?;
    Some(Message::new(role, turn.get("content")?.as_str()?))
}

#[cfg(test)]
mod tests;
