//! Reads the header of a GGUF file, so that a wrong or incomplete file is reported as such
//! before llama.cpp sees it. Format: ggml's `docs/gguf.md`, versions 2 and 3.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read, Seek},
    path::Path,
};

use crate::LocalError;

/// The checked contents of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// `general.architecture`, such as `llama`.
    pub architecture: String,
    /// `general.name`, if given.
    pub name: Option<String>,
    /// True if the file has a chat template.
    pub has_chat_template: bool,
    /// Number of tensors.
    pub tensors: u64,
    /// Smallest length of a complete file, in bytes.
    pub expected_bytes: u64,
}

/// Longest string, in bytes, that a valid header contains; a damaged one claims more.
const MAX_STRING: u64 = 64 << 20;
/// Largest count that a valid header contains.
const MAX_COUNT: u64 = 1 << 24;

/// Reads and checks the header of `path`.
///
/// # Errors
///
/// [`LocalError::Read`] if the file cannot be read; [`LocalError::NotGguf`] if the header is
/// invalid or the file is shorter than its header describes.
pub fn read_header(path: &Path) -> Result<Header, LocalError> {
    let fail = |source| LocalError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(fail)?;
    let length = file.metadata().map_err(fail)?.len();
    let header = parse(BufReader::new(file)).map_err(|message| LocalError::NotGguf {
        path: path.to_owned(),
        message,
    })?;
    if length < header.expected_bytes {
        return Err(LocalError::NotGguf {
            path: path.to_owned(),
            message: format!(
                "it is cut short: it has {length} bytes and its header describes {}; fetch it again",
                header.expected_bytes
            ),
        });
    }
    Ok(header)
}

/// Parses a header from any reader, without checking the length of the file.
///
/// # Errors
///
/// A message for the user if this is not a GGUF header of version 2 or 3, or if it is cut off,
/// damaged or names no architecture.
pub fn parse<R: Read + Seek>(mut reader: R) -> Result<Header, String> {
    let mut magic = [0_u8; 4];
    reader
        .read_exact(&mut magic)
        .map_err(|_| "it has fewer than four bytes".to_owned())?;
    if &magic != b"GGUF" {
        return Err(format!(
            "it starts with {}; GGUF files start with `GGUF`",
            describe(magic)
        ));
    }
    let version = u32(&mut reader)?;
    if !(2..=3).contains(&version) {
        return Err(format!(
            "GGUF version {version} is not supported, only 2 and 3"
        ));
    }
    let tensors = count(&mut reader)?;
    let entries = count(&mut reader)?;
    let mut strings = BTreeMap::new();
    // The default of the format.
    let mut alignment = 32;
    for _ in 0..entries {
        let key = string(&mut reader)?;
        let kind = u32(&mut reader)?;
        match kind {
            // A string.
            8 => {
                strings.insert(key, string(&mut reader)?);
            }
            // A 32-bit unsigned integer.
            4 if key == "general.alignment" => alignment = u64::from(u32(&mut reader)?).max(1),
            _ => skip(&mut reader, kind, 0)?,
        }
    }
    let mut data_bytes = 0;
    for _ in 0..tensors {
        let name = string(&mut reader)?;
        let dimensions = u32(&mut reader)?;
        if dimensions > 8 {
            return Err(format!(
                "tensor `{name}` has {dimensions} dimensions: the header is damaged"
            ));
        }
        let mut elements: u64 = 1;
        for _ in 0..dimensions {
            elements = elements.checked_mul(u64(&mut reader)?).ok_or_else(|| {
                format!("tensor `{name}` is impossibly large: the header is damaged")
            })?;
        }
        let kind = u32(&mut reader)?;
        let offset = u64(&mut reader)?;
        let size = block(kind).map_or(0, |(per_block, bytes)| {
            (elements / per_block).saturating_mul(bytes)
        });
        data_bytes = data_bytes.max(offset.saturating_add(size));
    }
    let position = reader
        .stream_position()
        .map_err(|error| error.to_string())?;
    let architecture = strings
        .get("general.architecture")
        .cloned()
        .ok_or_else(|| "the header names no architecture".to_owned())?;
    Ok(Header {
        architecture,
        name: strings.get("general.name").cloned(),
        has_chat_template: strings.contains_key("tokenizer.chat_template"),
        tensors,
        expected_bytes: if data_bytes == 0 {
            position
        } else {
            position
                .div_ceil(alignment)
                .saturating_mul(alignment)
                .saturating_add(data_bytes)
        },
    })
}

/// Names the kind of file that these first bytes suggest.
fn describe(magic: [u8; 4]) -> String {
    match &magic {
        b"PK\x03\x04" => "a ZIP archive's mark".to_owned(),
        b"\x7fELF" => "a program's mark".to_owned(),
        b"<!DO" | b"<htm" | b"<HTM" => "HTML (a download page instead of the file?)".to_owned(),
        b"vers" => "`vers` (a Git LFS pointer instead of the file?)".to_owned(),
        other => format!(
            "the bytes {:02x} {:02x} {:02x} {:02x}",
            other[0], other[1], other[2], other[3]
        ),
    }
}

/// Elements per block and bytes per block of a ggml tensor type. `None` for a type that this
/// reader does not know; its size is then not checked.
fn block(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        0 | 26 => (1, 4),      // F32, I32.
        1 | 25 | 30 => (1, 2), // F16, I16, BF16.
        2 | 20 => (32, 18),    // Q4_0, IQ4_NL.
        3 => (32, 20),         // Q4_1.
        6 => (32, 22),         // Q5_0.
        7 => (32, 24),         // Q5_1.
        8 => (32, 34),         // Q8_0.
        9 => (32, 36),         // Q8_1.
        10 => (256, 84),       // Q2_K.
        11 | 21 => (256, 110), // Q3_K, IQ3_S.
        12 => (256, 144),      // Q4_K.
        13 => (256, 176),      // Q5_K.
        14 => (256, 210),      // Q6_K.
        15 => (256, 292),      // Q8_K.
        16 | 35 => (256, 66),  // IQ2_XXS, TQ2_0.
        17 => (256, 74),       // IQ2_XS.
        18 => (256, 98),       // IQ3_XXS.
        19 => (256, 50),       // IQ1_S.
        22 => (256, 82),       // IQ2_S.
        23 => (256, 136),      // IQ4_XS.
        24 => (1, 1),          // I8.
        27 | 28 => (1, 8),     // I64, F64.
        29 => (256, 56),       // IQ1_M.
        34 => (256, 54),       // TQ1_0.
        39 => (32, 17),        // MXFP4.
        _ => return None,
    })
}

const CUT: &str = "it ends in the middle of its header; fetch it again";

fn u32<R: Read>(reader: &mut R) -> Result<u32, String> {
    let mut bytes = [0; 4];
    reader.read_exact(&mut bytes).map_err(|_| CUT.to_owned())?;
    Ok(u32::from_le_bytes(bytes))
}

fn u64<R: Read>(reader: &mut R) -> Result<u64, String> {
    let mut bytes = [0; 8];
    reader.read_exact(&mut bytes).map_err(|_| CUT.to_owned())?;
    Ok(u64::from_le_bytes(bytes))
}

fn count<R: Read>(reader: &mut R) -> Result<u64, String> {
    let value = u64(reader)?;
    if value > MAX_COUNT {
        return Err(format!("it claims {value} entries: the header is damaged"));
    }
    Ok(value)
}

fn string<R: Read>(reader: &mut R) -> Result<String, String> {
    let length = u64(reader)?;
    if length > MAX_STRING {
        return Err(format!(
            "it claims a string of {length} bytes: the header is damaged"
        ));
    }
    let mut bytes = Vec::new();
    let read = reader
        .by_ref()
        .take(length)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if (read as u64) < length {
        return Err(CUT.to_owned());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Skips a metadata value of type `kind`.
fn skip<R: Read + Seek>(reader: &mut R, kind: u32, depth: u32) -> Result<(), String> {
    let bytes: i64 = match kind {
        0 | 1 | 7 => 1, // U8, I8, bool.
        2 | 3 => 2,     // U16, I16.
        4..=6 => 4,     // U32, I32, F32.
        10..=12 => 8,   // U64, I64, F64.
        // A string.
        8 => {
            string(reader)?;
            return Ok(());
        }
        // An array. The depth limit keeps a damaged header from recursing without end.
        9 if depth < 4 => {
            let inner = u32(reader)?;
            let length = count(reader)?;
            for _ in 0..length {
                skip(reader, inner, depth + 1)?;
            }
            return Ok(());
        }
        other => {
            return Err(format!(
                "metadata type {other} is unknown: the header is damaged"
            ));
        }
    };
    reader
        .seek_relative(bytes)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn text(out: &mut Vec<u8>, value: &str) {
        out.extend((value.len() as u64).to_le_bytes());
        out.extend(value.as_bytes());
    }

    /// A header with one 64-element Q8_0 tensor at offset 0.
    fn small() -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(3_u32.to_le_bytes());
        out.extend(1_u64.to_le_bytes());
        out.extend(1_u64.to_le_bytes());
        text(&mut out, "general.architecture");
        out.extend(8_u32.to_le_bytes());
        text(&mut out, "llama");
        text(&mut out, "w");
        out.extend(1_u32.to_le_bytes());
        out.extend(64_u64.to_le_bytes());
        out.extend(8_u32.to_le_bytes());
        out.extend(0_u64.to_le_bytes());
        out
    }

    #[test]
    fn expected_length_counts_padding_and_tensors() {
        let bytes = small();
        let header = parse(Cursor::new(&bytes)).unwrap();
        assert_eq!(header.architecture, "llama");
        assert_eq!(
            header.expected_bytes,
            (bytes.len() as u64).div_ceil(32) * 32 + 68
        );
    }

    #[test]
    fn other_files_are_named() {
        let error = parse(Cursor::new(b"PK\x03\x04rest")).unwrap_err();
        assert!(error.contains("ZIP"), "{error}");
        assert!(
            parse(Cursor::new(b"GG"))
                .unwrap_err()
                .contains("four bytes")
        );
    }

    proptest! {
        #[test]
        fn cut_headers_are_errors(at in 4_usize..100) {
            let bytes = small();
            prop_assume!(at < bytes.len());
            prop_assert!(parse(Cursor::new(&bytes[..at])).is_err());
        }

        #[test]
        fn damaged_headers_do_not_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), keep in 0_usize..60) {
            let good = small();
            let keep = keep.min(good.len());
            bytes.splice(0..0, good[..keep].iter().copied());
            let _ = parse(Cursor::new(bytes));
        }
    }
}
