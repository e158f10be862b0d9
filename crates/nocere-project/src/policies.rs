//! Finds policies by name or path.

use std::path::Path;

use nocere_core::Policy;
use nocere_suites::{PolicySet, parse_policy, read_text};

use crate::{Project, ProjectError};

/// The policies of a project: the shipped ones, or the project's own in their place.
///
/// # Errors
///
/// A policy asset is invalid, or two policies are for one perspective.
pub fn all(project: &Project) -> Result<PolicySet, ProjectError> {
    Ok(PolicySet::of_assets(project.assets())?)
}

/// The project's policy with the id `name`; `None` if there is none.
///
/// # Errors
///
/// As for [`all`].
pub fn named(project: &Project, name: &str) -> Result<Option<Policy>, ProjectError> {
    let policies = all(project)?;
    Ok(policies.iter().find(|policy| policy.id == name).cloned())
}

/// The project's policy with the id `name`, or the policy in the file `name`; and how a record
/// refers to it.
///
/// # Errors
///
/// There is neither such a policy nor such a file, the file is not a valid policy, or as for
/// [`all`].
pub fn find(project: &Project, name: &str) -> Result<(Policy, String), ProjectError> {
    if let Some(policy) = named(project, name)? {
        return Ok((policy, format!("built in: {name}")));
    }
    let path = Path::new(name);
    if path.is_file() {
        return Ok((parse_policy(path, &read_text(path)?)?, name.to_owned()));
    }
    let policies = all(project)?;
    let known: Vec<&str> = policies.iter().map(|policy| policy.id.as_str()).collect();
    Err(ProjectError::unknown(
        format!("there is no policy `{name}`"),
        name,
        known.iter().copied(),
        format!("built in: {}; or give a file", known.join(", ")),
    ))
}

/// True if `path` is a file that claims to be a policy, valid or not.
pub fn is_file(path: &Path) -> bool {
    path.is_file()
        && read_text(path).is_ok_and(|text| {
            text.lines()
                .any(|line| line.trim_start().starts_with("nocere_policy:"))
        })
}
