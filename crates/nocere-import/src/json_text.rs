//! JSON as other programs write it, including what the JSON parser rejects: Python's bare
//! `NaN` and `Infinity`, and halves of surrogate pairs.
//!
//! A bare `NaN` or `Infinity` becomes a string, half a surrogate pair the replacement
//! character. Nothing else is repaired.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{error::ImportError, row::Place};

/// An object and its position in the file.
pub(crate) type Placed = (Place, Map<String, Value>);

/// Most values in one file. A value takes far more memory than its text.
const MAX_VALUES: usize = 10_000_000;

/// Checks that a JSON text does not hold more values than are read. Counts the marks between
/// values, so that commas inside texts count, too.
pub(crate) fn check_size(path: &Path, text: &str) -> Result<(), ImportError> {
    let marks = text
        .bytes()
        .filter(|byte| matches!(byte, b',' | b'[' | b'{'))
        .count();
    if marks <= MAX_VALUES {
        return Ok(());
    }
    Err(ImportError::new(
        path,
        format!("the file holds more than {MAX_VALUES} values; at most that many are read"),
    )
    .hint("split it into several files"))
}

/// Parses JSON; if that fails, repairs Python's deviations and tries once more.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text).or_else(|error| match mend(text) {
        Some(mended) => serde_json::from_str(&mended),
        None => Err(error),
    })
}

/// The objects of a JSONL file or of one JSON list.
pub(crate) fn objects(path: &Path, text: &str) -> Result<Vec<Placed>, ImportError> {
    if text.trim_start().starts_with('[') {
        let entries: Vec<Value> = parse(text).map_err(|error| fault(path, &error))?;
        return entries
            .into_iter()
            .enumerate()
            .map(|(index, entry)| {
                object(path, Place::Member(format!("entry {}", index + 1)), entry)
            })
            .collect();
    }
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            let place = Place::Line(index as u64 + 1);
            let value = parse(line).map_err(|error| fault(path, &error).at(&place))?;
            object(path, place, value)
        })
        .collect()
}

fn object(path: &Path, place: Place, value: Value) -> Result<Placed, ImportError> {
    match value {
        Value::Object(object) => Ok((place, object)),
        other => Err(
            ImportError::new(path, format!("expected an object, found {}", kind(&other)))
                .at(&place),
        ),
    }
}

/// A parser's error, with the line number moved from its text to the error's `line`.
pub(crate) fn fault(path: &Path, error: &serde_json::Error) -> ImportError {
    let text = error.to_string();
    let what = match text.split(" at line ").next().unwrap_or(&text) {
        what if what.contains("recursion limit") => "it is nested more than 120 levels deep",
        what => what,
    };
    let fault = ImportError::new(path, format!("this is not valid JSON: {what}"));
    match error.line() {
        0 => fault,
        line => fault.at(&Place::Line(line as u64)),
    }
}

/// The kind of a value with its article, for messages.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A text (trimmed), number or boolean as text; `None` for anything else and for blank text.
pub(crate) fn word(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number, or a text that parses as one; may be NaN.
pub(crate) fn number(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The first count found at one of the JSON `pointers`; 0 if there is none.
pub(crate) fn count(value: &Value, pointers: &[&str]) -> u64 {
    pointers
        .iter()
        .find_map(|pointer| value.pointer(pointer).and_then(Value::as_u64))
        .unwrap_or(0)
}

/// Repairs Python's deviations; `None` if there are none.
fn mend(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut mended = String::new();
    let mut copied = 0;
    let mut at = 0;
    let mut inside = false;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let (wrong, right) = match (inside, byte) {
            (_, b'"') => {
                inside = !inside;
                at += 1;
                continue;
            }
            // Lengths in bytes: `\uXXXX` is 6, a pair of them 12, any other escape 2 (the
            // rest of a `\uXXXX` outside the surrogates is ordinary text).
            (true, b'\\') => match surrogates(rest) {
                Surrogates::Lone => (6, "\\ufffd"),
                Surrogates::Pair => {
                    at += 12;
                    continue;
                }
                Surrogates::None => {
                    at += 2;
                    continue;
                }
            },
            (false, b'N') if rest.starts_with(b"NaN") => (3, "\"NaN\""),
            (false, b'I') if rest.starts_with(b"Infinity") => (8, "\"Infinity\""),
            (false, b'-') if rest.starts_with(b"-Infinity") => (9, "\"-Infinity\""),
            _ => {
                at += 1;
                continue;
            }
        };
        mended.push_str(text.get(copied..at).unwrap_or_default());
        mended.push_str(right);
        at += wrong;
        copied = at;
    }
    (copied > 0).then(|| {
        mended.push_str(text.get(copied..).unwrap_or_default());
        mended
    })
}

/// Surrogates at the start of an escape: none, half a pair, or a whole pair.
enum Surrogates {
    None,
    Lone,
    Pair,
}

fn surrogates(escape: &[u8]) -> Surrogates {
    match (unit(escape), escape.get(6..).and_then(unit)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => Surrogates::Pair,
        (Some(0xd800..=0xdfff), _) => Surrogates::Lone,
        _ => Surrogates::None,
    }
}

/// The UTF-16 code unit of a `\uXXXX` escape.
fn unit(escape: &[u8]) -> Option<u32> {
    let digits = escape.strip_prefix(b"\\u")?.get(..4)?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_json_is_read() {
        for (text, expected) in [
            (r#"{"a": NaN, "b": "NaN"}"#, r#"{"a":"NaN","b":"NaN"}"#),
            (
                r"[Infinity, -Infinity, -1]",
                r#"["Infinity","-Infinity",-1]"#,
            ),
            (
                r#"["\ud83d", "\ud83d\ude00 \\ud83d"]"#,
                "[\"\u{fffd}\",\"\u{1f600} \\\\ud83d\"]",
            ),
            (r#"["é\"NaN", NaN]"#, r#"["é\"NaN","NaN"]"#),
        ] {
            assert_eq!(parse::<Value>(text).unwrap().to_string(), expected);
        }
        assert!(parse::<Value>("{nan}").is_err());
    }
}
