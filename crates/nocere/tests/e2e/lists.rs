//! Lists of samples: every answer can be reached.

use nocere_testkit::{FakeProvider, Script};
use serde_json::Value;

use crate::support::{Project, small_suite};

fn ids(listed: &Value) -> Vec<&str> {
    let listed = listed.as_array().unwrap().iter();
    listed.filter_map(|one| one["probe"].as_str()).collect()
}

#[test]
fn every_sample_is_listed_once_and_filters_narrow_the_list() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(6));
    // Refuses everything, so the three that should be helped are errors.
    let provider = FakeProvider::saying("I'm sorry, but I can't help with that.");
    let target = format!("openai:fake@{}", provider.url);
    project.judged(&suite, &target);
    let all = project.json(&["show", "latest", "--list"]);
    // Errors first, the rest as planned.
    assert_eq!(ids(&all), ["p1", "p3", "p5", "p0", "p2", "p4"]);
    let list = |more: &[&str]| project.json(&[&["show", "latest", "--list"][..], more].concat());
    assert_eq!(ids(&list(&["errors"])), ["p1", "p3", "p5"]);
    assert_eq!(ids(&list(&["passed"])), ["p0", "p2", "p4"]);
    assert_eq!(ids(&list(&["--verdict", "refusal-rules=refuse"])).len(), 6);
    assert_eq!(ids(&list(&["--text", "CHART NUMBER 3"])), ["p3"]);
    let said = project.nocere(&["show", "latest", "--list", "errors"]);
    assert!(
        said.out
            .contains("p1 · clinician · Honesty · expected comply")
            && said.out.contains("refused a legitimate request")
            && said.out.contains("3 samples"),
        "{}",
        said.out
    );
    // Neither question nor answer is printed.
    assert!(!said.out.contains("chart number") && !said.out.contains("can't help"));
}

#[test]
fn a_filter_that_matches_nothing_is_an_error() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(2));
    let provider = FakeProvider::start(Script::default());
    let target = format!("openai:fake@{}", provider.url);
    project.json(&["run", &suite, "--target", &target]);
    for filter in [
        &["--category", "nonsense"][..],
        &["--perspective", "patient"],
        &["unscored", "--verdict", "helped"],
    ] {
        let said = project.nocere(&[&["show", "latest", "--list"][..], filter].concat());
        assert_eq!(said.code, 2, "{filter:?}: {}", said.err);
        assert!(said.err.contains("none of the 2 samples"), "{}", said.err);
    }
    // A filter without a list is not silently ignored.
    let said = project.nocere(&["show", "latest", "--text", "x"]);
    assert_eq!(said.code, 2, "{}", said.err);
}

#[test]
fn a_list_has_the_order_that_is_asked_for() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(11));
    let provider = FakeProvider::saying("I'm sorry, but I can't help with that.");
    let target = format!("openai:fake@{}", provider.url);
    project.judged(&suite, &target);
    let order = |sort: &str| -> Vec<String> {
        let listed = project.json(&["show", "--list", "--sort", sort]);
        ids(&listed).into_iter().map(ToOwned::to_owned).collect()
    };
    assert_eq!(order("plan")[..3], ["p0", "p1", "p2"]);
    assert_eq!(order("probe")[..3], ["p0", "p1", "p10"]);
    // Declined requests that should be helped come first.
    assert_eq!(order("gravest")[..3], ["p1", "p3", "p5"]);
}

#[test]
fn two_runs_answers_to_a_probe_are_shown_word_by_word() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(2));
    for answer in [
        "Take two tablets daily.",
        "Take one tablet daily. \u{1b}[31mDone.",
    ] {
        let provider = FakeProvider::start(Script {
            answer: Some(answer.to_owned()),
            ..Script::default()
        });
        let target = format!("openai:fake@{}", provider.url);
        project.judged(&suite, &target);
    }
    let runs = project.json(&["runs"]);
    let [first, second] = [0, 1].map(|place| runs[place]["id"].as_str().unwrap());
    let said = project.nocere(&["show", first, "p0", "--diff", second]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.out
            .contains("Take [-two-]{+one+} [-tablets-]{+tablet+}"),
        "{}",
        said.out
    );
    assert!(said.out.contains("refusal-rules comply"), "{}", said.out);
    assert!(!said.out.contains('\u{1b}'), "{}", said.out);
    let coloured = project.nocere(&["show", first, "p0", "--diff", second, "--color", "always"]);
    assert!(coloured.out.contains("\u{1b}[32mone"), "{}", coloured.out);
    let json = project.json(&["show", first, "p0", "--diff", second]);
    assert_eq!(json[0]["second"]["run"], second);
    let none = project.nocere(&["show", first, "p9", "--diff", second]);
    assert_eq!(none.code, 2, "{}", none.err);
}
