//! promptfoo's results: one result per test, prompt and provider, as JSON or JSONL (results
//! version 3). Its CSV is read by [`promptfoo_table`](crate::promptfoo_table).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use nocere_core::{Finish, Message, Role, UnscoredReason, Usage};
use serde_json::{Map, Value};

use crate::{
    answer,
    content::{self, Content},
    error::ImportError,
    json_text::{self, count, number, word},
    notes::Notes,
    options::Options,
    promptfoo_table, promptfoo_turns,
    row::{Judged, Place, Row, Rows, Said, Scale},
    turns,
};

/// Name of the judge for a test's overall result, over all its assertions.
pub(crate) const OVERALL: &str = "promptfoo";

/// `failureReason` of a result that ended with an error rather than a failed assertion.
const ERROR: u64 = 2;

/// Reads all results as rows, each with its provider as the model.
pub(crate) fn read(path: &Path, text: &str, options: &Options) -> Result<Rows, ImportError> {
    if !text.trim_start().starts_with(['{', '[']) {
        return promptfoo_table::read(path, text, options);
    }
    let mut results = results(path, text)?;
    let mut rows = Rows::default();
    select(path, &mut results, options)?;
    // With one assertion at most, the overall result already says what the assertion does.
    let judged_apart = results
        .iter()
        .any(|(_, result)| components(result).len() > 1);
    let mut ids = Ids::default();
    for (place, result) in results {
        let mut row = Row::new(place);
        row.model = provider(&result);
        ask(path, &mut row, &result, options, &mut rows.notes)?;
        row.id = Some(id(&result, &mut ids));
        row.category = ["/testCase/metadata/pluginId", "/metadata/pluginId"]
            .iter()
            .find_map(|pointer| word(result.pointer(pointer)));
        read_answer(&mut row, &result, &mut rows.notes);
        judge(&mut row, &result, judged_apart, &mut rows.notes);
        rows.rows.push(row);
    }
    Ok(rows)
}

/// The results of a JSONL file, or the list inside one JSON document.
fn results(path: &Path, text: &str) -> Result<Vec<(Place, Value)>, ImportError> {
    let first = text.trim_start().lines().next().unwrap_or("");
    let is_row = json_text::parse::<Map<String, Value>>(first)
        .is_ok_and(|object| object.contains_key("promptIdx"));
    if is_row {
        let objects = json_text::objects(path, text)?;
        return Ok(objects
            .into_iter()
            .map(|(place, object)| (place, Value::Object(object)))
            .collect());
    }
    let mut document: Value =
        json_text::parse(text).map_err(|error| json_text::fault(path, &error))?;
    let list = ["/results/results", "/results"]
        .iter()
        .find(|pointer| document.pointer(pointer).is_some_and(Value::is_array))
        .and_then(|pointer| document.pointer_mut(pointer));
    let Some(Value::Array(list)) = list.map(Value::take) else {
        return Err(ImportError::new(path, "no list at `results.results`")
            .hint("write promptfoo's results with `-o results.json`"));
    };
    Ok(list
        .into_iter()
        .enumerate()
        .map(|(index, result)| (Place::Member(format!("result {}", index + 1)), result))
        .collect())
}

/// Keeps only the results of the provider that the mapping of `model` names, if it names one.
fn select(
    path: &Path,
    results: &mut Vec<(Place, Value)>,
    options: &Options,
) -> Result<(), ImportError> {
    let Some(wanted) = options.mapping.get("model") else {
        return Ok(());
    };
    let providers: BTreeSet<String> = results
        .iter()
        .filter_map(|(_, result)| provider(result))
        .collect();
    if !providers.contains(wanted) {
        return Err(no_provider(path, wanted, &providers));
    }
    results.retain(|(_, result)| provider(result).as_deref() == Some(wanted));
    Ok(())
}

/// The error for a provider that the file does not have.
pub(crate) fn no_provider(path: &Path, wanted: &str, known: &BTreeSet<String>) -> ImportError {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    ImportError::new(path, format!("no results of provider `{wanted}`")).did_you_mean(
        wanted,
        &known,
        "the providers",
    )
}

fn provider(result: &Value) -> Option<String> {
    let provider = result.get("provider")?;
    word(provider.get("id")).or_else(|| word(Some(provider)))
}

/// Ids of the tests, by the content that was asked.
#[derive(Default)]
pub(crate) struct Ids {
    by_content: BTreeMap<String, String>,
    taken: BTreeSet<String>,
}

impl Ids {
    /// The id of what was `asked`: `wanted`, or the one that it has already.
    pub(crate) fn of(&mut self, asked: String, wanted: impl FnOnce() -> String) -> String {
        if let Some(id) = self.by_content.get(&asked) {
            return id.clone();
        }
        let mut id = wanted();
        while !self.taken.insert(id.clone()) {
            id.push('x');
        }
        self.by_content.insert(asked, id.clone());
        id
    }
}

/// The id of a test: promptfoo's number of its first run. Repeats have their own numbers and
/// share everything else.
fn id(result: &Value, ids: &mut Ids) -> String {
    let part = |pointer| result.pointer(pointer).unwrap_or(&Value::Null);
    let asked = format!(
        "{}\0{}\0{}",
        part("/prompt/raw"),
        part("/vars"),
        part("/testCase/metadata"),
    );
    ids.of(asked, || {
        let test = count(result, &["/testIdx"]);
        match count(result, &["/promptIdx"]) {
            0 => format!("test-{test}"),
            prompt => format!("test-{test}-prompt-{prompt}"),
        }
    })
}

/// Reads the question: the rendered prompt, or the variable that the user mapped. If an
/// attack strategy rewrote it, the transcript has the rewritten form, which the model saw.
fn ask(
    path: &Path,
    row: &mut Row,
    result: &Value,
    options: &Options,
    notes: &mut Notes,
) -> Result<(), ImportError> {
    let rendered = ["/prompt/raw", "/vars/prompt", "/vars/query", "/prompt"]
        .iter()
        .find_map(|pointer| text(result.pointer(pointer)))
        .ok_or_else(|| {
            ImportError::new(path, "field `prompt.raw` is missing or empty").at(&row.place)
        })?;
    let mut opening = answer::prompt(&rendered, notes);
    row.system = answer::take_system(&mut opening);
    row.ask(opening);
    if let Some(sent) = text(result.pointer("/response/metadata/redteamFinalPrompt"))
        .filter(|sent| *sent != rendered)
    {
        notes.count(
            "prompt was rewritten by an attack: the probe has the first form, the transcript what was sent",
            "prompts were rewritten by an attack: the probes have the first form, the transcripts what was sent",
        );
        let mut sent = answer::prompt(&sent, notes);
        let system = answer::take_system(&mut sent);
        row.system = system.or(row.system.take());
        row.transcript.turns.clear();
        for message in sent {
            row.transcript.push(message);
        }
    }
    if let Some(variable) = options.mapping.get("prompt") {
        let value = result
            .get("vars")
            .and_then(|vars| text(vars.get(variable)))
            .ok_or_else(|| {
                let known: Vec<&str> = result
                    .get("vars")
                    .and_then(Value::as_object)
                    .map(|vars| vars.keys().map(String::as_str).collect())
                    .unwrap_or_default();
                ImportError::new(path, format!("no variable `{variable}` for field `prompt`"))
                    .at(&row.place)
                    .did_you_mean(variable, &known, "the variables")
            })?;
        row.opening = vec![Message::new(Role::User, value)];
    }
    Ok(())
}

/// A text that is not blank, untrimmed.
fn text(value: Option<&Value>) -> Option<String> {
    value?
        .as_str()
        .filter(|text| !text.trim().is_empty())
        .map(str::to_owned)
}

/// Reads the answer and, if an attack led a conversation, all its turns.
fn read_answer(row: &mut Row, result: &Value, notes: &mut Notes) {
    let response = result.get("response").unwrap_or(&Value::Null);
    let flagged = is_flagged(result);
    let said = match response.get("output") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(Content {
            text: text.clone(),
            ..Content::default()
        }),
        // Other objects are structured output: the answer itself.
        Some(other) => Some(content::answer(other, notes).unwrap_or_else(|| Content {
            text: other.to_string(),
            ..Content::default()
        })),
    };
    // A guardrail may withhold the answer without a word in its place.
    let said = said.or_else(|| flagged.then(Content::default));
    let conversation = promptfoo_turns::conversation(result, notes);
    let Some(said) = said else {
        if let Some(messages) = conversation {
            turns::converse(row, messages, None, notes);
        }
        let error = word(result.get("error")).or_else(|| word(response.get("error")));
        row.transcript.error = Some(answer::failure(error.as_deref(), notes));
        return;
    };
    let refused = said.refused || response.get("isRefusal") == Some(&Value::Bool(true));
    let finish = if flagged {
        notes.count(
            "answer is flagged by a guardrail: what stands in its place is not the model's, kept as filtered",
            "answers are flagged by a guardrail: what stands in their place is not the model's, kept as filtered",
        );
        Finish::ContentFilter
    } else if refused {
        Finish::Refusal
    } else {
        answer::finish(&word(response.get("finishReason")).unwrap_or_default())
    };
    let mut reply = answer::reply(&said.text, finish, notes);
    reply.reasoning = reply.reasoning.or(said.reasoning);
    reply.usage = Usage {
        input_tokens: count(response, &["/tokenUsage/prompt"]),
        output_tokens: count(response, &["/tokenUsage/completion"]),
        // promptfoo's own `cached` counts answers from its cache, not the prompt cache.
        cached_tokens: count(
            response,
            &["/tokenUsage/completionDetails/cacheReadInputTokens"],
        ),
        reasoning_tokens: count(response, &["/tokenUsage/completionDetails/reasoning"]),
    };
    reply.latency_ms = number(result.get("latencyMs")).unwrap_or(0.0).max(0.0) as u64;
    match conversation {
        Some(messages) => turns::converse(row, messages, Some(reply), notes),
        None => row.transcript.push_reply(reply),
    }
}

/// Returns true if a guardrail stopped the question or the answer.
fn is_flagged(result: &Value) -> bool {
    let places = [
        "/response/guardrails",
        "/response/metadata/guardrails",
        "/guardrails",
    ];
    let words = ["flagged", "flaggedInput", "flaggedOutput", "blocked"];
    places.iter().any(|place| {
        let guardrails = result.pointer(place);
        words.iter().any(|word| {
            guardrails.and_then(|guardrails| guardrails.get(word)) == Some(&Value::Bool(true))
        })
    })
}

fn components(result: &Value) -> &[Value] {
    result
        .pointer("/gradingResult/componentResults")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Adds the overall result and, if `judged_apart`, each assertion as a judge of its own.
fn judge(row: &mut Row, result: &Value, judged_apart: bool, notes: &mut Notes) {
    let answered = row.transcript.last_answer().is_some();
    let grading = result.get("gradingResult").unwrap_or(&Value::Null);
    // An error after an answer is the grader's.
    if answered && count(result, &["/failureReason"]) == ERROR {
        let detail = word(result.get("error")).unwrap_or_default();
        let line = detail.lines().next().unwrap_or("").to_owned();
        row.judged.push(judged(
            OVERALL,
            Said::Unscored(UnscoredReason::JudgeError, line),
            "",
        ));
        return;
    }
    if !answered || grading.is_null() {
        return;
    }
    let components = components(result);
    let reason = word(grading.get("reason")).unwrap_or_default();
    if components.is_empty() && reason == "No assertions" {
        notes.count(
            "result passed because it has no assertions: kept as not judged",
            "results passed because they have no assertions: kept as not judged",
        );
        return;
    }
    row.judged.push(judged(OVERALL, graded(grading), &reason));
    if !judged_apart {
        return;
    }
    // Assertions of the same name are numbered, so that each keeps its own verdict.
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for component in components {
        let name = ["/assertion/metric", "/assertion/type"]
            .iter()
            .find_map(|pointer| word(component.pointer(pointer)))
            .unwrap_or_else(|| "assertion".to_owned());
        let times = seen.entry(name.clone()).or_insert(0);
        *times += 1;
        let name = match *times {
            1 => format!("{OVERALL}/{name}"),
            times => format!("{OVERALL}/{name}-{times}"),
        };
        let reason = word(component.get("reason")).unwrap_or_default();
        row.judged.push(judged(&name, graded(component), &reason));
    }
}

fn graded(grading: &Value) -> Said {
    let passed = grading.get("pass").and_then(Value::as_bool);
    Said::Score {
        label: passed.map(|passed| if passed { "pass" } else { "fail" }.to_owned()),
        value: number(grading.get("score")),
        passed,
    }
}

/// A result of a judge on a scale of its own.
pub(crate) fn judged(judge: &str, said: Said, rationale: &str) -> Judged {
    Judged {
        judge: judge.to_owned(),
        model: None,
        scale: Scale::Recorded,
        said,
        rationale: rationale.to_owned(),
    }
}
