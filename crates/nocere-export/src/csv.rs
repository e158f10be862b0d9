//! Every answer with each judge's verdict, a row for each answer and judge.
//!
//! What models and askers wrote is hostile text: a spreadsheet would compute a cell that begins
//! like a formula, so such cells get an apostrophe in front, as OWASP recommends ("CSV
//! injection").

use std::{borrow::Cow, io::Write};

use nocere_core::text::{is_formula, is_invisible, is_spelling};

use crate::{
    error::{ExportError, Samples},
    row::{COLUMNS, Cell, Column, Kind, Row},
    source::{Source, each_verdict},
};

/// UTF-8's byte order mark.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The columns that fit into a cell.
fn columns() -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(|column| column.kind != Kind::Json)
}

pub(crate) fn samples(
    source: &Source<'_>,
    samples: Samples<'_>,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    // Excel takes a file without this mark for one in the machine's old encoding.
    out.write_all(BYTE_ORDER_MARK.as_bytes())?;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns().map(|column| column.name))?;
    for sample in samples {
        let sample = sample.map_err(ExportError::Sample)?;
        each_verdict(source, &sample, |judged| {
            let row = Row::new(*source, &sample, judged);
            for column in columns() {
                match (column.cell)(&row) {
                    Cell::Text(text) => writer.write_field(inert(&text).as_ref())?,
                    Cell::Integer(number) => writer.write_field(number.to_string())?,
                    Cell::Number(number) => writer.write_field(number.to_string())?,
                    Cell::Empty | Cell::Json(_) => writer.write_field("")?,
                }
            }
            writer.write_record(None::<&[u8]>)
        })?;
    }
    Ok(writer.flush()?)
}

/// Writes a table as CSV for people to fill in, with the same care for what models wrote as in
/// [`samples`].
///
/// # Errors
///
/// `out` cannot be written.
pub fn csv_table(
    columns: &[&str],
    rows: &[Vec<String>],
    out: &mut dyn Write,
) -> std::io::Result<()> {
    out.write_all(BYTE_ORDER_MARK.as_bytes())?;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| inert(cell).into_owned()))?;
    }
    writer.flush()
}

/// The cell as text that no spreadsheet computes and no terminal obeys.
fn inert(cell: &str) -> Cow<'_, str> {
    // Asked before control characters are written out: a reader of the file may drop them.
    let is_dangerous = is_formula(cell);
    let commands = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t')) || (is_invisible(c) && !is_spelling(c))
    };
    let cell: Cow<'_, str> = if cell.contains(commands) {
        let mut shown = String::with_capacity(cell.len());
        for c in cell.chars() {
            if commands(c) {
                shown.extend(c.escape_unicode());
            } else {
                shown.push(c);
            }
        }
        Cow::Owned(shown)
    } else {
        Cow::Borrowed(cell)
    };
    if is_dangerous {
        return Cow::Owned(format!("'{cell}"));
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula() {
        for hostile in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\n=1",
            "＝1",
            "＋1",
            "－1",
            "＠A",
            " =1+1",
            "\u{200b}=1",
            "\u{feff} @A",
            "\u{1b}=1",
        ] {
            assert!(inert(hostile).starts_with('\''), "{hostile:?}");
        }
        assert_eq!(inert("Take 2 = fine"), "Take 2 = fine");
        assert_eq!(inert("a\r\u{1b}[31mb"), "a\\u{d}\\u{1b}[31mb");
    }
}
