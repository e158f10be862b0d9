//! A wire format: where requests go, how they are written and how replies are read.

use nocere_core::{ChatReply, ChatRequest, Finish, Message, ReplyFormat, key::derive_seed};
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
    fn read(&self, body: &[u8]) -> Result<ChatReply, Unreadable>;

    /// Name of a reply in error messages, such as "chat completion".
    fn reply_name(&self) -> &'static str;
}

/// Why a body is not a reply in this format.
pub(crate) struct Unreadable(pub(crate) String);

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// A message as most formats write it: who speaks, and the text. Callers refuse images before
/// they build a body.
pub(crate) fn role_and_text(message: &Message) -> Value {
    json!({"role": message.role.as_str(), "content": message.text()})
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

/// A reply with this text. A leading `<think>` block is removed from the text and becomes the
/// reasoning, unless the server reports its own.
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
