//! Tests that need files of this machine are skipped, loudly, where those are missing.
#![expect(clippy::print_stderr, reason = "a skipped test says so")]
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "for tests only"
)]

use std::path::{Path, PathBuf};

use crate::Browser;

/// The models folder, if the default model is in it. Without it a test is skipped, loudly;
/// `make test` fetches the model and sets `NOCERE_REQUIRE_MODEL`, so that nothing is
/// skipped there.
pub fn models_or_skip(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("NOCERE_MODELS")
        .map(PathBuf::from)
        .or_else(|| {
            let home = std::env::var_os("HOME")?;
            Some(PathBuf::from(home).join(".cache/nocere/models"))
        });
    let found = folder.filter(|folder| folder.join("SmolLM2-135M-Instruct.Q4_1.gguf").is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("NOCERE_REQUIRE_MODEL").is_none(),
            "{test}: the default model is missing"
        );
        eprintln!("SKIPPED {test}: the default model is not on this machine (nocere models pull)");
    }
    found
}

/// The folder of public data, if it is there.
pub fn data_or_skip(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("NOCERE_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    if folder
        .join("patient_safety_bench/patientsafetybench.jsonl")
        .is_file()
    {
        return Some(folder.canonicalize().unwrap());
    }
    eprintln!(
        "SKIPPED {test}: no public data at {} (set NOCERE_DATA)",
        folder.display()
    );
    None
}

/// The Python with the libraries that read exports, if `NOCERE_EXPORT_PYTHON` names one.
pub fn export_python_or_skip(test: &str) -> Option<PathBuf> {
    let python = std::env::var_os("NOCERE_EXPORT_PYTHON").map(PathBuf::from);
    if python.is_none() {
        eprintln!(
            "SKIPPED {test}: NOCERE_EXPORT_PYTHON names no Python with inspect_ai, pandas and pyarrow"
        );
    }
    python
}

/// The browser that `NOCERE_BROWSER` names, with axe-core from the file `NOCERE_AXE`.
pub fn browser_or_skip(test: &str) -> Option<Browser> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let (Some(program), Some(axe)) = (variable("NOCERE_BROWSER"), variable("NOCERE_AXE")) else {
        eprintln!("SKIPPED {test}: NOCERE_BROWSER and NOCERE_AXE name no Chromium and no axe-core");
        return None;
    };
    let axe = std::fs::read_to_string(axe).unwrap();
    Some(Browser { program, axe })
}
