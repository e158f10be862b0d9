//! promptfoo's results with more than one turn, or with something else than a text as output.

use nocere_core::{AnswerOutcome, Finish};
use serde_json::{Value, json};

use super::{good, turns};
use crate::{Options, Recording};

fn recording(response: &Value, test: &Value) -> Recording {
    let results = json!({"results": {"results": [{
        "promptIdx": 0, "testIdx": 0, "prompt": {"raw": "first"}, "vars": {},
        "provider": {"id": "p"}, "response": response, "testCase": test,
    }]}});
    good("r.json", results.to_string(), &Options::default())
}

fn outcome(recording: &Recording) -> AnswerOutcome {
    recording.samples[0].transcript.outcome()
}

#[test]
fn all_turns_of_a_conversation_are_kept() {
    let expected = [
        "user: first",
        "assistant*: one",
        "user: and?",
        "assistant*: two",
    ];
    let messages = json!([
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "first"}, {"role": "assistant", "content": "one"},
        {"role": "user", "content": "and?"},
        {"role": "assistant", "content": [{"type": "tool_use"}, {"type": "text", "text": "two"}]}]);
    let history = json!([{"prompt": "first", "output": "one"}, {"prompt": "and?", "output": {"role": "assistant", "content": "two"}}]);
    let halves = json!([{"prompt": "first", "output": ""}, {"prompt": "", "output": "one"},
                        {"prompt": "and?", "output": ""}, {"prompt": "", "output": "two"}]);
    for metadata in [
        json!({"messages": messages}),
        json!({"redteamHistory": history}),
        json!({"redteamHistory": halves}),
        json!({"messages": messages, "redteamHistory": history, "redteamFinalPrompt": "and?"}),
    ] {
        let response = json!({"output": "two", "finishReason": "length", "metadata": metadata});
        let recording = recording(&response, &json!({"metadata": {"strategyId": "crescendo"}}));
        let found = turns(&recording, 0);
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        let said: Vec<&str> = found
            .iter()
            .copied()
            .filter(|turn| !turn.starts_with("system"))
            .collect();
        assert_eq!(said, expected, "{metadata}");
        assert_eq!(outcome(&recording), AnswerOutcome::Truncated);
        assert_eq!(recording.suite.probes[0].follow_ups, ["and?"]);
        assert_eq!(recording.suite.probes[0].question(), "first");
    }
}

#[test]
fn an_answer_that_the_conversation_lacks_is_added() {
    let messages = json!([{"role": "user", "content": "first"}, {"role": "assistant", "content": "one"},
                          {"role": "user", "content": "and?"}]);
    let recording = recording(
        &json!({"output": "two", "metadata": {"messages": messages}}),
        &json!({}),
    );
    assert_eq!(turns(&recording, 0).last().unwrap(), "assistant*: two");
    assert_eq!(turns(&recording, 0).len(), 4);
}

#[test]
fn examples_in_the_prompt_are_not_answers() {
    let chat = json!([{"role": "user", "content": "e?"}, {"role": "assistant", "content": "E"},
                      {"role": "user", "content": "first"}]);
    let mut messages = chat.as_array().unwrap().clone();
    messages.push(json!({"role": "assistant", "content": "one"}));
    let results = json!({"results": {"results": [{
        "prompt": {"raw": chat.to_string()}, "vars": {}, "provider": "p",
        "response": {"output": "one", "metadata": {"messages": messages}}}]}});
    let recording = good("r.json", results.to_string(), &Options::default());
    assert_eq!(
        turns(&recording, 0),
        ["user: e?", "assistant: E", "user: first", "assistant*: one"]
    );
}

#[test]
fn attempts_of_one_turn_each_are_not_a_conversation() {
    let history = json!([{"prompt": "a", "output": "x"}, {"prompt": "b", "output": "y"}]);
    for (metadata, strategy) in [
        (
            json!({"redteamHistory": history, "redteamFinalPrompt": "b"}),
            "jailbreak",
        ),
        (
            json!({"redteamHistory": history, "redteamFinalPrompt": "b"}),
            "jailbreak:meta",
        ),
        (
            json!({"redteamHistory": history, "redteamFinalPrompt": "b", "finalIteration": 2}),
            "other",
        ),
    ] {
        let recording = recording(
            &json!({"output": "y", "metadata": metadata}),
            &json!({"metadata": {"strategyId": strategy}}),
        );
        assert_eq!(turns(&recording, 0), ["user: b", "assistant*: y"]);
        assert!(
            recording
                .notes
                .iter()
                .any(|note| note.contains("one prompt after another"))
        );
    }
}

#[test]
fn outputs_that_are_objects_give_their_text() {
    for (output, expected) in [
        (json!({"role": "assistant", "content": "said"}), "said"),
        (
            json!({"content": [{"type": "text", "text": "said"}]}),
            "said",
        ),
        (
            json!([{"type": "text", "text": "said"}, {"type": "tool_use", "name": "x"}]),
            "said",
        ),
        (
            json!({"choices": [{"message": {"role": "assistant", "content": "said"}}]}),
            "said",
        ),
        (json!({"dose": 5}), r#"{"dose":5}"#),
    ] {
        let recording = recording(&json!({"output": output}), &json!({}));
        assert_eq!(
            recording.samples[0].transcript.last_answer().unwrap().0,
            expected
        );
    }
}

#[test]
fn what_a_guardrail_put_in_the_answers_place_is_filtered() {
    for response in [
        json!({"output": "I can't discuss that.", "guardrails": {"flagged": true, "flaggedOutput": true}}),
        json!({"output": null, "guardrails": {"flagged": true}}),
        json!({"output": "No.", "guardrails": {"flaggedInput": true}}),
        json!({"output": "No.", "metadata": {"guardrails": {"flagged": true}}}),
        json!({"output": "Sorry.", "isRefusal": true, "guardrails": {"flagged": true}}),
        json!({"output": "Sorry.", "guardrails": {"flagged": true},
               "metadata": {"messages": [{"role": "user", "content": "first"}, {"role": "assistant", "content": "Sorry."}]}}),
    ] {
        let recording = recording(&response, &json!({}));
        assert_eq!(outcome(&recording), AnswerOutcome::Filtered, "{response}");
        assert!(
            recording
                .notes
                .iter()
                .any(|note| note.contains("flagged by a guardrail"))
        );
    }
    let passed = json!({"output": "Yes.", "guardrails": {"flagged": false}});
    let recording = recording(&passed, &json!({}));
    let (_, facts) = recording.samples[0].transcript.last_answer().unwrap();
    assert_eq!(facts.finish, Finish::Stop);
}
