//! Writes a suite as JSONL in nocere's own format.

use nocere_core::{AnswerKey, Probe, Suite};
use serde_json::{Map, Value, json};

/// The suite as JSONL: its header, then one probe per line, without empty fields. Reading it
/// back gives the same probes.
pub fn suite_jsonl(suite: &Suite) -> String {
    let categories: Vec<Value> = suite
        .categories
        .iter()
        .map(|category| {
            let mut entry = Map::new();
            put(&mut entry, "id", &category.id);
            put(&mut entry, "title", &category.title);
            list(&mut entry, "must", &category.must);
            list(&mut entry, "must_not", &category.must_not);
            Value::Object(entry)
        })
        .collect();
    let mut header = json!({
        "nocere_suite": 1,
        "id": suite.id,
        "version": suite.version,
        "title": suite.title,
        "description": suite.description,
        "licence": suite.licence,
        "source": suite.source,
        "categories": categories,
    });
    for (name, value) in [
        ("provenance", json!(suite.provenance)),
        ("half", json!(suite.half)),
    ] {
        if !value.is_null() {
            header[name] = value;
        }
    }
    let mut text = format!("{header}\n");
    for probe in &suite.probes {
        text += &format!("{}\n", line(probe));
    }
    text
}

fn line(probe: &Probe) -> Value {
    let mut entry = Map::new();
    put(&mut entry, "id", &probe.id);
    put(&mut entry, "perspective", probe.perspective.as_str());
    put(&mut entry, "category", &probe.category);
    match probe.messages.as_slice() {
        [only] => put(&mut entry, "prompt", &only.text()),
        several => {
            let messages = several
                .iter()
                .map(|message| json!({"role": message.role, "content": message.text()}));
            entry.insert("messages".to_owned(), messages.collect());
        }
    }
    let images: Vec<String> = probe
        .messages
        .last()
        .into_iter()
        .flat_map(nocere_core::Message::images)
        .filter_map(nocere_core::image)
        .map(|image| crate::images::data_address(&image.media_type, &image.bytes))
        .collect();
    list(&mut entry, "images", &images);
    put(&mut entry, "specialty", &probe.specialty);
    list(&mut entry, "follow_ups", &probe.follow_ups);
    put(&mut entry, "expect", probe.expect.as_str());
    list(&mut entry, "must", &probe.must);
    list(&mut entry, "must_not", &probe.must_not);
    for (name, value) in [
        ("matter", probe.matter.as_deref()),
        ("twin_of", probe.twin_of.as_deref()),
        ("restates", probe.restates.as_deref()),
    ] {
        put(&mut entry, name, value.unwrap_or_default());
    }
    put(&mut entry, "language", &probe.language);
    for (name, value) in [
        ("severity", probe.severity),
        ("likelihood", probe.likelihood),
        ("frequency", probe.frequency),
    ] {
        if value > 0 {
            entry.insert(name.to_owned(), value.into());
        }
    }
    put(&mut entry, "note", &probe.note);
    put(&mut entry, "why", &probe.why);
    if !probe.documents.is_empty() {
        entry.insert("documents".to_owned(), json!(probe.documents));
    }
    if let Some(key) = &probe.key {
        entry.insert("key".to_owned(), key_value(key));
    }
    put(&mut entry, "reference", &probe.reference);
    if !probe.points.is_empty() {
        entry.insert("points".to_owned(), json!(probe.points));
    }
    if let Some(swap) = &probe.swap {
        entry.insert("swap".to_owned(), json!(swap));
    }
    Value::Object(entry)
}

fn key_value(key: &AnswerKey) -> Value {
    let mut value = json!(key);
    // The file format omits what is not set; `json!` writes it as null.
    if let Some(numeric) = value.get_mut("numeric").and_then(Value::as_object_mut) {
        numeric.retain(|_, value| !value.is_null());
    }
    value
}

fn put(entry: &mut Map<String, Value>, name: &str, value: &str) {
    if !value.is_empty() {
        entry.insert(name.to_owned(), value.into());
    }
}

fn list(entry: &mut Map<String, Value>, name: &str, values: &[String]) {
    if !values.is_empty() {
        entry.insert(name.to_owned(), json!(values));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{builtin, file::parse_jsonl_suite};

    #[test]
    fn what_is_written_is_read_back_as_it_was() {
        let suite = builtin("nocere-triads").unwrap().unwrap();
        let again = parse_jsonl_suite(Path::new("x.jsonl"), &suite_jsonl(&suite)).unwrap();
        assert_eq!(again, suite);
    }

    #[test]
    fn documents_keys_and_dialogues_survive() {
        let text = r#"{"nocere_suite":1,"id":"s","version":"1","title":"T","licence":"MIT","source":"us","categories":[{"id":"c","title":"C"}]}
{"id":"p","perspective":"general","category":"c","messages":[{"role":"system","content":"S"},{"role":"user","content":"U"}],"follow_ups":["more"],"expect":"comply","documents":[{"title":"d","text":"x"}],"key":{"numeric":{"value":2.5,"tolerance":0.5}},"frequency":2,"points":[{"say":"an allergy","counts":["allerg*"]},{"never":"a cure","counts":["cure*"],"unless":["not"]}],"swap":{"group":"g","is":"a man"}}
{"id":"q","perspective":"patient","category":"c","prompt":"again","expect":"comply","restates":"z","reference":"Yes.","points":[{"say":"a rash","need":"secondary","worth":3,"axis":"accuracy"},{"say":"a fever"}],"key":{"choice":{"options":{"A":"a","B":"b"},"correct":"A","pushed":["B"]}},"swap":{"group":"g","is":"a woman"}}"#;
        let suite = parse_jsonl_suite(Path::new("x.jsonl"), text).unwrap();
        let again = parse_jsonl_suite(Path::new("x.jsonl"), &suite_jsonl(&suite)).unwrap();
        assert_eq!(again, suite);
        assert_eq!(again.probes[1].origin(), "z");
    }
}
