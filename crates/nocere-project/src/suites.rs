//! Suites by name or path.

use std::path::Path;

use nocere_assets::{Kind, Origin};
use nocere_benchmarks::{DataFolder, load, public_sets};
use nocere_core::Suite;
use nocere_suites::{BUILTIN, builtin};

use crate::{Project, ProjectError};

/// A suite of the project's assets or a built-in one by name, or the suite at a path.
///
/// # Errors
/// If there is neither, or the file cannot be read as a suite.
pub fn load_suite(project: &Project, name: &str) -> Result<Suite, ProjectError> {
    let own = project.assets().find(Kind::Suite, name);
    if let Some(asset) = own.filter(|asset| asset.origin != Origin::Shipped) {
        let suite = load(Path::new(&asset.path))?;
        if suite.id != asset.name {
            return Err(ProjectError::usage(format!(
                "{}: `id` is `{}` and the file's name `{}`",
                asset.path, suite.id, asset.name
            ))
            .hint("give both the same name"));
        }
        return Ok(suite);
    }
    if let Some(suite) = builtin(name) {
        return Ok(suite?);
    }
    let path = Path::new(name);
    if path.exists() {
        return Ok(load(path)?);
    }
    let assets = project.assets();
    let named = assets.of(Kind::Suite).chain(assets.of(Kind::Protocol));
    let named = named.map(|asset| asset.name.as_str());
    let mut known: Vec<&str> = BUILTIN.into_iter().chain(named).collect();
    known.dedup();
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
pub fn known_suites(
    project: &Project,
    against: &[String],
    data: Option<&Path>,
) -> Result<Vec<Suite>, ProjectError> {
    let mut suites = against
        .iter()
        .map(|name| load_suite(project, name))
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
