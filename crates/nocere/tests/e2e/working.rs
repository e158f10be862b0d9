//! How a run works: limits, budgets, progress, extension in place, reuse.

use std::{
    io::{BufRead, BufReader, Read},
    time::Duration,
};

use nocere_testkit::{FakeProvider, Fault, Faults, Script};
use serde_json::{Value, json};

use crate::support::{Project, small_suite};

fn entry(url: &str, more: &str) -> String {
    format!("targets:\n  t: {{provider: openai, model: fake, base_url: '{url}', {more}}}\n")
}

fn project(fake: &FakeProvider, probes: usize, more: &str) -> (Project, String) {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(probes));
    project.write("nocere.yaml", entry(&fake.url, more));
    (project, suite)
}

#[test]
fn as_many_calls_are_in_flight_as_allowed() {
    let fake = FakeProvider::start(Script {
        delay: Duration::from_millis(1_500),
        ..Script::default()
    });
    let (project, suite) = project(&fake, 200, "limits: {concurrency: 100}");
    project.json(&["run", &suite, "--target", "t"]);
    assert_eq!(fake.peak(), 100);
}

#[test]
fn a_server_with_little_room_gets_fewer_calls_at_once() {
    let fake = FakeProvider::start(Script {
        delay: Duration::from_millis(20),
        room: Some(4),
        ..Script::default()
    });
    let (project, suite) = project(&fake, 150, "limits: {concurrency: 32, backoff_ms: 20}");
    let report = project.json(&["run", &suite, "--target", "t"]);
    assert_eq!(report["targets"][0]["outcomes"], json!([["answered", 150]]));
    // Without shrinking, most of the requests would be turned away again and again.
    assert!(
        fake.limited() < 400,
        "{} of 150 calls limited",
        fake.limited()
    );
    assert!(fake.limited() > 0);
}

#[test]
fn requests_per_minute_hold_at_the_server() {
    let fake = FakeProvider::start(Script::default());
    let (project, suite) = project(&fake, 20, "limits: {requests_per_minute: 300}");
    let stopwatch = nocere_core::clock::Stopwatch::start();
    project.json(&["run", &suite, "--target", "t"]);
    // Five at once, and five a second from then on.
    assert!(
        stopwatch.elapsed() >= Duration::from_millis(2_900),
        "{:?}",
        stopwatch.elapsed()
    );
}

#[test]
fn a_budget_of_requests_stops_cleanly_and_can_be_raised() {
    let fake = FakeProvider::start(Script::default());
    let (project, suite) = project(&fake, 30, "limits: {concurrency: 4}");
    let said = project.nocere(&["run", &suite, "--target", "t", "--max-requests", "10"]);
    assert_eq!(said.code, 4, "{}", said.err);
    assert!(said.err.contains("10 requests were sent") && said.err.contains("nocere resume"));
    assert_eq!(fake.answered(), 10);
    // The budget belongs to the run: a second sitting has nothing left.
    assert_eq!(project.nocere(&["resume", "latest"]).code, 4);
    assert_eq!(fake.answered(), 10);
    assert_eq!(
        project
            .nocere(&["resume", "latest", "--max-requests", "100"])
            .code,
        0
    );
    assert_eq!(fake.answered(), 30);
}

#[test]
fn a_budget_of_money_is_not_exceeded() {
    let fake = FakeProvider::start(Script::default());
    let price = "price: {input: 100, output: 1000}, max_tokens: 5, limits: {concurrency: 8}";
    let (project, suite) = project(&fake, 60, price);
    // A call costs 10 × $0.0001 + 5 × $0.001 = $0.006.
    let said = project.nocere(&["run", &suite, "--target", "t", "--max-cost", "0.1"]);
    assert_eq!(said.code, 4, "{}", said.err);
    let report = project.json(&["show", "latest"]);
    let cost = report["spending"]["t"]["cost"].as_i64().unwrap();
    assert_eq!(cost, fake.answered() as i64 * 6_000_000);
    assert!((80_000_000..=100_000_000).contains(&cost), "{cost}");
}

#[test]
fn a_budget_of_money_needs_prices() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(2));
    project.write(
        "nocere.yaml",
        "targets:\n  far: {provider: openai, model: m, base_url: 'https://far.example.org/v1'}\n",
    );
    let said = project.nocere(&["run", &suite, "--target", "far", "--max-cost", "5"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("no price is known for far") && said.err.contains("price:"));
    assert!(!project.path.join(".nocere/runs").exists());
}

#[test]
fn time_ends_a_run_and_it_goes_on_later() {
    let fake = FakeProvider::start(Script {
        delay: Duration::from_millis(100),
        ..Script::default()
    });
    let (project, suite) = project(&fake, 60, "limits: {concurrency: 2}");
    let said = project.nocere(&["run", &suite, "--target", "t", "--max-time", "1s"]);
    assert_eq!(said.code, 4, "{}", said.err);
    assert!(said.err.contains("--max-time"), "{}", said.err);
    assert_eq!(project.nocere(&["resume", "latest"]).code, 0);
    assert_eq!(fake.answered(), 60);
}

#[test]
fn a_run_grows_in_place_and_only_what_is_new_is_asked() {
    let fake = FakeProvider::start(Script::default());
    let (project, suite) = project(&fake, 10, "limits: {concurrency: 4}");
    project.json(&["run", &suite, "--target", "t", "--judge", "refusal"]);
    assert_eq!(fake.answered(), 10);
    // A judge without a model costs nothing.
    let report = project.json(&["extend", "latest", "--judge", "checks"]);
    assert_eq!(report["instruments"].as_array().unwrap().len(), 2);
    assert_eq!(fake.answered(), 10);
    // A judge with a model costs its own calls.
    project.json(&["extend", "latest", "--judge", "harm=t"]);
    assert_eq!(fake.answered(), 20);
    // Two more epochs: twenty answers, each judged; the judge's prompts are the same where
    // the answers are, and the same call is not made twice.
    let report = project.json(&["extend", "latest", "--epochs", "3"]);
    assert_eq!(
        (&report["done"], &report["total"]),
        (&json!(30), &json!(30))
    );
    assert_eq!(fake.answered(), 40);
    // Five more probes in three epochs, and five judgements.
    project.write("small.yaml", small_suite(15));
    let report = project.json(&["extend", "latest", &suite]);
    assert_eq!(report["total"], json!(45));
    assert_eq!(fake.answered(), 60);
    // Another target: everything once more for it.
    let second = format!("openai:fake2@{}", fake.url);
    let report = project.json(&["extend", "latest", "--target", &second]);
    assert_eq!(report["total"], json!(90));
    assert_eq!(project.json(&["runs"]).as_array().unwrap().len(), 1);
    // A changed probe would be two things under one name.
    let changed = small_suite(15).replacen("number 3 say", "number 3 mean", 1);
    project.write("small.yaml", changed);
    let said = project.nocere(&["extend", "latest", &suite]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("probe `p3`") && said.err.contains("--reuse"),
        "{}",
        said.err
    );
}

#[test]
fn a_changed_suite_asks_only_what_has_changed() {
    let fake = FakeProvider::start(Script::default());
    let (project, suite) = project(&fake, 12, "limits: {concurrency: 4}");
    project.json(&["run", &suite, "--target", "t"]);
    let changed = small_suite(12).replacen("number 5 say", "number 5 mean", 1);
    project.write("small.yaml", changed);
    let report = project.json(&["run", &suite, "--target", "t", "--reuse", "latest"]);
    assert_eq!(report["done"], json!(12));
    assert_eq!(fake.answered(), 13);
}

#[test]
fn failed_conversations_can_be_led_again() {
    let script = Script {
        faults: Faults {
            seed: 1,
            rate: 0.5,
            kinds: vec![Fault::ServerError, Fault::Close],
        },
        ..Script::default()
    };
    let fake = FakeProvider::start(script);
    let (project, suite) = project(
        &fake,
        40,
        "limits: {attempts: 1, backoff_ms: 1, patience_s: 60}",
    );
    let report = project.json(&["run", &suite, "--target", "t", "--max-failed", "100%"]);
    let outcomes = &report["targets"][0]["outcomes"];
    let failed = outcomes[1][1].as_u64().unwrap();
    assert!(outcomes[1][0] == "failed" && failed >= 10, "{outcomes}");
    assert_eq!(report["unscored"][0][1], "target_error");
    let mut left = failed;
    for _ in 0..12 {
        let report = project.json(&["resume", "latest", "--retry-failed", "--max-failed", "100%"]);
        let now = report["targets"][0]["outcomes"][1][1].as_u64().unwrap_or(0);
        assert!(now <= left);
        left = now;
        if left == 0 {
            break;
        }
    }
    assert_eq!(left, 0);
    assert!(fake.seen().values().all(|seen| seen.answers.len() == 1));
}

#[test]
fn a_body_that_stalls_and_one_that_never_ends_are_outcomes() {
    for (fault, outcome) in [
        (Fault::StallMidBody, "did not answer within"),
        (Fault::HugeBody(40 << 20), "more than 8 MiB"),
    ] {
        let fake = FakeProvider::start(Script {
            faults: Faults {
                seed: 1,
                rate: 1.0,
                kinds: vec![fault],
            },
            ..Script::default()
        });
        let more = "limits: {timeout_s: 0.3, attempts: 2, backoff_ms: 1, patience_s: 30}";
        let more = if outcome.contains("MiB") {
            more.replace("timeout_s: 0.3", "timeout_s: 60")
        } else {
            more.to_owned()
        };
        let (project, suite) = project(&fake, 2, &more);
        let said = project.nocere(&["run", &suite, "--target", "t"]);
        assert_eq!(said.code, 3, "{}", said.err);
        let sample = project.nocere(&["show", "latest", "p0"]);
        assert!(sample.out.contains(outcome), "{}{}", sample.out, sample.err);
    }
}

#[test]
fn programs_can_follow_a_run() {
    let fake = FakeProvider::start(Script {
        faults: Faults {
            seed: 5,
            rate: 0.2,
            kinds: vec![Fault::RateLimit(Some("0.05"))],
        },
        ..Script::default()
    });
    let (project, suite) = project(&fake, 40, "price: {input: 1, output: 1}");
    let said = project.nocere(&["run", &suite, "--target", "t", "--json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let events: Vec<Value> = said
        .err
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let named = |name: &str| {
        events
            .iter()
            .filter(|event| event["event"] == name)
            .collect::<Vec<_>>()
    };
    assert_eq!(named("run_started").len(), 1);
    assert_eq!(named("target_started")[0]["total"], 40);
    assert!(
        named("attempt_failed")
            .iter()
            .all(|event| event["problem"].as_str().unwrap().contains("429"))
    );
    assert!(!named("waiting").is_empty());
    let ended = named("run_ended")[0];
    assert_eq!(ended["done"], 40);
    assert!(ended["cost_usd"].as_f64().unwrap() > 0.0);
    // Standard output holds the report and nothing else.
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["done"], 40);
}

#[test]
fn entries_are_checked_before_anything_is_sent() {
    let fake = FakeProvider::start(Script::default());
    let url = &fake.url;
    for (config, words) in [
        (
            format!(
                "targets:\n  t: {{provider: openai, model: m, base_url: '{url}', limits: {{concurency: 3}}}}\n"
            ),
            vec!["nocere.yaml:2", "concurency", "did you mean `concurrency`?"],
        ),
        (
            format!(
                "targets:\n  t: {{provider: openai, model: m, base_url: '{url}'}}\n  t: {{provider: openai, model: n, base_url: '{url}'}}\n"
            ),
            vec![
                "nocere.yaml:3",
                "duplicate mapping key: t",
                "may occur only once",
            ],
        ),
        (
            format!(
                "targets:\n  t: {{provider: anthropic, model: m, base_url: '{url}', api_version: v1}}\n"
            ),
            vec!["`api_version` has no effect for provider `anthropic`"],
        ),
        (
            "targets:\n  t: {provider: azure, model: m}\n".to_owned(),
            vec!["has no `base_url`", "openai.azure.com"],
        ),
        (
            format!(
                "targets:\n  t: {{provider: openai, model: m, base_url: '{url}', headers: {{Authorization: Bearer sk-1}}}}\n"
            ),
            vec!["carries a key", "keys do not belong"],
        ),
        (
            format!(
                "targets:\n  t: {{provider: openai, model: m, base_url: '{url}', limits: {{concurrency: 0}}}}\n"
            ),
            vec!["`limits.concurrency` is 0"],
        ),
        (
            format!(
                "targets:\n  t: {{provider: openai, model: m, base_url: '{url}', limits: {{concurrency: 1}}}}\n  u: {{provider: openai, model: n, base_url: '{url}', limits: {{concurrency: 2}}}}\n"
            ),
            vec!["one account with different `limits`", "account: NAME"],
        ),
    ] {
        let project = Project::new();
        let suite = project.write("small.yaml", small_suite(2));
        project.write("nocere.yaml", &config);
        let mut arguments = vec!["run", &suite, "--target", "t"];
        if config.contains("  u:") {
            arguments.extend(["--target", "u"]);
        }
        let said = project.nocere(&arguments);
        assert_eq!(said.code, 2, "{config}{}", said.err);
        for word in words {
            assert!(said.err.contains(word), "no `{word}` in {}", said.err);
        }
        assert!(!said.err.contains("sk-1"), "{}", said.err);
        assert!(!project.path.join(".nocere/runs").exists());
    }
    assert_eq!(fake.answered(), 0);
}

/// Starts a slow run of 8 probes and interrupts it while the first four calls are in flight.
fn interrupted(times: u32) -> (i32, String, Project, FakeProvider) {
    let fake = FakeProvider::start(Script {
        delay: Duration::from_secs(3),
        ..Script::default()
    });
    let (project, suite) = project(&fake, 8, "limits: {concurrency: 4}");
    let mut child = project
        .command(&["run", &suite, "--target", "t"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while requests(&fake) < 4 {
        std::thread::sleep(Duration::from_millis(2));
    }
    let id = child.id();
    let interrupt = || {
        // The shell's own `kill`: the program of that name is not on every machine.
        let sent = std::process::Command::new("sh")
            .args(["-c", &format!("kill -INT {id}")])
            .status();
        assert!(sent.unwrap().success());
    };
    interrupt();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut err = String::new();
    // Two signals that come before the first is noticed would be one.
    while times > 1 && !err.contains("press Ctrl-C again") {
        assert!(said.read_line(&mut err).unwrap() > 0, "{err}");
    }
    if times > 1 {
        interrupt();
    }
    said.read_to_string(&mut err).unwrap();
    let status = child.wait().unwrap();
    (status.code().unwrap_or(-1), err, project, fake)
}

fn requests(fake: &FakeProvider) -> usize {
    fake.seen().values().map(|seen| seen.requests).sum()
}

#[test]
fn an_interrupted_run_finishes_what_is_in_flight() {
    let (code, err, project, fake) = interrupted(1);
    assert_eq!(code, 130, "{err}");
    assert!(err.contains("finishing what is in flight") && err.contains("nocere resume"));
    assert_eq!(
        fake.answered(),
        requests(&fake),
        "what was begun was finished"
    );
    assert_eq!(fake.answered(), 4);
    let report = project.json(&["show", "latest"]);
    assert_eq!(report["done"], json!(fake.answered()), "and judged");
    assert_eq!(project.nocere(&["resume", "latest", "--quiet"]).code, 0);
    assert_eq!(requests(&fake), 8, "nothing was asked twice");
}

#[test]
fn a_second_interrupt_stops_at_once() {
    let (code, err, project, fake) = interrupted(2);
    assert_eq!(code, 130, "{err}");
    assert!(fake.answered() < requests(&fake), "calls were in flight");
    assert_eq!(project.nocere(&["resume", "latest", "--quiet"]).code, 0);
    assert!(fake.seen().values().all(|seen| seen.answers.len() == 1));
}

#[test]
fn a_judge_that_could_not_be_asked_is_asked_again() {
    let target = FakeProvider::start(Script::default());
    let judge = FakeProvider::start(Script {
        faults: Faults {
            seed: 2,
            rate: 0.5,
            kinds: vec![Fault::ServerError],
        },
        ..Script::default()
    });
    let (project, suite) = project(&target, 20, "limits: {concurrency: 4}");
    project.write(
        "nocere.yaml",
        format!(
            "{}  j: {{provider: openai, model: judge, base_url: '{}', limits: {{attempts: 1, backoff_ms: 1}}}}\n",
            entry(&target.url, "limits: {concurrency: 4}"),
            judge.url
        ),
    );
    let report = project.json(&[
        "run",
        &suite,
        "--target",
        "t",
        "--judge",
        "harm=j",
        "--max-failed",
        "100%",
    ]);
    assert_eq!(report["unscored"][0][1], "judge_error");
    for _ in 0..15 {
        let report = project.json(&["resume", "latest", "--retry-failed", "--max-failed", "100%"]);
        if report["unscored"] == json!([]) {
            assert_eq!(target.answered(), 20, "no target was asked again");
            return;
        }
    }
    panic!("some answers were never judged");
}

#[test]
fn an_outage_that_ends_does_not_end_the_run() {
    // For a while every request fails or hangs; requests that hang fail long after the
    // server is well again.
    let fake = FakeProvider::start(Script {
        outage: Some((10, Duration::from_millis(800))),
        ..Script::default()
    });
    let limits =
        "limits: {concurrency: 8, timeout_s: 2, patience_s: 1.5, backoff_ms: 20, attempts: 9}";
    let (project, suite) = project(&fake, 60, limits);
    let report = project.json(&["run", &suite, "--target", "t"]);
    assert_eq!(report["targets"][0]["outcomes"], json!([["answered", 60]]));
}

#[test]
fn a_listener_that_goes_away_does_not_end_the_run() {
    let fake = FakeProvider::start(Script::default());
    let (project, suite) = project(&fake, 30, "limits: {concurrency: 2}");
    let mut child = project
        .command(&["run", &suite, "--target", "t", "--progress", "json"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(fake.answered(), 30);
}

#[test]
fn a_server_without_usage_still_costs_money() {
    let fake = FakeProvider::start(Script {
        no_usage: true,
        ..Script::default()
    });
    let (project, suite) = project(
        &fake,
        40,
        "price: {input: 1000, output: 1000}, max_tokens: 60",
    );
    let said = project.nocere(&["run", &suite, "--target", "t", "--max-cost", "0.5"]);
    assert_eq!(said.code, 4, "{}", said.err);
    assert!(fake.answered() < 20, "{}", fake.answered());
}

#[test]
fn requests_without_an_answer_may_have_been_billed() {
    let fake = FakeProvider::start(Script {
        delay: Duration::from_secs(20),
        ..Script::default()
    });
    let price =
        "price: {input: 100, output: 1000}, max_tokens: 5, limits: {concurrency: 1, timeout_s: 1}";
    let (project, suite) = project(&fake, 30, price);
    let run = project.nocere(&["run", &suite, "--target", "t", "--max-cost", "0.02"]);
    assert_eq!(run.code, 4, "{}", run.err);
    let report = project.json(&["show", "latest"]);
    let spending = &report["spending"]["t"];
    assert_eq!(spending["calls"], 0);
    assert_eq!(spending["cost"], spending["unanswered"]);
    let cost = spending["cost"].as_i64().unwrap();
    assert!((10_000_000..=20_000_000).contains(&cost), "{cost}");
    let shown = project.nocere(&["show", "latest"]);
    assert!(
        shown.out.contains("for requests without an answer"),
        "{}",
        shown.out
    );
    // Nor is anything left in a later session.
    assert_eq!(project.nocere(&["resume", "latest"]).code, 4);
    let asked: usize = fake.seen().values().map(|seen| seen.requests).sum();
    assert!(asked <= 3, "{asked}");
}

#[test]
fn requests_of_calls_that_failed_count_against_the_budget() {
    let fake = FakeProvider::start(Script {
        always_fails: Some("chart".to_owned()),
        ..Script::default()
    });
    let (project, suite) = project(
        &fake,
        30,
        "limits: {concurrency: 1, attempts: 2, patience_s: 30}",
    );
    let run = project.nocere(&["run", &suite, "--target", "t", "--max-requests", "5"]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert_eq!(project.nocere(&["resume", "latest"]).code, 4);
    let asked: usize = fake.seen().values().map(|seen| seen.requests).sum();
    assert_eq!(asked, 5);
}

#[test]
fn more_failures_than_allowed_do_not_end_as_if_all_were_well() {
    let fake = FakeProvider::start(Script {
        faults: Faults {
            seed: 3,
            rate: 0.5,
            kinds: vec![Fault::ServerError],
        },
        ..Script::default()
    });
    let (project, suite) = project(
        &fake,
        20,
        "limits: {attempts: 1, backoff_ms: 1, patience_s: 60}",
    );
    let said = project.nocere(&["run", &suite, "--target", "t"]);
    assert_eq!(said.code, 5, "{}", said.err);
    for part in [
        "of 20 conversations with t failed",
        "--max-failed",
        "--retry-failed",
    ] {
        assert!(said.err.contains(part), "no {part} in {}", said.err);
    }
    // The figures are there, and say what they do not cover.
    assert!(
        said.out.contains("no figure says anything about them"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("the rates would lie within"),
        "{}",
        said.out
    );
    let allowed = project.nocere(&["rejudge", "latest", "--max-failed", "0.99"]);
    assert_eq!(allowed.code, 0, "{}", allowed.err);
    let wrong = project.nocere(&["rejudge", "latest", "--max-failed", "7"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
}
