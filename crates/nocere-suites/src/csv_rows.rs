//! Rows of a CSV file by column name, with exact line numbers.

use std::path::Path;

use crate::error::{SuiteError, nearest};

/// A row: its line, from 1, and the wanted columns in the order of the request.
pub struct Row {
    /// Line of the row, from 1.
    pub line: u64,
    /// The wanted columns, in the order of the request.
    pub fields: Vec<String>,
}

/// Reads the `wanted` columns of a CSV file with a header line. A `.tsv` file is separated by
/// tabs.
///
/// # Errors
///
/// The CSV is malformed or lacks a column.
pub fn read(path: &Path, text: &str, wanted: &[&str]) -> Result<Vec<Row>, SuiteError> {
    let tabs = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("tsv"));
    read_parted(path, text, wanted, if tabs { b'\t' } else { b',' })
}

/// Same as [`read`], with a given `delimiter`.
///
/// # Errors
///
/// The CSV is malformed or lacks a column.
pub fn read_parted(
    path: &Path,
    text: &str,
    wanted: &[&str],
    delimiter: u8,
) -> Result<Vec<Row>, SuiteError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(false)
        .from_reader(text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|error| from_csv(path, &error))?
        .clone();
    let columns = wanted
        .iter()
        .map(|name| {
            headers
                .iter()
                .position(|header| header.trim() == *name)
                .ok_or_else(|| {
                    let found: Vec<&str> = headers
                        .iter()
                        .map(str::trim)
                        .filter(|h| !h.is_empty())
                        .collect();
                    let hint = nearest(name, found.iter().copied())
                        .map(|word| format!("rename column `{word}` to `{name}`?"))
                        .unwrap_or_else(|| format!("the columns are {}", found.join(", ")));
                    SuiteError::new(path, format!("missing column `{name}`"))
                        .at(1)
                        .hint(hint)
                })
        })
        .collect::<Result<Vec<usize>, _>>()?;
    let mut rows = Vec::new();
    // The CSV reader's own count is one too low in files with CR LF: it takes the position
    // before the line feed that still belongs to the previous record.
    let (mut seen, mut line) = (0, 1);
    for record in reader.records() {
        let record = record.map_err(|error| from_csv(path, &error))?;
        let start = record
            .position()
            .map_or(0, |position| position.byte() as usize);
        let start = start
            + text[start..]
                .bytes()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'))
                .count();
        line += text[seen..start]
            .bytes()
            .filter(|byte| *byte == b'\n')
            .count() as u64;
        seen = start;
        let fields = columns
            .iter()
            .map(|column| record.get(*column).unwrap_or("").to_owned())
            .collect();
        rows.push(Row { line, fields });
    }
    if rows.is_empty() {
        return Err(SuiteError::new(path, "the file has a header and no rows"));
    }
    Ok(rows)
}

fn from_csv(path: &Path, error: &csv::Error) -> SuiteError {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => SuiteError::new(
            path,
            format!("this row has {len} fields and the header has {expected_len}"),
        )
        .at(line)
        .hint("quote fields that hold a comma or a line break"),
        _ => SuiteError::new(path, format!("failed to read CSV: {error}")).at(line),
    }
}
