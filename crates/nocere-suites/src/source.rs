//! Reads files in nocere's own suite formats.

use std::{collections::BTreeMap, path::Path};

use nocere_assets::read_file;
use nocere_core::{ProbeId, Suite};

use crate::{
    encoding::text_of,
    error::SuiteError,
    file::{self, parse_jsonl_suite, parse_yaml_suite},
    jsonl,
};

/// Maximum size of a file, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// Reads `text`, the content of the file at `path`, if it is in nocere's own format: YAML, or
/// JSONL that begins with a suite's header. `None` for other files.
pub fn load_own(path: &Path, text: &str) -> Option<Result<Suite, SuiteError>> {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or("")
        .to_ascii_lowercase();
    let has_header = || {
        let first = jsonl::lines(text).next();
        first.is_some_and(|(_, line)| line.contains("\"nocere_suite\""))
    };
    match extension.as_str() {
        "yaml" | "yml" => Some(parse_yaml_suite(path, text)),
        "jsonl" | "ndjson" | "json" if has_header() => Some(parse_jsonl_suite(path, text)),
        _ => None,
    }
}

/// Line of each probe, by id, for suites in nocere's own format. Empty for other layouts and
/// for files that cannot be read.
pub fn probe_lines(path: &Path) -> BTreeMap<ProbeId, u64> {
    if path.is_dir() {
        return BTreeMap::new();
    }
    read_text(path).map_or_else(|_| BTreeMap::new(), |text| file::probe_lines(path, &text))
}

/// Reads a text file of up to 256 MiB, in UTF-8 or UTF-16, and removes its byte order mark.
///
/// # Errors
///
/// The path leads to no regular file, it cannot be read or is larger than 256 MiB, it is in a
/// binary format such as Parquet, its encoding is another one, or it holds NUL bytes.
pub fn read_text(path: &Path) -> Result<String, SuiteError> {
    let bytes = read_file(path, MAX_FILE_BYTES).map_err(|error| {
        let hint = error.hint().map(str::to_owned);
        SuiteError::new(path, error.to_string()).hint_if(hint)
    })?;
    text_of(path, bytes)
}
