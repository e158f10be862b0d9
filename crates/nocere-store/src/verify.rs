//! Checks a whole run: SQLite's own structures, the checksum of every row, and that nothing is
//! missing.

use crate::{RunReader, StoreError, sums::TABLES};

/// Most damaged rows that are named of each table.
const NAMED: usize = 5;

impl RunReader {
    /// Checks everything in the file. Returns what is wrong, one line each; empty for a run that
    /// is as it was written.
    ///
    /// # Errors
    /// The file is so damaged that it cannot be read at all.
    pub fn verify(&self) -> Result<Vec<String>, StoreError> {
        let mut faults = self.lines("PRAGMA integrity_check(20)")?;
        faults.retain(|line| line != "ok");
        for table in &TABLES {
            let found = self.lines(&format!(
                "SELECT CAST({} AS TEXT) FROM {} WHERE {}",
                table.key, table.table, table.damaged
            ))?;
            if found.is_empty() {
                continue;
            }
            let mut named = found
                .iter()
                .take(NAMED)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ");
            if found.len() > NAMED {
                named.push_str(", …");
            }
            faults.push(format!(
                "{} row(s) of `{}` fail their checksum: {named}",
                found.len(),
                table.table
            ));
        }
        for (what, query) in MISSING {
            for key in self.lines(query)?.into_iter().take(NAMED) {
                faults.push(format!("{what}: {key}"));
            }
        }
        faults.extend(self.changed_blobs()?);
        Ok(faults)
    }

    fn lines(&self, query: &str) -> Result<Vec<String>, StoreError> {
        let read = || {
            self.connection
                .prepare(query)?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<String>>>()
        };
        read().map_err(|error| self.sql(&error))
    }

    fn changed_blobs(&self) -> Result<Vec<String>, StoreError> {
        let mut faults = Vec::new();
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare("SELECT hash, bytes FROM blobs")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (hash, bytes): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
                if blake3::hash(&bytes).as_bytes().as_slice() != hash.as_slice() {
                    faults.push(
                        "a file that messages refer to is not the one of its hash".to_owned(),
                    );
                }
            }
            Ok(())
        };
        read().map_err(|error| self.sql(&error))?;
        Ok(faults)
    }
}

/// Rows that must be there because another one is.
const MISSING: [(&str, &str); 7] = [
    (
        "finished unit without a conversation",
        "SELECT CAST(seq AS TEXT) FROM units WHERE state <> 0 AND seq NOT IN (SELECT unit FROM transcripts)",
    ),
    (
        "finished unit with another number of verdicts than were given",
        "SELECT CAST(seq AS TEXT) FROM units WHERE state = 1
         AND judged <> (SELECT count(*) FROM verdicts WHERE unit = units.seq)",
    ),
    (
        "unit of a probe that is not there",
        "SELECT CAST(seq AS TEXT) FROM units WHERE probe NOT IN (SELECT seq FROM probes)",
    ),
    (
        "unit of a target that is not there",
        "SELECT CAST(seq AS TEXT) FROM units WHERE target NOT IN (SELECT id FROM targets)",
    ),
    (
        "target whose counters are not those of its units",
        "SELECT name FROM targets
         WHERE done <> (SELECT count(*) FROM units WHERE target = targets.id AND state = 1)
         OR total <> (SELECT count(*) FROM units WHERE target = targets.id)",
    ),
    (
        "model with another number of failed attempts than were made",
        "SELECT model FROM spending
         WHERE failed <> (SELECT count(*) FROM attempts WHERE model = spending.model)
         UNION SELECT model FROM attempts WHERE model NOT IN (SELECT model FROM spending)",
    ),
    (
        "people's labels of which at least one is not there",
        "SELECT 'number ' || max(id) FROM labels HAVING max(id) <> count(*)",
    ),
];
