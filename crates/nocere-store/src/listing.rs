//! The runs of a folder: which there are, in what order they were made, and which one is meant.

use std::{collections::BTreeMap, path::Path};

use nocere_core::RunSummary;

use crate::{RunReader, StoreError, lock::RunLock, read::run_path};

impl RunReader {
    /// Opens the run `id` in `folder`, or the only run whose id begins with `id`.
    ///
    /// `latest` is the newest run that does not merely serve another command, or the newest of
    /// all if there are only such runs.
    ///
    /// # Errors
    /// - No run has this id ([`StoreError::NoSuchRun`]), or several ids begin with it
    ///   ([`StoreError::AmbiguousRun`]).
    /// - The run cannot be read, or is not a journal of this format. For `latest`, this includes
    ///   every run that is newer than the one returned.
    pub fn find(folder: &Path, id: &str) -> Result<Self, StoreError> {
        let ids = run_ids(folder)?;
        if ids.is_empty() {
            return Err(StoreError::NoRuns {
                folder: folder.to_owned(),
            });
        }
        let missing = || StoreError::NoSuchRun {
            id: id.to_owned(),
            folder: folder.to_owned(),
            nearest: ids
                .iter()
                .filter(|known| common_prefix(known, id) >= 4)
                .max_by_key(|known| common_prefix(known, id))
                .cloned(),
        };
        if id == "latest" {
            let newest = ids.last().ok_or_else(missing)?;
            // An unreadable run is reported, not skipped: it may be the one that is meant.
            for id in ids.iter().rev() {
                let reader = Self::open(&run_path(folder, id))?;
                if !reader.header()?.kind.is_aside() {
                    return Ok(reader);
                }
            }
            return Self::open(&run_path(folder, newest));
        }
        if ids.iter().any(|known| known == id) {
            return Self::open(&run_path(folder, id));
        }
        let fitting: Vec<String> = ids
            .iter()
            .filter(|known| known.starts_with(id))
            .cloned()
            .collect();
        match fitting.as_slice() {
            [] => Err(missing()),
            [only] => Self::open(&run_path(folder, only)),
            _ => Err(StoreError::AmbiguousRun {
                id: id.to_owned(),
                found: fitting,
            }),
        }
    }
}

/// The file that lists the runs in the order in which they were made. A clock that was set back
/// does not change which run is the latest.
const ORDER: &str = "order";

/// Adds a run to the end of the list.
pub(crate) fn remember_order(folder: &Path, id: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.create(true).append(true).open(folder.join(ORDER))?;
    // One write, so that two processes cannot mix their lines.
    std::io::Write::write_all(&mut file, format!("{id}\n").as_bytes())
}

/// The place of each run in the list. Runs that are not in it, such as copied ones, come first.
fn order(folder: &Path) -> BTreeMap<String, usize> {
    let path = folder.join(ORDER);
    let mut text = String::new();
    // Only a file has an end, and a list of a million runs is long enough.
    if path.is_file()
        && let Ok(file) = std::fs::File::open(&path)
    {
        let _ = std::io::Read::read_to_string(&mut std::io::Read::take(file, 64 << 20), &mut text);
    }
    let lines = text.lines().enumerate();
    lines
        .map(|(place, id)| (id.to_owned(), place + 1))
        .collect()
}

fn run_ids(folder: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(StoreError::Io {
                path: folder.to_owned(),
                message: error.to_string(),
            });
        }
    };
    let mut ids: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "db"))
        .filter_map(|path| {
            path.file_stem()
                .and_then(|stem| stem.to_str())
                .map(str::to_owned)
        })
        .collect();
    let order = order(folder);
    ids.sort_by(|a, b| {
        let place = |id: &String| order.get(id).copied().unwrap_or(0);
        place(a).cmp(&place(b)).then_with(|| a.cmp(b))
    });
    Ok(ids)
}

/// Deletes a run with all its records.
///
/// # Errors
///
/// There is no such run, a process is working on it ([`StoreError::Locked`]), or its file cannot be
/// deleted.
pub fn remove_run(folder: &Path, id: &str) -> Result<(), StoreError> {
    let path = run_path(folder, id);
    let io = |error: std::io::Error| StoreError::Io {
        path: path.clone(),
        message: error.to_string(),
    };
    if !path.is_file() {
        return Err(StoreError::NoSuchRun {
            id: id.to_owned(),
            folder: folder.to_owned(),
            nearest: None,
        });
    }
    let lock_path = path.with_extension("lock");
    let lock = RunLock::acquire(&lock_path, id)?;
    std::fs::remove_file(&path).map_err(io)?;
    drop(lock);
    // What SQLite keeps beside an open file, and what people noted about the run.
    for extension in ["db-wal", "db-shm", "lock", "note"] {
        let _ = std::fs::remove_file(path.with_extension(extension));
    }
    Ok(())
}

fn common_prefix(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

/// A run's id with its summary, or with the reason why it cannot be read.
pub type ListedRun = (String, Result<RunSummary, StoreError>);

/// All runs in `folder`, oldest first. A run that cannot be read is listed with its error; a
/// folder that does not exist has no runs.
///
/// # Errors
/// The folder exists but cannot be read.
pub fn list_runs(folder: &Path) -> Result<Vec<ListedRun>, StoreError> {
    Ok(run_ids(folder)?
        .into_iter()
        .map(|id| {
            let summary =
                RunReader::open(&run_path(folder, &id)).and_then(|reader| reader.summary());
            (id, summary)
        })
        .collect())
}
