//! A wire format: where requests go, how they are written and how replies are read.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use nocere_core::{
    ChatReply, ChatRequest, Message, ModelError, ReplyFormat, image, key::derive_seed,
};
use serde_json::{Map, Value, json};

/// One wire format.
pub(crate) trait Wire: Send + Sync {
    /// Address of a call, without query.
    fn endpoint(&self, base_url: &str, model: &str) -> String;

    /// Header and value that carry the key.
    fn authorization(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    /// Headers that every request carries.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Body of the request.
    fn body(&self, model: &str, request: &ChatRequest) -> Value;

    /// Reads the body of a successful reply. The caller sets `latency_ms`.
    fn read(&self, body: &[u8]) -> Result<ChatReply, Unreadable> {
        let body = lenient_json(body)?;
        if let Some(error) = error_in(&body) {
            return Err(Unreadable::error(error));
        }
        self.read_value(&body)
    }

    /// Reads a reply that holds no error.
    fn read_value(&self, body: &Value) -> Result<ChatReply, Unreadable>;

    /// Name of a reply in error messages, such as "chat completion".
    fn reply_name(&self) -> &'static str;
}

/// Why a body is not a reply in this format.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) why: String,
    /// The server's own error, if the body holds one instead of an answer.
    pub(crate) error: Option<Value>,
}

impl Unreadable {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            error: None,
        }
    }

    /// The body holds an error.
    pub(crate) fn error(error: &Value) -> Self {
        Self {
            why: "it holds an error instead of an answer".to_owned(),
            error: Some(error.clone()),
        }
    }
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// The error that a body holds in place of an answer, or beside a fragment of one.
pub(crate) fn error_in(body: &Value) -> Option<&Value> {
    if is_error(&body["error"]) {
        return Some(&body["error"]);
    }
    let several = body["errors"]
        .as_array()
        .is_some_and(|list| !list.is_empty());
    let fails = body["success"] == Value::Bool(false);
    let status = &body["base_resp"]["status_code"];
    if status.as_i64().is_some_and(|status| status != 0) {
        return Some(&body["base_resp"]);
    }
    if several || fails {
        return Some(body);
    }
    let says_error = |field: &str| {
        body[field]
            .as_str()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("error"))
    };
    (says_error("type") || says_error("object") || says_error("status")).then_some(body)
}

/// Whether the field `error` holds one. Some servers write an empty one beside every answer.
fn is_error(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Object(fields) => {
            let code = error["code"]
                .as_i64()
                .or_else(|| error["code"].as_str()?.parse().ok());
            let says = |field: &str| error[field].as_str().is_some_and(|text| !text.is_empty());
            !fields.is_empty() && (code != Some(0) || says("message"))
        }
        _ => true,
    }
}

/// Reads JSON as servers write it: with a byte order mark, a byte that is not UTF-8, half a
/// surrogate, or something after the end.
///
/// # Errors
///
/// If there is no JSON value at the beginning.
pub(crate) fn lenient_json(body: &[u8]) -> Result<Value, serde_json::Error> {
    let strict = match serde_json::from_slice(body) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let text = String::from_utf8_lossy(body);
    let text = whole_surrogates(text.trim_start_matches('\u{feff}'));
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    values.next().and_then(Result::ok).ok_or(strict)
}

/// `json` with each escape of half a surrogate pair replaced by that of U+FFFD.
fn whole_surrogates(json: &str) -> String {
    let unit = |at: usize| {
        let escape = json.get(at..at + 6)?;
        u16::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()
    };
    let high = |unit: u16| (0xd800..0xdc00).contains(&unit);
    let low = |unit: u16| (0xdc00..0xe000).contains(&unit);
    let mut out = String::with_capacity(json.len());
    let mut at = 0;
    while let Some(c) = json[at..].chars().next() {
        let length = match (c, unit(at)) {
            ('\\', Some(first)) if high(first) && unit(at + 6).is_some_and(low) => 12,
            ('\\', Some(first)) if high(first) || low(first) => {
                out.push_str("\\ufffd");
                at += 6;
                continue;
            }
            ('\\', Some(_)) => 6,
            ('\\', None) => 1 + json[at + 1..].chars().next().map_or(0, char::len_utf8),
            (c, _) => c.len_utf8(),
        };
        out.push_str(&json[at..at + length]);
        at += length;
    }
    out
}

/// A message as most formats write it: who speaks, and the text or, with images, the parts that
/// `parts` makes of the text and of the images. Callers check the images before they build a body.
pub(crate) fn with_images(
    message: &Message,
    parts: impl Fn(&str, &[ShownImage]) -> Value,
) -> Value {
    let shown = images(message);
    let text = message.text();
    let content = if shown.is_empty() {
        Value::from(text)
    } else {
        parts(&text, &shown)
    };
    json!({"role": message.role.as_str(), "content": content})
}

/// The media type of an image, and its bytes in base64.
pub(crate) type ShownImage = (String, String);

/// The images of a message whose bytes are here.
pub(crate) fn images(message: &Message) -> Vec<ShownImage> {
    let kept = message.images().filter_map(image);
    kept.map(|image| (image.media_type.clone(), STANDARD.encode(&image.bytes)))
        .collect()
}

/// Checks that the model takes the images of `messages`, and that their bytes are here.
///
/// # Errors
///
/// [`ModelError::NoImages`] if it takes text only, or [`ModelError::Request`] if an image is not in
/// this process.
pub(crate) fn check_images(messages: &[Message], takes_images: bool) -> Result<(), ModelError> {
    for hash in messages.iter().flat_map(Message::images) {
        if !takes_images {
            return Err(ModelError::NoImages);
        }
        if image(hash).is_none() {
            return Err(ModelError::Request {
                message: format!("the bytes of image {} are not here", hash.short()),
            });
        }
    }
    Ok(())
}

/// An image as an address that holds it.
pub(crate) fn data_address((media_type, data): &ShownImage) -> String {
    format!("data:{media_type};base64,{data}")
}

/// A number as the user wrote it: 0.7 stays 0.7. Widened to `f64` directly, it would become
/// 0.699999988….
pub(crate) fn number(value: f32) -> Value {
    value
        .to_string()
        .parse::<f64>()
        .map_or(Value::Null, Value::from)
}

/// The seed of this sample. The shift leaves 31 bits, because not every server accepts more
/// than a signed 32-bit seed.
pub(crate) fn seed(request: &ChatRequest) -> u64 {
    derive_seed(request.sampling.seed, &format!("sample {}", request.sample)) >> 33
}

/// Returns true if the reply must match a grammar. Servers do not understand GBNF, so they are
/// asked for a JSON object instead.
pub(crate) fn wants_json(request: &ChatRequest) -> bool {
    matches!(request.format, ReplyFormat::Grammar(_))
}

/// Merges `extra` into `body`, objects recursively. A `null` removes the field.
pub(crate) fn merge(body: &mut Map<String, Value>, extra: &Map<String, Value>) {
    for (field, value) in extra {
        match (body.get_mut(field), value) {
            (_, Value::Null) => {
                body.remove(field);
            }
            (Some(Value::Object(inner)), Value::Object(more)) => merge(inner, more),
            _ => {
                body.insert(field.clone(), value.clone());
            }
        }
    }
}

/// Reads `null` as the default, like a missing field: servers write it for absent values.
pub(crate) fn null_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de> + Default,
{
    use serde::Deserialize;
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_fields_are_merged_and_null_removes() {
        let mut body = json!({"a": 1, "options": {"seed": 3, "top_k": 1}, "temperature": 0.0});
        let extra = json!({"temperature": null, "options": {"num_ctx": 8}, "b": [1]});
        merge(body.as_object_mut().unwrap(), extra.as_object().unwrap());
        assert_eq!(
            body,
            json!({"a": 1, "options": {"seed": 3, "top_k": 1, "num_ctx": 8}, "b": [1]})
        );
    }

    #[test]
    fn numbers_stay_as_written() {
        assert_eq!(number(0.7).to_string(), "0.7");
        assert_eq!(number(1.0).to_string(), "1.0");
    }
}
