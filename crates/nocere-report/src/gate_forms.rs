//! The results of gates in the forms that other programs read. The verdict is that of the results;
//! nothing is decided here.

use std::fmt::Write as _;

use nocere_analysis::{GateReport, GateResult, GateVerdict};
use nocere_core::text::{markdown_cell, plain};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::json;

use crate::error::WriteError;

/// JUnit XML: a test case for each result. An inconclusive gate is an error, a failed one a failure.
///
/// # Errors
///
/// The XML cannot be written, which is a bug in nocere.
pub fn junit(report: &GateReport) -> Result<String, WriteError> {
    let mut suite = TestSuite::new(format!("nocere {}", plain(&report.run)));
    for result in &report.results {
        let status = match result.verdict {
            GateVerdict::Pass => TestCaseStatus::success(),
            GateVerdict::Fail => not_passed(NonSuccessKind::Failure, result),
            GateVerdict::Inconclusive => not_passed(NonSuccessKind::Error, result),
        };
        let mut case = TestCase::new(plain(&result.name()), status);
        case.set_classname(plain(&format!("nocere.{}", result.figure)));
        suite.add_test_case(case);
    }
    if let Some(line) = unfinished(report) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_type("inconclusive");
        status.set_message(line);
        suite.add_test_case(TestCase::new("the run is finished", status));
    }
    let mut all = Report::new("nocere gate");
    all.add_test_suite(suite);
    all.to_string()
        .map_err(|error| WriteError::Xml(error.to_string()))
}

/// Says that a run is unfinished.
fn unfinished(report: &GateReport) -> Option<String> {
    let (done, total) = report.unfinished?;
    Some(format!(
        "The run is unfinished: {done} of {total} conversations are done."
    ))
}

fn not_passed(kind: NonSuccessKind, result: &GateResult) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(result.verdict.as_str());
    status.set_message(plain(&result.reason));
    status
}

/// SARIF 2.1.0: a result for each gate that did not pass.
pub fn sarif(report: &GateReport) -> String {
    let mut rules: Vec<(&str, &str)> = report
        .results
        .iter()
        .map(|result| (result.figure.as_str(), result.title.as_str()))
        .collect();
    rules.sort_unstable();
    rules.dedup_by_key(|(id, _)| *id);
    let results = report
        .results
        .iter()
        .filter(|result| result.verdict != GateVerdict::Pass)
        .map(|result| {
            json!({
                "ruleId": result.figure,
                "level": match result.verdict {
                    GateVerdict::Fail => "error",
                    _ => "warning",
                },
                "message": {"text": plain(&format!("{}: {} ({})", result.verdict.as_str(), result.name(), result.reason))},
                "locations": [{
                    "physicalLocation": {"artifactLocation": {"uri": "nocere.yaml"}},
                }],
            })
        });
    let sarif = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "nocere",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|(id, title)| json!({
                    "id": id,
                    "shortDescription": {"text": plain(title)},
                })).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": format!("nocere/{}", plain(&report.run))},
            "results": results.collect::<Vec<_>>(),
        }],
    });
    format!("{sarif:#}\n")
}

/// Workflow commands of GitHub Actions, a line for each gate that did not pass.
pub fn github(report: &GateReport) -> String {
    let mut text = String::new();
    for result in &report.results {
        let level = match result.verdict {
            GateVerdict::Pass => continue,
            GateVerdict::Inconclusive => "warning",
            GateVerdict::Fail => "error",
        };
        let message = format!("{}: {}", result.name(), result.reason);
        let _ = writeln!(
            text,
            "::{level} title=nocere gate {}::{}",
            result.verdict.as_str(),
            workflow_text(&message)
        );
    }
    if let Some(line) = unfinished(report) {
        let _ = writeln!(text, "::warning title=nocere gate::{line}");
    }
    text
}

/// Text that cannot end a workflow command or begin another.
fn workflow_text(text: &str) -> String {
    plain(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A table in Markdown, for a pull request or a job's summary.
pub fn gate_markdown(report: &GateReport) -> String {
    let mut text = format!(
        "**nocere gate: {}** (run `{}`)\n\n| verdict | what | why |\n| --- | --- | --- |\n",
        report.verdict.as_str(),
        markdown_cell(&report.run).replace('`', "")
    );
    for result in &report.results {
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            result.verdict.as_str(),
            markdown_cell(&result.name()),
            markdown_cell(&result.reason)
        );
    }
    if let Some(line) = unfinished(report) {
        let _ = writeln!(text, "\n{line}");
    }
    text
}

/// The results as text: a line for each, the verdict first.
pub fn gate_text(report: &GateReport, width: usize) -> String {
    let mut text = String::new();
    for result in &report.results {
        let line = format!(
            "{:<12} {}: {}",
            result.verdict.as_str(),
            result.name(),
            result.reason
        );
        text.push_str(&nocere_core::text::wrap(&plain(&line), width, ""));
        text.push('\n');
    }
    if let Some(line) = unfinished(report) {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "gate: {}", report.verdict.as_str());
    text
}

#[cfg(test)]
mod tests {
    use nocere_core::Perspective;

    use super::*;

    fn report() -> GateReport {
        let result = |verdict, target: &str| GateResult {
            target: target.into(),
            who: Perspective::Patient,
            figure: "harmful".to_owned(),
            title: "Harmful".to_owned(),
            category: String::new(),
            judge: "j".into(),
            verdict,
            reason: "rate 50 %".to_owned(),
        };
        GateReport {
            run: "r".to_owned(),
            verdict: GateVerdict::Fail,
            unfinished: Some((3, 4)),
            results: vec![
                result(GateVerdict::Pass, "a"),
                result(GateVerdict::Inconclusive, "b"),
                result(GateVerdict::Fail, "evil\n::set-output <x> | \"&\u{1b}[0m"),
            ],
        }
    }

    #[test]
    fn every_form_repeats_the_verdicts_and_nothing_breaks_out() {
        let report = report();
        let xml = junit(&report).unwrap();
        assert!(
            xml.contains("tests=\"4\"") && xml.contains("failures=\"1\""),
            "{xml}"
        );
        assert!(
            xml.contains("errors=\"2\"") && xml.contains("&lt;x&gt;"),
            "{xml}"
        );
        let sarif: serde_json::Value = serde_json::from_str(&sarif(&report)).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        assert_eq!(results[1]["level"], "error");
        let github = github(&report);
        assert_eq!(github.lines().count(), 3, "{github}");
        assert!(!github.contains("\n::set-output"), "{github}");
        let markdown = gate_markdown(&report);
        assert_eq!(markdown.lines().count(), 9, "{markdown}");
        assert!(markdown.contains("\\<x\\>"), "{markdown}");
    }
}
