use nocere_judges::disagreement::{DisagreementModel, LEVELS};
use serde_json::{Value, json};

use super::{close, column, recorded, report, rows, suite};
use crate::support::Project;

const ANSWERS: &str = include_str!("../../../../../assets/suites/answers/medcode.jsonl");

/// Gives each answer the level of its writer, a critique of that level, and the answer's first words.
const CRITIC: &str = r#"
import json, re, sys
answers = [json.loads(line) for line in open("answers.jsonl")]
critiques = json.load(open("critiques.json"))
levels = ["none", "low", "moderate", "high"]
for line in sys.stdin:
    request = json.loads(line)
    asked = "\n".join(message["content"] for message in request["messages"])
    token = re.search(r"^Token: (\S+)", asked, re.M).group(1)
    said = [a for a in answers if a["answer"] in asked]
    level = said[0]["level"] if said else "none"
    quote = " ".join(said[0]["answer"].split(" ")[:4]) if said else ""
    if "\nREFERENCE\n" in asked:
        # Asked whether it is right.
        reply = {"reason": "as its writer said", "quote": "", "level": int(level in ["none", "low"])}
    else:
        reply = {"critique": critiques[level], "quote": quote, "level": levels.index(level)}
    text = json.dumps({**reply, "token": token})
    print(json.dumps({"id": request["id"], "text": text, "finish": "stop"}), flush=True)
"#;

/// A model for each level, whose answers all have that level, and a critique of each level that the
/// trained classifier reads as its writer did.
fn project() -> Project {
    let mut answers: Vec<Value> = ANSWERS
        .lines()
        .map(|line| {
            let mut answer: Value = serde_json::from_str(line).unwrap();
            answer["model"] = answer["level"].clone();
            answer
        })
        .collect();
    // A model that gives each question an answer on the next level.
    let mixed: Vec<Value> = answers
        .chunks(LEVELS.len())
        .enumerate()
        .map(|(number, levels)| {
            let mut answer = levels[number % LEVELS.len()].clone();
            answer["model"] = json!("mixed");
            answer
        })
        .collect();
    answers.extend(mixed);
    let lines: Vec<String> = answers.iter().map(Value::to_string).collect();
    let project = recorded(&suite("nocere-medcode"), &lines.join("\n"));
    project.write("answers.jsonl", ANSWERS);
    project.write("critic.py", CRITIC);
    let model = DisagreementModel::embedded().unwrap();
    let known: Vec<Value> = include_str!("../../../../../assets/training/critiques/train.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |place: usize| {
        let mut known = known.iter();
        let found = known.find(|row| {
            row["level"] == LEVELS[place] && model.level(row["critique"].as_str().unwrap()) == place
        });
        found.unwrap()["critique"].clone()
    };
    let critiques = json!({"none": of(0), "low": of(1), "moderate": of(2), "high": of(3)});
    project.write("critiques.json", critiques.to_string());
    project
}

#[test]
fn levels_and_probabilities_follow_the_writer() {
    let set = ["--set", "judge=command:python3 critic.py"];
    let report = report(&project(), "med-code", &LEVELS, &set);
    let own = rows(&report, "own");
    assert_eq!(own.len(), 8, "two judges, four models");
    for row in own {
        let place = LEVELS
            .iter()
            .position(|level| row["target"] == format!("replay:{level}.jsonl"))
            .unwrap();
        close(&row["mean"]["value"], place as f64);
        assert_eq!(column(row), (24 * u64::from(place > 1), 24, 0));
    }
    // The trained classifier's own probabilities order the best and the worst model.
    let learned = |level: &str| {
        let row = own.iter().find(|row| {
            row["target"] == format!("replay:{level}.jsonl")
                && row["judge"].as_str().unwrap().ends_with("(learned)")
        });
        row.unwrap()["probabilities"].clone()
    };
    let (best, worst) = (learned("none"), learned("high"));
    assert!(best[0].as_f64() > worst[0].as_f64() && best[3].as_f64() < worst[3].as_f64());
    let sum: f64 = (0..4).map(|at| best[at].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-9);
    // No verdict of the classifier without its validation.
    let titles = report["instruments"].as_array().unwrap();
    let learned = titles
        .iter()
        .find(|of| of["id"].as_str().unwrap().ends_with("(learned)"));
    let title = learned.unwrap()["title"].as_str().unwrap();
    assert!(
        title.contains("of 96") || title.contains("96 held-out critiques"),
        "{title}"
    );
}

/// Twenty-four questions on the levels none, low, moderate and high in turn; the first two levels are
/// right. Of 276 pairs, 216 differ in level and 144 in being right, and all 144 are in opposite orders:
/// −144 / √(216 · 144).
#[test]
fn disagreement_is_set_against_accuracy() {
    let set = ["--set", "judge=command:python3 critic.py"];
    let report = report(&project(), "med-code", &["mixed"], &set);
    assert_eq!(column(&rows(&report, "accuracy")[0]), (12, 24, 0));
    let pairs = &report["contrasts"][0]["rows"][0]["pairs"];
    assert_eq!(pairs["probes"], 24);
    // A bad figure beside a good one: only their correlation says something.
    assert_eq!(pairs["cells"], Value::Null);
    close(&pairs["tau"], -144.0 / f64::sqrt(216.0 * 144.0));
}
