use proptest::prelude::*;
use serde_json::json;

use super::*;

fn words(error: &Value) -> ServerWords {
    ServerWords::of_body(json!({ "error": error }).to_string().as_bytes())
}

#[test]
fn messages_stay_on_one_line_and_keep_the_reason_behind_them() {
    let message = |body: &[u8]| ServerWords::of_body(body).message;
    assert_eq!(
        message(b"{\"error\": {\"message\": \"bad\\nkey\"}}"),
        "bad key"
    );
    assert_eq!(message(b"<html>oops</html>"), "<html>oops</html>");
    assert_eq!(
        message(b"{\"error\": \"model not found\"}"),
        "model not found"
    );
    assert_eq!(
        message(br#"[{"error": {"message": "no", "status": "NOT_FOUND", "code": 404}}]"#),
        "no (NOT_FOUND)"
    );
    assert_eq!(
        message(br#"{"error":{"code":400,"message":"Provider returned error","metadata":{"raw":"prompt rejected: not allowed","provider_name":"P"}}}"#),
        "Provider returned error (prompt rejected: not allowed)"
    );
    assert_eq!(
        message(br#"{"detail":[{"loc":["body","seed"],"msg":"Extra inputs are not permitted","input":3}]}"#),
        "'seed': Extra inputs are not permitted"
    );
}

#[test]
fn filters_are_recognised_whatever_they_are_called() {
    for error in [
        json!({"code": "content_filter", "message": "x"}),
        json!({"code": "data_inspection_failed", "message": "Input data may contain inappropriate content."}),
        json!("litellm.ContentPolicyViolationError: AzureException - rejected"),
        json!({"code": 400, "message": "Provider returned error", "metadata": {"raw": "prompt rejected: not allowed"}}),
        json!({"message": "Your input was flagged by our safety system"}),
        json!({"message": "m requires moderation on OpenAI. Your input was flagged for \"self-harm\"."}),
        json!({"message": "x", "innererror": {"code": "ResponsibleAIPolicyViolation"}}),
        json!({"message": "Guardrail intervened"}),
        json!({"message": "Invalid prompt: limited for safety reasons", "code": "invalid_prompt"}),
    ] {
        assert!(words(&error).filter().is_some(), "{error}");
    }
    // What the server repeats of the request says nothing.
    let repeated =
        json!({"detail": [{"loc": ["body"], "msg": "bad", "input": "a content policy"}]});
    assert_eq!(words(&repeated).filter(), None);
    assert_eq!(
        words(&json!("temperature must be at most 2")).filter(),
        None
    );
}

#[test]
fn spent_quotas_are_told_from_limits_that_pass() {
    for error in [
        json!({"code": "insufficient_quota", "message": "You exceeded your current quota"}),
        json!({"message": "Your credit balance is too low to access the API"}),
        json!({"message": "Key limit exceeded (daily limit). Manage it at …"}),
        json!({"message": "ExceededBudget: budget has been exceeded"}),
        json!({"message": "Rate limit exceeded: free-models-per-day"}),
        json!({"code": "Arrearage", "message": "Access denied"}),
    ] {
        assert!(words(&error).quota_is_spent(), "{error}");
    }
    let gemini = json!({"code": 429, "message": "You exceeded your current quota", "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "…QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPerMinute"}]},
            {"@type": "…RetryInfo", "retryDelay": "7.4s"}]});
    assert!(!words(&gemini).quota_is_spent());
    assert_eq!(words(&gemini).wait_ms, Some(7_400));
    let day = json!({"message": "quota", "details": [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}, {"retryDelay": "40s"}]});
    assert!(words(&day).quota_is_spent());
}

#[test]
fn waits_stand_in_fields_and_sentences() {
    for (error, wait) in [
        (json!({"message": "Please try again in 20s."}), Some(20_000)),
        (json!({"message": "try again in 1m12.5s"}), Some(72_500)),
        (
            json!({"message": "Please try again in 350ms. Visit"}),
            Some(350),
        ),
        (json!({"message": "Please retry in 7.4s."}), Some(7_400)),
        (json!({"message": "Please wait 30 seconds"}), Some(30_000)),
        (json!({"message": "Retry after 2 minutes"}), Some(120_000)),
        (json!({"retry_after": 1.5, "message": "x"}), Some(1_500)),
        (
            json!({"message": "x", "metadata": {"retry_after_seconds": 3}}),
            Some(3_000),
        ),
        (json!({"message": "try again later"}), None),
        (json!({"retry_after": -4, "message": "x"}), None),
    ] {
        assert_eq!(words(&error).wait_ms, wait, "{error}");
    }
}

#[test]
fn overlong_prompts_are_recognised_with_both_numbers() {
    for (message, needed, limit) in [
        (
            "This model's maximum context length is 8192 tokens. However, you requested 9001 tokens (8001 in the messages, 1000 in the completion)",
            9_001,
            8_192,
        ),
        (
            "The decoder prompt (length 5021) is longer than the maximum model length of 4096",
            5_021,
            4_096,
        ),
        (
            "Trying to keep the first 6269 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens",
            6_269,
            4_096,
        ),
        (
            "prompt is too long: 208310 tokens > 200000 maximum",
            208_310,
            200_000,
        ),
        (
            "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000",
            0,
            200_000,
        ),
        (
            "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
            1_100_000,
            1_048_576,
        ),
        (
            "request (5021 tokens) exceeds the available context size (4096 tokens), try increasing it",
            5_021,
            4_096,
        ),
        (
            "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 512 `max_new_tokens`",
            5_000,
            4_096,
        ),
        (
            "Requested 9,001 tokens exceed the model's context window of 8,192 tokens",
            9_001,
            8_192,
        ),
        ("request_too_large", 0, 0),
    ] {
        assert_eq!(
            words(&json!({ "message": message })).overflow(),
            Some(ModelError::ContextOverflow { needed, limit }),
            "{message}"
        );
    }
    let fields = json!({"code": 400, "message": "x", "type": "exceed_context_size_error", "n_prompt_tokens": 5_021, "n_ctx": 4_096});
    assert_eq!(
        words(&fields).overflow(),
        Some(ModelError::ContextOverflow {
            needed: 5_021,
            limit: 4_096
        })
    );
    let huge = format!("maximum context length {}", "9".repeat(60));
    assert!(words(&json!({ "message": huge })).overflow().is_some());
}

#[test]
fn refused_fields_are_named() {
    let sent = ["max_tokens", "temperature", "seed", "response_format"];
    for (error, field, instead) in [
        (
            json!({"param": "max_tokens", "code": "unsupported_parameter", "message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."}),
            "max_tokens",
            Some("max_completion_tokens"),
        ),
        (
            json!({"param": "temperature", "code": "unsupported_value", "message": "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported."}),
            "temperature",
            None,
        ),
        (
            json!("'response_format.type' must be 'json_schema' or 'text'"),
            "response_format",
            None,
        ),
        (
            json!({"message": "`temperature` is deprecated for this model."}),
            "temperature",
            None,
        ),
        (
            json!({"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted", "type": "extra_forbidden"}]}),
            "seed",
            None,
        ),
        (
            json!({"message": "Invalid JSON payload received. Unknown name \"seed\" at 'generation_config': Cannot find field."}),
            "seed",
            None,
        ),
    ] {
        // FastAPI's errors stand beside no `error`.
        let said = if error["detail"].is_null() {
            words(&error)
        } else {
            ServerWords::of_value(&error)
        };
        assert_eq!(said.refused_field(&sent), Some((field, instead)), "{error}");
    }
    for error in [
        json!({"message": "the model is not supported"}),
        json!({"message": "body temperature must be given"}),
        json!({"param": "messages", "message": "unsupported role"}),
    ] {
        assert_eq!(words(&error).refused_field(&sent), None, "{error}");
    }
}

#[test]
fn the_status_in_a_body_counts() {
    for (error, status) in [
        (json!({"code": 400, "message": "x"}), Some(400)),
        (json!({"code": "429", "message": "x"}), Some(429)),
        (
            json!({"type": "overloaded_error", "message": "x"}),
            Some(529),
        ),
        (json!({"status": "RESOURCE_EXHAUSTED"}), Some(429)),
        (
            json!({"type": "error", "error": {"type": "rate_limit_error"}}),
            Some(429),
        ),
        (json!({"code": 1301, "message": "x"}), None),
        (json!("x"), None),
    ] {
        assert_eq!(words(&error).status, status, "{error}");
    }
}

proptest! {
    #[test]
    fn any_body_is_read_without_a_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let words = ServerWords::of_body(&body);
        let _ = (words.filter(), words.overflow(), words.quota_is_spent(), words.refused_field(&["seed"]));
    }

    #[test]
    fn any_message_is_read_without_a_panic(message in "(try again in |maximum |context length |>|[0-9]{1,30}|ms|s|é|'seed'|,| ){0,20}") {
        let words = words(&json!({ "message": message }));
        let _ = (words.filter(), words.overflow(), words.wait_ms, words.refused_field(&["seed"]));
    }
}
