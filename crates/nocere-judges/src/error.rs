//! Errors in judge assets.

use thiserror::Error;

/// An error in a judge's asset or settings.
#[derive(Debug, Error)]
#[error("{file}: {message}")]
pub struct AssetError {
    /// Name of the asset (usually its path), rubric or panel.
    pub file: String,
    /// What is wrong, with the line if it is known.
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
