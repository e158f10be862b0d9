//! The words with which servers, engines and other programs say why an answer ended. One table
//! for all wire formats and importers. A word that is not in it never means a whole answer.

use serde::{Deserialize, Serialize};

use crate::text::shorten;

/// Longest finish word that is kept, in characters.
pub const LONGEST_WORD: usize = 80;

/// Why the model stopped generating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model ended its turn.
    Stop,
    /// The token limit cut the answer.
    Length,
    /// The engine stopped a model that said the same over and over. The answer is what it said up
    /// to then, with the repetition once.
    Loop,
    /// The provider's filter, guardrail or classifier withheld the answer.
    ContentFilter,
    /// A field of its own, not the finish word, marks the text as the model's refusal.
    Refusal,
    /// Another reason, in the provider's own word. What there is of an answer is not whole.
    Other(String),
}

/// What a finish word says about the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The model ended its turn.
    Whole,
    /// A token limit cut the answer.
    Cut,
    /// The provider's filter, guardrail or classifier withheld the answer.
    Filtered,
    /// The server failed while the model was answering: asking again may succeed.
    Transient,
}

/// Every finish word that is known, in small letters and with `_` between words.
///
/// Read from the API references and the source of OpenAI, Azure, Anthropic, Bedrock, Gemini and
/// Vertex, Mistral, Cohere, DeepSeek, Qwen, Zhipu, Baidu, MiniMax, xAI, watsonx, AI21, Titan,
/// Fireworks, OpenRouter, LiteLLM, Hugging Face TGI, vLLM, SGLang, llama.cpp, Ollama, Inspect and
/// promptfoo. Words for tool calls are left out on purpose: an answer that waits for a tool is
/// not whole.
const WORDS: [(Ending, &[&str]); 4] = [
    (
        Ending::Whole,
        &[
            "stop",
            "stopped",
            "end_turn",
            "stop_sequence",
            "stop_sequence_reached",
            "eos",
            "eos_token",
            "eos_token_found",
            "end_of_text",
            "endoftext",
            "end_of_sequence",
            "end",
            "complete",
            "completed",
            "finish",
            "finished",
            "done",
            "normal",
            "stop_str",
            "stop_token",
            "word",
        ],
    ),
    (
        Ending::Cut,
        &[
            "length",
            "max_tokens",
            "max_token",
            "max_tokens_reached",
            "max_output_tokens",
            "max_output_tokens_reached",
            "max_completion_tokens",
            "max_new_tokens",
            "max_length",
            "max_len",
            "reason_max_len",
            "reason_max_context",
            "token_limit",
            "token_limit_reached",
            "length_limit",
            "limit",
            "model_length",
            "model_context_window_exceeded",
            "context_window_exceeded",
            "context_length_exceeded",
            "context_length",
            "truncated",
        ],
    ),
    (
        Ending::Filtered,
        &[
            "content_filter",
            "content_filtered",
            "content_filtering",
            "filtered",
            "filter",
            "safety",
            "safety_filter",
            "image_safety",
            "recitation",
            "blocklist",
            "prohibited_content",
            "spii",
            "model_armor",
            "jailbreak",
            "blocked",
            "block",
            "block_reason_unspecified",
            "flagged",
            "moderation",
            "moderated",
            "moderation_blocked",
            "sensitive",
            "guardrail",
            "guardrails",
            "guardrail_intervened",
            "guardrail_blocked",
            "content_policy",
            "content_policy_violation",
            "policy_violation",
            "risk_control",
            "error_toxic",
            "toxic",
            "data_inspection_failed",
            // Said in place of an answer by the provider's classifier, not by the model.
            "refusal",
            "refused",
            "model_refusal",
        ],
    ),
    (
        Ending::Transient,
        &[
            "error",
            "internal_error",
            "server_error",
            "api_error",
            "network_error",
            "insufficient_system_resource",
            "insufficient_system_resources",
            "overloaded",
            "timeout",
            "time_limit",
            "abort",
            "aborted",
            "cancel",
            "canceled",
            "cancelled",
            "user_cancel",
            "failed",
            "in_progress",
            "queued",
            "not_finished",
            "interrupted",
            "eos_not_found",
        ],
    ),
];

/// Prefixes that some servers put in front of every finish word.
const PREFIXES: [&str; 3] = ["finish_reason_", "stop_reason_", "finishreason."];

impl Ending {
    /// What `word` says; `None` for a word that is not in the table. Case, surrounding space and
    /// the marks between words (`-`, space, capitals as in `maxTokens`) do not matter.
    pub fn of(word: &str) -> Option<Self> {
        let snake = snake(word);
        let known = |word: &str| {
            let entry = WORDS.iter().find(|(_, words)| words.contains(&word));
            entry.map(|(ending, _)| *ending)
        };
        known(&snake).or_else(|| {
            let bare = PREFIXES
                .iter()
                .find_map(|prefix| snake.strip_prefix(prefix));
            bare.and_then(known)
        })
    }
}

impl Finish {
    /// The finish that `word` means. Words for failures of the server, and unknown words,
    /// become [`Finish::Other`].
    pub fn of_word(word: &str) -> Self {
        match Ending::of(word) {
            Some(Ending::Whole) => Self::Stop,
            Some(Ending::Cut) => Self::Length,
            Some(Ending::Filtered) => Self::ContentFilter,
            Some(Ending::Transient) | None => Self::Other(shorten(word, LONGEST_WORD)),
        }
    }
}

/// `word` in small letters with `_` between its words.
fn snake(word: &str) -> String {
    let mut snake = String::new();
    let mut small_before = false;
    for c in word.trim().chars().take(80) {
        match c {
            '-' | ' ' | '_' => snake.push('_'),
            c if c.is_uppercase() => {
                if small_before {
                    snake.push('_');
                }
                snake.extend(c.to_lowercase());
            }
            c => snake.push(c),
        }
        small_before = c.is_lowercase();
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_stands_once_and_as_it_is_looked_up() {
        let mut seen = std::collections::BTreeSet::new();
        for (ending, words) in WORDS {
            for word in words {
                assert_eq!(Ending::of(word), Some(ending), "{word}");
                assert!(seen.insert(*word), "{word} stands twice");
            }
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        for (word, ending) in [
            ("STOP", Ending::Whole),
            ("EndTurn", Ending::Whole),
            ("FINISH_REASON_STOP", Ending::Whole),
            ("maxTokens", Ending::Cut),
            ("MAX_TOKENS", Ending::Cut),
            (" content-filter ", Ending::Filtered),
            ("SAFETY", Ending::Filtered),
            ("GUARDRAIL_INTERVENED", Ending::Filtered),
            ("Refusal", Ending::Filtered),
            ("network_error", Ending::Transient),
        ] {
            assert_eq!(Ending::of(word), Some(ending), "{word}");
        }
    }

    #[test]
    fn an_unknown_word_is_not_a_whole_answer() {
        for word in [
            "OTHER",
            "LANGUAGE",
            "tool_calls",
            "function_call",
            "MALFORMED_FUNCTION_CALL",
            "pause_turn",
            "unknown",
            "null",
            "load",
            "what is this\u{1b}[31m",
            "error",
        ] {
            let Finish::Other(kept) = Finish::of_word(word) else {
                panic!("{word}");
            };
            assert!(!kept.contains('\u{1b}'));
        }
        let long = "x".repeat(10_000);
        assert_eq!(
            Finish::of_word(&long),
            Finish::Other(format!("{}…", "x".repeat(79)))
        );
    }
}
