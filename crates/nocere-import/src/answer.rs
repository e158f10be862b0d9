//! Parts of recorded answers that all formats share: the finish reason, reasoning in the
//! text, failed calls, and chats written as lists of messages.

use nocere_core::{ChatReply, Finish, Message, ModelError, Remark, Role};
use serde_json::Value;

use crate::{json_text, notes::Notes};

/// The finish reason, from the words that programs and providers use. No word at all is taken as
/// a whole answer: many programs do not record it.
pub(crate) fn finish(word: &str) -> Finish {
    if word.trim().is_empty() {
        return Finish::Stop;
    }
    Finish::of_word(word)
}

/// An answer's text, with thoughts moved to the reasoning.
pub(crate) fn reply(text: &str, finish: Finish, notes: &mut Notes) -> ChatReply {
    let reply = ChatReply::split(text, None, finish);
    if reply.reasoning.is_some() {
        notes.count(
            "answer holds the model's thoughts: kept apart as reasoning",
            "answers hold the model's thoughts: kept apart as reasoning",
        );
    }
    if reply.remarks.contains(&Remark::ThoughtsUnsure) {
        notes.count(
            "answer has a tag of thoughts amid its text: it may not be split rightly",
            "answers have a tag of thoughts amid their text: they may not be split rightly",
        );
    }
    reply
}

/// The error for a conversation without an answer; counts it in the notes.
pub(crate) fn failure(message: Option<&str>, notes: &mut Notes) -> ModelError {
    notes.count(
        "row has no answer: kept as failed",
        "rows have no answer: kept as failed",
    );
    request_error(message.unwrap_or("no answer was recorded"))
}

/// An error from the first line of `message`, at most 500 characters.
pub(crate) fn request_error(message: &str) -> ModelError {
    let line = message.trim().lines().next().unwrap_or("");
    ModelError::Request {
        message: if line.is_empty() {
            "the recording names no reason".to_owned()
        } else {
            line.chars().take(500).collect()
        },
    }
}

/// Reads a chat written as a list of `{role, content}`; `None` for anything else.
pub(crate) fn chat(value: &Value) -> Option<Vec<Message>> {
    let messages = value.as_array().filter(|list| !list.is_empty())?;
    messages
        .iter()
        .map(|message| {
            let role = match message.get("role")?.as_str()? {
                "system" | "developer" => Role::System,
                "user" => Role::User,
                "assistant" => Role::Assistant,
                _ => return None,
            };
            Some(Message::new(role, parts(message.get("content")?)?))
        })
        .collect()
}

/// A prompt's messages: those of a chat if `text` is one as JSON, else one user message.
pub(crate) fn prompt(text: &str) -> Vec<Message> {
    let listed = text.trim_start().starts_with('[');
    listed
        .then(|| json_text::parse(text).ok())
        .flatten()
        .and_then(|value| chat(&value))
        .unwrap_or_else(|| vec![Message::new(Role::User, text)])
}

/// Removes the leading system messages from a chat and returns their joined text.
pub(crate) fn take_system(messages: &mut Vec<Message>) -> Option<String> {
    let leading = messages
        .iter()
        .take_while(|message| message.role == Role::System)
        .count();
    let texts: Vec<String> = messages
        .drain(..leading)
        .map(|message| message.text().into_owned())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// A message's content: a text, or the joined texts of a list of parts. `None` if a part
/// has no text.
fn parts(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => {
            let texts: Option<Vec<&str>> = list
                .iter()
                .map(|part| part.get("text").and_then(Value::as_str))
                .collect();
            Some(texts?.join("\n"))
        }
        _ => None,
    }
}
