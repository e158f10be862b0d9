//! Reads the values of a GGUF header, none of which may be longer than the file.

use std::{
    collections::HashSet,
    fmt,
    io::{self, Read},
};

use super::shown;

/// Longest string, in bytes; the longest that is known is a vocabulary as JSON.
const MAX_TEXT: u64 = 64 << 20;
/// Longest array whose numbers are kept: one for each layer.
const MAX_KEPT: u64 = 512;
/// The tokens of the vocabulary, which must be different texts.
const TOKENS: &str = "tokenizer.ggml.tokens";

const CUT: &str = "it ends in the middle of its header; fetch it again";

/// A metadata value, as far as it is checked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool,
    Text(String),
    Array {
        length: u64,
        /// Its numbers, if they are whole, not negative and not more than there can be layers.
        numbers: Option<Vec<u64>>,
        /// Whether it holds strings.
        texts: bool,
    },
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(number) => write!(f, "{number}"),
            Self::Signed(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Bool => f.write_str("true or false"),
            Self::Text(text) => write!(f, "`{}`", shown(text)),
            Self::Array { length, .. } => write!(f, "a list of {length}"),
        }
    }
}

/// A reader that knows how much of the file is left.
pub(super) struct Reader<R> {
    inner: R,
    position: u64,
    length: u64,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(inner: R, length: u64) -> Self {
        Self {
            inner,
            position: 0,
            length,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn magic(&mut self) -> Result<[u8; 4], String> {
        let mut bytes = [0; 4];
        self.inner
            .read_exact(&mut bytes)
            .map_err(|_| "it has fewer than four bytes".to_owned())?;
        self.position += 4;
        Ok(bytes)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.inner
            .read_exact(&mut bytes)
            .map_err(|_| CUT.to_owned())?;
        self.position += N as u64;
        Ok(bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    /// A number of things that take at least `each` bytes in the rest of the file.
    pub(super) fn count(&mut self, each: u64) -> Result<u64, String> {
        let count = self.u64()?;
        let room = self.length.saturating_sub(self.position) / each.max(1);
        if count > room {
            return Err(format!(
                "it ends in the middle of its header, or is damaged: it claims {count} entries and has room for {room}; fetch it again"
            ));
        }
        Ok(count)
    }

    /// A string, whose bytes need not be UTF-8.
    fn raw(&mut self) -> Result<Vec<u8>, String> {
        let length = self.count(1)?;
        if length > MAX_TEXT {
            return Err(format!(
                "it claims a string of {length} bytes: the header is damaged"
            ));
        }
        let mut bytes = Vec::new();
        let read = self
            .inner
            .by_ref()
            .take(length)
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        if (read as u64) < length {
            return Err(CUT.to_owned());
        }
        self.position += length;
        Ok(bytes)
    }

    /// A string; `what` says of what, for errors.
    pub(super) fn text(&mut self, what: &str) -> Result<String, String> {
        String::from_utf8(self.raw()?).map_err(|_| format!("{what} is not UTF-8"))
    }

    /// The value of `key`, after its type.
    pub(super) fn value(&mut self, key: &str) -> Result<Value, String> {
        let kind = self.u32()?;
        Ok(match kind {
            8 => Value::Text(self.text(&format!("`{}`", shown(key)))?),
            9 => self.array(key, 0)?,
            _ => self.scalar(kind, key)?,
        })
    }

    /// A value that is neither a string nor an array.
    fn scalar(&mut self, kind: u32, key: &str) -> Result<Value, String> {
        Ok(match kind {
            0 => Value::Unsigned(u8::from_le_bytes(self.bytes()?).into()),
            1 => Value::Signed(i8::from_le_bytes(self.bytes()?).into()),
            2 => Value::Unsigned(u16::from_le_bytes(self.bytes()?).into()),
            3 => Value::Signed(i16::from_le_bytes(self.bytes()?).into()),
            4 => Value::Unsigned(self.u32()?.into()),
            5 => Value::Signed(i32::from_le_bytes(self.bytes()?).into()),
            6 => Value::Float(f32::from_le_bytes(self.bytes()?).into()),
            7 => match self.bytes::<1>()? {
                [0 | 1] => Value::Bool,
                [other] => {
                    return Err(format!(
                        "`{}` is {other}, neither 0 nor 1: the header is damaged",
                        shown(key)
                    ));
                }
            },
            10 => Value::Unsigned(self.u64()?),
            11 => Value::Signed(i64::from_le_bytes(self.bytes()?)),
            12 => Value::Float(f64::from_le_bytes(self.bytes()?)),
            other => {
                return Err(format!(
                    "`{}` has the unknown type {other}: the header is damaged",
                    shown(key)
                ));
            }
        })
    }

    /// An array. The depth limit keeps a damaged header from recursing without end.
    fn array(&mut self, key: &str, depth: u32) -> Result<Value, String> {
        let kind = self.u32()?;
        // Each string and each array begins with its length.
        let each = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8..=12 => 8,
            other => {
                return Err(format!(
                    "`{}` is a list of the unknown type {other}: the header is damaged",
                    shown(key)
                ));
            }
        };
        let length = self.count(each)?;
        let mut numbers = (length <= MAX_KEPT && kind != 8).then(Vec::new);
        match kind {
            8 if key == TOKENS => self.tokens(length)?,
            8 => {
                for _ in 0..length {
                    self.raw()?;
                }
            }
            9 if depth < 4 => {
                numbers = None;
                for _ in 0..length {
                    self.array(key, depth + 1)?;
                }
            }
            9 => return Err(format!("`{}` is nested too deeply", shown(key))),
            _ if numbers.is_none() => self.skip(length.saturating_mul(each))?,
            _ => {
                for _ in 0..length {
                    let number = match self.scalar(kind, key)? {
                        Value::Unsigned(number) => Some(number),
                        Value::Signed(number) => u64::try_from(number).ok(),
                        _ => None,
                    };
                    match (number, &mut numbers) {
                        (Some(number), Some(kept)) => kept.push(number),
                        _ => numbers = None,
                    }
                }
            }
        }
        Ok(Value::Array {
            length,
            numbers,
            texts: kind == 8,
        })
    }

    /// Reads the vocabulary. llama.cpp ends the process on a token that occurs twice or is not
    /// UTF-8.
    fn tokens(&mut self, length: u64) -> Result<(), String> {
        let mut seen = HashSet::new();
        for number in 0..length {
            let token = self.text(&format!("`{TOKENS}`[{number}]"))?;
            // llama.cpp gives empty tokens names of their own.
            if !token.is_empty() && seen.contains(&token) {
                return Err(format!(
                    "`{TOKENS}`[{number}], `{}`, occurs twice",
                    shown(&token)
                ));
            }
            seen.insert(token);
        }
        Ok(())
    }

    fn skip(&mut self, bytes: u64) -> Result<(), String> {
        let mut rest = self.inner.by_ref().take(bytes);
        let read = io::copy(&mut rest, &mut io::sink()).map_err(|error| error.to_string())?;
        self.position += read;
        if read < bytes {
            return Err(CUT.to_owned());
        }
        Ok(())
    }
}
