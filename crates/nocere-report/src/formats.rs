//! The forms in which a report can be written: a row here and a file for each.

use nocere_analysis::RunReport;

use crate::{WriteError, html::html_page, json, terminal::terminal_report};

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
    /// Draws it.
    ///
    /// # Errors
    ///
    /// The template fails, or the report cannot be made into JSON.
    pub draw: fn(&RunReport) -> Result<String, WriteError>,
}

/// All forms; the first one is the usual one.
pub static FORMATS: [ReportFormat; 3] = [
    ReportFormat {
        name: "html",
        extension: "html",
        about: "One self-contained page",
        draw: html_page,
    },
    ReportFormat {
        name: "text",
        extension: "txt",
        about: "What the terminal shows",
        draw: |report| Ok(terminal_report(report, TEXT_COLUMNS, TEXT_FINDINGS)),
    },
    ReportFormat {
        name: "json",
        extension: "json",
        about: "Every figure, for programs",
        draw: json::report,
    },
];

impl ReportFormat {
    /// The form with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }
}
