//! The JSON Schema for editors agrees with the reader.
#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;

fn schema() -> Value {
    serde_json::from_str(&nocere_suites::json_schema()["suite.schema.json"]).unwrap()
}

#[test]
fn the_embedded_triads_fit_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let text = include_str!("../../../assets/suites/nocere-triads.yaml");
    let instance: Value = serde_saphyr::from_str(text).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&instance)
        .map(|error| error.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let header = serde_json::json!({
        "nocere_suite": 1, "id": "a", "version": "1", "title": "A", "licence": "CC0-1.0", "source": "t",
        "categories": [{"id": "c", "title": "C"}],
    });
    let with = |probe: Value| {
        let mut suite = header.clone();
        suite["probes"] = Value::Array(vec![probe]);
        suite
    };
    let good = serde_json::json!({"id": "p", "perspective": "patient", "category": "c", "prompt": "q", "expect": "comply"});
    assert!(validator.is_valid(&with(good.clone())));
    for (field, value) in [
        ("expect", "refuze"),
        ("perspective", "nurse"),
        ("promt", "x"),
    ] {
        let mut bad = good.clone();
        bad[field] = Value::String(value.to_owned());
        assert!(!validator.is_valid(&with(bad)), "{field}");
    }
}
