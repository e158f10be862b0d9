//! Errors of model files and fetches.

use std::path::PathBuf;

use thiserror::Error;

/// An error of the model in the process.
#[derive(Debug, Error)]
pub enum LocalError {
    /// The file cannot be read.
    #[error("failed to read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system error.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("failed to write {path}: {source}{}", full_hint(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// The system error.
        source: std::io::Error,
    },
    /// The file is not a GGUF file, or is incomplete.
    #[error("{path} is not a usable GGUF file: {message}")]
    NotGguf {
        /// The file.
        path: PathBuf,
        /// The problem and what to do about it.
        message: String,
    },
    /// llama.cpp does not load the file.
    #[error("{path} cannot be loaded: {message}")]
    Load {
        /// The file.
        path: PathBuf,
        /// The problem and what to do about it.
        message: String,
    },
    /// The machine has too little memory.
    #[error(
        "{path} needs about {needed_mb} MB of memory and {available_mb} MB are available; close other programs or use a smaller model"
    )]
    Memory {
        /// The file.
        path: PathBuf,
        /// Megabytes needed for the weights and a small context.
        needed_mb: u64,
        /// Megabytes that the system reports as available.
        available_mb: u64,
    },
    /// The chat template cannot be rendered.
    #[error("the chat template of {path} cannot be used: {message}")]
    Template {
        /// The file.
        path: PathBuf,
        /// The problem and what to do about it.
        message: String,
    },
    /// A fetched file does not have the hash that the catalogue pins.
    #[error("{path} has SHA-256 {found}, expected {expected}; it was not installed")]
    WrongHash {
        /// The file.
        path: PathBuf,
        /// Hash of the file.
        found: String,
        /// Hash in the catalogue.
        expected: String,
    },
    /// The file is not the one whose checksum its publisher put beside it.
    #[error(
        "{path} has SHA-256 {found}, but {published} says {expected}; fetch the file again, or remove {published} if it belongs to another file"
    )]
    OtherChecksum {
        /// The file.
        path: PathBuf,
        /// Hash of the file.
        found: String,
        /// Hash in the checksum file.
        expected: String,
        /// The checksum file.
        published: PathBuf,
    },
    /// Another process fetches into the same folder.
    #[error("another nocere fetches a model into {folder}; wait until it has ended")]
    Busy {
        /// The models folder.
        folder: PathBuf,
    },
    /// The fetch failed.
    #[error("failed to fetch {id}: {message}")]
    Fetch {
        /// Name of the model.
        id: String,
        /// The problem and what to do about it.
        message: String,
    },
    /// The process that loads the model refuses it; the message is its own.
    #[error("{0}")]
    Refused(String),
    /// The process that loads the model failed or ended.
    #[error("{0}")]
    Child(String),
    /// The embedded catalogue is broken, which is a defect of this build.
    #[error("the embedded model catalogue is broken: {0}")]
    Catalog(String),
}

fn full_hint(error: &std::io::Error) -> &'static str {
    if error.kind() == std::io::ErrorKind::StorageFull {
        "; free some space and run the same command again"
    } else {
        ""
    }
}
