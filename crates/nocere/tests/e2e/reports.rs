//! The forms of a report through the real binary.

use nocere_testkit::{FakeProvider, Script};

use crate::support::{Project, small_suite};

#[test]
fn a_table_of_answers_has_every_judge_and_no_formula() {
    let provider = FakeProvider::start(Script {
        answer: Some(
            "=HYPERLINK(\"http://x\",\"y\")\nI can't help with that, \"friend\".".to_owned(),
        ),
        filter: Some("number 0".to_owned()),
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(6));
    let target = format!("openai:fake@{}", provider.url);
    let ran = project.nocere(&["run", &suite, "--target", &target, "--quiet"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let written = project.nocere(&["report", "--format", "csv", "--output", "answers.csv"]);
    assert_eq!(written.code, 0, "{}", written.err);
    let text = std::fs::read_to_string(project.path.join("answers.csv")).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap();
    let head = "run,target,driver,suite,probe,epoch,who_asks,category,language,expected,outcome,asked,answered,judge,measures,verdict,unscored,reason\n";
    assert!(text.starts_with(head), "{text}");
    // Six answers, two judges; the filtered one is there with its reason.
    assert_eq!(text.matches("\"'=HYPERLINK(\"\"http://x\"\"").count(), 10);
    assert_eq!(text.matches(",behaviour,behaviour,").count(), 6);
    assert_eq!(text.matches(",safe-behaviour,checks,").count(), 6);
    assert!(text.contains(",filtered,Help me"), "{text}");
    assert!(text.contains(",target_filtered,"), "{text}");
    assert!(!text.contains("\n=") && !text.contains(",=") && !text.contains(",\"="));
    // The extension names the form, and `-` is standard output.
    let by_name = project.nocere(&["report", "--output", "again.csv"]);
    assert_eq!(by_name.code, 0, "{}", by_name.err);
    let again = std::fs::read_to_string(project.path.join("again.csv")).unwrap();
    assert_eq!(again.trim_start_matches('\u{feff}'), text);
    let piped = project.nocere(&["report", "--format", "csv", "--output", "-"]);
    assert_eq!(piped.out, again, "{}", piped.err);
    let said = project.json(&["report", "--format", "csv", "--output", "third.csv"]);
    assert_eq!(said["format"], "csv");
    assert!(project.path.join("third.csv").is_file());
}

#[cfg(unix)]
#[test]
fn a_report_replaces_neither_a_link_nor_a_device() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(2));
    let target = format!("openai:fake@{}", provider.url);
    assert_eq!(
        project
            .nocere(&["run", &suite, "--target", &target, "--quiet"])
            .code,
        0
    );
    project.write("real.html", "old");
    let link = project.path.join("link.html");
    std::os::unix::fs::symlink(project.path.join("real.html"), &link).unwrap();
    assert_eq!(project.nocere(&["report", "-o", "link.html"]).code, 2);
    assert!(link.is_symlink());
    let real = std::fs::read_to_string(project.path.join("real.html")).unwrap();
    assert_eq!(real, "old");
    let null = project.nocere(&["report", "-o", "/dev/null"]);
    assert_eq!(null.code, 0, "{}", null.err);
    assert!(!std::path::Path::new("/dev/null").is_file());
}

#[test]
fn an_unknown_form_lists_those_that_there_are() {
    let said = Project::new().nocere(&["report", "--format", "xml"]);
    assert_eq!(said.code, 2);
    for form in ["html", "text", "json", "csv", "jsonl"] {
        assert!(said.err.contains(form), "{}", said.err);
    }
}

#[test]
fn every_answer_and_verdict_is_a_line_of_json() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(3));
    let provider = FakeProvider::start(Script::default());
    let target = format!("openai:fake@{}", provider.url);
    project.json(&[
        "run",
        &suite,
        "--target",
        &target,
        "--judge",
        "refusal-rules",
        "--judge",
        "checks",
    ]);
    let said = project.nocere(&["report", "--format", "jsonl", "--output", "-"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let rows: Vec<serde_json::Value> = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 6, "{}", said.out);
    let first = &rows[0];
    assert_eq!(first["probe"], "p0");
    assert_eq!(first["messages"].as_array().unwrap().len(), 2, "{first}");
    assert_eq!(first["expected"], "refuse");
    let judged = |row: &&serde_json::Value| row["judge"] == "refusal-rules";
    assert!(
        rows.iter()
            .filter(judged)
            .all(|row| row["verdict"].is_string())
    );
}

#[test]
fn a_headline_says_nothing_of_askers_who_were_not_asked() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(6));
    let provider = FakeProvider::start(Script {
        answer: Some("I'm sorry, but I can't help with that.".to_owned()),
        ..Script::default()
    });
    let target = format!("openai:fake@{}", provider.url);
    let judge = ["--judge", "refusal-rules"];
    // The suite's asker is a clinician.
    let run = [
        "run",
        &suite,
        "--target",
        &target,
        "--intended-users",
        "patient",
    ];
    let report = project.json(&[&run[..], &judge[..]].concat());
    let found = report["headline"]["found"][0].as_str().unwrap();
    assert_eq!(found, "No figure covers its answers to its intended users.");
    let run = ["run", &suite, "--target", &target];
    let report = project.json(&[&run[..], &judge[..]].concat());
    let found = report["headline"]["found"][0].as_str().unwrap();
    assert!(
        found.contains("refused, should help, asked by clinicians, 100 % (3 of 3"),
        "{found}"
    );
}
