//! What can go wrong with a journal.

use std::path::PathBuf;

use thiserror::Error;

/// A fault of the journal.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no run of that name.
    #[error("no run `{id}` in {folder}{}", near(nearest.as_deref()))]
    NoSuchRun {
        /// As the user wrote it.
        id: String,
        /// Where runs are.
        folder: PathBuf,
        /// The run that is most like it.
        nearest: Option<String>,
    },
    /// The beginning of an id fits several runs.
    #[error("`{id}` fits several runs: {}", found.join(", "))]
    AmbiguousRun {
        /// As the user wrote it.
        id: String,
        /// The runs that fit.
        found: Vec<String>,
    },
    /// Another process works on the run.
    #[error(
        "run {id} is in use by process {holder}; wait for it or stop it, then run the same command again"
    )]
    Locked {
        /// The run.
        id: String,
        /// The other process, if it said who it is.
        holder: String,
    },
    /// The journal cannot be read as one.
    #[error(
        "{path} is damaged: {message}; nothing was changed. Restore it from a backup, or start the run anew"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        message: String,
    },
    /// The journal is from another version.
    #[error("{path} has journal format {found}; this version of nocere reads format {expected}")]
    Format {
        /// The file.
        path: PathBuf,
        /// In the file.
        found: i64,
        /// In this program.
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
        /// What happened.
        message: String,
    },
    /// The writer thread has stopped after an earlier error.
    #[error("the journal's writer stopped: {0}")]
    WriterStopped(String),
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
            _ => Self::Io {
                path,
                message: error.to_string(),
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
