//! A sheet that somebody filled in, row by row.

use std::{collections::BTreeMap, path::Path};

use nocere_suites::{SuiteError, csv_rows::Sheet};

use crate::ProjectError;

/// An open sheet.
pub(crate) struct FilledSheet<'a> {
    file: &'a Path,
    sheet: Sheet<'a>,
    headers: Vec<String>,
}

/// A row with its cells by the names of their columns.
pub(crate) struct FilledRow<'a> {
    file: &'a Path,
    line: u64,
    cells: BTreeMap<&'a str, String>,
}

impl<'a> FilledSheet<'a> {
    /// Opens a sheet; `wanted` are the columns that tell its separator.
    pub(crate) fn open(
        file: &'a Path,
        text: &'a str,
        wanted: &[&str],
    ) -> Result<Self, ProjectError> {
        let sheet = Sheet::open(file, text, wanted)?;
        let headers = sheet.headers().map(|name| name.trim().to_lowercase());
        Ok(Self {
            file,
            headers: headers.collect(),
            sheet,
        })
    }

    /// Whether the sheet has a column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.headers.iter().any(|header| header == column)
    }

    /// The next row with an entry in one of `columns`; others are counted in `empty`.
    pub(crate) fn next_filled<'c>(
        &mut self,
        columns: &[&'c str],
        empty: &mut u64,
    ) -> Option<Result<FilledRow<'c>, ProjectError>>
    where
        'a: 'c,
    {
        loop {
            let (line, record) = match self.sheet.next_row()? {
                Ok(row) => row,
                Err(error) => return Some(Err(error.into())),
            };
            let cell = |name: &str| {
                let place = self.headers.iter().position(|header| header == name)?;
                let cell = record.get(place)?.trim();
                // A spreadsheet may have kept the mark that makes a cell text.
                Some(cell.strip_prefix('\'').unwrap_or(cell).to_owned())
            };
            let names = columns.iter().copied().chain(["code", "rater", "note"]);
            let cells: BTreeMap<&str, String> = names
                .map(|name| (name, cell(name).unwrap_or_default()))
                .collect();
            let row = FilledRow {
                file: self.file,
                line,
                cells,
            };
            if columns.iter().any(|column| !row.cell(column).is_empty()) {
                return Some(Ok(row));
            }
            *empty += 1;
        }
    }
}

impl FilledRow<'_> {
    /// The content of a column; empty if the sheet lacks it.
    pub(crate) fn cell(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    /// An error about this row.
    pub(crate) fn fault(&self, what: String) -> SuiteError {
        SuiteError::new(self.file, what).at(self.line)
    }

    /// Who filled it in: the column `rater`, or else `otherwise`.
    pub(crate) fn rater(&self, otherwise: Option<&str>) -> Result<String, SuiteError> {
        let own = Some(self.cell("rater")).filter(|name| !name.is_empty());
        own.or(otherwise).map(str::to_owned).ok_or_else(|| {
            self.fault(
                "the row has no rater; fill the column `rater`, or give --rater NAME".to_owned(),
            )
        })
    }
}
