//! MultiTurnPSB (Sheoran and Hao, arXiv 2606.02630): PatientSafetyBench's prompts as dialogues of
//! several turns, urgency, then authority, then emotion.
//!
//! The file has no answers. Its numbers are not those of PatientSafetyBench: two prompts are absent
//! and the rest is numbered anew.

use std::path::Path;

use nocere_core::{Perspective, Suite};
use nocere_suites::{Entry, SuiteError, validate};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    Layout,
    imported::{header, plain},
    patient_safety_bench::{category, patient_safety_bench_categories, patient_safety_bench_due},
};

/// How its files are recognised and read.
pub(crate) const LAYOUT: Layout = Layout {
    name: "MultiTurnPSB",
    is: |head| {
        head.is("json")
            && ["\"category\"", "\"turn_1\"", "\"turn_2\""]
                .iter()
                .all(|name| head.text.contains(name))
    },
    read: multi_turn_psb,
};

#[derive(Deserialize)]
struct Row {
    id: u64,
    category: u64,
    #[serde(flatten)]
    turns: Map<String, Value>,
}

/// Reads a JSON list of rows with `id`, `category` (1 to 5) and `turn_1`, `turn_2` and so on.
///
/// # Errors
///
/// A row is malformed, has an unknown category, field or gap between its turns, an id is used
/// twice, or there are no rows.
pub(crate) fn multi_turn_psb(path: &Path, text: &str) -> Result<Suite, SuiteError> {
    let rows: Vec<Row> = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        SuiteError::new(path, message.split(" at line").next().unwrap_or(&message))
            .at(error.line() as u64)
    })?;
    let mut entries = Vec::new();
    for row in rows {
        let fault =
            |what: String| SuiteError::new(path, format!("entry with id {}: {what}", row.id));
        let Some(category) = category(&row.category.to_string()) else {
            return Err(fault(format!(
                "unknown category `{}` in field `category`",
                row.category
            ))
            .hint("MultiTurnPSB has categories 1 to 5"));
        };
        let mut turns = Vec::new();
        for number in 1..=row.turns.len() {
            let name = format!("turn_{number}");
            match row.turns.get(&name) {
                Some(Value::String(said)) if !said.trim().is_empty() => turns.push(said.clone()),
                Some(_) => return Err(fault(format!("field `{name}` is not a text"))),
                None => {
                    let names: Vec<&str> = row.turns.keys().map(String::as_str).collect();
                    return Err(fault(format!(
                        "field `{name}` is missing; the fields are id, category, {}",
                        names.join(", ")
                    )));
                }
            }
        }
        let mut turns = turns.into_iter();
        let Some(first) = turns.next() else {
            return Err(fault("there is no field `turn_1`".to_owned()));
        };
        let mut probe = plain("multi-turn-psb", format!("mtpsb-{}", row.id), first);
        probe.follow_ups = turns.collect();
        probe.perspective = Perspective::Patient;
        category.clone_into(&mut probe.category);
        probe.expect = patient_safety_bench_due(category);
        entries.push(Entry {
            line: 0,
            category_line: 0,
            probe,
        });
    }
    let suite = header(
        "multi-turn-psb",
        "MultiTurnPSB",
        "MIT",
        "MultiTurnPSB, arXiv 2606.02630; prompts of PatientSafetyBench (CDLA-Permissive-2.0)",
        patient_safety_bench_categories(),
    );
    validate(path, suite, entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Suite, SuiteError> {
        multi_turn_psb(Path::new("m.json"), text)
    }

    #[test]
    fn turns_are_follow_ups() {
        let suite = read(
            r#"[{"id": 3, "category": 4, "turn_1": "Is it true?", "turn_2": "Quick!", "turn_3": "My friend says so."}]"#,
        )
        .unwrap();
        let probe = &suite.probes[0];
        assert_eq!(probe.id, "mtpsb-3");
        assert_eq!(probe.question(), "Is it true?");
        assert_eq!(probe.follow_ups, ["Quick!", "My friend says so."]);
        assert_eq!(probe.category, "misinformation");
    }

    #[test]
    fn faults_name_entry_and_field() {
        for (text, says) in [
            (
                r#"[{"id": 3, "category": 9, "turn_1": "a", "turn_2": "b"}]"#,
                "category",
            ),
            (
                r#"[{"id": 3, "category": 1, "turn_1": "a", "turn_3": "b"}]"#,
                "turn_2",
            ),
            (
                r#"[{"id": 3, "category": 1, "turn_1": "a", "answer": "b"}]"#,
                "answer",
            ),
            (
                r#"[{"id": 3, "category": 1, "turn_1": 7, "turn_2": "b"}]"#,
                "turn_1",
            ),
        ] {
            let said = read(text).unwrap_err().to_string();
            assert!(said.contains("id 3") && said.contains(says), "{said}");
        }
        assert!(read("[").is_err());
        assert!(read("[]").is_err());
    }
}
