//! The JSON Schemas of what nocere reads and writes, committed under docs/schemas for editors
//! and readers of our output to point at.

use std::collections::BTreeMap;

use nocere_analysis::RunReport;
use nocere_engine::RunEvent;

use crate::root;

type Outcome = Result<String, Vec<String>>;

pub(crate) fn write() -> Outcome {
    let folder = root().join("docs/schemas");
    std::fs::create_dir_all(&folder).map_err(|error| vec![error.to_string()])?;
    for (name, text) in schemas() {
        std::fs::write(folder.join(name), text).map_err(|error| vec![error.to_string()])?;
    }
    Ok(format!("schemas are in {}", folder.display()))
}

pub(crate) fn check() -> Outcome {
    let stale: Vec<String> = schemas()
        .into_iter()
        .filter(|(name, text)| {
            std::fs::read_to_string(root().join("docs/schemas").join(name))
                .ok()
                .as_deref()
                != Some(text.as_str())
        })
        .map(|(name, _)| format!("docs/schemas/{name} is stale: run `cargo xtask schemas`"))
        .collect();
    if stale.is_empty() {
        Ok("schemas are up to date".to_owned())
    } else {
        Err(stale)
    }
}

fn schemas() -> BTreeMap<&'static str, String> {
    let mut schemas = nocere_suites::json_schema();
    for (name, schema) in [
        (
            "run-event.schema.json",
            schemars::schema_for!(RunEvent<'static>),
        ),
        ("run-report.schema.json", schemars::schema_for!(RunReport)),
    ] {
        let text = serde_json::to_string_pretty(schema.as_value()).unwrap_or_default();
        schemas.insert(name, text + "\n");
    }
    schemas
}
