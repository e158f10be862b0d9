//! Kill -9 at many points, resume, and compare with a run that nobody disturbed.

use std::time::Duration;

use nocere_testkit::{FakeProvider, Script};

use crate::support::{Project, comparable, small_suite};

#[test]
fn a_run_that_is_killed_again_and_again_ends_as_if_nothing_had_happened() {
    const PROBES: usize = 60;
    let script = Script {
        delay: Duration::from_millis(15),
        fail_every: 7,
        ..Script::default()
    };
    let calm = FakeProvider::start(script.clone());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(PROBES));
    // One name for both providers, because the name is part of the result.
    let config = |url: &str| {
        project.write(
            "nocere.yaml",
            format!("targets:\n  t:\n    provider: openai\n    model: fake\n    base_url: {url}\n    concurrency: 4\n"),
        )
    };
    config(&calm.url);
    let undisturbed = comparable(project.json(&["run", &suite, "--target", "t"]));

    let stormy = FakeProvider::start(script);
    config(&stormy.url);
    let mut kills = 0;
    let mut arguments = vec!["run", suite.as_str(), "--target", "t", "--quiet"];
    loop {
        let mut child = project
            .command(&arguments)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Later each time, so that every phase of a run is hit and the run still ends.
        std::thread::sleep(Duration::from_millis(20 + 17 * kills));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "after {kills} kills");
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        if project
            .json(&["runs"])
            .as_array()
            .is_some_and(|runs| runs.len() >= 2)
        {
            arguments = vec!["resume", "latest", "--quiet"];
        }
    }
    assert!(kills >= 5, "only {kills} kills");
    let mut disturbed = comparable(project.json(&["show", "latest"]));
    // The two providers have different ports, which are part of the target's identity.
    let pin = &undisturbed["targets"][0]["record"]["identity"]["pin"];
    disturbed["targets"][0]["record"]["identity"]["pin"] = pin.clone();
    assert_eq!(disturbed, undisturbed, "after {kills} kills");
    // A call whose reply reached the journal is never made again; at each kill at most the
    // four calls in flight are lost.
    let repeated: usize = stormy.seen().values().map(|count| count - 1).sum();
    assert!(
        repeated <= 4 * kills as usize,
        "{repeated} calls repeated after {kills} kills"
    );
    assert_eq!(stormy.seen().len(), PROBES);
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
            "targets:\n  t: {{provider: openai, model: fake, base_url: '{}', concurrency: 1}}\n",
            provider.url
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
