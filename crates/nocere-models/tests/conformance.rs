//! Oddities of providers, each put to every wire format that can express it: a real server on
//! loopback answers with the body, and the whole client reads it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use nocere_core::{ChatModel, Finish, ModelError, Remark};
use nocere_models::HTTP_PROVIDERS;
use serde_json::{Value, json};

use support::{Canned, HELP, answer_body, ask, model, runtime};

/// What must come of a reply.
#[derive(Debug, PartialEq)]
enum Want {
    /// A whole answer with exactly this text.
    Answer(&'static str),
    /// An answer that the token limit cut.
    Cut,
    /// Withheld by the provider.
    Filtered,
    /// Text marked as the model's refusal.
    Refused,
    /// Ended for a reason that does not say that it is whole.
    Unfinished,
    /// Nothing but thoughts.
    OnlyThoughts,
    /// Worth another attempt.
    Again,
    /// Worth waiting this many milliseconds for.
    Wait(u64),
    /// Only this request failed.
    Request,
    /// Too long, with tokens needed and allowed.
    TooLong(u64, u64),
    /// The target stops.
    Stop,
}

fn got(reply: Result<nocere_core::ChatReply, ModelError>, want: &Want) -> Want {
    match reply {
        Ok(reply) => match reply.finish {
            Finish::Stop if reply.text.is_empty() => Want::OnlyThoughts,
            Finish::Stop => match want {
                Want::Answer(text) if reply.text == *text => Want::Answer(text),
                _ => Want::Answer("another text"),
            },
            Finish::Length => Want::Cut,
            Finish::ContentFilter => {
                // The provider's own word is kept.
                assert!(reply.finish_word.is_some());
                Want::Filtered
            }
            Finish::Refusal => Want::Refused,
            // No server reports a loop: only our own engine stops them.
            Finish::Other(_) | Finish::Loop => Want::Unfinished,
        },
        Err(ModelError::Transient { .. } | ModelError::Unreachable { .. }) => Want::Again,
        Err(ModelError::RateLimited { retry_after_ms, .. }) => {
            Want::Wait(retry_after_ms.unwrap_or(0))
        }
        Err(ModelError::Request { .. }) => Want::Request,
        Err(ModelError::ContextOverflow { needed, limit }) => Want::TooLong(needed, limit),
        Err(ModelError::Fatal { .. }) => Want::Stop,
        Err(other) => panic!("{other}"),
    }
}

/// Oddities that every format can express: a name, the text, the finish word.
fn in_every_format() -> Vec<(&'static str, String, &'static str, Want)> {
    let thought = |open: &str, close: &str| format!("{open}I cannot help.{close}\n\n{HELP}");
    let short = "Take one tablet and then".to_owned();
    let channels = format!(
        "<|channel|>analysis<|message|>I cannot.<|end|><|start|>assistant<|channel|>final<|message|>{HELP}"
    );
    vec![
        ("plain", HELP.to_owned(), "stop", Want::Answer(HELP)),
        ("no word", HELP.to_owned(), "", Want::Answer(HELP)),
        ("eos", HELP.to_owned(), "eos", Want::Answer(HELP)),
        ("end_turn", HELP.to_owned(), "end_turn", Want::Answer(HELP)),
        ("capitals", HELP.to_owned(), "STOP", Want::Answer(HELP)),
        ("length", short.clone(), "length", Want::Cut),
        ("max_tokens", short.clone(), "max_tokens", Want::Cut),
        ("MAX_TOKENS", short.clone(), "MAX_TOKENS", Want::Cut),
        ("network", short.clone(), "network_error", Want::Again),
        ("error", short.clone(), "error", Want::Again),
        (
            "resource",
            short.clone(),
            "insufficient_system_resource",
            Want::Again,
        ),
        ("abort", short.clone(), "abort", Want::Again),
        ("sensitive", short.clone(), "sensitive", Want::Filtered),
        ("SAFETY", String::new(), "SAFETY", Want::Filtered),
        ("filter", short.clone(), "content_filter", Want::Filtered),
        (
            "guardrail",
            short.clone(),
            "guardrail_intervened",
            Want::Filtered,
        ),
        ("refusal", String::new(), "refusal", Want::Filtered),
        ("OTHER", short.clone(), "OTHER", Want::Unfinished),
        ("LANGUAGE", short.clone(), "LANGUAGE", Want::Unfinished),
        ("tool_calls", short.clone(), "tool_calls", Want::Unfinished),
        ("pause_turn", short, "pause_turn", Want::Unfinished),
        ("unknown", HELP.to_owned(), "quux_reason", Want::Unfinished),
        (
            "<think>",
            thought("<think>", "</think>"),
            "stop",
            Want::Answer(HELP),
        ),
        (
            "closing only",
            thought("", "</think>"),
            "stop",
            Want::Answer(HELP),
        ),
        (
            "nested",
            format!("<think>They wrote <think>why</think> so no.</think>\n{HELP}"),
            "stop",
            Want::Answer(HELP),
        ),
        (
            "[THINK]",
            thought("[THINK]", "[/THINK]"),
            "stop",
            Want::Answer(HELP),
        ),
        (
            "<thinking>",
            thought("<thinking>", "</thinking>"),
            "stop",
            Want::Answer(HELP),
        ),
        ("channels", channels, "stop", Want::Answer(HELP)),
        (
            "no end",
            "<think>I cannot".to_owned(),
            "stop",
            Want::OnlyThoughts,
        ),
    ]
}

#[test]
fn the_same_oddity_is_read_alike_in_every_format() {
    let mut cases = 0;
    let runtime = runtime();
    for row in &HTTP_PROVIDERS {
        for (name, text, word, want) in in_every_format() {
            let body = answer_body(row.name, &text, word);
            // These formats always have a word, and one that is missing says nothing.
            let always = matches!(row.name, "anthropic" | "gemini");
            let want = if word.is_empty() && always {
                Want::Unfinished
            } else {
                want
            };
            let server = Canned::start(vec![Canned::json(200, &body)]);
            let reply = runtime.block_on(ask(&model(row, &server)));
            assert_eq!(got(reply, &want), want, "{}: {name}", row.name);
            cases += 1;
        }
    }
    assert!(cases >= 160, "{cases}");
}

/// Filters and errors inside replies, by status and body.
fn filters() -> Vec<(&'static str, u16, Value, Want)> {
    let of = |message: &str| json!({"error": {"message": message}});
    vec![
        (
            "inspection",
            400,
            json!({"error": {"code": "data_inspection_failed", "message": "Input data may contain inappropriate content."}}),
            Want::Filtered,
        ),
        (
            "litellm",
            400,
            of("litellm.ContentPolicyViolationError: rejected"),
            Want::Filtered,
        ),
        (
            "litellm, 500",
            500,
            of("litellm.ContentPolicyViolationError: rejected"),
            Want::Filtered,
        ),
        (
            "moderation",
            403,
            of("m requires moderation. Your input was flagged"),
            Want::Filtered,
        ),
        (
            "200 with upstream's filter",
            200,
            json!({"error": {"code": 400, "message": "Provider returned error", "metadata": {"raw": "prompt rejected: not allowed"}}}),
            Want::Filtered,
        ),
        (
            "200 with a 400",
            200,
            json!({"error": {"code": 400, "message": "bad field"}}),
            Want::Request,
        ),
        (
            "200 with overload",
            200,
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            Want::Wait(0),
        ),
        (
            "200 with 429",
            200,
            json!({"error": {"code": 429, "message": "slow down, try again in 2s"}}),
            Want::Wait(2_000),
        ),
        (
            "200 with an error without a code",
            200,
            of("something broke"),
            Want::Again,
        ),
        (
            "200 with a text",
            200,
            json!({"error": "model exploded"}),
            Want::Again,
        ),
        (
            "200 with something else",
            200,
            json!({"hello": 1}),
            Want::Again,
        ),
        ("200 with a list", 200, json!([1, 2]), Want::Again),
    ]
}

/// Spent quotas and waits.
fn quotas() -> Vec<(&'static str, u16, Value, Want)> {
    let of = |message: &str| json!({"error": {"message": message}});
    vec![
        (
            "credit",
            400,
            of("Your credit balance is too low to access the API."),
            Want::Stop,
        ),
        (
            "daily limit",
            403,
            of("Key limit exceeded (daily limit)."),
            Want::Stop,
        ),
        (
            "quota",
            429,
            json!({"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}),
            Want::Stop,
        ),
        (
            "per day",
            429,
            json!({"error": {"message": "quota", "details": [{"violations": [{"quotaId": "RequestsPerDayPerProject"}]}]}}),
            Want::Stop,
        ),
        (
            "200 with a spent quota",
            200,
            json!({"error": {"code": 402, "message": "Insufficient credits"}}),
            Want::Stop,
        ),
        (
            "retry delay in the body",
            429,
            json!({"error": {"code": 429, "message": "x", "details": [{"retryDelay": "7.4s"}]}}),
            Want::Wait(7_400),
        ),
        (
            "a wait of two hours",
            429,
            of("try again in 2h"),
            Want::Stop,
        ),
    ]
}

/// Overlong prompts and plain errors.
fn refusals() -> Vec<(&'static str, u16, Value, Want)> {
    let of = |message: &str| json!({"error": {"message": message}});
    vec![
        (
            "vllm's length",
            400,
            of("The decoder prompt (length 5021) is longer than the maximum model length of 4096"),
            Want::TooLong(5_021, 4_096),
        ),
        (
            "lm studio's length",
            400,
            of(
                "Trying to keep the first 6269 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens",
            ),
            Want::TooLong(6_269, 4_096),
        ),
        (
            "413",
            413,
            json!({"error": {"type": "request_too_large", "message": "Request exceeds the maximum size"}}),
            Want::TooLong(0, 0),
        ),
        (
            "length behind a gateway's 500",
            500,
            of(
                "ContextWindowExceededError: maximum context length is 8192 tokens, you requested 9001",
            ),
            Want::TooLong(9_001, 8_192),
        ),
        ("plain 500", 500, of("oops"), Want::Again),
        ("401", 401, of("no"), Want::Stop),
        ("404", 404, of("model not found"), Want::Stop),
    ]
}

#[test]
fn what_a_server_says_instead_is_sorted_alike_for_every_provider() {
    let runtime = runtime();
    for row in &HTTP_PROVIDERS {
        for (name, status, body, want) in filters().into_iter().chain(quotas()).chain(refusals()) {
            let server = Canned::start(vec![Canned::json(status, &body)]);
            let reply = runtime.block_on(ask(&model(row, &server)));
            assert_eq!(got(reply, &want), want, "{}: {name}", row.name);
        }
    }
}

#[test]
fn side_fields_never_cost_an_answer() {
    let runtime = runtime();
    for row in &HTTP_PROVIDERS {
        for odd in [
            json!(-35),
            json!(1.5),
            json!("12"),
            json!(9_223_372_036_854_775_807_i64),
            json!(18_446_744_073_709_551_615_u64),
            json!(1e300),
            json!({"a": 1}),
            json!([1]),
            Value::Null,
        ] {
            let mut body = answer_body(row.name, HELP, "stop");
            spoil(&mut body, &odd);
            let server = Canned::start(vec![Canned::json(200, &body)]);
            let reply = runtime.block_on(ask(&model(row, &server)));
            let reply = reply.unwrap_or_else(|error| panic!("{}: {odd}: {error}", row.name));
            assert_eq!(reply.text, HELP, "{}: {odd}", row.name);
            assert!(reply.usage.input_tokens <= 1 << 40 && reply.usage.output_tokens <= 1 << 40);
        }
    }
}

/// Puts `odd` in the place of every field that is not the answer itself.
fn spoil(body: &mut Value, odd: &Value) {
    for usage in ["usage", "usageMetadata"] {
        if let Some(fields) = body.get_mut(usage).and_then(Value::as_object_mut) {
            for value in fields.values_mut() {
                *value = odd.clone();
            }
        }
    }
    for field in [
        "id",
        "model",
        "system_fingerprint",
        "created",
        "responseId",
        "modelVersion",
        "prompt_eval_count",
        "eval_count",
        "total_duration",
    ] {
        body[field] = odd.clone();
    }
    if let Some(message) = body.pointer_mut("/choices/0/message") {
        message["reasoning"] = json!({"effort": "low"});
        message["refusal"] = Value::Null;
        message["tool_calls"] = odd.clone();
    }
}

#[test]
fn streams_are_whole_or_are_asked_for_again() {
    let openai = &HTTP_PROVIDERS[0];
    let runtime = runtime();
    let event = |value: Value| format!("data: {value}\n\n");
    let chunk = |text: &str, finish: Value| {
        event(
            json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}),
        )
    };
    let begun = chunk(HELP, Value::Null);
    let whole = format!("{begun}{}", chunk("", json!("stop")));
    let end = "data: [DONE]\n\n";
    let error_in_choice = event(
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "error", "error": {"message": "x"}}]}),
    );
    let other_choice = event(json!({"choices": [{"index": 1, "delta": {"content": "other"}}]}));
    for (name, body, want) in [
        ("whole", format!("{whole}{end}"), Want::Answer(HELP)),
        (
            "no last line end",
            format!("{whole}data: [DONE]"),
            Want::Answer(HELP),
        ),
        (
            "last event cut",
            format!("{whole}data: {{\"usage\": {{\"prompt"),
            Want::Answer(HELP),
        ),
        ("empty words, no end", chunk(HELP, json!("")), Want::Again),
        (
            "an error at the end",
            format!("{begun}{}{end}", event(json!({"error": {"message": "x"}}))),
            Want::Again,
        ),
        (
            "an error in a choice",
            format!("{begun}{error_in_choice}"),
            Want::Again,
        ),
        (
            "another choice",
            format!("{begun}{other_choice}{end}"),
            Want::Answer(HELP),
        ),
        (
            "cut",
            format!("{}{end}", chunk("Take one", json!("length"))),
            Want::Cut,
        ),
        (
            "filtered",
            format!("{}{end}", chunk("Take one", json!("content_filter"))),
            Want::Filtered,
        ),
    ] {
        let server = Canned::start(vec![Canned::of(200, "text/event-stream", body.as_bytes())]);
        let reply = runtime.block_on(ask(&model(openai, &server)));
        assert_eq!(got(reply, &want), want, "{name}");
    }
}

#[test]
fn choices_and_parts_are_told_apart() {
    let openai = &HTTP_PROVIDERS[0];
    let runtime = runtime();
    let message = |message: Value| json!({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
    for (name, body, want) in [
        ("no choices", json!({"choices": null}), Want::Again),
        (
            "a fragment and an error",
            json!({"choices": [{"message": {"content": "Half"}, "finish_reason": null, "error": {"message": "x"}}], "error": {"message": "x"}}),
            Want::Again,
        ),
        (
            "an error in the choice",
            json!({"choices": [{"message": {"content": "Half"}, "finish_reason": "error", "error": {"code": 502, "message": "x"}}]}),
            Want::Again,
        ),
        (
            "only another choice",
            json!({"choices": [{"index": 1, "message": {"content": "x"}, "finish_reason": "stop"}]}),
            Want::Again,
        ),
        (
            "the first of two",
            json!({"choices": [{"index": 1, "message": {"content": "x"}}, {"index": 0, "message": {"content": HELP}, "finish_reason": "stop"}]}),
            Want::Answer(HELP),
        ),
        (
            "thinking parts",
            message(
                json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "I cannot."}]}, {"type": "text", "text": HELP}]}),
            ),
            Want::Answer(HELP),
        ),
        (
            "tool parts",
            message(
                json!({"content": [{"type": "server_tool_use", "name": "x", "text": "no"}, {"type": "text", "text": HELP}]}),
            ),
            Want::Answer(HELP),
        ),
        (
            "a refusal field",
            message(json!({"content": null, "refusal": "I cannot."})),
            Want::Refused,
        ),
        (
            "all thoughts, cut",
            json!({"choices": [{"message": {"content": null, "reasoning_content": "hm"}, "finish_reason": "length"}]}),
            Want::Cut,
        ),
        (
            "a word of another type",
            json!({"choices": [{"message": {"content": HELP}, "finish_reason": 3}]}),
            Want::Unfinished,
        ),
    ] {
        let server = Canned::start(vec![Canned::json(200, &body)]);
        let reply = runtime.block_on(ask(&model(openai, &server)));
        assert_eq!(got(reply, &want), want, "{name}");
    }
}

#[test]
fn a_refused_field_is_dropped_once_and_said() {
    let runtime = runtime();
    let refusal = json!({"error": {"message": "Unsupported parameter: 'temperature' is not supported with this model.", "param": "temperature", "code": "unsupported_parameter"}});
    for row in &HTTP_PROVIDERS {
        let good = answer_body(row.name, HELP, "stop");
        let server = Canned::start(vec![
            Canned::json(400, &refusal),
            Canned::json(200, &good),
            Canned::json(200, &good),
        ]);
        let model = model(row, &server);
        for _ in 0..2 {
            let reply = runtime.block_on(ask(&model)).unwrap();
            let dropped = Remark::FieldDropped {
                field: "temperature".to_owned(),
                instead: None,
            };
            assert_eq!((reply.text.as_str(), reply.remarks), (HELP, vec![dropped]));
        }
        let bodies = server.bodies();
        assert_eq!(bodies.len(), 3, "{}", row.name);
        assert!(bodies[0].contains("temperature"));
        assert!(!bodies[1].contains("temperature") && !bodies[2].contains("temperature"));
    }
}

#[test]
fn the_limit_of_tokens_is_renamed_and_never_dropped() {
    let openai = &HTTP_PROVIDERS[0];
    let runtime = runtime();
    let refusal = json!({"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "param": "max_tokens"}});
    let good = answer_body("openai", HELP, "stop");
    let server = Canned::start(vec![Canned::json(400, &refusal), Canned::json(200, &good)]);
    assert!(runtime.block_on(ask(&model(openai, &server))).is_ok());
    assert!(server.bodies()[1].contains("max_completion_tokens"));
    let refusal =
        json!({"error": {"message": "'max_tokens' is not supported", "param": "max_tokens"}});
    let server = Canned::start(vec![Canned::json(400, &refusal)]);
    let reply = runtime.block_on(ask(&model(openai, &server)));
    assert!(
        matches!(reply, Err(ModelError::Request { .. })),
        "{reply:?}"
    );
}

#[test]
fn a_cut_prompt_is_marked_and_ollama_is_sent_its_context() {
    let runtime = runtime();
    let mut rows = HTTP_PROVIDERS.iter();
    let ollama = rows.find(|row| row.name == "ollama").unwrap();
    let mut body = answer_body("ollama", HELP, "stop");
    body["prompt_eval_count"] = json!(2_050);
    let server = Canned::start(vec![Canned::json(200, &body)]);
    let model = model(ollama, &server);
    let long = support::request(&"chart ".repeat(4_000));
    let reply = runtime.block_on(model.chat(&long)).unwrap();
    assert_eq!(reply.remarks, [Remark::PromptCut { read: 2_050 }]);
    let sent: Value = serde_json::from_str(&server.bodies()[0]).unwrap();
    assert!(sent["options"]["num_ctx"].as_u64().unwrap() >= 8_192);
}
