//! A key of a provider. It is sent and nothing else: not shown, logged, stored or hashed.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use secrecy::{ExposeSecret, SecretString};

/// A key, and where to read it again when the server refuses it: Entra tokens expire.
#[derive(Debug)]
pub struct Key {
    value: Mutex<SecretString>,
    file: Option<PathBuf>,
}

impl Key {
    /// A key that stays what it is.
    pub fn fixed(value: impl Into<String>) -> Self {
        Self {
            value: Mutex::new(SecretString::from(value.into())),
            file: None,
        }
    }

    /// The content of a file, without white space around it.
    pub fn from_file(path: impl Into<PathBuf>) -> std::io::Result<Self> {
        let path = path.into();
        let text = std::fs::read_to_string(&path)?;
        Ok(Self {
            value: Mutex::new(SecretString::from(text.trim().to_owned())),
            file: Some(path),
        })
    }

    /// The key, for a header.
    pub(crate) fn expose(&self) -> String {
        let value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        value.expose_secret().to_owned()
    }

    /// Whether the key's file now holds another key, which is used from now on.
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

    /// `bytes` without the key: a server may repeat what it was sent.
    pub(crate) fn redact(&self, bytes: Vec<u8>) -> Vec<u8> {
        let key = self.expose();
        // Anything shorter would be found in ordinary text.
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
