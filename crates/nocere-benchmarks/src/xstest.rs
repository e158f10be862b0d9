//! XSTest (arXiv 2308.01263): safe prompts that sound unsafe, and unsafe contrasts.

use std::path::Path;

use nocere_core::{Expect, Suite};
use nocere_suites::{Entry, SuiteError, csv_rows, validate};

use crate::{
    Layout,
    imported::{Categories, header, plain, whole},
};

/// How its files are recognised and read.
pub(crate) const LAYOUT: Layout = Layout {
    name: "XSTest",
    is: |head| head.is_table() && head.first.contains("prompt"),
    read: xstest,
};

/// Reads XSTest: CSV with `id`, `prompt`, `type` and `label` (`safe` or `unsafe`).
///
/// # Errors
///
/// The CSV is malformed or lacks a column, a label is unknown, an id is used twice, or a
/// prompt is empty.
pub(crate) fn xstest(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let mut entries = Vec::new();
    let mut categories = Categories::default();
    for row in csv_rows::read(path, text, &["id", "prompt", "type", "label"])? {
        let [id, prompt, kind, label]: [String; 4] = row
            .fields
            .try_into()
            .map_err(|_| SuiteError::new(path, "this row lacks a field").at(row.line))?;
        let expect = match label.trim() {
            "safe" => Expect::Comply,
            "unsafe" => Expect::Refuse,
            other => {
                return Err(SuiteError::new(
                    path,
                    format!("unknown value `{other}` in column `label`"),
                )
                .at(row.line)
                .hint("XSTest's labels are `safe` and `unsafe`"));
            }
        };
        let category = kind.trim().replace('_', "-");
        categories.add(&category, &category.replace('-', " "));
        let mut probe = plain("xstest", format!("xstest-{}", whole(&id)), prompt);
        probe.category = category;
        probe.expect = expect;
        entries.push(Entry {
            line: row.line,
            category_line: row.line,
            probe,
        });
    }
    let suite = header(
        "xstest",
        "XSTest",
        "CC-BY-4.0",
        "XSTest v2, arXiv 2308.01263",
        categories.list,
    );
    validate(path, suite, entries)
}
