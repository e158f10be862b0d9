//! Wire format of OpenAI's Responses API, which has neither a seed nor stop strings.

use nocere_core::{ChatReply, ChatRequest, Message};
use serde_json::{Value, json};

use crate::{
    fields::{self, Content},
    wire::{Unreadable, Wire, data_address, number, wants_json, with_images},
};

/// A message with its images as addresses that hold them.
fn message(message: &Message) -> Value {
    with_images(message, |text, shown| {
        let images = shown
            .iter()
            .map(|shown| json!({"type": "input_image", "image_url": data_address(shown)}));
        images
            .chain([json!({"type": "input_text", "text": text})])
            .collect()
    })
}

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
            "input": request.messages.iter().map(message).collect::<Vec<_>>(),
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

    fn read_value(&self, body: &Value) -> Result<ChatReply, Unreadable> {
        let Some(output) = body["output"].as_array() else {
            return Err(Unreadable::new("it has no output"));
        };
        let mut content = Content::default();
        let mut cut = false;
        for item in output {
            match item["type"].as_str().unwrap_or_default() {
                // What the model says while it works is not its answer.
                "message" if item["phase"] == "commentary" => {
                    content.add_thoughts(&item["content"]);
                }
                "message" => {
                    content.add(&item["content"])?;
                    cut |= item["status"] == "incomplete";
                }
                "function_call" | "custom_tool_call" => content.calls_tool = true,
                "reasoning" => {
                    content.add_thoughts(&item["summary"]);
                    content.add_thoughts(&item["content"]);
                }
                _ => {}
            }
        }
        let reason = fields::word(&body["incomplete_details"]["reason"]);
        let word = reason
            .or_else(|| cut.then(|| "incomplete".to_owned()))
            .or_else(|| fields::word(&body["status"]))
            .or_else(|| Some("no status".to_owned()));
        let usage = &body["usage"];
        Ok(ChatReply {
            usage: fields::usage(
                fields::tokens(&usage["input_tokens"]),
                fields::tokens(&usage["output_tokens"]),
                fields::tokens(&usage["input_tokens_details"]["cached_tokens"]),
                fields::tokens(&usage["output_tokens_details"]["reasoning_tokens"]),
            ),
            response_id: fields::label(&body["id"]),
            served_model: fields::label(&body["model"]),
            ..content.reply(word.as_deref())?
        })
    }

    fn reply_name(&self) -> &'static str {
        "response"
    }
}
