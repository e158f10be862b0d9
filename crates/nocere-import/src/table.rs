//! A table of named columns, read from CSV or from JSON objects.

use std::{collections::BTreeMap, path::Path};

use nocere_suites::nearest;
use serde_json::{Map, Value};

use crate::{
    error::ImportError,
    json_text::Placed,
    options::{FIELDS, Options},
    row::Place,
};

/// Rows, and the column from which each field is read.
pub(crate) struct Table {
    columns: BTreeMap<&'static str, String>,
    pub(crate) rows: Vec<Placed>,
}

impl Table {
    /// Finds the column of each field: the mapped one, which must exist, or the one with the
    /// field's own name.
    pub(crate) fn new(
        path: &Path,
        rows: Vec<Placed>,
        options: &Options,
    ) -> Result<Self, ImportError> {
        // Only for suggestions in messages, hence the limits here and below.
        let mut keys: Vec<&str> = Vec::new();
        for (_, row) in &rows {
            for key in row.keys() {
                if keys.len() < 200 && !keys.contains(&key.as_str()) {
                    keys.push(key);
                }
            }
        }
        let exists = |name: &str| rows.iter().any(|(_, row)| find(row, name).is_some());
        let mut columns = BTreeMap::new();
        for field in FIELDS {
            let mapped = options.mapping.get(field);
            let name = mapped.map_or(field, String::as_str);
            if exists(name) {
                columns.insert(field, name.to_owned());
                continue;
            }
            let shown = keys.get(..keys.len().min(30)).unwrap_or_default();
            if mapped.is_some() {
                let message = format!("no column `{name}` for field `{field}`");
                return Err(ImportError::new(path, message).did_you_mean(
                    name,
                    shown,
                    "the columns",
                ));
            }
            // Rows that are joined to a suite by id need no prompt.
            let joined = options.suite.is_some() && columns.contains_key("id");
            if field == "response" || (field == "prompt" && !joined) {
                return Err(unmapped(path, field, shown));
            }
        }
        Ok(Self { columns, rows })
    }

    /// Returns true if the file has a column for `field`.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.columns.contains_key(field)
    }

    /// The name of the field's column, for messages.
    pub(crate) fn column<'a>(&'a self, field: &'a str) -> &'a str {
        self.columns.get(field).map_or(field, String::as_str)
    }

    /// A row's value of `field`; `None` if it is missing or null.
    pub(crate) fn get<'a>(&self, row: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
        find(row, self.columns.get(field)?).filter(|value| !value.is_null())
    }
}

fn unmapped(path: &Path, field: &str, columns: &[&str]) -> ImportError {
    let mut hint = format!(
        "map it, as in {field}=COLUMN; the columns are {}",
        columns.join(", ")
    );
    if let Some(word) = nearest(field, columns.iter().copied()) {
        hint = format!("{hint}; did you mean `{word}`?");
    }
    ImportError::new(path, format!("no column for field `{field}`")).hint(hint)
}

/// The value of a key, or at a path `a.b.0` into objects and lists.
fn find<'a>(row: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = row.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    row.get(first)?
        .pointer(&format!("/{}", rest.replace('.', "/")))
}

/// Reads CSV with a header row. Lines that begin with `# ` may precede it. An empty field is
/// null.
pub(crate) fn of_csv(path: &Path, text: &str) -> Result<Vec<Placed>, ImportError> {
    // Some data sets state their source in lines above the header.
    let above: u64 = text
        .lines()
        .take_while(|line| line.starts_with("# "))
        .count() as u64;
    let skipped: usize = text
        .split_inclusive('\n')
        .take(above as usize)
        .map(str::len)
        .sum();
    let text = text.get(skipped..).unwrap_or_default();
    let head = text.lines().next().unwrap_or("");
    let delimiter = if head.contains(',') {
        b','
    } else {
        [b'\t', b';']
            .into_iter()
            .find(|delimiter| head.as_bytes().contains(delimiter))
            .unwrap_or(b',')
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let headers = reader
        .headers()
        .map_err(|error| csv_fault(path, above, &error))?
        .clone();
    for (index, header) in headers.iter().enumerate() {
        let first = headers
            .iter()
            .position(|other| other.trim() == header.trim());
        if !header.trim().is_empty() && first != Some(index) {
            return Err(
                ImportError::new(path, format!("column `{}` stands twice", header.trim()))
                    .at(&Place::Line(above + 1)),
            );
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| csv_fault(path, above, &error))?;
        let line = above + record.position().map_or(0, csv::Position::line);
        let row = headers
            .iter()
            .zip(&record)
            .filter(|(header, _)| !header.trim().is_empty())
            .map(|(header, field)| {
                let value = match field {
                    "" => Value::Null,
                    text => Value::String(text.to_owned()),
                };
                (header.trim().to_owned(), value)
            })
            .collect();
        rows.push((Place::Line(line), row));
    }
    if rows.is_empty() {
        return Err(ImportError::new(path, "the file has a header and no rows"));
    }
    Ok(rows)
}

fn csv_fault(path: &Path, above: u64, error: &csv::Error) -> ImportError {
    let line = Place::Line(above + error.position().map_or(1, csv::Position::line));
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => ImportError::new(
            path,
            format!("this row has {len} fields and the header has {expected_len}"),
        )
        .at(&line)
        .hint("quote fields that hold a comma or a line break"),
        _ => ImportError::new(path, format!("failed to read CSV: {error}")).at(&line),
    }
}
