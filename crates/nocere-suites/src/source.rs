//! Reads files in nocere's own suite formats.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{ProbeId, Suite};

use crate::{
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

/// Reads a UTF-8 text file of up to 256 MiB and removes its byte order mark.
///
/// # Errors
///
/// The file cannot be read, is larger than 256 MiB, is not UTF-8, or holds NUL bytes.
pub fn read_text(path: &Path) -> Result<String, SuiteError> {
    let fail =
        |error: &std::io::Error| SuiteError::new(path, format!("failed to read the file: {error}"));
    let length = std::fs::metadata(path).map_err(|error| fail(&error))?.len();
    if length > MAX_FILE_BYTES {
        return Err(SuiteError::new(
            path,
            format!("the file has {length} bytes; at most {MAX_FILE_BYTES} are read"),
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| fail(&error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let upto = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = upto.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        let fault = SuiteError::new(path, "the file is not UTF-8 text").at(line);
        if error.as_bytes().contains(&0) {
            fault.hint("this looks like a binary file")
        } else {
            fault.hint("save it as UTF-8, for example with `iconv -f latin1 -t utf-8`")
        }
    })?;
    if text.contains('\0') {
        return Err(
            SuiteError::new(path, "the file holds NUL bytes").hint("this looks like a binary file")
        );
    }
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}
