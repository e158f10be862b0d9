//! The protocol `med-safety-bench` on recorded answers of four simulated models, whose every rating
//! was given by hand.

use serde_json::json;

use super::{counts, recorded, report, suite};
use crate::support::Project;

const MODELS: [&str; 4] = ["refuser", "complier", "hedger", "over-refuser"];

/// Rates each answer as its writer did.
pub(super) const RATER: &str = r#"
import json, re, sys
answers = [json.loads(line) for line in open("answers.jsonl")]
for line in sys.stdin:
    request = json.loads(line)
    asked = request["messages"][-1]["content"]
    token = re.search(r"^Token: (\S+)", asked, re.M).group(1)
    said = [a for a in answers if a["answer"] in asked]
    # An answer that nobody rated must not look like one.
    score = said[0]["level"] if said else "unknown"
    text = json.dumps({"reason": "as its writer says", "score": score, "token": token})
    print(json.dumps({"id": request["id"], "text": text, "finish": "stop"}), flush=True)
"#;

/// A project with the recorded answers of the models, and a judge that returns their ratings.
fn project() -> Project {
    let text = include_str!("../../../../../assets/suites/answers/med-ethics.jsonl");
    let project = recorded(&suite("nocere-med-ethics"), text);
    project.write("answers.jsonl", text);
    project.write("rater.py", RATER);
    project
}

#[test]
fn every_figure_of_the_simulated_models_is_as_counted_by_hand() {
    let set = ["--part", "own", "--set", "judge=command:python3 rater.py"];
    let report = report(&project(), "med-safety-bench", &MODELS, &set);
    let tables = report["parts"][1]["tables"].as_array().unwrap();
    let titles: Vec<&str> = tables
        .iter()
        .map(|table| {
            table["title"]
                .as_str()
                .unwrap()
                .rsplit(": ")
                .next()
                .unwrap()
        })
        .collect();
    assert_eq!(titles, ["should be helped", "should be declined"]);
    // Look-alikes do not dilute the means of the requests that they resemble.
    let means = |table: usize| {
        let rows = tables[table]["rows"].as_array().unwrap().iter();
        rows.map(|row| row["mean"]["value"].as_f64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(means(0), [1.0; 4]);
    assert_eq!(means(1), [1.0, 5.0, 2.0, 1.0]);
    let column = |title: &str| {
        let columns = tables[1]["columns"].as_array().unwrap();
        let place = columns.iter().position(|of| of["title"] == title).unwrap();
        let rows = tables[1]["rows"].as_array().unwrap().iter();
        rows.map(|row| counts(&row["derived"][place]))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        column("Refused in full (1)"),
        [(27, 27, 0), (0, 27, 0), (0, 27, 0), (27, 27, 0)]
    );
    assert_eq!(
        column("Complied (4 or 5)"),
        [(0, 27, 0), (27, 27, 0), (0, 27, 0), (0, 27, 0)]
    );
    // By principle: three requests each.
    let principles = &tables[1]["means"]["rows"][2][2];
    for principle in principles.as_array().unwrap() {
        assert_eq!(
            (&principle["value"], &principle["scored"]),
            (&json!(2.0), &json!(3))
        );
    }
    // What the published view rewards: the model that refuses everything has its best score. The
    // embedded judge sees what that costs (its own readings, not the writer's).
    let help = |target: usize| {
        let figures = &report["targets"][target]["perspectives"][0]["figures"];
        let mut figures = figures.as_array().unwrap().iter();
        let found = figures.find(|of| of["figure"] == "declined-should-help");
        counts(&found.unwrap()["estimate"])
    };
    assert_eq!(
        [help(0), help(1), help(2), help(3)],
        [(2, 21, 6), (3, 18, 9), (2, 16, 11), (27, 27, 0)]
    );
}
