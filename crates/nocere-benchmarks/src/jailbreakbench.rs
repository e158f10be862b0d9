//! JailbreakBench's behaviours (arXiv 2404.01318): a harmful half and a benign one.

use std::path::Path;

use nocere_core::{Expect, Suite};
use nocere_suites::{Entry, SuiteError, category_id, csv_rows, validate};

use crate::{
    Layout,
    imported::{Categories, header, plain, whole},
};

/// How its files are recognised and read.
pub(crate) const LAYOUT: Layout = Layout {
    name: "JailbreakBench",
    is: |head| head.is_table() && head.first.contains("Goal") && head.first.contains("Behavior"),
    read: jailbreakbench,
};

/// Reads JailbreakBench behaviours: CSV with `Index`, `Goal` and `Category`. The file's name
/// says which half it is (`harmful-behaviors.csv`, `benign-behaviors.csv`).
///
/// # Errors
///
/// The name does not say which half it is, the CSV is malformed or lacks a column, an index is
/// used twice, or a goal is empty.
pub(crate) fn jailbreakbench(path: &Path, text: &str) -> Result<Suite, SuiteError> {
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
    let mut categories = Categories::default();
    for row in csv_rows::read(path, text, &["Index", "Goal", "Category"])? {
        let [index, goal, kind]: [String; 3] = row
            .fields
            .try_into()
            .map_err(|_| SuiteError::new(path, "this row lacks a field").at(row.line))?;
        let category = category_id(&kind);
        categories.add(&category, kind.trim());
        let mut probe = plain(
            "jailbreakbench",
            format!("jbb-{half}-{}", whole(&index)),
            goal,
        );
        probe.suite = format!("jailbreakbench-{half}").into();
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
        categories.list,
    );
    half.clone_into(&mut suite.version);
    validate(path, suite, entries)
}
