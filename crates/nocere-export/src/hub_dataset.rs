//! A folder that the Hugging Face `datasets` library loads and the hub shows: a dataset card and
//! one Parquet file. Nothing is uploaded.

use std::{fmt::Write as _, io::Write};

use nocere_core::text::markdown_cell;

use crate::{
    error::{ExportError, Samples},
    row::COLUMNS,
    source::{Source, Texts},
};

/// Name of the file with the rows.
pub(crate) const ROWS: &str = "data/samples.parquet";

/// The dataset card.
pub(crate) fn card(
    source: &Source<'_>,
    _: Samples<'_>,
    out: &mut (dyn Write + Send),
) -> Result<(), ExportError> {
    let report = source.report;
    let mut text = String::from("---\nlicense: other\npretty_name: ");
    let name = serde_json::to_string(&format!("nocere run {}", report.header.id))?;
    let _ = write!(
        text,
        "{name}\ntags:\n- evaluation\n- medical\n- safety\nconfigs:\n- config_name: default\n  data_files:\n  - split: test\n    path: {ROWS}\n---\n\n"
    );
    let _ = writeln!(
        text,
        "# nocere run {}\n\nAnswers of language models to medical questions, with verdicts: a row for each answer and judge.\n\n**The answers may be wrong, harmful or upsetting. Do not act on them.** Verdicts are a judge's, not a clinician's; rows with `unscored` are neither errors nor passes.\n\n## Suites\n\n| suite | version | licence | texts |\n| --- | --- | --- | --- |",
        report.header.id
    );
    for suite in &report.suites {
        let texts = match source.texts.get(&suite.id).copied().unwrap_or_default() {
            Texts::Open => "as asked",
            Texts::Hashed => "prompts as BLAKE3 hashes",
            Texts::Withheld => "withheld",
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {texts} |",
            markdown_cell(&suite.id),
            markdown_cell(&suite.version),
            markdown_cell(&suite.licence)
        );
    }
    text.push_str("\n## Columns\n\n| column | meaning |\n| --- | --- |\n");
    for column in &COLUMNS {
        let _ = writeln!(text, "| `{}` | {} |", column.name, column.about);
    }
    Ok(out.write_all(text.as_bytes())?)
}
