//! The writing side of a journal: look-ups and commits while a run is in progress.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Mutex,
};

use nocere_core::{ContentHash, Judged, Probe, Spending, Transcript};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    AttemptRecord, CallRecord, StoreError, UnitRecord, connection,
    lock::RunLock,
    read::{self, RunReader},
    writer::{Entry, Finished, Writer, unit_state},
};

/// A run that this process has locked and may write.
pub struct Journal {
    path: PathBuf,
    reader: Mutex<Connection>,
    /// Journals of earlier runs whose calls may be taken over.
    earlier: Mutex<Vec<Connection>>,
    pub(crate) writer: Writer,
    _lock: RunLock,
}

/// The recorded result of a call: its reply, or an error that counts as an outcome.
pub type CallReply = Result<nocere_core::ChatReply, nocere_core::ModelError>;

const SELECT_CALL: &str = "SELECT checked(reply, sum, 'calls', key, model, purpose, attempts, cost) FROM calls WHERE key = ?1";
const SELECT_PROBE: &str =
    "SELECT checked(json, sum, 'probes', seq, id) FROM probes WHERE seq = ?1";
const SELECT_TRANSCRIPT: &str =
    "SELECT checked(json, sum, 'transcripts', unit) FROM transcripts WHERE unit = ?1";
const SELECT_VERDICTS: &str = "SELECT i.hash, checked(v.json, v.sum, 'verdicts', v.unit, v.instrument) FROM verdicts v JOIN instruments i ON i.id = v.instrument WHERE v.unit = ?1";
const SELECT_TO_DO: &str = "
    SELECT CASE WHEN u.sum = row_sum('units', u.seq, u.key, u.target, u.probe, u.driver, u.epoch)
        THEN u.seq END, u.key, t.name, u.probe, d.name, u.epoch, u.state
    FROM units u LEFT JOIN targets t ON t.id = u.target LEFT JOIN drivers d ON d.id = u.driver
    WHERE u.target = (SELECT id FROM targets WHERE name = ?1) AND u.state <> 1 AND u.seq > ?2
    ORDER BY u.seq LIMIT ?3";
const TARGET_PROGRESS: &str = "SELECT done, total FROM targets WHERE name = ?1";
const SELECT_SPENDING: &str =
    "SELECT CASE WHEN sum = row_sum('spending', model, calls, requests, input_tokens, output_tokens, cost, unpriced, failed, unanswered)
        THEN model END, calls, requests, input_tokens, output_tokens, cost, unpriced, unanswered FROM spending";

impl Journal {
    /// Opens an existing run for writing.
    ///
    /// # Errors
    ///
    /// The run does not exist, another process holds it ([`StoreError::Locked`]), the file is
    /// damaged or of another format, or it cannot be opened for writing.
    pub fn open(folder: &Path, id: &str) -> Result<Self, StoreError> {
        let path = read::run_path(folder, id);
        let lock = RunLock::acquire(&lock_path(&path), id)?;
        connection::check_format(&path)?;
        Self::open_locked(path, lock)
    }

    pub(crate) fn open_locked(path: PathBuf, mut lock: RunLock) -> Result<Self, StoreError> {
        lock.lock_journal(&path)?;
        let connection = connection::open_for_writing(&path)?;
        let reader = connection::open_for_reading(&path)?;
        let writer = Writer::start(path.clone(), connection);
        Ok(Self {
            path,
            reader: Mutex::new(reader),
            earlier: Mutex::default(),
            writer,
            _lock: lock,
        })
    }

    /// The run's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a second, read-only connection, for reports while the run is in progress.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, or is not a journal of this format.
    pub fn open_reader(&self) -> Result<RunReader, StoreError> {
        RunReader::open(&self.path)
    }

    /// Allows replies to be reused from the run in `path`: an identical request to an
    /// identical model is not sent again.
    ///
    /// # Errors
    ///
    /// The file in `path` cannot be opened, or is not a journal of this format.
    pub fn reuse(&self, path: &Path) -> Result<(), StoreError> {
        connection::check_format(path)?;
        let connection = connection::open_for_reading(path)?;
        if let Ok(mut earlier) = self.earlier.lock() {
            earlier.push(connection);
        }
        Ok(())
    }

    /// The recorded reply of a call.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a record in it is damaged.
    pub fn call(&self, key: &ContentHash) -> Result<Option<CallReply>, StoreError> {
        let json = self.read(|connection| find_call(connection, key))?;
        json.map(|json| self.parse(&json)).transpose()
    }

    /// The reply to a call in one of the runs added by [`reuse`](Self::reuse). Recorded errors
    /// are not reused, so that a call that failed there is made again.
    ///
    /// # Errors
    ///
    /// An earlier run cannot be read, or a record in it is damaged.
    pub fn earlier_call(&self, key: &ContentHash) -> Result<Option<CallReply>, StoreError> {
        let Ok(earlier) = self.earlier.lock() else {
            return Ok(None);
        };
        for connection in earlier.iter() {
            let found = find_call(connection, key)
                .map_err(|error| StoreError::from_sql(&self.path, &error))?;
            if let Some(json) = found {
                let reply: CallReply = self.parse(&json)?;
                if reply.is_ok() {
                    return Ok(Some(reply));
                }
            }
        }
        Ok(None)
    }

    /// Records calls: all of them, in one transaction, or none.
    ///
    /// # Errors
    ///
    /// The calls cannot be written, for example because the disk is full, or the writer stopped
    /// after an earlier error.
    pub async fn put_calls(&self, calls: Vec<CallRecord>) -> Result<(), StoreError> {
        self.writer
            .commit(calls.into_iter().map(Entry::Call).collect())
            .await
    }

    /// Records a failed attempt with the next group of writes, without waiting for the commit.
    ///
    /// # Errors
    ///
    /// The writer has stopped. An error of the later write is not returned here.
    pub async fn note_attempt(&self, attempt: AttemptRecord) -> Result<(), StoreError> {
        self.writer.note(Entry::Attempt(attempt)).await
    }

    /// Records a finished unit in one transaction: its transcript (`None` if the journal has it
    /// already), its verdicts, and that it is done.
    ///
    /// # Errors
    ///
    /// The outcome cannot be written, for example because the disk is full or the run has no such
    /// instrument, or the writer stopped after an earlier error.
    pub async fn finish_unit(
        &self,
        seq: i64,
        transcript: Option<Transcript>,
        verdicts: BTreeMap<ContentHash, Judged>,
    ) -> Result<(), StoreError> {
        self.writer
            .commit(vec![Entry::Finish(Finished {
                seq,
                transcript,
                verdicts,
            })])
            .await
    }

    /// Up to `limit` unfinished units of `target` at positions greater than `after`, in the
    /// order of the plan. -1 starts at the beginning.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn to_do(
        &self,
        target: &str,
        after: i64,
        limit: usize,
    ) -> Result<Vec<UnitRecord>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|connection| {
            connection
                .prepare_cached(SELECT_TO_DO)?
                .query_map(params![target, after, limit], |row| {
                    let mut unit = read::unit_from_row(row)?;
                    unit.state = unit_state(row.get(6)?);
                    Ok(unit)
                })?
                .collect()
        })
    }

    /// The probe at position `seq`; `None` if the run has fewer probes.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a record in it is damaged.
    pub fn probe(&self, seq: i64) -> Result<Option<Probe>, StoreError> {
        let json = self.read(|connection| text(connection, SELECT_PROBE, seq))?;
        json.map(|json| self.parse(&json)).transpose()
    }

    /// The recorded transcript of the unit at a position; `None` while it has none.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a record in it is damaged.
    pub fn transcript(&self, unit: i64) -> Result<Option<Transcript>, StoreError> {
        let json = self.read(|connection| text(connection, SELECT_TRANSCRIPT, unit))?;
        json.map(|json| self.parse(&json)).transpose()
    }

    /// The recorded verdicts on the unit at a position, by the hash of the instrument.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a record in it is damaged.
    pub fn verdicts(&self, unit: i64) -> Result<BTreeMap<ContentHash, Judged>, StoreError> {
        let found: Vec<(String, String)> = self.read(|connection| {
            connection
                .prepare_cached(SELECT_VERDICTS)?
                .query_map([unit], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        found
            .into_iter()
            .map(|(hash, json)| Ok((ContentHash::from_hex(hash), self.parse(&json)?)))
            .collect()
    }

    /// The number of finished units of `target`, and of all its units; zeros if the run has no
    /// such target.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn target_progress(&self, target: &str) -> Result<(u64, u64), StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(TARGET_PROGRESS)?
                .query_row([target], |row| {
                    Ok((
                        row.get::<_, i64>(0)?.unsigned_abs(),
                        row.get::<_, i64>(1)?.unsigned_abs(),
                    ))
                })
                .optional()
                .map(Option::unwrap_or_default)
        })
    }

    /// Calls, tokens and cost of all sessions so far, by the model's name.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn spending(&self) -> Result<BTreeMap<String, Spending>, StoreError> {
        self.read(spending)
    }

    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let connection = self
            .reader
            .lock()
            .map_err(|_| StoreError::WriterStopped("a reader panicked".to_owned()))?;
        query(&connection).map_err(|error| StoreError::from_sql(&self.path, &error))
    }

    fn parse<T: serde::de::DeserializeOwned>(&self, json: &str) -> Result<T, StoreError> {
        serde_json::from_str(json).map_err(|error| StoreError::from_json(&self.path, &error))
    }
}

pub(crate) fn spending(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Spending>> {
    let number = |row: &rusqlite::Row<'_>, index| row.get::<_, i64>(index).map(i64::unsigned_abs);
    connection
        .prepare_cached(SELECT_SPENDING)?
        .query_map([], |row| {
            let spending = Spending {
                calls: number(row, 1)?,
                requests: number(row, 2)?,
                input_tokens: number(row, 3)?,
                output_tokens: number(row, 4)?,
                cost: nocere_core::Money::from_nanos(row.get(5)?),
                unpriced: number(row, 6)?,
                unanswered: nocere_core::Money::from_nanos(row.get(7)?),
            };
            Ok((row.get(0)?, spending))
        })?
        .collect()
}

fn find_call(connection: &Connection, key: &ContentHash) -> rusqlite::Result<Option<String>> {
    let Some(key) = key.to_bytes() else {
        return Ok(None);
    };
    connection
        .prepare_cached(SELECT_CALL)?
        .query_row([key], |row| row.get(0))
        .optional()
}

fn text(connection: &Connection, query: &str, id: i64) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(query)?
        .query_row([id], |row| row.get(0))
        .optional()
}

pub(crate) fn lock_path(path: &Path) -> PathBuf {
    path.with_extension("lock")
}
