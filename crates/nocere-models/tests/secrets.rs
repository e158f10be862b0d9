//! A key that a server repeats, in every encoding and place that we know, is neither returned nor
//! said.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use nocere_models::HTTP_PROVIDERS;
use serde_json::{Value, json};

use support::{Canned, HELP, answer_body, ask, keyed, runtime};

const KEY: &str = "sk-pl/ant+ed\"7f3Z\\9=q";

fn base64(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let mut bits = 0_u32;
        for byte in 0..3 {
            bits = (bits << 8) | u32::from(chunk.get(byte).copied().unwrap_or(0));
        }
        for place in 0..4 {
            if place <= chunk.len() {
                let index = (bits >> (18 - 6 * place)) & 63;
                out.push(char::from(ALPHABET[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// The forms in which a server may repeat a key, as the text that a reader would see.
fn forms() -> Vec<(&'static str, String)> {
    let hex: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = KEY
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    vec![
        ("as it is", KEY.to_owned()),
        ("with a scheme", format!("Bearer {KEY}")),
        ("in a sentence", format!("Your key, {KEY}, is wrong.")),
        ("base64", base64(KEY)),
        ("base64 with a user", base64(&format!("user:{KEY}"))),
        ("base64 with a longer user", base64(&format!("user1:{KEY}"))),
        ("hex", hex.clone()),
        ("hex in capitals", hex.to_uppercase()),
        ("percent", percent.clone()),
        (
            "percent, small",
            percent
                .replace("%2B", "%2b")
                .replace("%2F", "%2f")
                .replace("%5C", "%5c")
                .replace("%3D", "%3d"),
        ),
        (
            "escaped slashes",
            KEY.replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('/', "\\/"),
        ),
        ("escaped twice", json!(KEY).to_string()),
        ("HTML", KEY.replace('"', "&quot;")),
    ]
}

fn leaks(said: &str) -> bool {
    // Any run of eight characters of any form, so that no half of a key passes either.
    forms().iter().take(1).any(|(_, form)| {
        let chars: Vec<char> = form.chars().collect();
        chars
            .windows(8)
            .any(|run| said.contains(&run.iter().collect::<String>()))
    }) || forms().iter().any(|(_, form)| said.contains(form.as_str()))
}

#[test]
fn no_encoding_and_no_place_gives_a_key_back() {
    let runtime = runtime();
    let mut tried = 0;
    for row in &HTTP_PROVIDERS {
        for (name, form) in forms() {
            let places: Vec<(&str, support::CannedAnswer)> = vec![
                (
                    "the answer",
                    Canned::json(
                        200,
                        &answer_body(row.name, &format!("{form} {HELP}"), "stop"),
                    ),
                ),
                (
                    "thoughts",
                    Canned::json(
                        200,
                        &answer_body(row.name, &format!("<think>{form}</think>{HELP}"), "stop"),
                    ),
                ),
                (
                    "the finish word",
                    Canned::json(200, &answer_body(row.name, HELP, &form)),
                ),
                ("ids", Canned::json(200, &with_ids(row.name, &form))),
                (
                    "an error",
                    Canned::json(400, &json!({"error": {"message": form}})),
                ),
                (
                    "a refused key",
                    Canned::json(
                        401,
                        &json!({"error": {"message": "wrong key", "code": form}}),
                    ),
                ),
                (
                    "an error in a reply",
                    Canned::json(200, &json!({"error": {"code": 500, "message": form}})),
                ),
                (
                    "a page",
                    Canned::of(502, "text/html", format!("<p>{form}</p>").as_bytes()),
                ),
                (
                    "the content type",
                    Canned::of(200, &header(&form), b"<html>"),
                ),
            ];
            for (place, answer) in places {
                let server = Canned::start(vec![answer]);
                let reply = runtime.block_on(ask(&keyed(row, &server, KEY)));
                let said = match reply {
                    Ok(reply) => format!("{reply:?}"),
                    Err(error) => error.to_string(),
                };
                // Debug's escapes are undone, to search what is meant.
                let said = said.replace("\\\"", "\"").replace("\\\\", "\\");
                assert!(!leaks(&said), "{}: {name} in {place}: {said}", row.name);
                tried += 1;
            }
        }
    }
    assert!(tried >= 600, "{tried}");
}

/// A header's value cannot hold every character.
fn header(form: &str) -> String {
    format!("text/{form}")
        .chars()
        .filter(|c| (' '..='~').contains(c))
        .collect()
}

fn with_ids(provider: &str, form: &str) -> Value {
    let mut body = answer_body(provider, HELP, "stop");
    for field in [
        "id",
        "model",
        "system_fingerprint",
        "responseId",
        "modelVersion",
    ] {
        body[field] = json!(form);
    }
    body
}

#[test]
fn a_key_that_a_stream_cuts_in_two_is_found() {
    let openai = &HTTP_PROVIDERS[0];
    let runtime = runtime();
    let chunk = |text: &str| {
        format!(
            "data: {}\n\n",
            json!({"choices": [{"delta": {"content": text}}]})
        )
    };
    for at in 1..KEY.len() {
        let (head, tail) = KEY.split_at(at);
        let body = format!(
            "{}{}data: {}\n\n",
            chunk(head),
            chunk(tail),
            json!({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        );
        let server = Canned::start(vec![Canned::of(200, "text/event-stream", body.as_bytes())]);
        let reply = runtime.block_on(ask(&keyed(openai, &server, KEY))).unwrap();
        assert_eq!(reply.text, "[key removed]", "{at}");
    }
    // In two parts of one message.
    let body = json!({"choices": [{"message": {"content": [{"type": "text", "text": &KEY[..9]}, {"type": "text", "text": &KEY[9..]}]}, "finish_reason": "stop"}]});
    let server = Canned::start(vec![Canned::json(200, &body)]);
    let reply = runtime.block_on(ask(&keyed(openai, &server, KEY))).unwrap();
    assert_eq!(reply.text, "[key removed]");
}

#[test]
fn a_key_in_raw_json_escapes_is_found() {
    let openai = &HTTP_PROVIDERS[0];
    let runtime = runtime();
    let escapes: String = KEY
        .chars()
        .map(|c| format!("\\u{:04x}", c as u32))
        .collect();
    let slashes = json!(KEY).to_string().replace('/', "\\/");
    for raw in [format!("\"{escapes}\""), slashes] {
        let body = format!(
            "{{\"choices\": [{{\"message\": {{\"content\": {raw}}}, \"finish_reason\": \"stop\"}}]}}"
        );
        let server = Canned::start(vec![Canned::of(200, "application/json", body.as_bytes())]);
        let reply = runtime.block_on(ask(&keyed(openai, &server, KEY))).unwrap();
        assert_eq!(reply.text, "[key removed]", "{raw}");
    }
}
