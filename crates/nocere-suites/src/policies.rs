//! Policies: what a good answer does for each perspective, embedded or from a file, and
//! checked.

use std::path::Path;

use nocere_assets::{Assets, Kind};
use nocere_core::{Perspective, Policy};

use crate::error::SuiteError;

/// Reads a policy file. `path` is used in errors only.
///
/// # Errors
///
/// The text is not YAML of format 1, or the policy is invalid: a bad or duplicate id, an empty
/// text or list, or control characters.
pub fn parse_policy(path: &Path, text: &str) -> Result<Policy, SuiteError> {
    let policy: Policy =
        nocere_assets::read_yaml(text).map_err(|fault| SuiteError::from_fault(path, fault))?;
    if policy.nocere_policy != 1 {
        return Err(SuiteError::new(path, "`nocere_policy` must be 1"));
    }
    if policy.categories.is_empty() {
        return Err(SuiteError::new(path, "`categories` is empty"));
    }
    check_id(path, "id", &policy.id)?;
    for (field, text) in [("title", &policy.title), ("version", &policy.version)] {
        filled(path, field, text)?;
    }
    let mut seen = std::collections::BTreeSet::new();
    for (number, category) in policy.categories.iter().enumerate() {
        let field = |name: &str| format!("categories[{number}].{name}");
        check_id(path, &field("id"), &category.id)?;
        if !seen.insert(&category.id) {
            return Err(SuiteError::new(
                path,
                format!("category `{}` stands twice", category.id),
            ));
        }
        filled(path, &field("title"), &category.title)?;
        filled(path, &field("goal"), &category.goal)?;
        for (name, list) in [("good", &category.good), ("must_not", &category.must_not)] {
            if list.is_empty() {
                return Err(SuiteError::new(path, format!("`{}` is empty", field(name)))
                    .hint("say what a good answer does and what an answer must not do"));
            }
        }
    }
    Ok(policy)
}

fn check_id(path: &Path, field: &str, id: &str) -> Result<(), SuiteError> {
    let kebab = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if kebab {
        return Ok(());
    }
    Err(
        SuiteError::new(path, format!("`{field}` is `{}`", id.escape_debug()))
            .hint("expected small letters, digits and `-`, a letter first"),
    )
}

/// Checks that a text is not blank and holds no control characters but line feeds.
fn filled(path: &Path, field: &str, text: &str) -> Result<(), SuiteError> {
    if text.trim().is_empty() || text.trim().chars().any(|c| c.is_control() && c != '\n') {
        return Err(SuiteError::new(
            path,
            format!("`{field}` is empty or holds control characters"),
        ));
    }
    Ok(())
}

/// Policies, one for each perspective that the set covers.
#[derive(Clone, Debug)]
pub struct PolicySet(Vec<Policy>);

impl PolicySet {
    /// The policies that ship with nocere, one per perspective.
    ///
    /// # Errors
    ///
    /// An embedded file is invalid, see [`parse_policy`].
    pub fn embedded() -> Result<Self, SuiteError> {
        Self::of_assets(&Assets::shipped())
    }

    /// All policies among `assets`, in the order of [`Perspective::ALL`].
    ///
    /// # Errors
    ///
    /// A policy is invalid, see [`parse_policy`]; its id is not its file's name; or two are for
    /// one perspective.
    pub fn of_assets(assets: &Assets) -> Result<Self, SuiteError> {
        let mut policies: Vec<Policy> = Vec::new();
        for asset in assets.of(Kind::Policy) {
            let path = Path::new(&asset.path);
            let policy = parse_policy(path, asset.text())?;
            let fault = |what| SuiteError::new(path, what);
            asset.check_id(&policy.id).map_err(fault)?;
            let other = policies
                .iter()
                .find(|other| other.perspective == policy.perspective);
            if let Some(other) = other {
                return Err(SuiteError::new(
                    path,
                    format!(
                        "the policies `{}` and `{}` are both for {}",
                        other.id, policy.id, policy.perspective
                    ),
                )
                .hint("replace the shipped one by a file of its name"));
            }
            policies.push(policy);
        }
        policies.sort_by_key(|policy| {
            let mut all = Perspective::ALL.into_iter();
            all.position(|perspective| perspective == policy.perspective)
        });
        Ok(Self(policies))
    }

    /// A set of the caller's own policies.
    pub fn of(policies: Vec<Policy>) -> Self {
        Self(policies)
    }

    /// The policies in the set's order; the embedded ones are in that of [`Perspective::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.0.iter()
    }

    /// The first policy for `perspective`, if any.
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

    #[test]
    fn faulty_policies_are_refused_by_field() {
        let good = "nocere_policy: 1\nid: own\nversion: '1'\nperspective: patient\ntitle: T\nsummary: s\ncategories:\n- {id: one, title: One, goal: g, good: [a], must_not: [b]}\n";
        assert!(parse_policy(Path::new("p.yaml"), good).is_ok());
        for (from, to, expected) in [
            (
                "id: one",
                "id: 'a/b | c'",
                "`categories[0].id` is `a/b | c`",
            ),
            ("id: one", "id: ''", "`categories[0].id` is ``"),
            ("good: [a]", "good: []", "`categories[0].good` is empty"),
            (
                "title: T",
                "title: \"\\e[1m\"",
                "`title` is empty or holds control",
            ),
            ("goal: g", "goal: ''", "`categories[0].goal` is empty"),
        ] {
            let text = good.replace(from, to);
            assert_ne!(text, good);
            let error = parse_policy(Path::new("p.yaml"), &text).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        let twice = format!("{good}- {{id: one, title: One, goal: g, good: [a], must_not: [b]}}\n");
        let error = parse_policy(Path::new("p.yaml"), &twice).unwrap_err();
        assert!(error.to_string().contains("`one` stands twice"), "{error}");
    }
}
