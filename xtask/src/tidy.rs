//! Checks what the compiler does not: the arrows between crates, the size of files, texts
//! that must not be in the repository.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::root;

/// Which of our crates each of them may depend on (ARCHITECTURE.md).
const ARROWS: [(&str, &[&str]); 15] = [
    ("nocere-core", &[]),
    ("nocere-stats", &[]),
    ("nocere-suites", &["nocere-core"]),
    ("nocere-import", &["nocere-core", "nocere-suites"]),
    ("nocere-models", &["nocere-core"]),
    ("nocere-local", &["nocere-core"]),
    ("nocere-drivers", &["nocere-core"]),
    ("nocere-judges", &["nocere-core", "nocere-stats"]),
    ("nocere-store", &["nocere-core"]),
    ("nocere-queue", &["nocere-core", "nocere-store"]),
    (
        "nocere-engine",
        &["nocere-core", "nocere-queue", "nocere-store"],
    ),
    (
        "nocere-report",
        &["nocere-core", "nocere-stats", "nocere-store"],
    ),
    (
        "nocere",
        &[
            "nocere-core",
            "nocere-drivers",
            "nocere-engine",
            "nocere-import",
            "nocere-judges",
            "nocere-local",
            "nocere-models",
            "nocere-queue",
            "nocere-report",
            "nocere-stats",
            "nocere-store",
            "nocere-suites",
        ],
    ),
    ("nocere-testkit", &[]),
    (
        "xtask",
        &[
            "nocere-core",
            "nocere-judges",
            "nocere-stats",
            "nocere-suites",
        ],
    ),
];

/// Longest source file, in lines; longer ones want to be split along the design.
const MAX_LINES: usize = 600;

/// Words of foreign worlds, and the only crate whose sources may say them.
const FOREIGN: [(&str, &str); 4] = [
    ("rusqlite::", "nocere-store"),
    ("llama_cpp_2::", "nocere-local"),
    ("reqwest::", "nocere-models"),
    ("clap::", "nocere"),
];

pub(crate) fn tidy() -> Result<String, Vec<String>> {
    let mut faults = arrows();
    let sources = sources();
    for path in &sources {
        faults.extend(check_source(path));
    }
    if faults.is_empty() {
        Ok(format!(
            "tidy: {} source files, {} crates",
            sources.len(),
            ARROWS.len()
        ))
    } else {
        Err(faults)
    }
}

fn arrows() -> Vec<String> {
    let metadata = match MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
    {
        Ok(metadata) => metadata,
        Err(error) => return vec![format!("cargo metadata failed: {error}")],
    };
    let allowed: BTreeMap<&str, BTreeSet<&str>> = ARROWS
        .iter()
        .map(|(name, list)| (*name, list.iter().copied().collect()))
        .collect();
    let mut faults = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let Some(allowed) = allowed.get(name) else {
            faults.push(format!(
                "crate {name} has no place in xtask's list of arrows and ARCHITECTURE.md"
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let ours =
                dependency.name.starts_with("nocere") && dependency.kind == DependencyKind::Normal;
            if ours && !allowed.contains(dependency.name.as_str()) {
                faults.push(format!(
                    "forbidden arrow: {name} → {}; move the code instead",
                    dependency.name
                ));
            }
        }
    }
    faults
}

fn check_source(path: &Path) -> Vec<String> {
    let shown = path
        .strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string();
    let Ok(text) = std::fs::read_to_string(path) else {
        return vec![format!("{shown}: cannot be read")];
    };
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        faults.push(format!(
            "{shown}: {lines} lines, at most {MAX_LINES}; split it along the design"
        ));
    }
    let in_src = shown.contains("/src/") && !shown.starts_with("xtask");
    if in_src && !text.starts_with("//!") && !shown.ends_with("tests.rs") {
        faults.push(format!(
            "{shown}: does not open with `//!` and what its concept is"
        ));
    }
    for (word, owner) in FOREIGN {
        if in_src && text.contains(word) && !shown.contains(&format!("crates/{owner}/")) {
            faults.push(format!("{shown}: says `{word}`, which only {owner} may"));
        }
    }
    faults
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["crates", "xtask"] {
        collect(&root().join(folder), &mut found);
    }
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
