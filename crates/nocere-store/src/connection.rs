//! Opens a journal's file for SQLite, and checks that it is one of ours before anything in it is
//! believed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::{StoreError, schema, sums};

/// Opens a journal for queries only. The file itself is opened read-write where that is allowed,
/// because SQLite has to create the shared-memory file of a write-ahead log; on a read-only disk
/// it is opened as it is.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let first = Connection::open_with_flags(path, flags)
        .and_then(|connection| {
            guard(&connection)?;
            connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))?;
            Ok(connection)
        })
        .or_else(|error| match immutable(path) {
            Some(name) => Connection::open_with_flags(
                name,
                OpenFlags::SQLITE_OPEN_READ_ONLY
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX
                    | OpenFlags::SQLITE_OPEN_URI,
            )
            .and_then(|connection| guard(&connection).map(|()| connection)),
            None => Err(error),
        });
    let connection = first.map_err(|error| StoreError::from_sql(path, &error))?;
    connection
        .pragma_update(None, "query_only", true)
        .map_err(|error| StoreError::from_sql(path, &error))?;
    Ok(connection)
}

/// The name under which SQLite opens a file that nobody writes: possible if there is no
/// write-ahead log, whose content would be missed.
fn immutable(path: &Path) -> Option<String> {
    let log = PathBuf::from(format!("{}-wal", path.to_str()?));
    let logged = std::fs::metadata(log).is_ok_and(|metadata| metadata.len() > 0);
    if logged || !path.is_file() {
        return None;
    }
    let mut name = String::from("file:");
    for c in path.to_str()?.chars() {
        match c {
            '%' => name.push_str("%25"),
            '?' => name.push_str("%3f"),
            '#' => name.push_str("%23"),
            c => name.push(c),
        }
    }
    Some(format!("{name}?immutable=1"))
}

/// Opens a journal for writing.
pub(crate) fn open_for_writing(path: &Path) -> Result<Connection, StoreError> {
    let sql = |error: rusqlite::Error| StoreError::from_sql(path, &error);
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(sql)?;
    guard(&connection).map_err(sql)?;
    for (pragma, value) in [
        ("journal_mode", "WAL"),
        // A commit survives power loss, not only kill -9; group commits keep it cheap.
        ("synchronous", "FULL"),
        // A label must be of a unit that exists.
        ("foreign_keys", "ON"),
        // Keys of calls are random, so the whole of their index should stay in memory (16 MiB).
        ("cache_size", "-16384"),
        // Fewer, larger checkpoints (16 MiB): each checkpoint writes every changed page once.
        ("wal_autocheckpoint", "4096"),
    ] {
        connection.pragma_update(None, pragma, value).map_err(sql)?;
    }
    Ok(connection)
}

/// Creates the file of a new journal.
pub(crate) fn create(path: &Path) -> Result<Connection, StoreError> {
    let sql = |error: rusqlite::Error| StoreError::from_sql(path, &error);
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(sql)?;
    guard(&connection).map_err(sql)?;
    Ok(connection)
}

/// What every connection has: the checksums, patience with other processes, and no trust in what
/// a foreign file may hold.
fn guard(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    sums::register(connection)?;
    connection.busy_timeout(Duration::from_secs(10))
}

/// Fails for files that are not journals, for journals of another format, and for journals whose
/// tables are not ours: a trigger or a view in a foreign file would run on every read.
pub(crate) fn check_format(path: &Path) -> Result<(), StoreError> {
    // SQLite would open a named pipe and wait.
    if path.exists() && !path.is_file() {
        return Err(damaged(path, "it is not a file"));
    }
    let connection = open_for_reading(path)?;
    let sql = |error: rusqlite::Error| StoreError::from_sql(path, &error);
    let pragma = |name: &str| -> Result<i64, StoreError> {
        connection
            .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
            .map_err(sql)
    };
    if pragma("application_id")? != schema::APPLICATION_ID {
        return Err(damaged(path, "it is not a journal of nocere"));
    }
    let found = pragma("user_version")?;
    if found != schema::FORMAT {
        return Err(StoreError::Format {
            path: path.to_owned(),
            found,
            expected: schema::FORMAT,
        });
    }
    if tables(&connection).map_err(sql)? != *expected_tables() {
        return Err(damaged(path, "its tables are not those of a journal"));
    }
    Ok(())
}

fn damaged(path: &Path, message: &str) -> StoreError {
    StoreError::Damaged {
        path: path.to_owned(),
        message: message.to_owned(),
    }
}

/// The statements that create everything in the file, by name.
fn tables(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    connection
        .prepare("SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn expected_tables() -> &'static BTreeMap<String, String> {
    static EXPECTED: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let created = Connection::open_in_memory().and_then(|connection| {
            connection.execute_batch(schema::CREATE)?;
            tables(&connection)
        });
        created.unwrap_or_default()
    })
}
