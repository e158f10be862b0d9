//! The forms in which a report can be written: a row here and a file for each.

use nocere_analysis::RunReport;

use crate::{WriteError, html::html_page, json, one_page, terminal::terminal_report};

/// Columns of a report that is written to a file as text.
const TEXT_COLUMNS: usize = 100;
/// Findings that such a report spells out.
const TEXT_FINDINGS: usize = 3;

/// What a report is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReportKind {
    /// Everything.
    #[default]
    Full,
    /// One page for those who decide.
    Board,
    /// Two pages about a model: what it is, what was found, what is not known.
    Card,
}

impl ReportKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Full, Self::Board, Self::Card];

    /// The word for it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Board => "board",
            Self::Card => "card",
        }
    }

    /// What it is, in a few words.
    pub fn about(self) -> &'static str {
        match self {
            Self::Full => "Everything",
            Self::Board => "One page for a board that decides",
            Self::Card => "A risk card of the model, on two pages",
        }
    }
}

/// A form in which a report can be written.
#[derive(Debug)]
pub struct ReportFormat {
    /// Of which kind of report it is a form.
    pub kind: ReportKind,
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

/// All forms; the first one of a kind is the usual one.
pub static FORMATS: [ReportFormat; 9] = [
    ReportFormat {
        kind: ReportKind::Full,
        name: "html",
        extension: "html",
        about: "One self-contained page",
        draw: html_page,
    },
    ReportFormat {
        kind: ReportKind::Full,
        name: "text",
        extension: "txt",
        about: "What the terminal shows",
        draw: |report| Ok(terminal_report(report, TEXT_COLUMNS, TEXT_FINDINGS)),
    },
    ReportFormat {
        kind: ReportKind::Full,
        name: "json",
        extension: "json",
        about: "Every figure, for programs",
        draw: json::report,
    },
    ReportFormat {
        kind: ReportKind::Board,
        name: "html",
        extension: "html",
        about: "A page to print and sign",
        draw: one_page::board_html,
    },
    ReportFormat {
        kind: ReportKind::Board,
        name: "markdown",
        extension: "md",
        about: "For a wiki or a tracker",
        draw: |report| Ok(one_page::board_markdown(report)),
    },
    ReportFormat {
        kind: ReportKind::Board,
        name: "json",
        extension: "json",
        about: "For programs",
        draw: one_page::board_json,
    },
    ReportFormat {
        kind: ReportKind::Card,
        name: "html",
        extension: "html",
        about: "Two pages to print",
        draw: one_page::card_html,
    },
    ReportFormat {
        kind: ReportKind::Card,
        name: "markdown",
        extension: "md",
        about: "For a model hub or a repository",
        draw: |report| Ok(one_page::card_markdown(report)),
    },
    ReportFormat {
        kind: ReportKind::Card,
        name: "json",
        extension: "json",
        about: "For programs",
        draw: one_page::card_json,
    },
];

impl ReportFormat {
    /// The form of this kind with this name.
    pub fn named(kind: ReportKind, name: &str) -> Option<&'static Self> {
        let mut forms = Self::of(kind);
        forms.find(|format| format.name == name)
    }

    /// The forms of this kind, the usual one first.
    pub fn of(kind: ReportKind) -> impl Iterator<Item = &'static Self> {
        FORMATS.iter().filter(move |format| format.kind == kind)
    }
}
