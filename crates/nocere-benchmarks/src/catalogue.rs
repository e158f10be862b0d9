//! Public sets: the published benchmarks that protocols ask for. Finds one in a data folder
//! and lists where it differs from the published one. Downloads nothing.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use nocere_core::{ContentHash, Expect, Suite, hash_json};
use serde::Deserialize;

use nocere_suites::SuiteError;

const CATALOG: &str = include_str!("../../../assets/public-sets.yaml");
const CATALOG_PATH: &str = "assets/public-sets.yaml";
/// Maximum depth of folders below the data folder.
const MAX_DEPTH: usize = 5;
/// Maximum number of files and folders. A data folder holds far fewer.
const MAX_ENTRIES: usize = 50_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalog {
    nocere_public_sets: u32,
    sets: Vec<PublicSet>,
}

/// Files of a dataset on the Hugging Face hub.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubSource {
    /// `OWNER/NAME`.
    pub dataset: String,
    /// Paths in the dataset. `*.EXTENSION` matches every file with that extension.
    pub files: Vec<String>,
    /// Folder below the data folder.
    pub save_as: String,
}

/// Files at web addresses.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrlSource {
    /// Folder below the data folder.
    pub save_as: String,
    /// The addresses.
    pub files: Vec<String>,
}

/// A public set: how to recognise it, what was published, and where to get it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicSet {
    /// Id of its suite.
    pub id: String,
    /// Title shown in reports.
    pub title: String,
    /// SPDX id, or the source's own words.
    pub licence: String,
    /// Terms that its authors add to the licence; may be empty.
    #[serde(default)]
    pub terms: String,
    /// Address of the page that describes it.
    pub page: String,
    /// Its possible file names, in lower case.
    #[serde(default)]
    names: Vec<String>,
    /// For sets of several files, the name of one of them; the set is that file's folder.
    #[serde(default)]
    folder_of: Option<String>,
    /// A word in the header line, for sets that file names alone do not identify.
    #[serde(default)]
    header: Option<String>,
    /// Preferred ends of paths, best first.
    #[serde(default)]
    prefer: Vec<String>,
    /// Ends of paths that hold a substitute in the same layout, each with a note about it.
    #[serde(default)]
    stands_in: BTreeMap<String, String>,
    /// Published number of probes.
    pub probes: u64,
    /// Published number of probes by category.
    #[serde(default)]
    pub categories: BTreeMap<String, u64>,
    /// Published number of probes by expectation.
    #[serde(default)]
    pub expectations: BTreeMap<Expect, u64>,
    /// Hash over the prompts of the copy that nocere's authors had, independent of their order
    /// and files.
    #[serde(default)]
    prompts: Option<ContentHash>,
    /// Its files on the hub.
    #[serde(default)]
    pub hub: Option<HubSource>,
    /// Its files elsewhere.
    #[serde(default)]
    pub urls: Option<UrlSource>,
}

/// The files of a data folder, listed once for all sets.
#[derive(Clone, Debug)]
pub struct DataFolder(Vec<PathBuf>);

impl DataFolder {
    /// Lists the files in `folder` and up to five levels below it. Skips hidden entries and
    /// linked folders.
    ///
    /// # Errors
    ///
    /// A folder cannot be read, or there are more than 50,000 files and folders.
    pub fn list(folder: &Path) -> Result<Self, SuiteError> {
        let mut walk = Walk {
            root: folder,
            seen: 0,
            files: Vec::new(),
        };
        walk.list(folder, 0)?;
        Ok(Self(walk.files))
    }
}

/// A public set found in a data folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The file or folder.
    pub path: PathBuf,
    /// Notes for the reader of a report, such as that it is a substitute.
    pub notes: Vec<String>,
}

/// All public sets that nocere knows.
///
/// # Errors
///
/// The embedded catalogue is invalid.
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
    /// The file or folder that [`find`](Self::find) searches for, as text for messages.
    pub fn looked_for(&self) -> String {
        match &self.folder_of {
            Some(file) => format!("a folder with {file}"),
            None => format!("a file named {}", self.names.join(" or ")),
        }
    }

    /// How to get it, with its licence, as one line of text.
    pub fn get(&self) -> String {
        format!(
            "`nocere suites pull {} --data DIR` fetches it, or take it from {}; licence: {}",
            self.id, self.page, self.licence
        )
    }

    /// Finds the set in `folder`; `None` if it is not there. Of several candidates, returns the
    /// preferred one and names those of the same rank in a note.
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

    /// Position of the path's end in `prefer`; 0 is best.
    fn rank(&self, path: &Path) -> usize {
        self.prefer
            .iter()
            .position(|end| path.ends_with(end))
            .unwrap_or(self.prefer.len())
    }

    /// Returns true if [`differences`](Self::differences) compares the prompts, not only their
    /// counts.
    pub fn knows_prompts(&self) -> bool {
        self.prompts.is_some()
    }

    /// Differences between `suite` and the published set, as sentences; empty if there are none.
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

/// Hash over the prompts of a suite, independent of their order and files.
fn prompts_hash(suite: &Suite) -> ContentHash {
    let mut prompts: Vec<&str> = suite
        .probes
        .iter()
        .map(|probe| probe.question().trim())
        .collect();
    prompts.sort_unstable();
    hash_json("public prompts", &prompts)
}

/// The first 4,096 bytes of a file as text, enough for the names of its columns. Empty if the
/// file cannot be read.
fn first_bytes(file: &Path) -> String {
    use std::io::Read as _;
    let mut start = Vec::new();
    // Opening a named pipe would wait for somebody who writes to it.
    if !file.is_file() {
        return String::new();
    }
    let read = std::fs::File::open(file).and_then(|file| file.take(4_096).read_to_end(&mut start));
    read.map_or_else(
        |_| String::new(),
        |_| String::from_utf8_lossy(&start).into_owned(),
    )
}

/// The files below a folder while they are listed.
struct Walk<'a> {
    root: &'a Path,
    /// Entries so far, folders and hidden ones included.
    seen: usize,
    files: Vec<PathBuf>,
}

impl Walk<'_> {
    /// Adds the files in `folder` and its subfolders, sorted by name.
    fn list(&mut self, folder: &Path, depth: usize) -> Result<(), SuiteError> {
        let fail = |error: std::io::Error| {
            SuiteError::new(folder, format!("failed to read the folder: {error}"))
                .hint("--data names the folder that holds the public sets")
        };
        let mut entries: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(fail)? {
            self.seen += 1;
            if self.seen > MAX_ENTRIES {
                return Err(SuiteError::new(
                    self.root,
                    format!(
                        "more than {MAX_ENTRIES} files and folders: this is not a folder of public sets"
                    ),
                )
                .hint("give the folder that holds them and little else"));
            }
            entries.push(entry.map_err(fail)?.path());
        }
        entries.sort();
        for path in entries {
            let hidden = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if hidden {
                continue;
            }
            // A linked folder could form a cycle.
            let is_link =
                std::fs::symlink_metadata(&path).is_ok_and(|m| m.file_type().is_symlink());
            if path.is_dir() {
                if depth < MAX_DEPTH && !is_link {
                    self.list(&path, depth + 1)?;
                }
            } else if path.is_file() {
                self.files.push(path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use nocere_suites::{Redistribution, builtin, redistribution};

    use super::*;

    fn public_set(id: &str) -> PublicSet {
        let mut sets = public_sets().unwrap().into_iter();
        sets.find(|set| set.id == id).unwrap()
    }

    #[test]
    fn every_set_can_be_known_and_fetched() {
        let sets = public_sets().unwrap();
        assert_eq!(sets.len(), 10);
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
    fn a_folder_with_too_many_files_is_refused_not_cut() {
        let folder = nocere_testkit::TempFolder::new("many");
        for part in ["a", "b"] {
            std::fs::create_dir_all(folder.path().join(part)).unwrap();
            for number in 0..MAX_ENTRIES / 2 {
                let name = folder.path().join(part).join(number.to_string());
                std::fs::File::create(name).unwrap();
            }
        }
        // The files alone are as many as are listed; with their folders they are more.
        let error = DataFolder::list(folder.path()).unwrap_err();
        assert!(error.message.contains("more than 50000 files"), "{error}");
        for part in ["a/0", "a/1"] {
            std::fs::remove_file(folder.path().join(part)).unwrap();
        }
        let listed = DataFolder::list(folder.path()).unwrap();
        assert_eq!(listed.0.len(), MAX_ENTRIES - 2);
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
