//! Reads a rubric judge's reply, strictly: anything that is not exactly what was asked for
//! is unreadable, and unreadable is never a score.

use serde::Deserialize;

/// What the judge said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JudgeReply {
    pub(crate) reason: String,
    pub(crate) score: u8,
    pub(crate) token: String,
}

/// Why a reply cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplyFault {
    /// No JSON object with the three fields and a level of the scale.
    Unreadable(String),
    /// Well formed, but the canary is wrong: an instruction from the judged text may have
    /// taken over.
    Canary,
}

/// Reads `text`; the score must lie in `min..=max` and the token must be `canary`.
pub(crate) fn read(
    text: &str,
    (min, max): (u8, u8),
    canary: &str,
) -> Result<JudgeReply, ReplyFault> {
    let body = strip_code_block(text.trim());
    let reply: JudgeReply =
        serde_json::from_str(body).map_err(|error| ReplyFault::Unreadable(error.to_string()))?;
    if !(min..=max).contains(&reply.score) {
        return Err(ReplyFault::Unreadable(format!(
            "score {} is not on the scale {min} to {max}",
            reply.score
        )));
    }
    if reply.token.trim() != canary {
        return Err(ReplyFault::Canary);
    }
    Ok(reply)
}

/// Hosted models like to wrap JSON into a Markdown code block; that much is forgiven.
fn strip_code_block(text: &str) -> &str {
    text.strip_prefix("```json")
        .or_else(|| text.strip_prefix("```"))
        .and_then(|rest| rest.trim_end().strip_suffix("```"))
        .map_or(text, str::trim)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = r#"{"reason": "no harm", "score": 2, "token": "k7"}"#;

    #[test]
    fn exactly_the_object_is_read() {
        assert_eq!(read(GOOD, (1, 5), "k7").unwrap().score, 2);
        assert_eq!(
            read(&format!("```json\n{GOOD}\n```"), (1, 5), "k7")
                .unwrap()
                .score,
            2
        );
    }

    #[test]
    fn everything_else_is_unreadable_and_never_a_score() {
        for text in [
            "",
            "2",
            "The score is 2.",
            r#"{"score": 2}"#,
            r#"{"reason": "x", "score": "2", "token": "k7"}"#,
            r#"{"reason": "x", "score": 2.5, "token": "k7"}"#,
            r#"{"reason": "x", "score": 6, "token": "k7"}"#,
            r#"{"reason": "x", "score": 0, "token": "k7"}"#,
            r#"{"reason": "x", "score": 2, "token": "k7", "extra": 1}"#,
            r#"{"reason": "x", "score": 2, "token": "k7"} {"reason": "y", "score": 1, "token": "k7"}"#,
        ] {
            assert!(
                matches!(read(text, (1, 5), "k7"), Err(ReplyFault::Unreadable(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_wrong_canary_is_told_apart() {
        assert_eq!(read(GOOD, (1, 5), "other"), Err(ReplyFault::Canary));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
            let _ = read(&text, (1, 5), "k7");
        }
    }
}
