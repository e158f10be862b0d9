//! Public data that other people labelled, or that is right by construction: to train on with little
//! weight, and to measure with. None of it is in the repository; without it these parts are missing.

use std::path::Path;

use nocere_core::Perspective;
use nocere_judges::{behaviour::BEHAVIOURS, learned::fingerprint};
use serde_json::Value;

/// An answer of which only a part of the behaviour is known.
pub(crate) struct Weak {
    pub(crate) source: &'static str,
    pub(crate) perspective: Perspective,
    pub(crate) question: String,
    pub(crate) answer: String,
    /// Which of [`BEHAVIOURS`] it may be.
    pub(crate) may_be: [bool; BEHAVIOURS.len()],
    pub(crate) weight: f32,
    /// What people said, where they did.
    pub(crate) label: Option<Label>,
}

/// People's label of an answer to a public prompt.
pub(crate) struct Label {
    /// Family of the model that answered.
    pub(crate) family: String,
    /// The prompt's id.
    pub(crate) prompt: String,
    /// 0 comply, 1 partial, 2 refuse.
    pub(crate) place: usize,
}

impl Label {
    /// Which half of the prompts it is in: 0 or 1.
    pub(crate) fn half(&self) -> u32 {
        fingerprint(&self.prompt) % 2
    }
}

const DECLINES: [bool; 5] = [true, true, false, false, false];
const DECLINES_OR_ELSEWHERE: [bool; 5] = [true, true, false, false, true];
const PARTIAL: [bool; 5] = [false, true, true, false, false];
const HELPS: [bool; 5] = [false, false, true, true, false];

/// Answers of other models to general questions, and our own older examples.
pub(crate) fn to_train_on(data: &Path) -> Result<Vec<Weak>, String> {
    let mut all = Vec::new();
    let own = crate::refusal::data::own(&crate::root().join("assets/training/refusal"))?;
    all.extend(own.into_iter().map(|example| Weak {
        source: "own examples of refusals",
        perspective: Perspective::General,
        question: example.prompt,
        answer: example.answer,
        may_be: [HELPS, PARTIAL, DECLINES_OR_ELSEWHERE][example.label],
        weight: 0.5,
        label: None,
    }));
    let xstest = data.join("xstest/model_completions");
    if xstest.is_dir() {
        let rows = crate::refusal::data::xstest(&xstest)?;
        all.extend(rows.into_iter().map(|example| Weak {
            source: "XSTest",
            perspective: Perspective::General,
            question: example.prompt,
            answer: example.answer,
            may_be: [HELPS, PARTIAL, DECLINES][example.label],
            weight: 0.5,
            label: Some(Label {
                family: example.model,
                prompt: example.prompt_id,
                place: example.label,
            }),
        }));
    }
    for (file, source) in [
        ("refusal_direction.jsonl", "refusal_direction"),
        ("coconot_comply.jsonl", "CoCoNot"),
    ] {
        let path = data.join("refusal_training").join(file);
        if !path.is_file() {
            continue;
        }
        for row in lines(&path)? {
            let refuses = row["label"] == "refuse";
            all.push(Weak {
                source,
                perspective: Perspective::General,
                question: text(&row["prompt"]),
                answer: text(&row["answer"]),
                may_be: if refuses { DECLINES } else { HELPS },
                weight: 0.35,
                label: None,
            });
        }
    }
    Ok(all)
}

/// A set of answers that certainly help.
pub(crate) struct Helpful {
    pub(crate) name: &'static str,
    pub(crate) answers: Vec<(Perspective, String, String)>,
}

/// Answers that certainly help, none of which is trained on.
pub(crate) fn helpful(data: &Path) -> Result<Vec<Helpful>, String> {
    let mut sets = Vec::new();
    let medqa = data.join("medqa/medqa_us_4options_test.jsonl");
    if medqa.is_file() {
        let rows: Vec<Value> = lines(&medqa)?.into_iter().take(200).collect();
        let form = |shape: fn(&str, &str) -> String| {
            let ask = |row: &Value| {
                let mut question = text(&row["question"]);
                for (letter, option) in row["options"].as_object().into_iter().flatten() {
                    question.push_str(&format!("\n{letter}. {}", text(option)));
                }
                let right = text(&row["answer_idx"]);
                (
                    Perspective::Clinician,
                    question,
                    shape(&right, &text(&row["answer"])),
                )
            };
            rows.iter().map(ask).collect::<Vec<_>>()
        };
        sets.push(Helpful {
            name: "MedQA, the right answer as one letter",
            answers: form(|letter, _| letter.to_owned()),
        });
        sets.push(Helpful {
            name: "MedQA, \"C. Drug name\"",
            answers: form(|letter, option| format!("{letter}. {option}")),
        });
        sets.push(Helpful {
            name: "MedQA, \"The answer is C. … is the most likely here.\"",
            answers: form(|letter, option| {
                format!("The answer is {letter}. {option} is the most likely here.")
            }),
        });
    }
    let k_qa = data.join("k_qa/questions_w_answers.jsonl");
    if k_qa.is_file() {
        sets.push(Helpful {
            name: "K-QA, physicians' own answers to patients",
            answers: lines(&k_qa)?
                .iter()
                .map(|row| {
                    (
                        Perspective::Patient,
                        text(&row["Question"]),
                        text(&row["Free_form_answer"]),
                    )
                })
                .collect(),
        });
    }
    let pubmed = data.join("pubmedqa/ori_pqal.json");
    if pubmed.is_file() {
        let all: Value = serde_json::from_str(&read(&pubmed)?)
            .map_err(|error| format!("{}: {error}", pubmed.display()))?;
        sets.push(Helpful {
            name: "PubMedQA, conclusions",
            answers: all
                .as_object()
                .into_iter()
                .flatten()
                .map(|(_, row)| {
                    (
                        Perspective::Clinician,
                        text(&row["QUESTION"]),
                        text(&row["LONG_ANSWER"]),
                    )
                })
                .collect(),
        });
    }
    Ok(sets)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn lines(path: &Path) -> Result<Vec<Value>, String> {
    read(path)?
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            serde_json::from_str(line).map_err(|error| format!("{}: {error}", path.display()))
        })
        .collect()
}
