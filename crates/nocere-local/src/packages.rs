//! Python packages as a source of weights: downloaded by pip, never installed or executed.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use crate::{CatalogEntry, LocalError, python};

/// How often a running pip is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Most bytes of pip's messages that are read.
const MAX_SAID: u64 = 64 << 10;

/// A package file and the path of its member with a part of the weights.
pub(crate) struct Package {
    pub(crate) path: PathBuf,
    pub(crate) member: String,
}

/// Downloads the packages of `entry` into `folder`, which must be empty.
pub(crate) fn download(entry: &CatalogEntry, folder: &Path) -> Result<Vec<Package>, LocalError> {
    let requirements = folder.join("requirements.txt");
    write(&requirements, entry.requirements())?;
    let empty = folder.join("empty");
    let packages = folder.join("packages");
    for made in [&empty, &packages] {
        std::fs::create_dir(made).map_err(|source| LocalError::Write {
            path: made.clone(),
            source,
        })?;
    }
    let pythons = python::pythons();
    for python in &pythons {
        let said = folder.join("pip.txt");
        let messages = File::create(&said).map_err(|source| LocalError::Write {
            path: said.clone(),
            source,
        })?;
        let started = python::isolated(python, &empty)
            .args(["-m", "pip", "download", "--quiet", "--no-input"])
            .args(["--disable-pip-version-check", "--no-deps"])
            .args([
                "--only-binary",
                ":all:",
                "--require-hashes",
                "--requirement",
            ])
            .arg(&requirements)
            .arg("--dest")
            .arg(&packages)
            // What pip unpacks and joins is counted and removed with the rest.
            .env("TMPDIR", folder)
            .stdout(Stdio::null())
            .stderr(messages)
            .spawn();
        let Ok(child) = started else { continue };
        let succeeded = wait(child, entry, folder)?;
        if succeeded {
            return (1..=entry.parts)
                .map(|number| find_package(entry, &packages, number))
                .collect();
        }
        let text = beginning(&said);
        if !text.contains("No module named pip") {
            let last = text.lines().rev().find(|line| !line.trim().is_empty());
            let last = last.unwrap_or("no message").trim();
            return Err(failed(
                entry,
                format!(
                    "pip failed: {last}; run the same command again (pip keeps what it has), or give the file with --from"
                ),
            ));
        }
    }
    let looked: Vec<String> = pythons
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let looked = if looked.is_empty() {
        "there is no python3 on PATH".to_owned()
    } else {
        format!("{} has no pip for all users", looked.join(" and "))
    };
    Err(failed(
        entry,
        format!(
            "{looked}; install it (Debian: apt-get install python3-pip) or give the file or its URL with --from"
        ),
    ))
}

fn failed(entry: &CatalogEntry, message: String) -> LocalError {
    LocalError::Fetch {
        id: entry.id.clone(),
        message,
    }
}

/// Waits for pip and ends it if it writes much more than the weights. Returns whether it
/// succeeded.
fn wait(mut pip: Child, entry: &CatalogEntry, folder: &Path) -> Result<bool, LocalError> {
    // Packages hold the weights, sometimes compressed; pip may hold one of them twice.
    let limit = entry.bytes.saturating_mul(2) + (64 << 20);
    loop {
        match pip.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if size(folder) > limit => {
                let _ = pip.kill();
                let _ = pip.wait();
                return Err(failed(
                    entry,
                    format!(
                        "pip wrote more than {} MB for {} MB of weights and was stopped; check the index that pip is configured for",
                        limit / 1_000_000,
                        entry.bytes / 1_000_000
                    ),
                ));
            }
            Ok(None) => std::thread::sleep(LOOK),
            Err(error) => return Err(failed(entry, format!("pip cannot be waited for: {error}"))),
        }
    }
}

/// Bytes of all files below `folder`.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// The beginning of a text file; empty if it cannot be read.
fn beginning(path: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        let _ = file.take(MAX_SAID).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The package file of part `number`. pip names the file `name-version-….whl`.
fn find_package(entry: &CatalogEntry, folder: &Path, number: u32) -> Result<Package, LocalError> {
    let index = number as usize - 1;
    let requirement = entry.requirements().lines().nth(index).unwrap_or("");
    let name = requirement
        .split("==")
        .next()
        .unwrap_or("")
        // Wheel file names use underscores.
        .replace('-', "_");
    let prefix = format!("{name}-");
    std::fs::read_dir(folder)
        .map_err(|source| LocalError::Read {
            path: folder.to_owned(),
            source,
        })?
        .filter_map(Result::ok)
        .map(|file| file.path())
        .find(|path| {
            path.file_name()
                .and_then(|file| file.to_str())
                .is_some_and(|file| file.starts_with(&prefix) && file.ends_with(".whl"))
        })
        .map(|path| Package {
            path,
            member: entry.member(number),
        })
        .ok_or_else(|| {
            failed(
                entry,
                format!("pip reported success and left no package {name}"),
            )
        })
}

fn write(path: &Path, text: &str) -> Result<(), LocalError> {
    std::fs::write(path, text).map_err(|source| LocalError::Write {
        path: path.to_owned(),
        source,
    })
}
