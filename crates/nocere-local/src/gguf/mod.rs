//! Reads and checks the header of a GGUF file, so that a wrong, incomplete or damaged file is
//! reported as such before llama.cpp sees it. Format: ggml's `docs/gguf.md`, versions 2 and 3.
//!
//! llama.cpp ends the process where a header contradicts its assumptions. [`check`] knows those
//! assumptions; this file and [`reader`] only know the format.

mod check;
mod reader;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use self::reader::{Reader, Value};
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

/// A tensor as the header describes it.
struct Tensor {
    dimensions: Vec<u64>,
    offset: u64,
    /// Bytes of its data; `None` for a type that this reader does not know.
    bytes: Option<u64>,
}

impl Tensor {
    /// Where its data ends, from the beginning of all data.
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes.unwrap_or(0))
    }
}

/// Everything that a header says.
struct Contents {
    values: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Tensor>,
    /// Where the data begins.
    data: u64,
    alignment: u64,
}

/// Reads and checks the header of `path`.
///
/// # Errors
///
/// [`LocalError::Read`] if the file cannot be read; [`LocalError::NotGguf`] if the header is
/// invalid, describes a model on which llama.cpp would end the process, or the file is shorter
/// than its header describes.
pub fn read_header(path: &Path) -> Result<Header, LocalError> {
    let fail = |source| LocalError::Read {
        path: path.to_owned(),
        source,
    };
    let metadata = std::fs::metadata(path).map_err(fail)?;
    // Opening a pipe can wait for ever.
    if !metadata.is_file() {
        return Err(fail(std::io::Error::other("it is not a regular file")));
    }
    let length = metadata.len();
    let wrong = |message| LocalError::NotGguf {
        path: path.to_owned(),
        message,
    };
    let file = File::open(path).map_err(fail)?;
    parse(BufReader::new(file), length).map_err(wrong)
}

/// Parses and checks a header from any reader. No count, size or offset in it may be more than
/// `length`, the length of the file, has room for.
///
/// # Errors
///
/// A message for the user if this is not a GGUF header of version 2 or 3, or if it is cut off,
/// damaged, or describes a model that llama.cpp cannot load without ending the process.
pub fn parse(reader: impl Read, length: u64) -> Result<Header, String> {
    let mut reader = Reader::new(reader, length);
    let contents = contents(&mut reader)?;
    check::check(&contents)?;
    let text = |key: &str| match contents.values.get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let last = contents
        .tensors
        .iter()
        .map(|(name, tensor)| (tensor.end(), name.as_str()))
        .max();
    let expected_bytes = last.map_or(contents.data, |(end, _)| {
        contents
            .data
            .div_ceil(contents.alignment)
            .saturating_mul(contents.alignment)
            .saturating_add(end)
    });
    if length < expected_bytes {
        return Err(format!(
            "it is cut short: it has {length} bytes and its header describes {expected_bytes}, at the end of the tensor `{}`; fetch it again",
            shown(last.map_or("", |(_, name)| name))
        ));
    }
    Ok(Header {
        architecture: text("general.architecture")
            .ok_or_else(|| "the header names no architecture".to_owned())?,
        name: text("general.name"),
        has_chat_template: contents.values.contains_key("tokenizer.chat_template"),
        tensors: contents.tensors.len() as u64,
        expected_bytes,
    })
}

fn contents<R: Read>(reader: &mut Reader<R>) -> Result<Contents, String> {
    let magic = reader.magic()?;
    if &magic != b"GGUF" {
        return Err(format!(
            "it starts with {}; GGUF files start with `GGUF`",
            describe(magic)
        ));
    }
    let version = reader.u32()?;
    if !(2..=3).contains(&version) {
        return Err(format!(
            "GGUF version {version} is not supported, only 2 and 3"
        ));
    }
    // A tensor takes at least a name, a number of dimensions, a type and an offset; an entry a
    // name, a type and a byte.
    let tensor_count = reader.count(8 + 4 + 4 + 8)?;
    let entries = reader.count(8 + 4 + 1)?;
    let mut values = BTreeMap::new();
    for _ in 0..entries {
        let key = reader.text("a key")?;
        let value = reader.value(&key)?;
        if values.insert(key.clone(), value).is_some() {
            return Err(format!("the key `{}` occurs twice", shown(&key)));
        }
    }
    let alignment = alignment(&values)?;
    let mut tensors = BTreeMap::new();
    for _ in 0..tensor_count {
        let name = reader.text("a tensor's name")?;
        let tensor = tensor(reader, &name)?;
        if !tensor.offset.is_multiple_of(alignment) {
            return Err(damaged(
                &name,
                "does not begin at a multiple of `general.alignment`",
            ));
        }
        if tensors.insert(name.clone(), tensor).is_some() {
            return Err(damaged(&name, "occurs twice"));
        }
    }
    no_overlaps(&tensors)?;
    Ok(Contents {
        values,
        tensors,
        data: reader.position(),
        alignment,
    })
}

/// `general.alignment`, or the default of the format.
fn alignment(values: &BTreeMap<String, Value>) -> Result<u64, String> {
    match values.get("general.alignment") {
        None => Ok(32),
        Some(Value::Unsigned(alignment))
            if alignment.is_power_of_two() && *alignment <= 1 << 20 =>
        {
            Ok(*alignment)
        }
        Some(other) => Err(format!(
            "`general.alignment` is {other}, not a power of two up to 1048576"
        )),
    }
}

fn tensor<R: Read>(reader: &mut Reader<R>, name: &str) -> Result<Tensor, String> {
    let count = reader.u32()?;
    if count > 4 {
        return Err(damaged(name, "has more than 4 dimensions"));
    }
    let mut dimensions = Vec::new();
    let mut elements: u64 = 1;
    for _ in 0..count {
        let size = reader.u64()?;
        if size == 0 {
            return Err(damaged(name, "has a dimension of length 0"));
        }
        elements = elements
            .checked_mul(size)
            .filter(|elements| i64::try_from(*elements).is_ok())
            .ok_or_else(|| damaged(name, "is impossibly large"))?;
        dimensions.push(size);
    }
    let kind = reader.u32()?;
    let offset = reader.u64()?;
    let bytes = match block(kind) {
        None => None,
        Some((per_block, bytes)) => {
            let row = dimensions.first().copied().unwrap_or(1);
            if !row.is_multiple_of(per_block) {
                return Err(damaged(
                    name,
                    "has rows that are not whole blocks of its type",
                ));
            }
            Some((elements / per_block).saturating_mul(bytes))
        }
    };
    Ok(Tensor {
        dimensions,
        offset,
        bytes,
    })
}

/// No two tensors share data: a file that says so holds other weights than it claims.
fn no_overlaps(tensors: &BTreeMap<String, Tensor>) -> Result<(), String> {
    let mut places: Vec<(u64, u64, &str)> = tensors
        .iter()
        .map(|(name, tensor)| (tensor.offset, tensor.bytes.unwrap_or(1), name.as_str()))
        .collect();
    places.sort_unstable();
    for pair in places.windows(2) {
        if let [(offset, bytes, _), (next, _, name)] = pair
            && offset.saturating_add(*bytes) > *next
        {
            return Err(damaged(name, "lies inside another tensor"));
        }
    }
    Ok(())
}

fn damaged(tensor: &str, what: &str) -> String {
    format!("tensor `{}` {what}: the header is damaged", shown(tensor))
}

/// A name from the file, fit to be shown: short and without control characters.
fn shown(name: &str) -> String {
    nocere_core::text::shorten(&nocere_core::text::plain(name), 80)
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
