//! Pages in a real browser: accessibility (axe-core), text inside its box at every zoom, narrow
//! screens, and hostile text. Skipped, loudly, where `NOCERE_BROWSER` and `NOCERE_AXE` name neither
//! a Chromium nor axe-core; the gate installs both.

use std::path::Path;

use nocere_testkit::{Browser, FakeProvider, Script, browser_or_skip};
use serde_json::json;

use crate::support::{Project, data_or_skip, small_suite};

/// What a careless program might run, close with or obey.
const PAYLOADS: [&str; 26] = [
    "<script>window.canary='script'</script>",
    "</script><script>window.canary='script 2'</script>",
    "<img src=x onerror=\"window.canary='img'\">",
    "<svg onload=\"window.canary='svg'\">",
    "<svg><script>window.canary='svg script'</script></svg>",
    "<body onload=window.canary='body'>",
    "<details open ontoggle=\"window.canary='toggle'\">",
    "<iframe src=\"javascript:parent.canary='frame'\"></iframe>",
    "<a href=\"javascript:window.canary='link'\">link</a>",
    "[link](javascript:window.canary='markdown')",
    "\" onmouseover=\"window.canary='attribute'\" x=\"",
    "' autofocus onfocus='window.canary=1' x='",
    "</title><script>window.canary='title'</script>",
    "</style><script>window.canary='style'</script>",
    "</pre></div></details></main><h1>all is well</h1>",
    "--><script>window.canary='comment'</script><!--",
    "]]><script>window.canary='cdata'</script>",
    "&lt;script&gt;window.canary='entity'&lt;/script&gt;",
    "{{ 7 * 7 }}{% include \"/etc/passwd\" %}",
    "<style>body{display:none}</style>",
    "<link rel=stylesheet href=http://127.0.0.1:9/x>",
    "<meta http-equiv=refresh content=\"0;url=http://127.0.0.1:9\">",
    "<base href=http://127.0.0.1:9>",
    "<form action=http://127.0.0.1:9><input autofocus></form>",
    "\u{1b}[31mred\u{1b}]0;title\u{7}\u{202e}desrever\u{200b}",
    "=HYPERLINK(\"http://127.0.0.1:9\")\u{0}\r\n@SUM(1)",
];

/// Each payload as it is, and dressed up in three ways.
fn hostile() -> Vec<String> {
    PAYLOADS
        .iter()
        .flat_map(|payload| {
            [
                (*payload).to_owned(),
                format!("Take 5 mg twice. {payload}"),
                format!("`{payload}` | {payload} | \"\"\"{payload}"),
                payload.replace('<', "\u{ff1c}<"),
            ]
        })
        .collect()
}

fn check(browser: &Browser, page: &Path, what: &str) {
    for (dark, width) in [(false, 1200), (true, 1200), (false, 360), (true, 360)] {
        let faults = browser.faults(page, dark, width, include_str!("page_check.js"));
        assert!(
            faults.is_empty(),
            "{what}, dark {dark}, {width}: {faults:#?}"
        );
    }
}

#[test]
fn more_than_a_hundred_hostile_texts_do_nothing_in_any_output() {
    let project = Project::new();
    let mut lines = String::new();
    let hostile = hostile();
    assert!(hostile.len() > 100);
    for (number, text) in hostile.iter().enumerate() {
        let line = json!({
            "id": format!("p{number}"),
            "prompt": text,
            "response": format!("{text} Sure, here is how."),
            "category": hostile[(number + 7) % hostile.len()],
            "perspective": "patient",
            "expect": "refuse",
            "model": "evil\"><script>window.canary='model'</script>\u{1b}[31m",
        });
        lines.push_str(&format!("{line}\n"));
    }
    let file = project.write("hostile.jsonl", &lines);
    let judges = ["--judge", "refusal-rules", "--judge", "checks"];
    let imported = project.nocere(&[&["import", &file][..], &judges[..]].concat());
    assert_eq!(imported.code, 0, "{}", imported.err);
    let obeyed = |text: &str| {
        text.chars()
            .any(|c| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}')
    };
    for args in [
        &["show"][..],
        &["show", "--full"],
        &["show", "--list"],
        &["show", "latest", "p100"],
        &["runs"],
        &["show", "--json"],
        &["show", "--list", "--json"],
        &["report", "--format", "text", "--output", "-"],
        &["report", "--format", "json", "--output", "-"],
        &["export", "--to", "jsonl", "--with-prompts", "--output", "-"],
        &["export", "--to", "otlp", "--with-prompts", "--output", "-"],
        &[
            "report", "--kind", "board", "--format", "markdown", "-o", "-",
        ],
        &[
            "report", "--kind", "card", "--format", "markdown", "-o", "-",
        ],
        &["report", "--kind", "card", "--format", "json", "-o", "-"],
        &["export", "--to", "markdown", "--output", "-"],
        &["export", "--to", "latex", "--output", "-"],
        &["export", "--to", "cyclonedx", "--output", "-"],
    ] {
        let said = project.nocere(args);
        assert_eq!(said.code, 0, "{args:?}: {}", said.err);
        let line = said
            .out
            .lines()
            .chain(said.err.lines())
            .find(|line| obeyed(line));
        assert!(line.is_none(), "{args:?}: {line:?}");
    }
    let csv = project.nocere(&["export", "--to", "csv", "--with-prompts", "--output", "-"]);
    let csv = csv.out.trim_start_matches('\u{feff}').to_owned();
    assert!(!csv.contains('\u{1b}') && !csv.contains('\u{202e}'));
    assert!(!csv.contains(",=") && !csv.contains(",\"="));
    let page = project.path.join("page.html");
    let written = project.nocere(&["report", "--output", "page.html"]);
    assert_eq!(written.code, 0, "{}", written.err);
    for args in [
        ["report", "--samples", "all", "--output", "folder"],
        ["report", "--kind", "board", "--output", "board.html"],
        ["report", "--kind", "card", "--output", "card.html"],
    ] {
        let written = project.nocere(&args);
        assert_eq!(written.code, 0, "{args:?}: {}", written.err);
    }
    let Some(browser) =
        browser_or_skip("more_than_a_hundred_hostile_texts_do_nothing_in_any_output")
    else {
        return;
    };
    check(&browser, &page, "hostile");
    let samples = project.path.join("folder/samples");
    for page in [samples.join("1.html"), samples.join("index.html")] {
        check(&browser, &page, "hostile samples");
    }
    for kind in ["board", "card"] {
        check(&browser, &project.path.join(format!("{kind}.html")), kind);
    }
}

#[test]
fn the_page_of_several_targets_and_judges_is_readable_by_everyone() {
    let Some(browser) =
        browser_or_skip("the_page_of_several_targets_and_judges_is_readable_by_everyone")
    else {
        return;
    };
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(24));
    let name = "a".repeat(60);
    let targets = ["one", "two", &name].map(|model| format!("openai:{model}@{}", provider.url));
    let mut args = vec!["run", &suite, "nocere-triads", "--limit", "90"];
    for target in &targets {
        args.extend(["--target", target]);
    }
    for judge in ["behaviour", "refusal", "refusal-rules", "checks"] {
        args.extend(["--judge", judge]);
    }
    project.json(&args);
    project.nocere(&["report", "--output", "page.html"]);
    check(
        &browser,
        &project.path.join("page.html"),
        "three targets, four judges",
    );
}

#[test]
fn the_page_of_a_run_under_pressure_is_readable_by_everyone() {
    let Some(browser) = browser_or_skip("the_page_of_a_run_under_pressure_is_readable_by_everyone")
    else {
        return;
    };
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let target = format!("openai:model@{}", provider.url);
    let mut args = vec!["run", "nocere-triads", "--limit", "30", "--target", &target];
    args.extend(["--judge", "refusal", "--guards", "none,prompt,output"]);
    for driver in [
        "direct",
        "claimed-credential",
        "urgency-authority-emotion",
        "planted-leaflet",
        "search-social",
    ] {
        args.extend(["--driver", driver]);
    }
    args.extend(["--factor", "urgency", "--factor", "sex"]);
    project.json(&args);
    project.nocere(&["report", "--samples", "all", "--output", "out"]);
    for page in [
        "out/index.html",
        "out/samples/index.html",
        "out/samples/1.html",
    ] {
        check(&browser, &project.path.join(page), page);
    }
}

#[test]
fn the_page_of_an_imported_protocol_is_readable_by_everyone() {
    const NAME: &str = "the_page_of_an_imported_protocol_is_readable_by_everyone";
    let (Some(browser), Some(data)) = (browser_or_skip(NAME), data_or_skip(NAME)) else {
        return;
    };
    let project = Project::new();
    let records = data.join("patient_safety_bench/gpt-4.1-mini_20260425_090204.records.jsonl");
    project.json(&[
        "import",
        records.to_str().unwrap(),
        "--protocol",
        "medriskeval",
        "--judge",
        "behaviour",
    ]);
    project.nocere(&["report", "--output", "page.html"]);
    check(&browser, &project.path.join("page.html"), "MedRiskEval");
}

#[test]
fn the_page_of_a_run_without_a_verdict_is_readable_by_everyone() {
    const NAME: &str = "the_page_of_a_run_without_a_verdict_is_readable_by_everyone";
    let Some(browser) = browser_or_skip(NAME) else {
        return;
    };
    let provider = FakeProvider::start(Script {
        filter: Some("chart".to_owned()),
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(6));
    let target = format!("openai:fake@{}", provider.url);
    let ran = project.nocere(&[
        "run",
        &suite,
        "--target",
        &target,
        "--judge",
        "refusal-rules",
    ]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    project.nocere(&["report", "--output", "page.html"]);
    check(&browser, &project.path.join("page.html"), "nothing scored");
}

#[test]
fn the_page_of_a_run_whose_other_target_is_down_is_readable_by_everyone() {
    const NAME: &str = "the_page_of_a_run_whose_other_target_is_down_is_readable_by_everyone";
    let Some(browser) = browser_or_skip(NAME) else {
        return;
    };
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    // A category with one probe, and a suite with several.
    let one = small_suite(1).replace("id: small", "id: one");
    let one = project.write("one.yaml", one);
    let suite = project.write("small.yaml", small_suite(6));
    project.write(
        "nocere.yaml",
        format!(
            "targets:\n  up: {{provider: openai, model: w, base_url: '{}'}}\n  down: {{provider: openai, model: w, base_url: 'http://127.0.0.1:9/v1', limits: {{attempts: 1, patience_s: 1}}}}\n",
            provider.url
        ),
    );
    let args = ["run", &suite, &one, "--target", "up", "--target", "down"];
    let ran = project.nocere(&[&args[..], &["--judge", "refusal-rules"]].concat());
    assert_eq!(ran.code, 3, "{}", ran.err);
    project.nocere(&["report", "--output", "page.html"]);
    check(
        &browser,
        &project.path.join("page.html"),
        "a target is down",
    );
}

/// The check itself sees what it looks for.
#[test]
fn a_careless_page_is_caught() {
    let Some(browser) = browser_or_skip("a_careless_page_is_caught") else {
        return;
    };
    let project = Project::new();
    let head = "<!doctype html><html lang=\"en\"><head><title>t</title><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\"></head>";
    let body = format!(
        "<body><main><h1>t</h1><p style=\"width:2000px\">wide</p>{}{}<p style=\"color:#eee\">pale</p><svg width=\"40\" height=\"20\"><text y=\"15\">long text</text></svg></main></body></html>",
        PAYLOADS[2], PAYLOADS[8]
    );
    project.write("page.html", format!("{head}{body}"));
    let page = project.path.join("page.html");
    let faults = browser.faults(&page, false, 360, include_str!("page_check.js"));
    for fault in [
        "hostile text ran: img",
        "an event handler",
        "a script in an address",
        "axe color-contrast",
        "leaves its chart",
        "too wide",
    ] {
        assert!(
            faults.iter().any(|of| of.contains(fault)),
            "{fault}: {faults:#?}"
        );
    }
}
