//! Inspect's logs: samples with their messages, output and scores, in an `.eval` archive or
//! one JSON file (log schema version 2).

use std::{collections::BTreeMap, path::Path};

use nocere_core::{Finish, Message, ModelError, Role, UnscoredReason, Usage};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    answer,
    error::ImportError,
    inspect_archive::Archive,
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
struct Sample {
    id: Value,
    #[serde(default)]
    epoch: Option<u32>,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    target: Value,
    #[serde(default)]
    messages: Option<Vec<Value>>,
    #[serde(default)]
    output: Value,
    #[serde(default)]
    scores: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    limit: Value,
    #[serde(default)]
    attachments: Option<BTreeMap<String, String>>,
}

/// Reads an `.eval` archive.
pub(crate) fn read_archive(path: &Path) -> Result<Rows, ImportError> {
    let mut archive = Archive::open(path)?;
    let mut rows = Rows::default();
    let names = archive.names()?;
    let members: Vec<&String> = names
        .iter()
        .filter(|name| name.starts_with("samples/") && name.ends_with(".json"))
        .collect();
    if members.is_empty() {
        return Err(
            ImportError::new(path, "the archive holds no samples/*.json")
                .hint("this is no Inspect log, or one of a run that has not finished a sample"),
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
            read_header(&log, &mut rows);
        }
        None => rows.notes.say("The archive has no header."),
    }
    for name in members {
        if let Some(text) = archive.text(name)? {
            let sample: Sample = parse(path, name, &text)?;
            let row = read_sample(Place::Member(name.clone()), &sample, &mut rows.notes);
            rows.rows.push(row);
        }
    }
    Ok(rows)
}

/// Reads a log in one JSON file.
pub(crate) fn read_log(path: &Path, text: &str) -> Result<Rows, ImportError> {
    let log: Log = json_text::parse(text).map_err(|error| json_text::fault(path, &error))?;
    let mut rows = Rows::default();
    read_header(&log, &mut rows);
    for (index, sample) in log.samples.into_iter().flatten().enumerate() {
        let place = Place::Member(format!("sample {}", index + 1));
        let row = read_sample(place, &sample, &mut rows.notes);
        rows.rows.push(row);
    }
    Ok(rows)
}

fn parse<T: for<'de> Deserialize<'de>>(
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
        let role = match message.get("role").and_then(Value::as_str) {
            Some("system") => Role::System,
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            _ => {
                notes.count(
                    "message of a tool is left out",
                    "messages of tools are left out",
                );
                continue;
            }
        };
        let Content {
            text,
            reasoning,
            refused,
        } = content(message.get("content"), sample, notes);
        let calls = message
            .get("tool_calls")
            .and_then(Value::as_array)
            .is_some_and(|calls| !calls.is_empty());
        if role == Role::Assistant && calls && text.trim().is_empty() {
            notes.count(
                "message that only calls a tool is left out",
                "messages that only call a tool are left out",
            );
            continue;
        }
        let answered = (role == Role::Assistant && !from_input).then_some(reasoning);
        found.push((Message::new(role, text), answered, refused));
    }
    let message = sample.output.pointer("/choices/0/message/content");
    if !found.iter().any(|(_, answered, _)| answered.is_some()) && message.is_some() {
        let Content {
            text,
            reasoning,
            refused,
        } = content(message, sample, notes);
        found.push((
            Message::new(Role::Assistant, text),
            Some(reasoning),
            refused,
        ));
    }
    found
}

struct Content {
    text: String,
    reasoning: Option<String>,
    refused: bool,
}

fn content(value: Option<&Value>, sample: &Sample, notes: &mut Notes) -> Content {
    let mut texts = Vec::new();
    let mut thoughts = Vec::new();
    let mut refused = false;
    let parts = match value {
        Some(Value::String(text)) => {
            texts.push(resolve(text, sample));
            &[][..]
        }
        Some(Value::Array(parts)) => parts.as_slice(),
        _ => &[],
    };
    for part in parts {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or("part");
        let text = part.get(kind).and_then(Value::as_str);
        match (kind, text) {
            ("text", Some(text)) => texts.push(resolve(text, sample)),
            ("reasoning", Some(text)) => thoughts.push(resolve(text, sample)),
            _ => {
                texts.push(format!("[{kind}]"));
                notes.count(
                    "part of a message is not text: its kind is given in brackets instead",
                    "parts of messages are not text: their kinds are given in brackets instead",
                );
            }
        }
        refused |= part.get("refusal") == Some(&Value::Bool(true));
    }
    Content {
        text: texts.join("\n"),
        reasoning: (!thoughts.is_empty()).then(|| thoughts.join("\n")),
        refused,
    }
}

/// The text, or the attachment that it refers to.
fn resolve(text: &str, sample: &Sample) -> String {
    text.strip_prefix("attachment://")
        .and_then(|id| sample.attachments.as_ref()?.get(id))
        .map_or(text, String::as_str)
        .to_owned()
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
