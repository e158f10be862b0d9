//! A folder for unfinished work: new, private, with a name that nobody can predict, and gone
//! afterwards.
//!
//! Whoever can guess the name of a file that will be written can put a link there. Leftovers of
//! a process that was killed are removed by the next one that locks the parent folder.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    hash::{BuildHasher, Hasher, RandomState},
    path::{Path, PathBuf},
};

use crate::LocalError;

/// Name of the folder in the models folder that holds unfinished work.
const PARENT: &str = ".partial";
/// Name of the lock file in it.
const LOCK: &str = "lock";

/// A new, empty folder that is removed when this value is dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder inside the models folder `models`, which is created if it is missing.
    ///
    /// # Errors
    ///
    /// [`LocalError::Write`] if a folder cannot be created.
    pub fn new(models: &Path) -> Result<Self, LocalError> {
        let path = parent(models)?.join(unpredictable());
        let fail = |source| LocalError::Write {
            path: path.clone(),
            source,
        };
        // Fails if there is anything of this name.
        private().create(&path).map_err(fail)?;
        Ok(Self(path))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next fetch.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The only fetch into a models folder at a time. The lock ends with the process.
#[derive(Debug)]
pub(crate) struct Only {
    _lock: File,
}

impl Only {
    /// Locks the models folder and removes what earlier fetches left unfinished.
    pub(crate) fn lock(models: &Path) -> Result<Self, LocalError> {
        let parent = parent(models)?;
        let path = parent.join(LOCK);
        let fail = |source| LocalError::Write {
            path: path.clone(),
            source,
        };
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(LocalError::Busy {
                    folder: models.to_owned(),
                });
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(fail(source)),
        }
        remove_leftovers(models, &parent);
        Ok(Self { _lock: lock })
    }
}

/// Removes what is unfinished; called by the holder of the lock only. What cannot be removed does
/// not stop the fetch.
fn remove_leftovers(models: &Path, parent: &Path) {
    for entry in entries(parent) {
        let path = entry.path();
        if entry.file_name() == LOCK {
            continue;
        }
        // A link is removed, not what it points to.
        let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let _ = if folder {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
    }
    // Versions before 0.2 wrote beside the models.
    for entry in entries(models) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(".unfinished") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = std::fs::DirEntry> {
    std::fs::read_dir(folder).into_iter().flatten().flatten()
}

/// The folder for unfinished work in `models`; created if it is missing.
fn parent(models: &Path) -> Result<PathBuf, LocalError> {
    let path = models.join(PARENT);
    let fail = |source| LocalError::Write {
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(models).map_err(fail)?;
    match private().create(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(fail(error)),
        _ => match std::fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => Ok(path),
            Ok(_) => Err(fail(std::io::Error::other("it is not a folder; remove it"))),
            Err(error) => Err(fail(error)),
        },
    }
}

/// Makes folders that nobody else can look into.
fn private() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Sixteen hexadecimal digits that nobody can predict: the standard library seeds its hashers
/// from the system's source of randomness.
pub(crate) fn unpredictable() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_new_private_and_gone_afterwards() {
        let models = std::env::temp_dir().join(format!("nocere-scratch-{}", unpredictable()));
        let (one, two) = (
            Scratch::new(&models).unwrap(),
            Scratch::new(&models).unwrap(),
        );
        assert_ne!(one.path(), two.path());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(one.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        std::fs::write(one.path().join("x"), "x").unwrap();
        let path = one.path().to_owned();
        drop(one);
        assert!(!path.exists());
        drop(two);
        std::fs::remove_dir_all(&models).unwrap();
    }

    #[test]
    fn leftovers_are_removed_by_the_only_fetch_and_links_are_not_followed() {
        let models = std::env::temp_dir().join(format!("nocere-left-{}", unpredictable()));
        let old = models.join(".partial/model-id");
        std::fs::create_dir_all(&old).unwrap();
        std::fs::write(old.join("a.whl"), "x").unwrap();
        std::fs::write(models.join(".partial/model.gguf"), "x").unwrap();
        std::fs::write(models.join(".model.gguf.123.unfinished"), "x").unwrap();
        std::fs::write(models.join("kept.gguf"), "x").unwrap();
        let elsewhere = models.join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        std::fs::write(elsewhere.join("kept"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&elsewhere, models.join(".partial/link")).unwrap();
        let only = Only::lock(&models).unwrap();
        let left: Vec<_> = entries(&models.join(".partial"))
            .map(|entry| entry.file_name())
            .collect();
        assert_eq!(left, ["lock"]);
        assert!(models.join("kept.gguf").exists() && elsewhere.join("kept").exists());
        assert!(!models.join(".model.gguf.123.unfinished").exists());
        assert!(matches!(Only::lock(&models), Err(LocalError::Busy { .. })));
        drop(only);
        drop(Only::lock(&models).unwrap());
        std::fs::remove_dir_all(&models).unwrap();
    }
}
