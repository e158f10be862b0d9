//! Wire format of Gemini's `generateContent` API.

use nocere_core::{
    ChatReply, ChatRequest, Finish, Message, Role, finish::LONGEST_WORD, text::shorten,
};
use serde_json::{Value, json};

use crate::{
    fields::{self, Content},
    wire::{Unreadable, Wire, images, number, seed, wants_json},
};

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
        let text = |message: &Message| json!({"text": message.text()});
        let parts = |message: &Message| -> Vec<Value> {
            let images = images(message);
            let images = images.iter().map(
                |(media_type, data)| json!({"inlineData": {"mimeType": media_type, "data": data}}),
            );
            images.chain([text(message)]).collect()
        };
        let contents: Vec<Value> = request
            .messages
            .iter()
            .filter(|message| !is_system(message))
            .map(|message| {
                let role = match message.role {
                    Role::Assistant => "model",
                    _ => "user",
                };
                json!({"role": role, "parts": parts(message)})
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
            .map(text)
            .collect();
        if !system.is_empty() {
            body["systemInstruction"] = json!({"parts": system});
        }
        body
    }

    fn read_value(&self, body: &Value) -> Result<ChatReply, Unreadable> {
        let blocked = fields::word(&body["promptFeedback"]["blockReason"]);
        let mut candidates = body["candidates"].as_array().into_iter().flatten();
        let is_first = |of: &&Value| of["index"].is_null() || of["index"].as_f64() == Some(0.0);
        let candidate = candidates.find(is_first).unwrap_or(&Value::Null);
        let mut ratings = candidate["safetyRatings"].as_array().into_iter().flatten();
        let unsafe_answer = ratings.any(|rating| rating["blocked"] == Value::Bool(true));
        // A blocked prompt has no candidates. It is an outcome, not an unreadable reply.
        if candidate.is_null() && blocked.is_none() {
            return Err(Unreadable::new("it has no candidates"));
        }
        let mut content = Content::default();
        content.add(&candidate["content"]["parts"])?;
        let mut reply = match blocked {
            // Whatever the reason is called, the prompt was blocked.
            Some(reason) => ChatReply {
                finish: Finish::ContentFilter,
                finish_word: Some(shorten(&reason, LONGEST_WORD)),
                ..ChatReply::of_text("")
            },
            None if unsafe_answer => content.reply(Some("SAFETY"))?,
            None => {
                // The format always has one.
                let word = fields::word(&candidate["finishReason"]);
                content.reply(word.as_deref().or(Some("no finish reason")))?
            }
        };
        let usage = &body["usageMetadata"];
        let thoughts = fields::tokens(&usage["thoughtsTokenCount"]);
        // Gemini does not count thoughts among the candidates' tokens; we do.
        let output = fields::tokens(&usage["candidatesTokenCount"]).saturating_add(thoughts);
        reply.usage = fields::usage(
            fields::tokens(&usage["promptTokenCount"]),
            output,
            fields::tokens(&usage["cachedContentTokenCount"]),
            thoughts,
        );
        reply.response_id = fields::label(&body["responseId"]);
        reply.served_model = fields::label(&body["modelVersion"]);
        Ok(reply)
    }

    fn reply_name(&self) -> &'static str {
        "generateContent reply"
    }
}
