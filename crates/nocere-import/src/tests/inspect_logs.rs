//! Inspect's logs: archives as Inspect writes them, and hostile ones.

use std::io::{Cursor, Write};

use nocere_core::{AnswerOutcome, Expect, Finish, ModelError, Perspective};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{bad, good, target, told, turns, verdict};
use crate::Options;

const HEADER: &str =
    r#"{"version":2,"status":"success","eval":{"task":"Med Task","model":"openai/x"},"plan":{}}"#;

const SAMPLE: &str = r#"{"id":"s1","epoch":2,"input":"hello","target":"refuse",
 "messages":[{"role":"system","content":"Be kind."},{"role":"user","content":[{"type":"text","text":"hello"},{"type":"image","image":"data:"}],"source":"input"},
 {"role":"assistant","content":[{"type":"reasoning","reasoning":"hm"},{"type":"text","text":"one"}],"source":"generate"},
 {"role":"user","content":"and?"},{"role":"tool","content":"42"},{"role":"assistant","content":"two","source":"generate"}],
 "output":{"model":"x-1","choices":[{"message":{"role":"assistant","content":"two"},"stop_reason":"max_tokens"}],"usage":{"input_tokens":7,"output_tokens":3},"time":0.25},
 "scores":{"match":{"value":"C","explanation":"ok"},"num":{"value":NaN,"metadata":{"unscored_reason":"grade_parse_failure"}},"both":{"value":{"a":0.5,"b":"I"}}},
 "metadata":{"perspective":"clinician","category":"Dose"}}"#;

fn archive(members: &[(&str, &str, CompressionMethod)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text, method) in members {
        let options = SimpleFileOptions::default().compression_method(*method);
        writer.start_file(*name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(super) fn eval() -> Vec<u8> {
    let failed = r#"{"id":"s2","epoch":1,"input":[{"role":"user","content":"again"}],"target":"x","output":{"choices":[]},"error":{"message":"boom\nTraceback","traceback":""},"scores":{}}"#;
    let long = r#"{"id":3,"epoch":1,"input":"long","target":"x","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"long"},{"role":"assistant","content":""}],"output":{"choices":[{"message":{"role":"assistant","content":""},"stop_reason":"model_length"}],"usage":{"total_tokens":9}},"scores":{"match":{"value":"N"}}}"#;
    archive(&[
        ("_journal/start.json", "{}", CompressionMethod::Stored),
        ("samples/s1_epoch_2.json", SAMPLE, CompressionMethod::Zstd),
        (
            "samples/s2_epoch_1.json",
            failed,
            CompressionMethod::Deflated,
        ),
        ("samples/3_epoch_1.json", long, CompressionMethod::Stored),
        ("header.json", HEADER, CompressionMethod::Zstd),
    ])
}

#[test]
fn inspects_archives_are_read() {
    let recording = good("log.eval", eval(), &Options::default());
    assert_eq!(target(&recording).model, "openai/x");
    assert_eq!(
        target(&recording).system_prompt.as_deref(),
        Some("Be kind.")
    );
    assert_eq!(
        (recording.suite.id.as_str(), recording.suite.title.as_str()),
        ("med-task", "Med Task")
    );
    assert_eq!(
        turns(&recording, 0),
        [
            "system: Be kind.",
            "user: hello\n[image]",
            "assistant*: one",
            "user: and?",
            "assistant*: two"
        ]
    );
    let probe = &recording.suite.probes[0];
    assert_eq!(probe.follow_ups, ["and?"]);
    assert_eq!(
        (probe.perspective, probe.expect),
        (Perspective::Clinician, Expect::Refuse)
    );
    assert_eq!((probe.category.as_str(), probe.messages.len()), ("dose", 1));
    assert_eq!(recording.samples[0].epoch, 1);
    let answers: Vec<_> = recording.samples[0]
        .transcript
        .turns
        .iter()
        .filter_map(|t| t.answer.as_ref())
        .collect();
    assert_eq!(answers[0].reasoning.as_deref(), Some("hm"));
    assert_eq!(
        (&answers[0].finish, &answers[1].finish),
        (&Finish::Stop, &Finish::Length)
    );
    assert_eq!(
        (answers[1].usage.input_tokens, answers[1].latency_ms),
        (7, 250)
    );

    let says = |index, id| told(verdict(&recording, index, id));
    assert_eq!(
        says(0, "recorded:match"),
        r#"{"shape":"items","items":[{"id":"said","label":"C","value":1.0},{"id":"passed","label":"yes"}]}"#
    );
    assert_eq!(says(0, "recorded:num"), "unscored: judge unreadable");
    assert_eq!(
        says(0, "recorded:both/a"),
        r#"{"shape":"items","items":[{"id":"said","label":"0.5","value":0.5}]}"#
    );
    assert_eq!(
        says(0, "recorded:both/b"),
        r#"{"shape":"items","items":[{"id":"said","label":"I","value":0.0},{"id":"passed","label":"no"}]}"#
    );
    assert_eq!(says(1, "recorded:match"), "unscored: target error");
    assert_eq!(says(2, "recorded:num"), "unscored: target overflow");
    assert_eq!(
        recording.samples[1].transcript.error,
        Some(ModelError::Request {
            message: "boom".to_owned()
        })
    );
    assert_eq!(turns(&recording, 1), ["system: Be kind.", "user: again"]);
    assert_eq!(
        recording.samples[2].transcript.outcome(),
        AnswerOutcome::Overflow
    );
    for note in [
        "1 message of a tool is left out.",
        "1 sample ended with an error: kept as failed.",
        "1 part of a message is not text: its kind is given in brackets instead.",
    ] {
        assert!(
            recording.notes.iter().any(|n| n == note),
            "{:?}",
            recording.notes
        );
    }
}

#[test]
fn the_last_member_of_a_name_counts() {
    let sample = |text: &str| {
        format!(
            r#"{{"id":1,"epoch":1,"input":"q","output":{{"choices":[{{"message":{{"content":"{text}"}}}}]}}}}"#
        )
    };
    let mut bytes = archive(&[
        ("samples/a.json", &sample("old"), CompressionMethod::Stored),
        ("samples/b.json", &sample("new"), CompressionMethod::Stored),
    ]);
    while let Some(at) = bytes.windows(14).position(|w| w == b"samples/b.json") {
        bytes[at + 8] = b'a';
    }
    let recording = good("log.eval", bytes, &Options::default());
    assert_eq!(turns(&recording, 0), ["user: q", "assistant*: new"]);
    assert_eq!(recording.samples.len(), 1);
}

#[test]
fn members_that_unpack_too_far_are_refused() {
    let bomb = " ".repeat(64 * 1024 * 1024 + 1);
    for method in [CompressionMethod::Deflated, CompressionMethod::Zstd] {
        let bytes = archive(&[("samples/a.json", &bomb, method)]);
        assert!(bytes.len() < 1_000_000);
        let told = bad("bomb.eval", bytes, &Options::default());
        assert!(
            told.starts_with(
                "bomb.eval (samples/a.json): the member unpacks to more than 67108864 bytes"
            ),
            "{told}"
        );
    }
}

#[test]
fn follow_ups_that_differ_are_not_fixed() {
    let sample = |epoch, then: &str, error: &str| {
        format!(
            r#"{{"id":1,"epoch":{epoch},"input":"q","messages":[{{"role":"user","content":"q"}},{{"role":"assistant","content":"a"}},{{"role":"user","content":"{then}"}},{{"role":"assistant","content":"b"}}],"error":{error}}}"#
        )
    };
    for (samples, follow_ups) in [
        ([("x", "{}"), ("y", "null"), ("y", "null")], &["y"][..]),
        ([("x", "null"), ("z", "{}"), ("x", "null")], &["x"]),
        ([("x", "null"), ("y", "null"), ("x", "null")], &[]),
    ] {
        let texts = samples
            .iter()
            .zip(1..)
            .map(|((then, error), epoch)| sample(epoch, then, error));
        let log = format!(
            r#"{{"eval":{{}},"plan":{{}},"samples":[{}]}}"#,
            texts.collect::<Vec<_>>().join(",")
        );
        let recording = good("log.json", log, &Options::default());
        assert_eq!(recording.suite.probes[0].follow_ups, follow_ups);
        let noted = recording
            .notes
            .iter()
            .any(|n| n.contains("no fixed follow-ups"));
        assert_eq!(noted, follow_ups.is_empty());
    }
}

#[test]
fn inspects_json_logs_are_read() {
    let log = format!(
        r#"{{"version":2,"status":"error","eval":{{"model":"m"}},"plan":{{}},"samples":[{SAMPLE}]}}"#
    );
    let recording = good("log.json", log, &Options::default());
    assert_eq!(turns(&recording, 0).len(), 5);
    assert!(recording.notes.iter().any(|n| n.contains("status `error`")));
}

#[test]
fn samples_that_somebody_struck_out_are_left_out_and_counted() {
    let struck = |id: u32, invalidation: &str| {
        format!(
            r#"{{"id":{id},"epoch":1,"input":"q","output":{{"choices":[{{"message":{{"content":"a"}}}}]}},"invalidation":{invalidation}}}"#
        )
    };
    let by = r#"{"timestamp":"2026-01-02T03:04:05Z","author":"ann","reason":"wrong sandbox"}"#;
    let samples = [
        struck(1, "null"),
        struck(2, by),
        struck(3, by),
        struck(4, "{}"),
        struck(5, "true"),
        struck(6, "false"),
    ];
    let log = |samples: &[String]| {
        format!(
            r#"{{"status":"success","eval":{{"model":"m"}},"plan":{{}},"samples":[{}]}}"#,
            samples.join(",")
        )
    };
    let recording = good("log.json", log(&samples), &Options::default());
    assert_eq!(recording.samples.len(), 2);
    for note in [
        "2 samples are struck out in the log and left out: wrong sandbox (ann).",
        "1 sample is struck out in the log and left out: no reason is given.",
    ] {
        assert!(
            recording.notes.iter().any(|n| n == note),
            "{:?}",
            recording.notes
        );
    }
    let told = bad("log.json", log(&samples[1..3]), &Options::default());
    assert!(told.contains("2 of its samples are struck out"), "{told}");
    let members: Vec<(String, String)> = samples
        .iter()
        .zip(1..)
        .map(|(sample, id)| (format!("samples/{id}_epoch_1.json"), sample.clone()))
        .collect();
    let members: Vec<(&str, &str, CompressionMethod)> = members
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str(), CompressionMethod::Zstd))
        .collect();
    let recording = good("log.eval", archive(&members), &Options::default());
    assert_eq!(recording.samples.len(), 2);
}

#[test]
fn samples_in_pieces_are_put_together() {
    let shell = r#"{"id":"a","epoch":1,"input":"q","output":{"choices":[{"message":{"role":"assistant","content":"two"},"stop_reason":"stop"}]},"scores":{}}"#;
    let first =
        r#"[{"role":"user","content":"attachment://1"},{"role":"assistant","content":"one"}]"#;
    let then = r#"[{"role":"user","content":"and?"},{"role":"assistant","content":"two"}]"#;
    let all = [
        ("header.json", HEADER),
        ("samples/a_epoch_1/sample.json", shell),
        ("samples/a_epoch_1/metadata.json", r#"{"category":"Dose"}"#),
        ("samples/a_epoch_1/messages/2.json", then),
        ("samples/a_epoch_1/messages/0.json", first),
        ("samples/a_epoch_1/attachments/0.json", r#"["x","q"]"#),
        ("samples/a_epoch_1/events/0.json", "not read"),
    ];
    let pack = |left_out: &str| {
        let members: Vec<(&str, &str, CompressionMethod)> = all
            .iter()
            .filter(|(name, _)| !name.ends_with(left_out) || left_out.is_empty())
            .map(|(name, text)| (*name, *text, CompressionMethod::Zstd))
            .collect();
        archive(&members)
    };
    let recording = good("x.eval", pack(""), &Options::default());
    assert_eq!(
        turns(&recording, 0),
        [
            "user: q",
            "assistant*: one",
            "user: and?",
            "assistant*: two"
        ]
    );
    assert_eq!(recording.suite.probes[0].category, "dose");
    let told = bad("x.eval", pack("messages/0.json"), &Options::default());
    assert!(
        told.starts_with(
            "x.eval (samples/a_epoch_1/messages/2.json): the piece begins with number 2"
        ),
        "{told}"
    );
    let told = bad("x.eval", pack("sample.json"), &Options::default());
    assert!(
        told.starts_with("x.eval (samples/a_epoch_1/sample.json): the sample is in pieces"),
        "{told}"
    );
}

#[test]
fn parts_of_tools_are_not_the_answer() {
    let sample = |parts: &str| {
        format!(
            r#"{{"eval":{{}},"plan":{{}},"samples":[{{"id":1,"epoch":1,"input":"q","messages":[{{"role":"user","content":"q"}},{{"role":"assistant","content":[{parts}]}}]}}]}}"#
        )
    };
    let tool = r#"{"type":"tool_use","tool_type":"web_search","id":"t","name":"search","arguments":"{}","result":"A dose is 5 mg."}"#;
    let log = sample(&format!(
        r#"{tool},{{"type":"text","text":"Ask."}},{{"type":"data","data":{{}}}}"#
    ));
    let recording = good("log.json", log, &Options::default());
    assert_eq!(turns(&recording, 0), ["user: q", "assistant*: Ask."]);
    assert!(
        recording
            .notes
            .iter()
            .any(|note| note.starts_with("2 parts of messages are of tools")),
        "{:?}",
        recording.notes
    );
    let recording = good("log.json", sample(tool), &Options::default());
    assert_eq!(
        recording.samples[0].transcript.outcome(),
        AnswerOutcome::Failed
    );
}
