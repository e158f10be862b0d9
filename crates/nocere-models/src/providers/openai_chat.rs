//! Wire format of OpenAI's chat completions API, and Azure's variant of it.

use nocere_core::{ChatReply, ChatRequest, Finish, Usage};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    sse,
    wire::{Unreadable, Wire, null_default, number, reply, role_and_text, seed, wants_json},
};

/// The `/chat/completions` endpoint.
pub(crate) struct OpenAiChat {
    stream: bool,
    azure: Option<Azure>,
}

enum Azure {
    ResourceKey,
    EntraToken,
}

impl OpenAiChat {
    pub(crate) fn plain(stream: bool) -> Self {
        Self {
            stream,
            azure: None,
        }
    }

    pub(crate) fn azure(entra: bool) -> Self {
        Self {
            stream: false,
            azure: Some(if entra {
                Azure::EntraToken
            } else {
                Azure::ResourceKey
            }),
        }
    }
}

impl Wire for OpenAiChat {
    fn endpoint(&self, base_url: &str, model: &str) -> String {
        match self.azure {
            Some(_) => format!("{base_url}/openai/deployments/{model}/chat/completions"),
            None => format!("{base_url}/chat/completions"),
        }
    }

    fn authorization(&self, key: &str) -> (&'static str, String) {
        match self.azure {
            Some(Azure::ResourceKey) => ("api-key", key.to_owned()),
            _ => ("authorization", format!("Bearer {key}")),
        }
    }

    fn body(&self, model: &str, request: &ChatRequest) -> Value {
        let sampling = &request.sampling;
        let mut body = json!({
            "messages": request.messages.iter().map(role_and_text).collect::<Vec<_>>(),
            "temperature": number(sampling.temperature),
            "max_tokens": sampling.max_tokens,
            "seed": seed(request),
        });
        // Azure's address already names the deployment.
        if self.azure.is_none() {
            body["model"] = Value::from(model);
        }
        if sampling.top_p < 1.0 {
            body["top_p"] = number(sampling.top_p);
        }
        if !sampling.stop.is_empty() {
            body["stop"] = json!(sampling.stop);
        }
        if wants_json(request) {
            body["response_format"] = json!({"type": "json_object"});
        }
        if self.stream {
            body["stream"] = Value::from(true);
            body["stream_options"] = json!({"include_usage": true});
        }
        body
    }

    fn read(&self, body: &[u8]) -> Result<ChatReply, Unreadable> {
        // Some gateways always stream, even if not asked to.
        let start = body.trim_ascii_start();
        if [b"data:".as_slice(), b"event:", b"id:", b":"]
            .iter()
            .any(|mark| start.starts_with(mark))
        {
            return read_stream(&String::from_utf8_lossy(body));
        }
        let completion: Completion = serde_json::from_slice(body)?;
        let choice = completion
            .choices
            .into_iter()
            .next()
            .ok_or_else(|| Unreadable("it has no choices".to_owned()))?;
        let message = choice.message.unwrap_or_default();
        let mut answer = finished(message, choice.finish_reason.as_deref());
        answer.usage = completion.usage.unwrap_or_default().into();
        answer.response_id = completion.id;
        answer.served_model = completion.model;
        answer.system_fingerprint = completion.system_fingerprint;
        Ok(answer)
    }

    fn reply_name(&self) -> &'static str {
        "chat completion"
    }
}

/// Joins the chunks of a stream. A stream that ends before the model has finished is
/// unreadable.
fn read_stream(body: &str) -> Result<ChatReply, Unreadable> {
    let mut whole = Message::default();
    let mut finish = None;
    let mut usage = None;
    let mut id = None;
    let mut model = None;
    let mut fingerprint = None;
    let mut done = false;
    for event in sse::events(body) {
        if event.trim() == "[DONE]" {
            done = true;
            break;
        }
        let chunk: Completion = serde_json::from_str(&event)?;
        if let Some(error) = chunk.error {
            return Err(Unreadable(format!("the stream broke off: {error}")));
        }
        usage = chunk.usage.or(usage);
        id = id.or(chunk.id);
        model = model.or(chunk.model);
        fingerprint = fingerprint.or(chunk.system_fingerprint);
        for choice in chunk.choices.into_iter().take(1) {
            let delta = choice.delta.unwrap_or_default();
            append(&mut whole.content, delta.content);
            append(&mut whole.refusal, delta.refusal);
            append(
                &mut whole.reasoning_content,
                delta.reasoning_content.or(delta.reasoning),
            );
            finish = choice.finish_reason.or(finish);
        }
    }
    // Some servers send no finish reason. Then `[DONE]` ends the answer, if there is one.
    let said_nothing = whole.content.is_none() && whole.refusal.is_none();
    if finish.is_none() && (!done || said_nothing) {
        return Err(Unreadable("the stream ended in the middle".to_owned()));
    }
    let mut answer = finished(whole, finish.as_deref());
    answer.usage = usage.unwrap_or_default().into();
    answer.response_id = id;
    answer.served_model = model;
    answer.system_fingerprint = fingerprint;
    Ok(answer)
}

fn append(text: &mut Option<String>, more: Option<String>) {
    if let Some(more) = more {
        text.get_or_insert_default().push_str(&more);
    }
}

fn finished(message: Message, reason: Option<&str>) -> ChatReply {
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let refusal = filled(message.refusal);
    let finish = match reason {
        Some("content_filter") => Finish::ContentFilter,
        Some("length") => Finish::Length,
        _ if refusal.is_some() => Finish::Refusal,
        None | Some("stop") => Finish::Stop,
        Some(other) => Finish::Other(other.to_owned()),
    };
    // A refusal is the model's answer in another field: it is judged like any text.
    let text = filled(message.content).or(refusal).unwrap_or_default();
    reply(
        &text,
        filled(message.reasoning_content).or(filled(message.reasoning)),
        finish,
    )
}

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    system_fingerprint: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<ReplyUsage>,
    /// Some servers report an error in the middle of a stream.
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    delta: Option<Message>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Message {
    #[serde(default, deserialize_with = "text_or_parts")]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    reasoning_content: Option<String>,
    #[serde(default)]
    reasoning: Option<String>,
}

/// Text of a message: a string, or the text parts of a list, joined.
fn text_or_parts<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    Ok(match value {
        None => None,
        Some(Value::String(text)) => Some(text),
        Some(Value::Array(parts)) => Some(
            parts
                .iter()
                .filter_map(|part| part["text"].as_str())
                .collect(),
        ),
        Some(other) => {
            return Err(serde::de::Error::custom(format!(
                "content is neither text nor a list of parts: {other}"
            )));
        }
    })
}

#[derive(Deserialize, Default)]
struct ReplyUsage {
    #[serde(default, deserialize_with = "null_default")]
    prompt_tokens: u64,
    #[serde(default, deserialize_with = "null_default")]
    completion_tokens: u64,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(default)]
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    #[serde(default)]
    reasoning_tokens: Option<u64>,
}

impl From<ReplyUsage> for Usage {
    fn from(usage: ReplyUsage) -> Self {
        Self {
            input_tokens: usage.prompt_tokens,
            output_tokens: usage.completion_tokens,
            cached_tokens: usage
                .prompt_tokens_details
                .and_then(|details| details.cached_tokens)
                .unwrap_or(0),
            reasoning_tokens: usage
                .completion_tokens_details
                .and_then(|details| details.reasoning_tokens)
                .unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<ChatReply, Unreadable> {
        OpenAiChat::plain(true).read(body.as_bytes())
    }

    #[test]
    fn a_stream_that_breaks_off_is_no_answer() {
        let begun = "data: {\"choices\": [{\"delta\": {\"content\": \"Yes, \"}}]}\n\n";
        for end in [
            "",
            "data: {\"error\": {\"message\": \"out of memory\"}}\n\ndata: [DONE]\n\n",
        ] {
            assert!(read(&format!("{begun}{end}")).is_err(), "{end}");
        }
        assert!(read("data: [DONE]\n\n").is_err());
        let whole = format!(": PROCESSING\n\n{begun}data: [DONE]\n\n");
        assert_eq!(
            read(&whole).ok().map(|reply| reply.text).as_deref(),
            Some("Yes, ")
        );
    }

    #[test]
    fn parts_and_nulls_of_real_servers_are_read() {
        let parts = r#"{"choices": [{"message": {"content": [{"type": "text", "text": "No."}]}}],
            "usage": {"prompt_tokens": null, "completion_tokens": 3, "prompt_tokens_details": null}}"#;
        let reply = read(parts).ok().unwrap();
        assert_eq!((reply.text.as_str(), reply.usage.output_tokens), ("No.", 3));
        assert!(read(r#"{"choices": null}"#).is_err());
    }
}
