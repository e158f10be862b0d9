//! What can be wrong with a judge's asset.

use thiserror::Error;

/// A fault in a judge's YAML file.
#[derive(Debug, Error)]
#[error("{file}: {message}")]
pub struct AssetError {
    /// The asset.
    pub file: String,
    /// What is wrong, with its line where it is known.
    pub message: String,
}

impl AssetError {
    pub(crate) fn new(file: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            message: message.into(),
        }
    }

    pub(crate) fn from_yaml(file: &str, error: &serde_saphyr::Error) -> Self {
        Self::new(file, error.without_snippet().to_string())
    }
}
