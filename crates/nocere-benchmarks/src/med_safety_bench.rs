//! MedSafetyBench (arXiv 2403.03744): harmful requests to clinicians under the nine principles
//! of the AMA, a folder of nine CSV files.

use std::path::{Path, PathBuf};

use nocere_core::{Category, Expect, Perspective, Suite};
use nocere_suites::{Entry, SuiteError, csv_rows, read_text, validate};

use crate::{
    Layout,
    imported::{bare_category, header, plain},
};

/// How its files are recognised and read.
pub(crate) const LAYOUT: Layout = Layout {
    name: "MedSafetyBench",
    is: |head| head.is_table() && head.first.contains("harmful_medical_request"),
    read: one_file,
};

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

/// MedSafetyBench's categories, the AMA's principles, in the order of its file numbers 1 to 9.
pub fn med_safety_bench_categories() -> Vec<Category> {
    AMA_PRINCIPLES
        .iter()
        .map(|(id, title)| bare_category(id, title))
        .collect()
}

/// One file is not the set.
fn one_file(path: &Path, _text: &str) -> Result<Suite, SuiteError> {
    Err(SuiteError::new(path, "this is one file of MedSafetyBench")
        .hint("give the folder that holds med_safety_demonstrations_category_1.csv to _9.csv"))
}

/// The requests of a folder of MedSafetyBench with their safe responses: category, request, response.
///
/// # Errors
///
/// A file is missing, cannot be read, is malformed, or has an empty request or response.
pub fn med_safety_bench_demonstrations(
    folder: &Path,
) -> Result<Vec<(&'static str, String, String)>, SuiteError> {
    let mut found = Vec::new();
    for (index, (category, _)) in AMA_PRINCIPLES.iter().enumerate() {
        let path = part(folder, index + 1)?;
        let text = read_text(&path)?;
        let wanted = ["harmful_medical_request", "safe_response"];
        for row in csv_rows::read(&path, &text, &wanted)? {
            let mut fields = row.fields.into_iter();
            let request = fields.next().unwrap_or_default();
            let response = fields.next().unwrap_or_default();
            if request.trim().is_empty() || response.trim().is_empty() {
                return Err(SuiteError::new(&path, "request or response is empty").at(row.line));
            }
            found.push((*category, request, response));
        }
    }
    Ok(found)
}

/// The file of principle `number`, from 1.
fn part(folder: &Path, number: usize) -> Result<PathBuf, SuiteError> {
    let path = folder.join(format!("med_safety_demonstrations_category_{number}.csv"));
    if path.is_file() {
        return Ok(path);
    }
    Err(SuiteError::new(&path, "the file is missing").hint(
        "a MedSafetyBench folder holds med_safety_demonstrations_category_1.csv to _9.csv; \
         other folders are not suites",
    ))
}

/// Reads MedSafetyBench: a folder of nine CSV files, one per AMA principle. The folder's name
/// becomes the suite's version.
///
/// # Errors
///
/// A file is missing, cannot be read, is malformed, or has an empty request.
pub(crate) fn med_safety_bench(folder: &Path) -> Result<Suite, SuiteError> {
    let mut entries = Vec::new();
    let origin = folder
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("data")
        .to_owned();
    for (index, (category, _)) in AMA_PRINCIPLES.iter().enumerate() {
        let number = index + 1;
        let path = part(folder, number)?;
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
