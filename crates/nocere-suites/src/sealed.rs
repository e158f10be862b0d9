//! Suites that only the holder of a key can read: encrypted files in the format of age
//! (<https://age-encryption.org/v1>), which its own program `age` reads and writes, too.
//!
//! A key file holds either a passphrase, on one line, or age identities (`AGE-SECRET-KEY-1…`).

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use age::{
    Decryptor, Encryptor, Identity, scrypt,
    secrecy::{ExposeSecret as _, SecretString},
    x25519,
};
use nocere_assets::read_file;

use crate::{encoding::text_of, error::SuiteError};

/// Largest encrypted file, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;
/// Largest key file, in bytes.
const MAX_KEY_BYTES: u64 = 64 * 1024;
/// Most work that a passphrase may ask for: 2^22, about the default of age on this kind of machine.
const MAX_WORK: u8 = 22;

/// What opens an encrypted suite.
pub enum SuiteKey {
    /// A passphrase.
    Passphrase(SecretString),
    /// Identities of age.
    Identities(Vec<x25519::Identity>),
}

impl SuiteKey {
    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// It cannot be read, is empty, or holds neither a passphrase on one line nor identities.
    pub fn read(path: &Path) -> Result<Self, SuiteError> {
        let bytes = read_file(path, MAX_KEY_BYTES)
            .map_err(|error| SuiteError::new(path, error.to_string()))?;
        let text = text_of(path, bytes)?;
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        let fault = |what: &str| {
            Err(SuiteError::new(path, what)
                .hint("expected a passphrase on one line, or lines with AGE-SECRET-KEY-1…"))
        };
        if lines.iter().any(|line| line.starts_with("AGE-SECRET-KEY-")) {
            let identities: Result<Vec<x25519::Identity>, _> =
                lines.iter().map(|line| line.parse()).collect();
            return identities
                .map(Self::Identities)
                .or_else(|_| fault("a line is not an age identity of the kind AGE-SECRET-KEY-1…"));
        }
        match lines.as_slice() {
            [] => fault("the key file is empty, or holds comments only (lines that begin with #)"),
            [only] => Ok(Self::Passphrase(SecretString::from((*only).to_owned()))),
            _ => fault("the key file has several lines"),
        }
    }

    /// A new identity, and the text of its key file.
    pub fn generate() -> (Self, String) {
        let identity = x25519::Identity::generate();
        let text = format!(
            "# public key: {}\n{}\n",
            identity.to_public(),
            identity.to_string().expose_secret()
        );
        (Self::Identities(vec![identity]), text)
    }

    /// Encrypts a text for the holders of this key.
    ///
    /// # Errors
    ///
    /// `path` in the message; only if memory cannot be written.
    pub fn seal(&self, path: &Path, text: &str) -> Result<Vec<u8>, SuiteError> {
        let fault = |what: String| SuiteError::new(path, format!("cannot encrypt: {what}"));
        let encryptor = match self {
            Self::Passphrase(passphrase) => Encryptor::with_user_passphrase(passphrase.clone()),
            Self::Identities(identities) => {
                let keys: Vec<x25519::Recipient> =
                    identities.iter().map(x25519::Identity::to_public).collect();
                Encryptor::with_recipients(keys.iter().map(|key| key as &dyn age::Recipient))
                    .map_err(|error| fault(error.to_string()))?
            }
        };
        let mut sealed = Vec::new();
        let mut writer = encryptor
            .wrap_output(&mut sealed)
            .map_err(|error| fault(error.to_string()))?;
        writer
            .write_all(text.as_bytes())
            .and_then(|()| writer.finish().map(|_| ()))
            .map_err(|error| fault(error.to_string()))?;
        Ok(sealed)
    }

    /// Decrypts what was read from `path`.
    fn open(&self, path: &Path, sealed: &[u8]) -> Result<Vec<u8>, SuiteError> {
        let fault = |what: String| SuiteError::new(path, what);
        let decryptor = Decryptor::new_buffered(sealed)
            .map_err(|error| fault(format!("this is not a file encrypted by age: {error}")))?;
        let wrong = |error: age::DecryptError| {
            fault(format!("the key does not open this file: {error}"))
                .hint("give the key with which it was encrypted: `--suite-key FILE`")
        };
        let mut reader = match self {
            Self::Passphrase(passphrase) => {
                let mut identity = scrypt::Identity::new(passphrase.clone());
                identity.set_max_work_factor(MAX_WORK);
                decryptor.decrypt(std::iter::once(&identity as &dyn Identity))
            }
            Self::Identities(identities) => {
                decryptor.decrypt(identities.iter().map(|one| one as &dyn Identity))
            }
        }
        .map_err(wrong)?;
        let mut text = Vec::new();
        reader
            .by_ref()
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut text)
            .map_err(|error| fault(format!("the file is damaged: {error}")))?;
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(fault("it holds more than 256 MiB".to_owned()));
        }
        Ok(text)
    }
}

/// The name of the suite inside an encrypted file: `x.jsonl` for `x.jsonl.age`; `None` for other
/// files.
pub fn sealed_name(path: &Path) -> Option<PathBuf> {
    let is_sealed = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("age"));
    is_sealed.then(|| path.with_extension(""))
}

/// Reads and decrypts the file at `path`.
///
/// # Errors
///
/// It cannot be read, is not encrypted by age, is damaged, or the key does not open it.
pub fn unsealed_text(path: &Path, key: &SuiteKey) -> Result<String, SuiteError> {
    let sealed = read_file(path, MAX_FILE_BYTES)
        .map_err(|error| SuiteError::new(path, error.to_string()))?;
    text_of(path, key.open(path, &sealed)?)
}

#[cfg(test)]
mod tests {
    use nocere_testkit::TempFolder;

    use super::*;

    const TEXT: &str = "what nobody should train on";

    fn folder() -> TempFolder {
        TempFolder::new("sealed")
    }

    #[test]
    fn a_key_file_opens_what_it_sealed_and_no_other() {
        let folder = folder();
        let sealed = folder.path().join("s.jsonl.age");
        assert_eq!(
            sealed_name(&sealed).unwrap().file_name().unwrap(),
            "s.jsonl"
        );
        assert_eq!(sealed_name(Path::new("s.jsonl")), None);
        let (key, text) = SuiteKey::generate();
        std::fs::write(folder.path().join("key"), &text).unwrap();
        std::fs::write(&sealed, key.seal(&sealed, TEXT).unwrap()).unwrap();
        let read = SuiteKey::read(&folder.path().join("key")).unwrap();
        assert_eq!(unsealed_text(&sealed, &read).unwrap(), TEXT);
        let (other, _) = SuiteKey::generate();
        let error = unsealed_text(&sealed, &other).unwrap_err().to_string();
        assert!(error.contains("the key does not open this file"), "{error}");
    }

    #[test]
    fn damage_and_other_files_are_named() {
        let folder = folder();
        let path = folder.path().join("s.yaml.age");
        let (key, _) = SuiteKey::generate();
        let mut sealed = key.seal(&path, TEXT).unwrap();
        let last = sealed.len() - 1;
        sealed[last] ^= 1;
        std::fs::write(&path, &sealed).unwrap();
        let error = unsealed_text(&path, &key).unwrap_err().to_string();
        assert!(error.contains("damaged"), "{error}");
        std::fs::write(&path, "nocere_suite: 1").unwrap();
        let error = unsealed_text(&path, &key).unwrap_err().to_string();
        assert!(error.contains("not a file encrypted by age"), "{error}");
    }

    #[test]
    fn key_files_hold_a_passphrase_or_identities() {
        let folder = folder();
        let path = folder.path().join("key");
        let of = |text: &str| {
            std::fs::write(&path, text).unwrap();
            SuiteKey::read(&path)
        };
        assert!(matches!(
            of("correct horse\n").unwrap(),
            SuiteKey::Passphrase(_)
        ));
        for (text, problem) in [
            ("", "empty"),
            ("one\ntwo\n", "several lines"),
            ("AGE-SECRET-KEY-1NONSENSE\n", "not an age identity"),
        ] {
            let Err(error) = of(text) else {
                panic!("{text:?} was read");
            };
            assert!(error.to_string().contains(problem), "{error}");
        }
    }
}
