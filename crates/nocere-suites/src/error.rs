//! The error of suite and policy files: one message that says what is wrong, where, and what
//! to do.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// A fault in a suite or policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteError {
    /// The file.
    pub path: PathBuf,
    /// Line number, from 1, if known.
    pub line: Option<u64>,
    /// The fault, as a lower-case fragment that names the field.
    pub message: String,
    /// Suggested remedy, if there is one.
    pub hint: Option<String>,
}

impl SuiteError {
    /// A fault in the file at `path`, as a lower-case fragment that names the field.
    pub fn new(path: &Path, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            message: message.into(),
            hint: None,
        }
    }

    /// Sets the line; 0 means that it is unknown.
    pub fn at(mut self, line: u64) -> Self {
        self.line = (line > 0).then_some(line);
        self
    }

    /// The same fault with what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the hint unless there is one already.
    pub fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = self.hint.or(hint);
        self
    }

    /// Converts a YAML reader's error. Unknown words get a suggestion.
    pub fn from_yaml(path: &Path, error: &serde_saphyr::Error) -> Self {
        let text = error.without_snippet().to_string();
        let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
        let message = message.replace(
            ", set DuplicateKeyPolicy in Options if acceptable",
            " (a key may stand once)",
        );
        let hint = suggestion(&message);
        let line = error.location().map_or(0, |location| location.line());
        Self::new(path, message).at(line).hint_if(hint)
    }
}

/// Suggests the nearest expected word for "unknown field `x`, expected one of a, b".
pub fn suggestion(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("unknown ")?;
    let wrong = rest.split('`').nth(1)?;
    let (_, expected) = rest.split_once("expected ")?;
    let words = expected
        .trim_start_matches("one of ")
        .split([',', ' ', '`']);
    nearest(
        wrong,
        words.filter(|word| !word.is_empty() && *word != "or"),
    )
    .map(|word| format!("did you mean `{word}`?"))
}

/// The candidate most similar to `wrong` by Jaro-Winkler similarity, if that is above 0.75.
pub fn nearest<'a>(wrong: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(wrong, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SuiteError {}
