//! An attack as written: its head, which all kinds share, and the settings of its kind.

use std::sync::Arc;

use nocere_core::{Driver, DriverIdentity, Perspective};
use serde::{Deserialize, de::DeserializeOwned};
use thiserror::Error;

use crate::{
    kinds::KINDS,
    part::{Needs, Part},
    search::Search,
};

/// The format of attack files.
pub const ATTACK_FORMAT: u32 = 2;

/// The families of attacks: what they lean on.
pub const FAMILIES: [&str; 19] = [
    "authority",
    "caregiver",
    "cost",
    "culture",
    "emotion",
    "encoding",
    "evidence",
    "framing",
    "injection",
    "jailbreak",
    "language",
    "minimising",
    "mixed",
    "persuasion",
    "phrasing",
    "premise",
    "splitting",
    "urgency",
    "yielding",
];

/// Why a file is not an attack, or why attacks cannot be combined.
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
    /// The id, the version or the family is missing, unknown or reserved.
    #[error("`{field}` is `{value}`; {wanted}")]
    Field {
        /// The field.
        field: &'static str,
        /// As written.
        value: String,
        /// What it should be.
        wanted: String,
    },
    /// The format is of another version.
    #[error("`{field}` is {found}, and this version reads format {wanted}")]
    Version {
        /// The field with the version.
        field: &'static str,
        /// As written.
        found: u32,
        /// What this version reads.
        wanted: u32,
    },
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
    /// Attacks cannot follow each other.
    #[error("{0}")]
    Order(String),
}

/// What every attack says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    nocere_attack: u32,
    id: String,
    version: String,
    title: String,
    family: String,
    about: String,
    source: String,
    hazard: String,
    #[serde(default)]
    perspectives: Vec<Perspective>,
    kind: String,
    settings: serde_json::Value,
}

/// An attack of `assets/attacks`.
#[derive(Clone)]
pub struct Attack {
    head: Head,
    pub(crate) kind: &'static str,
    pub(crate) part: Part,
    pub(crate) languages: Vec<String>,
    pub(crate) needs: Needs,
    /// What decides the words: settings and version of the kind's code.
    pub(crate) hashed: serde_json::Value,
}

impl Attack {
    /// Reads an attack's YAML.
    ///
    /// # Errors
    ///
    /// The text is not an attack of this format, names an unknown kind or family, or its kind
    /// cannot use the settings.
    pub fn read(text: &str) -> Result<Self, AttackError> {
        let head: Head = from_yaml(text)?;
        if head.nocere_attack != ATTACK_FORMAT {
            return Err(AttackError::Version {
                field: "nocere_attack",
                found: head.nocere_attack,
                wanted: ATTACK_FORMAT,
            });
        }
        head.check()?;
        let Some(kind) = KINDS.iter().find(|kind| kind.name == head.kind) else {
            return Err(AttackError::Kind {
                name: head.kind,
                known: KINDS.each_ref().map(|kind| kind.name).join(", "),
            });
        };
        let made = (kind.read)(head.settings.clone()).map_err(|message| AttackError::Settings {
            kind: kind.name,
            message,
        })?;
        let hashed = serde_json::json!([kind.name, head.settings, kind.version]);
        Ok(Self {
            kind: kind.name,
            part: made.part,
            languages: made.languages,
            needs: made.needs,
            hashed,
            head,
        })
    }

    /// Its id: the driver's id in runs and reports.
    pub fn id(&self) -> &str {
        &self.head.id
    }

    /// Version of its texts.
    pub fn version(&self) -> &str {
        &self.head.version
    }

    /// As a report shows it.
    pub fn title(&self) -> &str {
        &self.head.title
    }

    /// What it leans on: one of [`FAMILIES`].
    pub fn family(&self) -> &str {
        &self.head.family
    }

    /// What is said, and which failure it looks for.
    pub fn about(&self) -> &str {
        &self.head.about
    }

    /// Where the idea is from.
    pub fn source(&self) -> &str {
        &self.head.source
    }

    /// How much harm its words could do by themselves: `low`, or why more.
    pub fn hazard(&self) -> &str {
        &self.head.hazard
    }

    /// The name of its kind, such as `wrap`.
    pub fn kind(&self) -> &str {
        self.kind
    }

    /// Whose probes it is for; empty for everyone's.
    pub fn perspectives(&self) -> &[Perspective] {
        &self.head.perspectives
    }

    /// Languages of the probes that it has words for; empty for all.
    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// What it asks for beside the target.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// True if it leads the whole conversation, so that it can only be the last of a combination.
    pub fn is_lead(&self) -> bool {
        matches!(self.part, Part::Lead(_) | Part::Search(_))
    }

    /// Phrases that show in an answer that an order of this attack was obeyed; empty if it plants
    /// none.
    pub fn planted(&self) -> &[String] {
        match &self.part {
            Part::Rewrite(rewrite) => rewrite.planted(),
            Part::Lead(_) | Part::Search(_) => &[],
        }
    }

    /// The attacks that a search tries, as it names them; empty for any other attack.
    pub fn arms(&self) -> &[String] {
        match &self.part {
            Part::Search(search) => &search.attacks,
            Part::Rewrite(_) | Part::Lead(_) => &[],
        }
    }

    /// A search with the attacks that it names, each as a driver that is needed as `needs` says.
    /// Any other attack stays as it is.
    ///
    /// # Errors
    ///
    /// A search has fewer than two attacks to try.
    pub fn armed(self, arms: Vec<Arc<dyn Driver>>, needs: Needs) -> Result<Self, AttackError> {
        let Part::Search(settings) = &self.part else {
            return Ok(self);
        };
        if arms.len() < 2 {
            return Err(AttackError::Order(
                "a search needs at least two attacks".to_owned(),
            ));
        }
        let hashes: Vec<_> = arms.iter().map(|arm| &arm.identity().hash).collect();
        let hashed = serde_json::json!([self.hashed, hashes]);
        let languages = union(&arms, |identity| &identity.languages);
        let mut head = self.head.clone();
        if head.perspectives.is_empty() {
            head.perspectives = union(&arms, |identity| &identity.perspectives);
        }
        Ok(Self {
            part: Part::Lead(Arc::new(Search {
                settings: settings.clone(),
                arms,
            })),
            languages,
            needs: Needs {
                attacker: self.needs.attacker || needs.attacker,
                scorer: true,
            },
            hashed,
            head,
            kind: self.kind,
        })
    }

    /// The settings as written, for people.
    pub fn settings(&self) -> &serde_json::Value {
        &self.head.settings
    }
}

/// What any of the drivers is for; empty, for everything, if one is for everything.
fn union<T: Clone + PartialEq>(
    arms: &[Arc<dyn Driver>],
    of: fn(&DriverIdentity) -> &Vec<T>,
) -> Vec<T> {
    let mut all = Vec::new();
    for arm in arms {
        let one = of(arm.identity());
        if one.is_empty() {
            return Vec::new();
        }
        let new: Vec<T> = one.iter().filter(|x| !all.contains(*x)).cloned().collect();
        all.extend(new);
    }
    all
}

impl Head {
    fn check(&self) -> Result<(), AttackError> {
        let field = |field, value: &str, wanted: &str| {
            Err(AttackError::Field {
                field,
                value: value.to_owned(),
                wanted: wanted.to_owned(),
            })
        };
        let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || !self.id.chars().all(is_kebab) {
            return field(
                "id",
                &self.id,
                "it must be lower-case letters, digits and `-`",
            );
        }
        if [DriverIdentity::DIRECT, DriverIdentity::RECORDED].contains(&self.id.as_str()) {
            let wanted = "the name is taken by a driver of nocere's own";
            return field("id", &self.id, wanted);
        }
        if self.version.trim().is_empty() {
            return field("version", &self.version, "write one, such as 1.0.0");
        }
        if !FAMILIES.contains(&self.family.as_str()) {
            let wanted = format!("the families are {}", FAMILIES.join(", "));
            return field("family", &self.family, &wanted);
        }
        Ok(())
    }
}

/// A value out of YAML, or what is wrong with it and where.
pub(crate) fn from_yaml<T: DeserializeOwned>(text: &str) -> Result<T, AttackError> {
    serde_saphyr::from_str(text).map_err(|error| AttackError::Form {
        message: error.without_snippet().to_string(),
        line: error.location().map(|location| location.line()),
    })
}

/// The driver of an attack's YAML, alone.
///
/// # Errors
///
/// As for [`Attack::read`].
pub fn attack(text: &str) -> Result<Arc<dyn Driver>, AttackError> {
    crate::compose(&[Attack::read(text)?], &crate::Helpers::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "nocere_attack: 2\nid: a\nversion: 1.0.0\ntitle: A\nfamily: urgency\nabout: x\nsource: ours\nhazard: low\nkind: wrap\nsettings: {texts: {en: 'Please! {ask}'}}\n";

    fn fault(text: &str) -> String {
        attack(text).err().unwrap().to_string()
    }

    #[test]
    fn faults_name_what_is_wrong() {
        assert!(attack(GOOD).is_ok());
        let kind = fault(&GOOD.replace("kind: wrap", "kind: wrapp"));
        assert!(
            kind.starts_with("unknown kind `wrapp`; the kinds are "),
            "{kind}"
        );
        assert!(fault(&GOOD.replace("nocere_attack: 2", "nocere_attack: 1")).contains("format 2"));
        assert!(fault(&GOOD.replace("title", "titel")).contains("titel"));
        let family = fault(&GOOD.replace("urgency", "hurry"));
        assert!(
            family.contains("`hurry`") && family.contains("urgency"),
            "{family}"
        );
        let unused = fault(&GOOD.replace("{ask}", "it"));
        assert!(unused.contains("`{ask}`"), "{unused}");
        let unknown = fault(&GOOD.replace("Please!", "{please}"));
        assert!(unknown.contains("no variable `{please}`"), "{unknown}");
        let field = fault(&GOOD.replace("texts", "text"));
        assert!(field.contains("`settings` of kind `wrap`"), "{field}");
        let step = GOOD.replace("kind: wrap", "kind: transform");
        let step = fault(&step.replace("{texts: {en: 'Please! {ask}'}}", "{steps: [rot14]}"));
        assert!(step.contains("rot14") && step.contains("rot13"), "{step}");
    }

    #[test]
    fn settings_are_part_of_the_identity() {
        let one = attack(GOOD).unwrap().identity().clone();
        let other = attack(&GOOD.replace("Please", "Quick")).unwrap();
        assert_ne!(one.hash, other.identity().hash);
        assert_eq!(one.languages, ["en"]);
    }

    #[test]
    fn the_names_of_other_drivers_are_reserved() {
        for name in ["direct", "recorded"] {
            let said = fault(&GOOD.replace("id: a", &format!("id: {name}")));
            assert!(said.contains("taken"), "{said}");
        }
        let said = fault(&GOOD.replace("version: 1.0.0", "version: ''"));
        assert!(said.contains("`version`"), "{said}");
        assert!(fault(&GOOD.replace("id: a", "id: a+b")).contains("lower-case"));
    }
}
