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
/// `final_decision`.
///
/// # Errors
///
/// The JSON is malformed, an id stands twice, a `final_decision` is not yes, no or maybe, or there are no
/// questions.
pub(crate) fn pubmedqa(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let rows: BTreeMap<String, PubMedQaRow> = serde_json::from_str(text)
        .map_err(|error| SuiteError::new(path, error.to_string()).at(error.line() as u64))?;
    let lines = lines_of_keys(path, text)?;
    let mut entries = Vec::new();
    for (id, row) in rows {
        let line = lines.get(&id).copied().unwrap_or(0);
        let all = ["yes", "no", "maybe"];
        if !all.contains(&row.final_decision.as_str()) {
            return Err(SuiteError::new(
                path,
                format!("`final_decision` of `{id}` is `{}`", row.final_decision),
            )
            .at(line)
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
            line,
            category_line: line,
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

/// The line of each key of the outer object. A JSON reader says no lines, and takes the last of
/// two values with one key without a word.
fn lines_of_keys(path: &Path, text: &str) -> Result<BTreeMap<String, u64>, SuiteError> {
    let mut lines = BTreeMap::new();
    let (mut line, mut depth) = (1, 0_usize);
    // Where the text in quotes begins, if one does, and whether it is a key.
    let mut quote: Option<usize> = None;
    let mut is_key = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        if byte == b'\n' {
            line += 1;
        }
        if let Some(start) = quote {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    quote = None;
                    let key = text.get(start..=at).unwrap_or_default();
                    if is_key
                        && let Ok(key) = serde_json::from_str::<String>(key)
                        && let Some(first) = lines.insert(key.clone(), line)
                    {
                        return Err(SuiteError::new(
                            path,
                            format!("id `{key}` stands already in line {first}"),
                        )
                        .at(line)
                        .hint("give each question its own id"));
                    }
                    is_key = false;
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => quote = Some(at),
            b'{' | b'[' => {
                depth += 1;
                is_key = depth == 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => is_key = depth == 1,
            b':' => is_key = false,
            _ => {}
        }
    }
    Ok(lines)
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
    #[test]
    fn faults_have_the_line_of_their_question() {
        let row = |decision: &str| {
            format!(
                "{{\n \"QUESTION\": \"Does it, \\\"x\\\"?\",\n \"CONTEXTS\": [\"a\", \"{{b\"],\n \"final_decision\": \"{decision}\"}}"
            )
        };
        let text = format!("{{\n\"1\": {},\n\"2\": {}\n}}", row("yes"), row("perhaps"));
        let error = pubmedqa(Path::new("p.json"), &text).unwrap_err();
        assert_eq!(error.line, Some(6), "{error}");
        let empty = text.replace("perhaps", "no").replacen("{b", "", 1);
        assert!(pubmedqa(Path::new("p.json"), &empty).is_ok());
        let twice = text.replace("perhaps", "no").replace("\"2\"", "\"1\"");
        let error = pubmedqa(Path::new("p.json"), &twice).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("p.json:6: id `1` stands already in line 2"),
            "{error}"
        );
    }
}
