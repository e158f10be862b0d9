//! Wire format of Anthropic's Messages API, which has no seed.

use nocere_core::{ChatReply, ChatRequest, Finish, Role, Usage};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::{Unreadable, Wire, null_default, number, reply, role_and_text};

/// The `/messages` endpoint.
pub(crate) struct Anthropic;

impl Wire for Anthropic {
    fn endpoint(&self, base_url: &str, _model: &str) -> String {
        format!("{base_url}/messages")
    }

    fn authorization(&self, key: &str) -> (&'static str, String) {
        ("x-api-key", key.to_owned())
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", "2023-06-01")]
    }

    fn body(&self, model: &str, request: &ChatRequest) -> Value {
        let sampling = &request.sampling;
        let system: Vec<_> = request
            .messages
            .iter()
            .filter(|message| message.role == Role::System)
            .map(nocere_core::Message::text)
            .collect();
        let messages: Vec<_> = request
            .messages
            .iter()
            .filter(|message| message.role != Role::System)
            .map(role_and_text)
            .collect();
        let mut body = json!({
            "model": model,
            "messages": messages,
            "max_tokens": sampling.max_tokens,
            "temperature": number(sampling.temperature),
        });
        if !system.is_empty() {
            body["system"] = Value::from(system.join("\n\n"));
        }
        if sampling.top_p < 1.0 {
            body["top_p"] = number(sampling.top_p);
        }
        if !sampling.stop.is_empty() {
            body["stop_sequences"] = json!(sampling.stop);
        }
        body
    }

    fn read(&self, body: &[u8]) -> Result<ChatReply, Unreadable> {
        let message: Message = serde_json::from_slice(body)?;
        let mut text = String::new();
        let mut thinking = String::new();
        for block in message.content {
            text.push_str(block.text.as_deref().unwrap_or(""));
            thinking.push_str(block.thinking.as_deref().unwrap_or(""));
        }
        let finish = match message.stop_reason.as_deref() {
            None | Some("end_turn" | "stop_sequence") => Finish::Stop,
            Some("max_tokens" | "model_context_window_exceeded") => Finish::Length,
            Some("refusal") => Finish::Refusal,
            Some(other) => Finish::Other(other.to_owned()),
        };
        let usage = message.usage;
        Ok(ChatReply {
            usage: Usage {
                input_tokens: usage.input_tokens
                    + usage.cache_read_input_tokens.unwrap_or(0)
                    + usage.cache_creation_input_tokens.unwrap_or(0),
                output_tokens: usage.output_tokens,
                cached_tokens: usage.cache_read_input_tokens.unwrap_or(0),
                reasoning_tokens: 0,
            },
            response_id: message.id,
            served_model: message.model,
            ..reply(&text, Some(thinking), finish)
        })
    }

    fn reply_name(&self) -> &'static str {
        "message"
    }
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    model: Option<String>,
    content: Vec<Block>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    usage: ReplyUsage,
}

#[derive(Deserialize)]
struct Block {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ReplyUsage {
    #[serde(deserialize_with = "null_default")]
    input_tokens: u64,
    #[serde(deserialize_with = "null_default")]
    output_tokens: u64,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
}
