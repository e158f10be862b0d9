//! Parses a rubric judge's reply, strictly: anything other than exactly what was asked for is
//! unreadable, and an unreadable reply never becomes a score.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::rubric::FieldNames;

/// A judge's reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JudgeReply {
    pub(crate) reason: String,
    /// One level, or one per sentence.
    pub(crate) levels: Vec<u8>,
    /// The deciding passage of each sentence, from 1; 0 for none.
    pub(crate) passages: Vec<usize>,
    /// True if the judge calls the answer a risk.
    pub(crate) is_risk: bool,
    /// Words of the answer that decide; empty if there are none.
    pub(crate) quote: String,
}

/// Why a reply cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplyFault {
    /// The reply is not the JSON object of the schema, or a level is not on the scale.
    Unreadable(String),
    /// The reply is well formed but the canary is wrong: an instruction in the judged text may
    /// have taken over.
    Canary,
}

/// The form that a reply must have.
#[derive(Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) names: &'a FieldNames,
    /// Lowest and highest level.
    pub(crate) range: (u8, u8),
    pub(crate) canary: &'a str,
    /// Number of sentences to rate: 1 unless the rubric rates sentence by sentence.
    pub(crate) sentences: usize,
    /// Number of passages that the reply can refer to.
    pub(crate) passages: usize,
}

impl Expected<'_> {
    /// A GBNF grammar that constrains a model in process to this form.
    pub(crate) fn grammar(&self) -> String {
        let (min, max) = self.range;
        let names = self.names;
        let mut fields = Vec::new();
        if let Some(reason) = &names.reason {
            fields.push(format!("\"\\\"{reason}\\\": \\\"\" text \"\\\"\""));
        }
        if let Some(quote) = &names.quote {
            fields.push(format!("\"\\\"{quote}\\\": \\\"\" quote \"\\\"\""));
        }
        if let Some(level) = &names.level {
            fields.push(format!("\"\\\"{level}\\\": \" [{min}-{max}]"));
        }
        let list = |name: &str, item: &str| {
            let more = match self.sentences.saturating_sub(1) {
                0 => String::new(),
                more => format!(" (\", \" {item}){{{more}}}"),
            };
            format!("\"\\\"{name}\\\": [\" {item}{more} \"]\"")
        };
        if let Some(levels) = &names.levels {
            fields.push(list(levels, &format!("[{min}-{max}]")));
        }
        if let Some(passages) = &names.passages {
            fields.push(list(passages, "number"));
        }
        if let Some(risk) = &names.risk {
            fields.push(format!("\"\\\"{risk}\\\": \" (\"true\" | \"false\")"));
        }
        fields.push(format!("\"\\\"{}\\\": \\\"\" token \"\\\"\"", names.token));
        // Left out where it is not used, so that the requests of other judges stay as they are.
        let quote = match &names.quote {
            Some(_) => "quote ::= [^\"\\\\\\x00-\\x1F]{0,200}\n",
            None => "",
        };
        format!(
            "root ::= \"{{\" {} \"}}\"\n\
             text ::= [^\"\\\\\\x00-\\x1F]{{1,400}}\n\
             {quote}number ::= [0-9]{{1,4}}\n\
             token ::= [a-z0-9]{{12}}\n",
            fields.join(" \", \" ")
        )
    }

    /// Parses `text`.
    pub(crate) fn read(&self, text: &str) -> Result<JudgeReply, ReplyFault> {
        let unreadable = |what: String| ReplyFault::Unreadable(what);
        let body = strip_code_block(text.trim());
        let Fields(mut object) =
            serde_json::from_str(body).map_err(|error| unreadable(error.to_string()))?;
        let names = self.names;
        let mut take = |name: &str| {
            object
                .remove(name)
                .ok_or_else(|| unreadable(format!("the field `{name}` is missing")))
        };
        let reason = match &names.reason {
            Some(name) => text_of(take(name)?, name)?,
            None => String::new(),
        };
        let levels = match (&names.level, &names.levels) {
            (Some(name), _) => vec![self.level(&take(name)?)?],
            (None, Some(name)) => self
                .list(take(name)?, name)?
                .iter()
                .map(|value| self.level(value))
                .collect::<Result<_, _>>()?,
            (None, None) => Vec::new(),
        };
        let passages = match &names.passages {
            Some(name) => self
                .list(take(name)?, name)?
                .iter()
                .map(|value| self.passage(value))
                .collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let is_risk = match &names.risk {
            Some(name) => take(name)?
                .as_bool()
                .ok_or_else(|| unreadable(format!("`{name}` is neither true nor false")))?,
            None => false,
        };
        let quote = match &names.quote {
            Some(name) => text_of(take(name)?, name)?,
            None => String::new(),
        };
        let token = text_of(take(&names.token)?, &names.token)?;
        // `take` has removed every known field.
        if let Some(extra) = object.keys().next() {
            return Err(unreadable(format!("unknown field `{}`", shorten(extra))));
        }
        if token.trim() != self.canary {
            return Err(ReplyFault::Canary);
        }
        Ok(JudgeReply {
            reason,
            levels,
            passages,
            is_risk,
            quote,
        })
    }

    fn level(&self, value: &Value) -> Result<u8, ReplyFault> {
        let (min, max) = self.range;
        value
            .as_u64()
            .and_then(|number| u8::try_from(number).ok())
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| {
                ReplyFault::Unreadable(format!(
                    "{} is not a whole number from {min} to {max}",
                    shorten(&value.to_string())
                ))
            })
    }

    fn passage(&self, value: &Value) -> Result<usize, ReplyFault> {
        value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .filter(|number| *number <= self.passages)
            .ok_or_else(|| {
                ReplyFault::Unreadable(format!(
                    "{} is not a passage from 0 to {}",
                    shorten(&value.to_string()),
                    self.passages
                ))
            })
    }

    fn list(&self, value: Value, name: &str) -> Result<Vec<Value>, ReplyFault> {
        match value {
            Value::Array(values) if values.len() == self.sentences => Ok(values),
            Value::Array(values) => Err(ReplyFault::Unreadable(format!(
                "`{name}` has {} entries for {} sentences",
                values.len(),
                self.sentences
            ))),
            _ => Err(ReplyFault::Unreadable(format!("`{name}` is not a list"))),
        }
    }
}

/// A JSON object without duplicate fields: of two scores, neither could be trusted.
struct Fields(Map<String, Value>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Fields, A::Error> {
                let mut fields = Map::new();
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    if fields.contains_key(&name) {
                        return Err(A::Error::custom(format!(
                            "the field `{}` stands twice",
                            shorten(&name)
                        )));
                    }
                    fields.insert(name, value);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn text_of(value: Value, name: &str) -> Result<String, ReplyFault> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(ReplyFault::Unreadable(format!("`{name}` is not text"))),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Removes a Markdown code block, into which hosted models often wrap JSON. Nothing else is
/// tolerated.
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

    fn names() -> FieldNames {
        FieldNames {
            reason: Some("reason".to_owned()),
            level: Some("score".to_owned()),
            token: "token".to_owned(),
            ..FieldNames::default()
        }
    }

    fn read(text: &str, canary: &str) -> Result<JudgeReply, ReplyFault> {
        Expected {
            names: &names(),
            range: (1, 5),
            canary,
            sentences: 1,
            passages: 0,
        }
        .read(text)
    }

    #[test]
    fn exactly_the_object_is_read() {
        assert_eq!(read(GOOD, "k7").unwrap().levels, [2]);
        assert_eq!(
            read(&format!("```json\n{GOOD}\n```"), "k7").unwrap().levels,
            [2]
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
            r#"{"reason": "x", "score": 2, "score": 5, "token": "k7"}"#,
            r#"{"reason": "x", "score": 2, "token": "k7"} {"reason": "y", "score": 1, "token": "k7"}"#,
            r#"{"razón": "daño grave", "puntuación": 5, "token": "k7"}"#,
            "评分：2。理由：没有伤害。",
        ] {
            assert!(
                matches!(read(text, "k7"), Err(ReplyFault::Unreadable(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_reason_in_another_language_is_a_reason() {
        let text = r#"{"reason": "沒有危害", "score": 1, "token": "k7"}"#;
        assert_eq!(read(text, "k7").unwrap().reason, "沒有危害");
    }

    #[test]
    fn a_wrong_canary_is_told_apart() {
        assert_eq!(read(GOOD, "other"), Err(ReplyFault::Canary));
    }

    #[test]
    fn sentence_by_sentence_every_sentence_needs_a_level() {
        let names = FieldNames {
            levels: Some("labels".to_owned()),
            passages: Some("passages".to_owned()),
            token: "token".to_owned(),
            ..FieldNames::default()
        };
        let expected = Expected {
            names: &names,
            range: (1, 4),
            canary: "k7",
            sentences: 2,
            passages: 3,
        };
        let good = r#"{"labels": [1, 4], "passages": [3, 0], "token": "k7"}"#;
        assert_eq!(expected.read(good).unwrap().levels, [1, 4]);
        for bad in [
            r#"{"labels": [1], "passages": [3, 0], "token": "k7"}"#,
            r#"{"labels": [1, 4], "passages": [4, 0], "token": "k7"}"#,
            r#"{"labels": [1, 5], "passages": [3, 0], "token": "k7"}"#,
            r#"{"labels": 1, "passages": [3, 0], "token": "k7"}"#,
        ] {
            assert!(
                matches!(expected.read(bad), Err(ReplyFault::Unreadable(_))),
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
            let _ = read(&text, "k7");
        }
    }
}
