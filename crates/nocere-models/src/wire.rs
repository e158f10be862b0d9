//! What one wire format knows: where requests go, how they are written, how replies read.

use nocere_core::{ChatReply, ChatRequest, Finish, ReplyFormat, key::derive_seed};
use serde_json::{Map, Value};

/// One wire format.
pub(crate) trait Wire: Send + Sync {
    /// The address of a call, without query.
    fn endpoint(&self, base_url: &str, model: &str) -> String;

    /// Header and value that carry the key.
    fn authorization(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    /// Headers that every request carries.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// The request's body.
    fn body(&self, model: &str, request: &ChatRequest) -> Value;

    /// Reads the body of a successful reply; the caller adds the time that it took.
    fn read(&self, body: &[u8]) -> Result<ChatReply, Unreadable>;

    /// What the format is called in messages.
    fn reply_name(&self) -> &'static str;
}

/// Why a body is no reply of the format.
pub(crate) struct Unreadable(pub(crate) String);

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// A number as the user wrote it: 0.7 stays 0.7, which it would not as a wider float.
pub(crate) fn number(value: f32) -> Value {
    value
        .to_string()
        .parse::<f64>()
        .map_or(Value::Null, Value::from)
}

/// One seed for each sample; servers take them as signed 32-bit numbers at least.
pub(crate) fn seed(request: &ChatRequest) -> u64 {
    derive_seed(request.sampling.seed, &format!("sample {}", request.sample)) >> 33
}

/// Whether a JSON object is wanted: a GBNF grammar means nothing to a server.
pub(crate) fn wants_json(request: &ChatRequest) -> bool {
    matches!(request.format, ReplyFormat::Grammar(_))
}

/// Puts `extra` into `body`: objects are merged, `null` takes a field away.
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

/// Servers write `null` where a field has no value: the default, like a missing field.
pub(crate) fn null_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de> + Default,
{
    use serde::Deserialize;
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A reply with its text, and with thoughts that stand in front of it taken apart.
pub(crate) fn reply(text: &str, reasoning: Option<String>, finish: Finish) -> ChatReply {
    let (thought, answer) = nocere_core::split_reasoning(text);
    let reasoning = reasoning.filter(|text| !text.trim().is_empty());
    ChatReply {
        reasoning: reasoning.or(thought),
        finish,
        ..ChatReply::of_text(answer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
