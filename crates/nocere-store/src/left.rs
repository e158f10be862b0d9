//! What is left to do of a run, or could be done again.

use std::collections::BTreeSet;

use nocere_core::TargetId;

use crate::{
    RunReader, StoreError,
    schema::{FAILED, UNJUDGED},
};

impl RunReader {
    /// Whether `target` has units that it has not been asked yet.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn has_unasked(&self, target: &str) -> Result<bool, StoreError> {
        // `state <> 1` looks redundant: it lets SQLite use the partial index `units_to_do`.
        self.connection
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM units WHERE state <> 1 AND state = 0
                 AND target = (SELECT id FROM targets WHERE name = ?1))",
                [target],
                |row| row.get(0),
            )
            .map_err(|error| self.sql(&error))
    }

    /// The targets of units that failed and that [`Journal::reopen_failed`] would reopen.
    ///
    /// [`Journal::reopen_failed`]: crate::Journal::reopen_failed
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn failed_targets(&self) -> Result<BTreeSet<TargetId>, StoreError> {
        let sql = format!(
            "SELECT DISTINCT name FROM targets JOIN units ON units.target = targets.id
             WHERE units.seq IN ({FAILED})"
        );
        let mut statement = self
            .connection
            .prepare(&sql)
            .map_err(|error| self.sql(&error))?;
        let rows = statement
            .query_map([], |row| Ok(row.get::<_, String>(0)?.into()))
            .map_err(|error| self.sql(&error))?;
        rows.map(|row| row.map_err(|error| self.sql(&error)))
            .collect()
    }

    /// Whether a judge's call failed, so that [`Journal::reopen_failed`] would have it asked again.
    ///
    /// [`Journal::reopen_failed`]: crate::Journal::reopen_failed
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn has_unjudged(&self) -> Result<bool, StoreError> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM verdicts WHERE {UNJUDGED})");
        self.connection
            .query_row(&sql, [], |row| row.get(0))
            .map_err(|error| self.sql(&error))
    }
}
