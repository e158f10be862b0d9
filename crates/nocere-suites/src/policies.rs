//! The policies of the three perspectives, embedded and checked.

use std::path::Path;

use nocere_core::{Perspective, Policy};

use crate::error::SuiteError;

const EMBEDDED: [(&str, &str); 3] = [
    (
        "patient",
        include_str!("../../../assets/policies/patient.yaml"),
    ),
    (
        "clinician",
        include_str!("../../../assets/policies/clinician.yaml"),
    ),
    (
        "general",
        include_str!("../../../assets/policies/general.yaml"),
    ),
];

/// Reads a policy file; `path` is only named in errors.
pub fn parse_policy(path: &Path, text: &str) -> Result<Policy, SuiteError> {
    let policy: Policy =
        serde_saphyr::from_str(text).map_err(|error| SuiteError::from_yaml(path, &error))?;
    if policy.nocere_policy != 1 {
        return Err(SuiteError::new(path, "`nocere_policy` must be 1"));
    }
    if policy.categories.is_empty() {
        return Err(SuiteError::new(path, "`categories` is empty"));
    }
    Ok(policy)
}

/// One policy for each perspective.
#[derive(Clone, Debug)]
pub struct PolicySet(Vec<Policy>);

impl PolicySet {
    /// The policies that ship with nocere.
    pub fn embedded() -> Result<Self, SuiteError> {
        EMBEDDED
            .into_iter()
            .map(|(name, text)| {
                parse_policy(Path::new(&format!("assets/policies/{name}.yaml")), text)
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Self)
    }

    /// A set of policies of the caller's own.
    pub fn of(policies: Vec<Policy>) -> Self {
        Self(policies)
    }

    /// The policies in [`Perspective::ALL`]'s order.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.0.iter()
    }

    /// The policy of one perspective.
    pub fn get(&self, perspective: Perspective) -> Option<&Policy> {
        self.0
            .iter()
            .find(|policy| policy.perspective == perspective)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_perspective_has_a_policy_with_worked_examples() {
        let set = PolicySet::embedded().unwrap();
        for perspective in Perspective::ALL {
            let policy = set.get(perspective).unwrap();
            for category in &policy.categories {
                assert!(
                    category.examples.len() >= 2,
                    "{perspective} {}",
                    category.id
                );
                assert!(!category.good.is_empty() && !category.must_not.is_empty());
            }
        }
    }
}
