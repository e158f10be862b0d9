//! What can go wrong, and the samples that forms read.

use std::io;

use nocere_core::Sample;
use thiserror::Error;

/// The samples of a run, one after the other.
pub type Samples<'a> = &'a mut dyn Iterator<Item = Result<Sample, SampleError>>;

/// Why a sample cannot be read.
pub type SampleError = Box<dyn std::error::Error + Send + Sync>;

/// Why a run cannot be exported.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The value cannot be made into JSON.
    #[error("failed to write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The Parquet file cannot be written.
    #[error("failed to write Parquet: {0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// The archive cannot be written.
    #[error("failed to write the archive: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// A sample cannot be read.
    #[error("failed to read a sample: {0}")]
    Sample(SampleError),
    /// The form cannot hold this run.
    #[error("{0}")]
    DoesNotFit(String),
}

impl From<::csv::Error> for ExportError {
    fn from(error: ::csv::Error) -> Self {
        Self::File(error.into())
    }
}
