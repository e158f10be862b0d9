//! API keys. A key is only ever sent: never shown, logged, stored or hashed.

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use nocere_core::secrets;
use secrecy::{ExposeSecret, SecretString};

/// An API key, and the file to read it from again when the server rejects it: Entra tokens
/// expire.
#[derive(Debug)]
pub struct Key {
    value: Mutex<SecretString>,
    file: Option<PathBuf>,
}

impl Key {
    /// A key that never changes.
    pub fn fixed(value: impl Into<String>) -> Self {
        let value = value.into();
        secrets::register(&value);
        Self {
            value: Mutex::new(SecretString::from(value)),
            file: None,
        }
    }

    /// Reads a key from a file and trims surrounding white space. The file is read again when
    /// a server rejects the key.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is not UTF-8, is empty or holds more than one line.
    pub fn from_file(path: impl Into<PathBuf>) -> std::io::Result<Self> {
        let path = path.into();
        let text = read(&path)?;
        secrets::register(&text);
        Ok(Self {
            value: Mutex::new(SecretString::from(text)),
            file: Some(path),
        })
    }

    /// The key in clear, for a header.
    pub(crate) fn expose(&self) -> String {
        let value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        value.expose_secret().to_owned()
    }

    /// Reads the key's file again. Returns true if it holds another key, which replaces the
    /// old one. An unreadable or empty file changes nothing.
    pub(crate) fn renew(&self) -> bool {
        let Some(text) = self.file.as_ref().and_then(|path| read(path).ok()) else {
            return false;
        };
        secrets::register(&text);
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = value.expose_secret() != text;
        if changed {
            *value = SecretString::from(text);
        }
        changed
    }
}

/// Longest key that is read from a file, in bytes.
const LONGEST: u64 = 64 * 1024;

fn read(path: &Path) -> std::io::Result<String> {
    let fault = |message: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, message);
    // Opening a named pipe waits for somebody who writes to it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(fault("it is not a regular file"));
    }
    // Opening a named pipe waits for somebody who writes to it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(fault("it is not a regular file"));
    }
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(LONGEST)
        .read_to_string(&mut text)?;
    let key = text.trim();
    if key.is_empty() {
        return Err(fault("the file is empty"));
    }
    if key.contains(['\n', '\r']) {
        return Err(fault(
            "the file holds more than one line; it must hold the key alone",
        ));
    }
    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_neither_shown_nor_echoed() {
        let key = Key::fixed("sk-planted-1234");
        assert!(!format!("{key:?}").contains("planted"));
        assert_eq!(
            secrets::redact("you sent sk-planted-1234!"),
            "you sent [key removed]!"
        );
    }

    #[test]
    fn a_file_of_several_lines_is_not_a_key() {
        let path = std::env::temp_dir().join(format!("nocere-lines-{}", std::process::id()));
        std::fs::write(&path, "first-line\nsecond-line\n").unwrap();
        let error = Key::from_file(&path).unwrap_err();
        assert!(error.to_string().contains("more than one line"), "{error}");
        assert!(!error.to_string().contains("first"), "{error}");
        std::fs::write(&path, "\n").unwrap();
        assert!(Key::from_file(&path).is_err());
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_pipe_is_not_waited_for() {
        let path = std::env::temp_dir().join(format!("nocere-pipe-{}", std::process::id()));
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let error = Key::from_file(&path).unwrap_err();
        assert!(error.to_string().contains("not a regular file"), "{error}");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_file_is_read_again() {
        let path = std::env::temp_dir().join(format!("nocere-key-{}", std::process::id()));
        std::fs::write(&path, "first-token\n").unwrap();
        let key = Key::from_file(&path).unwrap();
        assert_eq!((key.expose().as_str(), key.renew()), ("first-token", false));
        std::fs::write(&path, "second-token\n").unwrap();
        assert!(key.renew());
        assert_eq!(key.expose(), "second-token");
        std::fs::remove_file(&path).unwrap();
        assert!(!key.renew());
    }
}
