//! API keys. A key is only ever sent: never shown, logged, stored or hashed.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

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
        Self {
            value: Mutex::new(SecretString::from(value.into())),
            file: None,
        }
    }

    /// Reads a key from a file and trims surrounding white space. The file is read again when
    /// a server rejects the key.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not UTF-8.
    pub fn from_file(path: impl Into<PathBuf>) -> std::io::Result<Self> {
        let path = path.into();
        let text = std::fs::read_to_string(&path)?;
        Ok(Self {
            value: Mutex::new(SecretString::from(text.trim().to_owned())),
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
        let Some(text) = self
            .file
            .as_ref()
            .and_then(|path| std::fs::read_to_string(path).ok())
        else {
            return false;
        };
        let text = text.trim();
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = !text.is_empty() && value.expose_secret() != text;
        if changed {
            *value = SecretString::from(text.to_owned());
        }
        changed
    }

    /// Removes the key from `bytes`: a server may echo what it was sent.
    pub(crate) fn redact(&self, bytes: Vec<u8>) -> Vec<u8> {
        let key = self.expose();
        // A shorter key would also match ordinary text.
        if key.len() < 6 || !contains(&bytes, key.as_bytes()) {
            return bytes;
        }
        String::from_utf8_lossy(&bytes)
            .replace(&key, "[key removed]")
            .into_bytes()
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_neither_shown_nor_echoed() {
        let key = Key::fixed("sk-planted-1234");
        assert!(!format!("{key:?}").contains("planted"));
        let echoed = key.redact(b"you sent sk-planted-1234!".to_vec());
        assert_eq!(echoed, b"you sent [key removed]!");
        assert_eq!(key.redact(b"nothing".to_vec()), b"nothing");
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
