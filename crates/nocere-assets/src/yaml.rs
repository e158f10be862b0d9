//! YAML that people write, and its faults in their words.
//!
//! The YAML library says what its parser expected ("expected mapping start"). Who wrote the file
//! needs to know what is there, and what to write instead.

use serde::de::DeserializeOwned;
use serde_saphyr::{Error, Options};

/// Most values in one file: enough for a suite of some 200,000 probes.
const MAX_NODES: usize = 5_000_000;

/// Most text in one file, in bytes: as much as a file is read of.
const MAX_TEXT: usize = 256 * 1024 * 1024;

/// Longest excerpt of a file in a message, in characters.
const MAX_EXCERPT: usize = 40;

/// A fault in a YAML text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlFault {
    /// Line number, from 1, if known.
    pub line: Option<u64>,
    /// The fault, as a lower-case fragment.
    pub message: String,
    /// What to write instead, if that is known.
    pub hint: Option<String>,
}

/// Reads one YAML document. The limits are those of large suites; a text beyond them should be
/// JSONL, which is read line by line.
///
/// # Errors
///
/// The text is not YAML, is not what `T` needs, or is beyond the limits.
pub fn read_yaml<T: DeserializeOwned>(text: &str) -> Result<T, YamlFault> {
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
        let fault = explain_yaml(&error);
        match (error.without_snippet(), error.location()) {
            (Error::Unexpected { .. } | Error::SerdeInvalidType { .. }, Some(location)) => {
                with_excerpt(fault, text, location.line(), location.column())
            }
            _ => fault,
        }
    })
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES,
            max_events: MAX_NODES * 2,
            max_total_scalar_bytes: MAX_TEXT,
        },
    }
}

/// The fault behind an error of the YAML library.
pub fn explain_yaml(error: &Error) -> YamlFault {
    let (message, hint) = told(error.without_snippet());
    YamlFault {
        line: error.location().map(|location| location.line()),
        message,
        hint,
    }
}

/// Adds what stands at the place where something else was expected.
fn with_excerpt(mut fault: YamlFault, text: &str, line: u64, column: u64) -> YamlFault {
    let (Some(line), Some(column)) = (line.checked_sub(1), column.checked_sub(1)) else {
        return fault;
    };
    let found: String = text
        .lines()
        .nth(line as usize)
        .unwrap_or("")
        .chars()
        .skip(column as usize)
        .take(MAX_EXCERPT + 1)
        .collect();
    let found = found.trim();
    if !found.is_empty() && !found.contains(char::is_control) {
        let shown: String = found.chars().take(MAX_EXCERPT).collect();
        let more = if shown.len() < found.len() { "…" } else { "" };
        fault.message = format!("{}, found `{shown}{more}`", fault.message);
    }
    fault
}

/// The message and the hint for an error.
fn told(error: &Error) -> (String, Option<String>) {
    let hinted = |message: &str, hint: &str| (message.to_owned(), Some(hint.to_owned()));
    match error {
        Error::Unexpected { expected, .. } => match *expected {
            "mapping start" => hinted(
                "expected fields, each as `name: value`",
                "write each field on a line of its own, as in `id: dosing`, with a space after the colon",
            ),
            "sequence start" => hinted(
                "expected a list",
                "write a list as `[one, two]`, or as lines that begin with `- `",
            ),
            "string scalar" | "scalar" => hinted(
                "expected one text, not a list or fields",
                "put a text that begins with `[` or `{`, or that holds `: `, in quotes",
            ),
            other => (format!("expected {other}"), None),
        },
        Error::SerdeInvalidType {
            unexpected,
            expected,
            ..
        } => (
            format!("expected {}, not {unexpected}", readable(expected)),
            None,
        ),
        Error::SerdeMissingField { field, .. } => (format!("missing field `{field}`"), None),
        Error::Eof { .. } => hinted(
            "the text ends where more is expected",
            "the file may be empty or cut off",
        ),
        Error::NullIntoString { .. } => hinted(
            "expected a text, and there is nothing after the colon",
            "write a text, or `\"\"` for an empty one",
        ),
        Error::MultipleDocuments { .. } => hinted(
            "a second document begins here, and one is read",
            "take the line `---` out, or put each document in a file of its own",
        ),
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().map_or_else(
                || "a key stands twice".to_owned(),
                |key| format!("duplicate mapping key: {key} (a key may occur only once)"),
            );
            (key, None)
        }
        Error::Budget { breach, .. } => over_budget(breach),
        Error::ExternalMessage { msg, .. } => parser(msg),
        other => {
            let text = other.to_string();
            let message = text.split(" at line ").next().unwrap_or(&text);
            (message.to_owned(), None)
        }
    }
}

/// Serde's words for what it expected, for readers who know no Rust.
fn readable(expected: &str) -> &str {
    match expected {
        "map" | "a map" => "fields, each as `name: value`",
        "sequence" | "a sequence" => "a list",
        "string" | "a string" => "a text",
        other if other.starts_with("struct ") => "fields, each as `name: value`",
        other => other,
    }
}

fn over_budget(breach: &serde_saphyr::budget::BudgetBreach) -> (String, Option<String>) {
    use serde_saphyr::budget::BudgetBreach as Breach;
    match breach {
        Breach::Nodes { .. } | Breach::Events { .. } => (
            format!("the file holds more than {MAX_NODES} values; YAML is read up to that size"),
            Some(
                "write a suite of this size as JSONL: its header in the first line, then one \
                 probe in each line"
                    .to_owned(),
            ),
        ),
        Breach::ScalarBytes { .. } => (
            format!("the file holds more than {MAX_TEXT} bytes of text"),
            Some("split it into several files".to_owned()),
        ),
        Breach::Depth { .. } => (
            "lists and fields are nested too deeply here".to_owned(),
            Some(
                "no file of nocere's is nested this deeply; look for brackets that are not closed"
                    .to_owned(),
            ),
        ),
        Breach::Aliases { .. }
        | Breach::Anchors { .. }
        | Breach::AliasAnchorRatio { .. }
        | Breach::MergeKeys { .. } => (
            "the file refers to its own parts too often (`&name`, `*name`, `<<`)".to_owned(),
            Some("write the parts out".to_owned()),
        ),
        Breach::Documents { .. } => (
            "the file holds too many documents".to_owned(),
            Some("take the lines `---` out".to_owned()),
        ),
        _ => (
            "the file is larger or more entangled than YAML is read".to_owned(),
            None,
        ),
    }
}

/// The parser's own messages: the common mistakes in other words.
fn parser(message: &str) -> (String, Option<String>) {
    let hinted = |message: &str, hint: &str| (message.to_owned(), Some(hint.to_owned()));
    if message.contains("mapping values are not allowed") {
        hinted(
            "a second `: ` stands in this line, or the line is indented too far",
            "put a text that holds `: ` in quotes",
        )
    } else if message.contains("tab") && !message.contains("table") {
        hinted(
            "a tab stands where YAML allows spaces only",
            "indent with spaces",
        )
    } else if message.contains("did not find expected key")
        || message.contains("did not find expected '-'")
        || message.contains("invalid indentation")
        || message.contains("simple key")
    {
        hinted(
            "this line does not continue what stands above it",
            "check its indentation, the quotes above it, and that each field is `name: value`",
        )
    } else if message.contains("trailing content after") {
        hinted(
            "something stands after the closing quote",
            "write a quote inside a quoted text twice ('') or as \\\"",
        )
    } else if message.contains("unknown escape") || message.contains("escape character") {
        hinted(
            "a backslash in double quotes begins an escape that YAML does not know",
            "write the backslash twice, or use single quotes",
        )
    } else if message.contains("',' or '}'")
        || message.contains("',' or ']'")
        || message.contains("unclosed")
    {
        hinted(
            "a bracket is not closed, or a comma is missing",
            "put a text that begins with `[` or `{` in quotes",
        )
    } else if message.contains("unexpected character")
        || message.contains("expected node content")
        || message.contains("anchor")
    {
        hinted(
            "a text begins with a character that means something in YAML",
            "put a text that begins with one of @ ` % & * ! | > ' \" # [ ] { } , in quotes",
        )
    } else {
        (format!("this is not valid YAML: {message}"), None)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[expect(dead_code, reason = "only read")]
        id: String,
        #[serde(default)]
        parts: Vec<Part>,
    }

    #[derive(Debug, Deserialize)]
    struct Part {
        #[expect(dead_code, reason = "only read")]
        title: String,
    }

    fn fault(text: &str) -> String {
        let fault = read_yaml::<File>(text).unwrap_err();
        format!(
            "{}: {} [{}]",
            fault.line.unwrap_or(0),
            fault.message,
            fault.hint.unwrap_or_default()
        )
    }

    #[test]
    fn mistakes_are_told_in_the_writers_words() {
        for (text, expected) in [
            (
                "hello\n",
                "1: expected fields, each as `name: value`, found `hello`",
            ),
            (
                "- id: a\n",
                "1: expected fields, each as `name: value`, found `- id: a`",
            ),
            ("id: a\nparts: none\n", "2: expected a list, found `none`"),
            (
                "id: a\nparts: [none]\n",
                "2: expected fields, each as `name: value`, found `none]`",
            ),
            (
                "id: [a]\n",
                "1: expected one text, not a list or fields, found `[a]`",
            ),
            (
                "id:\n",
                "1: expected a text, and there is nothing after the colon",
            ),
            ("parts: []\n", "1: missing field `id`"),
            ("id: a: b\n", "1: a second `: ` stands in this line"),
            (
                "id: a\n\tparts: []\n",
                ": a tab stands where YAML allows spaces only",
            ),
            ("id: 'a' b\n", "1: something stands after the closing quote"),
            (
                "id: \"\\q\"\n",
                "1: a backslash in double quotes begins an escape",
            ),
            (
                "id: @home\n",
                "1: a text begins with a character that means something",
            ),
            (
                "id: a\nid: b\n",
                "2: duplicate mapping key: id (a key may occur only once)",
            ),
            ("id: a\n---\nid: b\n", "a second document begins here"),
        ] {
            let told = fault(text);
            assert!(told.contains(expected), "{text:?}\n{told}");
            assert!(!told.contains("mapping start"), "{told}");
        }
    }

    #[test]
    fn a_hundred_thousand_probes_are_read_and_a_bomb_is_named() {
        let part = "- {title: 't'}\n";
        let many = format!("id: a\nparts:\n{}", part.repeat(100_000));
        assert_eq!(read_yaml::<File>(&many).unwrap().parts.len(), 100_000);
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let deep = read_yaml::<serde::de::IgnoredAny>(&deep).unwrap_err();
        assert!(deep.message.contains("nested too deeply"), "{deep:?}");
        let entangled = format!(
            "a: &a [{}]\nb: [{}]\n",
            "x,".repeat(9),
            "*a,".repeat(60_000)
        );
        let entangled = read_yaml::<serde::de::IgnoredAny>(&entangled).unwrap_err();
        assert!(entangled.message.contains("its own parts"), "{entangled:?}");
    }
}
