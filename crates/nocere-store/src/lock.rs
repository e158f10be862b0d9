//! The lock of a run: one process at a time may write it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

use crate::StoreError;

/// Locks a run for this process. The operating system releases the lock when the process ends,
/// even if it is killed.
#[derive(Debug)]
pub struct RunLock {
    run: String,
    _file: File,
    /// The journal itself, locked as well: the lock's own file can be deleted.
    journal: Option<File>,
}

impl RunLock {
    /// Locks the file at `path`, creating it if needed, and writes this process's id into it.
    ///
    /// # Errors
    ///
    /// Another process holds the lock ([`StoreError::Locked`]), or the file cannot be created or
    /// opened.
    pub fn acquire(path: &Path, run: &str) -> Result<Self, StoreError> {
        let io = |error: std::io::Error| StoreError::Io {
            path: path.to_owned(),
            message: error.to_string(),
        };
        if path.is_symlink() {
            return Err(StoreError::Io {
                path: path.to_owned(),
                message: "it is a link; delete it".to_owned(),
            });
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.trim().is_empty() {
                    "unknown".to_owned()
                } else {
                    holder.trim().to_owned()
                };
                return Err(StoreError::Locked {
                    id: run.to_owned(),
                    holder,
                });
            }
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        // The process id only serves the message above, so failing to write it is no reason to stop.
        let _ = file.set_len(0);
        let _ = file.rewind();
        let _ = write!(file, "{}", std::process::id());
        let _ = file.flush();
        Ok(Self {
            run: run.to_owned(),
            _file: file,
            journal: None,
        })
    }

    /// Locks the journal's own file too, so that nobody who has deleted the lock's file can write
    /// it. SQLite's locks are of another kind and are not affected.
    ///
    /// # Errors
    ///
    /// Another process holds the lock, or the file cannot be opened.
    pub(crate) fn lock_journal(&mut self, path: &Path) -> Result<(), StoreError> {
        let io = |error: std::io::Error| StoreError::Io {
            path: path.to_owned(),
            message: error.to_string(),
        };
        let file = File::open(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {
                self.journal = Some(file);
                Ok(())
            }
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
                id: self.run.clone(),
                holder: "unknown".to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }
}
