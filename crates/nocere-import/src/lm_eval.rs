//! lm-eval's `samples_<task>_<time>.jsonl`: one line per document and filter, with the
//! generated texts and their metrics.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{Finish, Message, Role, UnscoredReason};
use serde_json::{Map, Value};

use crate::{
    answer,
    error::ImportError,
    json_text::{self, number, word},
    notes::Notes,
    options::Options,
    row::{Judged, Place, Row, Rows, Said, Scale, SuiteName},
};

/// Keys of a document that may hold its question, likeliest first.
const QUESTIONS: [&str; 7] = [
    "question",
    "query",
    "prompt",
    "input",
    "instruction",
    "problem",
    "text",
];

/// Keys of a row that are not metrics.
const NOT_METRICS: [&str; 11] = [
    "doc_id",
    "doc",
    "target",
    "arguments",
    "resps",
    "filtered_resps",
    "filter",
    "metrics",
    "doc_hash",
    "prompt_hash",
    "target_hash",
];

/// Reads all documents. Each repeat becomes an epoch; each filter adds its metrics.
pub(crate) fn read(path: &Path, text: &str, options: &Options) -> Result<Rows, ImportError> {
    let mut rows = Rows::default();
    let task = task(path);
    if let Some(task) = &task {
        let id = nocere_suites::category_id(task);
        if !id.is_empty() {
            rows.suite = Some(SuiteName {
                id,
                title: task.clone(),
            });
        }
    }
    rows.model = model(path);
    if rows.model.is_some() {
        rows.notes
            .say("The model's name is that of the folder, as lm-eval writes it.");
    }
    rows.notes
        .say("The file does not say why answers ended: each is taken as complete.");
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (place, document) in json_text::objects(path, text)? {
        let answers = answers(path, &place, &document)?;
        let id = id(path, &place, &document, options)?;
        let judged = judged(&document);
        if let Some(first) = seen.get(&id).and_then(|index| rows.rows.get_mut(*index)) {
            merge(path, &place, first, judged)?;
            continue;
        }
        seen.insert(id.clone(), rows.rows.len());
        let repeats = answers.len();
        let mut judged = Some(judged);
        for (epoch, answer) in answers.into_iter().enumerate() {
            let mut row = Row::new(place.clone());
            row.id = Some(id.clone());
            row.epoch = Some(epoch as u32);
            row.category.clone_from(&task);
            ask(path, &mut row, &document, options, &mut rows.notes)?;
            put_answer(&mut row, answer, &mut rows.notes);
            row.judged = judged.take().unwrap_or_default();
            rows.rows.push(row);
        }
        if repeats > 1 {
            rows.notes.say(
                "lm-eval gives one metric for all repeats of a document: it is kept with the first.",
            );
        }
    }
    Ok(rows)
}

/// Puts an answer, or that there is none, into the transcript.
fn put_answer(row: &mut Row, answer: Option<String>, notes: &mut Notes) {
    match answer {
        Some(text) if text == FAILED => {
            notes.count(
                "answer is the bare word `None`, which lm-eval writes for a failed call",
                "answers are the bare word `None`, which lm-eval writes for failed calls",
            );
            let why = Some("lm-eval recorded `None` in place of an answer");
            row.transcript.error = Some(answer::failure(why, notes));
        }
        Some(text) => {
            let reply = answer::reply(&text, Finish::Stop, notes);
            row.transcript.push_reply(reply);
        }
        None => row.transcript.error = Some(answer::failure(None, notes)),
    }
}

/// The task in the file name `samples_<task>_<time>.jsonl`.
fn task(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?.strip_prefix("samples_")?;
    let task = match stem.rsplit_once('_') {
        Some((task, time)) if time.starts_with(|first: char| first.is_ascii_digit()) => task,
        _ => stem,
    };
    (!task.is_empty()).then(|| task.to_owned())
}

/// The model, after which lm-eval names the folder, with `__` for `/`.
fn model(path: &Path) -> Option<String> {
    let folder = path.parent()?.file_name()?.to_str()?;
    folder.contains("__").then(|| folder.replace("__", "/"))
}

fn id(
    path: &Path,
    place: &Place,
    row: &Map<String, Value>,
    options: &Options,
) -> Result<String, ImportError> {
    if let Some(key) = options.mapping.get("id") {
        return document_text(path, place, row, "id", key);
    }
    word(row.get("doc_id"))
        .map(|id| format!("doc-{id}"))
        .ok_or_else(|| ImportError::new(path, "field `doc_id` is missing").at(place))
}

fn document_text(
    path: &Path,
    place: &Place,
    row: &Map<String, Value>,
    field: &str,
    key: &str,
) -> Result<String, ImportError> {
    let document = row.get("doc").unwrap_or(&Value::Null);
    word(document.get(key)).ok_or_else(|| {
        let known: Vec<&str> = document
            .as_object()
            .map(|keys| keys.keys().map(String::as_str).collect())
            .unwrap_or_default();
        ImportError::new(path, format!("no text at `doc.{key}` for field `{field}`"))
            .at(place)
            .did_you_mean(key, &known, "the keys of `doc`")
    })
}

/// Reads the question. The probe gets the document's question, the transcript the text that
/// was sent: a template can wrap the question and put examples in front of it.
fn ask(
    path: &Path,
    row: &mut Row,
    document: &Map<String, Value>,
    options: &Options,
    notes: &mut Notes,
) -> Result<(), ImportError> {
    let question = match options.mapping.get("prompt") {
        Some(key) => Some(document_text(path, &row.place, document, "prompt", key)?),
        None => QUESTIONS.iter().find_map(|key| {
            let text = document.get("doc")?.get(key)?.as_str()?;
            (!text.trim().is_empty()).then(|| text.to_owned())
        }),
    };
    let arguments = document.get("arguments").unwrap_or(&Value::Null);
    let sent = ["/gen_args_0/arg_0", "/0/0", "/0/arg_0"]
        .iter()
        .find_map(|pointer| sent(arguments.pointer(pointer)?, notes));
    let Some(mut sent) = sent.or_else(|| {
        let question = question.clone()?;
        Some(vec![Message::new(Role::User, question)])
    }) else {
        return Err(
            ImportError::new(path, "neither `arguments` nor `doc` says what was asked")
                .at(&row.place)
                .hint("map `prompt` to a key of `doc`"),
        );
    };
    row.system = answer::take_system(&mut sent);
    row.ask(sent);
    if let Some(question) = question {
        row.opening = vec![Message::new(Role::User, question)];
    }
    Ok(())
}

/// The messages that were sent: a text, a chat, or either as the only entry of a list, as lm-eval
/// writes chats for servers.
fn sent(value: &Value, notes: &mut Notes) -> Option<Vec<Message>> {
    match value {
        Value::String(text) => Some(answer::prompt(text, notes)),
        Value::Array(list) => match list.as_slice() {
            [only] if !only.is_object() => sent(only, notes),
            _ => answer::chat(value, notes),
        },
        _ => None,
    }
}

/// The word that lm-eval writes for a call that failed.
const FAILED: &str = "None";

/// The generated texts, one per repeat; `None` for a missing one.
fn answers(
    path: &Path,
    place: &Place,
    row: &Map<String, Value>,
) -> Result<Vec<Option<String>>, ImportError> {
    let fail = |message: &str| ImportError::new(path, message).at(place);
    let repeats = match row.get("resps") {
        Some(Value::Array(requests)) => match requests.first() {
            Some(Value::Array(repeats)) if requests.len() == 1 => repeats.clone(),
            _ if requests.iter().all(Value::is_string) && !requests.is_empty() => requests.clone(),
            Some(_) => return Err(likelihoods(path, place)),
            None => Vec::new(),
        },
        _ => return Err(fail("field `resps` is not a list")),
    };
    if repeats.is_empty() {
        return Ok(vec![None]);
    }
    // A number and a truth value are a likelihood and whether it was the greedy choice.
    let is_pair = matches!(repeats.as_slice(), [first, second]
        if number(Some(first)).is_some() && is_truth(second));
    if is_pair {
        return Err(likelihoods(path, place));
    }
    repeats
        .into_iter()
        .map(|answer| match answer {
            Value::String(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            _ => Err(likelihoods(path, place)),
        })
        .collect()
}

fn is_truth(value: &Value) -> bool {
    value.is_boolean() || matches!(value.as_str(), Some("True" | "False"))
}

/// The error for a task that compares likelihoods and generates no text.
fn likelihoods(path: &Path, place: &Place) -> ImportError {
    ImportError::new(
        path,
        "`resps` holds likelihoods, not answers: this task does not let the model speak",
    )
    .at(place)
    .hint("only tasks with `output_type: generate_until` have answers to import")
}

/// The metrics of a row: the listed ones, or else every other number. A filter's name is
/// added to its metrics.
fn judged(row: &Map<String, Value>) -> Vec<Judged> {
    let filter = word(row.get("filter")).filter(|filter| filter != "none");
    let listed: Option<Vec<&str>> = row
        .get("metrics")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect());
    row.iter()
        .filter(|(key, value)| match &listed {
            Some(names) => names.contains(&key.as_str()),
            None => !NOT_METRICS.contains(&key.as_str()) && number(Some(value)).is_some(),
        })
        .map(|(metric, value)| Judged {
            judge: match &filter {
                Some(filter) => format!("{metric}:{filter}"),
                None => metric.clone(),
            },
            model: None,
            scale: Scale::Recorded,
            said: said(value),
            rationale: String::new(),
        })
        .collect()
}

fn said(value: &Value) -> Said {
    match value {
        Value::Null => Said::Unscored(
            UnscoredReason::JudgeUnreadable,
            "the recorded metric is null".to_owned(),
        ),
        Value::Bool(truth) => Said::Score {
            label: Some(truth.to_string()),
            value: Some(f64::from(u8::from(*truth))),
            passed: None,
        },
        value => Said::Score {
            label: word(Some(value)).or_else(|| Some(value.to_string())),
            value: number(Some(value)),
            passed: None,
        },
    }
}

/// Adds another filter's metrics of the same answers.
fn merge(
    path: &Path,
    place: &Place,
    first: &mut Row,
    judged: Vec<Judged>,
) -> Result<(), ImportError> {
    let known = |new: &Judged| first.judged.iter().any(|old| old.judge == new.judge);
    if judged.is_empty() || judged.iter().any(known) {
        return Err(ImportError::new(
            path,
            format!("this document stands already in {}", first.place),
        )
        .at(place)
        .hint("lines of one document must differ in `filter`; is this two files in one?"));
    }
    first.judged.extend(judged);
    Ok(())
}
