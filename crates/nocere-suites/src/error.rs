//! The error of suite and policy files: one message that says what is wrong, where, and what
//! to do.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use nocere_assets::YamlFault;

/// Longest message or hint, in characters. A file's own words are in messages, and a file may
/// have a column name or a value of any length.
const MAX_MESSAGE: usize = 1_000;

/// Most names in a list, and the longest name in it, in characters.
const MAX_NAMES: usize = 20;
const MAX_NAME: usize = 60;

/// Longest word that can be a misspelling, in bytes.
const MAX_WORD: usize = 100;

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
            message: bounded(message.into()),
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
        self.hint = Some(bounded(hint.into()));
        self
    }

    /// Sets the hint unless there is one already.
    pub fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = self.hint.or(hint);
        self
    }

    /// Converts a YAML reader's error. Unknown words get a suggestion.
    pub fn from_yaml(path: &Path, error: &serde_saphyr::Error) -> Self {
        Self::from_fault(path, nocere_assets::explain_yaml(error))
    }

    /// Places a fault in the file at `path`. Unknown words get a suggestion.
    pub fn from_fault(path: &Path, fault: YamlFault) -> Self {
        let hint = suggestion(&fault.message).or(fault.hint);
        Self::new(path, fault.message)
            .at(fault.line.unwrap_or(0))
            .hint_if(hint)
    }
}

/// `text`, cut where it is too long for a message.
pub fn bounded(text: String) -> String {
    match text.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// `names` as a list for messages, which stays short however many and however long they are.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let mut shown: Vec<String> = names
        .by_ref()
        .take(MAX_NAMES)
        .map(|name| match name.char_indices().nth(MAX_NAME) {
            Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
            None => name.to_owned(),
        })
        .collect();
    match names.count() {
        0 => {}
        1 => shown.push("and 1 more".to_owned()),
        more => shown.push(format!("and {more} more")),
    }
    shown.join(", ")
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
///
/// Words of more than 100 bytes are not compared: no typing error leads to them, and the
/// comparison is quadratic in their length.
pub fn nearest<'a>(wrong: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > MAX_WORD {
        return None;
    }
    candidates
        .filter(|candidate| candidate.len() <= MAX_WORD)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_stay_short_whatever_the_file_says() {
        let long = "ä".repeat(1_000_000);
        let error = SuiteError::new(Path::new("x"), long.clone()).hint(long.clone());
        assert!(error.to_string().len() < 5_000);
        let names: Vec<String> = (0..1_000_000).map(|number| format!("c{number}")).collect();
        let told = listed(names.iter().map(String::as_str));
        assert!(told.starts_with("c0, c1, ") && told.ends_with(", and 999980 more"));
        assert!(listed([long.as_str(), "b"]).ends_with("…, b"));
        assert_eq!(listed(["a", "b"]), "a, b");
        assert_eq!(nearest(&long, [long.as_str()].into_iter()), None);
    }
}
