//! Detects the layout of a suite file or folder and reads it with the matching importer.

use std::path::Path;

use nocere_core::Suite;
use nocere_suites::{SuiteError, jsonl, load_own, read_text};

use crate::{
    facts, jailbreakbench, med_safety_bench, medqa, patient_safety_bench, pubmedqa, wildjailbreak,
    xstest,
};

/// How the files of one public set are recognised and read.
pub(crate) struct Layout {
    /// As messages call it.
    pub(crate) name: &'static str,
    /// True for files of this layout.
    pub(crate) is: fn(&Head<'_>) -> bool,
    /// Reads a file.
    pub(crate) read: fn(&Path, &str) -> Result<Suite, SuiteError>,
}

/// What is known of a file before it is read.
pub(crate) struct Head<'a> {
    /// In lower case, without the dot.
    pub(crate) extension: String,
    /// The first line that is not empty.
    pub(crate) first: &'a str,
    /// The whole text.
    pub(crate) text: &'a str,
}

impl Head<'_> {
    pub(crate) fn is(&self, extension: &str) -> bool {
        self.extension == extension
    }

    pub(crate) fn is_jsonl(&self) -> bool {
        self.is("jsonl") || self.is("ndjson")
    }
}

/// Every layout, the more particular ones before those that share their columns.
const LAYOUTS: [Layout; 8] = [
    medqa::LAYOUT,
    pubmedqa::LAYOUT,
    patient_safety_bench::LAYOUT,
    facts::LAYOUT,
    wildjailbreak::LAYOUT,
    med_safety_bench::LAYOUT,
    jailbreakbench::LAYOUT,
    xstest::LAYOUT,
];

/// Reads the suite at `path`, in nocere's own format or a public layout. A folder is read as
/// MedSafetyBench.
///
/// # Errors
///
/// The file cannot be read (see [`read_text`]), its layout is unknown, or it is malformed or
/// invalid for its layout.
pub fn load(path: &Path) -> Result<Suite, SuiteError> {
    if path.is_dir() {
        return med_safety_bench::med_safety_bench(path);
    }
    let text = read_text(path)?;
    let (_, first) = jsonl::lines(&text).next().ok_or_else(|| {
        SuiteError::new(path, "the file is empty")
            .hint("see docs/reference/suites.md for the format")
    })?;
    if let Some(suite) = load_own(path, &text) {
        return suite;
    }
    let extension = path.extension().and_then(|extension| extension.to_str());
    let head = Head {
        extension: extension.unwrap_or("").to_ascii_lowercase(),
        first,
        text: &text,
    };
    match LAYOUTS.iter().find(|layout| (layout.is)(&head)) {
        Some(layout) => (layout.read)(path, &text),
        None => Err(unknown(path, &head)),
    }
}

fn unknown(path: &Path, head: &Head<'_>) -> SuiteError {
    if head.is_jsonl() {
        return SuiteError::new(path, "the first line is not a suite header")
            .at(1)
            .hint("a JSONL suite starts with {\"nocere_suite\": 1, ...}; a PatientSafetyBench file has `id`, `category` and `content`");
    }
    if head.is("csv") {
        return SuiteError::new(
            path,
            format!("no known layout has the columns {}", head.first),
        )
        .at(1)
        .hint("XSTest has `prompt`, JailbreakBench `Goal`, MedSafetyBench `harmful_medical_request`, FACTS `context_document`");
    }
    let known: Vec<&str> = LAYOUTS.iter().map(|layout| layout.name).collect();
    if head.is("json") {
        return SuiteError::new(path, "this JSON file is in no layout that nocere reads")
            .hint(format!("nocere's own suites, and {}", known.join(", ")));
    }
    SuiteError::new(
        path,
        format!("nocere does not read `.{}` suites", head.extension),
    )
    .hint("use .yaml, .jsonl, .csv or .tsv")
}
