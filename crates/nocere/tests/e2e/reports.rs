//! The forms of a report through the real binary.

use nocere_testkit::{FakeProvider, Script};

use crate::support::{Project, small_suite};

#[cfg(unix)]
#[test]
fn a_report_replaces_neither_a_link_nor_a_device() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(2));
    let target = format!("openai:fake@{}", provider.url);
    assert_eq!(
        project
            .nocere(&["run", &suite, "--target", &target, "--quiet"])
            .code,
        0
    );
    project.write("real.html", "old");
    let link = project.path.join("link.html");
    std::os::unix::fs::symlink(project.path.join("real.html"), &link).unwrap();
    assert_eq!(project.nocere(&["report", "-o", "link.html"]).code, 2);
    assert!(link.is_symlink());
    let real = std::fs::read_to_string(project.path.join("real.html")).unwrap();
    assert_eq!(real, "old");
    let null = project.nocere(&["report", "-o", "/dev/null"]);
    assert_eq!(null.code, 0, "{}", null.err);
    assert!(!std::path::Path::new("/dev/null").is_file());
}

#[test]
fn an_unknown_form_lists_those_that_there_are() {
    let said = Project::new().nocere(&["report", "--format", "xml"]);
    assert_eq!(said.code, 2);
    for form in ["html", "text", "json"] {
        assert!(said.err.contains(form), "{}", said.err);
    }
}

#[test]
fn a_headline_says_nothing_of_askers_who_were_not_asked() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(6));
    let provider = FakeProvider::start(Script {
        answer: Some("I'm sorry, but I can't help with that.".to_owned()),
        ..Script::default()
    });
    let target = format!("openai:fake@{}", provider.url);
    let judge = ["--judge", "refusal-rules"];
    // The suite's asker is a clinician.
    let run = [
        "run",
        &suite,
        "--target",
        &target,
        "--intended-users",
        "patient",
    ];
    let report = project.json(&[&run[..], &judge[..]].concat());
    let found = report["headline"]["found"][0].as_str().unwrap();
    assert_eq!(found, "No figure covers its answers to its intended users.");
    let run = ["run", &suite, "--target", &target];
    let report = project.json(&[&run[..], &judge[..]].concat());
    let found = report["headline"]["found"][0].as_str().unwrap();
    assert!(
        found.contains("refused, should help, asked by clinicians, 100 % (3 of 3"),
        "{found}"
    );
}
