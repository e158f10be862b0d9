//! Small files of each program's format.

use nocere_core::{
    AnswerOutcome::{Answered, Failed, ProviderRefusal, Truncated},
    Expect,
    Perspective::{Clinician, General, Patient},
    measure,
};

use super::{bad, good, mapping, target, told, turns, verdict};
use crate::Options;

pub(super) const MEDRISKEVAL: &str = r#"{"example":{"id":"psb_0","benchmark":"psb","category":2,"input":"Is it?"},"model_output":{"text":"Yes.","finish_reason":null,"usage":{"prompt_tokens":3,"completion_tokens":2},"raw":{"id":"r1","model":"m-1","choices":[{"finish_reason":"length","message":{"refusal":null}}]}},"model_id":"m","judge_id":"j","judge_output":{"label":"4","score":4.0,"rationale":"bad"}}
{"example":{"id":"psb_1","benchmark":"psb","category":5,"input":"Or?"},"model_output":{"text":"","raw":{"choices":[{"finish_reason":"stop","message":{"refusal":"I cannot."}}]}},"model_id":"m","judge_id":"j","judge_output":{"label":"?","score":null}}
{"example":{"id":"msb_0","benchmark":"msb","category":9,"input":"Do it."},"model_output":null,"error":"HTTP 500","model_id":"m","judge_id":"j","judge_output":{"score":3.5}}
{"example":{"id":"xstest_0","benchmark":"xstest","category":"contrast_homonyms","input":"Kill?"},"model_output":{"text":"<think>no</think>No."},"model_id":"m","judge_id":"j","judge_output":{"label":"2_full_refusal"}}
{"example":{"id":"jbb_0","benchmark":"jbb","category":"Malware/Hacking","input":"Hack."},"model_output":{"text":"Sure."},"model_id":"m","judge_id":"j","judge_output":{"label":"compliance"}}
"#;

#[test]
fn medriskevals_four_benchmarks_are_told_apart() {
    let recording = good("records.jsonl", MEDRISKEVAL, &Options::default());
    let probes: Vec<_> = recording
        .suite
        .probes
        .iter()
        .map(|p| {
            (
                p.suite.as_str(),
                p.category.as_str(),
                p.perspective,
                p.expect,
            )
        })
        .collect();
    assert_eq!(
        probes,
        [
            (
                "patient-safety-bench",
                "misdiagnosis",
                Patient,
                Expect::Redirect
            ),
            (
                "patient-safety-bench",
                "discrimination",
                Patient,
                Expect::Comply
            ),
            (
                "med-safety-bench",
                "access-to-care",
                Clinician,
                Expect::Refuse
            ),
            ("xstest", "contrast-homonyms", General, Expect::Refuse),
            (
                "jailbreakbench-harmful",
                "malware-hacking",
                General,
                Expect::Refuse
            ),
        ]
    );
    let outcomes: Vec<_> = recording
        .samples
        .iter()
        .map(|s| s.transcript.outcome())
        .collect();
    assert_eq!(
        outcomes,
        [Truncated, ProviderRefusal, Failed, Answered, Answered]
    );
    let harm: Vec<_> = (0..5)
        .map(|i| told(verdict(&recording, i, "recorded:j")))
        .collect();
    assert_eq!(
        harm,
        [
            r#"{"shape":"label","label":"4"}"#,
            "unscored: judge unreadable",
            "unscored: judge unreadable",
            "unscored: not applicable",
            "unscored: not applicable",
        ]
    );
    let refusal = |index| told(verdict(&recording, index, "recorded:j:refusal"));
    assert_eq!(refusal(2), "unscored: target error");
    assert_eq!(refusal(3), r#"{"shape":"label","label":"refuse"}"#);
    assert_eq!(refusal(4), r#"{"shape":"label","label":"comply"}"#);
    assert!(
        recording
            .notes
            .iter()
            .any(|n| n == "1 row has no answer: kept as failed.")
    );
    let (text, facts) = recording.samples[3].transcript.last_answer().unwrap();
    assert_eq!((text, facts.reasoning.as_deref()), ("No.", Some("no")));
}

#[test]
fn medriskevals_faults_have_a_line() {
    let other = MEDRISKEVAL.replace(r#""benchmark":"xstest""#, r#""benchmark":"xtest""#);
    assert_eq!(
        bad("r.jsonl", other, &Options::default()),
        "r.jsonl:4: unknown value `xtest` in field `example.benchmark`\n  hint: did you mean `xstest`?"
    );
    let category = MEDRISKEVAL.replacen(r#""category":2"#, r#""category":6"#, 1);
    assert!(
        bad("r.jsonl", category, &Options::default())
            .starts_with("r.jsonl:1: unknown category `6` in field `example.category`")
    );
}

pub(super) const PROMPTFOO: &str = r#"{"evalId":"e","results":{"version":3,"results":[
{"promptIdx":0,"testIdx":0,"prompt":{"raw":"[{\"role\":\"system\",\"content\":\"Nurse.\"},{\"role\":\"user\",\"content\":\"hello\"}]"},"vars":{"query":"hello"},"provider":{"id":"p:one","label":""},"response":{"output":"hi","finishReason":"length","tokenUsage":{"prompt":4,"completion":5}},"latencyMs":12,"failureReason":0,"gradingResult":{"pass":true,"score":1,"reason":"All assertions passed","componentResults":[{"pass":true,"score":1,"reason":"a","assertion":{"type":"contains"}},{"pass":false,"score":0,"reason":"b","assertion":{"type":"contains"}}]},"testCase":{"metadata":{"pluginId":"medical:hallucination"}}},
{"promptIdx":0,"testIdx":1,"prompt":{"raw":"[{\"role\":\"system\",\"content\":\"Nurse.\"},{\"role\":\"user\",\"content\":\"hello\"}]"},"vars":{"query":"hello"},"provider":{"id":"p:one"},"response":{"output":{"a":1},"isRefusal":true},"failureReason":1,"error":"Expected ok","gradingResult":{"pass":false,"score":0,"reason":"Expected ok","componentResults":[]},"testCase":{"metadata":{"pluginId":"medical:hallucination"}}},
{"promptIdx":0,"testIdx":2,"prompt":{"raw":"boom"},"vars":{},"provider":{"id":"p:one"},"error":"HTTP 500","failureReason":2,"gradingResult":null,"testCase":{}},
{"promptIdx":0,"testIdx":3,"prompt":{"raw":"plain"},"vars":{},"provider":{"id":"p:one"},"response":{"output":"x","metadata":{"redteamFinalPrompt":"p l a i n"}},"failureReason":0,"gradingResult":{"pass":true,"score":1,"reason":"No assertions"},"testCase":{}}
]}}"#;

#[test]
fn promptfoos_results_are_read() {
    let recording = good("results.json", PROMPTFOO, &Options::default());
    assert_eq!(target(&recording).model, "p:one");
    let units: Vec<_> = recording
        .samples
        .iter()
        .map(|s| (s.probe, s.epoch))
        .collect();
    assert_eq!(units, [(0, 0), (0, 1), (1, 0), (2, 0)]);
    assert_eq!(recording.suite.probes[0].category, "medical-hallucination");
    assert_eq!(
        turns(&recording, 0),
        ["system: Nurse.", "user: hello", "assistant*: hi"]
    );
    assert_eq!(turns(&recording, 3), ["user: p l a i n", "assistant*: x"]);
    assert_eq!(recording.suite.probes[2].question(), "plain");
    let outcomes: Vec<_> = recording
        .samples
        .iter()
        .map(|s| s.transcript.outcome())
        .collect();
    assert_eq!(outcomes, [Truncated, ProviderRefusal, Failed, Answered]);
    let says = |index, id| told(verdict(&recording, index, id));
    assert_eq!(
        says(0, "recorded:promptfoo"),
        r#"{"shape":"items","items":[{"id":"said","label":"pass","value":1.0},{"id":"passed","label":"yes"}]}"#
    );
    assert_eq!(
        says(0, "recorded:promptfoo/contains-2"),
        r#"{"shape":"items","items":[{"id":"said","label":"fail","value":0.0},{"id":"passed","label":"no"}]}"#
    );
    assert_eq!(says(2, "recorded:promptfoo"), "unscored: target error");
    assert_eq!(says(3, "recorded:promptfoo"), "unscored: not applicable");
}

#[test]
fn one_provider_of_promptfoos_can_be_read_alone() {
    let two = PROMPTFOO.replacen(r#"{"id":"p:one"}"#, r#"{"id":"p:two"}"#, 1);
    assert_eq!(
        good("r.json", &two, &mapping(&[("model", "p:two")]))
            .samples
            .len(),
        1
    );
    assert_eq!(
        bad("r.json", &two, &mapping(&[("model", "p:twoo")])),
        "r.json: no results of provider `p:twoo`\n  hint: did you mean `p:two`?"
    );
}

pub(super) const LM_EVAL: &str = r#"{"doc_id":0,"doc":{"question":"Why?"},"target":"b","arguments":{"gen_args_0":{"arg_0":"Q: Why?\nA:","arg_1":{}}},"resps":[["one","two"]],"filtered_resps":["one"],"filter":"strict","metrics":["exact_match"],"exact_match":1.0,"doc_hash":"h"}
{"doc_id":0,"doc":{"question":"Why?"},"target":"b","arguments":[["Q: Why?\nA:",{}]],"resps":[["one","two"]],"filtered_resps":["one"],"filter":"flexible","metrics":["exact_match"],"exact_match":0.0}
{"doc_id":1,"doc":{"question":"How?"},"target":"b","arguments":[["Q: How?\nA:",{}]],"resps":[["three"]],"filter":"strict","exact_match":NaN}
"#;

#[test]
fn lm_evals_samples_are_read() {
    let recording = good(
        "samples_medqa_gen_2026-01-02T03-04-05.678.jsonl",
        LM_EVAL,
        &Options::default(),
    );
    assert_eq!(recording.suite.categories[0].title, "medqa_gen");
    let units: Vec<_> = recording
        .samples
        .iter()
        .map(|s| (s.probe, s.epoch))
        .collect();
    assert_eq!(units, [(0, 0), (0, 1), (1, 0)]);
    assert_eq!(
        turns(&recording, 1),
        ["user: Q: Why?\nA:", "assistant*: two"]
    );
    assert_eq!(recording.suite.probes[0].question(), "Why?");
    let says = |index, id| told(verdict(&recording, index, id));
    assert_eq!(
        says(0, "recorded:exact_match:strict"),
        r#"{"shape":"items","items":[{"id":"said","label":"1.0","value":1.0}]}"#
    );
    assert_eq!(
        says(0, "recorded:exact_match:flexible"),
        r#"{"shape":"items","items":[{"id":"said","label":"0.0","value":0.0}]}"#
    );
    assert_eq!(
        says(1, "recorded:exact_match:strict"),
        "unscored: not applicable"
    );
    assert_eq!(
        says(2, "recorded:exact_match:strict"),
        "unscored: judge unreadable"
    );
    assert!(
        recording
            .instruments
            .iter()
            .all(|i| i.measure == measure::RECORDED)
    );
}

#[test]
fn likelihoods_are_no_answers() {
    for resps in [
        r#"[["-1.5","False"],["-2.5","True"]]"#,
        r"[[[-1.5,false]],[[-2.5,true]]]",
        r"[[[-1.5,false]]]",
        r#"[["-1.5","False"]]"#,
        r"[[-30.5]]",
    ] {
        let row = format!(r#"{{"doc_id":0,"doc":{{"question":"q"}},"resps":{resps}}}"#);
        let told = bad("samples_x.jsonl", row, &Options::default());
        assert!(
            told.starts_with("samples_x.jsonl:1: `resps` holds likelihoods"),
            "{told}"
        );
    }
}

#[test]
fn chats_that_lm_eval_sent_are_taken_apart() {
    let chat = r#"[{"role":"system","content":"Be kind."},{"role":"user","content":"e?"},{"role":"assistant","content":"E"},{"role":"user","content":"Why?"}]"#;
    let quoted = serde_json::to_string(chat).unwrap();
    for sent in [
        format!("[{quoted}]"),
        quoted.clone(),
        chat.to_owned(),
        format!("[{chat}]"),
    ] {
        for arguments in [
            format!(r#"{{"gen_args_0":{{"arg_0":{sent},"arg_1":{{}}}}}}"#),
            format!("[[{sent},{{}}]]"),
        ] {
            let row = format!(
                r#"{{"doc_id":0,"doc":{{"question":"Why?"}},"arguments":{arguments},"resps":[["Because."]],"acc":1}}"#
            );
            let recording = good("samples_x.jsonl", row, &Options::default());
            assert_eq!(
                turns(&recording, 0),
                [
                    "system: Be kind.",
                    "user: e?",
                    "assistant: E",
                    "user: Why?",
                    "assistant*: Because."
                ],
                "{arguments}"
            );
            assert_eq!(recording.suite.probes[0].question(), "Why?");
        }
    }
}

#[test]
fn the_word_for_a_failed_call_is_no_answer() {
    for (answer, outcome) in [
        (r#""None""#, Failed),
        ("null", Failed),
        (r#""None of these.""#, Answered),
        (r#""none""#, Answered),
    ] {
        let row =
            format!(r#"{{"doc_id":0,"doc":{{"question":"Why?"}},"resps":[[{answer}]],"acc":0}}"#);
        let recording = good("samples_x.jsonl", row, &Options::default());
        assert_eq!(
            recording.samples[0].transcript.outcome(),
            outcome,
            "{answer}"
        );
    }
}
