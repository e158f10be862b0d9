//! Wire format of OpenAI's Responses API, which has neither a seed nor stop strings.

use nocere_core::{ChatReply, ChatRequest, Finish, Usage};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::{Unreadable, Wire, null_default, number, reply, role_and_text, wants_json};

/// The `/responses` endpoint.
pub(crate) struct OpenAiResponses;

impl Wire for OpenAiResponses {
    fn endpoint(&self, base_url: &str, _model: &str) -> String {
        format!("{base_url}/responses")
    }

    fn body(&self, model: &str, request: &ChatRequest) -> Value {
        let sampling = &request.sampling;
        let mut body = json!({
            "model": model,
            "input": request.messages.iter().map(role_and_text).collect::<Vec<_>>(),
            "temperature": number(sampling.temperature),
            "max_output_tokens": sampling.max_tokens,
            // The provider must not keep what is asked here.
            "store": false,
        });
        if sampling.top_p < 1.0 {
            body["top_p"] = number(sampling.top_p);
        }
        if wants_json(request) {
            body["text"] = json!({"format": {"type": "json_object"}});
        }
        body
    }

    fn read(&self, body: &[u8]) -> Result<ChatReply, Unreadable> {
        let response: Response = serde_json::from_slice(body)?;
        if let Some(error) = response.error {
            // The prompt was flagged: an outcome, not an error.
            if error.code.as_deref() == Some("invalid_prompt") {
                return Ok(reply("", None, Finish::ContentFilter));
            }
            return Err(Unreadable(error.message));
        }
        let mut text = String::new();
        let mut refusal = String::new();
        let mut reasoning = String::new();
        for item in response.output {
            match item.kind.as_str() {
                "message" => {
                    for part in item.content {
                        text.push_str(part.text.as_deref().unwrap_or(""));
                        refusal.push_str(part.refusal.as_deref().unwrap_or(""));
                    }
                }
                "reasoning" => {
                    for part in item.summary.iter().chain(&item.content) {
                        reasoning.push_str(part.text.as_deref().unwrap_or(""));
                    }
                }
                _ => {}
            }
        }
        let reason = response
            .incomplete_details
            .and_then(|details| details.reason);
        let finish = match (response.status.as_deref(), reason.as_deref()) {
            (_, Some("max_output_tokens")) => Finish::Length,
            (_, Some("content_filter")) => Finish::ContentFilter,
            (_, Some(other)) => Finish::Other(other.to_owned()),
            _ if !refusal.is_empty() => Finish::Refusal,
            (None | Some("completed"), None) => Finish::Stop,
            (Some(other), None) => Finish::Other(other.to_owned()),
        };
        // A refusal is the model's answer in another field: it is judged like any text.
        let text = if text.is_empty() { refusal } else { text };
        let usage = response.usage.unwrap_or_default();
        Ok(ChatReply {
            usage: Usage {
                input_tokens: usage.input_tokens,
                output_tokens: usage.output_tokens,
                cached_tokens: usage.input_tokens_details.cached_tokens,
                reasoning_tokens: usage.output_tokens_details.reasoning_tokens,
            },
            response_id: response.id,
            served_model: response.model,
            ..reply(&text, Some(reasoning), finish)
        })
    }

    fn reply_name(&self) -> &'static str {
        "response"
    }
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    error: Option<Fault>,
    #[serde(default)]
    incomplete_details: Option<Incomplete>,
    #[serde(default, deserialize_with = "null_default")]
    output: Vec<Item>,
    #[serde(default)]
    usage: Option<ReplyUsage>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Incomplete {
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default, deserialize_with = "null_default")]
    content: Vec<Part>,
    #[serde(default, deserialize_with = "null_default")]
    summary: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ReplyUsage {
    #[serde(deserialize_with = "null_default")]
    input_tokens: u64,
    #[serde(deserialize_with = "null_default")]
    output_tokens: u64,
    #[serde(deserialize_with = "null_default")]
    input_tokens_details: Cached,
    #[serde(deserialize_with = "null_default")]
    output_tokens_details: Reasoned,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cached {
    #[serde(deserialize_with = "null_default")]
    cached_tokens: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reasoned {
    #[serde(deserialize_with = "null_default")]
    reasoning_tokens: u64,
}
