//! promptfoo's table, whose columns have the same names for each provider.

use nocere_core::AnswerOutcome;

use super::{bad, good, mapping, told, turns, verdict};
use crate::Options;

const TABLE: &str = "topic,query,[p:one] {{query}},Status,Score,Named Scores,Grader Reason,Comment,[p:two] {{query}},Status,Score,Named Scores,Grader Reason,Comment
heart,May I?,\"Yes, you may.\",PASS,1.00,\"{\"\"tone\"\":0.5}\",fine,,No.,FAIL,0.00,,bad,
lung,Can I?,HTTP 500,ERROR,0.00,,,,Ask.,PASS,1.00,,ok,
";

#[test]
fn each_block_is_a_target() {
    let recording = good("r.csv", TABLE, &Options::default());
    let models: Vec<&str> = recording.targets.iter().map(|t| t.model.as_str()).collect();
    assert_eq!(models, ["p:one", "p:two"]);
    let units: Vec<(usize, usize)> = recording
        .samples
        .iter()
        .map(|s| (s.target, s.probe))
        .collect();
    assert_eq!(units, [(0, 0), (1, 0), (0, 1), (1, 1)]);
    assert_eq!(
        turns(&recording, 0),
        ["user: May I?", "assistant*: Yes, you may."]
    );
    assert_eq!(
        recording.samples[2].transcript.outcome(),
        AnswerOutcome::Failed
    );
    assert_eq!(
        told(verdict(&recording, 1, "recorded:promptfoo")),
        r#"{"shape":"items","items":[{"id":"said","label":"fail","value":0.0},{"id":"passed","label":"no"}]}"#
    );
    assert_eq!(
        told(verdict(&recording, 0, "recorded:promptfoo/tone")),
        r#"{"shape":"items","items":[{"id":"said","label":"0.5","value":0.5}]}"#
    );
    let one = good("r.csv", TABLE, &mapping(&[("model", "p:two")]));
    assert_eq!((one.targets.len(), one.samples.len()), (1, 2));
    let none = bad("r.csv", TABLE, &mapping(&[("model", "p:tow")]));
    assert!(none.contains("did you mean `p:two`?"), "{none}");
}

#[test]
fn the_question_is_the_template_filled_in_or_the_variable() {
    let templated = TABLE.replace("{{query}}", "On {{ topic }}: {{query}}");
    let recording = good("r.csv", &templated, &Options::default());
    assert_eq!(recording.suite.probes[0].question(), "On heart: May I?");
    let labelled = TABLE.replace("{{query}}", "baseline");
    let recording = good("r.csv", &labelled, &Options::default());
    assert_eq!(recording.suite.probes[0].question(), "May I?");
    let unknown = labelled.replace("topic,query", "topic,body");
    let told = bad("r.csv", &unknown, &Options::default());
    assert!(
        told.contains("map it, as in prompt=VARIABLE; the variables are topic, body"),
        "{told}"
    );
    let recording = good("r.csv", &unknown, &mapping(&[("prompt", "body")]));
    assert_eq!(recording.suite.probes[0].question(), "May I?");
}

#[test]
fn older_tables_have_a_mark_before_each_answer() {
    let table = "query,[p:one] {{query}},[p:two] {{query}}\nMay I?,[PASS] Yes.,[FAIL] No.\nCan I?,[ERROR] HTTP 500,[PASS] Ask.\n";
    let recording = good("r.csv", table, &Options::default());
    assert_eq!(turns(&recording, 0), ["user: May I?", "assistant*: Yes."]);
    assert_eq!(
        recording.samples[2].transcript.outcome(),
        AnswerOutcome::Failed
    );
    assert_eq!(recording.targets.len(), 2);
}

#[test]
fn an_attacks_columns_give_category_and_conversation() {
    let messages = r#"[{""role"":""user"",""content"":""May I?""},{""role"":""assistant"",""content"":""Yes.""},{""role"":""user"",""content"":""and?""},{""role"":""assistant"",""content"":""Also.""}]"#;
    let table = format!(
        "query,[p] {{{{query}}}},Status,Score,Named Scores,Grader Reason,Comment,messages,pluginId\nMay I?,Also.,PASS,1,,,,\"{messages}\",medical:x\n"
    );
    let recording = good("r.csv", table, &Options::default());
    assert_eq!(turns(&recording, 0).len(), 4);
    assert_eq!(recording.suite.probes[0].category, "medical-x");
}

#[test]
fn other_tables_with_repeated_names_are_refused_by_name() {
    let told = bad(
        "x.csv",
        "prompt,response,a,a\nq,r,1,2\n",
        &Options::default(),
    );
    assert!(
        told.starts_with("x.csv:1: column `a` stands twice"),
        "{told}"
    );
}
