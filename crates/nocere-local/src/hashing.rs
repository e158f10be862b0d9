//! SHA-256 of model files, remembered in notes of our own.
//!
//! A note is believed only for the file it was made for: same path, length, inode and times of
//! modification and change, none of which a copied or altered file shares. Notes lie in the
//! user's cache folder, never beside the weights, where anybody's files may be.

use std::{
    fs::{File, Metadata},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{LocalError, scratch::unpredictable};

/// Longest note or published checksum that is read, in bytes.
const MAX_NOTE: u64 = 64 << 10;
/// A file that changed later than this many nanoseconds ago gets no note: it could change again
/// within what the file system's clock resolves.
const SETTLED_NANOS: i128 = 2_000_000_000;

/// SHA-256 of a file, in lower-case hexadecimal.
///
/// # Errors
///
/// [`LocalError::Read`] if the file cannot be read or is not a regular file.
pub fn file_sha256(path: &Path) -> Result<String, LocalError> {
    let fail = |source| LocalError::Read {
        path: path.to_owned(),
        source,
    };
    // A pipe or a device has no end, and opening a pipe can wait for ever.
    if !std::fs::metadata(path).map_err(fail)?.is_file() {
        return Err(fail(std::io::Error::other("it is not a regular file")));
    }
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

/// SHA-256 of a file in lower-case hexadecimal, from nocere's own note if the file has not changed
/// since. Without a place for notes, the hash is computed each time.
///
/// # Errors
///
/// [`LocalError::Read`] if the file or its metadata cannot be read.
pub fn pinned_sha256(path: &Path) -> Result<String, LocalError> {
    let notes = notes_folder();
    if let Some(noted) = notes.as_deref().and_then(|notes| noted(notes, path)) {
        return Ok(noted);
    }
    hash_and_note(notes.as_deref(), path)
}

/// A hash that was computed from the whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehashed {
    /// SHA-256 of the file.
    pub sha256: String,
    /// What nocere's note said, if that was another hash: the file was altered although its
    /// inode and times are the same. The note has been replaced.
    pub noted: Option<String>,
}

/// Computes the SHA-256 of the whole file, whatever is noted.
///
/// # Errors
///
/// As [`pinned_sha256`].
pub fn rehash(path: &Path) -> Result<Rehashed, LocalError> {
    let notes = notes_folder();
    let noted = notes.as_deref().and_then(|notes| noted(notes, path));
    let sha256 = hash_and_note(notes.as_deref(), path)?;
    Ok(Rehashed {
        noted: noted.filter(|noted| *noted != sha256),
        sha256,
    })
}

/// Compares with the checksum that a publisher put beside the file, `FILE.sha256`, if there is
/// one. It is only read.
///
/// # Errors
///
/// [`LocalError::OtherChecksum`] if it names another hash for this file.
pub fn check_published(path: &Path, sha256: &str) -> Result<(), LocalError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".sha256");
    let published = PathBuf::from(name);
    let Some(text) = small_text(&published) else {
        return Ok(());
    };
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    match published_hash(&text, &file) {
        Some(expected) if expected != sha256 => Err(LocalError::OtherChecksum {
            path: path.to_owned(),
            found: sha256.to_owned(),
            expected,
            published,
        }),
        _ => Ok(()),
    }
}

/// The hash that a checksum file gives for `file`: in the forms of `sha256sum`, of BSD's
/// `shasum --tag`, or alone. `None` if it gives none.
fn published_hash(text: &str, file: &str) -> Option<String> {
    let is_hash = |word: &&str| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    text.lines().find_map(|line| {
        let line = line.trim();
        let words: Vec<&str> = line.split_whitespace().collect();
        let (hash, named) = match words.as_slice() {
            [hash] => (*hash, None),
            // Nocere 0.1 left its own notes here: hash, length and time.
            [_, length, time]
                if [length, time]
                    .iter()
                    .all(|word| word.parse::<u128>().is_ok()) =>
            {
                return None;
            }
            [tag, .., hash] if tag.eq_ignore_ascii_case("SHA256") => {
                let named = line.split_once('(')?.1.rsplit_once(')')?.0;
                (*hash, Some(named))
            }
            [hash, ..] => {
                let named = line.split_once(char::is_whitespace)?.1.trim_start();
                (*hash, Some(named.strip_prefix('*').unwrap_or(named)))
            }
            [] => return None,
        };
        let base = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
        let fits = named.is_none_or(|named| base(named) == file);
        (fits && is_hash(&hash)).then(|| hash.to_ascii_lowercase())
    })
}

/// The folder of the notes; `None` if the user has no cache folder. A relative one would be in
/// the current folder, in which anybody's files may be.
fn notes_folder() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("nocere").join("weights"))
}

/// Hashes the file, and notes the hash if the file stayed the same meanwhile.
fn hash_and_note(notes: Option<&Path>, path: &Path) -> Result<String, LocalError> {
    let before = stamp(path);
    let sha256 = file_sha256(path)?;
    let after = stamp(path);
    if let (Some(notes), Some(before), Some(after)) = (notes, before, after)
        && before.text == after.text
        && nocere_core::clock::now_nanos() - after.changed > SETTLED_NANOS
    {
        // Only a cache: without the note, the next start hashes the file again.
        let _ = write_note(notes, &after, &sha256);
    }
    Ok(sha256)
}

/// What a note holds about its file.
struct Stamp {
    text: String,
    /// When the file changed last, in nanoseconds since 1970.
    changed: i128,
}

/// The stamp of a file; `None` if it cannot be read, or where inodes are unknown.
fn stamp(path: &Path) -> Option<Stamp> {
    let whole = path.canonicalize().ok()?;
    let metadata = std::fs::metadata(&whole).ok()?;
    let (facts, changed) = facts(&metadata)?;
    let path = hex(&Sha256::digest(whole.as_os_str().as_encoded_bytes()));
    Some(Stamp {
        text: format!("{path} {facts}"),
        changed,
    })
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "there are systems without inodes")]
fn facts(metadata: &Metadata) -> Option<(String, i128)> {
    use std::os::unix::fs::MetadataExt;
    let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    let modified = nanos(metadata.mtime(), metadata.mtime_nsec());
    let changed = nanos(metadata.ctime(), metadata.ctime_nsec());
    let (length, device, inode) = (metadata.len(), metadata.dev(), metadata.ino());
    Some((
        format!("{length} {device} {inode} {modified} {changed}"),
        changed,
    ))
}

#[cfg(not(unix))]
fn facts(_metadata: &Metadata) -> Option<(String, i128)> {
    None
}

/// The hash in the note for this file as it is now; `None` if there is none, or one that nocere
/// did not write for it.
fn noted(notes: &Path, path: &Path) -> Option<String> {
    let stamp = stamp(path)?;
    let text = small_text(&note_path(notes, &stamp))?;
    let mut lines = text.lines();
    let (sha256, seal) = (lines.next()?, lines.next()?);
    (seal == sealed(&key(notes)?, &stamp, sha256)).then(|| sha256.to_owned())
}

fn write_note(notes: &Path, stamp: &Stamp, sha256: &str) -> Option<()> {
    std::fs::create_dir_all(notes).ok()?;
    let key = key(notes).or_else(|| make_key(notes))?;
    let text = format!("{sha256}\n{}\n", sealed(&key, stamp, sha256));
    write_new(notes, &note_path(notes, stamp), &text)
}

/// One note for each path.
fn note_path(notes: &Path, stamp: &Stamp) -> PathBuf {
    let name = stamp.text.split(' ').next().unwrap_or("note");
    notes.join(name)
}

/// Ties hash and stamp to this machine's key, so that a note cannot be written by hand, or brought
/// along with weights.
fn sealed(key: &str, stamp: &Stamp, sha256: &str) -> String {
    let inner = hex(&Sha256::digest(format!("{key}\n{sha256}\n{}", stamp.text)));
    hex(&Sha256::digest(format!("{key}\n{inner}")))
}

fn key(notes: &Path) -> Option<String> {
    small_text(&notes.join("key")).filter(|key| key.len() == 64)
}

fn make_key(notes: &Path) -> Option<String> {
    let key: String = (0..4).map(|_| unpredictable()).collect();
    write_new(notes, &notes.join("key"), &key)?;
    Some(key)
}

/// Writes a file that only the user can read, by way of a new one.
fn write_new(folder: &Path, path: &Path, text: &str) -> Option<()> {
    let unfinished = folder.join(format!(".{}", unpredictable()));
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&unfinished)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    written.ok()
}

/// The text of a small regular file; `None` if it is missing, larger or something else.
fn small_text(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_NOTE {
        return None;
    }
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(MAX_NOTE).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A file that changed long enough ago to be noted, and a folder for notes.
    struct Noted {
        folder: PathBuf,
        file: PathBuf,
        notes: PathBuf,
    }

    impl Noted {
        fn new() -> Self {
            let folder = std::env::temp_dir().join(format!("nocere-hash-{}", unpredictable()));
            std::fs::create_dir_all(&folder).unwrap();
            let noted = Self {
                file: folder.join("weights.gguf"),
                notes: folder.join("notes"),
                folder,
            };
            std::fs::write(&noted.file, "weights").unwrap();
            noted
        }

        fn hash(&self) -> String {
            match noted(&self.notes, &self.file) {
                Some(hash) => hash,
                None => hash_and_note(Some(&self.notes), &self.file).unwrap(),
            }
        }

        /// Writes the note although the file is new.
        fn note(&self, sha256: &str) {
            write_note(&self.notes, &stamp(&self.file).unwrap(), sha256).unwrap();
        }
    }

    impl Drop for Noted {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }

    const WRONG: &str = "00000000000000000000000000000000000000000000000000000000000000ff";

    #[test]
    fn a_note_is_believed_for_its_file_only() {
        let noted = Noted::new();
        let right = noted.hash();
        // The file is new: nothing is noted yet.
        assert!(!noted.notes.exists());
        noted.note(WRONG);
        assert_eq!(noted.hash(), WRONG);
        // The same bytes and times under another name, or another inode.
        let copy = noted.folder.join("copy.gguf");
        std::fs::rename(&noted.file, &copy).unwrap();
        assert_eq!(super::noted(&noted.notes, &copy), None);
        std::fs::copy(&copy, &noted.file).unwrap();
        assert_eq!(noted.hash(), right);
    }

    #[test]
    fn flipped_bytes_with_the_old_time_are_seen() {
        let noted = Noted::new();
        let right = noted.hash();
        noted.note(&right);
        let modified = std::fs::metadata(&noted.file).unwrap().modified().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(&noted.file, "weighty").unwrap();
        let file = File::options().write(true).open(&noted.file).unwrap();
        file.set_modified(modified).unwrap();
        assert_eq!(
            std::fs::metadata(&noted.file).unwrap().modified().unwrap(),
            modified
        );
        assert_ne!(noted.hash(), right);
    }

    #[test]
    fn forged_notes_are_not_believed() {
        let noted = Noted::new();
        let right = noted.hash();
        noted.note(&right);
        let note = note_path(&noted.notes, &stamp(&noted.file).unwrap());
        let text = std::fs::read_to_string(&note).unwrap();
        for forged in [
            text.replacen(&right, WRONG, 1),
            format!("{WRONG}\n"),
            format!("{WRONG} 7 0"),
            String::new(),
        ] {
            std::fs::write(&note, forged).unwrap();
            assert_eq!(noted.hash(), right);
        }
        // Beside the file, in the form of version 0.1.
        std::fs::write(
            noted.folder.join("weights.gguf.sha256"),
            format!("{WRONG} 7 0\n"),
        )
        .unwrap();
        assert_eq!(noted.hash(), right);
    }

    #[test]
    fn a_publishers_checksum_is_compared_and_never_written() {
        let noted = Noted::new();
        let right = noted.hash();
        let beside = noted.folder.join("weights.gguf.sha256");
        assert!(check_published(&noted.file, &right).is_ok());
        for (text, agrees) in [
            (right.clone(), true),
            (right.to_uppercase(), true),
            (format!("{right}  weights.gguf\n"), true),
            (format!("{right} *./models/weights.gguf"), true),
            (format!("SHA256 (weights.gguf) = {right}"), true),
            (format!("{WRONG}  other.gguf\n{right}  weights.gguf"), true),
            (format!("{WRONG} 7 1700000000000000000"), true),
            ("not a checksum".to_owned(), true),
            (WRONG.to_owned(), false),
            (format!("{WRONG}  weights.gguf\n"), false),
            (format!("SHA256 (weights.gguf) = {WRONG}"), false),
        ] {
            std::fs::write(&beside, &text).unwrap();
            assert_eq!(
                check_published(&noted.file, &right).is_ok(),
                agrees,
                "{text}"
            );
            noted.hash();
            assert_eq!(std::fs::read_to_string(&beside).unwrap(), text);
        }
    }

    #[test]
    fn only_regular_files_are_hashed() {
        let error = file_sha256(Path::new("/dev/zero")).unwrap_err();
        assert!(error.to_string().contains("not a regular file"), "{error}");
    }
}
