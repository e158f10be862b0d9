//! Whole runs against the fake provider.

use nocere_testkit::{FakeProvider, Script};
use serde_json::json;

use crate::support::{Project, small_suite};

fn figure<'a>(report: &'a serde_json::Value, metric: &str) -> &'a serde_json::Value {
    report["targets"][0]["perspectives"][0]["figures"]
        .as_array()
        .unwrap()
        .iter()
        .find(|figure| figure["figure"] == metric)
        .unwrap_or_else(|| panic!("no figure {metric}"))
}

#[test]
fn a_run_counts_both_errors() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(20));
    let target = format!("openai:fake@{}", provider.url);
    let report = project.json(&["run", &suite, "--target", &target]);
    // The fake declines exactly what speaks of falsifying.
    let complied = figure(&report, "helped-should-decline");
    assert_eq!(complied["estimate"]["numerator"], 0);
    assert_eq!(complied["estimate"]["denominator"], 10);
    let refused = figure(&report, "declined-should-help");
    assert_eq!(
        (
            refused["estimate"]["numerator"].as_u64(),
            refused["estimate"]["denominator"].as_u64()
        ),
        (Some(0), Some(10))
    );
    // Nobody has measured the judge against people's labels.
    assert_eq!(complied["standing"]["state"], "uncalibrated");
    assert_eq!(provider.answered(), 20);
}

#[test]
fn a_model_that_refuses_everything_is_not_safe_but_useless() {
    let answer = Some("I'm sorry, but I can't help with that.".to_owned());
    let provider = FakeProvider::start(Script {
        answer,
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(10));
    let target = format!("openai:fake@{}", provider.url);
    let report = project.json(&["run", &suite, "--target", &target]);
    assert_eq!(
        figure(&report, "declined-should-help")["estimate"]["numerator"],
        5
    );
    assert_eq!(
        figure(&report, "helped-should-decline")["estimate"]["numerator"],
        0
    );
}

#[test]
fn the_harm_judge_scores_and_unreadable_replies_stay_unscored() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(6));
    let provider = FakeProvider::start(Script::default());
    let target = format!("openai:fake@{}", provider.url);
    let judge = format!("harm=openai:judge@{}", provider.url);
    let report = project.json(&["run", &suite, "--target", &target, "--judge", &judge]);
    let harmful = figure(&report, "harmful");
    assert_eq!(harmful["estimate"]["numerator"], 3);
    assert_eq!(harmful["estimate"]["denominator"], 6);

    let mumbling = FakeProvider::start(Script {
        unreadable_judge: true,
        ..Script::default()
    });
    let judge = format!("harm=openai:judge@{}", mumbling.url);
    let said = project.nocere(&[
        "run", &suite, "--target", &target, "--judge", &judge, "--json",
    ]);
    assert_eq!(said.code, 3, "nothing scored is no success: {}", said.err);
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let harmful = figure(&report, "harmful");
    assert_eq!(harmful["estimate"]["denominator"], 0);
    assert_eq!(harmful["estimate"]["unscored"], 6);
    assert!(harmful["estimate"]["value"].is_null());
    assert_eq!(report["unscored"][0][1], "judge_unreadable");
    // One repair for each answer, and no more.
    assert_eq!(mumbling.answered(), 12);
}

#[test]
fn filtered_answers_are_neither_safe_nor_harmful() {
    let provider = FakeProvider::start(Script {
        filter: Some("falsify".to_owned()),
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(10));
    let target = format!("openai:fake@{}", provider.url);
    let report = project.json(&["run", &suite, "--target", &target]);
    let complied = figure(&report, "helped-should-decline");
    assert_eq!(complied["estimate"]["denominator"], 0);
    assert_eq!(complied["estimate"]["unscored"], 5);
    assert_eq!(report["unscored"][0][1], "target_filtered");
}

#[test]
fn failures_on_the_line_are_tried_again_and_lose_nothing() {
    let provider = FakeProvider::start(Script {
        fail_every: 3,
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(30));
    let target = format!("openai:fake@{}", provider.url);
    let report = project.json(&["run", &suite, "--target", &target]);
    assert_eq!(report["done"], 30);
    assert!(provider.seen().values().all(|seen| seen.answers.len() == 1));
}

#[test]
fn the_page_escapes_what_the_model_says() {
    let answer = Some(
        "<script>alert('x')</script> Sure, here is how to falsify it: \u{1b}[31mred".to_owned(),
    );
    let provider = FakeProvider::start(Script {
        answer,
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(4));
    let target = format!("openai:fake@{}", provider.url);
    let said = project.nocere(&["run", &suite, "--target", &target]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!said.out.contains('\u{1b}'));
    let written = project.nocere(&["report", "latest", "--output", "page.html"]);
    assert_eq!(written.code, 0, "{}", written.err);
    let page = std::fs::read_to_string(project.path.join("page.html")).unwrap();
    assert!(
        !page.contains("<script"),
        "the page has no scripts of anybody"
    );
    assert!(page.contains("&lt;script&gt;") && !page.contains('\u{1b}'));
    assert!(page.contains("uncalibrated"));
    // Nothing is fetched from anywhere.
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http"));
}

#[test]
fn keys_reach_the_server_and_nothing_else() {
    let key = "sk-planted-4f1c9a77";
    let provider = FakeProvider::start(Script {
        key: Some(key.to_owned()),
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(4));
    project.write(
        "nocere.yaml",
        format!(
            "targets:\n  ward:\n    provider: openai\n    model: fake\n    base_url: {}\n    api_key: env:WARD_KEY\n",
            provider.url
        ),
    );
    let good = project
        .command(&["run", &suite, "--target", "ward"])
        .env("WARD_KEY", key)
        .output()
        .unwrap();
    assert!(
        good.status.success(),
        "{}",
        String::from_utf8_lossy(&good.stderr)
    );
    let wrong = project
        .command(&["run", &suite, "--target", "ward"])
        .env("WARD_KEY", "sk-wrong")
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(3));
    let mut everything = project.all_bytes();
    for output in [&good, &wrong] {
        everything.extend(&output.stdout);
        everything.extend(&output.stderr);
    }
    let text = String::from_utf8_lossy(&everything);
    assert!(!text.contains(key) && !text.contains("sk-wrong"));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("refused the key (401)"));
}

#[test]
fn epochs_ask_again_and_the_intervals_know_it() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(8));
    let target = format!("openai:fake@{}", provider.url);
    let report = project.json(&["run", &suite, "--target", &target, "--epochs", "3"]);
    assert_eq!(report["total"], 24);
    assert_eq!(provider.answered(), 24);
    assert_eq!(provider.seeds().len(), 3, "each epoch is a draw of its own");
    let interval = &figure(&report, "declined-should-help")["estimate"]["interval"];
    let width = interval[1].as_f64().unwrap() - interval[0].as_f64().unwrap();
    assert!(
        width > 0.4,
        "four probes stay four probes however often they are asked: {width}"
    );
}

#[test]
fn a_request_that_the_server_cannot_digest_is_an_outcome_and_no_end() {
    let always_fails = Some("number 3".to_owned());
    let provider = FakeProvider::start(Script {
        always_fails,
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(8));
    let target = format!("openai:fake@{}", provider.url);
    let report = project.json(&["run", &suite, "--target", &target, "--max-failed", "100%"]);
    assert_eq!(report["done"], 8);
    assert_eq!(
        figure(&report, "declined-should-help")["estimate"]["unscored"],
        1
    );
    assert_eq!(report["unscored"][0][1], "target_error");
}

#[test]
fn a_run_that_scored_nothing_does_not_look_like_a_success() {
    let provider = FakeProvider::start(Script {
        filter: Some("chart".to_owned()),
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(4));
    let said = project.nocere(&[
        "run",
        &suite,
        "--target",
        &format!("openai:fake@{}", provider.url),
    ]);
    assert_eq!(said.code, 3);
    assert!(
        said.err.contains("no answer of this run could be scored"),
        "{}",
        said.err
    );
}

#[test]
fn text_goes_to_the_configured_address_only() {
    let elsewhere = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(4));
    let redirect = Some(format!("{}/chat/completions", elsewhere.url));
    let sly = FakeProvider::start(Script {
        redirect,
        ..Script::default()
    });
    let said = project.nocere(&[
        "run",
        &suite,
        "--target",
        &format!("openai:m@{}", sly.url),
        "--local-only",
    ]);
    assert_eq!(said.code, 3);
    assert!(
        said.err.contains("redirect (307), which is not followed"),
        "{}",
        said.err
    );

    let provider = FakeProvider::start(Script::default());
    let target = format!("openai:fake@{}", provider.url);
    let proxied = project
        .command(&["run", &suite, "--target", &target, "--local-only"])
        .env("http_proxy", elsewhere.url.trim_end_matches("/v1"))
        .env("HTTP_PROXY", elsewhere.url.trim_end_matches("/v1"))
        .output()
        .unwrap();
    assert!(proxied.status.success());
    assert_eq!(provider.answered(), 4);
    assert_eq!(
        elsewhere.answered(),
        0,
        "neither redirect nor proxy saw any text"
    );
}

#[test]
fn the_same_seed_gives_the_same_report() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let target = format!("openai:fake@{}", provider.url);
    let run = |seed: &str| {
        let args = [
            "run",
            "nocere-triads",
            "--target",
            &target,
            "--limit",
            "30",
            "--seed",
            seed,
        ];
        crate::support::comparable(project.json(&args)).to_string()
    };
    let first = run("5");
    assert_eq!(first, run("5"));
    assert_ne!(first, run("6"));
}

#[test]
fn narrow_windows_stay_narrow() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(10));
    let target = format!("openai:fake@{}", provider.url);
    let output = project
        .command(&["run", &suite, "--target", &target])
        .env("COLUMNS", "40")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !text.is_empty());
    for line in text.lines() {
        assert!(line.chars().count() <= 40, "{line:?}");
    }
}

#[test]
fn lists_fit_into_narrow_windows_too() {
    let project = Project::new();
    for args in [
        &["suites", "show", "nocere-triads"][..],
        &["models", "list"],
        &["suites", "list"],
        &["doctor"],
    ] {
        let output = project.command(args).env("COLUMNS", "40").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.is_empty());
        for line in text.lines() {
            // Paths and hashes are not broken: they are there to be copied.
            let copied = line.contains('/');
            assert!(copied || line.chars().count() <= 40, "{args:?}: {line:?}");
        }
    }
}

#[test]
fn a_run_can_be_judged_again_without_asking_the_target() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(6));
    let target = format!("openai:fake@{}", provider.url);
    let first = project.json(&["run", &suite, "--target", &target, "--judge", "refusal"]);
    assert_eq!(provider.answered(), 6);
    let second = project.json(&["rejudge", "latest"]);
    assert_eq!(provider.answered(), 6, "no call to the target");
    assert_eq!(first["targets"], second["targets"]);
    let judge = format!("harm=openai:judge@{}", provider.url);
    let third = project.json(&["rejudge", "latest", "--judge", &judge]);
    assert_eq!(provider.answered(), 12, "six calls to the judge");
    assert_eq!(figure(&third, "harmful")["estimate"]["denominator"], 6);
    assert_eq!(project.json(&["runs"]).as_array().unwrap().len(), 3);
}

#[test]
fn lists_completions_and_manual_pages_come_out() {
    let project = Project::new();
    assert!(
        project
            .nocere(&["suites", "list"])
            .out
            .contains("nocere-triads")
    );
    assert!(
        project
            .nocere(&["suites", "show", "nocere-triads"])
            .out
            .contains("crisis")
    );
    assert!(project.json(&["models", "list"])[0]["sha256"].is_string());
    assert!(
        project
            .nocere(&["completions", "bash"])
            .out
            .contains("nocere")
    );
    assert_eq!(project.nocere(&["man", "pages"]).code, 0);
    assert!(project.path.join("pages/nocere-run.1").is_file());
    assert_eq!(
        project.nocere(&["--version"]).out,
        format!("nocere {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert!(project.json(&["runs"]).as_array().unwrap().is_empty());
    assert!(project.json(&["doctor"]).is_array());
}

#[test]
fn one_sample_can_be_read() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(4));
    let target = format!("openai:fake@{}", provider.url);
    project.json(&["run", &suite, "--target", &target]);
    let said = project.nocere(&["show", "latest", "p0"]);
    assert!(
        said.out.contains("chart number 0") && said.out.contains("declined (probability "),
        "{}",
        said.out
    );
    assert!(
        project
            .nocere(&["show", "latest", "p00"])
            .err
            .contains("did you mean `p0`")
    );
    let sample = project.json(&["show", "latest", "p1"]);
    assert_eq!(sample[0]["probe"]["expect"], "comply");
}

#[test]
fn scripted_follow_ups_are_asked_in_order() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write(
        "turns.yaml",
        "nocere_suite: 1\nid: turns\nversion: 1.0.0\ntitle: Turns\nlicence: CC0-1.0\nsource: tests\n\
         categories: [{id: a, title: A}]\nprobes:\n  - {id: t1, perspective: patient, category: a, prompt: first, \
         follow_ups: [second, third], expect: comply}\n",
    );
    let target = format!("openai:fake@{}", provider.url);
    project.json(&["run", &suite, "--target", &target]);
    let sample = project.json(&["show", "latest", "t1"]);
    let said: Vec<&str> = sample[0]["transcript"]["turns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|turn| turn["message"]["parts"][0]["text"].as_str().unwrap())
        .collect();
    assert_eq!(said.len(), 6);
    assert_eq!((said[0], said[2], said[4]), ("first", "second", "third"));
}

#[test]
fn a_sample_that_is_struck_out_is_counted_by_nobody() {
    let fake = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(6));
    let target = format!("openai:fake@{}", fake.url);
    project.json(&["run", &suite, "--target", &target, "--judge", "refusal"]);
    let refused = project.nocere(&["strike", "latest", "p1"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    let reason = "the endpoint answered from another deployment";
    let struck = project.nocere(&[
        "strike", "latest", "p1", "p2", "--reason", reason, "--by", "eva",
    ]);
    assert_eq!(struck.code, 0, "{}", struck.err);
    let report = project.json(&["show", "latest"]);
    assert_eq!(report["targets"][0]["samples"], 4);
    assert_eq!(report["struck"][0]["by"], "eva");
    let text = project.nocere(&["show", "latest"]);
    assert!(
        text.out.contains("2 samples struck out by hand"),
        "{}",
        text.out
    );
    assert!(text.out.contains("the endpoint answered"), "{}", text.out);
    // The conversation can still be read, a rejudged copy leaves it out as well.
    assert!(
        project
            .nocere(&["show", "latest", "p1"])
            .out
            .contains("chart number 1")
    );
    project.json(&["rejudge", "latest", "--judge", "checks"]);
    assert_eq!(
        project.json(&["show", "latest"])["targets"][0]["samples"],
        4
    );
    assert_eq!(project.nocere(&["verify", "latest"]).code, 0);
    let back = project.nocere(&["strike", "latest", "p1", "p2", "--back"]);
    assert_eq!(back.code, 0, "{}", back.err);
    let report = project.json(&["show", "latest"]);
    assert_eq!(
        (&report["targets"][0]["samples"], &report["struck"]),
        (&json!(6), &json!([]))
    );
    assert_eq!(
        project
            .nocere(&["strike", "latest", "nope", "--reason", "x"])
            .code,
        2
    );
}

#[test]
fn resume_takes_the_newest_run_that_is_not_finished() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(8));
    let provider = FakeProvider::start(Script::default());
    let target = format!("openai:fake@{}", provider.url);
    let run = [
        "run",
        &suite,
        "--target",
        &target,
        "--judge",
        "refusal-rules",
    ];
    let stopped = project.nocere(&[&run[..], &["--max-requests", "3"]].concat());
    assert_eq!(stopped.code, 4, "{}", stopped.err);
    let finished = project.json(&[&run[..], &["--seed", "5"]].concat());
    assert_eq!(finished["done"], 8);
    let resumed = project.json(&["resume", "--max-requests", "100"]);
    assert_ne!(resumed["header"]["id"], finished["header"]["id"]);
    assert_eq!(resumed["done"], 8);
    // Then nothing is left, and the newest says so.
    let again = project.nocere(&["resume"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.err.contains("is already finished"), "{}", again.err);
}
