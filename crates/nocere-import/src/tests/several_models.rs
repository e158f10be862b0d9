//! Files with answers of several models: one recording with a target for each.

use super::{bad, formats::MEDRISKEVAL, formats::PROMPTFOO, good, mapping, turns};
use crate::{Options, Recording};

fn models(recording: &Recording) -> Vec<&str> {
    let named = recording.targets.iter();
    named.map(|target| target.model.as_str()).collect()
}

/// Target, probe and epoch of each sample.
fn units(recording: &Recording) -> Vec<(usize, usize, u32)> {
    let samples = recording.samples.iter();
    samples
        .map(|sample| (sample.target, sample.probe, sample.epoch))
        .collect()
}

#[test]
fn every_format_with_models_in_it_gives_a_target_for_each() {
    let csv = "prompt,response,model\nq?,A,m1\nq?,B,m2\nr?,C,m1\nr?,D,m2\n";
    let jsonl = r#"{"prompt":"q?","response":"A","model":"m1"}
{"prompt":"q?","response":"B","model":"m2"}
{"prompt":"r?","response":"C","model":"m1"}
{"prompt":"r?","response":"D","model":"m2"}"#;
    for (name, text) in [("x.csv", csv), ("x.jsonl", jsonl)] {
        let recording = good(name, text, &Options::default());
        assert_eq!(models(&recording), ["m1", "m2"]);
        // The same question is the same probe, whoever answers.
        assert_eq!(
            units(&recording),
            [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)]
        );
        assert!(recording.notes.iter().any(|note| note.contains("m1, m2")));
    }
    let two = MEDRISKEVAL.replacen(r#""model_id":"m""#, r#""model_id":"n""#, 1);
    let recording = good("r.jsonl", two, &Options::default());
    assert_eq!(models(&recording), ["n", "m"]);
    let two = PROMPTFOO.replacen(r#"{"id":"p:one"}"#, r#"{"id":"p:two"}"#, 1);
    let recording = good("r.json", two, &Options::default());
    assert_eq!(models(&recording), ["p:one", "p:two"]);
    assert_eq!(recording.samples[1].target, 1);
}

#[test]
fn repetitions_are_counted_for_each_model() {
    let text = "id,prompt,response,model\na,q?,A,m1\na,q?,B,m2\na,q?,C,m1\n";
    let recording = good("x.csv", text, &Options::default());
    assert_eq!(units(&recording), [(0, 0, 0), (1, 0, 0), (0, 0, 1)]);
    let stated = "id,epoch,prompt,response,model\na,0,q?,A,m1\na,0,q?,B,m2\na,0,q?,C,m1\n";
    assert!(bad("x.csv", stated, &Options::default()).starts_with("x.csv:4: the answer a of"));
    // Without ids, a question asked twice is two probes, for each model the same two.
    let text = "prompt,response,model\nq?,A,m1\nq?,B,m1\nq?,C,m2\nq?,D,m2\nq?,E,m2\n";
    let recording = good("x.csv", text, &Options::default());
    assert_eq!(
        units(&recording),
        [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0), (1, 2, 0)]
    );
}

#[test]
fn each_model_keeps_its_own_system_prompt() {
    let text = "id,prompt,response,model,system\na,q?,A,m1,One.\na,q?,B,m2,Two.\n";
    let recording = good("x.csv", text, &Options::default());
    let prompts: Vec<Option<&str>> = recording
        .targets
        .iter()
        .map(|target| target.system_prompt.as_deref())
        .collect();
    assert_eq!(prompts, [Some("One."), Some("Two.")]);
    assert_eq!(
        turns(&recording, 1),
        ["system: Two.", "user: q?", "assistant*: B"]
    );
    assert_eq!(recording.suite.probes[0].messages.len(), 1);
}

#[test]
fn rows_without_a_name_are_not_given_one_of_several() {
    let text = "prompt,response,model\nq?,A,m1\nr?,B,\n";
    let recording = good("x.csv", text, &Options::default());
    assert_eq!(models(&recording), ["m1"]);
    let text = "prompt,response,model\nq?,A,m1\nr?,B,m2\ns?,C,\n";
    let recording = good("x.csv", text, &Options::default());
    assert_eq!(models(&recording), ["m1", "m2", "unknown"]);
    assert!(
        recording
            .notes
            .iter()
            .any(|note| note.contains("`unknown`"))
    );
}

#[test]
fn a_column_that_names_no_models_is_noticed() {
    let rows: Vec<String> = (0..200)
        .map(|row| format!("q{row},a,answer {row}\n"))
        .collect();
    let text = format!("prompt,response,x\n{}", rows.concat());
    let told = bad("x.csv", text, &mapping(&[("model", "x")]));
    assert!(
        told.contains("more than 100 models: answer 0, answer 1"),
        "{told}"
    );
    assert!(told.len() < 1_000, "{told}");
}

#[test]
fn answers_of_models_share_the_probes_of_a_suite() {
    let suite = "id,prompt,response\na,same?,x\nb,same?,x\n";
    let options = Options {
        suite: Some(good("suite.csv", suite, &Options::default()).suite),
        ..Options::default()
    };
    let text = "prompt,response,model\nsame?,A,m1\nsame?,B,m2\nsame?,C,m1\nsame?,D,m2\n";
    let recording = good("x.csv", text, &options);
    assert_eq!(
        units(&recording),
        [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)]
    );
}
