//! Why a journal cannot be found, opened, read or written.

use std::path::PathBuf;

use thiserror::Error;

/// Why a journal cannot be found, opened, read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No run has this id, or an id that begins with it.
    #[error("no run `{id}` in {folder}{}", near(nearest.as_deref()))]
    NoSuchRun {
        /// As the user wrote it.
        id: String,
        /// The folder that was searched.
        folder: PathBuf,
        /// The run with the most similar id, if one shares four or more characters.
        nearest: Option<String>,
    },
    /// The folder has no run at all.
    #[error("there are no runs yet in {folder}; `nocere demo` starts one")]
    NoRuns {
        /// The folder that was searched.
        folder: PathBuf,
    },
    /// Several ids begin with the given text.
    #[error("`{id}` matches several runs: {}", found.join(", "))]
    AmbiguousRun {
        /// As the user wrote it.
        id: String,
        /// The ids of these runs, oldest first.
        found: Vec<String>,
    },
    /// Another process works on the run.
    #[error(
        "run {id} is in use by process {holder}; wait for it or stop it, then run the same command again"
    )]
    Locked {
        /// The run's id.
        id: String,
        /// Process id of the holder, or `unknown`.
        holder: String,
    },
    /// The file is not a readable journal of nocere.
    #[error(
        "{path} is damaged: {message}; nothing was changed. Restore it from a backup, or start the run anew"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, in SQLite's words or ours.
        message: String,
    },
    /// The journal was written in a format that this version does not read.
    #[error(
        "{path} has journal format {found}; this version of nocere reads format {expected}. Read it with the version that wrote it, and `nocere report RUN --format json` keeps its figures"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Format of the file.
        found: i64,
        /// Format that this version reads and writes.
        expected: i64,
    },
    /// The disk is full.
    #[error(
        "no space left for {path}; free some, then `nocere resume` continues where the run stopped"
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Anything else that SQLite or the file system reports.
    #[error("failed to use {path}: {message}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The reported error, in one line.
        message: String,
    },
    /// The writer thread has stopped after an earlier error.
    #[error("the journal's writer stopped: {0}")]
    WriterStopped(String),
}

/// Why SQLite cannot open a file, which it does not say itself.
fn why_not_opened(path: &std::path::Path) -> String {
    match std::fs::File::open(path) {
        Err(error) => error.to_string(),
        Ok(_) => {
            "its folder cannot be written, or this process has too many files open (`ulimit -n`)"
                .to_owned()
        }
    }
}

fn near(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || "; `nocere runs` lists them".to_owned(),
        |nearest| format!("; did you mean `{nearest}`?"),
    )
}

impl StoreError {
    pub(crate) fn from_sql(path: &std::path::Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged {
                path,
                message: error.to_string(),
            },
            Some(ErrorCode::CannotOpen) => Self::Io {
                message: why_not_opened(&path),
                path,
            },
            _ => match error {
                // A row that fails its checksum reads as NULL, one that is gone is not found.
                rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::QueryReturnedNoRows
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..) => Self::Damaged {
                    path,
                    message:
                        "a record is missing or fails its checksum; `nocere verify RUN` says which"
                            .to_owned(),
                },
                _ => Self::Io {
                    path,
                    message: error.to_string(),
                },
            },
        }
    }

    pub(crate) fn from_json(path: &std::path::Path, error: &serde_json::Error) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            message: format!("a record cannot be read: {error}"),
        }
    }
}
