//! A report for programs; `docs/schemas/run-report.schema.json` is its form.

use nocere_analysis::RunReport;
use nocere_core::text::visible_json;

use crate::error::WriteError;

pub(crate) fn report(report: &RunReport) -> Result<String, WriteError> {
    let text = serde_json::to_string_pretty(report)?;
    Ok(visible_json(&text).into_owned() + "\n")
}
