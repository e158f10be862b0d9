//! The real small model in the process.

use std::time::Duration;

use crate::support::{Project, comparable, models_or_skip, said, small_suite};

#[test]
fn a_killed_run_in_process_ends_with_the_same_answers() {
    let Some(models) = models_or_skip("a_killed_run_in_process_ends_with_the_same_answers") else {
        return;
    };
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(70));
    let models = models.display().to_string();
    let run = [
        "run",
        &suite,
        "--target",
        "local:smollm2-135m",
        "--max-tokens",
        "8",
        "--models-dir",
        &models,
    ];
    let undisturbed = comparable(project.json(&run));
    let mut child = project
        .command(&run)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Killed as soon as the first group is journaled, so that two groups are left.
    loop {
        std::thread::sleep(Duration::from_millis(20));
        let runs = project.json(&["runs"]);
        let done = runs
            .as_array()
            .unwrap()
            .get(1)
            .and_then(|run| run["run"]["done"].as_u64());
        if done.is_some_and(|done| done > 0) || child.try_wait().unwrap().is_some() {
            break;
        }
    }
    let _ = child.kill();
    child.wait().unwrap();
    let resumed = project.nocere(&["resume", "latest", "--quiet", "--models-dir", &models]);
    assert_eq!(resumed.code, 0, "{}", resumed.err);
    assert_eq!(comparable(project.json(&["show", "latest"])), undisturbed);
    for probe in ["p3", "p40", "p69"] {
        let runs = project.json(&["runs"]);
        let answer = |index: usize| {
            let id = runs[index]["id"].as_str().unwrap();
            project.json(&["show", id, probe])[0]["transcript"]["turns"][1]["message"]["parts"]
                [0]["text"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(answer(0), answer(1), "{probe}");
    }
}

#[test]
fn a_conversation_that_does_not_fit_is_an_outcome() {
    let Some(models) = models_or_skip("a_conversation_that_does_not_fit_is_an_outcome") else {
        return;
    };
    let project = Project::new();
    let long = "pressure ".repeat(12_000);
    let suite = project.write(
        "long.yaml",
        small_suite(2).replace("What does chart number 1 say?", &long),
    );
    let models = models.display().to_string();
    let report = project.json(&[
        "run",
        &suite,
        "--target",
        "local:smollm2-135m",
        "--max-tokens",
        "8",
        "--judge",
        "refusal",
        "--judge",
        "checks",
        "--models-dir",
        &models,
    ]);
    assert_eq!(report["done"], 2);
    let reasons: Vec<&str> = report["unscored"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry[1].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["target_overflow", "target_overflow"]);
}

#[test]
fn a_cut_model_file_is_named_as_such() {
    let Some(models) = models_or_skip("a_cut_model_file_is_named_as_such") else {
        return;
    };
    let project = Project::new();
    let whole = std::fs::read(models.join("SmolLM2-135M-Instruct.Q4_1.gguf")).unwrap();
    let cut = project.write("cut.gguf", &whole[..whole.len() / 2]);
    let said = project.nocere(&["models", "check", &cut]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("cut short") && said.err.contains("98362432"),
        "{}",
        said.err
    );
    let from = project.nocere(&[
        "models",
        "pull",
        "smollm2-135m",
        "--from",
        &cut,
        "--models-dir",
        "m",
    ]);
    assert_eq!(from.code, 3);
    assert!(
        from.err.contains("SHA-256")
            && !project
                .path
                .join("m/SmolLM2-135M-Instruct.Q4_1.gguf")
                .exists()
    );
}

#[test]
fn the_model_chats_from_standard_input() {
    let Some(models) = models_or_skip("the_model_chats_from_standard_input") else {
        return;
    };
    let project = Project::new();
    let models = models.display().to_string();
    let check = project.json(&["models", "check", "--models-dir", &models]);
    assert_eq!(check["architecture"], "llama");
    let chat = |seed: &str| {
        let args = [
            "models",
            "chat",
            "Say hello.",
            "--temperature",
            "0.8",
            "--seed",
            seed,
            "--max-tokens",
            "24",
            "--models-dir",
            &models,
        ];
        said(project.command(&args).output().unwrap()).out
    };
    assert_eq!(chat("1"), chat("1"));
    assert_ne!(chat("1"), chat("2"));
}

#[test]
fn a_model_in_process_can_judge_and_says_what_it_could_not_read() {
    let Some(models) =
        models_or_skip("a_model_in_process_can_judge_and_says_what_it_could_not_read")
    else {
        return;
    };
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(4));
    let models = models.display().to_string();
    let report = project.json(&[
        "run",
        &suite,
        "--target",
        "local:smollm2-135m",
        "--judge",
        "harm=local:smollm2-135m",
        "--max-tokens",
        "8",
        "--models-dir",
        &models,
    ]);
    let figure = &report["targets"][0]["perspectives"][0]["figures"][0];
    assert_eq!(figure["figure"], "harmful");
    let counted = figure["estimate"]["denominator"].as_u64().unwrap()
        + figure["estimate"]["unscored"].as_u64().unwrap();
    assert_eq!(counted, 4, "every answer is scored or says why not");
}

#[test]
fn a_model_in_the_process_builds_the_same_suite_twice() {
    let Some(models) = models_or_skip("a_model_in_the_process_builds_the_same_suite_twice") else {
        return;
    };
    let project = Project::new();
    project.write(
        "judge.py",
        r#"
import json, re, sys
for line in sys.stdin:
    request = json.loads(line)
    token = re.findall(r"Token: (\S+)", request["messages"][-1]["content"])[-1]
    text = json.dumps({"reason": "r", "score": 5, "token": token})
    print(json.dumps({"id": request["id"], "text": text}), flush=True)
"#,
    );
    project.write(
        "nocere.yaml",
        "targets:\n  reader: {provider: command, command: [python3, judge.py], local: true}\n",
    );
    let models = models.display().to_string();
    let built = |folder: &str| {
        let said = project.nocere(&[
            "suites",
            "build",
            "patient",
            "--category",
            "harmful-advice",
            "--generator",
            "local:smollm2-135m",
            "--judge-model",
            "reader",
            "--candidates",
            "6",
            "--batch",
            "3",
            "--votes",
            "1",
            "--max-tokens",
            "48",
            "--local-only",
            "--models-dir",
            &models,
            "--out",
            folder,
        ]);
        assert_eq!(said.code, 0, "{}", said.err);
        std::fs::read_to_string(project.path.join(folder).join("candidates.jsonl")).unwrap()
    };
    let first = built("one");
    assert!(first.contains("\"kept\""), "{first}");
    assert_eq!(first, built("two"));
}

/// A copy of the small model in the project, with `change` made to its bytes.
fn altered(
    project: &Project,
    models: &std::path::Path,
    name: &str,
    change: impl FnOnce(&mut Vec<u8>),
) -> String {
    let mut bytes = std::fs::read(models.join("SmolLM2-135M-Instruct.Q4_1.gguf")).unwrap();
    change(&mut bytes);
    project.write(name, bytes)
}

fn find(bytes: &[u8], text: &[u8]) -> usize {
    bytes
        .windows(text.len())
        .position(|window| window == text)
        .unwrap()
}

#[test]
fn a_file_that_nobody_pinned_runs_in_a_child_with_the_same_answers() {
    let Some(models) =
        models_or_skip("a_file_that_nobody_pinned_runs_in_a_child_with_the_same_answers")
    else {
        return;
    };
    let project = Project::new();
    let suite = project.write("small.yaml", small_suite(5));
    // Another title and therefore another hash; the weights are the same.
    let file = altered(&project, &models, "other.gguf", |bytes| {
        let place = find(bytes, b"Smollm2 135M");
        bytes[place] = b'X';
    });
    let models = models.display().to_string();
    let mut answers = Vec::new();
    for target in ["local:smollm2-135m", &format!("local:{file}")] {
        project.json(&[
            "run",
            &suite,
            "--target",
            target,
            "--max-tokens",
            "8",
            "--models-dir",
            &models,
        ]);
        let shown = project.json(&["show", "latest", "p3"]);
        let turn = &shown[0]["transcript"]["turns"][1]["message"]["parts"][0]["text"];
        answers.push(turn.as_str().unwrap().to_owned());
    }
    assert_eq!(answers[0], answers[1]);
    let said = project.nocere(&["models", "check", &file, "--models-dir", &models]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.ends_with("good\n"), "{}", said.out);
    assert!(!project.path.join("other.gguf.sha256").exists());
}

#[test]
fn damaged_weights_are_not_good() {
    let Some(models) = models_or_skip("damaged_weights_are_not_good") else {
        return;
    };
    let project = Project::new();
    for (name, byte) in [("zeros.gguf", 0_u8), ("nan.gguf", 0xff)] {
        let file = altered(&project, &models, name, |bytes| {
            let data = bytes.len() - 90_000_000;
            bytes[data..].fill(byte);
        });
        let said = project.nocere(&["models", "check", &file]);
        assert_ne!(said.code, 0, "{}", said.out);
        assert!(said.err.contains("damaged"), "{}", said.err);
        assert!(!said.out.contains("good"), "{}", said.out);
    }
}

#[test]
fn a_header_that_would_end_llama_cpp_is_refused_with_its_key() {
    let Some(models) = models_or_skip("a_header_that_would_end_llama_cpp_is_refused_with_its_key")
    else {
        return;
    };
    let project = Project::new();
    for (key, value) in [
        ("llama.block_count", 0_u32),
        ("llama.context_length", u32::MAX),
        ("llama.attention.layer_norm_rms_epsilon", f32::NAN.to_bits()),
    ] {
        let file = altered(&project, &models, "bad.gguf", |bytes| {
            let place = find(bytes, key.as_bytes()) + key.len() + 4;
            bytes[place..place + 4].copy_from_slice(&value.to_le_bytes());
        });
        let said = project.nocere(&["models", "check", &file]);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains(key), "{}", said.err);
    }
}

#[test]
fn a_publishers_checksum_that_does_not_fit_is_reported_and_kept() {
    let Some(models) =
        models_or_skip("a_publishers_checksum_that_does_not_fit_is_reported_and_kept")
    else {
        return;
    };
    let project = Project::new();
    let file = altered(&project, &models, "m.gguf", |_| ());
    let wrong = format!("{}  m.gguf\n", "0".repeat(64));
    let beside = project.write("m.gguf.sha256", &wrong);
    let suite = project.write("small.yaml", small_suite(2));
    for args in [
        vec!["models", "check", &file],
        vec!["run", &suite, "--target", &format!("local:{file}")],
    ] {
        let said = project.nocere(&args);
        assert_ne!(said.code, 0, "{}", said.out);
        assert!(said.err.contains("m.gguf.sha256 says"), "{}", said.err);
    }
    assert_eq!(std::fs::read_to_string(beside).unwrap(), wrong);
}
