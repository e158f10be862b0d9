//! Fetches public sets from their publishers: first the list of files and the licence, then, once
//! the user has agreed, the files themselves.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use nocere_benchmarks::{DataFolder, HubSource, PublicSet, load, public_sets};
use nocere_local::pull::PullProgress;
use nocere_models::{Key, download, fetch_json};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ProjectError, write_whole};

/// File in the data folder that records what was fetched.
const LOCK: &str = "nocere-sets.lock.json";

/// Where sets are fetched from.
pub struct SetSource {
    /// Base URL of the Hugging Face Hub or a mirror of it.
    pub hub: String,
    /// Revision of datasets on the hub: a branch, tag or commit.
    pub revision: String,
    /// Token for the hub, for gated sets.
    pub token: Option<Key>,
}

/// One file to fetch.
#[derive(Clone, Debug)]
pub struct RemoteFile {
    /// URL of the file.
    pub url: String,
    /// Path to save it at, relative to the data folder.
    pub path: PathBuf,
    /// SHA-256 according to the publisher, if it publishes one.
    pub sha256: Option<String>,
    /// Size in bytes according to the publisher, if it publishes one.
    pub bytes: Option<u64>,
}

/// A set with its files as the publisher lists them now.
#[derive(Clone, Debug)]
pub struct ListedSet {
    /// The set's entry in the catalogue.
    pub set: PublicSet,
    /// The files to fetch.
    pub files: Vec<RemoteFile>,
    /// The exact revision, for sets on the hub.
    pub revision: Option<String>,
    /// The licence that the publisher states now, for sets on the hub.
    pub licence: Option<String>,
}

/// The result of fetching a set.
#[derive(Clone, Debug)]
pub struct FetchedSet {
    /// Path, number of probes, and differences from the published set; `None` if the files do not
    /// contain the set.
    pub found: Option<(PathBuf, usize, Vec<String>)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Locked {
    set: String,
    licence: String,
    revision: Option<String>,
    /// SHA-256 by path relative to the data folder.
    files: BTreeMap<String, String>,
}

/// The sets with these ids, in this order.
///
/// # Errors
///
/// A name is not the id of a public set.
pub fn wanted(names: &[String]) -> Result<Vec<PublicSet>, ProjectError> {
    let known = public_sets()?;
    names
        .iter()
        .map(|name| {
            let found = known.iter().find(|set| set.id == *name).cloned();
            found.ok_or_else(|| {
                let ids: Vec<&str> = known.iter().map(|set| set.id.as_str()).collect();
                ProjectError::unknown(
                    format!("there is no public set `{name}`"),
                    name,
                    ids.iter().copied(),
                    format!("the sets are {}", ids.join(", ")),
                )
            })
        })
        .collect()
}

/// Lists the files of `set`. Asks the hub for sets that are there.
///
/// # Errors
///
/// The hub cannot be reached or has none of the files, or the set cannot be downloaded.
pub async fn list(set: PublicSet, from: &SetSource) -> Result<ListedSet, ProjectError> {
    if let Some(source) = set.hub.clone() {
        return list_hub(set, &source, from).await;
    }
    let Some(source) = set.urls.clone() else {
        return Err(
            ProjectError::usage(format!("`{}` has no download address", set.id))
                .hint(format!("download it from {}", set.page)),
        );
    };
    let files = source.files.iter().map(|url| RemoteFile {
        url: url.clone(),
        path: Path::new(&source.save_as).join(url.rsplit('/').next().unwrap_or("file")),
        sha256: None,
        bytes: None,
    });
    Ok(ListedSet {
        files: files.collect(),
        set,
        revision: None,
        licence: None,
    })
}

async fn list_hub(
    set: PublicSet,
    source: &HubSource,
    from: &SetSource,
) -> Result<ListedSet, ProjectError> {
    let hub = from.hub.trim_end_matches('/');
    let url = format!(
        "{hub}/api/datasets/{}/revision/{}?blobs=true",
        source.dataset, from.revision
    );
    let about = fetch_json(&url, from.token.as_ref()).await?;
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let revision = word(&about["sha"]);
    let at = revision.clone().unwrap_or_else(|| from.revision.clone());
    let mut files = Vec::new();
    for sibling in about["siblings"].as_array().into_iter().flatten() {
        let Some(name) = sibling["rfilename"].as_str() else {
            continue;
        };
        let fits = source.files.iter().any(|wanted| {
            wanted == name
                || wanted
                    .strip_prefix('*')
                    .is_some_and(|end| name.ends_with(end) && !name.contains(".."))
        });
        let Some(file) = Path::new(name).file_name().filter(|_| fits) else {
            continue;
        };
        files.push(RemoteFile {
            url: format!("{hub}/datasets/{}/resolve/{at}/{name}", source.dataset),
            path: Path::new(&source.save_as).join(file),
            sha256: word(&sibling["lfs"]["sha256"]),
            bytes: sibling["lfs"]["size"]
                .as_u64()
                .or_else(|| sibling["size"].as_u64()),
        });
    }
    if files.is_empty() {
        return Err(ProjectError::usage(format!(
            "{} at {at} has no file {}",
            source.dataset,
            source.files.join(" or ")
        ))
        .hint(format!("see {}", set.page)));
    }
    Ok(ListedSet {
        licence: word(&about["cardData"]["license"]),
        set,
        files,
        revision,
    })
}

/// Fetches the files of a set into the folder `data`, checks their hashes, and records them in a
/// lock file there. Continues partial downloads of an earlier attempt.
///
/// # Errors
///
/// A file cannot be fetched or written, or its hash differs from the one that the publisher states
/// or that was recorded before.
pub async fn fetch(
    listed: &ListedSet,
    data: &Path,
    from: &SetSource,
    progress: &(dyn PullProgress + Sync),
) -> Result<FetchedSet, ProjectError> {
    let mut locked = read_lock(data)?;
    let known = locked
        .iter()
        .find(|entry| entry.set == listed.set.id)
        .cloned();
    let mut entry = Locked {
        set: listed.set.id.clone(),
        licence: listed
            .licence
            .clone()
            .unwrap_or_else(|| listed.set.licence.clone()),
        revision: listed.revision.clone(),
        files: BTreeMap::new(),
    };
    let fetching = Fetching {
        data,
        from,
        progress,
    };
    for file in &listed.files {
        let name = file.path.display().to_string();
        // Without a published hash, the file must not change after the first fetch.
        let first = known
            .as_ref()
            .and_then(|known| known.files.get(&name).cloned());
        let expected = file.sha256.clone().or(first);
        let hash = fetching.file(file, expected.as_deref()).await?;
        entry.files.insert(name, hash);
    }
    let found = match listed.set.find(&DataFolder::list(data)?) {
        Some(found) => {
            let suite = load(&found.path)?;
            let differences = listed.set.differences(&suite);
            Some((found.path, suite.probes.len(), differences))
        }
        None => None,
    };
    locked.retain(|known| known.set != listed.set.id);
    locked.push(entry);
    let text = serde_json::to_string_pretty(&locked)
        .map_err(|error| ProjectError::infrastructure(format!("failed to write JSON: {error}")))?;
    write_whole(&data.join(LOCK), &(text + "\n"))?;
    Ok(FetchedSet { found })
}

fn read_lock(data: &Path) -> Result<Vec<Locked>, ProjectError> {
    let path = data.join(LOCK);
    match nocere_assets::read_file(&path, 16 << 20) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|error| ProjectError::usage(format!("{}: {error}", path.display()))),
        Err(nocere_assets::FileError::Unreadable(error))
            if error.kind() == std::io::ErrorKind::NotFound =>
        {
            Ok(Vec::new())
        }
        Err(error) => Err(ProjectError::usage(format!("{}: {error}", path.display()))),
    }
}

/// Largest file of a set whose publisher does not say its size, in bytes.
const LARGEST_SET: u64 = 4 << 30;

/// From where files are fetched, and where they are put.
struct Fetching<'a> {
    data: &'a Path,
    from: &'a SetSource,
    progress: &'a (dyn PullProgress + Sync),
}

impl Fetching<'_> {
    /// Fetches one file, unless it already exists with the expected hash. Returns its SHA-256.
    async fn file(
        &self,
        file: &RemoteFile,
        expected: Option<&str>,
    ) -> Result<String, ProjectError> {
        let finished = self.data.join(&file.path);
        let is_right = |found: &str| expected.is_none_or(|expected| expected == found);
        if finished.is_file() {
            let found = nocere_local::file_sha256(&finished)?;
            if expected.is_some() && is_right(&found) {
                return Ok(found);
            }
        }
        let mut name = finished.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = finished.with_file_name(name);
        if let Some(folder) = finished.parent() {
            std::fs::create_dir_all(folder).map_err(|error| {
                ProjectError::infrastructure(format!(
                    "failed to write {}: {error}",
                    folder.display()
                ))
            })?;
        }
        if expected.is_none() {
            // Without a hash nobody would notice that two versions of the file were joined.
            let _ = std::fs::remove_file(&partial);
        }
        self.progress.step(&format!("fetching {}", file.url));
        download(
            &file.url,
            &partial,
            self.from.token.as_ref(),
            file.bytes.unwrap_or(LARGEST_SET),
            &|done, total| {
                self.progress
                    .bytes(done, total.or(file.bytes).unwrap_or(done));
            },
        )
        .await?;
        let found = nocere_local::file_sha256(&partial)?;
        if !is_right(&found) {
            // The next attempt must not continue a wrong file.
            let _ = std::fs::remove_file(&partial);
            return Err(ProjectError::infrastructure(format!(
                "{} has SHA-256 {found}, but {} was expected; the download was deleted",
                file.url,
                expected.unwrap_or_default()
            ))
            .hint("fetch it again; if that does not help, its publisher has changed it"));
        }
        std::fs::rename(&partial, &finished).map_err(|error| {
            ProjectError::infrastructure(format!("failed to write {}: {error}", finished.display()))
        })?;
        Ok(found)
    }
}
