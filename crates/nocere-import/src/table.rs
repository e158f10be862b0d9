//! A table of named columns, read from CSV or from JSON objects.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use nocere_suites::{csv_rows::Sheet, listed, nearest};
use serde_json::{Map, Value};

use crate::{
    error::ImportError,
    json_text::Placed,
    options::{FIELDS, Options},
    row::Place,
};

/// The rows of a CSV file.
pub(crate) struct CsvRows {
    /// The names of the columns, those without any value included.
    pub(crate) columns: BTreeSet<String>,
    pub(crate) rows: Vec<Placed>,
}

/// The keys of JSON objects.
pub(crate) fn keys(rows: &[Placed]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (_, row) in rows {
        for key in row.keys() {
            if !keys.contains(key.as_str()) {
                keys.insert(key.clone());
            }
        }
    }
    keys
}

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
        CsvRows {
            columns: known,
            rows,
        }: CsvRows,
        options: &Options,
    ) -> Result<Self, ImportError> {
        let exists = |name: &str| {
            known.contains(name)
                || name.contains('.') && rows.iter().any(|(_, row)| find(row, name).is_some())
        };
        let names = || known.iter().map(String::as_str);
        let mut columns = BTreeMap::new();
        for field in FIELDS {
            let mapped = options.mapping.get(field);
            let name = mapped.map_or(field, String::as_str);
            if exists(name) {
                columns.insert(field, name.to_owned());
                continue;
            }
            if mapped.is_some() {
                let message = format!("no column `{name}` for field `{field}`");
                let known: Vec<&str> = names().collect();
                return Err(ImportError::new(path, message).did_you_mean(
                    name,
                    &known,
                    "the columns",
                ));
            }
            // Rows that are joined to a suite by id need no prompt.
            let joined = options.suite.is_some() && columns.contains_key("id");
            if field == "response" || (field == "prompt" && !joined) {
                return Err(unmapped(path, field, names()));
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

/// The error for a field that no column has.
pub(crate) fn unmapped<'a>(
    path: &Path,
    field: &str,
    columns: impl Iterator<Item = &'a str> + Clone,
) -> ImportError {
    let mut hint = format!(
        "map it, as in {field}=COLUMN; the columns are {}",
        listed(columns.clone())
    );
    if let Some(word) = nearest(field, columns) {
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

/// Reads CSV with a header row. `wanted` are columns that it may have. Lines that begin with `# `
/// may precede the header. An empty field is left out, as if its row lacked the column.
pub(crate) fn of_csv(path: &Path, text: &str, wanted: &[&str]) -> Result<CsvRows, ImportError> {
    let mut sheet = Sheet::open(path, text, wanted)?;
    let columns: Vec<String> = sheet.headers().map(str::to_owned).collect();
    let mut seen = BTreeSet::new();
    let again = columns
        .iter()
        .find(|name| !name.is_empty() && !seen.insert(name.as_str()));
    if let Some(again) = again {
        return Err(
            ImportError::new(path, format!("column `{again}` stands twice"))
                .at(&Place::Line(sheet.header_line()))
                .hint("give each column its own name"),
        );
    }
    let mut rows = Vec::new();
    while let Some(row) = sheet.next_row() {
        let (line, record) = row?;
        let fields = columns
            .iter()
            .zip(&record)
            .filter(|(header, field)| !header.is_empty() && !field.is_empty())
            .map(|(header, field)| (header.clone(), Value::String(field.to_owned())))
            .collect();
        rows.push((Place::Line(line), fields));
    }
    if rows.is_empty() {
        return Err(ImportError::new(path, "the file has a header and no rows"));
    }
    let columns = columns.into_iter().filter(|name| !name.is_empty());
    Ok(CsvRows {
        columns: columns.collect(),
        rows,
    })
}
