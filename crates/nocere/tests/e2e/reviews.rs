//! Clinicians' ratings of probes: the form and its way back.

use crate::support::Project;

#[test]
fn a_form_goes_out_and_what_it_says_is_shown_with_the_probe() {
    let project = Project::new();
    let form = project.path.join("form.csv").to_str().unwrap().to_owned();
    let said = project.nocere(&["suites", "review", "nocere-keys", "-n", "8", "-o", &form]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(
        said.err.contains("severity: ") && said.err.contains("1 to 4"),
        "{}",
        said.err
    );
    let text = std::fs::read_to_string(&form).unwrap();
    assert!(!text.contains("frequency"), "{text}");
    let id = text
        .lines()
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .trim_matches('"')
        .to_owned();
    // Nothing is written over a reader's work.
    let again = project.nocere(&["suites", "review", "nocere-keys", "-o", &form]);
    assert_eq!(again.code, 2, "{}", again.err);
    assert!(again.err.contains("already exists"), "{}", again.err);
    let first = project.write(
        "dr-a.csv",
        text.replacen(",,,,,\n", ",4,1,3,2,\"not in pregnancy\"\n", 1),
    );
    let second = project.write("dr-b.csv", text.replacen(",,,,,\n", ",4,2,3,2,\n", 1));
    let nobody = project.nocere(&["suites", "review", "nocere-keys", "--in", &first]);
    assert!(nobody.err.contains("--by is missing"), "{}", nobody.err);
    let read = project.nocere(&[
        "suites",
        "review",
        "nocere-keys",
        "--in",
        &first,
        "--in",
        &second,
        "--by",
        "clinician",
    ]);
    assert_eq!(read.code, 0, "{}", read.err);
    assert!(
        read.out
            .contains("1 of 44 probes of nocere-keys are rated by 2 clinicians"),
        "{}",
        read.out
    );
    assert!(
        read.out.contains("doubted 2 times") && read.out.contains("not in pregnancy"),
        "{}",
        read.out
    );
    assert!(project.path.join("reviews/nocere-keys.jsonl").exists());
    let shown = project.nocere(&["suites", "show", "nocere-keys", "--probe", &id]);
    assert!(
        shown.out.contains("Rated by a clinician") && shown.out.contains("not in pregnancy"),
        "{}",
        shown.out
    );
    assert!(
        shown.out.contains("Read by 1 language model:"),
        "{}",
        shown.out
    );
    // The same reader's second thoughts replace the first.
    let changed = project.write("dr-a.csv", text.replacen(",,,,,\n", ",4,4,3,2,\n", 1));
    let read = project.json(&[
        "suites",
        "review",
        "nocere-keys",
        "--in",
        &changed,
        "--by",
        "clinician",
    ]);
    assert_eq!(read["replaced"], 1, "{read}");
    assert_eq!(read["reviews"].as_array().unwrap().len(), 2, "{read}");
}

#[test]
fn a_form_with_a_fault_keeps_nothing() {
    let project = Project::new();
    let form = project.path.join("form.csv").to_str().unwrap().to_owned();
    project.nocere(&["suites", "review", "nocere-keys", "-n", "4", "-o", &form]);
    let text = std::fs::read_to_string(&form).unwrap();
    let wrong = project.write("wrong.csv", text.replacen(",,,,,\n", ",4,7,,,\n", 1));
    let said = project.nocere(&[
        "suites",
        "review",
        "nocere-keys",
        "--in",
        &wrong,
        "--by",
        "person",
    ]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(
        said.err.contains("wrong.csv:2: `due` is `7`"),
        "{}",
        said.err
    );
    assert!(!project.path.join("reviews").exists());
    let unknown = project.nocere(&["suites", "show", "nocere-keys", "--probe", "baby-vitamin"]);
    assert_eq!(unknown.code, 2, "{}", unknown.err);
    assert!(unknown.err.contains("has no probe"), "{}", unknown.err);
}
