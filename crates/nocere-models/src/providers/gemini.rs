//! Wire format of Gemini's `generateContent` API.

use nocere_core::{ChatReply, ChatRequest, Finish, Message, Role, Usage};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::{Unreadable, Wire, null_default, number, reply, seed, wants_json};

/// The `:generateContent` endpoint.
pub(crate) struct Gemini;

impl Wire for Gemini {
    fn endpoint(&self, base_url: &str, model: &str) -> String {
        format!("{base_url}/models/{model}:generateContent")
    }

    fn authorization(&self, key: &str) -> (&'static str, String) {
        ("x-goog-api-key", key.to_owned())
    }

    fn body(&self, _model: &str, request: &ChatRequest) -> Value {
        let sampling = &request.sampling;
        let is_system = |message: &&Message| message.role == Role::System;
        let parts = |message: &Message| json!({"text": message.text()});
        let contents: Vec<Value> = request
            .messages
            .iter()
            .filter(|message| !is_system(message))
            .map(|message| {
                let role = match message.role {
                    Role::Assistant => "model",
                    _ => "user",
                };
                json!({"role": role, "parts": [parts(message)]})
            })
            .collect();
        let mut generation = json!({
            "temperature": number(sampling.temperature),
            "maxOutputTokens": sampling.max_tokens,
            "seed": seed(request),
        });
        if sampling.top_p < 1.0 {
            generation["topP"] = number(sampling.top_p);
        }
        if !sampling.stop.is_empty() {
            generation["stopSequences"] = json!(sampling.stop);
        }
        if wants_json(request) {
            generation["responseMimeType"] = Value::from("application/json");
        }
        let mut body = json!({"contents": contents, "generationConfig": generation});
        let system: Vec<Value> = request
            .messages
            .iter()
            .filter(is_system)
            .map(parts)
            .collect();
        if !system.is_empty() {
            body["systemInstruction"] = json!({"parts": system});
        }
        body
    }

    fn read(&self, body: &[u8]) -> Result<ChatReply, Unreadable> {
        let response: Response = serde_json::from_slice(body)?;
        let blocked = response
            .prompt_feedback
            .and_then(|feedback| feedback.block_reason);
        let candidate = match (response.candidates.into_iter().next(), &blocked) {
            (Some(candidate), _) => candidate,
            // A blocked prompt has no candidates. It is an outcome, not an unreadable reply.
            (None, Some(_)) => Candidate::default(),
            (None, None) => return Err(Unreadable("it has no candidates".to_owned())),
        };
        let mut text = String::new();
        let mut thought = String::new();
        for part in candidate.content.unwrap_or_default().parts {
            let into = if part.thought {
                &mut thought
            } else {
                &mut text
            };
            into.push_str(part.text.as_deref().unwrap_or(""));
        }
        let finish = match candidate.finish_reason.as_deref() {
            _ if blocked.is_some() => Finish::ContentFilter,
            None | Some("STOP") => Finish::Stop,
            Some("MAX_TOKENS") => Finish::Length,
            Some("SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII") => {
                Finish::ContentFilter
            }
            Some(other) => Finish::Other(other.to_owned()),
        };
        let usage = response.usage_metadata;
        Ok(ChatReply {
            usage: Usage {
                input_tokens: usage.prompt_token_count,
                // Gemini does not count thoughts among the candidates' tokens; we do.
                output_tokens: usage.candidates_token_count + usage.thoughts_token_count,
                cached_tokens: usage.cached_content_token_count,
                reasoning_tokens: usage.thoughts_token_count,
            },
            response_id: response.response_id,
            served_model: response.model_version,
            ..reply(&text, Some(thought), finish)
        })
    }

    fn reply_name(&self) -> &'static str {
        "generateContent reply"
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(default, deserialize_with = "null_default")]
    candidates: Vec<Candidate>,
    #[serde(default)]
    prompt_feedback: Option<Feedback>,
    #[serde(default, deserialize_with = "null_default")]
    usage_metadata: UsageMetadata,
    #[serde(default)]
    model_version: Option<String>,
    #[serde(default)]
    response_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    #[serde(default)]
    block_reason: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Content {
    #[serde(deserialize_with = "null_default")]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    thought: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct UsageMetadata {
    #[serde(deserialize_with = "null_default")]
    prompt_token_count: u64,
    #[serde(deserialize_with = "null_default")]
    candidates_token_count: u64,
    #[serde(deserialize_with = "null_default")]
    cached_content_token_count: u64,
    #[serde(deserialize_with = "null_default")]
    thoughts_token_count: u64,
}
