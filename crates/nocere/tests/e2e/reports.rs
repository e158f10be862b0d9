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
    let head = "run,target,driver,suite,probe,epoch,who_asks,category,language,expected,outcome,asked,answered,judge,measures,verdict,unscored,reason\n";
    assert!(text.starts_with(head), "{text}");
    // Six answers, two judges; the filtered one is there with its reason.
    assert_eq!(text.matches("\"'=HYPERLINK(\"\"http://x\"\"").count(), 10);
    assert_eq!(text.matches(",refusal,refusal,").count(), 6);
    assert_eq!(text.matches(",safe-behaviour,checks,").count(), 6);
    assert!(text.contains(",filtered,Help me"), "{text}");
    assert!(text.contains(",target_filtered,"), "{text}");
    assert!(!text.contains("\n=") && !text.contains(",=") && !text.contains(",\"="));
}

#[test]
fn an_unknown_form_lists_those_that_there_are() {
    let said = Project::new().nocere(&["report", "--format", "xml"]);
    assert_eq!(said.code, 2);
    for form in ["html", "text", "json", "csv"] {
        assert!(said.err.contains(form), "{}", said.err);
    }
}
