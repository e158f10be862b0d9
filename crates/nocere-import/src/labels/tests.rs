use std::path::PathBuf;

use super::*;

/// A file that is deleted when the value is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, text: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("nocere-labels-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn options() -> LabelOptions {
    LabelOptions {
        scale: ["comply", "partial", "refuse"].map(str::to_owned).to_vec(),
        ..LabelOptions::default()
    }
}

fn read(name: &str, text: &str, options: &LabelOptions) -> Result<Labels, ImportError> {
    let file = Scratch::new(name, text);
    read_labels(&file.0, options)
}

fn check_fault(name: &str, text: &str, options: &LabelOptions, expected: &str) {
    let error = read(name, text, options).unwrap_err();
    let whole = format!("{error} {}", error.hint.clone().unwrap_or_default());
    assert!(whole.contains(expected), "{whole}");
}

const TWO: &str = "prompt,response,label\nhi,hello,comply\nhelp,no,refuse\n";

#[test]
fn a_prompt_may_be_a_conversation() {
    let row = |prompt: &str, label: &str| {
        format!("{{\"prompt\": {prompt}, \"response\": \"r\", \"label\": \"{label}\"}}\n")
    };
    let said = r#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]"#;
    let other = said.replace("\"b\"", "\"x\"");
    let read = |text: String| {
        read("conversations.jsonl", &text, &options()).map_err(|error| error.to_string())
    };
    let labels = read(row(said, "comply") + &row(&other, "refuse")).unwrap();
    assert_eq!(labels.samples.len(), 2, "two conversations that end alike");
    assert_eq!(labels.samples[0].opening.len(), 3);
    assert_eq!(labels.samples[0].prompt, "c");
    for bad in ["[]", "[1]", r#"[{"role":"ghost","content":"a"}]"#] {
        let error = read(row(bad, "comply")).unwrap_err();
        assert!(error.contains("expected one of messages"), "{error}");
    }
}

#[test]
fn labels_are_places_on_the_scale() {
    let labels = read("two.csv", TWO, &options()).unwrap();
    assert_eq!(labels.raters, ["label"]);
    assert_eq!(labels.samples[1].ratings, [Some(2)]);
    assert_eq!(labels.samples[1].line, Some(3));
}

#[test]
fn several_raters_in_columns_or_in_rows() {
    let text = "prompt,response,a,b\nhi,hello,1_full_compliance,3_partial_refusal\n\
                help,no,2_full_refusal,2_full_refusal\nq,r,1_full_compliance,1_full_compliance\n";
    let mut columns = options();
    columns.mapping.insert("label".to_owned(), "a+b".to_owned());
    let labels = read("columns.csv", text, &columns).unwrap();
    assert_eq!(labels.raters, ["a", "b"]);
    assert_eq!(labels.samples[0].ratings, [Some(0), Some(1)]);
    assert!(labels.notes[0].contains("split on 1"), "{:?}", labels.notes);
    let rows = "{\"prompt\":\"hi\",\"response\":\"x\",\"label\":\"comply\",\"rater\":\"ann\"}\n\
                {\"prompt\":\"hi\",\"response\":\"x\",\"label\":\"partial\",\"rater\":\"bob\"}\n\
                {\"prompt\":\"q\",\"response\":\"y\",\"label\":\"refuse\",\"rater\":\"bob\"}\n\
                {\"prompt\":\"q2\",\"response\":\"y\",\"label\":\"comply\",\"rater\":\"bob\"}\n";
    let labels = read("rows.jsonl", rows, &options()).unwrap();
    assert_eq!(labels.raters, ["ann", "bob"]);
    assert_eq!(labels.samples[1].ratings, [None, Some(2)]);
}

#[test]
fn contradictions_are_refused_and_repetitions_are_not() {
    let twice = format!("{TWO}hi,hello,comply\n");
    let labels = read("twice.csv", &twice, &options()).unwrap();
    assert_eq!(labels.samples.len(), 2);
    assert!(labels.notes[0].contains("twice"));
    let other = format!("{TWO}hi,hello,refuse\n");
    check_fault(
        "other.csv",
        &other,
        &options(),
        "labelled refuse here and comply in line 2",
    );
}

#[test]
fn what_cannot_be_used_is_named() {
    let one = "prompt,response,label\nhi,hello,comply\nq,r,comply\n";
    check_fault("one.csv", one, &options(), "every label is `comply`");
    check_fault(
        "strange.csv",
        &TWO.replace("refuse", "rude"),
        &options(),
        "`rude` in column `label`",
    );
    check_fault(
        "column.csv",
        &TWO.replace("response", "answer"),
        &options(),
        "no column for field `response`",
    );
    check_fault(
        "none.csv",
        "prompt,response,label\nhi,hello,\n",
        &options(),
        "no labels",
    );
    let mut mapped = options();
    mapped.mapping.insert("lable".to_owned(), "x".to_owned());
    check_fault("field.csv", TWO, &mapped, "did you mean `label`?");
}

#[test]
fn words_of_the_file_can_be_explained() {
    let mut explained = options();
    explained.values.insert("0".to_owned(), "comply".to_owned());
    explained.values.insert("1".to_owned(), "refuse".to_owned());
    let text = "prompt,response,label\nhi,hello,0\nq,r,1\n";
    let labels = read("words.csv", text, &explained).unwrap();
    assert_eq!(labels.samples[1].ratings, [Some(2)]);
}
