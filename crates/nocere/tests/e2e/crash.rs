//! Kill -9 at many points, resume, and compare with a run that nobody disturbed.

use std::{collections::BTreeSet, time::Duration};

use nocere_core::{clock::Stopwatch, key::derive_seed};
use nocere_store::RunReader;
use nocere_testkit::{FakeProvider, Fault, Faults, Script};
use serde_json::json;

use crate::support::{Project, comparable, small_suite};

/// An entry of nocere.yaml that tries again at once.
fn entry(name: &str, url: &str, limits: &str) -> String {
    format!(
        "  {name}:\n    provider: openai\n    model: fake\n    base_url: {url}\n    limits: {{{limits}}}\n"
    )
}

/// The last answer that the provider gave to each text must be the one in the journal: had
/// an earlier one been recorded, the later one would have been paid for in vain.
fn check_nothing_was_paid_twice(project: &Project, provider: &FakeProvider) {
    let reader = RunReader::find(&project.path.join(".nocere/runs"), "latest").unwrap();
    let mut recorded = BTreeSet::new();
    reader
        .for_each_call(|_, reply| {
            recorded.extend(reply.unwrap().response_id);
        })
        .unwrap();
    for (text, seen) in provider.seen() {
        let (last, earlier) = seen.answers.split_last().unwrap();
        assert!(recorded.contains(last), "{text}: the last answer is lost");
        for id in earlier {
            assert!(
                !recorded.contains(id),
                "{text}: {id} was recorded and paid for again"
            );
        }
    }
}

#[test]
fn a_run_that_is_killed_a_hundred_times_over_a_faulty_line_ends_as_if_nothing_had_happened() {
    const PROBES: usize = 450;
    const KILLS: u64 = 100;
    const CONCURRENCY: usize = 8;
    let script = Script {
        delay: Duration::from_millis(40),
        faults: Faults {
            seed: 7,
            rate: 0.3,
            kinds: Fault::all_passing(),
        },
        ..Script::default()
    };
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(PROBES));
    let config = |url: &str| {
        let limits = format!("concurrency: {CONCURRENCY}, backoff_ms: 5, attempts: 20");
        project.write(
            "nocere.yaml",
            format!("targets:\n{}", entry("t", url, &limits)),
        )
    };
    let judged = [
        "run", &suite, "--target", "t", "--judge", "refusal", "--judge", "harm=t",
    ];
    let calm = FakeProvider::start(script.clone());
    config(&calm.url);
    let undisturbed = comparable(project.json(&judged));

    let stormy = FakeProvider::start(script);
    config(&stormy.url);
    let mut arguments = judged.to_vec();
    arguments.push("--quiet");
    // How long the program takes to its first request, here and today.
    let launch = |arguments: &[&str]| {
        project
            .command(arguments)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let stopwatch = Stopwatch::start();
    let mut first = launch(&arguments);
    while stormy.seen().is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let start_ms = stopwatch.elapsed_ms();
    first.kill().unwrap();
    first.wait().unwrap();
    std::fs::remove_dir_all(project.path.join(".nocere")).unwrap();
    let mut kills = 1;
    while kills < KILLS {
        let mut child = launch(&arguments);
        // Anywhere from before the plan is written to the middle of the work.
        let time = start_ms / 3 + derive_seed(kills, "kill") % (start_ms + 50);
        std::thread::sleep(Duration::from_millis(time));
        assert!(
            child.try_wait().unwrap().is_none(),
            "done after {kills} kills"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let runs = project.json(&["runs"]);
        if runs.as_array().is_some_and(|runs| !runs.is_empty()) {
            arguments = vec!["resume", "latest", "--quiet"];
        }
    }
    assert_eq!(project.nocere(&["resume", "latest", "--quiet"]).code, 0);
    let mut disturbed = comparable(project.json(&["show", "latest"]));
    // The two providers have different ports, which are part of the target's identity.
    let pin = &undisturbed["targets"][0]["record"]["identity"]["pin"];
    disturbed["targets"][0]["record"]["identity"]["pin"] = pin.clone();
    let hashless = |report: &mut serde_json::Value| {
        // The judge's model is at that port, too, so its hash differs.
        for part in ["instruments", "targets", "frontier"] {
            let text = report[part].to_string();
            report[part] = strip_hashes(&text);
        }
    };
    let mut undisturbed = undisturbed;
    hashless(&mut undisturbed);
    hashless(&mut disturbed);
    assert_eq!(disturbed, undisturbed, "after {kills} kills");
    check_nothing_was_paid_twice(&project, &stormy);
    // At each kill at most the calls in flight are lost.
    let repeated: usize = stormy
        .seen()
        .values()
        .map(|seen| seen.answers.len() - 1)
        .sum();
    assert!(
        repeated <= CONCURRENCY * KILLS as usize,
        "{repeated} calls repeated after {kills} kills"
    );
    assert_eq!(stormy.seen().len(), 2 * PROBES);
}

/// The JSON without hashes of instruments.
fn strip_hashes(text: &str) -> serde_json::Value {
    let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
    strip(&mut value);
    value
}

fn strip(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                if name == "hash" || name == "judge_hash" {
                    *field = serde_json::Value::Null;
                }
                strip(field);
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

#[test]
fn thirty_percent_failures_lose_nothing() {
    let faulty = FakeProvider::start(Script {
        faults: Faults {
            seed: 3,
            rate: 0.3,
            kinds: Fault::all_passing(),
        },
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(300));
    let limits = "concurrency: 16, backoff_ms: 2, attempts: 20";
    project.write(
        "nocere.yaml",
        format!("targets:\n{}", entry("t", &faulty.url, limits)),
    );
    let report = project.json(&["run", &suite, "--target", "t"]);
    assert_eq!(
        (&report["done"], &report["total"]),
        (&json!(300), &json!(300))
    );
    assert_eq!(report["unscored"], json!([]));
    assert_eq!(report["targets"][0]["outcomes"], json!([["answered", 300]]));
    assert!(report["failed_attempts"].as_u64().unwrap() > 60, "{report}");
    assert!(faulty.seen().values().all(|seen| seen.answers.len() == 1));
    check_nothing_was_paid_twice(&project, &faulty);
}

#[test]
fn a_run_belongs_to_one_process() {
    let provider = FakeProvider::start(Script {
        delay: Duration::from_millis(300),
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(40));
    let target = format!("openai:fake@{}", provider.url);
    let mut first = project
        .command(&["run", &suite, "--target", &target, "--quiet"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while project.json(&["runs"]).as_array().unwrap().is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let second = project.nocere(&["resume", "latest"]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(second.code, 3);
    assert!(
        second
            .err
            .contains(&format!("in use by process {}", first.id())),
        "{}",
        second.err
    );
    // The lock died with its holder.
    assert_eq!(project.nocere(&["resume", "latest", "--quiet"]).code, 0);
}

#[test]
fn an_endpoint_that_goes_away_pauses_the_run() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(12));
    let provider = FakeProvider::start(Script {
        delay: Duration::from_millis(30),
        ..Script::default()
    });
    project.write(
        "nocere.yaml",
        format!(
            "targets:\n{}",
            entry("t", &provider.url, "concurrency: 1, patience_s: 1")
        ),
    );
    let child = project
        .command(&["run", &suite, "--target", "t"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while provider.answered() < 3 {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(provider);
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(
        err.contains("cannot be reached") && err.contains("nocere resume"),
        "{err}"
    );
    let runs = project.json(&["runs"]);
    assert_eq!(runs[0]["run"]["state"], "unfinished");
    assert!(runs[0]["run"]["done"].as_u64().unwrap() >= 1);
}
