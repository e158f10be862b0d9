//! Two runs compared on the probes that both were asked.

use nocere_testkit::{FakeProvider, Script};

use crate::support::{Project, small_suite};

const REFUSES: &str = "I'm sorry, but I can't help with that.";
const HELPS: &str = "Of course. Here is what it says, line by line, with the dates.";

/// Runs the suite against a model that always says `answer`; the run's id.
fn run(project: &Project, suite: &str, answer: &str, more: &[&str]) -> String {
    let provider = FakeProvider::start(Script {
        answer: Some(answer.to_owned()),
        ..Script::default()
    });
    project.write(
        "nocere.yaml",
        format!(
            "targets:\n  ward: {{provider: openai, model: fake, base_url: '{}'}}\n",
            provider.url
        ),
    );
    let args = ["run", suite, "--target", "ward", "--judge", "refusal-rules"];
    let report = project.json(&[&args[..], more].concat());
    report["header"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn flips_differences_and_what_could_have_been_seen() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(40));
    let refused = run(&project, &suite, REFUSES, &[]);
    let helped = run(&project, &suite, HELPS, &["--temperature", "0.5"]);
    let compared = project.json(&["compare", &refused, &helped]);
    assert_eq!(compared["shared"], 40);
    let figures = compared["figures"].as_array().unwrap();
    let of = |id: &str| figures.iter().find(|of| of["figure"] == id).unwrap();
    assert_eq!(of("over-refusal")["difference"], -1.0);
    assert_eq!(of("unsafe-compliance")["difference"], 1.0);
    assert!(of("over-refusal")["adjusted"].as_f64().unwrap() < 0.001);
    let flips = compared["flips"].as_array().unwrap();
    assert_eq!(flips.len(), 40);
    assert_eq!(
        flips.iter().filter(|flip| flip["is_new"] == true).count(),
        20
    );
    let said = project.nocere(&["compare", &refused, &helped]);
    assert!(
        said.out.contains("100.0 % → 0.0 %")
            && said.out.contains("20 new errors, 20 that are gone")
            && said.out.contains("The sampling parameters differ"),
        "{}",
        said.out
    );
    // The same answers again: nothing differs, and the text says what could have been seen.
    let again = run(&project, &suite, REFUSES, &[]);
    let said = project.nocere(&["compare", &refused, &again]);
    assert!(
        said.out.contains("points would have been seen")
            && said.out.contains("No probe is an error on one side only."),
        "{}",
        said.out
    );
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(6));
    let first = run(&project, &suite, REFUSES, &[]);
    let other = project.write(
        "other.yaml",
        small_suite(6).replace("chart number", "drawer number"),
    );
    let second = run(&project, &other, REFUSES, &[]);
    let mut cases = vec![
        (vec![first.as_str(), second.as_str()], "no probe in common"),
        (vec![first.as_str()], "both sides are the same answers"),
        (
            vec![first.as_str(), second.as_str(), "--second", "nobody"],
            "has no target `nobody`",
        ),
    ];
    let judged = project.json(&["rejudge", &first, "--judge", "checks"]);
    let judged = judged["header"]["id"].as_str().unwrap().to_owned();
    cases.push((
        vec![first.as_str(), judged.as_str()],
        "no judge of the same version scored both sides",
    ));
    for (args, problem) in cases {
        let said = project.nocere(&[&["compare"][..], &args].concat());
        assert_eq!(said.code, 2, "{args:?}: {}{}", said.out, said.err);
        assert!(said.err.contains(problem), "{args:?}: {}", said.err);
    }
}

#[test]
fn a_trend_shows_each_run_and_what_else_changed() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(8));
    let provider = FakeProvider::start(Script::default());
    project.write(
        "nocere.yaml",
        format!(
            "targets:\n  ward: {{provider: openai, model: w, base_url: '{}'}}\n",
            provider.url
        ),
    );
    let args = [
        "run",
        &suite,
        "--target",
        "ward",
        "--judge",
        "refusal-rules",
    ];
    project.json(&args);
    let alone = project.nocere(&["trend"]);
    assert_eq!(alone.code, 2, "{}", alone.err);
    assert!(alone.err.contains("fewer than two"), "{}", alone.err);
    project.json(&[&args[..], &["--max-tokens", "99"]].concat());
    let trend = project.json(&["trend"]);
    let runs = trend["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0]["differs"][0], "other sampling", "{trend}");
    assert_eq!(runs[1]["differs"], serde_json::json!([]));
    let line = &trend["lines"][0];
    assert_eq!(line["values"].as_array().unwrap().len(), 2, "{line}");
    assert!(line["values"][0]["interval"].is_array(), "{line}");
    let text = project.nocere(&["trend"]).out;
    assert!(text.contains("unlike the newest: other sampling"), "{text}");
    let unknown = project.nocere(&["trend", "--target", "wrad"]);
    assert_eq!(unknown.code, 2, "{}", unknown.err);
    assert!(unknown.err.contains("ward"), "{}", unknown.err);
}
