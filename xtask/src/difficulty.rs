//! `cargo xtask difficulty MODEL=FILE…`: writes how models fared on the built-in probes from lists of
//! samples (`nocere show RUN --list --json > FILE`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::root;

/// Ids of probes by outcome.
#[derive(Default)]
struct Outcomes {
    passed: BTreeSet<String>,
    failed: BTreeSet<String>,
    unscored: BTreeSet<String>,
}

/// Writes `assets/suites/difficulty.yaml`.
///
/// # Errors
///
/// A word is not MODEL=FILE, or a file is not a list of samples.
pub(crate) fn write(words: &[&str]) -> Result<String, Vec<String>> {
    let mut models: BTreeMap<&str, BTreeMap<String, Outcomes>> = BTreeMap::new();
    for word in words {
        let fault = |what: &str| vec![format!("{word}: {what}")];
        let (model, file) = word
            .split_once('=')
            .ok_or_else(|| fault("expected MODEL=FILE"))?;
        let text = std::fs::read_to_string(file).map_err(|error| fault(&error.to_string()))?;
        let listed: Vec<Value> =
            serde_json::from_str(&text).map_err(|error| fault(&error.to_string()))?;
        let suites = models.entry(model).or_default();
        for one in &listed {
            let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
            let of = suites.entry(text("suite")).or_default();
            let scored = one["verdicts"]
                .as_array()
                .is_some_and(|all| all.iter().any(|of| of["verdict"].is_string()));
            let has_errors = one["problems"]
                .as_array()
                .is_some_and(|all| !all.is_empty());
            let set = match (has_errors, scored) {
                (true, _) => &mut of.failed,
                (false, true) => &mut of.passed,
                (false, false) => &mut of.unscored,
            };
            set.insert(text("probe"));
        }
    }
    let mut yaml = String::from(
        "# How models that run in the process fared on the built-in probes, by the judges that need no\n\
         # model. Written by `cargo xtask difficulty`; the wording of a probe may have changed since.\n\
         nocere_difficulty: 1\nmodels:\n",
    );
    for (model, suites) in &models {
        yaml += &format!("  - model: {model}\n    suites:\n");
        for (suite, of) in suites {
            yaml += &format!("      {suite}:\n");
            for (name, ids) in [
                ("passed", &of.passed),
                ("failed", &of.failed),
                ("unscored", &of.unscored),
            ] {
                let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                yaml += &format!("        {name}: [{}]\n", ids.join(", "));
            }
        }
    }
    let path = root().join("assets/suites/difficulty.yaml");
    std::fs::write(&path, yaml).map_err(|error| vec![error.to_string()])?;
    Ok(format!("{} models in {}", models.len(), path.display()))
}
