//! The protocols of published benchmarks on recorded answers of simulated models, whose figures were
//! counted by hand.

use std::collections::BTreeMap;

use nocere_core::{AnswerKey, Probe, Suite};
use serde_json::{Value, json};

use crate::support::Project;

mod adaptive;
mod asclepius;
mod climedbench;
mod forms;
mod healthbench;
mod improvement;
mod llmeval_med;
mod med_code;
mod med_safety_bench;
mod medguard;

/// The built-in suite `id`.
fn suite(id: &str) -> Suite {
    nocere_suites::builtin(id).unwrap().unwrap()
}

/// A project with the recorded answers in `text` to probes of `suite`, in a file for each model:
/// `replay:MODEL.jsonl`. An answer is `answer`, or for a dialogue one of `answers` for each turn.
fn recorded(suite: &Suite, text: &str) -> Project {
    let project = Project::new();
    let probes: BTreeMap<&str, &Probe> = suite
        .probes
        .iter()
        .map(|probe| (probe.id.as_str(), probe))
        .collect();
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        let answer: Value = serde_json::from_str(line).unwrap();
        let probe = probes[answer["probe"].as_str().unwrap()];
        let file = files.entry(answer["model"].as_str().unwrap().to_owned());
        let file = file.or_default();
        let single = std::slice::from_ref(&answer["answer"]);
        let answers = answer["answers"].as_array().map_or(single, Vec::as_slice);
        let mut messages: Vec<Value> = probe
            .messages
            .iter()
            .map(|message| json!({"role": message.role, "content": message.text()}))
            .collect();
        for (turn, response) in answers.iter().enumerate() {
            if let Some(later) = turn.checked_sub(1) {
                messages.push(json!({"role": "user", "content": probe.follow_ups[later]}));
            }
            let line = json!({"messages": messages, "response": response});
            file.push_str(&format!("{line}\n"));
            messages.push(json!({"role": "assistant", "content": response}));
        }
    }
    for (model, lines) in files {
        project.write(&format!("{model}.jsonl"), lines);
    }
    project
}

/// A file of answers to all probes of `suite`, each as `answer` gives it.
fn answering(suite: &Suite, answer: impl Fn(&Probe) -> String) -> String {
    let lines = suite.probes.iter().map(|probe| {
        let line = json!({"prompt": probe.question(), "response": answer(probe)});
        format!("{line}\n")
    });
    lines.collect()
}

/// A judge of open answers that calls right what repeats the reference word for word.
const SAME_WORDS: &str = r#"
import json, re, sys
for line in sys.stdin:
    request = json.loads(line)
    asked = "\n".join(message["content"] for message in request["messages"])
    token = re.search(r"^Token: (\S+)", asked, re.M).group(1)
    part = lambda name: re.search(rf"^{name}\n(\S+)\n(.*?)\n\1$", asked, re.M | re.S).group(2)
    level = int(part("REFERENCE") == part("ANSWER"))
    text = json.dumps({"reason": "compared", "quote": "", "level": level, "token": token})
    print(json.dumps({"id": request["id"], "text": text, "finish": "stop"}), flush=True)
"#;

/// The letters of the correct option and of those that the question pushes.
fn choice(probe: &Probe) -> (&str, &[String]) {
    match &probe.key {
        Some(AnswerKey::Choice {
            correct, pushed, ..
        }) => (correct, pushed),
        other => panic!("{}: {other:?}", probe.id),
    }
}

/// Runs `protocol` on the recorded answers of `models` and returns the report.
fn report(project: &Project, protocol: &str, models: &[&str], more: &[&str]) -> Value {
    let targets: Vec<String> = models
        .iter()
        .map(|model| format!("replay:{model}.jsonl"))
        .collect();
    let mut run = vec!["run", protocol];
    for target in &targets {
        run.extend(["--target", target]);
    }
    run.extend(more);
    project.json(&run)
}

/// The rows of a part's only table.
fn rows<'a>(report: &'a Value, part: &str) -> &'a [Value] {
    let parts = report["parts"].as_array().unwrap();
    let part = parts.iter().find(|of| of["record"]["id"] == part).unwrap();
    part["tables"][0]["rows"].as_array().unwrap()
}

/// The counts of a row's first column, or else of its last label.
fn column(row: &Value) -> (u64, u64, u64) {
    let last = row["shares"].as_array().unwrap().last().unwrap();
    counts(row["derived"].get(0).unwrap_or(&last[1]))
}

/// Numerator, denominator and number of unscored answers.
fn counts(estimate: &Value) -> (u64, u64, u64) {
    let number = |name: &str| estimate[name].as_u64().unwrap();
    (
        number("numerator"),
        number("denominator"),
        number("unscored"),
    )
}

fn close(value: &Value, wanted: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - wanted).abs() < 1e-9, "{value} is not {wanted}");
}
