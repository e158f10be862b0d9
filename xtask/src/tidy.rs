//! Checks what the compiler does not: the arrows between crates, the size of files, texts
//! that must not be in the repository.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::{facts, measure, root};

/// Longest source file, in lines; longer ones want to be split along the design.
const MAX_LINES: usize = 600;

/// Longest function, in lines: clippy's `too_many_lines` counts without blanks and comments.
const MAX_FUNCTION: usize = 110;

/// Circles between the files of a crate that are left, all crates together.
const MAX_CIRCLES: usize = 2;

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
    faults.extend(shape(&measure::measure()));
    faults.extend(facts::check());
    faults.extend(smoked());
    let crates: BTreeSet<&Path> = sources
        .iter()
        .filter(|path| path.ends_with("src/lib.rs") || path.ends_with("src/main.rs"))
        .filter_map(|path| path.parent())
        .collect();
    if faults.is_empty() {
        Ok(format!(
            "tidy: {} source files, {} crates",
            sources.len(),
            crates.len()
        ))
    } else {
        Err(faults)
    }
}

/// Published scripts for which `scripts/smoke.sh` has no step: that script says so too, but only after half an hour of
/// the gate.
fn smoked() -> Vec<String> {
    let smoke = std::fs::read_to_string(root().join("scripts/smoke.sh")).unwrap_or_default();
    ["benches", "benches/peers", "scripts"]
        .iter()
        .filter_map(|folder| std::fs::read_dir(root().join(folder)).ok())
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|end| end == "sh" || end == "py")
        })
        .filter_map(|path| path.strip_prefix(root()).ok().map(Path::to_path_buf))
        .filter(|path| {
            let name = path.to_string_lossy();
            !smoke.contains(&format!(" {name})")) && !smoke.contains(&format!(" {name} | "))
        })
        .map(|path| format!("{}: scripts/smoke.sh has no step for it", path.display()))
        .collect()
}

/// Faults of functions and circles.
fn shape(crates: &BTreeMap<String, measure::Counts>) -> Vec<String> {
    let mut faults: Vec<String> = Vec::new();
    for (name, counts) in crates {
        for (function, length) in &counts.long {
            if *length > MAX_FUNCTION {
                faults.push(format!(
                    "{name}: {function} has {length} lines, at most {MAX_FUNCTION}; name its parts"
                ));
            }
        }
    }
    let circles: Vec<String> = crates
        .iter()
        .flat_map(|(name, counts)| {
            let circles = counts.circles.iter();
            circles.map(move |circle| format!("{name}: {}", circle.join(", ")))
        })
        .collect();
    if circles.len() > MAX_CIRCLES {
        faults.push(format!(
            "{} circles between files, at most {MAX_CIRCLES}: {}; move what both need",
            circles.len(),
            circles.join("; ")
        ));
    }
    faults
}

/// Which of our crates each of them may depend on, as the map in ARCHITECTURE.md says: a row for
/// each crate, whose last cell is `nothing of ours`, `everybody`, or names without `nocere-`.
fn map(architecture: &str) -> BTreeMap<String, BTreeSet<String>> {
    let rows: Vec<(String, &str)> = architecture
        .lines()
        .filter_map(|line| {
            let mut cells = line.trim().strip_prefix("| `")?.split('|').map(str::trim);
            let name = cells.next()?.trim_end_matches('`').to_owned();
            Some((name, cells.nth(1)?))
        })
        .collect();
    rows.iter()
        .map(|(name, allowed)| {
            let allowed = match *allowed {
                "nothing of ours" => BTreeSet::new(),
                "everybody" => rows.iter().map(|(name, _)| name.clone()).collect(),
                list => list
                    .split(", ")
                    .map(|short| format!("nocere-{short}"))
                    .collect(),
            };
            (name.clone(), allowed)
        })
        .collect()
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
    let map = match std::fs::read_to_string(root().join("ARCHITECTURE.md")) {
        Ok(text) => map(&text),
        Err(error) => return vec![format!("ARCHITECTURE.md cannot be read: {error}")],
    };
    let mut faults: Vec<String> = metadata
        .packages
        .iter()
        .flat_map(|package| {
            let ours = package.dependencies.iter().filter(|dependency| {
                dependency.kind == DependencyKind::Normal && dependency.name.starts_with("nocere")
            });
            let used: Vec<&str> = ours.map(|dependency| dependency.name.as_str()).collect();
            check_arrows(package.name.as_str(), &used, &map)
        })
        .collect();
    for name in map.keys() {
        let exists = |package: &cargo_metadata::Package| package.name.as_str() == name;
        if !metadata.packages.iter().any(exists) {
            faults.push(format!("ARCHITECTURE.md maps {name}, which is not a crate"));
        }
    }
    faults
}

fn check_arrows(
    name: &str,
    used: &[&str],
    map: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let Some(allowed) = map.get(name) else {
        return vec![format!("crate {name} is not in the map of ARCHITECTURE.md")];
    };
    used.iter()
        .filter(|used| !allowed.contains(**used))
        .map(|used| format!("forbidden arrow: {name} → {used}; move the code instead"))
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "| crate | concept | may use |\n| --- | --- | --- |\n\
        | `nocere-core` | words | nothing of ours |\n\
        | `nocere-store` | the journal | core |\n\
        | `nocere` | the command line | everybody |\n";

    #[test]
    fn the_map_is_read_from_its_table() {
        let map = map(MAP);
        assert_eq!(map.len(), 3);
        assert!(map["nocere-core"].is_empty());
        assert!(map["nocere-store"].contains("nocere-core"));
        assert!(map["nocere"].contains("nocere-store"));
    }

    #[test]
    fn long_functions_and_more_circles_are_faults() {
        let circle = || vec!["a".to_owned(), "b".to_owned()];
        let mut counts = measure::Counts {
            long: vec![("f".to_owned(), MAX_FUNCTION)],
            circles: vec![circle(); MAX_CIRCLES],
            ..measure::Counts::default()
        };
        let of = |counts| BTreeMap::from([("c".to_owned(), counts)]);
        let crates = of(counts);
        assert!(shape(&crates).is_empty());
        counts = measure::Counts {
            long: vec![("f".to_owned(), MAX_FUNCTION + 1)],
            circles: vec![circle(); MAX_CIRCLES + 1],
            ..measure::Counts::default()
        };
        assert_eq!(shape(&of(counts)).len(), 2);
    }

    #[test]
    fn arrows_against_the_map_are_faults() {
        let map = map(MAP);
        assert!(check_arrows("nocere-store", &["nocere-core"], &map).is_empty());
        let fault = check_arrows("nocere-core", &["nocere-store"], &map);
        assert!(fault[0].contains("nocere-core → nocere-store"), "{fault:?}");
        let unknown = check_arrows("nocere-web", &[], &map);
        assert!(unknown[0].contains("not in the map"), "{unknown:?}");
    }
}
