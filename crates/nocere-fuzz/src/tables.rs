//! Tables: CSV in any separator and encoding, and people's labels.

use std::path::Path;

use nocere_import::{LabelOptions, read_labels};
use nocere_suites::{csv_rows, read_text};

use crate::input::{first_line, with_file};

const SCALE: [&str; 3] = ["comply", "partial", "refuse"];

/// Labels of answers, in CSV or JSON. The first line says which columns hold the labels, parted
/// by `+`; empty for the column `label`.
pub(crate) fn labels(bytes: &[u8]) {
    let (columns, content) = first_line(bytes);
    let columns = String::from_utf8_lossy(columns).into_owned();
    let mut options = LabelOptions {
        scale: SCALE.map(str::to_owned).into(),
        ..LabelOptions::default()
    };
    if !columns.is_empty() {
        options.mapping.insert("label".to_owned(), columns);
    }
    let read = with_file("labels.csv", content, |path| read_labels(path, &options));
    let Some(Ok(labels)) = read else {
        return;
    };
    assert!(!labels.samples.is_empty(), "labels of nothing");
    for sample in &labels.samples {
        assert_eq!(sample.ratings.len(), labels.raters.len());
        let mut ratings = sample.ratings.iter().flatten();
        assert!(ratings.all(|rating| *rating < SCALE.len()), "off the scale");
        assert!(sample.ratings.iter().any(Option::is_some), "no label");
    }
}

/// Rows of a table with the columns that the first line names.
pub(crate) fn tables(bytes: &[u8]) {
    let (wanted, content) = first_line(bytes);
    let wanted = String::from_utf8_lossy(wanted);
    let wanted: Vec<&str> = wanted.split('|').collect();
    let Some(Ok(text)) = with_file("table.csv", content, read_text) else {
        return;
    };
    assert!(!text.contains('\0'), "NUL in a text");
    let Ok(rows) = csv_rows::read(Path::new("table.csv"), &text, &wanted) else {
        return;
    };
    let lines = text.matches(['\n', '\r']).count() as u64 + 1;
    let mut before = 0;
    for row in rows {
        assert_eq!(row.fields.len(), wanted.len());
        assert!(row.line > before, "line {} after {before}", row.line);
        assert!(row.line <= lines, "line {} of {lines}", row.line);
        before = row.line;
    }
}
