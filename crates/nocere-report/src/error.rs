//! What can go wrong.

use thiserror::Error;

/// Why a report cannot be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The template cannot be filled in.
    #[error("failed to draw the page: {0}")]
    Page(#[from] askama::Error),
    /// The results cannot be made into XML.
    #[error("failed to write XML: {0}")]
    Xml(String),
    /// The report cannot be made into JSON.
    #[error("failed to write JSON: {0}")]
    Json(#[from] serde_json::Error),
}
