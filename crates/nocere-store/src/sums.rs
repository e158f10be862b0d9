//! Checksums of rows. Each row of a journal carries the first eight bytes of a BLAKE3 hash over
//! its table's name, its key and its content; the rows are checked as they are read, so that a
//! bit that has flipped on a disk never becomes a figure.
//!
//! The hash is an SQL function, so that statements write and check it where they stand. A row
//! that fails reads as `NULL`, which [`StoreError`](crate::StoreError) reports as damage.

use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
    types::ValueRef,
};

/// Gives `connection` the functions `row_sum(table, …)` and `checked(content, sum, table, …)`.
pub(crate) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("row_sum", -1, flags, |context| Ok(sum(context, 0)))?;
    // The content is the last thing that is hashed, and stands first as in the statements.
    connection.create_scalar_function("checked", -1, flags, |context| {
        let stored = context.get_raw(1).as_i64().ok();
        let mut hasher = hasher(context, 2);
        add(&mut hasher, context.get_raw(0));
        let content = context.get_raw(0).as_str().ok();
        Ok((stored == Some(finish(&hasher)))
            .then(|| content.map(str::to_owned))
            .flatten())
    })
}

fn sum(context: &Context<'_>, from: usize) -> i64 {
    finish(&hasher(context, from))
}

fn hasher(context: &Context<'_>, from: usize) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new();
    for index in from..context.len() {
        add(&mut hasher, context.get_raw(index));
    }
    hasher
}

fn finish(hasher: &blake3::Hasher) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    i64::from_le_bytes(first)
}

/// Adds a value with its kind and length, so that no two rows are hashed alike.
fn add(hasher: &mut blake3::Hasher, value: ValueRef<'_>) {
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => {
            hasher.update(&[1]).update(&number.to_le_bytes());
            return;
        }
        ValueRef::Real(number) => {
            hasher.update(&[2]).update(&number.to_le_bytes());
            return;
        }
        ValueRef::Text(bytes) => (3, bytes),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    hasher
        .update(&[kind])
        .update(&(bytes.len() as u64).to_le_bytes())
        .update(bytes);
}

/// A table, and the SQL condition that holds for its damaged rows.
pub(crate) struct TableSum {
    /// The table's name.
    pub(crate) table: &'static str,
    /// What identifies a row in a message.
    pub(crate) key: &'static str,
    /// True for damaged rows.
    pub(crate) damaged: &'static str,
}

/// How the rows of every table are checked.
pub(crate) const TABLES: [TableSum; 14] = [
    TableSum {
        table: "meta",
        key: "key",
        damaged: "sum IS NOT row_sum('meta', key, value)",
    },
    TableSum {
        table: "suites",
        key: "id",
        damaged: "sum IS NOT row_sum('suites', id, json)",
    },
    TableSum {
        table: "targets",
        key: "name",
        damaged: "sum IS NOT row_sum('targets', id, name, json)",
    },
    TableSum {
        table: "drivers",
        key: "name",
        damaged: "sum IS NOT row_sum('drivers', id, name, json)",
    },
    TableSum {
        table: "instruments",
        key: "hash",
        damaged: "sum IS NOT row_sum('instruments', id, hash, json)",
    },
    TableSum {
        table: "probes",
        key: "id",
        damaged: "sum IS NOT row_sum('probes', seq, id, json)",
    },
    TableSum {
        table: "units",
        key: "seq",
        damaged: "sum IS NOT row_sum('units', seq, key, target, probe, driver, epoch)",
    },
    TableSum {
        table: "calls",
        key: "hex(key)",
        damaged: "sum IS NOT row_sum('calls', key, model, purpose, attempts, cost, reply)",
    },
    TableSum {
        table: "attempts",
        key: "hex(key)",
        damaged: "sum IS NOT row_sum('attempts', key, number, at, model, problem, latency_ms, wait_ms)",
    },
    TableSum {
        table: "transcripts",
        key: "unit",
        damaged: "sum IS NOT row_sum('transcripts', unit, json)",
    },
    TableSum {
        table: "verdicts",
        key: "unit",
        damaged: "sum IS NOT row_sum('verdicts', unit, instrument, json)",
    },
    TableSum {
        table: "spending",
        key: "model",
        damaged: "sum IS NOT row_sum('spending', model, calls, requests, input_tokens, output_tokens, cost, unpriced, failed, unanswered)",
    },
    TableSum {
        table: "struck",
        key: "unit",
        damaged: "sum IS NOT row_sum('struck', id, unit, back, json)",
    },
    TableSum {
        table: "labels",
        key: "id",
        damaged: "sum IS NOT row_sum('labels', id, unit, rater, form, json)",
    },
];
