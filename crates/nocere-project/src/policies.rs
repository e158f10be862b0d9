//! Policies by name or path.

use std::path::Path;

use nocere_core::Policy;
use nocere_suites::{PolicySet, parse_policy, read_text};

use crate::{Project, ProjectError};

/// The policies of a project: the shipped ones, or its own in their place.
pub fn all(project: &Project) -> Result<PolicySet, ProjectError> {
    Ok(PolicySet::of_assets(project.assets())?)
}

/// The project's policy of that name.
pub fn named(project: &Project, name: &str) -> Result<Option<Policy>, ProjectError> {
    let policies = all(project)?;
    Ok(policies.iter().find(|policy| policy.id == name).cloned())
}

/// A built-in policy by its name, or the policy at a path; and what it is called in a record.
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

/// Whether `path` is a file in the form of a policy, whole or faulty.
pub fn is_file(path: &Path) -> bool {
    path.is_file()
        && read_text(path).is_ok_and(|text| {
            text.lines()
                .any(|line| line.trim_start().starts_with("nocere_policy:"))
        })
}
