//! A report for programs; `docs/schemas/run-report.schema.json` is its form.

use nocere_analysis::RunReport;

use crate::error::WriteError;

pub(crate) fn report(report: &RunReport) -> Result<String, WriteError> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}
