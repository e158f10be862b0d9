//! A run belongs to one process at a time.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

use crate::StoreError;

/// Holds a run for this process; the operating system frees it when the process ends,
/// however it ends.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunLock {
    /// Takes the lock file beside the journal, or says who has it.
    pub fn acquire(path: &Path, run: &str) -> Result<Self, StoreError> {
        let io = |error: std::io::Error| StoreError::Io {
            path: path.to_owned(),
            message: error.to_string(),
        };
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
        // Who holds it is only for the message above.
        let _ = file.set_len(0);
        let _ = file.rewind();
        let _ = write!(file, "{}", std::process::id());
        let _ = file.flush();
        Ok(Self { _file: file })
    }
}
