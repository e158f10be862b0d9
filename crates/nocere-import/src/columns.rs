//! Plain JSONL and CSV: one answer per row, in columns that the user names.

use std::path::Path;

use nocere_core::{Expect, Finish, Message, Perspective, Role};
use serde_json::{Map, Value};

use crate::{
    answer,
    content::{self, Content},
    error::ImportError,
    instruments::compliance,
    json_text::{self, kind, number, word},
    notes::Notes,
    options::{FIELDS, Options},
    row::{Judged, Place, Row, Rows, Said, Scale},
    table::{self, CsvRows, Table},
    turns,
};

/// Reads JSONL or one JSON list of objects.
pub(crate) fn read_jsonl(path: &Path, text: &str, options: &Options) -> Result<Rows, ImportError> {
    let rows = json_text::objects(path, text)?;
    let columns = table::keys(&rows);
    read(path, CsvRows { columns, rows }, options)
}

/// Reads CSV with a header row.
pub(crate) fn read_csv(path: &Path, text: &str, options: &Options) -> Result<Rows, ImportError> {
    let mapped = options.mapping.values().map(String::as_str);
    let wanted: Vec<&str> = FIELDS.into_iter().chain(mapped).collect();
    read(path, table::of_csv(path, text, &wanted)?, options)
}

fn read(path: &Path, rows: CsvRows, options: &Options) -> Result<Rows, ImportError> {
    let table = Table::new(path, rows, options)?;
    let reader = Reader {
        path,
        labels_score: labels_are_scores(&table),
        table: &table,
    };
    let mut found = Rows::default();
    for (place, fields) in &table.rows {
        let row = reader.row(place, fields, &mut found.notes)?;
        found.rows.push(row);
    }
    if !table.has("finish") {
        found
            .notes
            .say("The file does not say why answers ended: each is taken as complete.");
    }
    count_epochs_from_zero(&mut found);
    Ok(found)
}

/// Returns true if labels are verdicts of their own: there is no score column, or every
/// label is a compliance label. Otherwise a label only names its score.
fn labels_are_scores(table: &Table) -> bool {
    let mut labels = table
        .rows
        .iter()
        .filter_map(|(_, row)| word(table.get(row, "label")));
    !table.has("score") || labels.all(|label| compliance(&label).is_some())
}

/// Shifts epochs down by one if the file counts from 1. A file that begins at a later number, such
/// as one with the second repetition only, does not say from where it counts: it stays as it is.
fn count_epochs_from_zero(rows: &mut Rows) {
    let first = rows.rows.iter().filter_map(|row| row.epoch).min();
    if first == Some(1) {
        for row in &mut rows.rows {
            row.epoch = row.epoch.map(|epoch| epoch - 1);
        }
        rows.notes
            .say("Epochs are counted from 1 in the file and from 0 here.");
    }
}

struct Reader<'a> {
    path: &'a Path,
    table: &'a Table,
    labels_score: bool,
}

impl Reader<'_> {
    fn row(
        &self,
        place: &Place,
        fields: &Map<String, Value>,
        notes: &mut Notes,
    ) -> Result<Row, ImportError> {
        let get = |field| word(self.table.get(fields, field));
        let mut row = Row::new(place.clone());
        row.model = get("model");
        row.id = get("id");
        row.epoch = self.epoch(place, fields)?;
        row.category = get("category");
        row.perspective = get("perspective")
            .map(|value| self.perspective(place, &value))
            .transpose()?;
        row.expect = get("expect")
            .map(|value| self.expect(place, &value))
            .transpose()?;
        row.system = get("system");
        if self.table.has("prompt") {
            let mut opening = self.prompt(place, fields, notes)?;
            let system = answer::take_system(&mut opening);
            row.system = row.system.take().or(system);
            row.ask(opening);
        }
        self.answer(&mut row, fields, notes)?;
        self.judge(fields, &mut row);
        Ok(row)
    }

    /// Reads the answer: a text, or a message or a list of parts around it.
    fn answer(
        &self,
        row: &mut Row,
        fields: &Map<String, Value>,
        notes: &mut Notes,
    ) -> Result<(), ImportError> {
        let finish = word(self.table.get(fields, "finish")).unwrap_or_default();
        let value = self.table.get(fields, "response");
        let conversation = value
            .filter(|value| {
                value
                    .get(0)
                    .is_some_and(|first| first.get("role").is_some())
            })
            .and_then(|value| answer::chat(value, notes));
        let wrapped = value
            .filter(|value| value.is_object() || value.is_array())
            .and_then(|value| content::answer(value, notes));
        let plain = || self.text(&row.place, fields, "response");
        let said = match wrapped {
            Some(said) => Some(said),
            None => plain()?.map(|text| Content {
                text,
                ..Content::default()
            }),
        };
        let Some(said) = said else {
            row.transcript.error = Some(answer::failure(None, notes));
            return Ok(());
        };
        let finish = if said.refused {
            Finish::Refusal
        } else {
            answer::finish(&finish)
        };
        let mut reply = answer::reply(&said.text, finish, notes);
        reply.reasoning = reply.reasoning.or(said.reasoning);
        match conversation {
            // A list of answers and follow-ups continues after the prompt.
            Some(messages) if messages.len() > 1 => {
                let mut all = Vec::new();
                if messages.first().map(|first| first.role) == Some(Role::Assistant) {
                    all.clone_from(&row.opening);
                }
                all.extend(messages);
                turns::converse(row, all, Some(reply), notes);
            }
            _ => row.transcript.push_reply(reply),
        }
        Ok(())
    }

    fn prompt(
        &self,
        place: &Place,
        row: &Map<String, Value>,
        notes: &mut Notes,
    ) -> Result<Vec<Message>, ImportError> {
        let value = self.table.get(row, "prompt");
        if let Some(messages) = value.and_then(|value| answer::chat(value, notes)) {
            return Ok(messages);
        }
        let text = self.text(place, row, "prompt")?;
        match text.filter(|text| !text.trim().is_empty()) {
            Some(text) => Ok(vec![Message::new(Role::User, text)]),
            None => Err(self.fault(place, "prompt", "is empty")),
        }
    }

    /// A field's text as written, untrimmed.
    fn text(
        &self,
        place: &Place,
        row: &Map<String, Value>,
        field: &str,
    ) -> Result<Option<String>, ImportError> {
        match self.table.get(row, field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
            Some(other) => Err(self
                .fault(
                    place,
                    field,
                    &format!("is {}, expected a text", kind(other)),
                )
                .hint(format!(
                    "map a text inside it, as in {field}={}.text",
                    self.table.column(field)
                ))),
        }
    }

    fn epoch(&self, place: &Place, row: &Map<String, Value>) -> Result<Option<u32>, ImportError> {
        word(self.table.get(row, "epoch"))
            .map(|epoch| {
                // Spreadsheets may write 2 as `2.0`.
                epoch.trim_end_matches(".0").parse().map_err(|_| {
                    self.fault(
                        place,
                        "epoch",
                        &format!("is `{epoch}`, expected a whole number"),
                    )
                })
            })
            .transpose()
    }

    fn perspective(&self, place: &Place, value: &str) -> Result<Perspective, ImportError> {
        let known = Perspective::ALL.map(Perspective::as_str);
        value.to_lowercase().parse().map_err(|_| {
            self.fault(place, "perspective", &format!("is `{value}`"))
                .did_you_mean(value, &known, "the perspectives")
        })
    }

    fn expect(&self, place: &Place, value: &str) -> Result<Expect, ImportError> {
        value.trim().to_lowercase().parse().map_err(|_| {
            self.fault(place, "expect", &format!("is `{value}`"))
                .did_you_mean(value, &Expect::ALL.map(Expect::as_str), "the expectations")
        })
    }

    fn fault(&self, place: &Place, field: &str, what: &str) -> ImportError {
        let column = self.table.column(field);
        let named = if column == field {
            format!("field `{field}`")
        } else {
            format!("field `{field}` (column `{column}`)")
        };
        ImportError::new(self.path, format!("{named} {what}")).at(place)
    }

    /// Adds the row's score and label, named after their columns or the judge's model.
    fn judge(&self, fields: &Map<String, Value>, row: &mut Row) {
        let model = word(self.table.get(fields, "judge"));
        let label = word(self.table.get(fields, "label"));
        let mut add = |field: &str, scale, label, value| {
            row.judged.push(Judged {
                judge: model.clone().unwrap_or_else(|| field.to_owned()),
                model: model.clone(),
                scale,
                said: Said::Score {
                    label,
                    value,
                    passed: None,
                },
                rationale: String::new(),
            });
        };
        let labels = self.table.has("label") && self.labels_score;
        if self.table.has("score") {
            let score = self.table.get(fields, "score");
            let value = number(score);
            // A score that is not a number is a label.
            let told = word(score).filter(|_| value.is_none());
            let own = label.clone().filter(|_| !labels);
            let column = self.table.column("score");
            // A named judge without a score has failed here, which is kept as unscored.
            if value.is_some() || told.is_some() || own.is_some() || model.is_some() {
                add(column, Scale::HarmIfLevels, told.or(own), value);
            }
        }
        if labels && (label.is_some() || model.is_some()) {
            let value = number(self.table.get(fields, "label"));
            add(
                self.table.column("label"),
                Scale::ComplianceIfLabels,
                label,
                value,
            );
        }
    }
}
