//! Reads fields of replies leniently: a side field of another type than expected counts as not
//! said. An answer that is there is never lost because of a field beside it.

use nocere_core::{ChatReply, Ending, Finish, Usage, finish::LONGEST_WORD, text::shorten};
use serde_json::Value;

use crate::wire::Unreadable;

/// Largest number of tokens that is believed. A larger number is taken as this one.
const MOST_TOKENS: u64 = 1 << 40;

/// A number of tokens; 0 if it is missing or cannot be one.
pub(crate) fn tokens(value: &Value) -> u64 {
    let number = match value {
        Value::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().map(|n| n as u64)),
        Value::String(text) => text.trim().parse::<f64>().ok().map(|n| n as u64),
        _ => None,
    };
    number.unwrap_or(0).min(MOST_TOKENS)
}

/// The usage of a call. Parts never exceed the whole that they belong to.
pub(crate) fn usage(input: u64, output: u64, cached: u64, reasoning: u64) -> Usage {
    Usage {
        input_tokens: input.min(MOST_TOKENS),
        output_tokens: output.min(MOST_TOKENS),
        cached_tokens: cached.min(input),
        reasoning_tokens: reasoning.min(output),
    }
}

/// A text that is not empty.
pub(crate) fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// A short text such as an id, of at most 200 characters on one line.
pub(crate) fn label(value: &Value) -> Option<String> {
    Some(shorten(text(value)?, 200))
}

/// A word that says why the answer ended; `None` if the server does not say.
pub(crate) fn word(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(word) if word.trim().is_empty() => None,
        Value::String(word) => Some(word.clone()),
        other => Some(other.to_string()),
    }
}

/// Text and thoughts of a message's content.
#[derive(Default)]
pub(crate) struct Content {
    pub(crate) text: String,
    pub(crate) thoughts: String,
    pub(crate) refusal: String,
    /// True if the model called a tool and waits for what it says.
    pub(crate) calls_tool: bool,
}

impl Content {
    /// Adds `value`: a text, a part, or a list of parts. Parts of tools are not the answer.
    pub(crate) fn add(&mut self, value: &Value) -> Result<(), Unreadable> {
        match value {
            Value::Null => {}
            Value::String(text) => self.text.push_str(text),
            Value::Array(parts) => {
                for part in parts {
                    self.add_part(part);
                }
            }
            Value::Object(_) => self.add_part(value),
            other => {
                return Err(Unreadable::new(format!(
                    "content is neither text nor a list of parts: {other}"
                )));
            }
        }
        Ok(())
    }

    fn add_part(&mut self, part: &Value) {
        if let Value::String(text) = part {
            self.text.push_str(text);
            return;
        }
        let kind = part["type"].as_str().unwrap_or("text");
        match kind {
            "text" | "output_text" | "input_text" => {
                // Some servers nest the text once more.
                let said = part["text"]
                    .as_str()
                    .or_else(|| part["text"]["value"].as_str());
                self.calls_tool |= part["functionCall"].is_object();
                let is_thought =
                    part["thought"].as_bool() == Some(true) || part["thought"] == "true";
                if is_thought {
                    self.thoughts.push_str(said.unwrap_or(""));
                } else {
                    self.text.push_str(said.unwrap_or(""));
                }
            }
            "refusal" => self
                .refusal
                .push_str(part["refusal"].as_str().unwrap_or("")),
            "tool_use" | "tool_call" | "tool_calls" | "function_call" | "function" => {
                self.calls_tool = true;
            }
            kind if kind.contains("think") || kind.contains("reason") => {
                for field in ["thinking", "reasoning", "text", "summary", "content"] {
                    self.add_thoughts(&part[field]);
                }
            }
            _ => {}
        }
    }

    /// Adds thoughts: a text, or a list of texts or parts. Anything else is not said.
    pub(crate) fn add_thoughts(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.thoughts.push_str(text),
            Value::Array(parts) => {
                for part in parts {
                    let said = part.as_str().or_else(|| {
                        ["text", "thinking", "summary"]
                            .iter()
                            .find_map(|field| part[*field].as_str())
                    });
                    self.thoughts.push_str(said.unwrap_or(""));
                }
            }
            _ => {}
        }
    }

    /// The reply, with what `word` says about how it ended.
    ///
    /// # Errors
    ///
    /// If the word says that the server failed while the model was answering.
    pub(crate) fn reply(self, word: Option<&str>) -> Result<ChatReply, Unreadable> {
        let Self {
            text,
            thoughts,
            refusal,
            calls_tool,
        } = self;
        let ending = word.map_or(Some(Ending::Whole), Ending::of);
        if ending == Some(Ending::Transient) {
            return Err(Unreadable::new(format!(
                "the server ended the answer with `{}`",
                word.unwrap_or_default()
            )));
        }
        let finish = match word.map_or(Finish::Stop, Finish::of_word) {
            // Whatever the word says, an answer that waits for a tool is not whole.
            Finish::Stop if calls_tool || text.trim_start().starts_with("<tool_call>") => {
                Finish::Other("tool call".to_owned())
            }
            Finish::Stop if !refusal.is_empty() => Finish::Refusal,
            finish => finish,
        };
        // A refusal is the model's answer in another field: it is judged like any text.
        let text = if text.is_empty() { refusal } else { text };
        let mut reply = ChatReply::split(&text, Some(thoughts), finish);
        if matches!(reply.finish, Finish::ContentFilter | Finish::Refusal) {
            reply.finish_word = word.map(|word| shorten(word, LONGEST_WORD));
        }
        Ok(reply)
    }
}
