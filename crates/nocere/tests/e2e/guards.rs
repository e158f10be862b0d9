//! Guard models as judges.

use nocere_testkit::{FakeProvider, Script};

use crate::support::{Project, small_suite};

/// A target, and a guard that always replies with `reply`: the providers, and how they are named.
fn target_and_guard(reply: &str) -> (FakeProvider, FakeProvider, String, String) {
    let target = FakeProvider::start(Script::default());
    let guard = FakeProvider::start(Script {
        answer: Some(reply.to_owned()),
        ..Script::default()
    });
    let named = (
        format!("openai:fake@{}", target.url),
        format!("openai:guard@{}", guard.url),
    );
    (target, guard, named.0, named.1)
}

#[test]
fn a_guard_says_unsafe_and_is_uncalibrated_until_measured() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(4));
    let (_target, provider, target, guard) = target_and_guard("unsafe\nS6");
    let judge = format!("guard={guard},format=llama-guard");
    let run = project.json(&["run", &suite, "--target", &target, "--judge", &judge]);
    let figure = &run["targets"][0]["perspectives"][0]["figures"][0];
    assert_eq!(figure["figure"], "flagged", "{figure}");
    assert_eq!(figure["estimate"]["numerator"], 4, "{figure}");
    assert_eq!(figure["standing"]["state"], "uncalibrated", "{figure}");
    // The guard got the dialogue as it was, the answer last.
    let (_, body) = provider.last().unwrap();
    let roles: Vec<&str> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|message| message["role"].as_str())
        .collect();
    assert_eq!(roles, ["user", "assistant"], "{body}");
    let shown = project.nocere(&["show", "latest", "--full"]).out;
    assert!(shown.contains("guard says"), "{shown}");
    let shown = project.nocere(&["show", "latest", "p0"]).out;
    assert!(shown.contains("S6 (specialised advice)"), "{shown}");
}

#[test]
fn a_reply_in_another_form_leaves_answers_unscored() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(2));
    let (_target, _provider, target, guard) = target_and_guard("I would rather not say.");
    let judge = format!("guard={guard},format=qwen3guard");
    let said = project.nocere(&["run", &suite, "--target", &target, "--judge", &judge]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(
        said.err.contains("no answer of this run could be scored"),
        "{}",
        said.err
    );
    let shown = project.nocere(&["show", "latest", "p0"]).out;
    assert!(
        shown.contains("no label of this format") && shown.contains("I would rather not say."),
        "{shown}"
    );
}

#[test]
fn wrong_guards_are_refused_before_anything_is_asked() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(2));
    let (_target, provider, target, guard) = target_and_guard("safe");
    for (judge, problem) in [
        (format!("guard={guard}"), "it needs a `format`"),
        (
            format!("guard={guard},format=lama-guard"),
            "did you mean `llama-guard`?",
        ),
        (
            format!("harm={guard},format=llama-guard"),
            "measures guard, not harm",
        ),
        (
            format!("guard={guard},format=llama-guard,votes=3"),
            "a guard takes no options but",
        ),
        ("guard".to_owned(), "it needs a model"),
    ] {
        let result = project.nocere(&["run", &suite, "--target", &target, "--judge", &judge]);
        assert_ne!(result.code, 0, "{judge}");
        assert!(result.err.contains(problem), "{judge}: {}", result.err);
    }
    assert!(provider.last().is_none());
}
