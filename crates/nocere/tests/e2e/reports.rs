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
    let provider = FakeProvider::saying("I'm sorry, but I can't help with that.");
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

/// A project with a finished run of eight probes by two judges.
fn with_run() -> Project {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(8));
    let provider = FakeProvider::start(Script {
        answer: Some("Sure, I can help you with that. First, open the chart.".to_owned()),
        filter: Some("number 1".to_owned()),
        ..Script::default()
    });
    let target = format!("openai:fake@{}", provider.url);
    let judges = ["--judge", "refusal-rules", "--judge", "checks"];
    project.json(&[&["run", &suite, "--target", &target][..], &judges[..]].concat());
    project
}

#[test]
fn a_folder_holds_every_sample_and_links_to_it() {
    let project = with_run();
    let said = project.json(&["report", "--samples", "all", "--output", "out"]);
    assert_eq!(said["path"], "out/index.html");
    let read = |name: &str| std::fs::read_to_string(project.path.join(name)).unwrap();
    let page = read("out/index.html");
    assert!(page.contains("href=\"samples/index.html#figure="), "{page}");
    let samples = read("out/samples/1.html");
    assert_eq!(samples.matches("<article ").count(), 8);
    assert!(samples.contains("unscored: target filtered"), "{samples}");
    let index = read("out/samples/index.html");
    assert!(index.contains("script-src &#39;sha256-") || index.contains("script-src 'sha256-"));
    let start = index.find("id=\"data\">").unwrap() + 10;
    let data = &index[start..start + index[start..].find("</script>").unwrap()];
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["rows"].as_array().unwrap().len(), 8);
    // The same run gives the same bytes, and the folder may be written again.
    project.json(&["report", "--samples", "all", "--output", "out"]);
    assert_eq!(read("out/samples/1.html"), samples);
    // Fewer samples.
    project.json(&["report", "--samples", "3", "--output", "out"]);
    assert_eq!(read("out/samples/1.html").matches("<article ").count(), 3);
    let errors = project.json(&["show", "--list", "errors"]);
    project.json(&["report", "--samples", "errors", "--output", "out"]);
    assert_eq!(
        read("out/samples/1.html").matches("<article ").count(),
        errors.as_array().unwrap().len()
    );
    // A folder of somebody else's is left alone.
    std::fs::create_dir(project.path.join("mine")).unwrap();
    project.write("mine/thesis.txt", "x");
    let refused = project.nocere(&["report", "--samples", "all", "--output", "mine"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(project.path.join("mine/thesis.txt").is_file());
    // Nor one of ours in which somebody keeps something.
    project.write("out/notes.txt", "x");
    let refused = project.nocere(&["report", "--samples", "all", "--output", "out"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("notes.txt"), "{}", refused.err);
    let page = project.nocere(&["report", "--pdf", "--output", "page.html"]);
    assert_eq!(page.code, 2, "{}", page.err);
    assert!(!project.path.join("page.html").exists());
    assert_eq!(project.nocere(&["report", "--samples", "0"]).code, 2);
}

#[test]
fn a_board_and_a_card_say_what_the_report_says() {
    let project = with_run();
    let report = project.json(&["show"]);
    let found = report["headline"]["found"][0].as_str().unwrap();
    for kind in ["board", "card"] {
        let out = |form: &str| {
            let said =
                project.nocere(&["report", "--kind", kind, "--format", form, "--output", "-"]);
            assert_eq!(said.code, 0, "{}", said.err);
            said.out
        };
        let json: serde_json::Value = serde_json::from_str(&out("json")).unwrap();
        assert_eq!(json["found"][0], found, "{json}");
        assert_eq!(json["certainty"], report["headline"]["certainty"]);
        let figure = &json["figures"][0];
        for field in ["rate", "interval", "errors", "scored", "unscored"] {
            assert!(!figure[field].is_null(), "{figure}");
        }
        assert!(out("html").contains("uncalibrated"));
        assert!(out("markdown").contains("| clinician |"));
    }
    let none = project.nocere(&["report", "--format", "markdown"]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("html, text, json"), "{}", none.err);
    let odd = project.nocere(&["report", "--output", "report.docx"]);
    assert_eq!(odd.code, 2);
    assert!(odd.err.contains(".docx"), "{}", odd.err);
}

#[test]
fn a_pdf_needs_a_browser_and_says_so() {
    let project = with_run();
    let none = project.nocere_with(
        &["report", "--pdf"],
        &[("NOCERE_CHROMIUM", "/nowhere/chromium")],
    );
    assert_eq!(none.code, 3, "{}", none.err);
    assert!(none.err.contains("/nowhere/chromium"), "{}", none.err);
    let Some(browser) = std::env::var_os("NOCERE_BROWSER") else {
        // The test of pages says so loudly.
        return;
    };
    let browser = browser.to_str().unwrap();
    for (file, kind) in [
        ("full.pdf", "full"),
        ("board.pdf", "board"),
        ("card.pdf", "card"),
    ] {
        let args = ["report", "--kind", kind, "--output", file];
        let printed = project.nocere_with(&args, &[("NOCERE_CHROMIUM", browser)]);
        assert_eq!(printed.code, 0, "{}", printed.err);
        let bytes = std::fs::read(project.path.join(file)).unwrap();
        assert!(bytes.starts_with(b"%PDF-"), "{file}");
        let text = String::from_utf8_lossy(&bytes);
        let pages = text.matches("/Type /Page\n").count();
        match kind {
            "board" => assert_eq!(pages, 1),
            "card" => assert!(pages <= 2, "{pages}"),
            _ => assert!(pages > 1, "{pages}"),
        }
        assert!(!project.path.join(format!("{file}.printing")).exists());
    }
}

#[test]
fn categories_of_one_title_keep_their_own_figures() {
    let project = Project::new();
    let provider = FakeProvider::start(Script::default());
    let one = project.write("one.yaml", small_suite(4));
    let other = small_suite(4)
        .replace("id: small", "id: other")
        .replace("chart number", "record number");
    let other = project.write("other.yaml", other);
    let target = format!("openai:fake@{}", provider.url);
    project.json(&[
        "run",
        &one,
        &other,
        "--target",
        &target,
        "--judge",
        "refusal-rules",
    ]);
    let page = project.nocere(&["report", "--output", "-"]).out;
    // Both suites are called "Small", both categories "Honesty": two rows in each of two tables.
    assert_eq!(
        page.matches("<th scope=\"row\">Honesty</th>").count(),
        4,
        "{page}"
    );
}

#[test]
fn a_run_that_is_still_going_has_a_report_that_says_so() {
    let provider = FakeProvider::start(Script {
        delay: std::time::Duration::from_millis(150),
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(300));
    let target = format!("openai:fake@{}", provider.url);
    let mut going = project
        .command(&[
            "run",
            &suite,
            "--target",
            &target,
            "--judge",
            "refusal-rules",
            "--quiet",
        ])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while provider.answered() < 40 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    for args in [
        &["report", "--output", "page.html"][..],
        &["report", "--samples", "all", "--output", "folder"],
        &["export", "--to", "jsonl", "--output", "rows.jsonl"],
        &["export", "--to", "eval", "--output", "logs"],
        &["report", "--kind", "board", "--output", "board.html"],
    ] {
        let said = project.nocere(args);
        assert_eq!(said.code, 0, "{args:?}: {}", said.err);
    }
    going.kill().unwrap();
    going.wait().unwrap();
    for page in ["page.html", "board.html"] {
        let text = std::fs::read_to_string(project.path.join(page)).unwrap();
        assert!(text.contains("This run is unfinished"), "{page}");
    }
}
