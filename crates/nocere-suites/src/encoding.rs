//! The text in a file's bytes: UTF-8, or UTF-16 as spreadsheets and Windows tools write it. Files
//! that hold no text are refused by the name of their format.

use std::path::Path;

use crate::error::SuiteError;

/// A binary format, by the bytes at its start.
struct Binary {
    start: &'static [u8],
    name: &'static str,
    way_out: &'static str,
}

const PARQUET: &str = "convert it to JSONL, for example with `python3 -c \"import pandas as p; \
     p.read_parquet('FILE.parquet').to_json('FILE.jsonl', orient='records', lines=True)\"`";
const UNPACK: &str = "unpack it first";
const EXPORT: &str = "save it as CSV (UTF-8)";

const BINARIES: [Binary; 11] = [
    Binary::new(b"PAR1", "a Parquet file", PARQUET),
    Binary::new(b"ARROW1", "an Arrow file", "convert it to JSONL or CSV"),
    Binary::new(b"PK", "a zip archive or an Excel workbook", EXPORT),
    Binary::new(b"\xd0\xcf\x11\xe0", "an old Excel workbook", EXPORT),
    Binary::new(b"\x1f\x8b", "compressed with gzip", UNPACK),
    Binary::new(b"\x28\xb5\x2f\xfd", "compressed with zstd", UNPACK),
    Binary::new(b"BZh", "compressed with bzip2", UNPACK),
    Binary::new(b"\xfd7zXZ", "compressed with xz", UNPACK),
    Binary::new(b"%PDF", "a PDF", "copy its table into a CSV file"),
    Binary::new(
        b"SQLite format 3\0",
        "an SQLite database",
        "export the table as CSV or JSONL",
    ),
    Binary::new(
        b"GGUF",
        "a model's weights",
        "name a file of questions or answers",
    ),
];

impl Binary {
    const fn new(start: &'static [u8], name: &'static str, way_out: &'static str) -> Self {
        Self {
            start,
            name,
            way_out,
        }
    }
}

/// Fewest bytes that are taken for UTF-16 without a mark.
const MIN_WIDE: usize = 8;

/// The text in `bytes`, without its byte order mark.
///
/// # Errors
///
/// The bytes are in a known binary format, are neither UTF-8 nor UTF-16, or hold NUL characters.
pub(crate) fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String, SuiteError> {
    if let Some(known) = BINARIES.iter().find(|known| bytes.starts_with(known.start)) {
        return Err(SuiteError::new(
            path,
            format!("this is {}, and nocere reads text", known.name),
        )
        .hint(known.way_out));
    }
    let text = match wide(&bytes) {
        Some(order) => from_utf16(path, &bytes, order)?,
        None => from_utf8(path, bytes)?,
    };
    if text.contains('\0') {
        return Err(
            SuiteError::new(path, "the file holds NUL bytes").hint("this looks like a binary file")
        );
    }
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Ok(rest.to_owned()),
        None => Ok(text),
    }
}

/// The order of the bytes in each unit of UTF-16.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    LowFirst,
    HighFirst,
}

/// The order of UTF-16 bytes, by the mark at their start or, without one, by the NUL in every
/// second byte that ASCII has. `None` if they are not UTF-16.
fn wide(bytes: &[u8]) -> Option<Order> {
    // The mark of UTF-32, little end first, begins like that of UTF-16.
    if bytes.starts_with(b"\xff\xfe\0\0") {
        return None;
    }
    match bytes.first_chunk::<2>() {
        Some([0xff, 0xfe]) => return Some(Order::LowFirst),
        Some([0xfe, 0xff]) => return Some(Order::HighFirst),
        _ => {}
    }
    let start = bytes.get(..64.min(bytes.len() & !1))?;
    let nul_at = |parity: usize| {
        let mut found = start.iter().skip(parity).step_by(2);
        start.len() >= MIN_WIDE && found.all(|byte| *byte == 0)
    };
    match (nul_at(0), nul_at(1)) {
        (false, true) => Some(Order::LowFirst),
        (true, false) => Some(Order::HighFirst),
        _ => None,
    }
}

fn from_utf16(path: &Path, bytes: &[u8], order: Order) -> Result<String, SuiteError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| match order {
        Order::LowFirst => u16::from_le_bytes(*pair),
        Order::HighFirst => u16::from_be_bytes(*pair),
    });
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok(text),
        _ => Err(
            SuiteError::new(path, "the file begins like UTF-16 and is not whole UTF-16")
                .hint("save it as UTF-8"),
        ),
    }
}

fn from_utf8(path: &Path, bytes: Vec<u8>) -> Result<String, SuiteError> {
    String::from_utf8(bytes).map_err(|error| {
        let upto = error
            .as_bytes()
            .get(..error.utf8_error().valid_up_to())
            .unwrap_or_default();
        let line = upto.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        let fault = SuiteError::new(path, "the file is not UTF-8 text").at(line);
        if error.as_bytes().contains(&0) {
            fault.hint("this looks like a binary file")
        } else {
            fault.hint("save it as UTF-8, for example with `iconv -f gb18030 -t utf-8` for Chinese text, or `-f latin1` for Western text")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, String> {
        text_of(Path::new("x.csv"), bytes.to_vec()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_same_text_in_every_encoding() {
        let text = "id;prompt\n1;Darf ich zwei nehmen? 😀\n";
        let low: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let high: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe", low.as_slice()].concat(),
            [b"\xfe\xff", high.as_slice()].concat(),
            low,
            high,
        ] {
            assert_eq!(read(&bytes).as_deref(), Ok(text));
        }
    }

    #[test]
    fn binary_files_are_refused_by_name() {
        for (bytes, told) in [
            (
                &b"PAR1\x15\x04"[..],
                "this is a Parquet file, and nocere reads text",
            ),
            (b"PK\x03\x04", "this is a zip archive or an Excel workbook"),
            (b"\x1f\x8b\x08", "this is compressed with gzip"),
            (b"\xff\xfea\0b", "the file begins like UTF-16"),
            (b"\xff\xfe\0\0a\0\0\0", "the file is not UTF-8 text"),
            (b"a\0", "the file holds NUL bytes"),
            (b"\x7fELF\0\0", "the file holds NUL bytes"),
            (b"caf\xe9", "the file is not UTF-8 text"),
        ] {
            let error = read(bytes).unwrap_err();
            assert!(error.contains(told), "{bytes:?}: {error}");
        }
        assert!(read(b"PAR1").unwrap_err().contains("read_parquet"));
        assert_eq!(read(b""), Ok(String::new()));
    }
}
