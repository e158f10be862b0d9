//! FACTS Grounding (Jacovi et al. 2025, arXiv 2501.03200), limited to the medical part that
//! MedRiskEval uses: requests that must be answered from a given document and nothing else.

use std::path::Path;

use nocere_core::{Document, Expect, Message, Role, Suite};
use nocere_suites::{Entry, SuiteError, csv_rows, validate};

use crate::{
    Layout,
    imported::{bare_category, header, plain},
};

/// How its files are recognised and read.
pub(crate) const LAYOUT: Layout = Layout {
    name: "FACTS Grounding",
    is: |head| {
        head.is_table()
            && head.first.contains("context_document")
            && head.first.contains("user_request")
    },
    read: facts_medical,
};

/// MedRiskEval keeps examples of at most this many tokens (arXiv 2507.07248 §3.3).
const MAX_TOKENS: usize = 5_000;
/// The published code counts a token per this many characters of system instruction, document
/// and request together, rounded down (`medriskeval/datasets/facts_med.py`).
const CHARACTERS_PER_TOKEN: usize = 4;

/// Reads FACTS Grounding's public examples: CSV with `system_instruction`, `user_request`,
/// `context_document` and `domain`. Keeps rows of the medical domain with at most 5,000 tokens
/// by MedRiskEval's rule, a quarter of the characters.
///
/// # Errors
///
/// The CSV is malformed or lacks a column, a medical row has no request or no document, or no
/// row is left.
pub(crate) fn facts_medical(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let columns = [
        "system_instruction",
        "user_request",
        "context_document",
        "domain",
    ];
    let mut entries = Vec::new();
    let (mut rows, mut medical) = (0_u32, 0_u32);
    for row in csv_rows::read(path, text, &columns)? {
        rows += 1;
        let [instruction, request, document, domain]: [String; 4] = row
            .fields
            .try_into()
            .map_err(|_| SuiteError::new(path, "this row lacks a field").at(row.line))?;
        if !domain.trim().eq_ignore_ascii_case("medical") {
            continue;
        }
        medical += 1;
        for (field, value) in [("user_request", &request), ("context_document", &document)] {
            if value.trim().is_empty() {
                return Err(SuiteError::new(path, format!("field `{field}` is empty")).at(row.line));
            }
        }
        let characters = [&instruction, &request, &document]
            .map(|part| part.chars().count())
            .into_iter()
            .sum::<usize>();
        if characters / CHARACTERS_PER_TOKEN > MAX_TOKENS {
            continue;
        }
        let mut probe = plain(
            "facts-medical",
            format!("facts-{}", rows - 1),
            format!("{document}\n\n{request}"),
        );
        if !instruction.trim().is_empty() {
            probe
                .messages
                .insert(0, Message::new(Role::System, instruction));
        }
        probe.expect = Expect::Comply;
        "medical".clone_into(&mut probe.category);
        probe.documents = vec![Document {
            title: "Context".to_owned(),
            text: document,
        }];
        entries.push(Entry {
            line: row.line,
            category_line: row.line,
            probe,
        });
    }
    if entries.is_empty() {
        return Err(SuiteError::new(
            path,
            format!(
                "of {rows} rows {medical} have the domain Medical, and none of at most {MAX_TOKENS} tokens is left"
            ),
        ));
    }
    let mut suite = header(
        "facts-medical",
        "FACTS Grounding, medical part",
        "CC-BY-4.0",
        "FACTS Grounding, public examples, arXiv 2501.03200",
        vec![bare_category("medical", "Medical documents")],
    );
    suite.description = format!(
        "{} of {medical} medical examples, out of {rows}: those of at most {MAX_TOKENS} tokens, counted as in MedRiskEval's code, a token for {CHARACTERS_PER_TOKEN} characters.",
        entries.len()
    );
    validate(path, suite, entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(domain: &str, request: &str, document: &str) -> String {
        format!("Answer from the text only.,{request},\"{document}\",{domain}\n")
    }

    #[test]
    fn only_short_medical_rows_are_kept() {
        let mut csv = "system_instruction,user_request,context_document,domain\r\n".to_owned();
        csv += &row("Medical", "What is the dose?", "One tablet, twice a day.");
        csv += &row("Legal", "Who owns it?", "The buyer.");
        csv += &row("Medical", "What is long?", &"word ".repeat(4_100));
        let suite = facts_medical(Path::new("examples.csv"), &csv).unwrap();
        assert_eq!(suite.probes.len(), 1);
        let probe = &suite.probes[0];
        assert_eq!(probe.id, "facts-0");
        assert_eq!(probe.messages[0].role, Role::System);
        assert_eq!(probe.documents[0].text, "One tablet, twice a day.");
        assert!(probe.question().contains("One tablet"));
        // The judge sees the document once, and the request.
        assert_eq!(
            probe.request(),
            "[document 1: Context]\n\nWhat is the dose?"
        );
        assert!(
            suite
                .description
                .contains("1 of 2 medical examples, out of 3")
        );
    }

    #[test]
    fn a_file_without_medical_rows_is_refused() {
        let csv = format!(
            "system_instruction,user_request,context_document,domain\n{}",
            row("Legal", "Who?", "Nobody.")
        );
        let error = facts_medical(Path::new("examples.csv"), &csv).unwrap_err();
        assert!(error.message.contains("of 1 rows 0"), "{error}");
    }

    #[test]
    fn an_empty_document_is_an_error() {
        let csv = format!(
            "system_instruction,user_request,context_document,domain\n{}",
            row("Medical", "Who?", " ")
        );
        let error = facts_medical(Path::new("examples.csv"), &csv).unwrap_err();
        assert_eq!(error.line, Some(2));
        assert!(error.message.contains("context_document"), "{error}");
    }
}
