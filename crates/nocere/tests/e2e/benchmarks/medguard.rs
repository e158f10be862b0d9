use nocere_suites::in_orders;
use serde_json::Value;

use super::{answering, choice, close, column, report, rows, suite};
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
