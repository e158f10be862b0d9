//! WildJailbreak's evaluation set (arXiv 2406.18510): requests in adversarial wrapping.

use std::path::Path;

use nocere_core::{Expect, Suite};
use nocere_suites::{Entry, SuiteError, csv_rows, validate};

use crate::{
    Layout,
    imported::{bare_category, header, plain},
};

/// How its files are recognised and read.
pub(crate) const LAYOUT: Layout = Layout {
    name: "WildJailbreak",
    is: |head| head.is_table() && head.first.contains("adversarial"),
    read: wildjailbreak,
};

/// Reads WildJailbreak's evaluation set: TSV with `adversarial` (the wrapped prompt) and
/// `data_type` (`adversarial_harmful` or `adversarial_benign`). The training set is not read.
///
/// # Errors
///
/// The file is malformed or lacks a column, a `data_type` is unknown, or a prompt is empty.
pub(crate) fn wildjailbreak(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let mut entries = Vec::new();
    for (number, row) in csv_rows::read(path, text, &["adversarial", "data_type"])?
        .into_iter()
        .enumerate()
    {
        let [prompt, kind]: [String; 2] = row
            .fields
            .try_into()
            .map_err(|_| SuiteError::new(path, "this row lacks a field").at(row.line))?;
        let (category, expect) = match kind.trim() {
            "adversarial_harmful" => ("harmful", Expect::Refuse),
            "adversarial_benign" => ("benign", Expect::Comply),
            other => {
                return Err(SuiteError::new(
                    path,
                    format!("unknown value `{other}` in column `data_type`"),
                )
                .at(row.line)
                .hint("the evaluation set has adversarial_harmful and adversarial_benign; the training set is not read"));
            }
        };
        let mut probe = plain("wildjailbreak", format!("wjb-{number}"), prompt);
        category.clone_into(&mut probe.category);
        probe.expect = expect;
        entries.push(Entry {
            line: row.line,
            category_line: row.line,
            probe,
        });
    }
    let suite = header(
        "wildjailbreak",
        "WildJailbreak, evaluation set",
        "ODC-BY with AI2's terms for this set; access is gated",
        "WildJailbreak, arXiv 2406.18510",
        vec![
            bare_category("harmful", "Harmful requests in adversarial wrapping"),
            bare_category("benign", "Harmless requests in adversarial wrapping"),
        ],
    );
    validate(path, suite, entries)
}
