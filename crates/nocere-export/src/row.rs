//! A row of the tables: one answer and what one judge said of it. `csv`, `jsonl`, `parquet` and
//! `hf` read the same columns.

use std::borrow::Cow;

use nocere_core::{Instrument, Sample, Score, Turn, Verdict};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use crate::source::{Source, Texts};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// JSON: nested in `jsonl`, as text in `parquet` and `hf`, left out of `csv`.
    Json,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing: unknown, or not said.
    Empty,
    /// Of a column of [`Kind::Text`].
    Text(Cow<'a, str>),
    /// Of a column of [`Kind::Integer`].
    Integer(i64),
    /// Of a column of [`Kind::Number`].
    Number(f64),
    /// Of a column of [`Kind::Json`].
    Json(Value),
}

impl<'a> Cell<'a> {
    fn text(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::Empty
        } else {
            Self::Text(text)
        }
    }

    fn integer(number: impl TryInto<i64>) -> Self {
        Self::Integer(number.try_into().unwrap_or(i64::MAX))
    }

    /// The word that JSON has for the value.
    fn word(value: &impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(Value::String(word)) => Self::text(word),
            _ => Self::Empty,
        }
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Json(value) => value.serialize(serializer),
        }
    }
}

/// A column of the tables.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What its values mean.
    pub about: &'static str,
    pub(crate) cell: for<'a> fn(&Row<'a>) -> Cell<'a>,
}

/// An answer with one judge's verdict, if a judge has read it.
pub(crate) struct Row<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) sample: &'a Sample,
    pub(crate) judged: Option<(&'a Instrument, &'a Verdict)>,
    pub(crate) texts: Texts,
}

impl<'a> Row<'a> {
    pub(crate) fn new(
        source: Source<'a>,
        sample: &'a Sample,
        judged: Option<(&'a Instrument, &'a Verdict)>,
    ) -> Self {
        Self {
            source,
            sample,
            judged,
            texts: source.texts(sample),
        }
    }

    fn judge(&self) -> Option<&'a Instrument> {
        self.judged.map(|(instrument, _)| instrument)
    }

    fn score(&self) -> Option<&'a Score> {
        self.judged.and_then(|(_, verdict)| verdict.score())
    }

    /// Whether what the judge marks may leave.
    fn shows(&self) -> bool {
        self.judge().is_none_or(|judge| self.texts.shows(judge))
    }

    /// A text by the target.
    fn said(&self, text: &'a str) -> Cell<'a> {
        Cell::text(self.texts.said(text.into()))
    }

    /// Facts about the last answer.
    fn facts(&self) -> Option<&'a nocere_core::AnswerFacts> {
        let answer = self.sample.transcript.last_answer();
        answer.map(|(_, facts)| facts)
    }

    /// A whole number summed over all answers of the conversation.
    fn sum(&self, of: impl Fn(&nocere_core::AnswerFacts) -> u64) -> Cell<'a> {
        let turns = self.sample.transcript.turns.iter();
        let answers = turns.filter_map(|turn| turn.answer.as_ref());
        Cell::integer(answers.map(of).sum::<u64>())
    }

    /// The conversation as messages.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let turns = self.sample.transcript.turns.iter();
        let text = |turn: &Turn| shown(self.texts, turn).into_owned();
        turns
            .map(|turn| json!({"role": turn.message.role, "content": text(turn)}))
            .collect()
    }
}

/// The text of a turn, or what replaces it. A turn of the model that the probe brings along
/// is part of the prompt.
pub(crate) fn shown(texts: Texts, turn: &Turn) -> Cow<'_, str> {
    use nocere_core::Role;
    let text = turn.message.text();
    match turn.message.role {
        Role::User => texts.prompt(text),
        Role::Assistant if turn.answer.is_none() => texts.prompt(text),
        Role::System | Role::Assistant => texts.said(text),
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(COLUMNS.len()))?;
        for column in &COLUMNS {
            map.serialize_entry(column.name, &(column.cell)(self))?;
        }
        map.end()
    }
}

/// The score as a number: a level or a measured value.
fn number(score: &Score) -> Option<f64> {
    match score {
        Score::Number { value } => Some(*value),
        Score::Label { label, .. } => label.parse().ok(),
        Score::Items { .. } => None,
    }
}

fn ids<'a, T: AsRef<str>>(ids: impl Iterator<Item = T>) -> Cell<'a> {
    let ids: Vec<T> = ids.collect();
    Cell::text(
        ids.iter()
            .map(AsRef::as_ref)
            .collect::<Vec<&str>>()
            .join(";"),
    )
}

macro_rules! column {
    ($name:literal, $kind:ident, $about:literal, $cell:expr) => {
        Column {
            name: $name,
            kind: Kind::$kind,
            about: $about,
            cell: $cell,
        }
    };
}

/// The columns, in their order in files.
pub static COLUMNS: [Column; 48] = [
    column!("run", Text, "Id of the run.", |row| Cell::text(
        row.source.report.header.id.as_str()
    )),
    column!(
        "created",
        Text,
        "When the run was planned: RFC 3339, UTC.",
        |row| Cell::text(row.source.report.header.created.as_str())
    ),
    column!(
        "protocol",
        Text,
        "Id and version of the protocol; empty without one.",
        |row| {
            let protocol = row.source.report.header.protocol.as_ref();
            protocol.map_or(Cell::Empty, |of| {
                Cell::text(format!("{} {}", of.id, of.version))
            })
        }
    ),
    column!("target", Text, "Id of the target.", |row| Cell::text(
        row.sample.target.as_str()
    )),
    column!(
        "served_model",
        Text,
        "The model's name as the server reported it with the last answer.",
        |row| row
            .facts()
            .and_then(|facts| facts.served_model.as_deref())
            .map_or(Cell::Empty, Cell::text)
    ),
    column!(
        "driver",
        Text,
        "What led the conversation: `direct`, or an attack.",
        |row| Cell::text(row.sample.driver.as_str())
    ),
    column!("suite", Text, "Id of the suite.", |row| Cell::text(
        row.sample.probe.suite.as_str()
    )),
    column!("suite_version", Text, "Version of the suite.", |row| row
        .source
        .suite(&row.sample.probe.suite)
        .map_or(Cell::Empty, |suite| Cell::text(suite.version.as_str()))),
    column!(
        "suite_hash",
        Text,
        "Hash of the suite's categories and probes.",
        |row| row
            .source
            .suite(&row.sample.probe.suite)
            .map_or(Cell::Empty, |suite| Cell::text(suite.hash.as_str()))
    ),
    column!("probe", Text, "Id of the probe.", |row| Cell::text(
        row.sample.probe.id.as_str()
    )),
    column!(
        "epoch",
        Integer,
        "Repetition of the probe, from 0.",
        |row| Cell::integer(row.sample.epoch)
    ),
    column!("who_asks", Text, "patient, clinician or general.", |row| {
        Cell::text(row.sample.probe.perspective.as_str())
    }),
    column!("category", Text, "Id of the category.", |row| Cell::text(
        row.sample.probe.category.as_str()
    )),
    column!(
        "language",
        Text,
        "Language of the probe: an ISO 639 code.",
        |row| { Cell::text(row.sample.probe.language.as_str()) }
    ),
    column!(
        "matter",
        Text,
        "What the probe is about; probes with one matter are not independent.",
        |row| Cell::text(row.sample.probe.matter.as_deref().unwrap_or_default())
    ),
    column!(
        "twin_of",
        Text,
        "The probe whose look-alike this is.",
        |row| {
            let twin = row.sample.probe.twin_of.as_ref();
            twin.map_or(Cell::Empty, |id| Cell::text(id.as_str()))
        }
    ),
    column!(
        "restates",
        Text,
        "The probe that this one puts in other words.",
        |row| {
            let other = row.sample.probe.restates.as_ref();
            other.map_or(Cell::Empty, |id| Cell::text(id.as_str()))
        }
    ),
    column!(
        "expected",
        Text,
        "What a good answer does: comply, redirect or refuse.",
        |row| Cell::text(row.sample.probe.expect.as_str())
    ),
    column!(
        "severity",
        Integer,
        "How bad harm would be, 1 to 4; 0 if the source does not say.",
        |row| Cell::integer(row.sample.probe.severity)
    ),
    column!(
        "likelihood",
        Integer,
        "How likely harm would be, 1 to 4; 0 if the source does not say.",
        |row| Cell::integer(row.sample.probe.likelihood)
    ),
    column!(
        "frequency",
        Integer,
        "How often people ask such a thing, 1 to 4; 0 if the source does not say.",
        |row| Cell::integer(row.sample.probe.frequency)
    ),
    column!(
        "outcome",
        Text,
        "How the conversation ended. It is not a verdict.",
        |row| Cell::word(&row.sample.transcript.outcome())
    ),
    column!(
        "asked",
        Text,
        "What was asked before the first answer.",
        |row| {
            let asked = row.sample.probe.asked(&row.sample.transcript);
            Cell::text(row.texts.prompt(asked.into()))
        }
    ),
    column!(
        "answered",
        Text,
        "The target's last answer. Hostile text.",
        |row| {
            let answer = row.sample.transcript.last_answer();
            answer.map_or(Cell::Empty, |(text, _)| row.said(text))
        }
    ),
    column!(
        "answers",
        Integer,
        "Number of answers in the conversation.",
        |row| Cell::integer(row.sample.transcript.answers().count())
    ),
    column!("error", Text, "Why the conversation ended early.", |row| {
        row.sample
            .transcript
            .error
            .as_ref()
            .map_or(Cell::Empty, |error| Cell::text(row.texts.error(error)))
    }),
    column!("input_tokens", Integer, "Tokens of all requests.", |row| {
        row.sum(|facts| facts.usage.input_tokens)
    }),
    column!("output_tokens", Integer, "Tokens of all answers.", |row| {
        row.sum(|facts| facts.usage.output_tokens)
    }),
    column!(
        "latency_ms",
        Integer,
        "Milliseconds from request to answer, over all answers.",
        |row| row.sum(|facts| facts.latency_ms)
    ),
    column!(
        "response_id",
        Text,
        "The server's id of the last answer.",
        |row| row
            .facts()
            .and_then(|facts| facts.response_id.as_deref())
            .map_or(Cell::Empty, Cell::text)
    ),
    column!(
        "judge",
        Text,
        "Id of the judge; empty if nobody judged the answer.",
        |row| row
            .judge()
            .map_or(Cell::Empty, |of| Cell::text(of.id.as_str()))
    ),
    column!("judge_version", Text, "Version of the judge.", |row| {
        row.judge()
            .map_or(Cell::Empty, |of| Cell::text(of.version.as_str()))
    }),
    column!(
        "judge_hash",
        Text,
        "Hash over everything that can change the judge's verdict.",
        |row| row
            .judge()
            .map_or(Cell::Empty, |of| Cell::text(of.hash.as_str()))
    ),
    column!("judge_model", Text, "Models that the judge asks.", |row| {
        let model = row.judge().and_then(|of| of.model.as_deref());
        model.map_or(Cell::Empty, Cell::text)
    }),
    column!("measures", Text, "What the judge measures.", |row| row
        .judge()
        .map_or(Cell::Empty, |of| Cell::text(of.measure.as_str()))),
    column!(
        "verdict",
        Text,
        "The judge's label, or a word for several items.",
        |row| match (row.judge(), row.score()) {
            (Some(judge), Some(score)) => Cell::text(judge.scale.word(score)),
            _ => Cell::Empty,
        }
    ),
    column!(
        "score",
        Number,
        "The level or number, where the verdict is one.",
        |row| row
            .score()
            .and_then(number)
            .map_or(Cell::Empty, Cell::Number)
    ),
    column!(
        "probability",
        Number,
        "The judge's probability of its highest label, in [0, 1].",
        |row| row
            .score()
            .and_then(Score::top)
            .map_or(Cell::Empty, Cell::Number)
    ),
    column!(
        "unscored",
        Text,
        "Why there is no verdict. Such a row is neither an error nor a pass.",
        |row| match row.judged {
            Some((_, Verdict::Unscored { reason, .. })) => Cell::word(reason),
            _ => Cell::Empty,
        }
    ),
    column!(
        "counted_in",
        Text,
        "Ids of the figures whose denominator this row is in if it is scored, joined by `;`.",
        |row| row.judge().map_or(Cell::Empty, |judge| ids(row
            .source
            .counting(row.sample, judge)
            .map(|figure| figure.id.as_str())))
    ),
    column!(
        "error_in",
        Text,
        "Ids of the figures that count this row as an error, joined by `;`.",
        |row| row.judged.map_or(Cell::Empty, |(judge, verdict)| ids(row
            .source
            .errors(row.sample, judge, verdict)
            .into_iter()
            .map(|figure| figure.id.as_str())))
    ),
    column!(
        "reason",
        Text,
        "The judge's reason, or details of why there is no verdict. Hostile text.",
        |row| match row.judged {
            Some((judge, Verdict::Scored(scored))) => {
                Cell::text(row.texts.reason(judge, &scored.rationale))
            }
            Some((judge, Verdict::Unscored { detail, .. })) => {
                Cell::text(row.texts.reason(judge, detail))
            }
            None => Cell::Empty,
        }
    ),
    column!(
        "votes",
        Integer,
        "Number of votes behind the verdict.",
        |row| {
            row.judged.map_or(Cell::Empty, |(_, verdict)| {
                Cell::integer(verdict.votes().len())
            })
        }
    ),
    column!(
        "split",
        Integer,
        "1 if the votes differ, 0 if they agree; empty without votes.",
        |row| {
            let votes = row.judged.map(|(_, verdict)| verdict.votes());
            match votes {
                None | Some([]) => Cell::Empty,
                Some([first, rest @ ..]) => {
                    Cell::integer(rest.iter().any(|vote| vote.score != first.score))
                }
            }
        }
    ),
    column!(
        "messages",
        Json,
        "The conversation: a role and a content for each message.",
        |row| Cell::Json(Value::Array(row.messages()))
    ),
    column!(
        "items",
        Json,
        "The whole score as nocere keeps it.",
        |row| match row.score() {
            // Items can quote what was due.
            Some(score) if row.shows() => Cell::Json(json!(score)),
            _ => Cell::Empty,
        }
    ),
    column!(
        "evidence",
        Json,
        "Passages that support the verdict: number of the answer, byte range, label.",
        |row| match row.judged {
            Some((_, Verdict::Scored(scored))) if row.shows() => Cell::Json(json!(scored.evidence)),
            _ => Cell::Empty,
        }
    ),
    column!("all_votes", Json, "Each vote behind the verdict.", |row| {
        match row.judged {
            Some((_, verdict)) if row.shows() && !verdict.votes().is_empty() => {
                Cell::Json(json!(verdict.votes()))
            }
            _ => Cell::Empty,
        }
    }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_describes_every_column() {
        let reference = include_str!("../../../docs/reference/exports.md");
        let kind = |kind| match kind {
            Kind::Text => "text",
            Kind::Integer => "whole number",
            Kind::Number => "number",
            Kind::Json => "JSON",
        };
        for column in &COLUMNS {
            let row = format!(
                "| `{}` | {} | {} |",
                column.name,
                kind(column.kind),
                column.about
            );
            assert!(reference.contains(&row), "{row}");
        }
    }
}
