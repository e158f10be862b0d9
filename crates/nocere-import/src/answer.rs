//! Parts of recorded answers that all formats share: the finish reason, reasoning in the
//! text, failed calls, and chats written as lists of messages.

use nocere_core::{ChatReply, Finish, Message, ModelError, Remark, Role};
use serde_json::Value;

use crate::{content::content, json_text, notes::Notes};

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

/// Reads a chat written as a list of `{role, content}`; `None` for anything else. Messages of
/// tools are left out.
pub(crate) fn chat(value: &Value, notes: &mut Notes) -> Option<Vec<Message>> {
    let listed = value.as_array().filter(|list| !list.is_empty())?;
    let mut messages = Vec::new();
    for message in listed {
        let role = match message.get("role")?.as_str()? {
            "system" | "developer" => Role::System,
            "user" | "human" => Role::User,
            "assistant" | "model" | "ai" => Role::Assistant,
            "tool" | "function" => continue,
            _ => return None,
        };
        // A message that only calls a tool may lack the content, and says nothing.
        let said = match message.get("content") {
            None | Some(Value::Null) if message.get("tool_calls").is_some() => continue,
            content => content?,
        };
        let said = content(Some(said), &str::to_owned, notes);
        if !said.only_tools {
            messages.push(Message::new(role, said.text));
        }
    }
    (!messages.is_empty()).then_some(messages)
}

/// A prompt's messages: those of a chat if `text` is one as JSON, else one user message.
pub(crate) fn prompt(text: &str, notes: &mut Notes) -> Vec<Message> {
    let listed = text.trim_start().starts_with('[');
    listed
        .then(|| json_text::parse(text).ok())
        .flatten()
        .and_then(|value| chat(&value, notes))
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
