//! What can be wrong with a suite: always one message that says what, where and what to do.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// A fault in a suite or policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteError {
    /// The file.
    pub path: PathBuf,
    /// Line, from 1, where it is known.
    pub line: Option<u64>,
    /// What is wrong, as a lower-case fragment that names the field.
    pub message: String,
    /// What to do, if there is something to suggest.
    pub hint: Option<String>,
}

impl SuiteError {
    pub(crate) fn new(path: &Path, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn at(mut self, line: u64) -> Self {
        self.line = (line > 0).then_some(line);
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = self.hint.or(hint);
        self
    }

    /// Turns a YAML reader's error into ours; unknown words get a suggestion.
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

/// For "unknown field `x`, expected one of a, b": the nearest expected word.
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

/// The candidate most like `wrong`, if any is alike enough.
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
