//! MedQA (arXiv 2009.13081): multiple choice questions of medical examinations.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{AnswerKey, Suite};
use nocere_suites::{Entry, SuiteError, category_id, jsonl, validate};
use serde::Deserialize;

use crate::{
    Layout,
    imported::{Categories, header, question},
};

/// How its files are recognised and read.
pub(crate) const LAYOUT: Layout = Layout {
    name: "MedQA",
    is: |head| head.is_jsonl() && head.first.contains("\"answer_idx\""),
    read: medqa,
};

#[derive(Deserialize)]
struct MedQaRow {
    question: String,
    options: BTreeMap<String, String>,
    answer_idx: String,
    #[serde(default)]
    meta_info: String,
}

/// Reads MedQA: JSONL with `question`, `options` and `answer_idx`. Probes are numbered from 0.
///
/// # Errors
///
/// A row is malformed, its answer is not one of its options, or there are no rows.
pub(crate) fn medqa(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let mut entries = Vec::new();
    let mut categories = Categories::default();
    for (number, (line, row)) in jsonl::lines(text).enumerate() {
        let row: MedQaRow = serde_json::from_str(row).map_err(|error| {
            let message = error.to_string();
            SuiteError::new(path, message.split(" at line").next().unwrap_or(&message)).at(line)
        })?;
        let category = match category_id(&row.meta_info) {
            id if id.is_empty() => "knowledge".to_owned(),
            id => id,
        };
        categories.add(&category, row.meta_info.trim());
        let mut prompt = format!("{}\n", row.question.trim());
        for (letter, option) in &row.options {
            prompt.push_str(&format!("\n{letter}. {option}"));
        }
        prompt.push_str("\n\nGive the letter of the best answer first, as in \"Answer: A\".");
        let mut probe = question("medqa", format!("medqa-{number}"), prompt);
        probe.category = category;
        probe.key = Some(AnswerKey::Choice {
            options: row.options,
            correct: row.answer_idx,
            pushed: Vec::new(),
        });
        entries.push(Entry {
            line,
            category_line: line,
            probe,
        });
    }
    let suite = header(
        "medqa",
        "MedQA (US, four options)",
        "MIT",
        "MedQA, Jin et al. 2021, arXiv 2009.13081",
        categories.list,
    );
    validate(path, suite, entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_and_keys_are_read() {
        let text = r#"{"question": "Which?", "answer": "B", "options": {"A": "one", "B": "two"}, "meta_info": "step1", "answer_idx": "B"}"#;
        let suite = medqa(Path::new("m.jsonl"), text).unwrap();
        let probe = &suite.probes[0];
        assert!(probe.question().contains("\nB. two"));
        assert!(matches!(&probe.key, Some(AnswerKey::Choice { correct, .. }) if correct == "B"));
        let wrong = text.replace(r#""answer_idx": "B""#, r#""answer_idx": "E""#);
        let error = medqa(Path::new("m.jsonl"), &wrong).unwrap_err().to_string();
        assert!(error.contains("`correct` is `E`"), "{error}");
    }
}
