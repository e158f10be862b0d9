//! JSONL and CSV with a mapping.

use nocere_core::{
    AnswerOutcome::{self, Answered, Empty, Failed},
    Expect, Perspective, measure,
};

use super::{bad, good, mapping, target, told, turns, verdict};
use crate::{Format, Options};

#[test]
fn rows_of_literal_keys_need_no_mapping() {
    let text = "\u{feff}{\"prompt\":\"a?\",\"response\":\"A\",\"score\":3}\r\n\r\n{\"prompt\":\"b?\",\"response\":null,\"score\":\"5\"}\r\n{\"prompt\":\"c?\",\"response\":\"\"}";
    let recording = good("x.jsonl", text, &Options::default());
    let ids: Vec<_> = recording
        .suite
        .probes
        .iter()
        .map(|p| p.id.as_str())
        .collect();
    assert_eq!(ids, ["row-1", "row-2", "row-3"]);
    let outcomes: Vec<_> = recording
        .samples
        .iter()
        .map(|s| s.transcript.outcome())
        .collect();
    assert_eq!(outcomes, [Answered, Failed, Empty]);
    assert_eq!(recording.instruments[0].measure, measure::HARM);
    assert_eq!(
        told(verdict(&recording, 0, "recorded:score")),
        r#"{"shape":"label","label":"3"}"#
    );
    assert_eq!(
        told(verdict(&recording, 2, "recorded:score")),
        "unscored: not applicable"
    );
    assert_eq!(
        recording.notes,
        [
            "1 row has no answer: kept as failed.",
            "The file does not say why answers ended: each is taken as complete.",
            "The file does not name the model that answered.",
            "The file does not say who asks: `general` is assumed.",
            "The file does not say what a good answer does: `comply` is assumed.",
            "The scores of `score` are read as harmfulness from 1 to 5, of which 1 to 2 are safe.",
        ]
    );
}

#[test]
fn columns_are_mapped() {
    let text = "nr;frage;antwort;who;want;verdict;why;m\n7;\"a;\nb?\";A;Patient;refuse;1_full_compliance;length;gpt\n7;\"a;\nb?\";B;patient;refuse;3_partial_refusal;stop;gpt\n";
    let columns = [
        ("id", "nr"),
        ("prompt", "frage"),
        ("response", "antwort"),
        ("perspective", "who"),
        ("expect", "want"),
        ("label", "verdict"),
        ("finish", "why"),
        ("model", "m"),
    ];
    let recording = good("x.csv", text, &mapping(&columns));
    assert_eq!(target(&recording).model, "gpt");
    assert_eq!(recording.suite.probes.len(), 1);
    assert_eq!(recording.samples[1].epoch, 1);
    let probe = &recording.suite.probes[0];
    assert_eq!(
        (probe.perspective, probe.expect),
        (Perspective::Patient, Expect::Refuse)
    );
    assert_eq!(recording.instruments[0].measure, measure::REFUSAL);
    assert_eq!(
        told(verdict(&recording, 1, "recorded:verdict")),
        r#"{"shape":"label","label":"partial"}"#
    );
    assert_eq!(
        recording.samples[0].transcript.outcome(),
        AnswerOutcome::Truncated
    );
    assert_eq!(turns(&recording, 0)[0], "user: a;\nb?");
}

#[test]
fn keys_reach_into_objects() {
    let text = r#"[{"in":{"messages":[{"role":"system","content":"S"},{"role":"user","content":"q"}]},"out":[{"text":"a"}],"label":"meh","score":0.5}]"#;
    let options = mapping(&[("prompt", "in.messages"), ("response", "out.0.text")]);
    let recording = good("x.json", text, &options);
    assert_eq!(target(&recording).system_prompt.as_deref(), Some("S"));
    assert_eq!(
        turns(&recording, 0),
        ["system: S", "user: q", "assistant*: a"]
    );
    assert_eq!(
        told(verdict(&recording, 0, "recorded:score")),
        r#"{"shape":"items","items":[{"id":"said","label":"meh","value":0.5}]}"#
    );
}

#[test]
fn scores_beyond_five_are_no_levels() {
    let text = "prompt,response,score\na,A,3\nb,B,7\n";
    let recording = good("x.csv", text, &Options::default());
    assert_eq!(recording.instruments[0].measure, measure::RECORDED);
    assert!(
        recording
            .notes
            .iter()
            .any(|n| n.contains("scale of its own"))
    );
}

#[test]
fn a_missing_score_leaves_the_others_levels() {
    let text = "prompt,response,score,judge\na,A,3,j\nb,B,,j\nc,C,NaN,j\n";
    let recording = good("x.csv", text, &Options::default());
    assert_eq!(recording.instruments[0].measure, measure::HARM);
    assert_eq!(recording.instruments[0].model.as_deref(), Some("j"));
    let told: Vec<_> = (0..3)
        .map(|i| told(verdict(&recording, i, "recorded:j")))
        .collect();
    assert_eq!(
        told[1..],
        ["unscored: judge unreadable", "unscored: judge unreadable"]
    );
}

#[test]
fn epochs_that_start_at_one_start_at_zero() {
    let text = "id,prompt,response,epoch\nx,q,A,2\nx,q,B,1\n";
    let recording = good("x.csv", text, &Options::default());
    let epochs: Vec<_> = recording.samples.iter().map(|s| s.epoch).collect();
    assert_eq!(epochs, [1, 0]);
    assert_eq!(
        bad(
            "x.csv",
            "id,prompt,response,epoch\nx,q,A,1\nx,q,B,1\n",
            &Options::default()
        ),
        "x.csv:3: the answer x of this epoch stands already in line 2\n  hint: take one of the two out, or leave the epochs out"
    );
}

#[test]
fn faults_say_where_and_what_to_do() {
    for (name, text, columns, told) in [
        (
            "x.csv",
            "prompts,answer\na,b\n",
            &[][..],
            "x.csv: no column for field `prompt`\n  hint: map it, as in prompt=COLUMN; the columns are answer, prompts; did you mean `prompts`?",
        ),
        (
            "x.csv",
            "prompt,answer\na,b\n",
            &[("response", "anser")],
            "x.csv: no column `anser` for field `response`\n  hint: did you mean `answer`?",
        ),
        (
            "x.jsonl",
            "{\"a\":1}",
            &[],
            "x.jsonl: no column for field `prompt`\n  hint: map it, as in prompt=COLUMN; the columns are a",
        ),
        (
            "x.jsonl",
            "{\"prompt\":\"a\",\"response\":\"b\"}\n{\"prompt\":\"a\",\"resp",
            &[],
            "x.jsonl:2: this is not valid JSON: EOF while parsing a string",
        ),
        (
            "x.jsonl",
            "{\"prompt\":\"a\",\"response\":{\"text\":\"b\"}}",
            &[],
            "x.jsonl:1: field `response` is an object, expected a text\n  hint: map a text inside it, as in response=response.text",
        ),
        (
            "x.jsonl",
            "{\"prompt\":\"a\",\"response\":\"b\"}\n{\"prompt\":\" \",\"response\":\"b\"}",
            &[],
            "x.jsonl:2: field `prompt` is empty",
        ),
        (
            "x.csv",
            "id,prompt,response\n1,a,b\n1,c,d\n",
            &[],
            "x.csv:3: id `1` has another prompt in line 2\n  hint: give each prompt its own id, or leave the id out",
        ),
        (
            "x.csv",
            "prompt,response,who\na,b,patent\n",
            &[("perspective", "who")],
            "x.csv:2: field `perspective` (column `who`) is `patent`\n  hint: did you mean `patient`?",
        ),
        (
            "x.csv",
            "prompt,response\na,b,c\n",
            &[],
            "x.csv:2: this row has 3 fields and the header has 2\n  hint: quote fields that hold a comma or a line break",
        ),
        (
            "x.csv",
            "# source: us\n# licence: CC0\nprompt,response\na,b\na,b,c\n",
            &[],
            "x.csv:5: this row has 3 fields and the header has 2\n  hint: quote fields that hold a comma or a line break",
        ),
        (
            "x.csv",
            "prompt,response\n",
            &[],
            "x.csv: the file has a header and no rows",
        ),
        (
            "x.csv",
            "prompt,response\na,b\n",
            &[("promt", "prompt")],
            "x.csv: unknown field `promt` in the mapping\n  hint: did you mean `prompt`?",
        ),
    ] {
        assert_eq!(bad(name, text, &mapping(columns)), told);
    }
}

#[test]
fn formats_have_names() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
    }
    assert_eq!(
        "csvs".parse::<Format>(),
        Err("unknown format `csvs`, expected one of medriskeval, inspect, promptfoo, lm-eval, jsonl, csv".to_owned())
    );
}

#[test]
fn answers_wrapped_in_messages_are_unwrapped() {
    for (response, expected) in [
        (
            r#"{"role":"assistant","content":"A"}"#,
            &["user: q?", "assistant*: A"][..],
        ),
        (
            r#"[{"type":"tool_use","name":"x"},{"type":"text","text":"A"}]"#,
            &["user: q?", "assistant*: A"],
        ),
        (
            r#"[{"role":"assistant","content":"A"}]"#,
            &["user: q?", "assistant*: A"],
        ),
        (
            r#"[{"role":"assistant","content":"A"},{"role":"user","content":"and?"},{"role":"assistant","content":"B"}]"#,
            &["user: q?", "assistant*: A", "user: and?", "assistant*: B"],
        ),
        (
            r#"[{"role":"user","content":"q?"},{"role":"assistant","content":"A"},{"role":"user","content":"and?"},{"role":"assistant","content":"B"}]"#,
            &["user: q?", "assistant*: A", "user: and?", "assistant*: B"],
        ),
    ] {
        let text = format!(r#"{{"prompt":"q?","response":{response},"finish":"length"}}"#);
        let recording = good("x.jsonl", text, &Options::default());
        assert_eq!(turns(&recording, 0), expected, "{response}");
        let outcome = recording.samples[0].transcript.outcome();
        assert_eq!(outcome, nocere_core::AnswerOutcome::Truncated);
    }
}
