//! Planning: writes a new run's file completely or not at all, and extends a run in one
//! transaction.

use std::path::Path;

use nocere_core::{DriverIdentity, HumanLabel, Instrument, RunHeader, Suite, TargetId};
use rusqlite::{Connection, Transaction, params};
use serde::Serialize;

use crate::{
    Blob, Journal, Plan, RecordedUnit, StoreError, UnitRecord, connection,
    journal::lock_path,
    listing,
    lock::RunLock,
    read,
    schema::{self, FAILED, PUT_COUNTS, UNJUDGED},
};

const PUT_META: &str =
    "INSERT OR REPLACE INTO meta (key, value, sum) VALUES (?1, ?2, row_sum('meta', ?1, ?2))";
const PUT_SUITE: &str =
    "INSERT OR REPLACE INTO suites (id, json, sum) VALUES (?1, ?2, row_sum('suites', ?1, ?2))";
const PUT_TARGET: &str = "
    INSERT INTO targets (id, name, json, sum)
    SELECT n, ?1, ?2, row_sum('targets', n, ?1, ?2)
    FROM (SELECT coalesce(max(id), 0) + 1 AS n FROM targets)";
const PUT_DRIVER: &str = "
    INSERT INTO drivers (id, name, json, sum)
    SELECT n, ?1, ?2, row_sum('drivers', n, ?1, ?2)
    FROM (SELECT coalesce(max(id), 0) + 1 AS n FROM drivers)";
const PUT_INSTRUMENT: &str = "
    INSERT OR IGNORE INTO instruments (id, hash, json, sum)
    SELECT n, ?1, ?2, row_sum('instruments', n, ?1, ?2)
    FROM (SELECT coalesce(max(id), 0) + 1 AS n FROM instruments)";
const PUT_LABEL: &str = "
    INSERT INTO labels (id, unit, rater, form, json, sum)
    SELECT n, ?1, ?2, ?3, ?4, row_sum('labels', n, ?1, ?2, ?3, ?4)
    FROM (SELECT coalesce(max(id), 0) + 1 AS n FROM labels)";
const PUT_BLOB: &str = "INSERT OR IGNORE INTO blobs (hash, media_type, bytes) VALUES (?1, ?2, ?3)";
const PUT_PROBE: &str =
    "INSERT INTO probes (seq, id, json, sum) VALUES (?1, ?2, ?3, row_sum('probes', ?1, ?2, ?3))";
const PUT_UNIT: &str = "
    INSERT INTO units (seq, key, target, probe, driver, epoch, sum)
    SELECT ?1, ?2, t, ?4, d, ?6, row_sum('units', ?1, ?2, t, ?4, d, ?6)
    FROM (SELECT (SELECT id FROM targets WHERE name = ?3) AS t, (SELECT id FROM drivers WHERE name = ?5) AS d)";
const PUT_TRANSCRIPT: &str =
    "INSERT INTO transcripts (unit, json, sum) VALUES (?1, ?2, row_sum('transcripts', ?1, ?2))";
const PUT_VERDICT: &str = "
    INSERT INTO verdicts (unit, instrument, json, sum)
    SELECT ?1, i, ?3, row_sum('verdicts', ?1, i, ?3)
    FROM (SELECT (SELECT id FROM instruments WHERE hash = ?2) AS i)";
/// Recomputes the counters of all targets, after units were added or reopened.
const COUNT: &str = "
    UPDATE targets SET
        done = (SELECT count(*) FROM units WHERE target = targets.id AND state = 1),
        total = (SELECT count(*) FROM units WHERE target = targets.id)";
/// Finished units that at least one of the run's judges has not judged.
const REOPEN_UNJUDGED: &str = "
    UPDATE units SET state = 2
    WHERE state = 1 AND (SELECT count(*) FROM verdicts WHERE unit = units.seq) < (SELECT count(*) FROM instruments)";
const ANSWERED: &str =
    "UPDATE units SET state = 2 WHERE state = 0 AND seq IN (SELECT unit FROM transcripts)";
/// What a re-judged run copies from the old one: everything except verdicts, calls and labels.
/// Its units start as answered (state 2).
const COPY: [&str; 8] = [
    "INSERT INTO main.suites SELECT * FROM other.suites",
    "INSERT INTO main.targets SELECT * FROM other.targets",
    "INSERT INTO main.drivers SELECT * FROM other.drivers",
    "INSERT INTO main.blobs SELECT * FROM other.blobs",
    "INSERT INTO main.probes SELECT * FROM other.probes",
    "INSERT INTO main.units SELECT seq, key, target, probe, driver, epoch, sum, 2, 0 FROM other.units",
    "INSERT INTO main.transcripts SELECT * FROM other.transcripts",
    "INSERT INTO main.struck SELECT * FROM other.struck",
];
/// Calls that the server rejected. They are forgotten, because a corrected server may answer.
const REJECTED: &str = "DELETE FROM calls WHERE json_extract(reply, '$.Err.kind') = 'request'";

/// What to add to an existing run.
#[derive(Clone, Debug)]
pub struct Extension {
    /// The run's header with what has changed, such as the number of epochs.
    pub header: RunHeader,
    /// The run's suites without their probes, those it had included.
    pub suites: Vec<Suite>,
    /// New targets by id.
    pub targets: Vec<(TargetId, nocere_core::TargetRecord)>,
    /// New judges.
    pub instruments: Vec<Instrument>,
    /// New probes; their positions follow those of the old ones.
    pub probes: Vec<nocere_core::Probe>,
    /// New units; their positions must follow those of the old ones.
    pub units: Vec<UnitRecord>,
}

impl Journal {
    /// Creates a run's file in `folder` and locks it. The file either holds the complete plan or
    /// does not exist.
    ///
    /// # Errors
    ///
    /// A run with this id is open in another process ([`StoreError::Locked`]), or the file cannot
    /// be written.
    pub fn create(
        folder: &Path,
        plan: &Plan,
        units: impl Iterator<Item = UnitRecord>,
    ) -> Result<Self, StoreError> {
        Self::create_recorded(folder, plan, units, std::iter::empty())
    }

    /// Like [`create`](Self::create), with the transcripts and verdicts of units that another
    /// program recorded.
    ///
    /// # Errors
    ///
    /// A run with this id is open in another process ([`StoreError::Locked`]), or the file cannot
    /// be written.
    pub fn create_recorded(
        folder: &Path,
        plan: &Plan,
        units: impl Iterator<Item = UnitRecord>,
        recorded: impl Iterator<Item = RecordedUnit>,
    ) -> Result<Self, StoreError> {
        new_file(folder, &plan.header.id, |connection, path| {
            let transaction = Put::begin(connection, path)?;
            transaction.plan(plan)?;
            transaction.units(units)?;
            transaction.recorded(recorded)?;
            transaction.count()?;
            transaction.commit()
        })
    }

    /// Creates a run's file with the questions and answers of the journal at `from`; every unit
    /// waits to be judged by `instruments`.
    ///
    /// # Errors
    ///
    /// A run with the new id is open in another process, or one of the two files cannot be read or
    /// written.
    pub fn create_rejudged(
        folder: &Path,
        header: &RunHeader,
        instruments: &[Instrument],
        from: &Path,
    ) -> Result<Self, StoreError> {
        new_file(folder, &header.id, |connection, path| {
            connection
                .execute("ATTACH DATABASE ?1 AS other", [PathValue(from)])
                .map_err(|error| StoreError::from_sql(from, &error))?;
            let transaction = Put::begin(connection, path)?;
            transaction.header(header)?;
            for statement in COPY {
                transaction.execute(statement)?;
            }
            transaction.instruments(instruments)?;
            transaction.count()?;
            transaction.commit()
        })
    }

    /// Adds to the run in one transaction. Finished units that a new judge has not judged become
    /// unfinished again.
    ///
    /// # Errors
    ///
    /// A new target has the id of an existing one, or the file cannot be written. Nothing is
    /// changed in that case.
    pub fn extend(&self, extension: Extension) -> Result<(), StoreError> {
        let path = self.path().to_owned();
        self.with_transaction(|transaction| {
            let put = Put {
                transaction,
                path: &path,
            };
            put.header(&extension.header)?;
            put.suites(&extension.suites)?;
            put.targets(&extension.targets)?;
            put.instruments(&extension.instruments)?;
            put.probes(&extension.probes)?;
            put.units(extension.units.into_iter())?;
            put.execute(REOPEN_UNJUDGED)?;
            put.count()
        })
    }

    /// Adds people's labels in one transaction.
    ///
    /// # Errors
    ///
    /// A label belongs to a unit that the run does not have, or the file cannot be written.
    /// Nothing is added in that case.
    pub fn add_labels(&self, labels: &[HumanLabel]) -> Result<(), StoreError> {
        let path = self.path().to_owned();
        self.with_transaction(|transaction| {
            let put = Put {
                transaction,
                path: &path,
            };
            for label in labels {
                put.put(
                    PUT_LABEL,
                    params![label.unit, label.rater, label.form, put.json(label)?],
                )?;
            }
            Ok(())
        })
    }

    /// Adds files that messages refer to; a file that the run already has is left unchanged.
    ///
    /// # Errors
    ///
    /// The file cannot be written. Nothing is added in that case.
    pub fn add_blobs(&self, blobs: &[Blob]) -> Result<(), StoreError> {
        let path = self.path().to_owned();
        self.with_transaction(|transaction| {
            let put = Put {
                transaction,
                path: &path,
            };
            for blob in blobs {
                let key = blob.hash.to_bytes().unwrap_or_default();
                put.put(PUT_BLOB, params![key, blob.media_type, blob.bytes])?;
            }
            Ok(())
        })
    }

    /// Replaces the run's header.
    ///
    /// # Errors
    ///
    /// The file cannot be written. Nothing is changed in that case.
    pub fn put_header(&self, header: &RunHeader) -> Result<(), StoreError> {
        let path = self.path().to_owned();
        self.with_transaction(|transaction| {
            Put {
                transaction,
                path: &path,
            }
            .header(header)
        })
    }

    /// Reopens failed units and returns how many: units whose conversation ended because the
    /// network kept failing or the server rejected a request, and units whose judge could not
    /// be reached.
    ///
    /// # Errors
    ///
    /// The file cannot be written. Nothing is changed in that case.
    pub fn reopen_failed(&self) -> Result<u64, StoreError> {
        let path = self.path().to_owned();
        let mut reopened = 0;
        self.with_transaction(|transaction| {
            let put = Put {
                transaction,
                path: &path,
            };
            put.execute("CREATE TEMP TABLE IF NOT EXISTS reopened (unit INTEGER PRIMARY KEY)")?;
            put.execute("DELETE FROM reopened")?;
            put.execute(&format!("INSERT INTO reopened {FAILED}"))?;
            put.execute("DELETE FROM verdicts WHERE unit IN (SELECT unit FROM reopened)")?;
            put.execute("DELETE FROM transcripts WHERE unit IN (SELECT unit FROM reopened)")?;
            let change = |statement: &str| {
                transaction
                    .execute(statement, [])
                    .map(|count| count as u64)
                    .map_err(|error| StoreError::from_sql(&path, &error))
            };
            reopened =
                change("UPDATE units SET state = 0 WHERE seq IN (SELECT unit FROM reopened)")?;
            put.execute(REJECTED)?;
            reopened += change(&format!(
                "UPDATE units SET state = 2 WHERE state = 1
                 AND seq IN (SELECT unit FROM verdicts WHERE {UNJUDGED})"
            ))?;
            put.execute(&format!("DELETE FROM verdicts WHERE {UNJUDGED}"))?;
            put.count()
        })?;
        Ok(reopened)
    }

    fn with_transaction(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        // Two kinds of error: the transaction's own, and that of the change.
        let mut outcome = Ok(());
        self.writer.with_connection(|connection| {
            let transaction = connection.transaction()?;
            outcome = change(&transaction);
            if outcome.is_ok() {
                transaction.commit()?;
            }
            Ok(())
        })?;
        outcome
    }
}

/// Writes a run's file under another name and then renames it, so that a run exists either
/// completely or not at all.
fn new_file(
    folder: &Path,
    id: &str,
    fill: impl FnOnce(&mut Connection, &Path) -> Result<(), StoreError>,
) -> Result<Journal, StoreError> {
    let io = |path: &Path, error: std::io::Error| StoreError::Io {
        path: path.to_owned(),
        message: error.to_string(),
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    // What models said is for the owner to read, who may open it to others.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| io(folder, error))?;
    let path = read::run_path(folder, id);
    let lock = RunLock::acquire(&lock_path(&path), id)?;
    let planned = path.with_extension("planned");
    let _ = std::fs::remove_file(&planned);
    sweep(folder);
    let written = create_owned(&planned)
        .and_then(|()| connection::create(&planned))
        .and_then(|mut connection| fill(&mut connection, &planned));
    if let Err(error) = written {
        let _ = std::fs::remove_file(&planned);
        let _ = std::fs::remove_file(planned.with_extension("planned-journal"));
        let _ = std::fs::remove_file(lock_path(&path));
        return Err(error);
    }
    std::fs::rename(&planned, &path).map_err(|error| io(&path, error))?;
    listing::remember_order(folder, id).map_err(|error| io(folder, error))?;
    Journal::open_locked(path, lock)
}

/// Creates an empty file that only its owner can read. SQLite gives the files beside it the same
/// permissions.
fn create_owned(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(|_| ())
        .map_err(|error| StoreError::Io {
            path: path.to_owned(),
            message: error.to_string(),
        })
}

/// Removes what killed plans have left. A plan in progress holds its lock.
fn sweep(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path
            .extension()
            .is_none_or(|extension| extension != "planned")
        {
            continue;
        }
        let lock = path.with_extension("lock");
        if RunLock::acquire(&lock, "").is_ok() {
            for extension in ["planned", "planned-journal", "lock"] {
                let _ = std::fs::remove_file(path.with_extension(extension));
            }
        }
    }
}

/// A path as SQLite takes it: the bytes as they are, also if they are not UTF-8.
struct PathValue<'a>(&'a Path);

impl rusqlite::ToSql for PathValue<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        let bytes = self.0.as_os_str().as_encoded_bytes();
        Ok(rusqlite::types::ToSqlOutput::Borrowed(
            rusqlite::types::ValueRef::Text(bytes),
        ))
    }
}

/// Writes parts of a plan.
struct Put<'a, T> {
    transaction: T,
    path: &'a Path,
}

impl<'a> Put<'a, Transaction<'a>> {
    fn begin(connection: &'a mut Connection, path: &'a Path) -> Result<Self, StoreError> {
        let sql = |error: rusqlite::Error| StoreError::from_sql(path, &error);
        connection
            .pragma_update(None, "application_id", schema::APPLICATION_ID)
            .map_err(sql)?;
        connection
            .pragma_update(None, "user_version", schema::FORMAT)
            .map_err(sql)?;
        let transaction = connection.transaction().map_err(sql)?;
        transaction.execute_batch(schema::CREATE).map_err(sql)?;
        Ok(Self { transaction, path })
    }

    fn commit(self) -> Result<(), StoreError> {
        let path = self.path;
        self.transaction
            .commit()
            .map_err(|error| StoreError::from_sql(path, &error))
    }
}

impl<'t, T: std::borrow::Borrow<Transaction<'t>>> Put<'_, T> {
    fn plan(&self, plan: &Plan) -> Result<(), StoreError> {
        self.header(&plan.header)?;
        self.suites(&plan.suites)?;
        self.targets(&plan.targets)?;
        self.drivers(&plan.drivers)?;
        self.instruments(&plan.instruments)?;
        self.probes(&plan.probes)
    }

    fn header(&self, header: &RunHeader) -> Result<(), StoreError> {
        self.put(PUT_META, params![schema::HEADER, self.json(header)?])
    }

    /// Updates the counters of the targets, and the number of rows that the plan has.
    fn count(&self) -> Result<(), StoreError> {
        self.execute(COUNT)?;
        self.put(
            &format!("{PUT_COUNTS} FROM (SELECT {} AS n)", schema::PLANNED),
            [schema::COUNTS],
        )
    }

    fn suites(&self, suites: &[Suite]) -> Result<(), StoreError> {
        for suite in suites {
            // Probes have their own table; the suite keeps its header and hash.
            let bare = Suite {
                probes: Vec::new(),
                id: suite.id.clone(),
                version: suite.version.clone(),
                title: suite.title.clone(),
                description: suite.description.clone(),
                licence: suite.licence.clone(),
                source: suite.source.clone(),
                categories: suite.categories.clone(),
                hash: suite.hash.clone(),
                provenance: suite.provenance.clone(),
                half: suite.half.clone(),
            };
            self.put(PUT_SUITE, params![suite.id.as_str(), self.json(&bare)?])?;
        }
        Ok(())
    }

    fn targets(&self, targets: &[(TargetId, nocere_core::TargetRecord)]) -> Result<(), StoreError> {
        for (id, target) in targets {
            self.put(PUT_TARGET, params![id.as_str(), self.json(target)?])?;
        }
        Ok(())
    }

    fn drivers(&self, drivers: &[DriverIdentity]) -> Result<(), StoreError> {
        for driver in drivers {
            self.put(PUT_DRIVER, params![driver.id.as_str(), self.json(driver)?])?;
        }
        Ok(())
    }

    fn instruments(&self, instruments: &[Instrument]) -> Result<(), StoreError> {
        for instrument in instruments {
            let json = self.json(instrument)?;
            self.put(PUT_INSTRUMENT, params![instrument.hash.as_str(), json])?;
        }
        Ok(())
    }

    fn probes(&self, probes: &[nocere_core::Probe]) -> Result<(), StoreError> {
        let first: i64 = self
            .transaction
            .borrow()
            .query_row("SELECT coalesce(max(seq) + 1, 0) FROM probes", [], |row| {
                row.get(0)
            })
            .map_err(|error| self.sql(&error))?;
        for (seq, probe) in (first..).zip(probes) {
            self.put(
                PUT_PROBE,
                params![seq, probe.id.as_str(), self.json(probe)?],
            )?;
        }
        Ok(())
    }

    fn units(&self, units: impl Iterator<Item = UnitRecord>) -> Result<(), StoreError> {
        for unit in units {
            let key = unit.key.to_bytes().unwrap_or_default();
            self.put(
                PUT_UNIT,
                params![
                    unit.seq,
                    key,
                    unit.target.as_str(),
                    unit.probe,
                    unit.driver.as_str(),
                    unit.epoch
                ],
            )?;
        }
        Ok(())
    }

    fn recorded(&self, units: impl Iterator<Item = RecordedUnit>) -> Result<(), StoreError> {
        for unit in units {
            self.put(
                PUT_TRANSCRIPT,
                params![unit.seq, self.json(&unit.transcript)?],
            )?;
            for (instrument, verdict) in &unit.verdicts {
                self.put(
                    PUT_VERDICT,
                    params![unit.seq, instrument.as_str(), self.json(verdict)?],
                )?;
            }
        }
        self.execute(ANSWERED)
    }

    fn put(&self, statement: &str, values: impl rusqlite::Params) -> Result<(), StoreError> {
        self.transaction
            .borrow()
            .prepare_cached(statement)
            .and_then(|mut statement| statement.execute(values))
            .map(|_| ())
            .map_err(|error| self.sql(&error))
    }

    fn execute(&self, statement: &str) -> Result<(), StoreError> {
        self.transaction
            .borrow()
            .execute(statement, [])
            .map(|_| ())
            .map_err(|error| self.sql(&error))
    }

    fn json<V: Serialize>(&self, value: &V) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| StoreError::Io {
            path: self.path.to_owned(),
            message: format!("a record cannot be written: {error}"),
        })
    }

    fn sql(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::from_sql(self.path, error)
    }
}
