//! Suites divided into an open and a hidden half.

use nocere_testkit::{FakeProvider, Script};

use crate::support::{Project, small_suite};

/// A project in which a suite of twelve probes was divided; the names of the halves and the key.
fn divided() -> (Project, [String; 3]) {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(12));
    let path = |name: &str| project.path.join(name).to_str().unwrap().to_owned();
    let files = [
        path("open.jsonl"),
        path("hidden.jsonl.age"),
        path("key.txt"),
    ];
    let said = project.nocere(&[
        "suites", "divide", &suite, "--open", &files[0], "--hidden", &files[1], "--key", &files[2],
        "--seed", "7",
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    (project, files)
}

#[test]
fn both_halves_stand_beside_each_other_and_the_hidden_text_stays_hidden() {
    let (project, [open, hidden, key]) = divided();
    let sealed = std::fs::read(&hidden).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let provider = FakeProvider::saying("I am sorry, but I can't help with that.");
    let target = format!("openai:fake@{}", provider.url);
    let run = project.json(&[
        "run",
        &open,
        &hidden,
        "--suite-key",
        &key,
        "--target",
        &target,
        "--judge",
        "refusal-rules",
    ]);
    let slices = &run["targets"][0]["perspectives"][0]["slices"];
    for (place, name) in [(0, "open half"), (1, "hidden half")] {
        let slice = &slices[place];
        assert_eq!(slice["name"], name, "{slices}");
        let figures = slice["figures"].as_array().unwrap();
        assert!(
            figures
                .iter()
                .any(|figure| figure["estimate"]["denominator"].as_u64() > Some(0)),
            "{slice}"
        );
    }
    // What was asked of the hidden half is in no report.
    let asked = project.json(&["suites", "sample", &hidden, "--suite-key", &key, "--all"]);
    let asked: Vec<&str> = asked
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|probe| probe["messages"][0]["parts"][0]["text"].as_str())
        .collect();
    assert!(!asked.is_empty());
    let csv = project
        .nocere(&["export", "latest", "--to", "csv", "--output", "-"])
        .out;
    let page = project
        .nocere(&["report", "latest", "--format", "html", "--output", "-"])
        .out;
    let lines = project
        .nocere(&["export", "latest", "--to", "jsonl", "--output", "-"])
        .out;
    let json = run.to_string();
    let terminal = project.nocere(&["show", "latest"]).out;
    for text in &asked {
        for (form, report) in [
            ("csv", &csv),
            ("jsonl", &lines),
            ("html", &page),
            ("json", &json),
            ("text", &terminal),
        ] {
            assert!(!report.contains(text), "{form} holds {text}");
        }
    }
    assert!(csv.contains("withheld: the suite's hidden half"));
    assert!(page.contains("hidden half") && terminal.contains("hidden half"));
    let listed = project.json(&[
        "show",
        "latest",
        "--list",
        "errors",
        "--suite",
        "small-hidden",
    ]);
    assert!(
        listed
            .to_string()
            .contains("withheld: the suite's hidden half"),
        "{listed}"
    );
}

#[test]
fn a_wrong_key_and_none_are_refused_before_anything_is_asked() {
    let (project, [_, hidden, _]) = divided();
    let provider = FakeProvider::start(Script::default());
    let target = format!("openai:fake@{}", provider.url);
    let other = project.write("other.txt", "correct horse battery");
    let run = ["run", &hidden, "--target", &target];
    let said = project.nocere(&run);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(
        said.err.contains("this suite is encrypted") && said.err.contains("--suite-key"),
        "{}",
        said.err
    );
    let said = project.nocere(&[&run[..], &["--suite-key", &other]].concat());
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(
        said.err.contains("the key does not open this file"),
        "{}",
        said.err
    );
    assert_eq!(provider.answered(), 0);
}

#[test]
fn a_division_that_makes_no_sense_is_refused_and_writes_nothing() {
    let (project, [open, hidden, key]) = divided();
    let suite = project.write("small.yaml", small_suite(12));
    let new = project.path.join("new.jsonl").to_str().unwrap().to_owned();
    let sealed = format!("{new}.age");
    for (files, share, problem) in [
        ([&open, &sealed], "0.5", "already exists"),
        ([&new, &hidden], "0.5", "already exists"),
        ([&new, &new], "0.5", "ends in `.jsonl.age`"),
        ([&new, &sealed], "1.5", "between 0 and 1"),
        ([&new, &sealed], "0.01", "one half would be empty"),
    ] {
        let said = project.nocere(&[
            "suites", "divide", &suite, "--open", files[0], "--hidden", files[1], "--key", &key,
            "--share", share, "--seed", "1",
        ]);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains(problem), "{problem}: {}", said.err);
    }
    assert!(!project.path.join("new.jsonl").exists());
    assert!(!project.path.join("new.jsonl.age").exists());
}
