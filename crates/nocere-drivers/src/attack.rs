//! An attack as written: its head, which all kinds share, and the settings of its kind.

use std::sync::Arc;

use nocere_core::{Driver, DriverIdentity};
use serde::Deserialize;
use thiserror::Error;

use crate::KINDS;

/// A kind of attack.
pub(crate) struct AttackKind {
    /// The word in `kind`.
    pub(crate) name: &'static str,
    /// Makes the driver of a file.
    pub(crate) read: fn(Head) -> Result<Arc<dyn Driver>, AttackError>,
}

/// Why a file is not an attack.
#[derive(Debug, Error)]
pub enum AttackError {
    /// It is not YAML of this form.
    #[error("{message}")]
    Form {
        /// What is wrong, as the parser says it.
        message: String,
        /// The line, from 1, if the parser knows it.
        line: Option<u64>,
    },
    /// The id or the version is missing or reserved.
    #[error("`{field}` is `{value}`; {wanted}")]
    Field {
        /// The field.
        field: &'static str,
        /// As written.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// The format is of another version.
    #[error("`nocere_attack` is {0}, and this version reads format 1")]
    Version(u32),
    /// No driver of this kind is known.
    #[error("unknown kind `{name}`; the kinds are {known}")]
    Kind {
        /// As written.
        name: String,
        /// What is known.
        known: String,
    },
    /// The kind cannot use its settings.
    #[error("`settings` of kind `{kind}`: {message}")]
    Settings {
        /// The kind.
        kind: &'static str,
        /// What is wrong.
        message: String,
    },
}

/// What every attack says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    nocere_attack: u32,
    /// Kebab-case; the driver's id in runs and reports.
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) title: String,
    /// Where the idea is from.
    #[serde(rename = "source")]
    _source: String,
    kind: String,
    /// What the kind reads.
    pub(crate) settings: serde_json::Value,
}

/// The driver of an attack's YAML.
///
/// # Errors
///
/// The text is not an attack of format 1, names an unknown kind, or its kind cannot use the
/// settings.
pub fn attack(text: &str) -> Result<Arc<dyn Driver>, AttackError> {
    let head: Head = serde_saphyr::from_str(text).map_err(|error| AttackError::Form {
        message: error.without_snippet().to_string(),
        line: error.location().map(|location| location.line()),
    })?;
    if head.nocere_attack != 1 {
        return Err(AttackError::Version(head.nocere_attack));
    }
    let field = |field, value: &str, wanted| AttackError::Field {
        field,
        value: value.to_owned(),
        wanted,
    };
    if [DriverIdentity::DIRECT, DriverIdentity::RECORDED].contains(&head.id.as_str()) {
        return Err(field(
            "id",
            &head.id,
            "the name is taken by a driver of nocere's own",
        ));
    }
    if head.version.trim().is_empty() {
        return Err(field("version", &head.version, "write one, such as 1.0.0"));
    }
    match KINDS.iter().find(|kind| kind.name == head.kind) {
        Some(kind) => (kind.read)(head),
        None => Err(AttackError::Kind {
            name: head.kind,
            known: KINDS.each_ref().map(|kind| kind.name).join(", "),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "nocere_attack: 1\nid: a\nversion: 1.0.0\ntitle: A\nsource: ours\nkind: wrap\nsettings: {template: 'Please! {ask}'}\n";

    fn fault(text: &str) -> String {
        attack(text).err().unwrap().to_string()
    }

    #[test]
    fn faults_name_what_is_wrong() {
        assert!(attack(GOOD).is_ok());
        let kind = fault(&GOOD.replace("kind: wrap", "kind: wrapp"));
        assert_eq!(kind, "unknown kind `wrapp`; the kinds are wrap");
        assert!(fault(&GOOD.replace("nocere_attack: 1", "nocere_attack: 2")).contains("format 1"));
        assert!(fault(&GOOD.replace("title", "titel")).contains("titel"));
        let unused = fault(&GOOD.replace("{ask}", "it"));
        assert!(unused.contains("`{ask}`"), "{unused}");
        let field = fault(&GOOD.replace("template", "text"));
        assert!(field.contains("`settings` of kind `wrap`"), "{field}");
    }

    #[test]
    fn settings_are_part_of_the_identity() {
        let one = attack(GOOD).unwrap().identity().hash.clone();
        let other = attack(&GOOD.replace("Please", "Quick")).unwrap();
        assert_ne!(one, other.identity().hash);
    }

    #[test]
    fn the_names_of_other_drivers_are_reserved() {
        for name in ["direct", "recorded"] {
            let said = fault(&GOOD.replace("id: a", &format!("id: {name}")));
            assert!(said.contains("taken"), "{said}");
        }
        let said = fault(&GOOD.replace("version: 1.0.0", "version: ''"));
        assert!(said.contains("`version`"), "{said}");
    }
}
