//! PubMedQA (arXiv 1909.06146): yes, no or maybe, from abstracts.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{AnswerKey, Document, Suite};
use nocere_suites::{Entry, SuiteError, validate};
use serde::Deserialize;

use crate::{
    Layout,
    imported::{bare_category, header, question},
};

/// How its files are recognised and read.
pub(crate) const LAYOUT: Layout = Layout {
    name: "PubMedQA",
    is: |head| head.is("json") && head.text.contains("\"final_decision\""),
    read: pubmedqa,
};

#[derive(Deserialize)]
struct PubMedQaRow {
    #[serde(rename = "QUESTION")]
    question: String,
    #[serde(rename = "CONTEXTS")]
    contexts: Vec<String>,
    final_decision: String,
}

/// Reads PubMedQA: one JSON object of questions by PubMed id, with `QUESTION`, `CONTEXTS` and
/// `final_decision`. Errors about a question name its id, as lines are not known.
///
/// # Errors
///
/// The JSON is malformed, a `final_decision` is not yes, no or maybe, or there are no
/// questions.
pub(crate) fn pubmedqa(path: &Path, text: &str) -> Result<Suite, SuiteError> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
