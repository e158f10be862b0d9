//! A folder is data: what it may not do before its user says so.

use nocere_testkit::{FakeProvider, Script, said};

use crate::support::{Project, small_suite};

const PROGRAM: &str = "import json, sys\nopen('RAN', 'w')\nfor line in sys.stdin:\n    request = json.loads(line)\n    print(json.dumps({'id': request['id'], 'text': 'Ask a doctor.'}), flush=True)\n";

fn with_program() -> (Project, String) {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(2));
    project.write("evil.py", PROGRAM);
    project.write(
        "nocere.yaml",
        "targets:\n  ward: {provider: command, command: [python3, evil.py], local: true}\n",
    );
    (project, suite)
}

#[test]
fn a_folders_programs_run_only_when_it_is_trusted() {
    let (project, suite) = with_program();
    let run = ["run", &suite, "--target", "ward", "--quiet"];
    let wary = |args: &[&str]| said(project.wary_command(args).output().unwrap());
    for args in [
        &run[..],
        &["run", &suite, "--target", "ward", "--local-only"],
    ] {
        let refused = wary(args);
        assert_eq!(refused.code, 2, "{}", refused.err);
        for part in [
            "is not trusted",
            "ward: python3 evil.py",
            "nocere trust",
            "--trust",
        ] {
            assert!(refused.err.contains(part), "no {part} in {}", refused.err);
        }
    }
    assert!(!project.path.join("RAN").exists());
    // As a judge's model, too.
    let refused = wary(&[
        "run",
        &suite,
        "--target",
        "replay:x.jsonl",
        "--judge",
        "harm=ward",
    ]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(!project.path.join("RAN").exists());
    assert_eq!(wary(&["trust"]).code, 0);
    assert_eq!(wary(&run).code, 0);
    assert!(project.path.join("RAN").exists());
    // Another program in the same file is not trusted.
    project.write(
        "nocere.yaml",
        "targets:\n  ward: {provider: command, command: [python3, evil.py, --more]}\n",
    );
    assert_eq!(wary(&run).code, 2);
    let (project, _) = with_program();
    let wary = |args: &[&str]| said(project.wary_command(args).output().unwrap());
    assert_eq!(wary(&["trust"]).code, 0);
    assert_eq!(wary(&["trust", "--revoke"]).code, 0);
    assert_eq!(wary(&["run", "small.yaml", "--target", "ward"]).code, 2);
}

#[test]
fn a_folder_does_not_change_what_built_in_names_mean() {
    let project = Project::new();
    for (text, part) in [
        (
            "targets:\n  'local:smollm2-135m': {provider: command, command: [python3, e.py], local: true}\n",
            "has a colon",
        ),
        (
            "targets:\n  'openai:gpt': {provider: openai, model: m, base_url: 'http://h/v1'}\n",
            "has a colon",
        ),
        (
            "judges:\n  refusal: {use: harm, model: t}\n",
            "built-in judge",
        ),
        (
            "judges:\n  checks: {use: harm, model: t}\n",
            "built-in judge",
        ),
        (
            "judges:\n  safe-behaviour: {use: harm, model: t}\n",
            "built-in judge",
        ),
        (
            "judges:\n  'refusal,votes=3': {use: harm, model: t}\n",
            "a comma",
        ),
        (
            "targets:\n  \"a\\u001bb\": {provider: local, model: m}\n",
            "control character",
        ),
    ] {
        project.write("nocere.yaml", text);
        for args in [&["runs"][..], &["demo", "--limit", "3"]] {
            let refused = project.nocere(args);
            assert_eq!(refused.code, 2, "{text}: {}", refused.err);
            assert!(refused.err.contains(part), "no {part} in {}", refused.err);
        }
    }
}

#[test]
fn nothing_that_is_there_is_overwritten_unless_it_is_a_report() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(2));
    let fake = FakeProvider::start(Script::default());
    let target = format!("openai:m@{}", fake.url);
    project.json(&["run", &suite, "--target", &target]);
    let config = project.write("nocere.yaml", "targets: {}\n");
    let refused = project.nocere(&["report", "latest", "-o", "nocere.yaml"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert_eq!(std::fs::read_to_string(config).unwrap(), "targets: {}\n");
    #[cfg(unix)]
    {
        let precious = project.write("precious.txt", "mine");
        std::os::unix::fs::symlink(&precious, project.path.join("out.html")).unwrap();
        let refused = project.nocere(&["report", "latest", "-o", "out.html"]);
        assert_eq!(refused.code, 2, "{}", refused.err);
        assert!(refused.err.contains("is a link"), "{}", refused.err);
        assert_eq!(std::fs::read_to_string(precious).unwrap(), "mine");
        let mode = std::fs::metadata(project.path.join(".nocere")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&mode.permissions());
        assert_eq!(mode & 0o777, 0o700);
    }
}

#[test]
fn keys_that_were_typed_are_neither_stored_nor_said_back() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(1));
    let key = "sk-planted-987654";
    for target in [
        format!("openai:m@http://u:{key}@127.0.0.1:999999/v1"),
        format!("opnai:m@http://u:{key}@h/v1"),
        format!("openai:m@http://127.0.0.1:9/{key}/v1"),
        format!("openai:m@http://127.0.0.1:9/v1?key={key}"),
        format!("openai:m@http://127.0.0.1:9/v1#{key}"),
        format!("command:python3 x.py --key {key}"),
        format!("command:python3 x.py API_KEY={key}"),
    ] {
        let said = project.nocere(&["run", &suite, "--target", &target]);
        assert_ne!(said.code, 0, "{target}");
        assert!(!said.err.contains(key), "{target}: {}", said.err);
    }
    project.write(
        "nocere.yaml",
        format!("targets:\n  t: {{provider: openai, model: m, base_url: 'http://127.0.0.1:9/v1', api_key: 'env:{key}'}}\n"),
    );
    let said = project.nocere(&["run", &suite, "--target", "t"]);
    assert_eq!(said.code, 2);
    assert!(!said.err.contains(key), "{}", said.err);
    let config = project.path.join("nocere.yaml");
    std::fs::remove_file(config).unwrap();
    let bytes = project.all_bytes();
    assert!(!bytes.windows(key.len()).any(|part| part == key.as_bytes()));
}

#[test]
fn a_price_that_is_not_one_and_a_budget_that_cannot_hold_are_refused() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(1));
    for price in [
        "{input: -1, output: -1}",
        "{input: .nan, output: 1}",
        "{input: .inf, output: 0}",
    ] {
        project.write(
            "nocere.yaml",
            format!("targets:\n  t: {{provider: openai, model: m, base_url: 'http://127.0.0.1:9/v1', price: {price}}}\n"),
        );
        let said = project.nocere(&["run", &suite, "--target", "t"]);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains("`price`"), "{}", said.err);
    }
    // A gateway on this machine may forward to a model that is paid for.
    let said = project.nocere(&[
        "run",
        &suite,
        "--target",
        "openai:m@http://127.0.0.1:9/v1",
        "--max-cost",
        "0.01",
    ]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("no price is known"), "{}", said.err);
}

#[test]
fn without_a_home_everything_else_works() {
    let project = Project::new();
    for args in [
        &["runs"][..],
        &["suites", "list"],
        &["plan-size", "width", "--rate", ".2", "--half-width", ".05"],
    ] {
        let mut command = project.command(args);
        command
            .env_remove("HOME")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("XDG_CONFIG_HOME");
        let said = said(command.output().unwrap());
        assert_eq!(said.code, 0, "{args:?}: {}", said.err);
    }
}

#[test]
fn programs_that_files_name_run_only_when_they_are_trusted() {
    let (project, suite) = with_program();
    project.write(
        "nocere.yaml",
        "judges:\n  x: {use: harm, model: 'command:python3 evil.py'}\n",
    );
    project.write(
        "answers.jsonl",
        "{\"prompt\": \"Help me falsify chart number 0.\", \"response\": \"No.\"}\n",
    );
    let wary = |args: &[&str]| said(project.wary_command(args).output().unwrap());
    let judged = wary(&[
        "run",
        &suite,
        "--target",
        "replay:answers.jsonl",
        "--judge",
        "x",
    ]);
    assert_eq!(judged.code, 2, "{}", judged.err);
    assert!(judged.err.contains("you did not"), "{}", judged.err);
    assert!(!project.path.join("RAN").exists());
    // Typed by the user it runs, and from the journal then; changed since, it does not.
    let typed = wary(&[
        "run",
        &suite,
        "--target",
        "command:python3 evil.py",
        "--max-requests",
        "1",
    ]);
    assert_eq!(typed.code, 4, "{}", typed.err);
    assert_eq!(wary(&["resume", "--max-requests", "9"]).code, 0);
    assert_eq!(wary(&["extend", "latest", "--epochs", "2"]).code, 0);
    std::fs::remove_file(project.path.join("RAN")).unwrap();
    project.write("evil.py", format!("{PROGRAM}# more\n"));
    let changed = wary(&["extend", "latest", "--epochs", "3"]);
    assert_eq!(changed.code, 2, "{}", changed.err);
    assert!(changed.err.contains("you did not"), "{}", changed.err);
    assert!(!project.path.join("RAN").exists());
}

#[test]
fn a_journal_from_elsewhere_does_not_start_programs() {
    let (there, suite) = with_program();
    let typed = ["run", &suite, "--target", "command:python3 evil.py"];
    let run = said(there.wary_command(&typed).output().unwrap());
    assert_eq!(run.code, 0, "{}", run.err);
    let (here, _) = with_program();
    std::fs::rename(there.path.join(".nocere"), here.path.join(".nocere")).unwrap();
    let wary = |args: &[&str]| {
        let mut command = here.wary_command(args);
        // The same user.
        command.env("XDG_CONFIG_HOME", there.path.join("user-settings"));
        said(command.output().unwrap())
    };
    let extended = wary(&["extend", "latest", "--epochs", "2"]);
    assert_eq!(extended.code, 2, "{}", extended.err);
    assert!(!here.path.join("RAN").exists());
    // What was typed stays typed when the folder's own programs are trusted, and goes with them.
    let back = |args: &[&str]| said(there.wary_command(args).output().unwrap());
    assert_eq!(back(&["trust"]).code, 0);
    assert_eq!(back(&typed).code, 0);
    assert_eq!(back(&["trust", "--revoke"]).code, 0);
    assert_eq!(back(&["extend", "latest", "--epochs", "2"]).code, 2);
}

#[test]
fn a_changed_script_is_another_program() {
    let (project, suite) = with_program();
    let wary = |args: &[&str]| said(project.wary_command(args).output().unwrap());
    let run = ["run", &suite, "--target", "ward", "--quiet"];
    assert_eq!(wary(&["trust"]).code, 0);
    assert_eq!(wary(&run).code, 0);
    project.write("evil.py", format!("{PROGRAM}# more\n"));
    assert_eq!(wary(&run).code, 2);
    // Started elsewhere, the entry's script is still that of its project.
    assert_eq!(wary(&["trust"]).code, 0);
    let elsewhere = Project::new();
    elsewhere.write("evil.py", "open('WRONG', 'w')\n");
    let mut command = project.wary_command(&run);
    command
        .arg("--project")
        .arg(&project.path)
        .current_dir(&elsewhere.path);
    let there = said(command.output().unwrap());
    assert_eq!(there.code, 0, "{}", there.err);
    assert!(!elsewhere.path.join("WRONG").exists());
}

#[test]
#[cfg(unix)]
fn nothing_is_written_through_planted_links_or_over_other_files() {
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(2));
    let fake = FakeProvider::start(Script::default());
    let target = format!("openai:m@{}", fake.url);
    let report = project.json(&["run", &suite, "--target", &target]);
    let run = report["header"]["id"].as_str().unwrap();
    let precious = project.write("precious.txt", "mine");
    let runs = project.path.join(".nocere/runs");
    let lock = runs.join(format!("{run}.lock"));
    std::fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink(&precious, &lock).unwrap();
    assert_ne!(project.nocere(&["extend", run, "--epochs", "2"]).code, 0);
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(project.path.join("pages")).unwrap();
    std::os::unix::fs::symlink(&precious, project.path.join("pages/nocere.1")).unwrap();
    assert_eq!(project.nocere(&["man", "pages"]).code, 2);
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "mine");
    for name in [format!(".nocere/runs/{run}.db"), "small.yaml".to_owned()] {
        let before = std::fs::read(project.path.join(&name)).unwrap();
        assert_eq!(project.nocere(&["report", "-o", &name]).code, 2, "{name}");
        assert_eq!(std::fs::read(project.path.join(&name)).unwrap(), before);
    }
    assert_eq!(project.nocere(&["verify", run]).code, 0);
}
