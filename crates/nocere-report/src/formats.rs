//! The forms in which a report can be written: a row here and a file for each.

use std::io::Write;

use nocere_analysis::RunReport;

use crate::{Samples, WriteError, csv, html::html_page, json, jsonl, terminal::terminal_report};

/// Columns of a report that is written to a file as text.
const TEXT_COLUMNS: usize = 100;
/// Findings that such a report spells out.
const TEXT_FINDINGS: usize = 3;

/// A form in which a report can be written.
#[derive(Debug)]
pub struct ReportFormat {
    /// The word for it on the command line.
    pub name: &'static str,
    /// Of the file, without the dot.
    pub extension: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    draws: Draws,
}

/// What a form needs.
#[derive(Debug)]
enum Draws {
    /// The figures.
    Report(fn(&RunReport) -> Result<String, WriteError>),
    /// Every sample, in the order of the plan; they are not held in memory.
    Samples(fn(&RunReport, Samples<'_>, &mut dyn Write) -> Result<(), WriteError>),
}

/// All forms; the first one is the usual one.
pub static FORMATS: [ReportFormat; 5] = [
    ReportFormat {
        name: "html",
        extension: "html",
        about: "One self-contained page",
        draws: Draws::Report(html_page),
    },
    ReportFormat {
        name: "text",
        extension: "txt",
        about: "What the terminal shows",
        draws: Draws::Report(|report| Ok(terminal_report(report, TEXT_COLUMNS, TEXT_FINDINGS))),
    },
    ReportFormat {
        name: "json",
        extension: "json",
        about: "Every figure, for programs",
        draws: Draws::Report(json::report),
    },
    ReportFormat {
        name: "csv",
        extension: "csv",
        about: "Every answer with each judge's verdict, a row each, for spreadsheets",
        draws: Draws::Samples(csv::samples),
    },
    ReportFormat {
        name: "jsonl",
        extension: "jsonl",
        about: "Every answer with each judge's verdict and all turns, an object each, for notebooks",
        draws: Draws::Samples(jsonl::samples),
    },
];

impl ReportFormat {
    /// The form with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// Writes the report to `out`.
    ///
    /// # Errors
    ///
    /// The template fails, the report cannot be made into JSON, a sample cannot be read, or `out`
    /// cannot be written.
    pub fn write(
        &self,
        report: &RunReport,
        samples: Samples<'_>,
        out: &mut dyn Write,
    ) -> Result<(), WriteError> {
        match self.draws {
            Draws::Report(draw) => Ok(out.write_all(draw(report)?.as_bytes())?),
            Draws::Samples(draw) => draw(report, samples, out),
        }
    }
}
