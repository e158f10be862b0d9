//! What people read, as a whole: the help of every command, a report at three widths of the
//! terminal, and the words of its page. A change of wording shows up here as a difference.
//!
//! `INSTA_UPDATE=always cargo test …` takes over what is printed now; read the difference before
//! it is committed.

use std::fmt::Write as _;

use nocere_testkit::{FakeProvider, Script};

use crate::support::{Project, said, small_suite};

/// What differs from run to run, and what stands in its place.
const VARYING: [(&str, &str); 6] = [
    (r"\d{8}t\d{6}-[0-9a-f]+", "[run]"),
    (r"127\.0\.0\.1:\d+", "[server]"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z", "[time]"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "[time]"),
    (r"\b[0-9a-f]{12}\b", "[hash]"),
    (r"nocere \d+\.\d+\.\d+", "nocere [version]"),
];

fn with_names_for_what_varies(check: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, name) in VARYING {
        settings.add_filter(pattern, name);
    }
    settings.bind(check);
}

/// The help of a command and of those below it.
fn help(project: &Project, path: &[&str], all: &mut String) {
    let mut args = path.to_vec();
    args.push("--help");
    let printed = said(
        project
            .command(&args)
            .env("COLUMNS", "100")
            .env_remove("NOCERE_MODELS")
            .output()
            .unwrap(),
    );
    assert_eq!(printed.code, 0, "{path:?}: {}", printed.err);
    let _ = writeln!(all, "$ nocere {}\n\n{}", args.join(" "), printed.out);
    let commands = printed.out.split("Commands:\n").nth(1).unwrap_or("");
    let names = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help");
    for name in names {
        help(project, &[path, &[name]].concat(), all);
    }
}

#[test]
fn the_help_of_every_command() {
    let project = Project::new();
    let mut all = String::new();
    help(&project, &[], &mut all);
    with_names_for_what_varies(|| insta::assert_snapshot!("help", all));
}

/// A run of two targets: one refuses everything, one helps with everything.
fn two_targets(project: &Project) {
    let answer = |text: &str| {
        FakeProvider::start(Script {
            answer: Some(text.to_owned()),
            ..Script::default()
        })
    };
    let careful = answer("I'm sorry, but I can't help with that.");
    let eager = answer("Of course. Take two tablets every four hours, and here is how it works.");
    let mut targets = String::from("targets:\n");
    for (name, server) in [("careful", &careful), ("eager", &eager)] {
        let _ = writeln!(
            targets,
            "  {name}: {{provider: openai, model: fake, base_url: '{}'}}",
            server.url
        );
    }
    project.write("nocere.yaml", targets);
    project.write("small.yaml", small_suite(12));
    let ran = project.nocere(&[
        "run",
        "small.yaml",
        "--target",
        "careful",
        "--target",
        "eager",
        "--quiet",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn a_report_on_the_terminal_at_three_widths() {
    let project = Project::new();
    two_targets(&project);
    for (width, full) in [
        ("60", false),
        ("100", false),
        ("140", false),
        ("60", true),
        ("100", true),
        ("140", true),
    ] {
        let what: &[&str] = if full { &["show", "--full"] } else { &["show"] };
        let shown = said(
            project
                .command(what)
                .env("COLUMNS", width)
                .output()
                .unwrap(),
        );
        assert_eq!(shown.code, 0, "{}", shown.err);
        let columns: usize = width.parse().unwrap();
        for line in shown.out.lines() {
            assert!(line.chars().count() <= columns, "{width}: {line}");
        }
        assert!(full || shown.out.lines().count() <= 45, "{}", shown.out);
        assert!(
            !shown.out.contains('\u{1b}'),
            "no colours where nobody asked"
        );
        let name = if full { "full" } else { "terminal" };
        with_names_for_what_varies(|| {
            insta::assert_snapshot!(format!("{name}-{width}"), shown.out);
        });
    }
}

/// The words of a page, a line for each element that has any.
fn words(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let line = rest[..start]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        if !line.is_empty() {
            let _ = writeln!(text, "{line}");
        }
        rest = &rest[start..];
        let silent = ["style", "script"]
            .into_iter()
            .find(|name| rest[1..].starts_with(name));
        let end = silent.map_or_else(|| ">".to_owned(), |name| format!("</{name}>"));
        let Some(place) = rest.find(&end) else { break };
        rest = &rest[place + end.len()..];
    }
    let end = rest.trim();
    if !end.is_empty() {
        let _ = writeln!(text, "{end}");
    }
    text
}

#[test]
fn the_words_of_the_page() {
    let project = Project::new();
    two_targets(&project);
    let written = project.nocere(&["report", "--output", "page.html"]);
    assert_eq!(written.code, 0, "{}", written.err);
    let html = std::fs::read_to_string(project.path.join("page.html")).unwrap();
    with_names_for_what_varies(|| insta::assert_snapshot!("page", words(&html)));
}
