//! The public sets that protocols ask for: finding one in a folder, and saying where it differs
//! from what was published.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use nocere_core::{ContentHash, Expect, Suite, hash_json};
use serde::Deserialize;

use crate::error::SuiteError;

const CATALOG: &str = include_str!("../../../assets/public-sets.yaml");
const CATALOG_PATH: &str = "assets/public-sets.yaml";
/// How deep below the data folder a set is looked for.
const MAX_DEPTH: usize = 5;
/// Entries that are looked at; a data folder holds far fewer.
const MAX_ENTRIES: usize = 50_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalog {
    nocere_public_sets: u32,
    sets: Vec<PublicSet>,
}

/// Files of a dataset on a Hugging Face hub.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubSource {
    /// `OWNER/NAME`.
    pub dataset: String,
    /// Paths in the dataset; `*.EXTENSION` takes every file of that extension.
    pub files: Vec<String>,
    /// Folder below the data folder.
    pub save_as: String,
}

/// Files at addresses.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrlSource {
    /// Folder below the data folder.
    pub save_as: String,
    /// The addresses.
    pub files: Vec<String>,
}

/// A public set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicSet {
    /// The id that its suite gets.
    pub id: String,
    /// As a report shows it.
    pub title: String,
    /// SPDX id or the source's own words.
    pub licence: String,
    /// What its authors ask for beside the licence.
    #[serde(default)]
    pub terms: String,
    /// Where a person reads about it.
    pub page: String,
    /// File names that it goes by, lower case.
    #[serde(default)]
    names: Vec<String>,
    /// For sets of several files: one of them; the set is its folder.
    #[serde(default)]
    folder_of: Option<String>,
    /// A word of the first line, where file names alone do not tell.
    #[serde(default)]
    header: Option<String>,
    /// Ends of paths, best first.
    #[serde(default)]
    prefer: Vec<String>,
    /// Ends of paths that hold something else in the same layout, with what to say of it.
    #[serde(default)]
    stands_in: BTreeMap<String, String>,
    /// Probes as published.
    pub probes: u64,
    /// Probes by category as published.
    #[serde(default)]
    pub categories: BTreeMap<String, u64>,
    /// Probes by expectation as published.
    #[serde(default)]
    pub expectations: BTreeMap<Expect, u64>,
    /// Hash over its prompts in a copy that was at hand, whatever their order and file.
    #[serde(default)]
    prompts: Option<ContentHash>,
    /// Where it is on the hub.
    #[serde(default)]
    pub hub: Option<HubSource>,
    /// Where it is elsewhere.
    #[serde(default)]
    pub urls: Option<UrlSource>,
}

/// The files of a data folder, listed once for all sets.
#[derive(Clone, Debug)]
pub struct DataFolder(Vec<PathBuf>);

impl DataFolder {
    /// Lists `folder` and what is below it; hidden entries and linked folders are passed over.
    pub fn list(folder: &Path) -> Result<Self, SuiteError> {
        let mut files = Vec::new();
        walk(folder, 0, &mut files)?;
        Ok(Self(files))
    }
}

/// A set that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The file or folder.
    pub path: PathBuf,
    /// What a reader must know of it.
    pub notes: Vec<String>,
}

/// All public sets that nocere knows.
pub fn public_sets() -> Result<Vec<PublicSet>, SuiteError> {
    let path = Path::new(CATALOG_PATH);
    let catalog: Catalog =
        serde_saphyr::from_str(CATALOG).map_err(|error| SuiteError::from_yaml(path, &error))?;
    if catalog.nocere_public_sets != 1 {
        return Err(SuiteError::new(path, "`nocere_public_sets` must be 1"));
    }
    Ok(catalog.sets)
}

impl PublicSet {
    /// What it is looked for by, in words.
    pub fn looked_for(&self) -> String {
        match &self.folder_of {
            Some(file) => format!("a folder with {file}"),
            None => format!("a file named {}", self.names.join(" or ")),
        }
    }

    /// Where to get it, in one line.
    pub fn get(&self) -> String {
        format!(
            "`nocere suites pull {} --data DIR` fetches it, or take it from {}; licence: {}",
            self.id, self.page, self.licence
        )
    }

    /// The set in `folder`; `None` if it is not there. Of several candidates the preferred one
    /// is taken and the others are named.
    pub fn find(&self, folder: &DataFolder) -> Option<Found> {
        let mut candidates: Vec<(usize, PathBuf)> = folder
            .0
            .iter()
            .filter(|file| self.is_named(file))
            .map(|file| match (&self.folder_of, file.parent()) {
                (Some(_), Some(parent)) => parent.to_owned(),
                _ => file.clone(),
            })
            .map(|path| (self.rank(&path), path))
            .collect();
        candidates.sort();
        candidates.dedup();
        let (rank, path) = candidates.first().cloned()?;
        let mut notes = Vec::new();
        if let Some((_, note)) = self.stands_in.iter().find(|(end, _)| path.ends_with(end)) {
            notes.push(note.clone());
        }
        let others: Vec<String> = candidates[1..]
            .iter()
            .filter(|(other, _)| *other == rank)
            .map(|(_, path)| path.display().to_string())
            .collect();
        if !others.is_empty() {
            notes.push(format!("Also found and not asked: {}.", others.join(", ")));
        }
        Some(Found { path, notes })
    }

    fn is_named(&self, file: &Path) -> bool {
        let name = file
            .file_name()
            .map(|name| name.to_string_lossy().to_lowercase())
            .unwrap_or_default();
        let named = match &self.folder_of {
            Some(wanted) => name == *wanted,
            None => self.names.contains(&name),
        };
        named
            && self
                .header
                .as_ref()
                .is_none_or(|word| first_bytes(file).contains(word))
    }

    fn rank(&self, path: &Path) -> usize {
        self.prefer
            .iter()
            .position(|end| path.ends_with(end))
            .unwrap_or(self.prefer.len())
    }

    /// Whether [`differences`](Self::differences) compares the prompts and not only their counts.
    pub fn knows_prompts(&self) -> bool {
        self.prompts.is_some()
    }

    /// Where `suite` differs from what was published, in words; empty if nowhere.
    pub fn differences(&self, suite: &Suite) -> Vec<String> {
        let mut notes = Vec::new();
        let mut compare = |what: &str, published: u64, found: u64| {
            if published != found {
                notes.push(format!("{what}: {published} published, {found} found."));
            }
        };
        let count = |keep: &dyn Fn(&nocere_core::Probe) -> bool| {
            suite.probes.iter().filter(|probe| keep(probe)).count() as u64
        };
        compare("Probes", self.probes, suite.probes.len() as u64);
        for (category, published) in &self.categories {
            let found = count(&|probe| probe.category == *category);
            compare(&format!("Category {category}"), *published, found);
        }
        for (expect, published) in &self.expectations {
            let found = count(&|probe| probe.expect == *expect);
            compare(
                &format!("Probes that expect {}", expect.as_str()),
                *published,
                found,
            );
        }
        if let Some(known) = &self.prompts
            && notes.is_empty()
            && prompts_hash(suite) != *known
        {
            notes.push(
                "The counts are right and the prompts are not those of the copy that nocere's authors had: another version, or a changed file."
                    .to_owned(),
            );
        }
        notes
    }
}

/// A hash over the prompts of a suite, whatever their order and the file that they stand in.
fn prompts_hash(suite: &Suite) -> ContentHash {
    let mut prompts: Vec<&str> = suite
        .probes
        .iter()
        .map(|probe| probe.question().trim())
        .collect();
    prompts.sort_unstable();
    hash_json("public prompts", &prompts)
}

/// The beginning of a file as text; enough for the names of its columns.
fn first_bytes(file: &Path) -> String {
    use std::io::Read as _;
    let mut start = Vec::new();
    let read = std::fs::File::open(file).and_then(|file| file.take(4_096).read_to_end(&mut start));
    read.map_or_else(
        |_| String::new(),
        |_| String::from_utf8_lossy(&start).into_owned(),
    )
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), SuiteError> {
    let fail = |error: std::io::Error| {
        SuiteError::new(folder, format!("failed to read the folder: {error}"))
            .hint("--data names the folder that holds the public sets")
    };
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(fail)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(fail)?;
    entries.sort();
    for path in entries {
        if files.len() > MAX_ENTRIES {
            return Err(SuiteError::new(
                folder,
                format!("more than {MAX_ENTRIES} files: this is no folder of public sets"),
            )
            .hint("give the folder that holds them and little else"));
        }
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        // A link to a folder could lead round in circles.
        let is_link = std::fs::symlink_metadata(&path).is_ok_and(|m| m.file_type().is_symlink());
        if path.is_dir() {
            if depth < MAX_DEPTH && !is_link {
                walk(&path, depth + 1, files)?;
            }
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        builtin,
        licence::{Redistribution, redistribution},
    };

    fn public_set(id: &str) -> PublicSet {
        let mut sets = public_sets().unwrap().into_iter();
        sets.find(|set| set.id == id).unwrap()
    }

    #[test]
    fn every_set_can_be_known_and_fetched() {
        let sets = public_sets().unwrap();
        assert_eq!(sets.len(), 7);
        for set in &sets {
            assert!(
                set.folder_of.is_some() == set.names.is_empty(),
                "{}",
                set.id
            );
            assert!(set.hub.is_some() != set.urls.is_some(), "{}", set.id);
            let by_category: u64 = set.categories.values().sum();
            let by_expectation: u64 = set.expectations.values().sum();
            assert!([0, set.probes].contains(&by_category), "{}", set.id);
            assert!([0, set.probes].contains(&by_expectation), "{}", set.id);
        }
        let gated = public_set("wildjailbreak");
        assert_ne!(redistribution(&gated.licence), Redistribution::Allowed);
    }

    #[test]
    fn the_preferred_of_several_is_taken_and_a_stand_in_says_so() {
        let folder = std::env::temp_dir().join(format!("nocere-sets-{}", std::process::id()));
        let set = public_set("med-safety-bench");
        for half in ["train/llama2", "train/gpt4"] {
            let here = folder.join("msb").join(half);
            std::fs::create_dir_all(&here).unwrap();
            std::fs::write(here.join("med_safety_demonstrations_category_1.csv"), "x").unwrap();
        }
        let listed = || DataFolder::list(&folder).unwrap();
        let found = set.find(&listed()).unwrap();
        assert!(found.path.ends_with("train/gpt4"));
        assert!(found.notes[0].contains("stands in"), "{:?}", found.notes);
        let facts = public_set("facts-medical");
        std::fs::write(folder.join("examples.csv"), "a,b\n1,2\n").unwrap();
        assert_eq!(facts.find(&listed()), None);
        std::fs::write(
            folder.join("examples.csv"),
            "user_request,context_document\n",
        )
        .unwrap();
        assert!(facts.find(&listed()).is_some());
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(DataFolder::list(&folder).is_err());
    }

    #[test]
    fn differences_are_named_in_numbers() {
        let set = public_set("patient-safety-bench");
        let suite = builtin("nocere-triads").unwrap().unwrap();
        let notes = set.differences(&suite);
        assert!(notes[0].starts_with("Probes: 466 published,"), "{notes:?}");
        assert!(
            notes
                .iter()
                .any(|note| note.starts_with("Category misdiagnosis: 99"))
        );
    }
}
