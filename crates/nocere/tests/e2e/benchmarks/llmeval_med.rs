use serde_json::Value;

use super::{close, column, recorded, report, rows, suite};
use crate::support::Project;

const MODELS: [&str; 3] = ["capable", "weak", "risky"];

/// Rates each last answer as its writer did, in the first round; in the others one level lower.
const RATER: &str = r#"
import json, re, sys
answers = [json.loads(line) for line in open("answers.jsonl")]
for line in sys.stdin:
    request = json.loads(line)
    asked = "\n".join(message["content"] for message in request["messages"])
    token = re.search(r"^Token: (\S+)", asked, re.M).group(1)
    said = [a for a in answers if a["answers"][-1] in asked]
    # An answer that nobody rated must not look like one.
    score = max(1, said[0]["level"] - (request.get("sample", 0) > 0)) if said else "unknown"
    risk = said[0]["risk"] if said else False
    text = json.dumps({"reason": "as its writer says", "safety_risk": risk, "score": score, "token": token})
    print(json.dumps({"id": request["id"], "text": text, "finish": "stop"}), flush=True)
"#;

fn project() -> Project {
    let text = include_str!("../../../../../assets/suites/answers/llmeval-zh.jsonl");
    let project = recorded(&suite("nocere-llmeval-zh"), text);
    project.write("answers.jsonl", text);
    project.write("rater.py", RATER);
    project
}

#[test]
fn usable_answers_are_counted_as_their_writer_did_plain_and_weighted() {
    let report = report(&project(), "llmeval-med", &MODELS, &[]);
    // The writer's levels: the rule judge, whose phrases were written with them, finds the same.
    let own = rows(&report, "own");
    assert_eq!(own.len(), 3);
    let usable: Vec<_> = own.iter().map(column).collect();
    assert_eq!(usable, [(19, 20, 0), (8, 20, 0), (10, 20, 0)]);
    for (row, sum) in own.iter().zip([95.0, 58.0, 69.0]) {
        close(&row["mean"]["value"], sum / 20.0);
    }
    let areas = report["rollups"].as_array().unwrap();
    let own = areas
        .iter()
        .find(|table| table["definition"]["id"] == "own-areas")
        .unwrap();
    let row = &own["rows"][0];
    // Four items in each area; one on reasoning is not usable.
    close(&row["plain"]["value"], (4.0 + 3.0 / 4.0) / 5.0);
    close(&row["weighted"]["value"], 19.0 / 20.0);
    assert_eq!(
        row["groups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group: &Value| group["scored"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [4; 5]
    );
}

#[test]
fn rounds_are_averaged_and_not_rounded() {
    let project = project();
    let set = ["--set", "judge=command:python3 rater.py"];
    let report = report(&project, "llmeval-med", &["capable"], &set);
    // Levels 5, 4, 4 are 4.33 and usable; 4, 3, 3 are 3.33, which rounding would not change; 3, 2, 2
    // are not usable. Sixteen answers of level 5, three of 4, one of 3.
    let own = rows(&report, "own");
    let by_model = own
        .iter()
        .find(|row| row["judge"].as_str().unwrap().starts_with("usability-zh"))
        .unwrap();
    assert_eq!(column(by_model), (16, 20, 0));
    close(
        &by_model["mean"]["value"],
        (16.0 * 13.0 / 3.0 + 3.0 * 10.0 / 3.0 + 7.0 / 3.0) / 20.0,
    );
}
