//! Wire format of OpenAI's chat completions API, and Azure's variant of it.

use nocere_core::{ChatReply, ChatRequest, Ending, Message, Usage};
use serde_json::{Value, json};

use crate::{
    fields::{self, Content},
    sse,
    wire::{
        Unreadable, Wire, data_address, error_in, lenient_json, number, seed, wants_json,
        with_images,
    },
};

/// A message with its images as addresses that hold them.
fn message(message: &Message) -> Value {
    with_images(message, |text, shown| {
        let images = shown
            .iter()
            .map(|shown| json!({"type": "image_url", "image_url": {"url": data_address(shown)}}));
        images
            .chain([json!({"type": "text", "text": text})])
            .collect()
    })
}

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
            "messages": request.messages.iter().map(message).collect::<Vec<_>>(),
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
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let start = body.trim_ascii_start();
        if [b"data:".as_slice(), b"event:", b"id:", b"retry:", b":"]
            .iter()
            .any(|mark| start.starts_with(mark))
        {
            return read_stream(&String::from_utf8_lossy(body));
        }
        let body = lenient_json(body)?;
        if let Some(error) = error_in(&body) {
            return Err(Unreadable::error(error));
        }
        self.read_value(&body)
    }

    fn read_value(&self, body: &Value) -> Result<ChatReply, Unreadable> {
        let choices = body["choices"].as_array();
        let choice = choices
            .and_then(|choices| choices.iter().find(|choice| is_first(choice)))
            .ok_or_else(|| no_choice(body))?;
        if let Some(error) = error_in(choice) {
            return Err(Unreadable::error(error));
        }
        let mut content = Content::default();
        // Some servers use the field of streams.
        let message = [&choice["message"], &choice["delta"]]
            .into_iter()
            .find(|message| message.is_object())
            .unwrap_or(&Value::Null);
        if message.is_null() {
            // The older completions API, which some gateways answer with.
            content.add(&choice["text"])?;
        } else {
            add_message(&mut content, message)?;
        }
        let word = finish_word(choice, &body["prompt_filter_results"]);
        Ok(ChatReply {
            usage: read_usage(&body["usage"]),
            response_id: fields::label(&body["id"]),
            served_model: fields::label(&body["model"]),
            system_fingerprint: fields::label(&body["system_fingerprint"]),
            ..content.reply(word.as_deref())?
        })
    }

    fn reply_name(&self) -> &'static str {
        "chat completion"
    }
}

/// Why a body has no choice: what it says, if it says anything.
fn no_choice(body: &Value) -> Unreadable {
    let says = ["message", "detail", "error_msg", "msg"]
        .iter()
        .any(|field| !body[*field].is_null());
    if says {
        return Unreadable::error(body);
    }
    Unreadable::new("it has no first choice")
}

/// The word for how a choice ended. Filters stand beside it at Azure, and the upstream's own word
/// at gateways.
fn finish_word(choice: &Value, prompt_filters: &Value) -> Option<String> {
    let filtered = |results: &Value| {
        let of = results.as_object().into_iter().flatten();
        of.into_iter()
            .any(|(_, result)| result["filtered"] == Value::Bool(true))
    };
    let mut prompts = prompt_filters.as_array().into_iter().flatten();
    if filtered(&choice["content_filter_results"])
        || prompts.any(|prompt| filtered(&prompt["content_filter_results"]))
    {
        return Some("content_filter".to_owned());
    }
    let word = fields::word(&choice["finish_reason"]);
    let native = fields::word(&choice["native_finish_reason"]);
    let is_whole = |word: &Option<String>| {
        word.as_deref()
            .is_none_or(|word| Ending::of(word) == Some(Ending::Whole))
    };
    if is_whole(&word) && !is_whole(&native) {
        return native;
    }
    word
}

/// True for the choice that was asked for. One that does not say its index is the first.
fn is_first(choice: &Value) -> bool {
    let index = &choice["index"];
    index.is_null() || index.as_f64() == Some(0.0) || index == "0"
}

/// Adds a message, or the part of one that a stream's chunk brings.
fn add_message(content: &mut Content, message: &Value) -> Result<(), Unreadable> {
    content.add(&message["content"])?;
    let calls = message["tool_calls"].as_array();
    content.calls_tool |= calls.is_some_and(|calls| !calls.is_empty());
    content.calls_tool |= message["function_call"].is_object();
    content
        .refusal
        .push_str(message["refusal"].as_str().unwrap_or(""));
    // Servers name this field differently, and some say the same twice.
    let thoughts = [
        "reasoning_content",
        "reasoning",
        "thinking",
        "reasoning_details",
    ]
    .iter()
    .map(|field| &message[*field])
    .find(|value| value.is_string() || value.is_array());
    if let Some(thoughts) = thoughts {
        content.add_thoughts(thoughts);
    }
    Ok(())
}

/// Joins the chunks of a stream. A stream that ends before the model has finished is
/// unreadable.
fn read_stream(body: &str) -> Result<ChatReply, Unreadable> {
    let mut whole = Content::default();
    let mut finish = None;
    let mut last = ChatReply::of_text("");
    let mut done = false;
    let events = sse::events(body);
    let count = events.data.len();
    for (number, event) in events.data.into_iter().enumerate() {
        if event.trim().eq_ignore_ascii_case("[DONE]") {
            done = true;
            break;
        }
        let chunk: Value = match lenient_json(event.as_bytes()) {
            Ok(chunk) => chunk,
            // The connection has cut the last event off.
            Err(_) if events.cut && number + 1 == count => break,
            Err(error) => return Err(error.into()),
        };
        if let Some(error) = error_in(&chunk).or_else(|| error_event(&chunk)) {
            return Err(Unreadable::error(error));
        }
        if chunk["usage"].is_object() {
            last.usage = read_usage(&chunk["usage"]);
        }
        let keep = |kept: &mut Option<String>, field: &str| {
            if kept.is_none() {
                *kept = fields::label(&chunk[field]);
            }
        };
        keep(&mut last.response_id, "id");
        keep(&mut last.served_model, "model");
        keep(&mut last.system_fingerprint, "system_fingerprint");
        let choices = chunk["choices"].as_array();
        for choice in choices
            .into_iter()
            .flatten()
            .filter(|choice| is_first(choice))
        {
            if let Some(error) = error_in(choice).or_else(|| error_in(&choice["delta"])) {
                return Err(Unreadable::error(error));
            }
            add_message(&mut whole, &choice["delta"])?;
            if whole.text.is_empty() && choice["delta"].is_null() {
                add_message(&mut whole, &choice["message"])?;
            }
            finish = finish_word(choice, &Value::Null).or(finish);
        }
    }
    // Some servers send no finish reason. Then `[DONE]` ends the answer, if there is one.
    let said_nothing = whole.text.is_empty() && whole.refusal.is_empty();
    if finish.is_none() && (!done || said_nothing) {
        return Err(Unreadable::new("the stream ended in the middle"));
    }
    Ok(ChatReply {
        usage: last.usage,
        response_id: last.response_id,
        served_model: last.served_model,
        system_fingerprint: last.system_fingerprint,
        ..whole.reply(finish.as_deref())?
    })
}

/// A chunk that says something and has neither choices nor usage is an error without the name.
fn error_event(chunk: &Value) -> Option<&Value> {
    let says = ["message", "detail"]
        .iter()
        .any(|field| chunk[*field].is_string());
    (says && chunk["choices"].is_null()).then_some(chunk)
}

/// The usage of a call. Where its parts contradict each other, the larger one counts: a budget
/// that believes the smaller one does not hold.
fn read_usage(usage: &Value) -> Usage {
    let either =
        |one: &str, other: &str| fields::tokens(&usage[one]).max(fields::tokens(&usage[other]));
    let input = either("prompt_tokens", "input_tokens");
    let reasoning = fields::tokens(&usage["completion_tokens_details"]["reasoning_tokens"]);
    // Some providers count thoughts beside the completion.
    let mut output = either("completion_tokens", "output_tokens");
    if reasoning > output {
        output = output.saturating_add(reasoning);
    }
    let rest = fields::tokens(&usage["total_tokens"]).saturating_sub(input);
    fields::usage(
        input,
        output.max(rest),
        fields::tokens(&usage["prompt_tokens_details"]["cached_tokens"]),
        reasoning,
    )
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
