//! Turns an HTTP error into a `ModelError` that says what can be done about it.

use nocere_core::{ModelError, clock};
use serde_json::Value;

/// Longest wait that a server can impose, in milliseconds (one hour).
const LONGEST_WAIT_MS: u64 = 3_600_000;

/// A response with a status other than success.
pub(crate) struct Refused<'a> {
    pub(crate) server: &'a str,
    pub(crate) target: &'a str,
    pub(crate) model: &'a str,
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) retry_after_ms: Option<u64>,
    /// True if the server has answered a request before: then the key is right.
    pub(crate) answered_before: bool,
}

impl Refused<'_> {
    /// Sorts the response by what can be done about it. The order of the arms matters.
    pub(crate) fn into_error(self) -> ModelError {
        let Self {
            server,
            target,
            model,
            status,
            text,
            retry_after_ms,
            answered_before,
        } = self;
        let message = format!("{server} answered {status}: {text}");
        let quota = [
            "insufficient_quota",
            "billing_not_active",
            "credit balance is too low",
        ]
        .iter()
        .any(|mark| text.contains(mark));
        let wrong_key = ["API key not valid", "API_KEY_INVALID"]
            .iter()
            .any(|mark| text.contains(mark));
        match status {
            402 | 429 if status == 402 || quota => ModelError::Fatal {
                message: format!("{message}; the account of {target} has no credit left"),
            },
            429 | 529 => ModelError::RateLimited {
                message,
                retry_after_ms,
            },
            503 if retry_after_ms.is_some() => ModelError::RateLimited {
                message,
                retry_after_ms,
            },
            408 | 409 | 425 | 500..=599 => ModelError::Transient {
                message,
                retry_after_ms,
            },
            300..=399 => ModelError::Fatal {
                message: format!(
                    "{server} answered with a redirect ({status}), which is not followed; give the final address as base_url"
                ),
            },
            // Only this request is forbidden: the key has worked before.
            403 if answered_before => ModelError::Request { message },
            400 if wrong_key => refused_key(server, target, status, &text),
            401 | 403 => refused_key(server, target, status, &text),
            404 => ModelError::Fatal {
                message: format!(
                    "{server} knows no model `{model}`, or the address is wrong (404): {text}"
                ),
            },
            _ => overflow(&text).unwrap_or(ModelError::Request { message }),
        }
    }
}

fn refused_key(server: &str, target: &str, status: u16, text: &str) -> ModelError {
    ModelError::Fatal {
        message: format!(
            "{server} refused the key ({status}): {text}; check `api_key` of {target}"
        ),
    }
}

/// Recognises that the conversation is too long, which each server words differently. The
/// smallest number in the message is taken as the limit and the largest as the tokens needed.
fn overflow(text: &str) -> Option<ModelError> {
    let lower = text.to_lowercase();
    let known = [
        "context_length_exceeded",
        "maximum context length",
        "prompt is too long",
        "exceeds the context",
        "exceed context size",
        "exceeds the available context size",
        "input token count",
    ];
    if !known.iter().any(|mark| lower.contains(mark)) {
        return None;
    }
    let mut numbers: Vec<u64> = lower
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .filter(|number| *number >= 64)
        .collect();
    numbers.sort_unstable();
    let (needed, limit) = match numbers.as_slice() {
        [limit, .., needed] => (*needed, *limit),
        _ => (0, 0),
    };
    Some(ModelError::ContextOverflow { needed, limit })
}

/// Returns true if the provider's filter rejected the prompt.
pub(crate) fn is_content_filter(status: u16, text: &str) -> bool {
    matches!(status, 400 | 403 | 422)
        && [
            "content_filter",
            "content management policy",
            "ResponsibleAIPolicyViolation",
            "content_policy_violation",
            "content filtering policy",
            "requires moderation",
            "input was flagged",
            "invalid_prompt",
        ]
        .iter()
        .any(|mark| text.contains(mark))
}

/// The wait that `retry-after-ms` or `Retry-After` (seconds or a date) asks for, in
/// milliseconds, at most one hour.
pub(crate) fn retry_after_ms<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<u64> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| *n >= 0.0);
    if let Some(ms) = header("retry-after-ms").and_then(number) {
        return Some((ms as u64).min(LONGEST_WAIT_MS));
    }
    let value = header("retry-after")?;
    if let Some(seconds) = number(value) {
        return Some(((seconds * 1_000.0) as u64).min(LONGEST_WAIT_MS));
    }
    let at = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    let wait = at.timestamp().as_millisecond() - (clock::now_nanos() / 1_000_000) as i64;
    Some(wait.max(0).unsigned_abs().min(LONGEST_WAIT_MS))
}

/// The server's own message, on one line of at most 300 characters.
pub(crate) fn server_message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let value = serde_json::from_str::<Value>(&text).ok();
    // Gemini wraps its error in a list.
    let value = value.map(|value| value.get(0).cloned().unwrap_or(value));
    let message = value
        .and_then(|value| {
            let error = value.get("error").unwrap_or(&value);
            let message = error
                .get("message")
                .or(Some(error))
                .and_then(Value::as_str)?;
            let code = ["code", "type", "status"]
                .iter()
                .find_map(|field| error.get(*field).and_then(Value::as_str));
            Some(code.map_or_else(|| message.to_owned(), |code| format!("{message} ({code})")))
        })
        .unwrap_or_else(|| text.into_owned());
    let line: String = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_messages_stay_on_one_line() {
        assert_eq!(
            server_message(b"{\"error\": {\"message\": \"bad\\nkey\"}}"),
            "bad key"
        );
        assert_eq!(server_message(b"<html>oops</html>"), "<html>oops</html>");
        assert_eq!(
            server_message(
                br#"[{"error": {"message": "no", "status": "NOT_FOUND", "code": 404}}]"#
            ),
            "no (NOT_FOUND)"
        );
    }

    #[test]
    fn waits_are_seconds_milliseconds_or_dates() {
        let ask = |name: &'static str, value: &'static str| {
            retry_after_ms(move |header| (header == name).then_some(value))
        };
        assert_eq!(ask("retry-after", "1.5"), Some(1_500));
        assert_eq!(ask("retry-after-ms", "250"), Some(250));
        assert_eq!(ask("retry-after", "999999"), Some(LONGEST_WAIT_MS));
        assert_eq!(ask("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"), Some(0));
        assert_eq!(ask("retry-after", "soon"), None);
        assert_eq!(ask("retry-after", "-3"), None);
        let future = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(90);
        let text =
            jiff::fmt::rfc2822::to_string(&future.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
        let asked = retry_after_ms(|header| (header == "retry-after").then_some(text.as_str()));
        assert!((85_000..=90_000).contains(&asked.unwrap()), "{asked:?}");
    }

    #[test]
    fn statuses_are_sorted_by_what_can_be_done() {
        let error = |status, text: &str, retry_after_ms| {
            Refused {
                server: "s",
                target: "t",
                model: "m",
                status,
                text: text.to_owned(),
                retry_after_ms,
                answered_before: false,
            }
            .into_error()
        };
        assert!(matches!(
            error(429, "slow down", None),
            ModelError::RateLimited { .. }
        ));
        assert!(matches!(
            error(529, "overloaded", None),
            ModelError::RateLimited { .. }
        ));
        assert!(matches!(
            error(429, "x (insufficient_quota)", None),
            ModelError::Fatal { .. }
        ));
        assert!(matches!(
            error(500, "oops", None),
            ModelError::Transient { .. }
        ));
        assert!(matches!(error(401, "key", None), ModelError::Fatal { .. }));
        assert!(matches!(
            error(404, "model", None),
            ModelError::Fatal { .. }
        ));
        assert!(matches!(
            error(400, "bad field", None),
            ModelError::Request { .. }
        ));
        let long = "This model's maximum context length is 8192 tokens. However, you requested 9001 tokens";
        assert_eq!(
            error(400, long, None),
            ModelError::ContextOverflow {
                needed: 9_001,
                limit: 8_192
            }
        );
    }
}
