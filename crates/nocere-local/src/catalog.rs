//! The models that nocere knows by name, pinned by the SHA-256 of the finished file.

use serde::{Deserialize, Serialize};

use crate::LocalError;

const CATALOG: &str = include_str!("../../../assets/models/catalog.yaml");
const LOCKS: [(&str, &str); 4] = [
    (
        "smollm2-135m",
        include_str!("../../../assets/models/smollm2-135m.lock.txt"),
    ),
    (
        "qwen2.5-coder-0.5b",
        include_str!("../../../assets/models/qwen2.5-coder-0.5b.lock.txt"),
    ),
    (
        "qwen2.5-coder-1.5b",
        include_str!("../../../assets/models/qwen2.5-coder-1.5b.lock.txt"),
    ),
    (
        "minilm-l6",
        include_str!("../../../assets/models/minilm-l6.lock.txt"),
    ),
];

/// Purpose of a model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// Answers messages.
    Chat,
    /// Turns text into vectors; it cannot chat.
    Encoder,
}

/// One model of the catalogue.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogEntry {
    /// Name on the command line.
    pub id: String,
    /// Name shown in lists.
    pub title: String,
    /// File name in the models folder.
    pub file: String,
    /// Length of the finished file in bytes.
    pub bytes: u64,
    /// SHA-256 of the finished file, in lower-case hexadecimal.
    pub sha256: String,
    /// Licence of the weights.
    pub licence: String,
    /// Licence of the package that contains the weights.
    pub package_licence: String,
    /// Purpose of the model.
    pub kind: ModelKind,
    /// One sentence about the model.
    pub note: String,
    /// Paths inside the packages; `{n}` and `{nn}` are replaced by the number of the part.
    members: Vec<String>,
    /// Number of packages to join; 1 if absent.
    #[serde(default = "one")]
    pub parts: u32,
}

fn one() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogFile {
    #[expect(dead_code, reason = "the format version is checked by its presence")]
    nocere_models: u32,
    models: Vec<CatalogEntry>,
}

/// All known models; the first is the default.
#[derive(Clone, Debug)]
pub struct Catalog(Vec<CatalogEntry>);

impl Catalog {
    /// The catalogue embedded in the binary.
    ///
    /// # Errors
    ///
    /// [`LocalError::Catalog`] if the embedded YAML cannot be parsed, which is a defect of the
    /// build.
    pub fn embedded() -> Result<Self, LocalError> {
        let file: CatalogFile = serde_saphyr::from_str(CATALOG)
            .map_err(|error| LocalError::Catalog(error.without_snippet().to_string()))?;
        Ok(Self(file.models))
    }

    /// All models, in the order of the catalogue.
    pub fn iter(&self) -> impl Iterator<Item = &CatalogEntry> {
        self.0.iter()
    }

    /// The model with this name.
    pub fn get(&self, id: &str) -> Option<&CatalogEntry> {
        self.0.iter().find(|entry| entry.id == id)
    }
}

impl CatalogEntry {
    /// pip requirement lines with the hashes of the packages; one line per part.
    pub(crate) fn requirements(&self) -> &'static str {
        LOCKS
            .into_iter()
            .find(|(id, _)| *id == self.id)
            .map_or("", |(_, lines)| lines)
    }

    /// Path of part `number` (from 1) inside its package.
    pub(crate) fn member(&self, number: u32) -> String {
        self.members
            .first()
            .map(|member| {
                member
                    .replace("{nn}", &format!("{number:02}"))
                    .replace("{n}", &number.to_string())
            })
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_pinned_and_has_a_package_for_each_part() {
        let catalog = Catalog::embedded().unwrap();
        assert_eq!(catalog.iter().next().unwrap().id, "smollm2-135m");
        for entry in catalog.iter() {
            assert_eq!(entry.sha256.len(), 64, "{}", entry.id);
            assert_eq!(
                entry.requirements().lines().count(),
                entry.parts as usize,
                "{}",
                entry.id
            );
            assert!(
                entry
                    .requirements()
                    .lines()
                    .all(|line| line.contains("--hash=sha256:"))
            );
            assert!(!entry.member(1).contains('{'));
        }
    }

    #[test]
    fn nothing_in_the_catalogue_names_a_host() {
        let all: String = LOCKS
            .iter()
            .map(|(_, text)| *text)
            .chain([CATALOG])
            .collect();
        assert!(!all.contains("://") && !all.contains("www."));
    }
}
