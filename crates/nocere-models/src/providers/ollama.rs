//! Wire format of Ollama's native chat API.

use nocere_core::{ChatReply, ChatRequest, Finish, Usage};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::{Unreadable, Wire, null_default, number, reply, role_and_text, seed, wants_json};

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
        });
        if sampling.top_p < 1.0 {
            options["top_p"] = number(sampling.top_p);
        }
        if !sampling.stop.is_empty() {
            options["stop"] = json!(sampling.stop);
        }
        let mut body = json!({
            "model": model,
            "messages": request.messages.iter().map(role_and_text).collect::<Vec<_>>(),
            "stream": false,
            "options": options,
        });
        if wants_json(request) {
            body["format"] = Value::from("json");
        }
        body
    }

    fn read(&self, body: &[u8]) -> Result<ChatReply, Unreadable> {
        let response: Response = serde_json::from_slice(body)?;
        if !response.done {
            return Err(Unreadable("the answer is not done".to_owned()));
        }
        let finish = match response.done_reason.as_deref() {
            None | Some("stop") => Finish::Stop,
            Some("length") => Finish::Length,
            Some(other) => Finish::Other(other.to_owned()),
        };
        Ok(ChatReply {
            usage: Usage {
                input_tokens: response.prompt_eval_count,
                output_tokens: response.eval_count,
                ..Usage::default()
            },
            served_model: response.model,
            ..reply(&response.message.content, response.message.thinking, finish)
        })
    }

    fn reply_name(&self) -> &'static str {
        "chat reply"
    }
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    model: Option<String>,
    message: Message,
    #[serde(default, deserialize_with = "null_default")]
    done: bool,
    #[serde(default)]
    done_reason: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    prompt_eval_count: u64,
    #[serde(default, deserialize_with = "null_default")]
    eval_count: u64,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default, deserialize_with = "null_default")]
    content: String,
    #[serde(default)]
    thinking: Option<String>,
}
