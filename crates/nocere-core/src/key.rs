//! Content addresses: the same content has the same key on every machine and in every run.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A BLAKE3 hash as lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContentHash(String);

impl ContentHash {
    /// The hash of raw bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).to_hex().to_string())
    }

    /// The hash of everything that `reader` gives, in constant memory.
    ///
    /// # Errors
    ///
    /// If reading fails.
    pub fn of_reader(reader: impl std::io::Read) -> std::io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(reader)?;
        Ok(Self(hasher.finalize().to_hex().to_string()))
    }

    /// Wraps a hash that was read back from a file or the journal. The text is not checked; see
    /// [`to_bytes`](Self::to_bytes).
    pub fn from_hex(hex: impl Into<String>) -> Self {
        Self(hex.into())
    }

    /// The 32 bytes of the hash; `None` if the text is not a hash.
    pub fn to_bytes(&self) -> Option<[u8; 32]> {
        blake3::Hash::from_hex(&self.0)
            .ok()
            .map(|hash| *hash.as_bytes())
    }

    /// The hash with these 32 bytes.
    pub fn from_raw(bytes: [u8; 32]) -> Self {
        Self(blake3::Hash::from_bytes(bytes).to_hex().to_string())
    }

    /// The hash as text: 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits: enough to distinguish instruments and suites in a report.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hash of a value's JSON form, prefixed with a `domain` word so that two kinds of values with
/// the same JSON never share a key.
///
/// Structs serialise their fields in declaration order and maps are `BTreeMap`s
/// throughout the workspace, so the form is canonical.
pub fn hash_json<T: Serialize + ?Sized>(domain: &str, value: &T) -> ContentHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(domain.as_bytes());
    hasher.update(&[0]);
    // Serialising our own plain types cannot fail; an error text still yields a stable key.
    match serde_json::to_vec(value) {
        Ok(bytes) => hasher.update(&bytes),
        Err(error) => hasher.update(error.to_string().as_bytes()),
    };
    ContentHash(hasher.finalize().to_hex().to_string())
}

/// A seed for one purpose, derived from the run's seed. It does not depend on the order of work or
/// on the machine, so results can be reproduced.
pub fn derive_seed(run_seed: u64, purpose: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&run_seed.to_le_bytes());
    hasher.update(purpose.as_bytes());
    let mut bytes = [0_u8; 8];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_keep_equal_json_apart() {
        assert_ne!(hash_json("call", "x"), hash_json("probe", "x"));
        assert_eq!(hash_json("call", "x"), hash_json("call", "x"));
    }

    #[test]
    fn seeds_depend_on_run_and_purpose_only() {
        assert_eq!(derive_seed(1, "a"), derive_seed(1, "a"));
        assert_ne!(derive_seed(1, "a"), derive_seed(2, "a"));
        assert_ne!(derive_seed(1, "a"), derive_seed(1, "b"));
    }
}
