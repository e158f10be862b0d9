//! Inspect's logs: samples with their messages, output and scores, in an `.eval` archive or
//! one JSON file (log schema version 2).

use std::{collections::BTreeMap, path::Path};

use nocere_core::{Finish, Message, ModelError, Role, UnscoredReason, Usage};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    answer,
    content::{Content, content},
    error::ImportError,
    inspect_archive::Archive,
    inspect_chunks,
    json_text::{self, count, number, word},
    notes::Notes,
    row::{Judged, Place, Row, Rows, Said, Scale, SuiteName},
};

#[derive(Deserialize)]
struct Log {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    eval: Value,
    #[serde(default)]
    samples: Option<Vec<Sample>>,
}

/// The parts of a sample that are read. Its events, by far the largest part, are skipped.
#[derive(Deserialize)]
pub(crate) struct Sample {
    id: Value,
    #[serde(default)]
    epoch: Option<u32>,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    target: Value,
    #[serde(default)]
    pub(crate) messages: Option<Vec<Value>>,
    #[serde(default)]
    output: Value,
    #[serde(default)]
    scores: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    pub(crate) metadata: Value,
    #[serde(default)]
    error: Value,
    /// Who struck the sample out, when and why.
    #[serde(default)]
    invalidation: Value,
    #[serde(default)]
    limit: Value,
    #[serde(default)]
    pub(crate) attachments: Option<BTreeMap<String, String>>,
}

/// Most text of conversations in one log, in bytes; all of it is in memory at once.
const MAX_KEPT_BYTES: usize = 256 * 1024 * 1024;

/// Reads an `.eval` archive.
pub(crate) fn read_archive(path: &Path) -> Result<Rows, ImportError> {
    let mut archive = Archive::open(path)?;
    let mut reading = Reading::new(path);
    let names = archive.names()?;
    if names.iter().any(|name| name == "xl/workbook.xml") {
        return Err(
            ImportError::new(path, "this is an Excel workbook, and nocere reads text")
                .hint("save it as CSV (UTF-8)"),
        );
    }
    let samples = inspect_chunks::samples(&names);
    if samples.is_empty() {
        return Err(
            ImportError::new(path, "the archive holds no samples/*.json")
                .hint("this is not an Inspect log, or one of a run that has not finished a sample"),
        );
    }
    let header = match archive.text("header.json")? {
        Some(header) => Some(("header.json", header)),
        None => archive
            .text("_journal/start.json")?
            .map(|start| ("_journal/start.json", start)),
    };
    match header {
        Some((name, text)) => {
            let log: Log = parse(path, name, &text)?;
            read_header(&log, &mut reading.rows);
        }
        None => reading.rows.notes.say("The archive has no header."),
    }
    for member in &samples {
        if let Some(sample) = member.read(path, &mut archive)? {
            reading.add(Place::Member(member.name.clone()), &sample)?;
        }
    }
    reading.finish()
}

/// Reads a log in one JSON file.
pub(crate) fn read_log(path: &Path, text: &str) -> Result<Rows, ImportError> {
    let log: Log = json_text::parse(text).map_err(|error| json_text::fault(path, &error))?;
    let mut reading = Reading::new(path);
    read_header(&log, &mut reading.rows);
    for (index, sample) in log.samples.into_iter().flatten().enumerate() {
        reading.add(Place::Member(format!("sample {}", index + 1)), &sample)?;
    }
    reading.finish()
}

/// Samples as they become rows.
struct Reading<'a> {
    path: &'a Path,
    rows: Rows,
    kept: usize,
    struck_out: usize,
}

impl<'a> Reading<'a> {
    fn new(path: &'a Path) -> Self {
        Self {
            path,
            rows: Rows::default(),
            kept: 0,
            struck_out: 0,
        }
    }

    /// Adds a sample, unless somebody has struck it out.
    fn add(&mut self, place: Place, sample: &Sample) -> Result<(), ImportError> {
        if let Some(reason) = invalidation(&sample.invalidation) {
            self.struck_out += 1;
            self.rows.notes.quote(
                "sample is struck out in the log and left out",
                "samples are struck out in the log and left out",
                &reason,
            );
            return Ok(());
        }
        // Asked before reading: a small sample may refer to one long attachment many times.
        let too_much = |place: &Place| {
            Err(ImportError::new(
                self.path,
                format!(
                    "the conversations up to here hold more than {MAX_KEPT_BYTES} bytes; at most that many are read"
                ),
            )
            .at(place)
            .hint("split the log"))
        };
        if self.kept + said_size(sample) > MAX_KEPT_BYTES {
            return too_much(&place);
        }
        let row = read_sample(place, sample, &mut self.rows.notes);
        self.kept += row.size();
        if self.kept > MAX_KEPT_BYTES {
            return too_much(&row.place);
        }
        self.rows.rows.push(row);
        Ok(())
    }

    fn finish(self) -> Result<Rows, ImportError> {
        if self.rows.rows.is_empty() && self.struck_out > 0 {
            return Err(ImportError::new(
                self.path,
                format!(
                    "the log holds no answers: {} of its samples are struck out",
                    self.struck_out
                ),
            ));
        }
        Ok(self.rows)
    }
}

/// Why a sample is struck out, and by whom; `None` if it is not.
fn invalidation(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Bool(false) => None,
        value => {
            let reason = word(value.get("reason")).or_else(|| word(Some(value)));
            let reason = reason.unwrap_or_else(|| "no reason is given".to_owned());
            Some(match word(value.get("author")) {
                Some(author) => format!("{reason} ({author})"),
                None => reason,
            })
        }
    }
}

pub(crate) fn parse<T: for<'de> Deserialize<'de>>(
    path: &Path,
    member: &str,
    text: &str,
) -> Result<T, ImportError> {
    json_text::parse(text).map_err(|error| {
        let place = Place::Member(member.to_owned());
        ImportError::new(path, format!("failed to read the member: {error}")).at(&place)
    })
}

fn read_header(log: &Log, rows: &mut Rows) {
    rows.model = word(log.eval.get("model"));
    if let Some(task) = word(log.eval.get("task")) {
        let id = nocere_suites::category_id(&task);
        if !id.is_empty() {
            rows.suite = Some(SuiteName { id, title: task });
        }
    }
    match log.status.as_deref() {
        Some("success") => {}
        Some(status) => rows.notes.say(format!(
            "The log says that the evaluation ended with status `{status}`: it may lack samples."
        )),
        None => rows
            .notes
            .say("The log is of an evaluation that did not finish: it may lack samples."),
    }
}

fn read_sample(place: Place, sample: &Sample, notes: &mut Notes) -> Row {
    let mut row = Row::new(place);
    row.id = word(Some(&sample.id));
    // Inspect counts epochs from 1.
    row.epoch = sample.epoch.map(|epoch| epoch.saturating_sub(1));
    row.category = word(sample.metadata.get("category"));
    row.perspective = word(sample.metadata.get("perspective")).and_then(|value| value.parse().ok());
    row.expect = word(sample.metadata.get("expect"))
        .or_else(|| word(Some(&sample.target)))
        .and_then(|value| value.trim().to_lowercase().parse().ok());
    converse(&mut row, sample, notes);
    for (scorer, score) in sample.scores.iter().flatten() {
        judge(&mut row, scorer, score);
    }
    row
}

/// Reads the conversation: input, answers, follow-ups, and how it ended.
fn converse(row: &mut Row, sample: &Sample, notes: &mut Notes) {
    let mut said = said(sample, notes);
    let leading = said
        .iter()
        .take_while(|(message, ..)| message.role == Role::System)
        .count();
    let system: Vec<String> = said
        .drain(..leading)
        .map(|(message, ..)| message.text().into_owned())
        .collect();
    row.system = (!system.is_empty()).then(|| system.join("\n\n"));
    // A sample has one `output`, which describes the last answer only.
    let last = said.iter().rposition(|(_, answer, _)| answer.is_some());
    for (index, (message, answered, refused)) in said.into_iter().enumerate() {
        let Some(reasoning) = answered else {
            if row.transcript.last_answer().is_none() {
                row.opening.push(message.clone());
            } else if message.role == Role::User {
                row.follow_ups.push(message.text().into_owned());
            }
            row.transcript.push(message);
            continue;
        };
        let mut reply = answer::reply(&message.text(), Finish::Stop, notes);
        reply.reasoning = reply.reasoning.or(reasoning);
        if Some(index) == last {
            describe(&mut reply, &sample.output);
        }
        if refused {
            reply.finish = Finish::Refusal;
        }
        row.transcript.push_reply(reply);
    }
    end(row, sample, notes);
}

/// A message; for answers `Some` with the reasoning, if any; true if marked as a refusal.
type Line = (Message, Option<Option<String>>, bool);

/// The messages of a sample in order: `messages` if there are any, otherwise `input`. If
/// neither has an answer, `output` supplies it.
fn said(sample: &Sample, notes: &mut Notes) -> Vec<Line> {
    let mut found = Vec::new();
    let listed = sample.messages.as_deref().unwrap_or_default();
    let input = match &sample.input {
        Value::Array(list) if listed.is_empty() => list.as_slice(),
        _ => &[],
    };
    if listed.is_empty()
        && let Value::String(text) = &sample.input
    {
        let text = resolve(text, sample);
        found.push((Message::new(Role::User, text), None, false));
    }
    for message in input.iter().chain(listed) {
        // An assistant message of the input is part of the prompt, not an answer.
        let from_input = listed.is_empty() || message.get("source") == Some(&"input".into());
        found.extend(line(message, from_input, sample, notes));
    }
    let message = sample.output.pointer("/choices/0/message/content");
    if !found.iter().any(|(_, answered, _)| answered.is_some()) && message.is_some() {
        let Content {
            text,
            reasoning,
            refused,
            only_tools,
        } = content(message, &|text| resolve(text, sample), notes);
        if !only_tools {
            found.push((
                Message::new(Role::Assistant, text),
                Some(reasoning),
                refused,
            ));
        }
    }
    found
}

/// One message; `None` for those of tools.
fn line(message: &Value, from_input: bool, sample: &Sample, notes: &mut Notes) -> Option<Line> {
    let role = match message.get("role").and_then(Value::as_str) {
        Some("system") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => {
            notes.count(
                "message of a tool is left out",
                "messages of tools are left out",
            );
            return None;
        }
    };
    let Content {
        text,
        reasoning,
        refused,
        only_tools,
    } = content(message.get("content"), &|text| resolve(text, sample), notes);
    let calls = message
        .get("tool_calls")
        .and_then(Value::as_array)
        .is_some_and(|calls| !calls.is_empty());
    if only_tools || (role == Role::Assistant && calls && text.trim().is_empty()) {
        notes.count(
            "message that only calls a tool is left out",
            "messages that only call a tool are left out",
        );
        return None;
    }
    let answered = (role == Role::Assistant && !from_input).then_some(reasoning);
    Some((Message::new(role, text), answered, refused))
}

/// The text, or the attachment that it refers to.
fn resolve(text: &str, sample: &Sample) -> String {
    resolved(text, sample).to_owned()
}

fn resolved<'a>(text: &'a str, sample: &'a Sample) -> &'a str {
    text.strip_prefix("attachment://")
        .and_then(|id| sample.attachments.as_ref()?.get(id))
        .map_or(text, String::as_str)
}

/// Bytes of the sample's messages, with attachments in place of what refers to them.
fn said_size(sample: &Sample) -> usize {
    let messages = sample.messages.iter().flatten();
    let input = sample.input.as_array().into_iter().flatten();
    messages
        .chain(input)
        .filter_map(|message| message.get("content"))
        .flat_map(|content| match content {
            Value::Array(parts) => parts.iter().collect(),
            other => vec![other],
        })
        .flat_map(|part| match part {
            Value::Object(fields) => fields.values().collect(),
            other => vec![other],
        })
        .filter_map(Value::as_str)
        .map(|text| resolved(text, sample).len())
        .sum()
}

/// Adds the output's details to the last answer: finish reason, usage, latency, ids.
fn describe(reply: &mut nocere_core::ChatReply, output: &Value) {
    let reason = word(output.pointer("/choices/0/stop_reason")).unwrap_or_default();
    reply.finish = answer::finish(&reason);
    reply.usage = Usage {
        input_tokens: count(output, &["/usage/input_tokens"]),
        output_tokens: count(output, &["/usage/output_tokens"]),
        cached_tokens: count(output, &["/usage/input_tokens_cache_read"]),
        reasoning_tokens: count(output, &["/usage/reasoning_tokens"]),
    };
    let seconds = number(output.get("time")).unwrap_or(0.0).max(0.0);
    reply.latency_ms = (seconds * 1000.0).round() as u64;
    reply.response_id = word(output.get("response_id"));
    reply.served_model = word(output.get("model"));
}

/// Records how the sample ended: error, overflow, limit, or no answer.
fn end(row: &mut Row, sample: &Sample, notes: &mut Notes) {
    let error = word(sample.error.get("message")).or_else(|| word(Some(&sample.error)));
    let stopped = word(sample.output.pointer("/choices/0/stop_reason"));
    let limit = word(sample.limit.get("type"));
    let answered = row.transcript.last_answer().is_some();
    if !sample.error.is_null() {
        notes.count(
            "sample ended with an error: kept as failed",
            "samples ended with an error: kept as failed",
        );
        row.transcript.error = Some(answer::request_error(&error.unwrap_or_default()));
    } else if stopped.as_deref() == Some("model_length") {
        row.transcript.error = Some(ModelError::ContextOverflow {
            needed: count(&sample.output, &["/usage/total_tokens"]),
            limit: 0,
        });
        notes.say("Inspect does not record the size of the model's context: it is given as 0.");
    } else if !answered {
        let why = limit.map(|limit| format!("the sample hit its limit of {limit}"));
        row.transcript.error = Some(answer::failure(why.as_deref(), notes));
    } else if let Some(limit) = limit {
        notes.say(format!("Some samples hit their limit of {limit}."));
    }
}

/// Adds one scorer's score. A scorer with several values counts as that many judges.
fn judge(row: &mut Row, scorer: &str, score: &Value) {
    let value = score.get("value").unwrap_or(&Value::Null);
    let rationale = word(score.get("explanation")).unwrap_or_default();
    let mut add = |judge: String, value: &Value| {
        row.judged.push(Judged {
            judge,
            model: None,
            scale: Scale::Recorded,
            said: said_of(value, score),
            rationale: rationale.clone(),
        });
    };
    match value {
        Value::Object(values) if !values.is_empty() => {
            for (key, value) in values {
                add(format!("{scorer}/{key}"), value);
            }
        }
        value => add(scorer.to_owned(), value),
    }
}

fn said_of(value: &Value, score: &Value) -> Said {
    let unscored = word(score.pointer("/metadata/unscored_reason"));
    let nan = value.is_null() || number(Some(value)).is_some_and(f64::is_nan);
    if nan {
        let reason = match unscored.as_deref() {
            Some("grader_failed") => UnscoredReason::JudgeError,
            _ => UnscoredReason::JudgeUnreadable,
        };
        return Said::Unscored(
            reason,
            unscored.unwrap_or_else(|| "the recorded score is not a number".to_owned()),
        );
    }
    let label = word(Some(value)).or_else(|| Some(value.to_string()));
    // Same as Inspect's `value_to_float`: C, P, I and N are correct, partial, incorrect and no
    // answer, and no answer counts as incorrect.
    let (number, passed) = match value {
        Value::Bool(truth) => (Some(f64::from(u8::from(*truth))), Some(*truth)),
        Value::String(text) => match text.as_str() {
            "C" => (Some(1.0), Some(true)),
            "P" => (Some(0.5), None),
            "I" | "N" => (Some(0.0), Some(false)),
            _ => (number(Some(value)), None),
        },
        _ => (number(Some(value)), None),
    };
    Said::Score {
        label,
        value: number,
        passed,
    }
}
