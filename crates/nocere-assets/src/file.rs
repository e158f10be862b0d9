//! Files that a user names, read with a limit.
//!
//! A path may lead to a device that never ends, or to a named pipe that nobody writes to. So only
//! regular files are opened, and never more than the limit is read: a size that the file system
//! states can be wrong, or be zero, as for files in `/proc`.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    path::Path,
};

use thiserror::Error;

/// Why a file is not read.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file system's error.
    #[error("failed to read the file: {0}")]
    Unreadable(#[from] io::Error),
    /// The path leads to something else than a regular file.
    #[error("this is {0}, and only regular files are read")]
    NotAFile(&'static str),
    /// The file holds more than the limit.
    #[error("the file holds more than {limit} bytes; at most that many are read")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
}

impl FileError {
    /// What to do about it, if that is not plain from the message.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotAFile("a folder") => Some("name a file in it"),
            Self::NotAFile(_) => Some("save the content in a file and name that"),
            Self::TooLarge { .. } => Some("split it into several files"),
            Self::Unreadable(_) => None,
        }
    }
}

/// Opens the regular file at `path`.
///
/// # Errors
///
/// There is no such file, it may not be read, or it is a folder, a named pipe, a device or a socket.
pub fn open_file(path: &Path) -> Result<File, FileError> {
    // Asked before opening: opening a named pipe waits for a writer.
    check_kind(&std::fs::metadata(path)?)?;
    let file = File::open(path)?;
    // Asked again: the path may lead elsewhere by now.
    check_kind(&file.metadata()?)?;
    Ok(file)
}

/// Reads the regular file at `path`, if it holds at most `limit` bytes.
///
/// # Errors
///
/// As for [`open_file`], or the file holds more.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let file = open_file(path)?;
    let stated = file.metadata()?.len();
    if stated > limit {
        return Err(FileError::TooLarge { limit });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stated).unwrap_or(0));
    // One byte more than allowed tells a file of the maximum size from a larger one.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge { limit });
    }
    Ok(bytes)
}

fn check_kind(metadata: &Metadata) -> Result<(), FileError> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(FileError::NotAFile(kind(metadata)))
}

#[cfg(unix)]
fn kind(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = metadata.file_type();
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "not a file"
    }
}

#[cfg(not(unix))]
fn kind(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() {
        "a folder"
    } else {
        "not a file"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_read() {
        let folder = nocere_testkit::TempFolder::new("files");
        let told = |path: &Path| read_file(path, 10).unwrap_err().to_string();
        assert_eq!(
            told(folder.path()),
            "this is a folder, and only regular files are read"
        );
        assert!(told(&folder.path().join("none")).starts_with("failed to read the file"));
        #[cfg(unix)]
        {
            let socket = folder.path().join("socket");
            let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
            assert!(told(&socket).starts_with("this is a socket"));
            // Would be read for ever, and so would a link to it.
            assert!(told(Path::new("/dev/zero")).starts_with("this is a device"));
            let link = folder.path().join("link");
            std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
            assert!(told(&link).starts_with("this is a device"));
            let pipe = folder.path().join("pipe");
            let made = std::process::Command::new("mkfifo").arg(&pipe).status();
            assert!(made.unwrap().success());
            assert!(told(&pipe).starts_with("this is a named pipe"));
        }
    }

    #[test]
    fn no_more_than_the_limit_is_read() {
        let folder = nocere_testkit::TempFolder::new("limits");
        let path = folder.path().join("ten");
        std::fs::write(&path, "0123456789").unwrap();
        assert_eq!(read_file(&path, 10).unwrap(), b"0123456789");
        let error = read_file(&path, 9).unwrap_err();
        assert!(matches!(error, FileError::TooLarge { limit: 9 }), "{error}");
    }

    /// The file system states no size for it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_size_that_is_not_stated_is_no_way_around_the_limit() {
        let error = read_file(Path::new("/proc/self/status"), 9).unwrap_err();
        assert!(matches!(error, FileError::TooLarge { limit: 9 }), "{error}");
    }
}
