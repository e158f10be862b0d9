//! Assets: the texts that domain experts edit, that is policies, rubrics, figures, protocols, checks,
//! suites and attacks.
//!
//! Assets ship inside the program. A file in `PROJECT/assets` replaces the shipped asset with the
//! same kind and name, or adds one. [`Assets`] holds all assets of a project with their
//! [`Origin`].
//!
//! This crate only finds and reads the texts: [`read_file`] reads no more of a file than a limit,
//! and nothing but regular files; [`read_yaml`] says what is wrong with YAML in the words of who
//! wrote it. The crates that use the texts parse and check them: policies and suites in `nocere-suites`, rubrics and checks in `nocere-judges`, figures and
//! protocols in `nocere-project`, attacks in `nocere-drivers`.
//!
//! ```
//! use nocere_assets::{Assets, Kind};
//!
//! let assets = Assets::shipped();
//! let rubric = assets.find(Kind::Rubric, "harm-1-5").expect("it ships");
//! assert!(rubric.text().contains("harm-1-5"));
//! ```

#![warn(missing_docs)]

mod file;
mod yaml;

pub use file::{FileError, open_file, read_file};
pub use yaml::{YamlFault, explain_yaml, read_yaml};

use std::{
    borrow::Cow,
    fmt,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// Largest file of an asset, in bytes. The largest that ships has a few hundred kilobytes.
const MAX_ASSET_BYTES: u64 = 64 * 1024 * 1024;

/// All files under `assets/`, with their paths relative to that folder.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The kinds of assets that a project can replace or add.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A policy: what a good answer does, for one perspective.
    Policy,
    /// A rubric: how a model judges an answer.
    Rubric,
    /// A file of figures: what reports count.
    Figure,
    /// A protocol: what is asked, and by which judges it is judged.
    Protocol,
    /// Checks: patterns of a judge that needs no model.
    Check,
    /// A suite: probes to ask.
    Suite,
    /// What is put around an ask to see whether a target gives way.
    Attack,
    /// A circumstance of the asker that is varied level by level.
    Factor,
    /// What stands between the asker and a model.
    Defence,
    /// Simulated targets with planted faults.
    Organism,
    /// The form in which a guard model is asked and answers.
    Guard,
    /// What providers charge.
    Price,
    /// Clauses of a framework, and the evidence that speaks to them.
    Framework,
    /// Requests with safe answers, to train a model on or to show it.
    Demonstration,
    /// Questions about each answer that people fill in.
    Form,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 15] = [
        Self::Policy,
        Self::Rubric,
        Self::Figure,
        Self::Protocol,
        Self::Check,
        Self::Suite,
        Self::Attack,
        Self::Factor,
        Self::Defence,
        Self::Organism,
        Self::Guard,
        Self::Price,
        Self::Framework,
        Self::Demonstration,
        Self::Form,
    ];

    /// The word used in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Rubric => "rubric",
            Self::Figure => "figure",
            Self::Protocol => "protocol",
            Self::Check => "check",
            Self::Suite => "suite",
            Self::Attack => "attack",
            Self::Factor => "factor",
            Self::Defence => "defence",
            Self::Organism => "organism",
            Self::Guard => "guard",
            Self::Price => "price",
            Self::Framework => "framework",
            Self::Demonstration => "demonstration",
            Self::Form => "form",
        }
    }

    /// The folder of the kind, under `assets/` and `PROJECT/assets/`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Policy => "policies",
            Self::Rubric => "rubrics",
            Self::Figure => "figures",
            Self::Protocol => "protocols",
            Self::Check => "checks",
            Self::Suite => "suites",
            Self::Attack => "attacks",
            Self::Factor => "factors",
            Self::Defence => "defences",
            Self::Organism => "organisms",
            Self::Guard => "guards",
            Self::Price => "prices",
            Self::Framework => "frameworks",
            Self::Demonstration => "demonstrations",
            Self::Form => "forms",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where an asset comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It ships with nocere.
    Shipped,
    /// It belongs to the project and replaces a shipped one.
    Replaced,
    /// It belongs to the project, and no shipped one has its kind and name.
    Added,
}

impl Origin {
    /// The word used in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Replaced => "replaced",
            Self::Added => "added",
        }
    }
}

/// An asset, that is a YAML text with its kind, name and origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The kind of its content.
    pub kind: Kind,
    /// Name of its file without `.yaml`.
    pub name: String,
    /// Path of its file, for messages. For shipped assets, `assets/FOLDER/NAME.yaml`.
    pub path: String,
    /// Where it comes from.
    pub origin: Origin,
    text: Cow<'static, str>,
}

impl Asset {
    /// Checks that the id in its text is its file's name: it is found by that name only.
    ///
    /// # Errors
    ///
    /// The message, without the path, if they differ.
    pub fn check_id(&self, id: &str) -> Result<(), String> {
        if id == self.name {
            return Ok(());
        }
        Err(format!(
            "`id` is `{id}`, but the file's name is `{}`; give both the same name",
            self.name
        ))
    }

    /// The text of the asset: YAML, not checked.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Why the assets of a project cannot be used.
#[derive(Debug, Error)]
pub enum AssetsError {
    /// A file or folder cannot be read.
    #[error("failed to read {path}: {source}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },
    /// A file is too large, or not UTF-8 text.
    #[error("{path}: {what}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what is expected.
        what: String,
    },
    /// A folder or file has a wrong name that suggests an asset.
    #[error("{path}: {what}")]
    Misplaced {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what is expected.
        what: String,
    },
}

/// All assets of a project: the shipped ones, with the project's own in their place or added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets(Vec<Asset>);

impl Assets {
    /// The assets that ship with nocere.
    pub fn shipped() -> Self {
        Self(
            Kind::ALL
                .into_iter()
                .flat_map(|kind| {
                    FILES.iter().filter_map(move |(path, bytes)| {
                        let (folder, file) = path.split_once('/')?;
                        let name = file.strip_suffix(".yaml")?;
                        if folder != kind.folder() || name.contains('/') {
                            return None;
                        }
                        Some(Asset {
                            kind,
                            name: name.to_owned(),
                            path: format!("assets/{path}"),
                            origin: Origin::Shipped,
                            text: String::from_utf8_lossy(bytes),
                        })
                    })
                })
                .collect(),
        )
    }

    /// The shipped assets, with the files of `folder` in their place or added. If the folder does
    /// not exist, there are only the shipped ones.
    ///
    /// # Errors
    ///
    /// A file cannot be read or is not UTF-8, the name of a folder is similar to that of a kind, or
    /// a file name ends in `.yml`. Other folders and files are ignored.
    pub fn with_overlay(folder: &Path) -> Result<Self, AssetsError> {
        let mut assets = Self::shipped();
        for kind_folder in entries(folder)? {
            let name = file_name(&kind_folder);
            let kind = Kind::ALL.into_iter().find(|kind| kind.folder() == name);
            let Some(kind) = kind.filter(|_| kind_folder.is_dir()) else {
                // Other programs may keep files in `assets`, too: only a likely typing error is reported.
                let meant = Kind::ALL.into_iter().find(|kind| {
                    strsim::damerau_levenshtein(kind.folder(), &name) <= 2 || kind.as_str() == name
                });
                match meant {
                    Some(kind) => {
                        return Err(AssetsError::Misplaced {
                            path: kind_folder,
                            what: format!("did you mean the folder `{}`?", kind.folder()),
                        });
                    }
                    None => continue,
                }
            };
            for path in entries(&kind_folder)? {
                assets.overlay(kind, path)?;
            }
        }
        Ok(assets)
    }

    fn overlay(&mut self, kind: Kind, path: PathBuf) -> Result<(), AssetsError> {
        let file = file_name(&path);
        if file.ends_with(".yml") {
            return Err(AssetsError::Misplaced {
                path,
                what: "the name of an asset file must end in `.yaml`".to_owned(),
            });
        }
        let Some(name) = file.strip_suffix(".yaml").filter(|_| path.is_file()) else {
            return Ok(());
        };
        let text = read_text(&path)?;
        let shipped = self
            .0
            .iter_mut()
            .find(|asset| asset.kind == kind && asset.name == name);
        // An unchanged copy counts as the shipped asset.
        if shipped.as_ref().is_some_and(|asset| asset.text == text) {
            return Ok(());
        }
        let own = |origin| Asset {
            kind,
            name: name.to_owned(),
            path: path.display().to_string(),
            origin,
            text: Cow::Owned(text),
        };
        match shipped {
            Some(shipped) => *shipped = own(Origin::Replaced),
            None => self.0.push(own(Origin::Added)),
        }
        Ok(())
    }

    /// All assets: the shipped or replaced ones kind by kind, followed by those that the project adds.
    pub fn all(&self) -> &[Asset] {
        &self.0
    }

    /// The assets of one kind: the shipped or replaced ones by name, followed by those that the
    /// project adds.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Asset> {
        self.0.iter().filter(move |asset| asset.kind == kind)
    }

    /// The asset with this kind and name.
    pub fn find(&self, kind: Kind, name: &str) -> Option<&Asset> {
        self.of(kind).find(|asset| asset.name == name)
    }

    /// The project's own assets, both replacing and added ones.
    pub fn changed(&self) -> impl Iterator<Item = &Asset> {
        self.0
            .iter()
            .filter(|asset| asset.origin != Origin::Shipped)
    }
}

/// The entries of a folder, sorted; empty if it does not exist. Names that begin with a dot are
/// skipped.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, AssetsError> {
    let fail = |source| AssetsError::Unreadable {
        path: folder.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(fail)?.path());
    }
    paths.retain(|path| !file_name(path).starts_with('.'));
    paths.sort();
    Ok(paths)
}

fn read_text(path: &Path) -> Result<String, AssetsError> {
    let wrong = |what: String| AssetsError::Content {
        path: path.to_owned(),
        what,
    };
    let bytes = read_file(path, MAX_ASSET_BYTES).map_err(|error| match error {
        FileError::Unreadable(source) => AssetsError::Unreadable {
            path: path.to_owned(),
            source,
        },
        other => wrong(other.to_string()),
    })?;
    String::from_utf8(bytes)
        .map_err(|_| wrong("this is not UTF-8 text; save it as UTF-8".to_owned()))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_ships_something() {
        let assets = Assets::shipped();
        for kind in Kind::ALL {
            assert!(assets.of(kind).count() > 0, "{kind}");
        }
        assert!(assets.find(Kind::Suite, "translations/es").is_none());
        assert_eq!(assets.changed().count(), 0);
    }

    #[test]
    fn a_projects_file_replaces_or_adds() {
        let folder = nocere_testkit::TempFolder::new("assets");
        let rubrics = folder.path().join("rubrics");
        std::fs::create_dir_all(&rubrics).unwrap();
        std::fs::write(rubrics.join("harm-1-5.yaml"), "mine").unwrap();
        std::fs::write(rubrics.join("tone-1-5.yaml"), "new").unwrap();
        // Other files, and an unchanged copy.
        std::fs::create_dir_all(folder.path().join("images")).unwrap();
        std::fs::write(rubrics.join("README.md"), "about").unwrap();
        let shipped = Assets::shipped();
        let copy = shipped.find(Kind::Rubric, "refusal-vote").unwrap().text();
        std::fs::write(rubrics.join("refusal-vote.yaml"), copy).unwrap();
        let assets = Assets::with_overlay(folder.path()).unwrap();
        let origin = |name: &str| {
            let asset = assets.find(Kind::Rubric, name).unwrap();
            (asset.origin, asset.text().to_owned())
        };
        assert_eq!(origin("harm-1-5"), (Origin::Replaced, "mine".to_owned()));
        assert_eq!(origin("tone-1-5"), (Origin::Added, "new".to_owned()));
        assert_eq!(assets.changed().count(), 2);
        let none = Assets::with_overlay(&folder.path().join("absent")).unwrap();
        assert_eq!(none, Assets::shipped());
    }

    #[test]
    fn what_has_no_place_is_named() {
        let folder = nocere_testkit::TempFolder::new("assets");
        std::fs::create_dir_all(folder.path().join("rubric")).unwrap();
        let error = Assets::with_overlay(folder.path()).unwrap_err().to_string();
        assert!(error.contains("rubric"), "{error}");
        std::fs::remove_dir(folder.path().join("rubric")).unwrap();
        std::fs::create_dir_all(folder.path().join("figures")).unwrap();
        std::fs::write(folder.path().join("figures/errors.yml"), "").unwrap();
        let error = Assets::with_overlay(folder.path()).unwrap_err().to_string();
        assert!(error.contains("`.yaml`"), "{error}");
    }
}
