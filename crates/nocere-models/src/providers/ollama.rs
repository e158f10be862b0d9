//! Wire format of Ollama's native chat API.

use nocere_core::{ChatReply, ChatRequest, Message};
use serde_json::{Value, json};

use crate::{
    fields::{self, Content},
    wire::{Unreadable, Wire, images, number, seed, wants_json},
};

/// A message with its images beside the text.
fn message(message: &Message) -> Value {
    let mut entry = json!({"role": message.role.as_str(), "content": message.text()});
    let images: Vec<String> = images(message).into_iter().map(|(_, data)| data).collect();
    if !images.is_empty() {
        entry["images"] = json!(images);
    }
    entry
}

/// The `/api/chat` endpoint.
pub(crate) struct Ollama;

impl Wire for Ollama {
    fn endpoint(&self, base_url: &str, _model: &str) -> String {
        format!("{base_url}/api/chat")
    }

    fn body(&self, model: &str, request: &ChatRequest) -> Value {
        let sampling = &request.sampling;
        let mut options = json!({
            "temperature": number(sampling.temperature),
            "num_predict": sampling.max_tokens,
            "seed": seed(request),
            "num_ctx": context(request),
        });
        if sampling.top_p < 1.0 {
            options["top_p"] = number(sampling.top_p);
        }
        if !sampling.stop.is_empty() {
            options["stop"] = json!(sampling.stop);
        }
        let mut body = json!({
            "model": model,
            "messages": request.messages.iter().map(message).collect::<Vec<_>>(),
            "stream": false,
            "options": options,
        });
        if wants_json(request) {
            body["format"] = Value::from("json");
        }
        body
    }

    fn read_value(&self, body: &Value) -> Result<ChatReply, Unreadable> {
        let message = &body["message"];
        if !message.is_object() {
            return Err(Unreadable::new("it has no message"));
        }
        if body["done"].as_bool() != Some(true) {
            return Err(Unreadable::new("the answer is not done"));
        }
        let mut content = Content::default();
        content.add(&message["content"])?;
        content.add_thoughts(&message["thinking"]);
        let calls = message["tool_calls"].as_array();
        content.calls_tool |= calls.is_some_and(|calls| !calls.is_empty());
        let word = fields::word(&body["done_reason"]);
        Ok(ChatReply {
            usage: fields::usage(
                fields::tokens(&body["prompt_eval_count"]),
                fields::tokens(&body["eval_count"]),
                0,
                0,
            ),
            served_model: fields::label(&body["model"]),
            ..content.reply(word.as_deref())?
        })
    }

    fn reply_name(&self) -> &'static str {
        "chat reply"
    }
}

/// The context to ask for: room for the prompt and the answer, in powers of two from 4,096, so
/// that the server rarely loads the model anew. Ollama cuts a longer prompt without a word.
fn context(request: &ChatRequest) -> u64 {
    let bytes: usize = request
        .messages
        .iter()
        .map(|message| message.text().len())
        .sum();
    // Even texts that are hard to compress have hardly more than a token for two bytes.
    let needed = bytes as u64 / 2 + u64::from(request.sampling.max_tokens) + 64;
    needed.next_power_of_two().max(4_096)
}
