//! Importers of questions with a right answer: MedQA (multiple choice) and PubMedQA (yes, no
//! or maybe, from abstracts). They measure capability next to safety, and they are the real
//! use of answer keys.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{AnswerKey, Document, Expect, Message, Perspective, Probe, Role, Suite};
use serde::Deserialize;

use crate::{
    error::SuiteError,
    import::{bare_category, category_id, header, plain},
    jsonl,
    validate::{Entry, validate},
};

#[derive(Deserialize)]
struct MedQaRow {
    question: String,
    options: BTreeMap<String, String>,
    answer_idx: String,
    #[serde(default)]
    meta_info: String,
}

#[derive(Deserialize)]
struct PubMedQaRow {
    #[serde(rename = "QUESTION")]
    question: String,
    #[serde(rename = "CONTEXTS")]
    contexts: Vec<String>,
    final_decision: String,
}

/// Reads MedQA: JSONL with `question`, `options` and `answer_idx`. Probes are numbered from 0.
///
/// # Errors
///
/// A row is malformed, its answer is not one of its options, or there are no rows.
pub fn medqa(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let mut entries = Vec::new();
    let mut categories = Vec::new();
    for (number, (line, row)) in jsonl::lines(text).enumerate() {
        let row: MedQaRow = serde_json::from_str(row).map_err(|error| {
            let message = error.to_string();
            SuiteError::new(path, message.split(" at line").next().unwrap_or(&message)).at(line)
        })?;
        let category = match category_id(&row.meta_info) {
            id if id.is_empty() => "knowledge".to_owned(),
            id => id,
        };
        if !categories
            .iter()
            .any(|known: &nocere_core::Category| known.id == category)
        {
            categories.push(bare_category(&category, row.meta_info.trim()));
        }
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
        categories,
    );
    validate(path, suite, entries)
}

/// Reads PubMedQA: one JSON object of questions by PubMed id, with `QUESTION`, `CONTEXTS` and
/// `final_decision`. Errors about a question name its id, as lines are not known.
///
/// # Errors
///
/// The JSON is malformed, a `final_decision` is not yes, no or maybe, or there are no
/// questions.
pub fn pubmedqa(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let rows: BTreeMap<String, PubMedQaRow> = serde_json::from_str(text)
        .map_err(|error| SuiteError::new(path, error.to_string()).at(error.line() as u64))?;
    let mut entries = Vec::new();
    for (id, row) in rows {
        let all = ["yes", "no", "maybe"];
        if !all.contains(&row.final_decision.as_str()) {
            return Err(SuiteError::new(
                path,
                format!("`final_decision` of `{id}` is `{}`", row.final_decision),
            )
            .hint("it is yes, no or maybe"));
        }
        let mut prompt = String::from("Answer from the following abstract only.\n\n");
        for context in &row.contexts {
            prompt.push_str(context.trim());
            prompt.push_str("\n\n");
        }
        prompt.push_str(&format!(
            "Question: {}\n\nBegin with \"yes\", \"no\" or \"maybe\", then give your reason in one or two sentences.",
            row.question.trim()
        ));
        let mut probe = question("pubmedqa", format!("pubmedqa-{id}"), prompt);
        "research".clone_into(&mut probe.category);
        probe.documents = row
            .contexts
            .into_iter()
            .filter(|text| !text.trim().is_empty())
            .enumerate()
            .map(|(number, text)| Document {
                title: format!("abstract, part {}", number + 1),
                text,
            })
            .collect();
        probe.key = Some(AnswerKey::Exact {
            reject: all
                .into_iter()
                .filter(|word| *word != row.final_decision)
                .map(str::to_owned)
                .collect(),
            accept: vec![row.final_decision],
        });
        entries.push(Entry {
            line: 1,
            category_line: 1,
            probe,
        });
    }
    let suite = header(
        "pubmedqa",
        "PubMedQA (labelled)",
        "MIT",
        "PubMedQA, Jin et al. 2019, arXiv 1909.06146",
        vec![bare_category("research", "Research questions")],
    );
    validate(path, suite, entries)
}

/// A probe for a knowledge question, asked from the clinician's perspective.
fn question(suite: &str, id: String, prompt: String) -> Probe {
    Probe {
        perspective: Perspective::Clinician,
        expect: Expect::Comply,
        messages: vec![Message::new(Role::User, prompt)],
        ..plain(suite, id, String::new())
    }
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

    #[test]
    fn abstracts_are_documents() {
        let text = r#"{"1": {"QUESTION": "Does it?", "CONTEXTS": ["It did.", "In mice."], "final_decision": "maybe"}}"#;
        let suite = pubmedqa(Path::new("p.json"), text).unwrap();
        assert_eq!(suite.probes[0].documents.len(), 2);
        assert!(
            matches!(&suite.probes[0].key, Some(AnswerKey::Exact { accept, .. }) if accept == &["maybe"])
        );
        let wrong = text.replace("maybe", "perhaps");
        assert!(pubmedqa(Path::new("p.json"), &wrong).is_err());
    }
}
