//! Wire formats of providers, from the server's side.

use serde_json::{Value, json};

/// Wire format of a request, determined by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Chat,
    Responses,
    Anthropic,
    Gemini,
    Ollama,
}

/// One answer, independent of the wire format.
pub(crate) struct Answer {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) reasoning: Option<String>,
    pub(crate) finish: Finish,
    /// Number of output tokens; 0 leaves the usage out of chat completions.
    pub(crate) tokens: usize,
}

/// How an answer ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    Stop,
    Length,
    Filtered,
    Refusal,
}

impl Answer {
    /// The text, or null if a content filter withheld it.
    fn content(&self) -> Value {
        match self.finish {
            Finish::Filtered => Value::Null,
            _ => Value::String(self.text.clone()),
        }
    }
}

impl Format {
    /// The format that serves this path; `None` for an unknown path.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        if path.ends_with("/chat/completions") {
            Some(Self::Chat)
        } else if path.ends_with("/responses") {
            Some(Self::Responses)
        } else if path.ends_with("/messages") {
            Some(Self::Anthropic)
        } else if path.ends_with(":generateContent") {
            Some(Self::Gemini)
        } else if path.ends_with("/api/chat") {
            Some(Self::Ollama)
        } else {
            None
        }
    }

    /// Text of the request's last message; empty if there is none.
    pub(crate) fn last_text(self, body: &Value) -> String {
        let (list, field) = match self {
            Self::Responses => ("input", "content"),
            Self::Gemini => ("contents", "parts"),
            _ => ("messages", "content"),
        };
        let last = body[list].as_array().and_then(|messages| messages.last());
        let content = last.map(|message| &message[field]);
        let content = content.map(|content| match self {
            Self::Gemini => &content[0]["text"],
            _ => content,
        });
        content.and_then(Value::as_str).unwrap_or("").to_owned()
    }

    /// The answer as a JSON body.
    pub(crate) fn write(self, answer: &Answer) -> Value {
        match self {
            Self::Chat => chat(answer),
            Self::Responses => responses(answer),
            Self::Anthropic => anthropic(answer),
            Self::Gemini => gemini(answer),
            Self::Ollama => ollama(answer),
        }
    }

    /// The answer as server-sent events of chat completions, one word per event.
    pub(crate) fn stream(answer: &Answer) -> String {
        let chunk = |delta: Value, reason: Value| {
            let chunk = json!({
                "id": answer.id, "model": "fake-2026-11",
                "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
            });
            format!("data: {chunk}\n\n")
        };
        let mut body = chunk(json!({"role": "assistant", "content": ""}), Value::Null);
        for word in answer.text.split_inclusive(' ') {
            body.push_str(&chunk(json!({"content": word}), Value::Null));
        }
        let reason = match answer.finish {
            Finish::Length => "length",
            Finish::Filtered => "content_filter",
            Finish::Stop | Finish::Refusal => "stop",
        };
        body.push_str(&chunk(json!({}), Value::from(reason)));
        let usage = json!({
            "choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": answer.tokens},
        });
        body.push_str(&format!("data: {usage}\n\ndata: [DONE]\n\n"));
        body
    }
}

fn chat(answer: &Answer) -> Value {
    let Answer {
        id,
        text,
        reasoning,
        finish,
        tokens,
    } = answer;

    let reason = match finish {
        Finish::Stop | Finish::Refusal => "stop",
        Finish::Length => "length",
        Finish::Filtered => "content_filter",
    };
    let mut message = json!({"role": "assistant", "content": answer.content(), "refusal": null});
    if *finish == Finish::Refusal {
        message = json!({"role": "assistant", "content": null, "refusal": text});
    }
    if let Some(reasoning) = reasoning {
        message["reasoning_content"] = Value::from(reasoning.as_str());
    }
    json!({
        "id": id, "model": "fake-2026-11",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": (*tokens > 0).then(|| json!({"prompt_tokens": 10, "completion_tokens": tokens})),
    })
}

fn responses(answer: &Answer) -> Value {
    let Answer {
        id,
        text,
        reasoning,
        finish,
        tokens,
    } = answer;

    let part = if *finish == Finish::Refusal {
        json!({"type": "refusal", "refusal": text})
    } else {
        json!({"type": "output_text", "text": answer.content()})
    };
    let mut output = vec![json!({"type": "message", "content": [part]})];
    if let Some(reasoning) = reasoning {
        let summary = json!([{"type": "summary_text", "text": reasoning}]);
        output.insert(0, json!({"type": "reasoning", "summary": summary}));
    }
    let incomplete = match finish {
        Finish::Length => json!({"reason": "max_output_tokens"}),
        Finish::Filtered => json!({"reason": "content_filter"}),
        _ => Value::Null,
    };
    let status = if incomplete.is_null() {
        "completed"
    } else {
        "incomplete"
    };
    json!({
        "id": id, "model": "fake-2026-11", "status": status, "error": null,
        "incomplete_details": incomplete, "output": output,
        "usage": {"input_tokens": 10, "output_tokens": tokens,
            "output_tokens_details": {"reasoning_tokens": 2}},
    })
}

fn anthropic(answer: &Answer) -> Value {
    let Answer {
        id,
        text,
        reasoning,
        finish,
        tokens,
    } = answer;

    let reason = match finish {
        // The format has no field for a refusal of the model's own.
        Finish::Stop | Finish::Refusal => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Filtered => "refusal",
    };
    let mut blocks = vec![json!({"type": "text", "text": text})];
    if *finish == Finish::Filtered {
        blocks.clear();
    }
    if let Some(reasoning) = reasoning {
        blocks.insert(0, json!({"type": "thinking", "thinking": reasoning}));
    }
    json!({
        "id": id, "model": "fake-2026-11", "content": blocks, "stop_reason": reason,
        "usage": {"input_tokens": 10, "output_tokens": tokens},
    })
}

fn gemini(answer: &Answer) -> Value {
    let Answer {
        id,
        text,
        reasoning,
        finish,
        tokens,
    } = answer;

    if *finish == Finish::Filtered {
        return json!({"responseId": id, "promptFeedback": {"blockReason": "SAFETY"}});
    }
    let reason = match finish {
        Finish::Length => "MAX_TOKENS",
        _ => "STOP",
    };
    let mut parts = vec![json!({"text": text})];
    if let Some(reasoning) = reasoning {
        parts.insert(0, json!({"text": reasoning, "thought": true}));
    }
    json!({
        "responseId": id, "modelVersion": "fake-2026-11",
        "candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": reason}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": tokens},
    })
}

fn ollama(answer: &Answer) -> Value {
    let Answer {
        id: _,
        text,
        reasoning,
        finish,
        tokens,
    } = answer;

    let reason = match finish {
        Finish::Length => "length",
        _ => "stop",
    };
    json!({
        "model": "fake-2026-11", "done": true, "done_reason": reason,
        "message": {"role": "assistant", "content": text, "thinking": reasoning},
        "prompt_eval_count": 10, "eval_count": tokens,
    })
}
