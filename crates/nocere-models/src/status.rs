//! Turns an HTTP error into a `ModelError` that says what can be done about it.

use nocere_core::{ModelError, clock};

use crate::server_words::ServerWords;

/// Longest wait that is waited, in milliseconds (one hour). A server that asks for more ends the
/// work that depends on it.
const LONGEST_WAIT_MS: u64 = 3_600_000;

/// A response with a status other than success, or an error inside a reply.
pub(crate) struct Refused<'a> {
    pub(crate) server: &'a str,
    pub(crate) target: &'a str,
    pub(crate) model: &'a str,
    pub(crate) status: u16,
    pub(crate) words: ServerWords,
    /// The wait that a header asks for.
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
            words,
            retry_after_ms,
            answered_before,
        } = self;
        let text = &words.message;
        let message = format!("{server} answered {status}: {text}");
        let retry_after_ms = retry_after_ms.or(words.wait_ms);
        if status == 402 || (status >= 400 && words.quota_is_spent()) {
            return ModelError::Fatal {
                message: format!("{message}; the account of {target} has no credit or quota left"),
            };
        }
        if let Some(wait) = retry_after_ms.filter(|wait| *wait > LONGEST_WAIT_MS) {
            return ModelError::Fatal {
                message: format!(
                    "{message}; it asks to wait {} min: resume the run then",
                    wait.div_ceil(60_000)
                ),
            };
        }
        match status {
            429 | 529 => ModelError::RateLimited {
                message,
                retry_after_ms,
            },
            503 if retry_after_ms.is_some() => ModelError::RateLimited {
                message,
                retry_after_ms,
            },
            // Gateways report a prompt that is too long as their own failure.
            500..=599 => words.overflow().unwrap_or(ModelError::Transient {
                message,
                retry_after_ms,
                may_be_billed: false,
            }),
            408 | 409 | 425 => ModelError::Transient {
                message,
                retry_after_ms,
                may_be_billed: false,
            },
            300..=399 => ModelError::Fatal {
                message: format!(
                    "{server} answered with a redirect ({status}), which is not followed; give the final address as base_url"
                ),
            },
            400 if words.key_is_wrong() => refused_key(server, target, status, text),
            // Only this request is forbidden: the key has worked before.
            403 if answered_before => ModelError::Request { message },
            401 | 403 => refused_key(server, target, status, text),
            404 | 410 => ModelError::Fatal {
                message: format!(
                    "{server} knows no model `{model}`, or the address is wrong ({status}): {text}"
                ),
            },
            413 => words.overflow().unwrap_or(ModelError::ContextOverflow {
                needed: 0,
                limit: 0,
            }),
            _ => words.overflow().unwrap_or(ModelError::Request { message }),
        }
    }

    /// The word of the provider's filter, if that is what withheld the answer. A wrong key, a
    /// spent quota or a full server is not a filter, whatever else the message says.
    pub(crate) fn filter(&self) -> Option<&'static str> {
        if self.status == 451 {
            return Some("451");
        }
        let word = self.words.filter();
        let elsewhere = matches!(self.status, 401 | 402 | 404 | 429 | 529);
        if elsewhere || self.words.quota_is_spent() {
            // These say so themselves, whatever else the message is about.
            return word.filter(|word| {
                matches!(
                    *word,
                    "content_filter" | "requires moderation" | "was flagged"
                ) && !matches!(self.status, 401 | 402 | 404)
            });
        }
        word
    }
}

fn refused_key(server: &str, target: &str, status: u16, text: &str) -> ModelError {
    ModelError::Fatal {
        message: format!(
            "{server} refused the key ({status}): {text}; check `api_key` of {target}"
        ),
    }
}

/// The wait that `retry-after-ms` or `Retry-After` (seconds or a date) asks for, in
/// milliseconds. A date in the past, as a clock that is ahead sees it, asks for no wait.
pub(crate) fn retry_after_ms<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<u64> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| *n >= 0.0);
    if let Some(ms) = header("retry-after-ms").and_then(number) {
        return Some(ms as u64);
    }
    let value = header("retry-after")?;
    if let Some(seconds) = number(value) {
        // So large a number is a point in time.
        let now = (clock::now_nanos() / 1_000_000_000) as f64;
        let seconds = if seconds > 1e9 {
            (seconds - now).max(0.0)
        } else {
            seconds
        };
        return Some((seconds * 1_000.0) as u64);
    }
    let at = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    let wait = at.timestamp().as_millisecond() - (clock::now_nanos() / 1_000_000) as i64;
    Some(wait.max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_seconds_milliseconds_or_dates() {
        let ask = |name: &'static str, value: &'static str| {
            retry_after_ms(move |header| (header == name).then_some(value))
        };
        assert_eq!(ask("retry-after", "1.5"), Some(1_500));
        assert_eq!(ask("retry-after-ms", "250"), Some(250));
        assert_eq!(ask("retry-after", "999999"), Some(999_999_000));
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
                words: ServerWords::of_body(text.as_bytes()),
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
