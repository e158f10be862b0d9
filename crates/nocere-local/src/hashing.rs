//! SHA-256 of model files, cached in a file beside them.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use sha2::{Digest, Sha256};

use crate::LocalError;

/// SHA-256 of a file, in lower-case hexadecimal.
///
/// # Errors
///
/// [`LocalError::Read`] if the file cannot be read.
pub fn file_sha256(path: &Path) -> Result<String, LocalError> {
    let fail = |source| LocalError::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(fail)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(fail)?;
        if read == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&buffer[..read]);
    }
}

/// SHA-256 of a file in lower-case hexadecimal, from the note beside it if the file has not
/// changed since.
///
/// The note holds the hash, size and modification time. If it cannot be written, the hash is
/// computed anew each time.
///
/// # Errors
///
/// [`LocalError::Read`] if the file or its metadata cannot be read.
pub fn pinned_sha256(path: &Path) -> Result<String, LocalError> {
    let metadata = std::fs::metadata(path).map_err(|source| LocalError::Read {
        path: path.to_owned(),
        source,
    })?;
    let modified = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |elapsed| elapsed.as_nanos());
    let stamp = format!("{} {modified}", metadata.len());
    let note = note_path(path);
    if let Ok(text) = std::fs::read_to_string(&note)
        && let Some((hash, rest)) = text.trim_end().split_once(' ')
        && rest == stamp
    {
        return Ok(hash.to_owned());
    }
    let hash = file_sha256(path)?;
    // Only a cache: without the note, the next start hashes the file again.
    let _ = std::fs::write(&note, format!("{hash} {stamp}\n"));
    Ok(hash)
}

/// Path of the note: the file name with `.sha256` appended.
fn note_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sha256");
    PathBuf::from(name)
}

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
