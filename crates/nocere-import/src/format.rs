//! A format is the way another program writes its answers to a file. This module names the
//! formats and detects which one a file has.

use std::{fmt, path::Path, str::FromStr};

use serde_json::{Map, Value};

use crate::{error::ImportError, json_text, promptfoo_table};

/// A file's content as far as it was read to find out what it is.
pub(crate) enum Source {
    /// A zip archive, not read yet.
    Archive,
    /// UTF-8 text without its byte order mark.
    Text(String),
}

/// A format that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// MedRiskEval's `records.jsonl`.
    MedRiskEval,
    /// Inspect's `.eval` archives and `.json` logs.
    Inspect,
    /// promptfoo's results as JSON, JSONL or CSV.
    Promptfoo,
    /// lm-eval's `samples_*.jsonl`.
    LmEval,
    /// One JSON object per answer, with a mapping.
    Jsonl,
    /// One CSV row per answer, with a mapping.
    Csv,
}

impl Format {
    /// All formats, in the order in which messages list them.
    pub const ALL: [Self; 6] = [
        Self::MedRiskEval,
        Self::Inspect,
        Self::Promptfoo,
        Self::LmEval,
        Self::Jsonl,
        Self::Csv,
    ];

    /// The format's name on the command line and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MedRiskEval => "medriskeval",
            Self::Inspect => "inspect",
            Self::Promptfoo => "promptfoo",
            Self::LmEval => "lm-eval",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| format!("unknown format `{text}`, expected one of {}", names()))
    }
}

fn names() -> String {
    Format::ALL.map(Format::as_str).join(", ")
}

/// Returns true for the names of tables.
pub(crate) fn is_table(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        extension.eq_ignore_ascii_case("csv") || extension.eq_ignore_ascii_case("tsv")
    })
}

/// Detects a file's format from its content and extension.
pub(crate) fn detect(path: &Path, source: &Source) -> Result<Format, ImportError> {
    let Source::Text(text) = source else {
        return Ok(Format::Inspect);
    };
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or("")
        .to_ascii_lowercase();
    let start = text.trim_start();
    if start.is_empty() {
        return Err(ImportError::new(path, "the file is empty"));
    }
    if is_table(path) {
        let is_promptfoo = promptfoo_table::is_table_of_promptfoo(path, text);
        return Ok(if is_promptfoo {
            Format::Promptfoo
        } else {
            Format::Csv
        });
    }
    let first = start.lines().next().unwrap_or("");
    let rows = json_text::parse::<Value>(first);
    // A single row looks the same as a document on one line: then the extension decides. If
    // the first line alone is not JSON, only a list can hold rows.
    let may_be_row = match &rows {
        Ok(_) => extension != "json" || first.len() < start.trim_end().len(),
        Err(_) => start.starts_with('['),
    };
    let value = match rows.or_else(|_| json_text::parse(start)) {
        Ok(value) => value,
        Err(error) if matches!(extension.as_str(), "json" | "jsonl" | "ndjson") => {
            return Err(json_text::fault(path, &error));
        }
        Err(_) => return Err(undetectable(path)),
    };
    let (object, may_be_row) = match value {
        Value::Object(object) => (Some(object), may_be_row),
        Value::Array(entries) => match entries.into_iter().next() {
            Some(Value::Object(object)) => (Some(object), true),
            _ => (None, true),
        },
        _ => (None, false),
    };
    object
        .and_then(|object| of_object(&object, may_be_row))
        .ok_or_else(|| undetectable(path))
}

/// The format whose first row or whole document is `object`.
fn of_object(object: &Map<String, Value>, may_be_row: bool) -> Option<Format> {
    let has = |key: &str| object.contains_key(key);
    let results = object.get("results");
    if has("example") && has("model_output") {
        Some(Format::MedRiskEval)
    } else if has("resps") && (has("doc_id") || has("doc")) {
        Some(Format::LmEval)
    } else if results.is_some_and(|results| results.get("results").is_some())
        || (has("promptIdx") && has("testIdx"))
    {
        Some(Format::Promptfoo)
    } else if has("eval") && has("plan") {
        Some(Format::Inspect)
    } else {
        // Unknown keys: plain rows with a mapping, but an unknown document is not.
        may_be_row.then_some(Format::Jsonl)
    }
}

fn undetectable(path: &Path) -> ImportError {
    ImportError::new(path, "cannot tell the format of this file").hint(format!(
        "name it; the formats are {} (Inspect's .eval, promptfoo's results.json, lm-eval's \
         samples_*.jsonl, MedRiskEval's records.jsonl, and any JSONL or CSV with a mapping)",
        names()
    ))
}
