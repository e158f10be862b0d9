//! Importers for public benchmarks, each in its published layout.
//!
//! The files do not say what a good answer does. The expectation follows the protocol that
//! publishes them (arXiv 2507.07248 §3, MedSafetyBench arXiv 2403.03744, XSTest,
//! JailbreakBench).

use std::path::Path;

use nocere_core::{Category, Expect, Perspective, Probe, Suite};
use serde::Deserialize;

use crate::{
    csv_rows,
    error::SuiteError,
    jsonl,
    source::read_text,
    validate::{Entry, validate},
};

/// PatientSafetyBench's five categories in the order of its numbers, with the checks (must,
/// must not) that the paper's expected behaviours imply (arXiv 2507.07248 §3.1).
const PSB_CATEGORIES: [(&str, &str, &[&str], &[&str]); 5] = [
    (
        "harmful-advice",
        "Harmful or dangerous medical advice",
        &["refers-to-care"],
        &[],
    ),
    (
        "misdiagnosis",
        "Misdiagnosis and overconfidence",
        &["refers-to-care"],
        &["asserts-diagnosis"],
    ),
    (
        "unlicensed-practice",
        "Unlicensed practice of medicine",
        &["refers-to-care"],
        &["names-dose"],
    ),
    (
        "misinformation",
        "Health misinformation",
        &["rejects-claim"],
        &[],
    ),
    (
        "discrimination",
        "Bias, discrimination and stigma",
        &[],
        &["stigmatises"],
    ),
];

/// The nine principles of the AMA, in the order of MedSafetyBench's file numbers.
const AMA_PRINCIPLES: [(&str, &str); 9] = [
    ("competence-and-dignity", "I. Competence and dignity"),
    ("honesty", "II. Honesty and professionalism"),
    ("law-and-change", "III. Law and change"),
    (
        "rights-and-confidentiality",
        "IV. Rights and confidentiality",
    ),
    ("science-and-consultation", "V. Science and consultation"),
    ("freedom-of-choice", "VI. Freedom of choice"),
    ("public-health", "VII. Public health"),
    ("patient-first", "VIII. The patient first"),
    ("access-to-care", "IX. Access to care"),
];

#[derive(Deserialize)]
struct PsbRow {
    id: i64,
    category: usize,
    content: String,
}

/// PatientSafetyBench's categories, in the order of its numbers 1 to 5.
pub fn patient_safety_bench_categories() -> Vec<Category> {
    PSB_CATEGORIES
        .iter()
        .map(|(id, title, must, must_not)| Category {
            id: (*id).to_owned(),
            title: (*title).to_owned(),
            must: must.iter().map(ToString::to_string).collect(),
            must_not: must_not.iter().map(ToString::to_string).collect(),
        })
        .collect()
}

/// MedSafetyBench's categories, the AMA's principles, in the order of its file numbers 1 to 9.
pub fn med_safety_bench_categories() -> Vec<Category> {
    AMA_PRINCIPLES
        .iter()
        .map(|(id, title)| bare_category(id, title))
        .collect()
}

/// Reads PatientSafetyBench: JSONL with `id`, `category` (1 to 5) and `content`.
///
/// # Errors
///
/// A row is malformed or has an unknown category, an id is used twice, a prompt is empty, or
/// there are no rows.
pub fn patient_safety_bench(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let mut entries = Vec::new();
    for (line, row) in jsonl::lines(text) {
        let row: PsbRow = serde_json::from_str(row).map_err(|error| {
            let message = error.to_string();
            SuiteError::new(path, message.split(" at line").next().unwrap_or(&message)).at(line)
        })?;
        let Some((category, ..)) = row
            .category
            .checked_sub(1)
            .and_then(|index| PSB_CATEGORIES.get(index))
        else {
            return Err(SuiteError::new(
                path,
                format!("unknown category `{}` in field `category`", row.category),
            )
            .at(line)
            .hint("PatientSafetyBench has categories 1 to 5"));
        };
        let mut probe = plain(
            "patient-safety-bench",
            format!("psb-{}", row.id),
            row.content,
        );
        probe.perspective = Perspective::Patient;
        (*category).clone_into(&mut probe.category);
        probe.expect = Expect::Redirect;
        entries.push(Entry {
            line,
            category_line: line,
            probe,
        });
    }
    let suite = header(
        "patient-safety-bench",
        "PatientSafetyBench",
        "CDLA-Permissive-2.0",
        "PatientSafetyBench, arXiv 2507.07248",
        patient_safety_bench_categories(),
    );
    validate(path, suite, entries)
}

/// Reads MedSafetyBench: a folder of nine CSV files, one per AMA principle. The folder's name
/// becomes the suite's version.
///
/// # Errors
///
/// A file is missing, cannot be read, is malformed, or has an empty request.
pub fn med_safety_bench(folder: &Path) -> Result<Suite, SuiteError> {
    let mut entries = Vec::new();
    let origin = folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("data")
        .to_owned();
    for (index, (category, _)) in AMA_PRINCIPLES.iter().enumerate() {
        let number = index + 1;
        let path = folder.join(format!("med_safety_demonstrations_category_{number}.csv"));
        if !path.is_file() {
            return Err(SuiteError::new(&path, "the file is missing").hint(
                "a MedSafetyBench folder holds med_safety_demonstrations_category_1.csv to _9.csv; \
                 other folders are no suites",
            ));
        }
        let text = read_text(&path)?;
        for (row_number, row) in csv_rows::read(&path, &text, &["harmful_medical_request"])?
            .into_iter()
            .enumerate()
        {
            let prompt = row.fields.into_iter().next().unwrap_or_default();
            if prompt.trim().is_empty() {
                return Err(
                    SuiteError::new(&path, "field `harmful_medical_request` is empty").at(row.line),
                );
            }
            let mut probe = plain(
                "med-safety-bench",
                format!("msb-{number}-{row_number}"),
                prompt,
            );
            probe.perspective = Perspective::Clinician;
            (*category).clone_into(&mut probe.category);
            probe.expect = Expect::Refuse;
            entries.push(Entry {
                line: row.line,
                category_line: row.line,
                probe,
            });
        }
    }
    let mut suite = header(
        "med-safety-bench",
        "MedSafetyBench",
        "MIT",
        "MedSafetyBench, arXiv 2403.03744",
        med_safety_bench_categories(),
    );
    suite.version = origin;
    validate(folder, suite, entries)
}

/// Reads XSTest: CSV with `id`, `prompt`, `type` and `label` (`safe` or `unsafe`).
///
/// # Errors
///
/// The CSV is malformed or lacks a column, a label is unknown, an id is used twice, or a
/// prompt is empty.
pub fn xstest(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let mut entries = Vec::new();
    let mut categories: Vec<Category> = Vec::new();
    for row in csv_rows::read(path, text, &["id", "prompt", "type", "label"])? {
        let [id, prompt, kind, label]: [String; 4] = row
            .fields
            .try_into()
            .map_err(|_| SuiteError::new(path, "this row lacks a field").at(row.line))?;
        let expect = match label.trim() {
            "safe" => Expect::Comply,
            "unsafe" => Expect::Refuse,
            other => {
                return Err(SuiteError::new(
                    path,
                    format!("unknown value `{other}` in column `label`"),
                )
                .at(row.line)
                .hint("XSTest's labels are `safe` and `unsafe`"));
            }
        };
        let category = kind.trim().replace('_', "-");
        if !categories.iter().any(|known| known.id == category) {
            categories.push(bare_category(&category, &category.replace('-', " ")));
        }
        let mut probe = plain("xstest", format!("xstest-{}", id.trim()), prompt);
        probe.category = category;
        probe.expect = expect;
        entries.push(Entry {
            line: row.line,
            category_line: row.line,
            probe,
        });
    }
    let suite = header(
        "xstest",
        "XSTest",
        "CC-BY-4.0",
        "XSTest v2, arXiv 2308.01263",
        categories,
    );
    validate(path, suite, entries)
}

/// Reads JailbreakBench behaviours: CSV with `Index`, `Goal` and `Category`. The file's name
/// says which half it is (`harmful-behaviors.csv`, `benign-behaviors.csv`).
///
/// # Errors
///
/// The name does not say which half it is, the CSV is malformed or lacks a column, an index is
/// used twice, or a goal is empty.
pub fn jailbreakbench(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("")
        .to_ascii_lowercase();
    let (half, expect) = match (name.contains("benign"), name.contains("harmful")) {
        (true, false) => ("benign", Expect::Comply),
        (false, true) => ("harmful", Expect::Refuse),
        _ => {
            return Err(
                SuiteError::new(path, "cannot tell which half of JailbreakBench this is").hint(
                    "name the file harmful-behaviors.csv or benign-behaviors.csv, as upstream does",
                ),
            );
        }
    };
    let mut entries = Vec::new();
    let mut categories: Vec<Category> = Vec::new();
    for row in csv_rows::read(path, text, &["Index", "Goal", "Category"])? {
        let [index, goal, kind]: [String; 3] = row
            .fields
            .try_into()
            .map_err(|_| SuiteError::new(path, "this row lacks a field").at(row.line))?;
        let category = category_id(&kind);
        if !categories.iter().any(|known| known.id == category) {
            categories.push(bare_category(&category, kind.trim()));
        }
        let mut probe = plain(
            "jailbreakbench",
            format!("jbb-{half}-{}", index.trim()),
            goal,
        );
        probe.suite = format!("jailbreakbench-{half}");
        probe.category = category;
        probe.expect = expect;
        entries.push(Entry {
            line: row.line,
            category_line: row.line,
            probe,
        });
    }
    let mut suite = header(
        &format!("jailbreakbench-{half}"),
        &format!("JailbreakBench, {half} half"),
        "MIT",
        "JailbreakBench JBB-Behaviors, arXiv 2404.01318",
        categories,
    );
    half.clone_into(&mut suite.version);
    validate(path, suite, entries)
}

/// Reads WildJailbreak's evaluation set: TSV with `adversarial` (the wrapped prompt) and
/// `data_type` (`adversarial_harmful` or `adversarial_benign`). The training set is not read.
///
/// # Errors
///
/// The file is malformed or lacks a column, a `data_type` is unknown, or a prompt is empty.
pub fn wildjailbreak(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let mut entries = Vec::new();
    for (number, row) in csv_rows::read(path, text, &["adversarial", "data_type"])?
        .into_iter()
        .enumerate()
    {
        let [prompt, kind]: [String; 2] = row
            .fields
            .try_into()
            .map_err(|_| SuiteError::new(path, "this row lacks a field").at(row.line))?;
        let (category, expect) = match kind.trim() {
            "adversarial_harmful" => ("harmful", Expect::Refuse),
            "adversarial_benign" => ("benign", Expect::Comply),
            other => {
                return Err(SuiteError::new(
                    path,
                    format!("unknown value `{other}` in column `data_type`"),
                )
                .at(row.line)
                .hint("the evaluation set has adversarial_harmful and adversarial_benign; the training set is not read"));
            }
        };
        let mut probe = plain("wildjailbreak", format!("wjb-{number}"), prompt);
        category.clone_into(&mut probe.category);
        probe.expect = expect;
        entries.push(Entry {
            line: row.line,
            category_line: row.line,
            probe,
        });
    }
    let suite = header(
        "wildjailbreak",
        "WildJailbreak, evaluation set",
        "ODC-BY with AI2's terms for this set; access is gated",
        "WildJailbreak, arXiv 2406.18510",
        vec![
            bare_category("harmful", "Harmful requests in adversarial wrapping"),
            bare_category("benign", "Harmless requests in adversarial wrapping"),
        ],
    );
    validate(path, suite, entries)
}

/// A probe that asks `prompt` and expects compliance, for importers to complete.
pub(crate) fn plain(suite: &str, id: String, prompt: String) -> Probe {
    Probe {
        expect: Expect::Comply,
        ..Probe::asking(suite, id, prompt)
    }
}

/// A category without checks.
pub(crate) fn bare_category(id: &str, title: &str) -> Category {
    Category {
        id: id.to_owned(),
        title: title.to_owned(),
        must: Vec::new(),
        must_not: Vec::new(),
    }
}

/// An imported suite without probes and without a hash, which `validate` adds.
pub(crate) fn header(
    id: &str,
    title: &str,
    licence: &str,
    source: &str,
    categories: Vec<Category>,
) -> Suite {
    Suite {
        id: id.to_owned(),
        version: "imported".to_owned(),
        title: title.to_owned(),
        description: format!("Imported from {source} in its own layout."),
        licence: licence.to_owned(),
        source: source.to_owned(),
        categories,
        probes: Vec::new(),
        hash: nocere_core::ContentHash::from_hex(""),
    }
}

/// The kebab-case id for a category's title; empty if the title has no letter or digit.
pub fn category_id(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-")
}
