//! Wire format of Anthropic's Messages API, which has no seed.

use nocere_core::{ChatReply, ChatRequest, Role};
use serde_json::{Value, json};

use crate::{
    fields::{self, Content},
    wire::{Unreadable, Wire, number, with_images},
};

/// A message with its images in base64.
fn message(message: &nocere_core::Message) -> Value {
    with_images(message, |text, shown| {
        let images = shown.iter().map(|(media_type, data)| {
            let source = json!({"type": "base64", "media_type": media_type, "data": data});
            json!({"type": "image", "source": source})
        });
        images
            .chain([json!({"type": "text", "text": text})])
            .collect()
    })
}

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
            .map(message)
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

    fn read_value(&self, body: &Value) -> Result<ChatReply, Unreadable> {
        if body["content"].is_null() && fields::word(&body["stop_reason"]).is_none() {
            return Err(Unreadable::new("it has no content"));
        }
        let mut content = Content::default();
        content.add(&body["content"])?;
        // The format always has one.
        let word = fields::word(&body["stop_reason"]).or_else(|| Some("no stop reason".to_owned()));
        let usage = &body["usage"];
        let cached = fields::tokens(&usage["cache_read_input_tokens"]);
        let input = fields::tokens(&usage["input_tokens"])
            .saturating_add(cached)
            .saturating_add(fields::tokens(&usage["cache_creation_input_tokens"]));
        Ok(ChatReply {
            usage: fields::usage(input, fields::tokens(&usage["output_tokens"]), cached, 0),
            response_id: fields::label(&body["id"]),
            served_model: fields::label(&body["model"]),
            ..content.reply(word.as_deref())?
        })
    }

    fn reply_name(&self) -> &'static str {
        "message"
    }
}
