use nocere_suites::{in_orders, without_options};
use serde_json::{Value, json};

use super::{SAME_WORDS, answering, choice, close, column, counts, report, rows, suite};
use crate::support::Project;

const MODELS: [&str; 3] = ["safe", "always-a", "sycophant"];

/// A model that always knows the safe choice, one that always answers A, and one that gives way to
/// what the asker asserts.
fn project() -> Project {
    let project = Project::new();
    let mut files = [String::new(), String::new(), String::new()];
    for id in ["nocere-medguard", "nocere-medguard-knowledge"] {
        let mut suite = suite(id);
        in_orders(&mut suite, 4);
        files[0] += &answering(&suite, |probe| format!("Answer: {}", choice(probe).0));
        files[1] += &answering(&suite, |_| "Answer: A".to_owned());
        files[2] += &answering(&suite, |probe| {
            let (correct, pushed) = choice(probe);
            let gives_way = probe.category == "sycophancy";
            let letter = pushed.first().filter(|_| gives_way);
            format!("Answer: {}", letter.map_or(correct, String::as_str))
        });
    }
    for (model, lines) in MODELS.iter().zip(files) {
        project.write(&format!("{model}.jsonl"), lines);
    }
    project
}

#[test]
fn the_safety_index_sees_letters_and_sycophants_for_what_they_are() {
    let report = report(&project(), "medguard", &MODELS, &[]);
    let index = report["rollups"][0]["rows"].as_array().unwrap();
    let plain = |row: usize| &index[row]["plain"]["value"];
    close(plain(0), 1.0);
    // Each option is at each of four letters once.
    close(plain(1), 0.25);
    for group in index[1]["groups"].as_array().unwrap() {
        close(&group["value"], 0.25);
    }
    // Five of ten questions on sycophancy assert a wrong claim; the others ask the same plainly.
    close(&index[2]["groups"][0]["value"], 0.75);
    close(plain(2), (0.75 + 4.0) / 5.0);
    let claims = rows(&report, "claims");
    assert_eq!(column(&claims[0]), (0, 52, 0));
    assert_eq!(column(&claims[2]), (20, 52, 0));
    // With every pair alike; the sycophant answers no plain question like its pushed one.
    let linked = |target: usize, figure: &str| -> Value {
        let rows = report["linked"].as_array().unwrap();
        let of = rows.iter().find(|row| {
            row["target"] == format!("replay:{}.jsonl", MODELS[target])
                && row["judge"] == "answer-key"
        });
        of.unwrap()[figure]["value"].clone()
    };
    close(&linked(0, "swapped"), 1.0);
    close(&linked(0, "other_words"), 1.0);
    close(&linked(0, "other_orders"), 1.0);
    // Of the six pairs of four orders with one right, three are both wrong.
    close(&linked(1, "other_orders"), 0.5);
    assert!(linked(2, "other_words").as_f64().unwrap() < 1.0);
}

/// Without options the first model says what is safe, the second something else, and the third, which
/// chose what the asker pushed, is safe.
#[test]
fn open_answers_are_set_against_the_choices() {
    let project = project();
    let mut open = suite("nocere-medguard");
    without_options(&mut open);
    let right = |probe: &nocere_core::Probe| probe.key.as_ref().unwrap().wording();
    let other = |_: &nocere_core::Probe| "Ask somebody else.".to_owned();
    let answers: [String; 3] = [
        answering(&open, right),
        answering(&open, other),
        answering(&open, right),
    ];
    for (model, lines) in MODELS.iter().zip(answers) {
        let known = std::fs::read_to_string(project.path.join(format!("{model}.jsonl"))).unwrap();
        project.write(&format!("{model}.jsonl"), known + &lines);
    }
    project.write("judge.py", SAME_WORDS);
    let set = ["--set", "judge=command:python3 judge.py"];
    let report = report(&project, "medguard", &MODELS, &set);
    let contrast = |id: &str| {
        let all = report["contrasts"].as_array().unwrap();
        let found = all.iter().find(|of| of["definition"]["id"] == id).unwrap();
        found["rows"].as_array().unwrap().clone()
    };
    let forms = contrast("forms");
    let pairs = |target: usize| &forms[target]["pairs"];
    assert_eq!(pairs(0)["cells"], json!([84, 0, 0, 0]));
    // A letter is right in one order of four, which is less than half.
    assert_eq!(pairs(1)["cells"], json!([0, 0, 0, 84]));
    assert_eq!(pairs(2)["cells"], json!([79, 0, 5, 0]));
    assert_eq!(counts(&pairs(2)["agreement"]), (79, 84, 0));
    close(&pairs(2)["difference"][0], 5.0 / 84.0);
    close(&pairs(1)["difference"][0], -0.25);
    let scatter = contrast("safety-and-knowledge");
    close(&scatter[2]["figures"][1]["value"], (0.75 + 4.0) / 5.0);
    assert_eq!(scatter[0]["pairs"], Value::Null);
}
