//! Finds suites by name or path.

use std::path::{Path, PathBuf};

use nocere_assets::{Kind, Origin};
use nocere_benchmarks::{DataFolder, load, public_sets};
use nocere_core::{Suite, SuiteHalf};
use nocere_judges::ChecksJudge;
use nocere_suites::{
    BUILTIN, SuiteKey, builtin, check_known, load_own, sealed_name, unsealed_text,
};

use crate::{Project, ProjectError};

/// The suite with this name, from the project's assets or built in, or else the suite at the path
/// `name`.
///
/// # Errors
///
/// There is no such suite and no such path, or the file is not a valid suite.
pub fn load_suite(project: &Project, name: &str) -> Result<Suite, ProjectError> {
    let (suite, path) = found_suite(project, name)?;
    let mut known = Vec::new();
    for asset in project.assets().of(Kind::Check) {
        known.extend(ChecksJudge::ids_of_asset(asset)?);
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    check_known(&path, &suite, &known)?;
    Ok(suite)
}

/// The suite with this name and where it is from.
fn found_suite(project: &Project, name: &str) -> Result<(Suite, PathBuf), ProjectError> {
    let own = project.assets().find(Kind::Suite, name);
    if let Some(asset) = own.filter(|asset| asset.origin != Origin::Shipped) {
        let path = PathBuf::from(&asset.path);
        let suite = load(&path)?;
        let fault = |what| ProjectError::usage(format!("{}: {what}", asset.path));
        asset.check_id(&suite.id).map_err(fault)?;
        return Ok((suite, path));
    }
    if let Some(suite) = builtin(name) {
        return Ok((suite?, PathBuf::from(name)));
    }
    let path = Path::new(name);
    if path.exists() {
        let suite = match sealed_name(path) {
            Some(inner) => sealed(project, path, &inner)?,
            None => load(path)?,
        };
        return Ok((suite, path.to_owned()));
    }
    let assets = project.assets();
    let named = assets.of(Kind::Suite).chain(assets.of(Kind::Protocol));
    let named = named.map(|asset| asset.name.as_str());
    let mut known: Vec<&str> = BUILTIN.into_iter().collect();
    for name in named {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    if project.assets().find(Kind::Protocol, name).is_some() {
        return Err(ProjectError::usage(format!(
            "`{name}` is a protocol, and a suite is needed here"
        ))
        .hint(format!("`nocere suites show {name}` names its sets")));
    }
    Err(ProjectError::unknown(
        format!("there is no suite, protocol or file `{name}`"),
        name,
        known.iter().copied(),
        format!("built in: {}; or give a path", known.join(", ")),
    ))
}

/// The suite in an encrypted file; `inner` is its name without the encryption.
fn sealed(project: &Project, path: &Path, inner: &Path) -> Result<Suite, ProjectError> {
    let Some(key) = project.suite_key() else {
        return Err(
            ProjectError::usage(format!("{}: this suite is encrypted", path.display()))
                .hint("give the file with its key: `--suite-key FILE`, or NOCERE_SUITE_KEY"),
        );
    };
    let text = unsealed_text(path, &SuiteKey::read(key)?)?;
    let suite = load_own(inner, &text).ok_or_else(|| {
        ProjectError::usage(format!(
            "{}: the encrypted file is not in nocere's own format",
            path.display()
        ))
        .hint("encrypt a suite in YAML or JSONL, named like hidden.jsonl.age")
    })?;
    let mut suite = suite?;
    // Whoever encrypts a suite does not want its texts in reports.
    suite.half.get_or_insert_with(|| SuiteHalf {
        of: suite.id.clone(),
        hidden: true,
    });
    Ok(suite)
}

/// The suites named in `against`, followed by the public sets in the folder `data`.
///
/// # Errors
///
/// A suite or set cannot be read, or the folder contains no public set.
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
            ProjectError::usage(format!("{} contains no public set", folder.display()))
                .hint("`nocere suites list --data DIR` shows which files are expected"),
        );
    }
    Ok(suites)
}
