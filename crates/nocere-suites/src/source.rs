//! Detects the layout of a suite file or folder and reads it with the matching importer.

use std::{collections::BTreeMap, path::Path};

use nocere_core::Suite;

use crate::{
    error::SuiteError,
    facts,
    file::{self, parse_jsonl_suite, parse_yaml_suite},
    import, jsonl, knowledge,
};

/// A layout of suite files that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// nocere's own YAML.
    Yaml,
    /// nocere's own JSONL.
    Jsonl,
    /// PatientSafetyBench JSONL.
    PatientSafetyBench,
    /// A folder of MedSafetyBench CSV files.
    MedSafetyBench,
    /// XSTest CSV.
    XsTest,
    /// JailbreakBench behaviours CSV.
    JailbreakBench,
    /// MedQA JSONL.
    MedQa,
    /// PubMedQA JSON.
    PubMedQa,
    /// FACTS Grounding examples CSV.
    Facts,
    /// WildJailbreak evaluation TSV.
    WildJailbreak,
}

/// Maximum size of a file, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// Reads the suite at `path` in any [`Layout`]. A folder is read as MedSafetyBench.
///
/// # Errors
///
/// The file cannot be read (see [`read_text`]), its layout is unknown, or it is malformed or
/// invalid for its layout.
pub fn load(path: &Path) -> Result<Suite, SuiteError> {
    if path.is_dir() {
        return import::med_safety_bench(path);
    }
    let text = read_text(path)?;
    match detect(path, &text)? {
        Layout::Yaml => parse_yaml_suite(path, &text),
        Layout::Jsonl => parse_jsonl_suite(path, &text),
        Layout::PatientSafetyBench => import::patient_safety_bench(path, &text),
        Layout::XsTest => import::xstest(path, &text),
        Layout::JailbreakBench => import::jailbreakbench(path, &text),
        Layout::MedQa => knowledge::medqa(path, &text),
        Layout::PubMedQa => knowledge::pubmedqa(path, &text),
        Layout::Facts => facts::facts_medical(path, &text),
        Layout::WildJailbreak => import::wildjailbreak(path, &text),
        Layout::MedSafetyBench => Err(SuiteError::new(path, "this is one file of MedSafetyBench")
            .hint("give the folder that holds med_safety_demonstrations_category_1.csv to _9.csv")),
    }
}

/// Line of each probe, by id, for suites in nocere's own format. Empty for other layouts and
/// for files that cannot be read.
pub fn probe_lines(path: &Path) -> BTreeMap<String, u64> {
    if path.is_dir() {
        return BTreeMap::new();
    }
    read_text(path).map_or_else(|_| BTreeMap::new(), |text| file::probe_lines(path, &text))
}

/// The layout, by the file's extension and the keys or columns of its first line.
fn detect(path: &Path, text: &str) -> Result<Layout, SuiteError> {
    let (_, first) = jsonl::lines(text).next().ok_or_else(|| {
        SuiteError::new(path, "the file is empty").hint("see docs/suites.md for the format")
    })?;
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or("")
        .to_ascii_lowercase();
    match extension.as_str() {
        "yaml" | "yml" => Ok(Layout::Yaml),
        "jsonl" | "ndjson" | "json" if first.contains("\"nocere_suite\"") => Ok(Layout::Jsonl),
        "jsonl" | "ndjson" if first.contains("\"answer_idx\"") => Ok(Layout::MedQa),
        "json" if text.contains("\"final_decision\"") => Ok(Layout::PubMedQa),
        "jsonl" | "ndjson" if first.contains("\"content\"") => Ok(Layout::PatientSafetyBench),
        "jsonl" | "ndjson" => Err(SuiteError::new(path, "the first line is no suite header")
            .at(1)
            .hint("a JSONL suite starts with {\"nocere_suite\": 1, ...}; a PatientSafetyBench file has `id`, `category` and `content`")),
        "csv" if first.contains("context_document") && first.contains("user_request") => {
            Ok(Layout::Facts)
        }
        "tsv" => Ok(Layout::WildJailbreak),
        "csv" if first.contains("harmful_medical_request") => Ok(Layout::MedSafetyBench),
        "csv" if first.contains("Goal") && first.contains("Behavior") => Ok(Layout::JailbreakBench),
        "csv" if first.contains("prompt") => Ok(Layout::XsTest),
        "csv" => Err(SuiteError::new(path, format!("no known layout has the columns {first}"))
            .at(1)
            .hint("XSTest has `prompt`, JailbreakBench `Goal`, MedSafetyBench `harmful_medical_request`, FACTS `context_document`")),
        _ => Err(SuiteError::new(path, format!("nocere reads no `.{extension}` suites"))
            .hint("use .yaml, .jsonl, .csv or .tsv")),
    }
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
