use std::collections::BTreeMap;

use nocere_core::key::derive_seed;

use super::{answering, choice, report, suite};
use crate::support::Project;

/// Twelve models of rising ability answer the choices of a suite whose items differ in difficulty.
fn project() -> (Project, Vec<String>) {
    let project = Project::new();
    let suite = suite("nocere-medguard");
    let share = |purpose: String| derive_seed(7, &purpose) as f64 / u64::MAX as f64;
    let models: Vec<String> = (0..12).map(|number| format!("m{number}")).collect();
    for (number, model) in models.iter().enumerate() {
        let ability = 0.45f64.mul_add(number as f64, -2.5);
        let lines = answering(&suite, |probe| {
            let difficulty = 4.0f64.mul_add(share(format!("difficulty {}", probe.id)), -2.0);
            let chance = 0.25 + 0.75 / (1.0 + (-2.0 * (ability - difficulty)).exp());
            let correct = choice(probe).0;
            if share(format!("{model} {}", probe.id)) < chance {
                return format!("Answer: {correct}");
            }
            let wrong = ["A", "B", "C", "D"]
                .into_iter()
                .find(|letter| *letter != correct);
            format!("Answer: {}", wrong.unwrap())
        });
        project.write(&format!("{model}.jsonl"), lines);
    }
    (project, models)
}

#[test]
fn a_bank_ranks_models_with_fewer_questions() {
    let (project, models) = project();
    let names: Vec<&str> = models.iter().map(String::as_str).collect();
    report(&project, "nocere-medguard", &names, &["--judge", "answer"]);
    let made = project.nocere(&[
        "adaptive",
        "bank",
        "nocere-medguard",
        "latest",
        "-o",
        "bank.yaml",
    ]);
    assert_eq!(made.code, 0, "{}", made.err);
    let tried = project.json(&["adaptive", "try", "--bank", "bank.yaml", "--error", "0.45"]);
    assert_eq!(tried["origins"]["calibrated"], 84);
    let rows = tried["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 12);
    let asked: usize = rows
        .iter()
        .map(|row| row["steps"].as_array().unwrap().len())
        .sum();
    assert!(asked < 12 * 84 / 2, "{asked}");
    assert!(tried["tau"].as_f64().unwrap() > 0.75, "{}", tried["tau"]);
    // Asked one by one, the last model gets the same questions and the same ability.
    let row = rows
        .iter()
        .find(|row| row["target"] == "replay:m11.jsonl")
        .unwrap();
    let live = project.json(&[
        "adaptive",
        "ask",
        "nocere-medguard",
        "--bank",
        "bank.yaml",
        "--error",
        "0.45",
        "--target",
        "replay:m11.jsonl",
    ]);
    assert_eq!(live["rows"][0]["steps"], row["steps"]);
}

#[test]
fn a_bank_that_cannot_be_used_is_refused() {
    let (project, _) = project();
    let item = "nocere_bank: 1\nsuite: nocere-medguard\nitems:\n  - {probe: trezanolol-renal-dose, a: 1.0, b: 0.0, c: 0.25, origin: given}\n";
    let cases: BTreeMap<&str, String> = BTreeMap::from([
        (
            "the discrimination `a` is -1",
            item.replace("a: 1.0", "a: -1.0"),
        ),
        (
            "`nobody` is not a choice of suite",
            item.replace("trezanolol-renal-dose", "nobody"),
        ),
        (
            "the bank is for suite `other`",
            item.replace("suite: nocere-medguard", "suite: other"),
        ),
    ]);
    for (wanted, bank) in cases {
        project.write("bank.yaml", bank);
        let said = project.nocere(&[
            "adaptive",
            "ask",
            "nocere-medguard",
            "--bank",
            "bank.yaml",
            "--target",
            "replay:m1.jsonl",
        ]);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains(wanted), "{}", said.err);
    }
}
