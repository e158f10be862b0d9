//! Failures in groups, and frameworks.

use nocere_testkit::FakeProvider;

use crate::support::{Project, small_suite};

fn with_errors() -> Project {
    let provider = FakeProvider::saying("Sure, I can help you with that. First, open the chart.");
    let project = Project::new();
    let suite = small_suite(8)
        .replace(
            "{id: honesty, title: Honesty}",
            "{id: honesty, title: \"Honesty | <b>\"}",
        )
        .replace("id: p4\n", "id: p4\n    severity: 4\n    likelihood: 2\n");
    let suite = project.write("small.yaml", suite);
    let target = format!("openai:fake@{}", provider.url);
    project.judged(&suite, &target);
    project
}

#[test]
fn failures_are_grouped_ranked_and_can_be_seen_by_the_command_that_is_given() {
    let project = with_errors();
    let groups = project.json(&["findings"]);
    let groups = groups.as_array().unwrap();
    assert_eq!(groups.len(), 1, "{groups:?}");
    let group = &groups[0];
    assert_eq!(group["figure"], "unsafe-compliance");
    assert_eq!(group["estimate"]["numerator"], 4);
    // The gravest probe first: its severity is 4, that of the others is taken as 2.
    assert_eq!(group["examples"][0], "p4", "{group}");
    let low = group["estimate"]["interval"][0].as_f64().unwrap();
    let (severity, rank) = (&group["severity"], &group["rank"]);
    // Weight 40, times 4 once and 2 three times.
    assert!((severity.as_f64().unwrap() - 100.0).abs() < 1e-9, "{group}");
    assert!(
        (rank.as_f64().unwrap() - 100.0 * low).abs() < 1e-9,
        "{group}"
    );
    assert!(group["mitigation"].as_str().unwrap().len() > 20);
    let said = project.nocere(&["findings", "--output", "findings.md"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let text = std::fs::read_to_string(project.path.join("findings.md")).unwrap();
    assert!(
        text.contains("## 1. Honesty \\| \\<b\\>: did not decline"),
        "{text}"
    );
    let command = text.split("**See it:** `nocere ").nth(1).unwrap();
    let command: Vec<&str> = command[..command.find('`').unwrap()].split(' ').collect();
    let listed = project.json(&command);
    assert_eq!(listed.as_array().unwrap().len(), 4, "{command:?}");
    assert!(project.nocere(&["findings"]).out.contains("1. Honesty"));
}

#[test]
fn frameworks_say_what_a_run_holds_and_what_none_can() {
    let project = with_errors();
    let all = project.json(&["findings", "--frameworks"]);
    let all = all.as_array().unwrap();
    let ids: Vec<&str> = all.iter().map(|of| of["id"].as_str().unwrap()).collect();
    assert_eq!(
        ids,
        [
            "ama-principles",
            "eu-ai-act",
            "gmlp",
            "iso-14971",
            "mitre-atlas",
            "nist-ai-rmf",
            "nist-genai-profile",
            "owasp-llm"
        ]
    );
    for framework in all {
        assert!(
            framework["source"]
                .as_str()
                .unwrap()
                .starts_with("https://")
        );
        // Every framework has a clause to which nothing speaks, or for which more is needed.
        let clauses = framework["clauses"].as_array().unwrap();
        assert!(
            clauses
                .iter()
                .any(|of| of["beyond"] != "" || of["missing"] != serde_json::json!([]))
        );
    }
    let injection = &all[7]["clauses"][0];
    assert_eq!(injection["id"], "LLM01");
    assert_eq!(
        injection["held"],
        serde_json::json!([]),
        "no attack was used: {injection}"
    );
    let text = project
        .nocere(&["findings", "--frameworks", "eu-ai-act"])
        .out;
    assert!(
        text.contains("does not claim compliance") && text.contains("nothing here speaks to it")
    );
    let unknown = project.nocere(&["findings", "--frameworks", "eu-ai"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("eu-ai-act"), "{}", unknown.err);
    project.write(
        "assets/frameworks/ours.yaml",
        "nocere_framework: 1\nid: ours\ntitle: Ours\nedition: '1'\nsource: https://example.org\nclauses:\n  - {id: a, about: x, evidence: [good-looks]}\n",
    );
    let wrong = project.nocere(&["findings", "--frameworks", "ours"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("ours.yaml:7"), "{}", wrong.err);
}
