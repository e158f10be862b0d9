//! What servers return: responses of every provider, and server-sent events.

use nocere_core::{ChatReply, Ending, Finish};
use nocere_models::{
    HTTP_PROVIDERS,
    fuzzing::{PLANTED_KEY, Response, read_events, read_response},
};
use serde_json::Value;

use crate::input::first_line;

/// Longest message of an error, in characters. Servers' own words are cut to some hundred.
const LONGEST_MESSAGE: usize = 2_000;
/// Largest number of tokens that is believed.
const MOST_TOKENS: u64 = 1 << 40;

/// The first line says `PROVIDER STATUS RETRY-AFTER CONTENT-TYPE`, parted by `|`; the rest is
/// the body.
pub(crate) fn replies(bytes: &[u8]) {
    let (head, body) = first_line(bytes);
    let head = String::from_utf8_lossy(head);
    // A header holds visible ASCII only.
    let head: String = head.chars().filter(|c| matches!(c, ' '..='~')).collect();
    let mut fields = head.split('|');
    let name = fields.next().unwrap_or("");
    let place = usize::from(*bytes.first().unwrap_or(&0)) % HTTP_PROVIDERS.len();
    let provider = HTTP_PROVIDERS
        .iter()
        .find(|provider| provider.name == name)
        .unwrap_or(&HTTP_PROVIDERS[place]);
    let status = fields.next().and_then(|status| status.parse().ok());
    let status = status.unwrap_or(200);
    let read = read_response(&Response {
        provider: provider.name,
        status,
        retry_after: fields.next().unwrap_or(""),
        content_type: fields.next().unwrap_or("application/json"),
        body,
    });
    match read {
        Some(Ok(reply)) => {
            check_reply(&reply);
            if (200..300).contains(&status) {
                check_ending(provider.name, body, &reply);
            }
        }
        Some(Err(error)) => {
            let message = error.to_string();
            assert!(!message.contains(PLANTED_KEY), "a key in an error");
            assert!(
                message.chars().count() <= LONGEST_MESSAGE,
                "an error of {} characters",
                message.chars().count()
            );
            assert!(
                !message.chars().any(char::is_control),
                "control characters in an error: {message:?}"
            );
        }
        None => {}
    }
}

fn check_reply(reply: &ChatReply) {
    let shown = format!("{reply:?}");
    assert!(!shown.contains(PLANTED_KEY), "a key in a reply: {shown}");
    let usage = &reply.usage;
    for tokens in [
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        usage.reasoning_tokens,
    ] {
        assert!(tokens <= MOST_TOKENS, "{tokens} tokens");
    }
    assert!(usage.cached_tokens <= usage.input_tokens, "{usage:?}");
    assert!(usage.reasoning_tokens <= usage.output_tokens, "{usage:?}");
    // What is journaled must be read again as it was written.
    let again = serde_json::to_string(reply)
        .and_then(|text| serde_json::from_str::<ChatReply>(&text))
        .ok();
    assert!(
        again.as_ref() == Some(reply),
        "not journaled as read: {shown}"
    );
}

/// A word that does not say that the answer is whole never makes a whole answer.
fn check_ending(provider: &str, body: &[u8], reply: &ChatReply) {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let only = |list: &str| body[list].as_array().is_some_and(|list| list.len() == 1);
    let word = match provider {
        "openai" | "azure" if only("choices") => &body["choices"][0]["finish_reason"],
        "anthropic" => &body["stop_reason"],
        "gemini" if only("candidates") => &body["candidates"][0]["finishReason"],
        "ollama" => &body["done_reason"],
        _ => return,
    };
    if let Some(word) = word.as_str().filter(|word| !word.trim().is_empty())
        && Ending::of(word) != Some(Ending::Whole)
    {
        assert!(
            reply.finish != Finish::Stop,
            "`{word}` became a whole answer"
        );
    }
}

/// Server-sent events.
pub(crate) fn events(bytes: &[u8]) {
    let body = String::from_utf8_lossy(bytes);
    let (data, cut) = read_events(&body);
    let length: usize = data.iter().map(String::len).sum();
    assert!(length <= body.len(), "more data than there was");
    assert!(data.iter().all(|data| !data.contains('\r')));
    // The three line ends mean the same.
    if !body.contains('\r') {
        for end in ["\r\n", "\r"] {
            let other = read_events(&body.replace('\n', end));
            assert!(other == (data.clone(), cut), "other events after {end:?}");
        }
    }
}
