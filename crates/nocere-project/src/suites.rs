//! Suites by name or path.

use std::path::Path;

use nocere_benchmarks::{DataFolder, load, public_sets};
use nocere_core::Suite;
use nocere_suites::{BUILTIN, builtin};

use crate::{ProjectError, protocol};

/// A built-in suite by name, or the suite at a path.
///
/// # Errors
/// If there is neither, or the file cannot be read as a suite.
pub fn load_suite(name: &str) -> Result<Suite, ProjectError> {
    if let Some(suite) = builtin(name) {
        return Ok(suite?);
    }
    let path = Path::new(name);
    if path.exists() {
        return Ok(load(path)?);
    }
    let known: Vec<&str> = BUILTIN
        .into_iter()
        .chain(protocol::shipped_names())
        .collect();
    Err(ProjectError::unknown(
        format!("there is no suite, protocol or file `{name}`"),
        name,
        known.iter().copied(),
        format!("built in: {}; or give a path", known.join(", ")),
    ))
}

/// The suites named by `against`, and the public sets in `data`.
///
/// # Errors
/// If one cannot be read, or the folder holds no public set.
pub fn known_suites(against: &[String], data: Option<&Path>) -> Result<Vec<Suite>, ProjectError> {
    let mut suites = against
        .iter()
        .map(|name| load_suite(name))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(folder) = data else {
        return Ok(suites);
    };
    let files = DataFolder::list(folder)?;
    let mut any = false;
    for found in public_sets()?.iter().filter_map(|set| set.find(&files)) {
        any = true;
        suites.push(load(&found.path)?);
    }
    if !any {
        return Err(
            ProjectError::usage(format!("{} holds no public set", folder.display()))
                .hint("`nocere suites list --data DIR` shows what is looked for"),
        );
    }
    Ok(suites)
}
