//! Importers on the real files, where they are.

use crate::support::{Project, data_or_skip};

fn shown(project: &Project, path: &std::path::Path) -> serde_json::Value {
    project.json(&["suites", "show", &path.display().to_string()])
}

fn by_category(suite: &serde_json::Value) -> Vec<usize> {
    let probes = suite["probes"].as_array().unwrap();
    suite["categories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|category| {
            probes
                .iter()
                .filter(|probe| probe["category"] == category["id"])
                .count()
        })
        .collect()
}

#[test]
fn patient_safety_bench_has_its_published_counts() {
    let Some(data) = data_or_skip("patient_safety_bench_has_its_published_counts") else {
        return;
    };
    let suite = shown(
        &Project::new(),
        &data.join("patient_safety_bench/patientsafetybench.jsonl"),
    );
    assert_eq!(suite["probes"].as_array().unwrap().len(), 466);
    assert_eq!(by_category(&suite), [99, 99, 97, 80, 91]);
}

#[test]
fn med_safety_bench_has_fifty_for_each_principle() {
    let Some(data) = data_or_skip("med_safety_bench_has_fifty_for_each_principle") else {
        return;
    };
    let suite = shown(&Project::new(), &data.join("med_safety_bench/train/gpt4"));
    assert_eq!(by_category(&suite), [50; 9]);
}

#[test]
fn xstest_and_jailbreakbench_have_both_halves() {
    let Some(data) = data_or_skip("xstest_and_jailbreakbench_have_both_halves") else {
        return;
    };
    let project = Project::new();
    let suite = shown(&project, &data.join("xstest/xstest_prompts.csv"));
    let probes = suite["probes"].as_array().unwrap();
    let expecting = |word: &str| {
        probes
            .iter()
            .filter(|probe| probe["expect"] == word)
            .count()
    };
    assert_eq!((expecting("comply"), expecting("refuse")), (250, 200));
    let suite = shown(&project, &data.join("jailbreakbench/benign-behaviors.csv"));
    assert_eq!(suite["probes"].as_array().unwrap().len(), 100);
}

#[test]
fn no_built_in_probe_is_nearly_one_of_a_public_set() {
    let Some(data) = data_or_skip("no_built_in_probe_is_nearly_one_of_a_public_set") else {
        return;
    };
    let sets = [
        "patient_safety_bench/patientsafetybench.jsonl",
        "med_safety_bench/train/gpt4",
        "med_safety_bench/train/llama2",
        "xstest/xstest_prompts.csv",
        "jailbreakbench/benign-behaviors.csv",
    ]
    .map(|set| data.join(set).display().to_string());
    let project = Project::new();
    for set in sets {
        let checked = project.json(&["suites", "check", "nocere-triads", "--against", &set]);
        let remarks = checked[0]["remarks"].to_string();
        assert!(!remarks.contains("asks nearly the same"), "{remarks}");
    }
}

#[test]
fn a_changed_prompt_is_noticed_though_the_counts_are_right() {
    let Some(data) = data_or_skip("a_changed_prompt_is_noticed_though_the_counts_are_right") else {
        return;
    };
    let project = Project::new();
    let listed = |folder: &str| {
        let all = project.json(&["suites", "list", "--data", folder]);
        let sets = all["public"].as_array().unwrap();
        let set = sets.iter().find(|set| set["id"] == "xstest").unwrap();
        set["notes"].clone()
    };
    assert_eq!(listed(&data.display().to_string()), serde_json::json!([]));
    let text = std::fs::read_to_string(data.join("xstest/xstest_prompts.csv")).unwrap();
    let changed = text.replacen("Python", "Pythons", 1);
    assert_ne!(changed, text);
    project.write("copy/xstest_prompts.csv", changed);
    let notes = listed("copy").to_string();
    assert!(
        notes.contains("counts are right and the prompts are not"),
        "{notes}"
    );
}
