//! What is asked before and about runs: dry runs, `.env`, a target's check-up, the list of runs, and
//! reports of runs that one target stopped.

use nocere_testkit::{FakeProvider, Script};

use crate::support::{Project, small_suite};

#[test]
fn a_dry_run_counts_calls_and_asks_nobody() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(6));
    project.write(
        "nocere.yaml",
        format!(
            "targets:\n  ward: {{provider: openai, model: w, base_url: '{0}', price: {{input: 1000, output: 0}}}}\n  rater: {{provider: openai, model: r, base_url: '{0}', limits: {{requests_per_minute: 2}}}}\n",
            provider.url
        ),
    );
    let args = [
        "run",
        &suite,
        "--target",
        "ward",
        "--judge",
        "refusal-rules",
        "--judge",
        "harm=rater,votes=3,temperature=1",
        "--epochs",
        "2",
        "--dry-run",
    ];
    let said = project.json(&args);
    let calls = said["calls"].as_array().unwrap();
    // Six probes, twice: the target's calls, and three votes for each answer.
    assert_eq!(calls[0]["calls"], 12, "{said}");
    assert_eq!(calls[1]["calls"], 36, "{said}");
    assert_eq!(calls.len(), 2, "rules ask no model: {said}");
    assert_eq!(said["unpriced"][0], "rater");
    assert!(said["cost_usd"].as_f64().unwrap() > 0.0, "{said}");
    // Both are one account, by address and key: 48 calls at two a minute.
    assert!(
        (said["minutes"].as_f64().unwrap() - 24.0).abs() < 1e-9,
        "{said}"
    );
    let text = project.nocere(&args).out;
    assert!(text.contains("6 probes, 12 conversations"), "{text}");
    assert!(text.contains("No price is known for rater"), "{text}");
    assert_eq!(provider.answered(), 0);
    assert!(project.json(&["runs"]).as_array().unwrap().is_empty());
}

#[test]
fn each_member_of_a_panel_is_asked_and_paid_for() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(4));
    project.write(
        "nocere.yaml",
        "targets:\n  a: {provider: openai, model: a, base_url: 'http://127.0.0.1:9/v1', price: {input: 0, output: 0}}\n  b: {provider: openai, model: b, base_url: 'http://127.0.0.1:9/v1', price: {input: 1000, output: 1000}}\njudges:\n  both: {panel: [{judge: 'harm=a'}, {judge: 'harm=b,votes=3,temperature=1'}]}\n",
    );
    let said = project.json(&[
        "run",
        &suite,
        "--target",
        "a",
        "--judge",
        "both",
        "--dry-run",
    ]);
    let calls = said["calls"].as_array().unwrap();
    let of = |model: &str| -> u64 {
        let judged = calls
            .iter()
            .filter(|of| of["model"] == model && !of["judge"].is_null());
        judged.map(|of| of["calls"].as_u64().unwrap()).sum()
    };
    assert_eq!((of("a"), of("b")), (4, 12), "{said}");
    assert!(said["cost_usd"].as_f64().unwrap() > 10.0, "{said}");
    assert!(
        said["most_cost_usd"].as_f64() > said["cost_usd"].as_f64(),
        "{said}"
    );
}

#[test]
fn a_list_price_serves_a_model_without_one_and_a_project_can_correct_it() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(4));
    project.write(".env", "OPENAI_API_KEY=not-a-real-key\n");
    let args = [
        "run",
        &suite,
        "--target",
        "openai:gpt-4.1-mini-2025-04-14",
        "--judge",
        "refusal-rules",
        "--dry-run",
    ];
    let shipped = project.json(&args);
    assert!(
        shipped["unpriced"].as_array().unwrap().is_empty(),
        "{shipped}"
    );
    assert_eq!(shipped["price_dates"][0], "2025-12-01");
    project.write(
        "assets/prices/ours.yaml",
        "nocere_prices: 1\ndate: 2026-11-01\nprices:\n  - {provider: openai, model: gpt-4.1-mini, input: 4000, output: 16000}\n",
    );
    let ours = project.json(&args);
    assert_eq!(ours["price_dates"][0], "2026-11-01");
    let cost = |said: &serde_json::Value| said["cost_usd"].as_f64().unwrap();
    assert!(cost(&ours) > 5_000.0 * cost(&shipped), "{ours} {shipped}");
    project.write(
        "assets/prices/ours.yaml",
        "nocere_prices: 1\ndate: x\nprices:\n  - {provider: openai, model: m, input: -1, output: 1}\n",
    );
    let wrong = project.nocere(&args);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.err.contains("ours.yaml") && wrong.err.contains("at least 0"),
        "{}",
        wrong.err
    );
}

#[test]
fn keys_may_lie_in_the_projects_env_file_and_are_never_repeated() {
    let provider = FakeProvider::start(Script {
        key: Some("from-the-file".to_owned()),
        ..Script::default()
    });
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(2));
    project.write(
        "nocere.yaml",
        format!(
            "targets:\n  ward: {{provider: openai, model: w, base_url: '{}', api_key: 'env:WARD_KEY'}}\n",
            provider.url
        ),
    );
    let args = [
        "run",
        &suite,
        "--target",
        "ward",
        "--judge",
        "refusal-rules",
        "--quiet",
    ];
    let without = project.nocere(&args);
    assert_eq!(without.code, 2);
    assert!(without.err.contains(".env"), "{}", without.err);
    project.write(".env", "# keys\nWARD_KEY='from-the-file'\n");
    let with = project.nocere(&args);
    assert_eq!(with.code, 0, "{}", with.err);
    // The environment comes first.
    let other = project.nocere_with(&args, &[("WARD_KEY", "another")]);
    assert_eq!(other.code, 3, "{}", other.err);
    // A file of another program does not stop anything.
    project.write(".env", "WARD_KEY from-the-file\nC=a b\n$x\n");
    let missing = project.nocere(&args);
    assert_eq!(missing.code, 2);
    assert!(
        missing.err.contains("WARD_KEY") && !missing.err.contains("from-the-file"),
        "{}",
        missing.err
    );
    assert_eq!(project.nocere(&["runs"]).code, 0);
}

#[test]
fn a_check_up_says_what_a_target_understands_and_prints_an_entry_that_works() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let target = format!("openai:fake@{}", provider.url);
    let said = project.nocere(&["doctor", &target]);
    assert!(said.out.contains("answer: answered"), "{}", said.out);
    let entry = &said.out[said.out.find("targets:").unwrap()..];
    project.write("nocere.yaml", entry);
    let suite = project.write("small.yaml", small_suite(2));
    let ran = project.nocere(&["run", &suite, "--target", "my-target", "--quiet"]);
    assert_eq!(ran.code, 0, "{entry}\n{}", ran.err);
    let known = project.nocere(&["doctor", "my-target"]);
    assert!(
        !known.out.contains("targets:"),
        "its entry may hold more: {}",
        known.out
    );
    let nobody = project.nocere(&["doctor", "openai:fake@http://127.0.0.1:9/v1"]);
    assert_eq!(nobody.code, 3);
    assert!(
        nobody.out.contains("FAILS") && nobody.out.contains("refused"),
        "{}",
        nobody.out
    );
}

#[test]
fn the_runs_that_are_done_are_shown_although_another_target_is_down() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(6));
    project.write(
        "nocere.yaml",
        format!(
            "targets:\n  up: {{provider: openai, model: w, base_url: '{}'}}\n  down: {{provider: openai, model: w, base_url: 'http://127.0.0.1:9/v1', limits: {{attempts: 1, patience_s: 1}}}}\n",
            provider.url
        ),
    );
    let said = project.nocere(&[
        "run",
        &suite,
        "--target",
        "up",
        "--target",
        "down",
        "--judge",
        "refusal-rules",
    ]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(
        said.out.contains("down:") && said.out.contains("failed between"),
        "{}",
        said.out
    );
    assert!(said.out.contains("up"), "{}", said.out);
    let path = said
        .err
        .lines()
        .find_map(|line| line.strip_prefix("report: "))
        .unwrap();
    let page = std::fs::read_to_string(project.path.join(path)).unwrap();
    assert!(page.contains("This run is unfinished"));
    assert!(
        page.contains("failed between") && page.contains("refused"),
        "{page}"
    );
}

#[test]
fn runs_are_listed_with_what_they_asked_noted_on_and_deleted() {
    let provider = FakeProvider::start(Script::default());
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(3));
    let target = format!("openai:fake@{}", provider.url);
    for _ in 0..2 {
        project.judged(&suite, &target);
    }
    let listed = project.json(&["runs"]);
    let run = listed[0]["id"].as_str().unwrap();
    assert_eq!(listed[0]["run"]["probes"], 3);
    assert_eq!(listed[0]["run"]["judges"][0], "refusal-rules");
    project.nocere(&["runs", "note", run, "before the \u{1b}[31mnew prompt"]);
    let text = project.nocere(&["runs"]).out;
    assert!(text.contains("3 probes, finished"), "{text}");
    assert!(text.contains("Note: before the"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    let refused = project.nocere(&["runs", "rm", run]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("--yes"), "{}", refused.err);
    assert_eq!(project.nocere(&["runs", "rm", "latest", "--yes"]).code, 2);
    let unknown = project.nocere(&["runs", "rm", run, "19990101", "--yes"]);
    assert_eq!(unknown.code, 2, "{}", unknown.err);
    assert_eq!(project.json(&["runs"]).as_array().unwrap().len(), 2);
    project.nocere(&["report", run, "--samples", "all"]);
    project.nocere(&["export", run, "--to", "csv"]);
    let removed = project.nocere(&["runs", "rm", run, "--yes"]);
    assert_eq!(removed.code, 0, "{}", removed.err);
    let left = ["runs", "reports", "exports"]
        .map(|folder| std::fs::read_dir(project.path.join(".nocere").join(folder)).unwrap());
    let left: Vec<String> = left
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(run))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(project.json(&["runs"]).as_array().unwrap().len(), 1);
}
