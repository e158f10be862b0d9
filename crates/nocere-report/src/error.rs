//! What a form is written from beside the figures, and what can go wrong.

use std::io;

use nocere_core::Sample;
use thiserror::Error;

/// The samples of a run, one after the other.
pub type Samples<'a> = &'a mut dyn Iterator<Item = Result<Sample, SampleError>>;

/// Why a sample cannot be read.
pub type SampleError = Box<dyn std::error::Error + Send + Sync>;

/// Why a report cannot be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The template cannot be filled in.
    #[error("failed to draw the page: {0}")]
    Page(#[from] askama::Error),
    /// The report cannot be made into JSON.
    #[error("failed to write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// A sample cannot be read.
    #[error("failed to read a sample: {0}")]
    Sample(SampleError),
}
