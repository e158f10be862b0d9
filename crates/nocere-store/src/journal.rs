//! Writing side of a run's journal.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Mutex,
};

use nocere_core::{ContentHash, Instrument, Transcript, Verdict};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::{
    CallRecord, Plan, StoreError, UnitRecord,
    lock::RunLock,
    read::{self, RunReader},
    schema,
    writer::{Write, Writer},
};

/// A run that this process may write.
pub struct Journal {
    path: PathBuf,
    reader: Mutex<Connection>,
    writer: Writer,
    _lock: RunLock,
}

const INSERT_CALL: &str = "INSERT OR IGNORE INTO calls (key, model, purpose, reply, attempts) VALUES (?1, ?2, ?3, ?4, ?5)";
const SELECT_CALL: &str = "SELECT reply FROM calls WHERE key = ?1";
const INSERT_TRANSCRIPT: &str = "INSERT OR REPLACE INTO transcripts (unit, json) VALUES (?1, ?2)";
const INSERT_VERDICT: &str =
    "INSERT OR REPLACE INTO verdicts (unit, instrument, json) VALUES (?1, ?2, ?3)";
const FINISH_UNIT: &str = "UPDATE units SET state = 1, lease = NULL WHERE key = ?1";
const FREE_LEASES: &str = "UPDATE units SET lease = NULL WHERE state = 0 AND lease IS NOT NULL";
const TAKE_LEASES: &str = "
    UPDATE units SET lease = ?3 WHERE seq IN (
        SELECT seq FROM units WHERE lane = ?1 AND state = 0 AND lease IS NULL ORDER BY seq LIMIT ?2
    ) RETURNING seq, key, lane, probe, driver, epoch";
const FREE_LEASE: &str = "UPDATE units SET lease = NULL WHERE key = ?1 AND state = 0";
const LANE_PROGRESS: &str =
    "SELECT coalesce(sum(state = 1), 0), count(*) FROM units WHERE lane = ?1";
const COPY_TARGET_CALLS: &str =
    "INSERT OR IGNORE INTO main.calls SELECT * FROM other.calls WHERE purpose = 'target'";
const UPSERT_INSTRUMENT: &str = "INSERT OR REPLACE INTO instruments (hash, json) VALUES (?1, ?2)";

impl Journal {
    /// Writes a new run's file: the whole plan in one transaction, or nothing.
    pub fn create(folder: &Path, plan: &Plan) -> Result<Self, StoreError> {
        let io = |path: &Path, error: std::io::Error| StoreError::Io {
            path: path.to_owned(),
            message: error.to_string(),
        };
        std::fs::create_dir_all(folder).map_err(|error| io(folder, error))?;
        let path = read::run_path(folder, &plan.header.id);
        let lock = RunLock::acquire(&lock_path(&path), &plan.header.id)?;
        // Planned under another name, so that a run either exists whole or not at all.
        let planned = path.with_extension("planned");
        let _ = std::fs::remove_file(&planned);
        let result = write_plan(&planned, plan);
        if let Err(error) = result {
            let _ = std::fs::remove_file(&planned);
            let _ = std::fs::remove_file(lock_path(&path));
            return Err(error);
        }
        std::fs::rename(&planned, &path).map_err(|error| io(&path, error))?;
        Self::open_locked(path, lock)
    }

    /// Opens an existing run for writing; leases of processes that are gone are freed.
    pub fn open(folder: &Path, id: &str) -> Result<Self, StoreError> {
        let path = read::run_path(folder, id);
        let lock = RunLock::acquire(&lock_path(&path), id)?;
        read::check_format(&path)?;
        Self::open_locked(path, lock)
    }

    fn open_locked(path: PathBuf, lock: RunLock) -> Result<Self, StoreError> {
        let connection = open_for_writing(&path)?;
        connection
            .execute(FREE_LEASES, [])
            .map_err(|error| StoreError::from_sql(&path, &error))?;
        let reader = read::open_for_reading(&path)?;
        let writer = Writer::start(path.clone(), connection);
        Ok(Self {
            path,
            reader: Mutex::new(reader),
            writer,
            _lock: lock,
        })
    }

    /// A reader of its own, for reports.
    pub fn open_reader(&self) -> Result<RunReader, StoreError> {
        RunReader::open(&self.path)
    }

    /// The recorded reply of a call.
    pub fn call(&self, key: &ContentHash) -> Result<Option<CallReply>, StoreError> {
        let json: Option<String> = self.read(|connection| {
            connection
                .prepare_cached(SELECT_CALL)?
                .query_row([key.as_str()], |row| row.get(0))
                .optional()
        })?;
        json.map(|json| {
            serde_json::from_str(&json).map_err(|error| StoreError::from_json(&self.path, &error))
        })
        .transpose()
    }

    /// Records calls: all of them, in one transaction, or none.
    pub async fn put_calls(&self, calls: &[CallRecord]) -> Result<(), StoreError> {
        let mut writes = Vec::with_capacity(calls.len());
        for call in calls {
            let reply = self.json(&call.reply)?;
            writes.push(Write::new(
                INSERT_CALL,
                [
                    call.key.as_str(),
                    &call.model,
                    &call.purpose,
                    &reply,
                    &call.attempts.to_string(),
                ],
            ));
        }
        self.writer.commit(writes).await
    }

    /// Records a finished unit: its transcript, its verdicts and that it is done, together.
    pub async fn finish_unit(
        &self,
        unit: &ContentHash,
        transcript: &Transcript,
        verdicts: &BTreeMap<ContentHash, Verdict>,
    ) -> Result<(), StoreError> {
        let mut writes = vec![Write::new(
            INSERT_TRANSCRIPT,
            [unit.as_str(), &self.json(transcript)?],
        )];
        for (instrument, verdict) in verdicts {
            writes.push(Write::new(
                INSERT_VERDICT,
                [unit.as_str(), instrument.as_str(), &self.json(verdict)?],
            ));
        }
        writes.push(Write::new(FINISH_UNIT, [unit.as_str()]));
        self.writer.commit(writes).await
    }

    /// Notes a judge that the run uses.
    pub async fn put_instrument(&self, instrument: &Instrument) -> Result<(), StoreError> {
        let json = self.json(instrument)?;
        self.writer
            .commit(vec![Write::new(
                UPSERT_INSTRUMENT,
                [instrument.hash.as_str(), &json],
            )])
            .await
    }

    /// Leases up to `limit` pending units of `lane`, in the order of the plan.
    pub fn lease(&self, lane: &str, limit: usize) -> Result<Vec<UnitRecord>, StoreError> {
        self.writer.with_connection(|connection| {
            let holder = std::process::id().to_string();
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = connection.prepare_cached(TAKE_LEASES)?;
            let rows = statement.query_map(params![lane, limit, holder], read::unit_from_row)?;
            let mut units = rows.collect::<Result<Vec<_>, _>>()?;
            units.sort_by_key(|unit| unit.seq);
            Ok(units)
        })
    }

    /// Gives a lease back.
    pub fn release(&self, unit: &ContentHash) -> Result<(), StoreError> {
        self.writer.with_connection(|connection| {
            connection
                .prepare_cached(FREE_LEASE)?
                .execute([unit.as_str()])
                .map(|_| ())
        })
    }

    /// Units of `lane` that are done, and units of it in all.
    pub fn lane_progress(&self, lane: &str) -> Result<(u64, u64), StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(LANE_PROGRESS)?
                .query_row([lane], |row| {
                    Ok((
                        row.get::<_, i64>(0)?.unsigned_abs(),
                        row.get::<_, i64>(1)?.unsigned_abs(),
                    ))
                })
        })
    }

    /// Copies the recorded calls to targets from another run's file.
    pub fn copy_target_calls(&self, from: &Path) -> Result<(), StoreError> {
        self.writer.with_connection(|connection| {
            connection.execute("ATTACH DATABASE ?1 AS other", [from.display().to_string()])?;
            connection.execute(COPY_TARGET_CALLS, [])?;
            connection.execute("DETACH DATABASE other", []).map(|_| ())
        })
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

    fn json<T: serde::Serialize>(&self, value: &T) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| StoreError::from_json(&self.path, &error))
    }
}

/// What a recorded call came to.
pub type CallReply = Result<nocere_core::ChatReply, nocere_core::ModelError>;

fn lock_path(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

fn open_for_writing(path: &Path) -> Result<Connection, StoreError> {
    let sql = |error: rusqlite::Error| StoreError::from_sql(path, &error);
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(sql)?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(sql)?;
    // A commit survives power loss, not only kill -9; group commits keep it cheap.
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(sql)?;
    connection
        .busy_timeout(std::time::Duration::from_secs(10))
        .map_err(sql)?;
    Ok(connection)
}

fn write_plan(path: &Path, plan: &Plan) -> Result<(), StoreError> {
    let sql = |error: rusqlite::Error| StoreError::from_sql(path, &error);
    let json = |value: serde_json::Result<String>| {
        value.map_err(|error| StoreError::Io {
            path: path.to_owned(),
            message: error.to_string(),
        })
    };
    let mut connection = Connection::open(path).map_err(sql)?;
    connection
        .pragma_update(None, "application_id", schema::APPLICATION_ID)
        .map_err(sql)?;
    connection
        .pragma_update(None, "user_version", schema::FORMAT)
        .map_err(sql)?;
    let transaction = connection.transaction().map_err(sql)?;
    transaction.execute_batch(schema::CREATE).map_err(sql)?;
    {
        let put = |statement: &str, values: [&dyn rusqlite::ToSql; 2]| {
            transaction
                .prepare_cached(statement)
                .and_then(|mut s| s.execute(values))
                .map(|_| ())
                .map_err(sql)
        };
        let header = json(serde_json::to_string(&plan.header))?;
        put(
            "INSERT INTO meta (key, value) VALUES (?1, ?2)",
            [&"header" as &dyn rusqlite::ToSql, &header],
        )?;
        for suite in &plan.suites {
            // Probes have their own table; the suite keeps its header and hash.
            let bare = nocere_core::Suite {
                probes: Vec::new(),
                ..suite.clone()
            };
            put(
                "INSERT INTO suites (id, json) VALUES (?1, ?2)",
                [&suite.id, &json(serde_json::to_string(&bare))?],
            )?;
        }
        for (id, target) in &plan.targets {
            put(
                "INSERT INTO targets (id, json) VALUES (?1, ?2)",
                [id, &json(serde_json::to_string(target))?],
            )?;
        }
        for instrument in &plan.instruments {
            let text = json(serde_json::to_string(instrument))?;
            put(
                UPSERT_INSTRUMENT,
                [&instrument.hash.as_str() as &dyn rusqlite::ToSql, &text],
            )?;
        }
        for (seq, probe) in (0_i64..).zip(&plan.probes) {
            put(
                "INSERT INTO probes (seq, json) VALUES (?1, ?2)",
                [
                    &seq as &dyn rusqlite::ToSql,
                    &json(serde_json::to_string(probe))?,
                ],
            )?;
        }
        let mut insert = transaction
            .prepare("INSERT INTO units (seq, key, lane, probe, driver, epoch) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            .map_err(sql)?;
        for unit in &plan.units {
            insert
                .execute(params![
                    unit.seq,
                    unit.key.as_str(),
                    unit.lane,
                    unit.probe,
                    unit.driver,
                    unit.epoch
                ])
                .map_err(sql)?;
        }
    }
    transaction.commit().map_err(sql)
}
