//! How recorded answers are read, whatever the format: why they ended, what was thought
//! aloud, and chats written as lists of messages.

use nocere_core::{ChatReply, Finish, Message, ModelError, Role, split_reasoning};
use serde_json::Value;

use crate::{json_text, notes::Notes};

/// Why a model stopped, from the words that programs and providers use.
pub(crate) fn finish(word: &str) -> Finish {
    match word.trim().to_ascii_lowercase().as_str() {
        "" | "stop" | "end_turn" | "eos" | "stop_sequence" | "completed" => Finish::Stop,
        "length" | "max_tokens" | "max_output_tokens" => Finish::Length,
        "content_filter" | "content-filter" | "safety" => Finish::ContentFilter,
        "refusal" => Finish::Refusal,
        _ => Finish::Other(word.trim().to_owned()),
    }
}

/// An answer's text with a leading `<think>` block kept apart.
pub(crate) fn reply(text: &str, finish: Finish, notes: &mut Notes) -> ChatReply {
    let (reasoning, answer) = split_reasoning(text);
    if reasoning.is_some() {
        notes.count(
            "answer begins with a <think> block: kept apart as reasoning",
            "answers begin with a <think> block: kept apart as reasoning",
        );
    }
    let mut reply = ChatReply::of_text(answer);
    reply.reasoning = reasoning;
    reply.finish = finish;
    reply
}

/// The error of a conversation that has no answer.
pub(crate) fn failure(message: Option<&str>, notes: &mut Notes) -> ModelError {
    notes.count(
        "row has no answer: kept as failed",
        "rows have no answer: kept as failed",
    );
    request_error(message.unwrap_or("no answer was recorded"))
}

/// An error in one line.
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

/// A chat written as a list of `{role, content}`; `None` if it is something else.
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

/// A prompt's text: a chat if it is one written as JSON, else one message of the user.
pub(crate) fn prompt(text: &str) -> Vec<Message> {
    let listed = text.trim_start().starts_with('[');
    listed
        .then(|| json_text::parse(text).ok())
        .flatten()
        .and_then(|value| chat(&value))
        .unwrap_or_else(|| vec![Message::new(Role::User, text)])
}

/// Takes the leading system messages out of a chat.
pub(crate) fn take_system(messages: &mut Vec<Message>) -> Option<String> {
    let leading = messages
        .iter()
        .take_while(|message| message.role == Role::System)
        .count();
    let texts: Vec<String> = messages
        .drain(..leading)
        .map(|message| message.content)
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// A message's content: text, or the texts of a list of parts.
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
