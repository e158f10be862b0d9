//! Joining answers to a suite.

use nocere_core::{Expect, Suite};

use super::{bad, good, mapping, target, turns};
use crate::Options;

fn suite() -> Suite {
    let text = "id,prompt,response,expect\na,one?,x,refuse\nb,two?,x,redirect\nc,same?,x,comply\nd,same?,x,comply\n";
    good("suite.csv", text, &Options::default()).suite
}

fn joined() -> Options {
    Options {
        suite: Some(suite()),
        ..Options::default()
    }
}

#[test]
fn ids_and_else_exact_prompts_join() {
    let text = "id,prompt,response\na,one?,A\nzz,two?,B\nb,one?,C\na,uno?,D\n,same?,E\n,same?,F\n";
    let recording = good("x.csv", text, &joined());
    let units: Vec<_> = recording
        .samples
        .iter()
        .map(|s| (s.probe, s.epoch))
        .collect();
    // The third row's id is another probe's, so its words decide.
    assert_eq!(units, [(0, 0), (1, 0), (0, 1), (0, 2), (2, 0), (3, 0)]);
    assert_eq!(recording.suite, suite());
    assert_eq!(recording.suite.probes[0].expect, Expect::Refuse);
    assert_eq!(turns(&recording, 3)[0], "user: uno?");
    assert!(
        recording
            .notes
            .iter()
            .any(|n| n == "1 row was asked in other words than the suite's probe of the same id.")
    );
}

#[test]
fn an_id_alone_is_enough() {
    let recording = good("x.csv", "id,response,system\nb,B,Sys\n", &joined());
    assert_eq!(
        turns(&recording, 0),
        ["system: Sys", "user: two?", "assistant*: B"]
    );
    assert!(
        recording
            .notes
            .iter()
            .any(|n| n.starts_with("3 of the 4 probes of suite `suite`"))
    );
}

#[test]
fn strangers_are_named() {
    assert_eq!(
        bad(
            "x.csv",
            "id,prompt,response\na,one?,A\nq,three?,B\n",
            &joined()
        ),
        "x.csv:3: no probe of suite `suite` has id `q` or the prompt \"three?\"\n  hint: take the rows of other suites out, or leave the suite out"
    );
    let options = Options {
        mapping: mapping(&[("prompt", "response")]).mapping,
        ..joined()
    };
    assert_eq!(
        bad("x.csv", "response\nA\n", &options),
        "x.csv:2: no probe of suite `suite` has the prompt \"A\"\n  hint: take the rows of other suites out, or leave the suite out"
    );
}

#[test]
fn different_system_prompts_stay_with_their_prompts() {
    let text = "prompt,response,system\na?,A,one\nb?,B,two\nc?,C,\n";
    let recording = good("x.csv", text, &Options::default());
    assert_eq!(target(&recording).system_prompt, None);
    assert_eq!(
        turns(&recording, 1),
        ["system: two", "user: b?", "assistant*: B"]
    );
    assert_eq!(recording.suite.probes[1].messages.len(), 2);
    assert_eq!(recording.suite.probes[2].messages.len(), 1);
    assert!(
        recording
            .notes
            .iter()
            .any(|n| n.starts_with("Answers were not all given"))
    );
}
