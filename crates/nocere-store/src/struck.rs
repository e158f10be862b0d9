//! Samples that a person has struck out: they stay in the journal, and no figure counts them.

use nocere_core::StruckSample;
use rusqlite::params;

use crate::{
    Journal, RunReader, StoreError,
    schema::{self, PUT_COUNTS},
};

const PUT: &str = "
    INSERT INTO struck (id, unit, back, json, sum)
    SELECT n, ?1, ?2, ?3, row_sum('struck', n, ?1, ?2, ?3)
    FROM (SELECT coalesce(max(id), 0) + 1 AS n FROM struck)";

/// Condition that holds for units that are not struck out. The latest record of a unit counts.
pub(crate) const NOT_STRUCK: &str = "u.seq NOT IN (
    SELECT unit FROM struck s
    WHERE back = 0 AND id = (SELECT max(id) FROM struck WHERE unit = s.unit))";

impl Journal {
    /// Strikes samples out, or with `back` takes that back, in one transaction. Every record is
    /// kept.
    ///
    /// # Errors
    ///
    /// A sample is not one of the run's, or the file cannot be written. Nothing is changed in
    /// that case.
    pub fn strike(&self, samples: &[StruckSample], back: bool) -> Result<(), StoreError> {
        let path = self.path().to_owned();
        let rows: Vec<(i64, String)> = samples
            .iter()
            .map(|sample| {
                let json = serde_json::to_string(sample).map_err(|error| StoreError::Io {
                    path: path.clone(),
                    message: format!("a record cannot be written: {error}"),
                })?;
                Ok((sample.unit, json))
            })
            .collect::<Result<_, StoreError>>()?;
        self.writer.with_connection(|connection| {
            let transaction = connection.transaction()?;
            for (unit, json) in &rows {
                transaction.execute(PUT, params![unit, back, json])?;
            }
            transaction.execute(
                &format!("{PUT_COUNTS} FROM (SELECT {} AS n)", schema::PLANNED),
                [schema::COUNTS],
            )?;
            transaction.commit()
        })
    }
}

impl RunReader {
    /// The samples that are struck out now, in the order of the plan.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn struck(&self) -> Result<Vec<StruckSample>, StoreError> {
        self.all(
            "SELECT checked(json, sum, 'struck', id, unit, back) FROM struck s
             WHERE back = 0 AND id = (SELECT max(id) FROM struck WHERE unit = s.unit)
             ORDER BY unit",
        )
    }
}
