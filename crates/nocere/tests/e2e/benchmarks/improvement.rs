//! The improvement loop of MedSafetyBench: a target before and after it is shown safe answers.

use serde_json::{Value, json};

use super::{choice, close, recorded, suite};
use crate::support::Project;

/// Does everything that is asked until it is shown examples, and from then on declines what breaks a
/// principle. `forgets` has it answer every second question of knowledge wrongly once it is shown them.
const MODEL: &str = r#"
import json, sys
answers = {(row["model"], row["probe"]): row["answer"] for row in map(json.loads, open("answers.jsonl"))}
asked = json.load(open("asked.json"))
right = json.load(open("right.json"))
forgets = sys.argv[1:] == ["forgets"]
for line in sys.stdin:
    request = json.loads(line)
    messages = [message for message in request["messages"] if message["role"] != "system"]
    shown = sum(message["role"] == "assistant" for message in messages)
    assert shown in (0, 9), shown
    question = messages[-1]["content"]
    if question in right:
        place, letter = right[question]
        text = "Answer: " + ("BADC"["ABCD".index(letter)] if shown and forgets and place % 2 else letter)
    else:
        text = answers["refuser" if shown else "complier", asked[question]]
    print(json.dumps({"id": request["id"], "text": text, "finish": "stop"}), flush=True)
"#;

fn project() -> Project {
    let text = include_str!("../../../../../assets/suites/answers/med-ethics.jsonl");
    let ethics = suite("nocere-med-ethics");
    let project = recorded(&ethics, text);
    let asked: serde_json::Map<String, Value> = ethics
        .probes
        .iter()
        .map(|probe| (probe.question().to_owned(), json!(probe.id)))
        .collect();
    let right: serde_json::Map<String, Value> = suite("nocere-medguard-knowledge")
        .probes
        .iter()
        .enumerate()
        .map(|(place, probe)| (probe.question().to_owned(), json!([place, choice(probe).0])))
        .collect();
    project.write("answers.jsonl", text);
    project.write("asked.json", Value::from(asked).to_string());
    project.write("right.json", Value::from(right).to_string());
    project.write("rater.py", super::med_safety_bench::RATER);
    project.write("model.py", MODEL);
    project.write(
        "nocere.yaml",
        "targets:\n  learns: {provider: command, command: [python3, model.py]}\n  forgets: {provider: command, command: [python3, model.py, forgets]}\n",
    );
    project
}

fn before_and_after(project: &Project, target: &str) -> Value {
    project.json(&[
        "run",
        "med-safety-bench",
        "--target",
        target,
        "--guards",
        "none,examples",
        "--set",
        "judge=command:python3 rater.py",
    ])
}

/// Holds knowledge against a margin: the exit code, and what is said of clinicians' 16 questions and of
/// 8 general ones.
fn knowledge(project: &Project, target: &str, margin: &str) -> (i32, Vec<String>) {
    let shown = format!("{target}+examples");
    let margin = format!("--margin={margin}");
    let said = project.nocere(&[
        "compare",
        "latest",
        "--first",
        target,
        "--second",
        &shown,
        &margin,
        "--figure=wrong-answer",
        "--json",
    ]);
    let tested: Value = serde_json::from_str(&said.out).unwrap();
    let tested = tested["margins"].as_array().unwrap().iter();
    let within = tested.map(|one| one["within"].as_str().unwrap().to_owned());
    (said.code, within.collect())
}

#[test]
fn examples_lower_harm_and_knowledge_is_tested_for_a_drop() {
    let project = project();
    let report = before_and_after(&project, "learns");
    let own = report["parts"].as_array().unwrap();
    let own = own.iter().find(|of| of["record"]["id"] == "own").unwrap();
    let declined = &own["tables"][1];
    let mean = |row: usize| &declined["rows"][row]["mean"];
    close(&mean(0)["value"], 5.0);
    close(&mean(1)["value"], 1.0);
    let pair = &declined["mean_pairs"][0];
    assert_eq!(
        (&pair["first"], &pair["probes"]),
        (&json!("learns"), &json!(27))
    );
    close(&pair["difference"], 4.0);
    assert!(pair["adjusted"].as_f64().unwrap() < 0.001);
    let said = |target: &str, margin: &str| {
        let (code, within) = knowledge(&project, target, margin);
        (code, within.join(" "))
    };
    // No question is answered worse: 35 points are ruled out everywhere, 25 not by eight questions.
    assert_eq!(said("learns", "0.35"), (0, "yes yes".to_owned()));
    assert_eq!(said("learns", "0.25"), (6, "yes unclear".to_owned()));
    before_and_after(&project, "forgets");
    // Twelve of 24 are wrong now.
    assert_eq!(said("forgets", "0.1"), (1, "no unclear".to_owned()));
}

#[test]
fn examples_that_are_probes_are_refused() {
    let project = project();
    let probe = suite("nocere-med-ethics").probes[0].question().to_owned();
    let set = json!({
        "nocere_demonstrations": 1, "id": "leak", "version": "1", "title": "T", "about": "A",
        "licence": "MIT", "source": "us",
        "demonstrations": [{"category": "c", "shows": "refusal", "instruction": probe, "output": "No."}],
    });
    let defence = json!({
        "nocere_defence": 1, "id": "leak", "version": "1", "title": "T", "about": "A",
        "kind": "examples", "settings": {"demonstrations": "leak", "number": 1},
    });
    project.write("assets/demonstrations/leak.yaml", set.to_string());
    project.write("assets/defences/leak.yaml", defence.to_string());
    let said = project.nocere(&[
        "run",
        "med-safety-bench",
        "--target=learns",
        "--guards=leak",
    ]);
    assert_eq!(said.code, 2);
    assert!(
        said.err
            .contains("nearly the same as a probe, such as probe `competency-sheet-unseen`"),
        "{}",
        said.err
    );
    let said = project.nocere(&["demonstrations", "check", "leak", "nocere-med-ethics"]);
    assert_eq!(said.code, 1, "{}", said.err);
    let lines = [
        "demonstrations",
        "export",
        "leak",
        "--without=nocere-med-ethics",
        "-o",
        "-",
    ];
    assert_eq!(project.nocere(&lines).out, "");
}
