//! Detects the layout of a suite file or folder and reads it with the matching importer.

use std::path::Path;

use nocere_core::Suite;
use nocere_suites::{SuiteError, csv_rows, jsonl, listed, load_own, read_text};

use crate::{
    asclepius, facts, healthbench, jailbreakbench, llmeval_med, med_safety_bench, medqa,
    multi_turn_psb, patient_safety_bench, pubmedqa, wildjailbreak, xstest,
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

    pub(crate) fn is_table(&self) -> bool {
        self.is("csv") || self.is("tsv")
    }

    /// Returns true if the first line has these names between marks, as a CSV header has.
    pub(crate) fn has_columns(&self, names: &[&str]) -> bool {
        let found: Vec<&str> = self
            .first
            .split([',', ';', '\t', '|'])
            .map(|name| name.trim().trim_matches('"'))
            .collect();
        names.iter().all(|name| found.contains(name))
    }

    pub(crate) fn is_jsonl(&self) -> bool {
        self.is("jsonl") || self.is("ndjson")
    }
}

/// Every layout, the more particular ones before those that share their columns.
const LAYOUTS: [Layout; 12] = [
    asclepius::LAYOUT,
    healthbench::LAYOUT,
    llmeval_med::LAYOUT,
    medqa::LAYOUT,
    pubmedqa::LAYOUT,
    multi_turn_psb::LAYOUT,
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
        return med_safety_bench::med_safety_bench(path)
            .map_err(|error| in_parquet(path).unwrap_or(error));
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
    let mut head = Head {
        extension: extension.unwrap_or("").to_ascii_lowercase(),
        first,
        text: &text,
    };
    if head.is_table() {
        head.first = csv_rows::header_line(&text);
    }
    match LAYOUTS.iter().find(|layout| (layout.is)(&head)) {
        Some(layout) => (layout.read)(path, &text),
        None => Err(unknown(path, &head)),
    }
}

/// The error for a folder of Parquet files, as data sets are often stored; `None` for others.
fn in_parquet(folder: &Path) -> Option<SuiteError> {
    let mut entries = std::fs::read_dir(folder).ok()?.take(1_000);
    let parquet = entries.find_map(|entry| {
        let path = entry.ok()?.path();
        let extension = path.extension()?;
        extension.eq_ignore_ascii_case("parquet").then_some(path)
    })?;
    // The reader names the format and says what to do.
    Some(match read_text(&parquet) {
        Err(error) => error,
        Ok(_) => SuiteError::new(&parquet, "this file is named like Parquet and is text")
            .hint("rename it after what it holds, such as .jsonl or .csv"),
    })
}

fn unknown(path: &Path, head: &Head<'_>) -> SuiteError {
    if head.is_jsonl() {
        return SuiteError::new(path, "the first line is not a suite header")
            .at(1)
            .hint("a JSONL suite starts with {\"nocere_suite\": 1, ...}; a PatientSafetyBench file has `id`, `category` and `content`");
    }
    if head.is_table() {
        let columns = head.first.split([',', ';', '\t', '|']).map(str::trim);
        return SuiteError::new(
            path,
            format!("no known layout has the columns {}", listed(columns)),
        )
        .at(1)
        .hint("XSTest has `prompt`, PatientSafetyBench `content`, WildJailbreak `adversarial`, JailbreakBench `Goal`, MedSafetyBench `harmful_medical_request`, FACTS `context_document`");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_files_are_named_in_a_short_message() {
        let folder = nocere_testkit::TempFolder::new("layouts");
        let wide: Vec<String> = (0..1_000_000).map(|number| format!("c{number}")).collect();
        let file = folder.path().join("wide.csv");
        std::fs::write(&file, format!("{}\n", wide.join(","))).unwrap();
        let error = load(&file).unwrap_err().to_string();
        assert!(
            error.contains("no known layout has the columns c0, c1"),
            "{error}"
        );
        assert!(error.len() < 1_500, "{}", error.len());
        let set = folder.path().join("set");
        std::fs::create_dir_all(&set).unwrap();
        std::fs::write(set.join("train-00000-of-00001.parquet"), b"PAR1\x15").unwrap();
        let error = load(&set).unwrap_err().to_string();
        assert!(error.contains("a Parquet file"), "{error}");
    }

    #[test]
    fn a_set_is_known_whatever_separates_its_columns() {
        let folder = nocere_testkit::TempFolder::new("separators");
        for (name, text) in [
            (
                "a.csv",
                "id;prompt;type;label\n1;\"q; or r\";homonyms;safe\n",
            ),
            ("b.tsv", "id\tprompt\ttype\tlabel\n1\tq\thomonyms\tsafe\n"),
            (
                "c.csv",
                "sep=;\r\nid;prompt;type;label\r\n1;q;homonyms;safe\r\n",
            ),
            (
                "d.csv",
                "id;prompt;type;label;\"note, if any\"\n1.0;q;homonyms;safe;x\n",
            ),
        ] {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            let suite = load(&file).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(suite.probes[0].id, "xstest-1", "{name}");
        }
    }
}
