//! Rows of a CSV file, with exact line numbers.
//!
//! Spreadsheets separate columns by a comma, a semicolon or a tab, depending on the country; the
//! separator is found from the header and the rows that follow. The number of columns and of
//! fields is limited, so that no file makes the program slow or large.

use std::path::Path;

use crate::error::{SuiteError, listed, nearest};

/// Most columns: as many as a spreadsheet has.
pub const MAX_COLUMNS: usize = 16_384;

/// Most separators in one file.
const MAX_SEPARATORS: usize = 10_000_000;

/// Bytes from which the separator is found.
const SAMPLE: usize = 64 * 1024;

/// Separators, the likeliest first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A row: its line, from 1, and the wanted columns in the order of the request.
pub struct Row {
    /// Line of the row, from 1.
    pub line: u64,
    /// The wanted columns, in the order of the request.
    pub fields: Vec<String>,
}

/// Reads the `wanted` columns of a CSV file with a header line.
///
/// # Errors
///
/// The CSV is malformed, has no rows, lacks a column, or has more columns or fields than are read.
pub fn read(path: &Path, text: &str, wanted: &[&str]) -> Result<Vec<Row>, SuiteError> {
    rows(Sheet::open(path, text, wanted)?, wanted)
}

fn rows(mut sheet: Sheet<'_>, wanted: &[&str]) -> Result<Vec<Row>, SuiteError> {
    let columns = wanted
        .iter()
        .map(|name| sheet.column(name))
        .collect::<Result<Vec<usize>, _>>()?;
    let mut rows = Vec::new();
    while let Some(row) = sheet.next_row() {
        let (line, record) = row?;
        let fields = columns
            .iter()
            .map(|column| record.get(*column).unwrap_or("").to_owned())
            .collect();
        rows.push(Row { line, fields });
    }
    if rows.is_empty() {
        return Err(SuiteError::new(
            sheet.path,
            "the file has a header and no rows",
        ));
    }
    Ok(rows)
}

/// An open CSV file with a header line, read row by row.
pub struct Sheet<'a> {
    path: &'a Path,
    reader: csv::Reader<&'a [u8]>,
    headers: csv::StringRecord,
    lines: Lines<'a>,
    start: usize,
    delimiter: u8,
}

impl<'a> Sheet<'a> {
    /// Opens CSV. `wanted` are names of columns that it may have, from which the separator is
    /// found. Lines that begin with `# ` may precede the header, and so may `sep=;`, which
    /// spreadsheets write.
    ///
    /// # Errors
    ///
    /// The header is malformed, or there are more columns or fields than are read.
    pub fn open(path: &'a Path, text: &'a str, wanted: &[&str]) -> Result<Self, SuiteError> {
        let (start, stated) = preamble(text);
        let rest = text.get(start..).unwrap_or_default();
        let delimiter = stated.unwrap_or_else(|| separator(rest, wanted));
        Self::parted(path, text, start, delimiter)
    }

    fn parted(
        path: &'a Path,
        text: &'a str,
        start: usize,
        delimiter: u8,
    ) -> Result<Self, SuiteError> {
        let rest = text.get(start..).unwrap_or_default();
        let parts = rest.bytes().filter(|byte| *byte == delimiter).count();
        if parts > MAX_SEPARATORS {
            return Err(SuiteError::new(
                path,
                format!(
                    "the file has more than {MAX_SEPARATORS} fields; at most that many are read"
                ),
            )
            .hint("keep only the columns that are needed, or split the file"));
        }
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .from_reader(rest.as_bytes());
        let mut sheet = Self {
            path,
            headers: csv::StringRecord::new(),
            lines: Lines::new(text),
            start,
            delimiter,
            reader: csv::ReaderBuilder::new().from_reader(&[]),
        };
        sheet.headers = match reader.headers() {
            Ok(headers) => headers.clone(),
            Err(error) => return Err(sheet.fault(&error)),
        };
        sheet.reader = reader;
        if sheet.headers.len() > MAX_COLUMNS {
            let line = sheet.lines.at(start);
            return Err(SuiteError::new(
                path,
                format!(
                    "the header has {} columns; at most {MAX_COLUMNS} are read",
                    sheet.headers.len()
                ),
            )
            .at(line)
            .hint("keep only the columns that are needed"));
        }
        Ok(sheet)
    }

    /// The names of the columns, trimmed, in order. A name may be empty or stand twice.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(str::trim)
    }

    /// Line of the header, from 1.
    pub fn header_line(&mut self) -> u64 {
        self.lines.at(self.start)
    }

    /// The next row with its line, from 1.
    pub fn next_row(&mut self) -> Option<Result<(u64, csv::StringRecord), SuiteError>> {
        let mut record = csv::StringRecord::new();
        match self.reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let byte = record.position().map_or(0, csv::Position::byte) as usize;
                let line = self.lines.at(self.start + byte);
                Some(Ok((line, record)))
            }
            Err(error) => Some(Err(self.fault(&error))),
        }
    }

    fn column(&mut self, name: &str) -> Result<usize, SuiteError> {
        if let Some(column) = self.headers().position(|header| header == name) {
            return Ok(column);
        }
        let found = || self.headers().filter(|header| !header.is_empty());
        let hint = nearest(name, found()).map_or_else(
            || format!("the columns are {}", listed(found())),
            |word| format!("rename column `{word}` to `{name}`?"),
        );
        let line = self.header_line();
        Err(
            SuiteError::new(self.path, format!("missing column `{name}`"))
                .at(line)
                .hint(hint),
        )
    }

    fn fault(&mut self, error: &csv::Error) -> SuiteError {
        let byte = error.position().map_or(0, csv::Position::byte) as usize;
        let line = self.lines.at(self.start + byte);
        match error.kind() {
            csv::ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => SuiteError::new(
                self.path,
                format!("this row has {len} fields and the header has {expected_len}"),
            )
            .at(line)
            .hint(format!(
                "quote fields that hold {} or a line break",
                match self.delimiter {
                    b';' => "a semicolon",
                    b'\t' => "a tab",
                    b'|' => "a `|`",
                    _ => "a comma",
                }
            )),
            _ => SuiteError::new(self.path, format!("failed to read CSV: {error}")).at(line),
        }
    }
}

/// The lines of a text by their place in it. The CSV reader's own count is one too low in files
/// with CR LF: it takes the position before the line feed that still belongs to the previous
/// record.
struct Lines<'a> {
    text: &'a [u8],
    seen: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            seen: 0,
            line: 1,
        }
    }

    /// The line of the record that begins at `byte`, after any line ends there. Places must be
    /// asked in order: an earlier one has the line of the latest.
    fn at(&mut self, byte: usize) -> u64 {
        let is_end = |at: usize| matches!(self.text.get(at), Some(b'\r' | b'\n'));
        let mut start = byte;
        while is_end(start) {
            start += 1;
        }
        for at in self.seen..start.min(self.text.len()) {
            let next = self.text.get(at + 1);
            match self.text.get(at) {
                Some(b'\n') => self.line += 1,
                Some(b'\r') if next != Some(&b'\n') => self.line += 1,
                _ => {}
            }
        }
        self.seen = self.seen.max(start);
        self.line
    }
}

/// Where the header begins, in bytes, and the separator, if the lines above it state one.
fn preamble(text: &str) -> (usize, Option<u8>) {
    let mut start = 0;
    let mut stated = None;
    for line in text.split_inclusive('\n') {
        let separator = line.trim_end_matches(['\r', '\n']).strip_prefix("sep=");
        match separator.map(str::as_bytes) {
            Some([only]) => stated = Some(*only),
            _ if line.starts_with("# ") => {}
            _ => break,
        }
        start += line.len();
    }
    (start, stated)
}

/// The first line of the header, below the lines that may precede it.
pub fn header_line(text: &str) -> &str {
    let (start, _) = preamble(text);
    let rest = text.get(start..).unwrap_or_default();
    rest.lines().next().unwrap_or("")
}

/// The separator of a CSV text: the one that gives the most of the `wanted` columns, then the one
/// that gives all rows as many fields as the header, then the one that gives the most columns.
pub fn separator(text: &str, wanted: &[&str]) -> u8 {
    let is_whole = text.len() <= SAMPLE;
    let sample = text.get(..text.floor_char_boundary(SAMPLE)).unwrap_or(text);
    let merit = |separator: u8| {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(sample.as_bytes());
        let mut rows: Vec<csv::StringRecord> = reader.records().map_while(Result::ok).collect();
        // The sample may end within its last row.
        if !is_whole && rows.len() > 1 {
            rows.pop();
        }
        let columns = rows.first().map_or(0, csv::StringRecord::len);
        let known = rows.first().map_or(0, |header| {
            let named = |name: &&&str| header.iter().any(|header| header.trim() == **name);
            wanted.iter().filter(named).count()
        });
        let is_even = columns > 1 && rows.iter().all(|row| row.len() == columns);
        (known, is_even, columns)
    };
    let mut best = (SEPARATORS[0], merit(SEPARATORS[0]));
    for separator in SEPARATORS.into_iter().skip(1) {
        let merit = merit(separator);
        if merit > best.1 {
            best = (separator, merit);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(u64, &str)]) {
        let rows = read(Path::new("x.csv"), text, &["id"]).unwrap();
        let found: Vec<(u64, &str)> = rows
            .iter()
            .map(|row| (row.line, row.fields[0].as_str()))
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "id,b\na,\"x\ny\"\nb,2\n\nc,3\n".replace('\n', end);
            check(&text, &[(2, "a"), (4, "b"), (6, "c")]);
            let bad = "id,b\na,1\nb\n".replace('\n', end);
            let error = read(Path::new("x.csv"), &bad, &["id"]).err().unwrap();
            assert_eq!(error.line, Some(3), "{end:?}");
        }
        check("# from\n# a study\nid,b\na,1\n", &[(4, "a")]);
    }

    #[test]
    fn separators_are_told_from_the_text_around_them() {
        for text in [
            "id;note, if any\na;x, y\n",
            "id\tnote, if; any\na\tx\n",
            "id;\"a, b, c\";\"d, e\"\na;1;2\n",
            "\"id\",\"a; b; c\"\na,\"1;2;3\"\n",
            "sep=;\nid;b,c,d\na;1\n",
            "id|b\na|1\n",
            "id\na\n",
        ] {
            let rows = read(Path::new("x.csv"), text, &["id"]).unwrap_or_default();
            let found: Vec<&str> = rows.iter().map(|row| row.fields[0].as_str()).collect();
            assert_eq!(found, ["a"], "{text:?}");
        }
        // Without a known column, the rows tell.
        assert_eq!(separator("frage;antwort, kurz\nx;y\n", &[]), b';');
        assert_eq!(separator("a,b\nx;y;z,1\n", &[]), b',');
    }

    #[test]
    fn a_million_columns_are_one_short_error_at_once() {
        let wide: Vec<String> = (0..1_000_000).map(|number| format!("c{number}")).collect();
        let text = format!("{}\n", wide.join(","));
        let error = read(Path::new("x.csv"), &text, &["id"]).err().unwrap();
        assert!(error.message.contains("1000000 columns"), "{error}");
        let text = format!("{}\n", wide[..10_000].join(","));
        let error = read(Path::new("x.csv"), &text, &["id"]).err().unwrap();
        assert!(error.to_string().len() < 1_000, "{error}");
        let text = ",".repeat(MAX_SEPARATORS + 1);
        let error = read(Path::new("x.csv"), &text, &["id"]).err().unwrap();
        assert!(
            error.message.contains("more than 10000000 fields"),
            "{error}"
        );
    }
}
