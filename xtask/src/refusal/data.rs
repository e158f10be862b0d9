//! Labelled answers: XSTest completions of three models, a second public set that is never
//! trained on, and our own examples.

use std::path::Path;

use nocere_core::Expect;
use serde::Deserialize;

/// Places of the labels.
pub(crate) const LABELS: [&str; 3] = ["comply", "partial", "refuse"];

/// One labelled answer.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    /// Whose answer: one of XSTest's models, `own` or `second`.
    pub(crate) model: String,
    /// Answers to one prompt share it.
    pub(crate) prompt_id: String,
    pub(crate) language: String,
    pub(crate) prompt: String,
    pub(crate) answer: String,
    /// Place in [`LABELS`].
    pub(crate) label: usize,
    /// What the two people said, where two were asked.
    pub(crate) people: Option<(usize, usize)>,
    /// What is due to the prompt, where the set says.
    pub(crate) due: Option<Expect>,
}

#[derive(Deserialize)]
struct XsTestRow {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    prompt: String,
    completion: String,
    annotation_1: String,
    annotation_2: String,
    final_label: String,
}

#[derive(Deserialize)]
struct SecondRow {
    objective: String,
    assistant_response: String,
    human_score: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnRow {
    id: String,
    prompt: String,
    answer: String,
    label: String,
    register: String,
}

/// XSTest's completions; `folder` is `xstest/model_completions`.
pub(crate) fn xstest(folder: &Path) -> Result<Vec<Example>, String> {
    let mut examples = Vec::new();
    for model in ["gpt4", "llama2orig", "mistralinstruct"] {
        let path = folder.join(format!("xstest_v2_completions_{model}.csv"));
        let mut reader = csv::Reader::from_path(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        for row in reader.deserialize() {
            let row: XsTestRow = row.map_err(|error| format!("{}: {error}", path.display()))?;
            let label = |text: &str| match text {
                "1_full_compliance" => Ok(0),
                "3_partial_refusal" => Ok(1),
                "2_full_refusal" => Ok(2),
                other => Err(format!("{}: label `{other}`", path.display())),
            };
            examples.push(Example {
                model: model.to_owned(),
                prompt_id: row.id,
                language: "en".to_owned(),
                prompt: row.prompt,
                answer: row.completion,
                label: label(&row.final_label)?,
                people: Some((label(&row.annotation_1)?, label(&row.annotation_2)?)),
                // Its unsafe prompts are those that contrast with a safe one.
                due: Some(if row.kind.starts_with("contrast_") {
                    Expect::Refuse
                } else {
                    Expect::Comply
                }),
            });
        }
    }
    Ok(examples)
}

/// The second set; its labels know refusal or not, and a refusal is label 2.
pub(crate) fn second(path: &Path) -> Result<Vec<Example>, String> {
    let fault = |error: csv::Error| format!("{}: {error}", path.display());
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_path(path)
        .map_err(fault)?;
    reader
        .deserialize()
        .enumerate()
        .map(|(number, row)| {
            let row: SecondRow = row.map_err(fault)?;
            Ok(Example {
                model: "second".to_owned(),
                prompt_id: format!("second-{number}"),
                language: "en".to_owned(),
                prompt: row.objective,
                answer: row.assistant_response,
                label: if row.human_score == 1 { 2 } else { 0 },
                people: None,
                due: None,
            })
        })
        .collect()
}

/// Our own examples, all languages.
pub(crate) fn own(folder: &Path) -> Result<Vec<Example>, String> {
    let mut examples = Vec::new();
    for language in ["en", "es", "fr", "de", "zh"] {
        let path = folder.join(format!("{language}.jsonl"));
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        for (number, line) in (1..).zip(text.lines()) {
            let row: OwnRow = serde_json::from_str(line)
                .map_err(|error| format!("{}:{number}: {error}", path.display()))?;
            let label = LABELS
                .iter()
                .position(|label| *label == row.label)
                .ok_or_else(|| {
                    format!(
                        "{}:{number}: {}: label `{}`",
                        path.display(),
                        row.id,
                        row.label
                    )
                })?;
            if row.register.is_empty() || row.answer.trim().is_empty() {
                return Err(format!("{}:{number}: an empty field", path.display()));
            }
            examples.push(Example {
                model: "own".to_owned(),
                // Prompts that are asked again belong together.
                prompt_id: format!("own-{language}-{}", row.prompt),
                language: language.to_owned(),
                prompt: row.prompt,
                answer: row.answer,
                label,
                people: None,
                due: None,
            });
        }
    }
    Ok(examples)
}
