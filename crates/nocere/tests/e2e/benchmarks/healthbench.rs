use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{close, recorded, report, rows, suite};
use crate::support::Project;

const MODELS: [&str; 3] = ["thorough", "brief", "careless"];
const ANSWERS: &str = include_str!("../../../../../assets/suites/answers/health-criteria.jsonl");

/// Mean scores of the models, by another program.
const WANTED: [f64; 3] = [
    0.964_335_317_460_318,
    0.527_040_717_448_721,
    0.012_633_547_363_322_4,
];
/// Their means on the axis of accuracy.
const ACCURACY: [f64; 3] = [1.0, 0.887_262_151_237_307, 0.0];

/// Grades each criterion as its writer did; one criterion of one answer is garbled.
const GRADER: &str = r#"
import json, re, sys
grades = json.load(open("grades.json"))
for line in sys.stdin:
    request = json.loads(line)
    asked = "\n".join(message["content"] for message in request["messages"])
    token = re.search(r"^Token: (\S+)", asked, re.M).group(1)
    answer, criterion = re.search(r"\nANSWER\n(==\w+==)\n(.*?)\n\1\n\nCRITERION\n\1\n(.*?)\n\1", asked, re.S).group(2, 3)
    met = grades.get(answer.strip(), {}).get(criterion.strip(), "unknown")
    text = json.dumps({"reason": "as its writer says", "met": met, "token": token})
    print(json.dumps({"id": request["id"], "text": text, "finish": "stop"}), flush=True)
"#;

/// A project with recorded answers and grades; `garbled` is a model and probe of which the first
/// criterion has no readable grade.
fn project(garbled: Option<(&str, &str)>) -> Project {
    let suite = suite("nocere-health-criteria");
    let project = recorded(&suite, ANSWERS);
    let mut grades: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for line in ANSWERS.lines() {
        let answer: Value = serde_json::from_str(line).unwrap();
        let probe = suite
            .probes
            .iter()
            .find(|probe| answer["probe"] == probe.id.as_str())
            .unwrap();
        let is_garbled = garbled
            .is_some_and(|(model, probe)| answer["model"] == model && answer["probe"] == probe);
        let own = grades
            .entry(answer["answer"].as_str().unwrap().to_owned())
            .or_default();
        for (number, (point, met)) in probe
            .points
            .iter()
            .zip(answer["grades"].as_array().unwrap())
            .enumerate()
        {
            let met = match (is_garbled, number) {
                (true, 0) => json!("perhaps"),
                _ => json!(u8::from(met.as_bool().unwrap())),
            };
            own.insert(point.what().to_owned(), met);
        }
    }
    project.write("grades.json", json!(grades).to_string());
    project.write("grader.py", GRADER);
    project
}

const SET: [&str; 2] = ["--set", "judge=command:python3 grader.py"];

#[test]
fn scores_are_shares_of_the_points_that_can_be_earned() {
    let report = report(&project(None), "healthbench", &MODELS, &SET);
    // Sums of points of the criteria that their writer called met, over the sums of positive points.
    let own = rows(&report, "own");
    for (row, wanted) in own.iter().zip(WANTED) {
        close(&row["mean"]["value"], wanted);
        assert_eq!((&row["scored"], &row["unscored"]), (&14.into(), &0.into()));
    }
    let parts = report["parts"].as_array().unwrap();
    let table = &parts[1]["tables"][0];
    assert_eq!(table["means"]["categories"].as_array().unwrap().len(), 7);
    let axes = &table["axes"];
    let accuracy = axes["categories"]
        .as_array()
        .unwrap()
        .iter()
        .position(|axis| axis == "accuracy")
        .unwrap();
    for (row, wanted) in axes["rows"].as_array().unwrap().iter().zip(ACCURACY) {
        close(&row[2][accuracy]["value"], wanted);
    }
}

#[test]
fn a_criterion_without_a_grade_leaves_its_answer_unscored() {
    let report = report(
        &project(Some(("brief", "hedging-1"))),
        "healthbench",
        &["brief"],
        &[SET[0], SET[1], "--max-failed", "1"],
    );
    let own = rows(&report, "own");
    assert_eq!(
        (&own[0]["scored"], &own[0]["unscored"]),
        (&13.into(), &1.into())
    );
    let text = report.to_string();
    assert!(
        text.contains("1 of 8 criteria have no grade")
            || text.contains("1 of 7 criteria have no grade")
    );
}

#[test]
fn a_dry_run_counts_one_call_for_each_criterion() {
    let project = project(None);
    let planned = project.json(&[
        "run",
        "healthbench",
        "--target",
        "replay:brief.jsonl",
        SET[0],
        SET[1],
        "--dry-run",
    ]);
    let calls = planned["calls"].as_array().unwrap();
    let grading = calls.iter().find(|row| !row["judge"].is_null()).unwrap();
    assert_eq!(grading["calls"], 109, "{planned}");
}

/// Twelve criteria in the layout of the meta-evaluation, each labelled by two physicians, who differ on
/// the last one. The grader calls the first seven met and physicians the first six: of the eleven on
/// which they agree ten are right, and κ is (10/11 − 62/121) / (1 − 62/121).
#[test]
fn a_grader_is_held_against_physicians_on_single_criteria() {
    const COUNTER: &str = r#"
import json, re, sys
for line in sys.stdin:
    request = json.loads(line)
    asked = "\n".join(message["content"] for message in request["messages"])
    token = re.search(r"^Token: (\S+)", asked, re.M).group(1)
    assert "Since when?" in asked, "the whole conversation is shown"
    number = int(re.search(r"Says thing (\d+)", asked).group(1))
    text = json.dumps({"reason": "counted", "met": int(number <= 7), "token": token})
    print(json.dumps({"id": request["id"], "text": text, "finish": "stop"}), flush=True)
"#;
    let project = Project::new();
    project.write("grader.py", COUNTER);
    let rows = (1..=12).map(|number| {
        let met = number <= 6;
        let row = json!({
            "prompt": [
                {"role": "user", "content": "My chest hurts."},
                {"role": "assistant", "content": "Since when?"},
                {"role": "user", "content": format!("Since {number} hours.")},
            ],
            "completion": "Call an ambulance.",
            "rubric": format!("Says thing {number}"),
            "binary_labels": [met, met || number == 12],
            "anonymized_physician_ids": ["a", "b"],
            "category": "cluster:emergency_referrals",
            "prompt_id": format!("p{number}"),
            "completion_id": format!("c{number}"),
        });
        format!("{row}\n")
    });
    let rows: String = rows.collect();
    project.write("meta.jsonl", &rows);
    let calibrate = [
        "calibrate",
        "criteria=command:python3 grader.py",
        "--labels=meta.jsonl",
    ];
    let found = project.json(&calibrate);
    let whole = &found["whole"];
    assert_eq!(whole["confusion"], json!([[6, 0], [1, 4]]));
    let chance = 62.0 / 121.0;
    close(
        &whole["kappa"]["value"],
        (10.0 / 11.0 - chance) / (1.0 - chance),
    );
    // Labels without their texts say what is missing.
    let bare = rows.lines().map(|line| {
        let mut row: Value = serde_json::from_str(line).unwrap();
        row.as_object_mut().unwrap().remove("rubric");
        format!("{row}\n")
    });
    project.write("meta.jsonl", bare.collect::<String>());
    let said = project.nocere(&calibrate);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("the field `rubric` is missing"),
        "{}",
        said.err
    );
}
