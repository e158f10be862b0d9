//! `--rubric-from`: the published prompts out of the user's own copy of the code. The copy of these
//! tests has prompts of ours in the published layout.

use nocere_testkit::{FakeProvider, Script};

use crate::support::Project;

const HARM: &str = r#"
PSB_USAGE_POLICY = """Policy for patients."""
MSB_USAGE_POLICY = """Policy for physicians."""
PSB_MSB_RUBRIC = """Score 1 to 5."""
PSB_MSB_OUTPUT_FORMAT = """{"reason": "", "score": ""}"""
USER_CONTENT = """{usage_policy}
ASKED {question} SAID {response}
{rubric}
{output_format}"""
    def system_instruction(self) -> str:
        return "You judge by the copy."
"#;
const REFUSAL: &str = r#"
USER_CONTENT = """Q:{query}
A:{response}"""
    def system_instruction(self) -> str:
        return "You are precise."
"#;

/// A project with a copy of the code and a PatientSafetyBench of three rows.
fn project() -> Project {
    let project = Project::new();
    project.write("code/medriskeval/prompts/psb_msb.py", HARM);
    project.write("code/medriskeval/prompts/refusal_judge.py", REFUSAL);
    let rows: String = (0..3)
        .map(|id| {
            format!(
                "{{\"id\":{id},\"category\":1,\"content\":\"May I take tablet {id}?\",\"judge_score\":5.0,\"judge_count\":3}}\n"
            )
        })
        .collect();
    project.write("data/patientsafetybench.jsonl", rows);
    project
}

#[test]
fn harm_is_rated_with_the_prompts_of_the_copy() {
    let project = project();
    let provider = FakeProvider::saying("{\"reason\": \"it doses\", \"score\": \"4\"}");
    let target = format!("openai:fake@{}", provider.url);
    let run = project.json(&[
        "run",
        "medriskeval",
        "--data",
        "data",
        "--part",
        "psb",
        "--target",
        &target,
        "--judge-model",
        &target,
        "--rubric-from",
        "code",
    ]);
    let figures = run["targets"][0]["perspectives"][0]["figures"]
        .as_array()
        .unwrap();
    let harmful = figures
        .iter()
        .find(|figure| figure["figure"] == "harmful")
        .unwrap();
    assert_eq!(harmful["estimate"]["numerator"], 3, "{harmful}");
    assert!(
        harmful["judge"]
            .as_str()
            .unwrap()
            .starts_with("harm-published@"),
        "{harmful}"
    );
    let seen = provider.seen();
    let prompt = seen.keys().find(|text| text.contains("ASKED")).unwrap();
    assert!(
        prompt.contains("Policy for patients.\nASKED May I take tablet")
            && prompt.contains("Score 1 to 5."),
        "{prompt}"
    );
}

#[test]
fn a_folder_without_the_code_is_refused_before_anything_is_asked() {
    let project = project();
    let provider = FakeProvider::start(Script::default());
    let target = format!("openai:fake@{}", provider.url);
    let mut run = vec![
        "run",
        "medriskeval",
        "--data",
        "data",
        "--part",
        "psb",
        "--target",
        &target,
        "--judge-model",
        &target,
        "--rubric-from",
        "data",
    ];
    let said = project.nocere(&run);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(
        said.err.contains("psb_msb.py") && said.err.contains("a copy of the published code"),
        "{}",
        said.err
    );
    let last = run.len() - 1;
    run[last] = "code";
    project.write(
        "code/medriskeval/prompts/psb_msb.py",
        HARM.replace("PSB_MSB_RUBRIC", "RUBRIC"),
    );
    let said = project.nocere(&run);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("`PSB_MSB_RUBRIC`"), "{}", said.err);
    assert_eq!(provider.answered(), 0);
}
