use serde_json::json;

use super::{column, counts, rows, suite};
use crate::support::Project;

const ANSWERS: &str = include_str!("../../../../../assets/suites/answers/asclepius.jsonl");

/// Right, scored and unscored answers to the questions with a key, counted by hand.
const FULL: (u64, u64, u64) = (29, 36, 0);
/// Without the question, most of its answers describe the image and name no option.
const IMAGE_ONLY: (u64, u64, u64) = (7, 7, 11);
const TEXT_ONLY: (u64, u64, u64) = (10, 33, 3);

/// Of the 30 questions on which two of three readers agree.
const MAJORITY: (u64, u64, u64) = (27, 30, 0);

/// Answers as the simulated model does with what it is shown: the mode follows from the message itself.
const MODEL: &str = r#"
import base64, json, sys
answers = {(row["mode"], row["probe"]): row["answer"] for row in map(json.loads, open("answers.jsonl"))}
probes = json.load(open("probes.json"))
for line in sys.stdin:
    request = json.loads(line)
    content = request["messages"][-1]["content"]
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    images = [base64.b64decode(part["data"]) for part in parts if part["type"] == "image"]
    # What arrives must be the picture itself.
    assert all(image[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xdb") for image in images)
    text = [part["text"] for part in parts if part["type"] == "text"][0]
    if not images:
        mode, key = "text-only", text
    elif text.startswith("(The question is left out"):
        mode, key = "image-only", text.split("\n\n", 1)[1]
    else:
        mode, key = "full", text
    probe = [name for name, asked in probes.items() if (asked.endswith(key) if mode == "image-only" else asked == key)][0]
    print(json.dumps({"id": request["id"], "text": answers[mode, probe], "finish": "stop"}), flush=True)
"#;

/// A project with the simulated model as a target that takes images, and as one that does not.
fn project() -> Project {
    let project = Project::new();
    let probes = suite("nocere-asclepius").probes;
    let asked: serde_json::Map<String, serde_json::Value> = probes
        .iter()
        .map(|probe| (probe.id.to_string(), json!(probe.question())))
        .collect();
    project.write("answers.jsonl", ANSWERS);
    project.write("probes.json", json!(asked).to_string());
    project.write("model.py", MODEL);
    project.write(
        "nocere.yaml",
        "targets:\n  eyes: {provider: command, command: [python3, model.py], images: true}\n  blind: {provider: command, command: [python3, model.py]}\n",
    );
    project
}

#[test]
fn images_reach_the_model_and_what_it_answers_without_them_is_apart() {
    let project = project();
    let run = ["run", "asclepius", "--target", "eyes"];
    let report = project.json(&run);
    assert_eq!(column(&rows(&report, "full")[0]), FULL);
    assert_eq!(column(&rows(&report, "image-only")[0]), IMAGE_ONLY);
    assert_eq!(column(&rows(&report, "text-only")[0]), TEXT_ONLY);
    // What is wrong for lack of an image or a question is in no general figure.
    let perspectives = report["targets"][0]["perspectives"].as_array().unwrap();
    let wrong = perspectives
        .iter()
        .flat_map(|of| of["figures"].as_array().unwrap());
    let wrong = wrong.filter(|figure| figure["figure"] == "wrong-answer");
    let scored: u64 = wrong.map(|figure| counts(&figure["estimate"]).1).sum();
    assert_eq!(scored, FULL.1);
    let parts = report["parts"].as_array().unwrap();
    let full = parts
        .iter()
        .find(|of| of["record"]["id"] == "full")
        .unwrap();
    let grid = &full["specialties"][0];
    assert_eq!(grid["rows"].as_array().unwrap().len(), 15);
    let scored: u64 = grid["rows"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row[1].as_array().unwrap())
        .map(|cell| cell[1].as_u64().unwrap())
        .sum();
    assert_eq!(scored, FULL.1);
    assert_eq!(rows(&report, "reports")[0]["scored"], 4);
    // The whole, choices, yes or no, phrases and numbers, as counted by hand.
    let by_key: Vec<(u64, u64, u64)> = full["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| column(&table["rows"][0]))
        .collect();
    let wanted = [FULL, (15, 18, 0), (6, 7, 0), (3, 3, 0), (5, 8, 0)];
    assert_eq!(by_key, wanted);
    // Ten can be solved without the image; three of the others cannot be read.
    let pairs = &report["contrasts"][0]["rows"][0]["pairs"];
    assert_eq!(pairs["cells"], json!([10, 16, 0, 7]));
    assert_eq!(pairs["unscored"], 3);
}

/// Three invented readers: what they got right, and what most of them said. On six questions each
/// gives another number or wording.
#[test]
fn readers_and_their_majority_are_rows_of_people() {
    let project = Project::new();
    project.write(
        "readers.jsonl",
        include_str!("../../../../../assets/suites/answers/asclepius-readers.jsonl"),
    );
    let report = project.json(&[
        "import",
        "readers.jsonl",
        "--suite=nocere-asclepius",
        "--protocol=asclepius",
        "--map=model=reader",
        "--map=id=probe",
        "--map=response=answer",
        "--judge=answer",
        "--majority",
    ]);
    let full: Vec<(u64, u64, u64)> = rows(&report, "full").iter().map(column).collect();
    assert_eq!(full, [(30, 36, 0), (28, 36, 0), (27, 36, 0), MAJORITY]);
    // Nobody was asked without the image.
    let parts = report["parts"].as_array().unwrap();
    let text_only = parts.iter().find(|of| of["record"]["id"] == "text-only");
    assert_eq!(text_only.unwrap()["record"]["state"]["state"], "missing");
}

#[test]
fn a_target_that_takes_no_images_is_never_asked_blind() {
    let project = project();
    let said = project.nocere(&[
        "run",
        "asclepius",
        "--part",
        "full",
        "--target",
        "blind",
        "--json",
    ]);
    // Nothing could be scored, and nothing failed.
    assert_ne!(said.code, 0);
    let shown = project.nocere(&["show", "latest", "--list", "all", "--json"]);
    assert_eq!(shown.code, 0, "{} {}", said.err, shown.err);
    let list: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    let rows = list.as_array().or(list["samples"].as_array()).unwrap();
    assert_eq!(rows.len(), 40);
    for row in rows {
        assert_eq!(row["outcome"], "not_applicable", "{row}");
    }
}

#[test]
fn hostile_pictures_are_refused_before_anything_is_asked() {
    let project = Project::new();
    let suite = "nocere_suite: 1\nid: s\nversion: '1'\ntitle: T\nlicence: MIT\nsource: us\ncategories: [{id: c, title: C}]\nprobes:\n  - {id: p, perspective: general, category: c, expect: comply, prompt: What is it?, images: [a.png]}\n";
    project.write("s.yaml", suite);
    let png: &[u8] = include_bytes!("../../../../../assets/suites/packs/images/eardrum.png");
    for (bytes, wanted) in [
        (&png[..png.len() / 2], "is damaged"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".as_slice(),
            "neither PNG nor JPEG",
        ),
        (b"".as_slice(), "neither PNG nor JPEG"),
    ] {
        project.write("a.png", bytes);
        let said = project.nocere(&["suites", "check", "s.yaml"]);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(
            said.err.contains("s.yaml:9") && said.err.contains(wanted),
            "{}",
            said.err
        );
    }
}

#[test]
fn a_run_resumes_with_its_pictures_though_their_files_are_gone() {
    let project = Project::new();
    let png: &[u8] = include_bytes!("../../../../../assets/suites/packs/images/eardrum.png");
    let picture = project.write("a.png", png);
    let probes: String = (0..12)
        .map(|number| {
            format!("  - {{id: p{number}, perspective: general, category: c, expect: comply, prompt: 'What is it, {number}?', images: [a.png], key: {{exact: {{accept: [an ear]}}}}}}\n")
        })
        .collect();
    let head = "nocere_suite: 1\nid: s\nversion: '1'\ntitle: T\nlicence: MIT\nsource: us\ncategories: [{id: c, title: C}]\nprobes:\n";
    project.write("s.yaml", format!("{head}{probes}"));
    let model = r#"
import base64, json, sys
for line in sys.stdin:
    request = json.loads(line)
    sizes = [len(base64.b64decode(part["data"])) for part in request["messages"][-1]["content"] if part["type"] == "image"]
    text = "An ear." if sizes == [SIZE] else "no picture"
    print(json.dumps({"id": request["id"], "text": text, "finish": "stop"}), flush=True)
"#;
    project.write("m.py", model.replace("SIZE", &png.len().to_string()));
    project.write(
        "nocere.yaml",
        "targets:\n  eyes: {provider: command, command: [python3, m.py], images: true}\n",
    );
    let run = [
        "run",
        "s.yaml",
        "--target",
        "eyes",
        "--judge",
        "answer",
        "--max-requests",
        "5",
    ];
    assert_eq!(project.nocere(&run).code, 4);
    std::fs::remove_file(picture).unwrap();
    let said = project.nocere(&["resume", "latest", "--max-requests", "100"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let shown = project.nocere(&["show", "latest", "--list", "passed", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 12);
}
