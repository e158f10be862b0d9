//! The error of an import: one message that says what is wrong, where, and what to do.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use nocere_suites::{SuiteError, bounded, listed, nearest};

use crate::row::Place;

/// A fault in a recording or in the options for reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// The file.
    pub path: PathBuf,
    /// Line number, from 1, if known.
    pub line: Option<u64>,
    /// Archive member or list entry, for files in which a line number means nothing.
    pub member: Option<String>,
    /// The fault, as a lower-case fragment that names the field.
    pub message: String,
    /// Suggested remedy, if there is one.
    pub hint: Option<String>,
}

impl ImportError {
    pub(crate) fn new(path: &Path, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            member: None,
            message: bounded(message.into()),
            hint: None,
        }
    }

    pub(crate) fn at(mut self, place: &Place) -> Self {
        match place {
            Place::Line(line) => self.line = Some(*line),
            Place::Member(member) => self.member = Some(member.clone()),
        }
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(bounded(hint.into()));
        self
    }

    /// Suggests the entry of `known` nearest to `wrong`; if none is near, lists all as `what`.
    pub(crate) fn did_you_mean(self, wrong: &str, known: &[&str], what: &str) -> Self {
        let hint = match nearest(wrong, known.iter().copied()) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("{what} are {}", listed(known.iter().copied())),
        };
        self.hint(hint)
    }
}

impl From<SuiteError> for ImportError {
    fn from(error: SuiteError) -> Self {
        Self {
            path: error.path,
            line: error.line,
            member: None,
            message: error.message,
            hint: error.hint,
        }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(member) = &self.member {
            write!(f, " ({member})")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ImportError {}
