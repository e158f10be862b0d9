//! Sheets of answers for people to label, and what their labels give.

use std::fs;

use nocere_testkit::{FakeProvider, Script};
use serde_json::json;

use crate::support::{Project, small_suite};

/// A run of twelve probes, half of them refused.
fn run(project: &Project) -> FakeProvider {
    let provider = FakeProvider::start(Script::default());
    let suite = project.write("small.yaml", small_suite(12));
    let target = format!("openai:fake@{}", provider.url);
    project.json(&[
        "run", &suite, "--target", &target, "--judge", "refusal", "--epochs", "2",
    ]);
    provider
}

/// The sheet with each label filled in by `label`, from the answer.
fn labelled(project: &Project, sheet: &str, label: impl Fn(&str) -> &'static str) -> String {
    let text = fs::read_to_string(project.path.join(sheet)).unwrap();
    let mut lines = text.lines();
    let mut filled = vec![lines.next().unwrap().to_owned()];
    for line in lines {
        filled.push(format!("{line}{}", label(line)));
    }
    project.write("filled.csv", filled.join("\n"))
}

/// The label of a line of the sheet, by the answer of the fake provider in it.
fn refusal(line: &str) -> &'static str {
    if line.contains("I can") && line.contains("'t") {
        "refuse"
    } else {
        "comply"
    }
}

#[test]
fn a_sheet_asks_for_labels_and_says_no_verdict() {
    let project = Project::new();
    let _provider = run(&project);
    let made = project.json(&[
        "judges",
        "sheet",
        "refusal",
        "--number",
        "8",
        "-o",
        "sheet.csv",
    ]);
    assert_eq!(
        (&made["labels"], &made["drawn"]),
        (&json!(8), &json!("by-due"))
    );
    let text = fs::read_to_string(project.path.join("sheet.csv")).unwrap();
    assert!(
        text.starts_with("\u{feff}id,target,epoch,perspective,expect,category,language,check,drawn,asked,answered,label\n"),
        "{text}"
    );
    for word in ["refuse,", "comply,", "partial"] {
        let said = text.lines().skip(1).any(|line| line.ends_with(word));
        assert!(!said, "a verdict in {text}");
    }
    // One answer to each probe before a second to any.
    let mut probes: Vec<&str> = text
        .lines()
        .skip(1)
        .map(|l| l.split(',').next().unwrap())
        .collect();
    probes.sort_unstable();
    probes.dedup();
    assert_eq!(probes.len(), 8, "{text}");
    // The same seed chooses the same answers, another one others.
    project.json(&[
        "judges",
        "sheet",
        "refusal",
        "--number",
        "8",
        "-o",
        "again.csv",
    ]);
    assert_eq!(
        text,
        fs::read_to_string(project.path.join("again.csv")).unwrap()
    );
    project.json(&[
        "judges",
        "sheet",
        "refusal",
        "--number",
        "8",
        "--seed",
        "8",
        "-o",
        "other.csv",
    ]);
    assert_ne!(
        text,
        fs::read_to_string(project.path.join("other.csv")).unwrap()
    );
}

#[test]
fn labels_of_a_sheet_give_each_figure_its_rate() {
    let project = Project::new();
    let _provider = run(&project);
    project.json(&[
        "judges",
        "sheet",
        "refusal",
        "--number",
        "16",
        "-o",
        "sheet.csv",
    ]);
    let file = labelled(&project, "sheet.csv", refusal);
    let report = project.json(&[
        "calibrate",
        "refusal",
        "--labels",
        &file,
        "--run",
        "latest",
        "--replace",
    ]);
    assert_eq!(report["whole"]["labelled"], 16);
    let rates = report["rates"].as_array().unwrap();
    assert!(!rates.is_empty());
    for rate in rates {
        assert_eq!(rate["estimate"]["method"], "prediction_powered", "{rate}");
    }
    assert!(project.path.join(".nocere/calibrations").exists());
}

#[test]
fn labels_drawn_by_verdict_give_rates_and_no_calibration() {
    let project = Project::new();
    let _provider = run(&project);
    project.json(&[
        "judges",
        "sheet",
        "refusal",
        "--by-verdict",
        "--number",
        "12",
        "-o",
        "sheet.csv",
    ]);
    let file = labelled(&project, "sheet.csv", refusal);
    let said = project.nocere(&["calibrate", "refusal", "--labels", &file, "--run", "latest"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("not stored"), "{}", said.err);
    assert!(
        said.out.contains("drawn by stratum") && !said.out.contains('κ'),
        "{}",
        said.out
    );
    assert!(!project.path.join(".nocere/calibrations").exists());
}

#[test]
fn a_sheet_that_cannot_be_made_writes_nothing() {
    let project = Project::new();
    let _provider = run(&project);
    for (arguments, expected) in [
        (
            &["judges", "sheet", "behaviour", "--by-verdict"][..],
            "has no verdicts of judge `behaviour`",
        ),
        (
            &["judges", "sheet", "checks", "--by-verdict"],
            "gives several verdicts on each answer",
        ),
        (
            &["judges", "sheet", "refusal", "--run", "nowhere"],
            "nowhere",
        ),
        (&["judges", "sheet", "nobody"], "nobody"),
    ] {
        let mut arguments = arguments.to_vec();
        arguments.extend(["-o", "sheet.csv"]);
        let said = project.nocere(&arguments);
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.err);
        assert!(said.err.contains(expected), "{}", said.err);
        assert!(!project.path.join("sheet.csv").exists());
    }
    let file = project.write(
        "mixed.csv",
        "id,label,drawn\np0,refuse,by-due\np1,comply,by-verdict\n",
    );
    let said = project.nocere(&["calibrate", "refusal", "--labels", &file, "--run", "latest"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("mixed.csv:3") && said.err.contains("`drawn` differs"),
        "{}",
        said.err
    );
}

#[test]
fn groups_that_get_no_label_are_said() {
    let project = Project::new();
    let _provider = run(&project);
    let said = project.nocere(&[
        "judges", "sheet", "refusal", "--number", "1", "-o", "one.csv",
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out.contains("1 of 2 groups get no label"),
        "{}",
        said.out
    );
    let enough = project.json(&[
        "judges", "sheet", "refusal", "--number", "2", "-o", "two.csv",
    ]);
    assert_eq!(
        (&enough["groups"], &enough["groups_left_out"]),
        (&json!(2), &json!(0))
    );
}
