//! What a message says: its text, apart from reasoning, tools and pictures.
//!
//! Programs write an answer as a text, as a list of parts, or as an object around either. Only
//! what is addressed to the asker is the answer: calls of tools and their results are left out,
//! and a picture or a sound is named in brackets.

use serde_json::Value;

use crate::notes::Notes;

/// Deepest object around an answer.
const MAX_WRAPPERS: usize = 4;

/// The content of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) text: String,
    pub(crate) reasoning: Option<String>,
    /// True if the program marks the message as a refusal.
    pub(crate) refused: bool,
    /// True if there is nothing but tools.
    pub(crate) only_tools: bool,
}

/// Reads a message's content. `resolve` turns a text into what it refers to, as Inspect's
/// references to attachments do.
pub(crate) fn content(
    value: Option<&Value>,
    resolve: &dyn Fn(&str) -> String,
    notes: &mut Notes,
) -> Content {
    let mut read = Reading::default();
    match value {
        Some(Value::Array(parts)) => {
            for part in parts {
                read.part(part, resolve, notes);
            }
        }
        Some(part @ (Value::Object(_) | Value::String(_))) => read.part(part, resolve, notes),
        _ => {}
    }
    Content {
        only_tools: read.tools && read.texts.is_empty(),
        text: read.texts.join("\n"),
        reasoning: (!read.thoughts.is_empty()).then(|| read.thoughts.join("\n")),
        refused: read.refused,
    }
}

/// Reads an answer that may be wrapped in a message, a choice or a whole reply. `None` if the
/// object is none of these: then it is the answer itself, such as structured output.
pub(crate) fn answer(value: &Value, notes: &mut Notes) -> Option<Content> {
    let mut inner = value;
    for _ in 0..MAX_WRAPPERS {
        inner = match inner {
            Value::String(_) => return Some(content(Some(inner), &str::to_owned, notes)),
            // Of several messages, the last one of the model is the answer.
            Value::Array(list) if list.iter().any(|part| part.get("role").is_some()) => list
                .iter()
                .rev()
                .find(|message| message.get("role").is_some_and(is_model))?,
            Value::Array(list) => {
                let is_part = |part: &Value| part.get("type").is_some_and(Value::is_string);
                let parts = !list.is_empty() && list.iter().all(is_part);
                return parts.then(|| content(Some(inner), &str::to_owned, notes));
            }
            Value::Object(object) => {
                if object.get("role").is_some_and(is_model) || is_message(inner) {
                    return Some(message(inner, notes));
                }
                ["message", "choices", "output"]
                    .iter()
                    .find_map(|key| object.get(*key))
                    .filter(|value| value.is_object() || value.is_array())
                    .map(|value| match value {
                        Value::Array(list) if object.contains_key("choices") => {
                            list.first().unwrap_or(value)
                        }
                        value => value,
                    })?
            }
            _ => return None,
        };
    }
    None
}

/// Returns true for the roles that programs give to the model.
fn is_model(role: &Value) -> bool {
    matches!(role.as_str(), Some("assistant" | "model" | "ai"))
}

/// Returns true for an object that holds nothing but what a message has.
fn is_message(value: &Value) -> bool {
    const KEYS: [&str; 12] = [
        "content",
        "reasoning",
        "reasoning_content",
        "thinking",
        "refusal",
        "tool_calls",
        "name",
        "id",
        "type",
        "annotations",
        "audio",
        "function_call",
    ];
    value.as_object().is_some_and(|object| {
        object.contains_key("content") && object.keys().all(|key| KEYS.contains(&key.as_str()))
    })
}

/// A message with its reasoning and its refusal, which some programs keep beside the content.
fn message(message: &Value, notes: &mut Notes) -> Content {
    let beside = |names: &[&str]| {
        let text = |name: &&str| message.get(*name)?.as_str();
        let found = names.iter().find_map(text);
        found
            .filter(|text| !text.trim().is_empty())
            .map(str::to_owned)
    };
    let mut said = content(message.get("content"), &str::to_owned, notes);
    said.reasoning = said
        .reasoning
        .or_else(|| beside(&["reasoning_content", "reasoning", "thinking"]));
    if let Some(refusal) = beside(&["refusal"]) {
        said.refused = true;
        if said.text.trim().is_empty() {
            said.text = refusal;
        }
    }
    said
}

#[derive(Default)]
struct Reading {
    texts: Vec<String>,
    thoughts: Vec<String>,
    refused: bool,
    tools: bool,
}

impl Reading {
    fn part(&mut self, part: &Value, resolve: &dyn Fn(&str) -> String, notes: &mut Notes) {
        if let Value::String(text) = part {
            self.texts.push(resolve(text));
            return;
        }
        let field = |name: &str| part.get(name).and_then(Value::as_str);
        let kind = field("type").unwrap_or(if field("text").is_some() {
            "text"
        } else {
            "part"
        });
        // Gemini marks a thought beside its text.
        let is_thought = part.get("thought") == Some(&Value::Bool(true));
        match kind {
            "text" | "output_text" | "input_text" if !is_thought => {
                if let Some(text) = field("text") {
                    self.texts.push(resolve(text));
                }
            }
            "refusal" => {
                self.refused = true;
                self.texts.extend(field("refusal").map(resolve));
            }
            "reasoning" | "thinking" | "redacted_thinking" | "text" | "output_text"
            | "input_text" => {
                let thought = ["reasoning", "thinking", "summary", "text"]
                    .iter()
                    .find_map(|name| field(name));
                self.thoughts.extend(thought.map(resolve));
            }
            "image" | "image_url" | "input_image" | "audio" | "input_audio" | "video"
            | "document" | "file" | "input_file" => {
                self.texts.push(format!("[{kind}]"));
                notes.count(
                    "part of a message is not text: its kind is given in brackets instead",
                    "parts of messages are not text: their kinds are given in brackets instead",
                );
            }
            _ => {
                self.tools = true;
                notes.count(
                    "part of a message is of a tool or of an unknown kind, not the answer: left out",
                    "parts of messages are of tools or of unknown kinds, not the answer: left out",
                );
            }
        }
        self.refused |= part.get("refusal") == Some(&Value::Bool(true));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_answer_is_what_is_said_to_the_asker() {
        for (value, text) in [
            (json!("plain"), Some("plain")),
            (
                json!({"role": "assistant", "content": "said"}),
                Some("said"),
            ),
            (
                json!({"content": [{"type": "text", "text": "a"}]}),
                Some("a"),
            ),
            (
                json!([{"type": "text", "text": "a"}, {"type": "tool_use", "name": "s", "arguments": "{}"},
                       {"type": "server_tool_use", "name": "s"}, {"type": "web_search_tool_result", "content": []},
                       {"type": "text", "text": "b"}]),
                Some("a\nb"),
            ),
            (
                json!([{"role": "user", "content": "q"}, {"role": "assistant", "content": "z"}]),
                Some("z"),
            ),
            (
                json!({"choices": [{"message": {"role": "assistant", "content": "c"}}]}),
                Some("c"),
            ),
            (
                json!({"role": "assistant", "content": null, "tool_calls": [{}]}),
                Some(""),
            ),
            (
                json!({"role": "assistant", "content": "", "refusal": "No."}),
                Some("No."),
            ),
            (json!({"a": 1}), None),
            (json!({"content": "x", "dose": 2}), None),
            (json!([1, 2]), None),
            (json!([]), None),
        ] {
            let said = answer(&value, &mut Notes::default());
            assert_eq!(
                said.as_ref().map(|said| said.text.as_str()),
                text,
                "{value}"
            );
        }
    }

    #[test]
    fn thoughts_and_refusals_are_kept_apart() {
        let value = json!({"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm"}, {"type": "refusal", "refusal": "No."}]});
        let said = answer(&value, &mut Notes::default()).unwrap();
        assert_eq!((said.text.as_str(), said.refused), ("No.", true));
        assert_eq!(said.reasoning.as_deref(), Some("hm"));
        let value = json!([{"type": "text", "text": "hm", "thought": true}]);
        let said = answer(&value, &mut Notes::default()).unwrap();
        assert_eq!(
            (said.text.as_str(), said.reasoning.as_deref()),
            ("", Some("hm"))
        );
    }

    #[test]
    fn nothing_but_tools_is_told_from_an_empty_text() {
        let tools = json!([{"type": "tool_use"}, {"type": "mcp_tool_use"}]);
        assert!(content(Some(&tools), &str::to_owned, &mut Notes::default()).only_tools);
        let empty = json!("");
        assert!(!content(Some(&empty), &str::to_owned, &mut Notes::default()).only_tools);
    }
}
