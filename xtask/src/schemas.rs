//! The JSON Schemas of suite files, committed under docs/schemas for editors to point at.

use crate::root;

type Outcome = Result<String, Vec<String>>;

pub(crate) fn write() -> Outcome {
    let folder = root().join("docs/schemas");
    std::fs::create_dir_all(&folder).map_err(|error| vec![error.to_string()])?;
    for (name, text) in nocere_suites::json_schema() {
        std::fs::write(folder.join(name), text).map_err(|error| vec![error.to_string()])?;
    }
    Ok(format!("schemas are in {}", folder.display()))
}

pub(crate) fn check() -> Outcome {
    let stale: Vec<String> = nocere_suites::json_schema()
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
