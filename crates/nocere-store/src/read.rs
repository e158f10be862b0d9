//! The reading side of a journal, and the list of runs.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use nocere_core::{
    ContentHash, DriverIdentity, HumanLabel, Instrument, JudgeVerdict, Judged, Probe, ProbeId,
    RunHeader, RunState, RunSummary, Sample, Spending, Suite, TargetId, TargetRecord, Trouble,
};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::de::DeserializeOwned;

use crate::{Blob, StoreError, UnitRecord, UnitState, connection, schema, struck::NOT_STRUCK};

/// A run's file in the runs folder.
pub(crate) fn run_path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.db"))
}

pub(crate) fn unit_from_row(row: &Row<'_>) -> rusqlite::Result<UnitRecord> {
    Ok(UnitRecord {
        seq: row.get(0)?,
        key: ContentHash::from_raw(row.get(1)?),
        target: row.get::<_, String>(2)?.into(),
        probe: row.get(3)?,
        driver: row.get::<_, String>(4)?.into(),
        epoch: row.get(5)?,
        state: UnitState::Pending,
    })
}

/// A read-only view of one run. It needs no lock: each call reads what has been committed by then.
pub struct RunReader {
    path: PathBuf,
    pub(crate) connection: Connection,
}

impl RunReader {
    /// Opens a run's file.
    ///
    /// # Errors
    /// The file does not exist, cannot be read, or is not a journal of this format.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        connection::check_format(path)?;
        let reader = Self {
            path: path.to_owned(),
            connection: connection::open_for_reading(path)?,
        };
        reader.check_counts()?;
        Ok(reader)
    }

    /// Fails if rows of the plan are missing. Done whenever a run is opened: their absence would
    /// shrink every figure without a word.
    fn check_counts(&self) -> Result<(), StoreError> {
        // One statement sees one state of a run that is in progress.
        let query = format!(
            "SELECT checked(value, sum, 'meta', key), {},
                (SELECT coalesce(sum(done), 0) FROM targets),
                (SELECT count(*) FROM units WHERE state = 1)
             FROM meta WHERE key = '{}'",
            schema::PLANNED,
            schema::COUNTS
        );
        let (planned, there, counted, finished): (String, String, i64, i64) = self
            .connection
            .query_row(&query, [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .map_err(|error| self.sql(&error))?;
        if counted != finished {
            return Err(StoreError::Damaged {
                path: self.path.clone(),
                message: format!(
                    "{finished} of its units are finished, but {counted} were counted"
                ),
            });
        }
        if planned != there {
            return Err(StoreError::Damaged {
                path: self.path.clone(),
                message: format!("it has {there}, but was planned with {planned}"),
            });
        }
        Ok(())
    }

    /// The run's header: id, kind, seed, budget and other settings.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn header(&self) -> Result<RunHeader, StoreError> {
        let text: String = self
            .connection
            .query_row(
                "SELECT checked(value, sum, 'meta', key) FROM meta WHERE key = 'header'",
                [],
                |row| row.get(0),
            )
            .map_err(|error| self.sql(&error))?;
        let header: RunHeader = self.json(&text)?;
        // Files are written under the run's id: one in the file may lead anywhere.
        if self.path.file_stem().and_then(|stem| stem.to_str()) != Some(header.id.as_str()) {
            return Err(StoreError::Damaged {
                path: self.path.clone(),
                message:
                    "the file's name is not the id of the run in it; give it its own name back"
                        .to_owned(),
            });
        }
        Ok(header)
    }

    /// The run's suites without their probes, ordered by id.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn suites(&self) -> Result<Vec<Suite>, StoreError> {
        self.all("SELECT checked(json, sum, 'suites', id) FROM suites ORDER BY id")
    }

    /// The run's judges, in the order of the plan.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn instruments(&self) -> Result<Vec<Instrument>, StoreError> {
        self.all("SELECT checked(json, sum, 'instruments', id, hash) FROM instruments ORDER BY id")
    }

    /// The run's targets with their ids, in the order of the plan.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn targets(&self) -> Result<Vec<(TargetId, TargetRecord)>, StoreError> {
        let mut statement = self
            .connection
            .prepare(
                "SELECT name, checked(json, sum, 'targets', id, name) FROM targets ORDER BY id",
            )
            .map_err(|error| self.sql(&error))?;
        let rows = statement
            .query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .map_err(|error| self.sql(&error))?;
        rows.map(|row| {
            let (id, json) = row.map_err(|error| self.sql(&error))?;
            Ok((id.into(), self.json(&json)?))
        })
        .collect()
    }

    /// The run's probes, in the order of their positions.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn probes(&self) -> Result<Vec<Probe>, StoreError> {
        self.all("SELECT checked(json, sum, 'probes', seq, id) FROM probes ORDER BY seq")
    }

    /// The run's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of units, which is also the position of the next one.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn units_total(&self) -> Result<i64, StoreError> {
        self.connection
            .query_row("SELECT coalesce(max(seq) + 1, 0) FROM units", [], |row| {
                row.get(0)
            })
            .map_err(|error| self.sql(&error))
    }

    /// Calls, tokens and cost of all sessions so far, by the model's name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn spending(&self) -> Result<BTreeMap<String, Spending>, StoreError> {
        crate::journal::spending(&self.connection).map_err(|error| self.sql(&error))
    }

    /// Calls `each` with the purpose (as a word) and the reply of every recorded call.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged; `each` may have been called before.
    pub fn for_each_call(
        &self,
        mut each: impl FnMut(&str, crate::CallReply),
    ) -> Result<(), StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT purpose, checked(reply, sum, 'calls', key, model, purpose, attempts, cost) FROM calls")
            .map_err(|error| self.sql(&error))?;
        let mut rows = statement.query([]).map_err(|error| self.sql(&error))?;
        while let Some(row) = rows.next().map_err(|error| self.sql(&error))? {
            let purpose: String = row.get(0).map_err(|error| self.sql(&error))?;
            let reply: String = row.get(1).map_err(|error| self.sql(&error))?;
            each(&purpose, self.json(&reply)?);
        }
        Ok(())
    }

    /// The number of failed attempts at calls.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn failed_attempts(&self) -> Result<u64, StoreError> {
        self.connection
            .query_row("SELECT count(*) FROM attempts", [], |row| {
                row.get::<_, i64>(0)
            })
            .map(i64::unsigned_abs)
            .map_err(|error| self.sql(&error))
    }

    /// The failed attempts of each model, with the last one's problem.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn troubles(&self) -> Result<Vec<Trouble>, StoreError> {
        let mut statement = self
            .connection
            .prepare(
                "SELECT last.model, all_of.number, all_of.first, last.at, last.problem
                 FROM (SELECT max(rowid) AS id, count(*) AS number, min(at) AS first
                       FROM attempts GROUP BY model) AS all_of
                 JOIN attempts AS last ON last.rowid = all_of.id ORDER BY last.model",
            )
            .map_err(|error| self.sql(&error))?;
        let rows = statement
            .query_map([], |row| {
                Ok(Trouble {
                    model: row.get(0)?,
                    attempts: row.get::<_, i64>(1)?.unsigned_abs(),
                    first: row.get(2)?,
                    last: row.get(3)?,
                    problem: row.get(4)?,
                })
            })
            .map_err(|error| self.sql(&error))?;
        rows.map(|row| row.map_err(|error| self.sql(&error)))
            .collect()
    }

    /// The number of finished units, and of all units.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn progress(&self) -> Result<(u64, u64), StoreError> {
        self.connection
            .query_row(
                "SELECT coalesce(sum(done), 0), coalesce(sum(total), 0) FROM targets",
                [],
                |row| {
                    Ok((
                        row.get::<_, i64>(0)?.unsigned_abs(),
                        row.get::<_, i64>(1)?.unsigned_abs(),
                    ))
                },
            )
            .map_err(|error| self.sql(&error))
    }

    /// The run's drivers, in the order of the plan.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn drivers(&self) -> Result<Vec<DriverIdentity>, StoreError> {
        self.all("SELECT checked(json, sum, 'drivers', id, name) FROM drivers ORDER BY id")
    }

    /// People's labels of the run's samples, in the order in which they were added.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn labels(&self) -> Result<Vec<HumanLabel>, StoreError> {
        self.all(
            "SELECT checked(json, sum, 'labels', id, unit, rater, form) FROM labels ORDER BY id",
        )
    }

    /// All files of the run.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn blobs(&self) -> Result<Vec<Blob>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Blob>> {
            let sql = "SELECT hash, media_type, bytes FROM blobs";
            let mut statement = self.connection.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(Blob {
                    hash: ContentHash::from_raw(row.get(0)?),
                    media_type: row.get(1)?,
                    bytes: row.get(2)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| self.sql(&error))
    }

    /// The file with this hash; `None` if the run does not have it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn blob(&self, hash: &ContentHash) -> Result<Option<Blob>, StoreError> {
        let Some(key) = hash.to_bytes() else {
            return Ok(None);
        };
        self.connection
            .query_row(
                "SELECT media_type, bytes FROM blobs WHERE hash = ?1",
                [key],
                |row| {
                    Ok(Blob {
                        hash: hash.clone(),
                        media_type: row.get(0)?,
                        bytes: row.get(1)?,
                    })
                },
            )
            .optional()
            .map_err(|error| self.sql(&error))
    }

    /// Calls `each` with every finished unit that is not struck out, one by one, in the order of
    /// the plan.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn for_each_sample(&self, mut each: impl FnMut(Sample)) -> Result<(), StoreError> {
        let condition = format!("{NOT_STRUCK} ORDER BY u.seq");
        self.samples(&condition, [], &mut |sample| {
            each(sample);
            Ok(())
        })
    }

    /// At most `limit` finished units that are not struck out, at positions greater than `after`, in the order of the plan.
    /// -1 starts at the beginning; the next page follows the [`Sample::seq`] of the last sample.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn sample_page(&self, after: i64, limit: usize) -> Result<Vec<Sample>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.collect(
            &format!("u.seq > ?1 AND {NOT_STRUCK} ORDER BY u.seq LIMIT ?2"),
            rusqlite::params![after, limit],
        )
    }

    /// All finished units in the order of the plan, read page by page. Ends after the first error.
    pub fn finished(&self) -> impl Iterator<Item = Result<Sample, StoreError>> + '_ {
        const PAGE: usize = 256;
        let mut after = -1;
        let mut is_over = false;
        let pages = std::iter::from_fn(move || {
            if is_over {
                return None;
            }
            match self.sample_page(after, PAGE) {
                Ok(page) => {
                    is_over = page.len() < PAGE;
                    after = page.last().map_or(after, |sample| sample.seq);
                    Some(page.into_iter().map(Ok).collect::<Vec<_>>())
                }
                Err(error) => {
                    is_over = true;
                    Some(vec![Err(error)])
                }
            }
        });
        pages.flatten()
    }

    /// The unit at position `seq`; `None` if it is not finished or does not exist.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn sample(&self, seq: i64) -> Result<Option<Sample>, StoreError> {
        Ok(self.collect("u.seq = ?1", [seq])?.pop())
    }

    /// The finished units of all probes (one in each suite) with this id, in the order of the plan.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn samples_of_probe(&self, probe: &str) -> Result<Vec<Sample>, StoreError> {
        self.collect(
            "u.probe IN (SELECT seq FROM probes WHERE id = ?1) ORDER BY u.seq",
            [probe],
        )
    }

    /// The number of probes, finished or not.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn probe_count(&self) -> Result<u64, StoreError> {
        self.connection
            .query_row("SELECT count(*) FROM probes", [], |row| {
                row.get::<_, i64>(0)
            })
            .map(i64::unsigned_abs)
            .map_err(|error| self.sql(&error))
    }

    /// The ids of the run's probes, in the order of their positions.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn probe_ids(&self) -> Result<Vec<ProbeId>, StoreError> {
        let mut statement = self
            .connection
            .prepare("SELECT id FROM probes ORDER BY seq")
            .map_err(|error| self.sql(&error))?;
        let rows = statement
            .query_map([], |row| Ok(row.get::<_, String>(0)?.into()))
            .map_err(|error| self.sql(&error))?;
        rows.map(|row| row.map_err(|error| self.sql(&error)))
            .collect()
    }

    fn collect(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<Sample>, StoreError> {
        let mut rows = Vec::new();
        self.samples(condition, values, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Calls `each` with finished units. `condition` is SQL about the unit `u` that may end in
    /// an order and a limit. It must be a constant: values go into `values`.
    fn samples(
        &self,
        condition: &str,
        values: impl rusqlite::Params,
        each: &mut dyn FnMut(Sample) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut verdicts = self
            .connection
            .prepare_cached(
                "SELECT i.hash, checked(v.json, v.sum, 'verdicts', v.unit, v.instrument)
                 FROM verdicts v JOIN instruments i ON i.id = v.instrument
                 WHERE v.unit = ?1 ORDER BY v.instrument",
            )
            .map_err(|error| self.sql(&error))?;
        let mut statement = self
            .connection
            .prepare_cached(&format!(
                "SELECT CASE WHEN u.sum = row_sum('units', u.seq, u.key, u.target, u.probe, u.driver, u.epoch)
                        THEN u.seq END,
                    g.name, u.epoch, checked(p.json, p.sum, 'probes', p.seq, p.id),
                    checked(t.json, t.sum, 'transcripts', t.unit), u.probe, d.name, u.judged
                 FROM units u
                 LEFT JOIN targets g ON g.id = u.target LEFT JOIN drivers d ON d.id = u.driver
                 LEFT JOIN probes p ON p.seq = u.probe LEFT JOIN transcripts t ON t.unit = u.seq
                 WHERE u.state = 1 AND {condition}"
            ))
            .map_err(|error| self.sql(&error))?;
        let mut rows = statement.query(values).map_err(|error| self.sql(&error))?;
        while let Some(row) = rows.next().map_err(|error| self.sql(&error))? {
            let text = |index| {
                row.get::<_, String>(index)
                    .map_err(|error| self.sql(&error))
            };
            let seq: i64 = row.get(0).map_err(|error| self.sql(&error))?;
            let found = verdicts
                .query_map([seq], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
                })
                .map_err(|error| self.sql(&error))?;
            let mut judged = Vec::new();
            for verdict in found {
                let (instrument, json) = verdict.map_err(|error| self.sql(&error))?;
                let Judged { verdict, earlier } = self.json(&json)?;
                judged.push(JudgeVerdict {
                    instrument: ContentHash::from_hex(instrument),
                    verdict,
                    earlier,
                });
            }
            let expected: i64 = row.get(7).map_err(|error| self.sql(&error))?;
            if judged.len() as i64 != expected {
                return Err(StoreError::Damaged {
                    path: self.path.clone(),
                    message: format!(
                        "unit {seq} has {} verdicts instead of {expected}",
                        judged.len()
                    ),
                });
            }
            each(Sample {
                seq,
                target: text(1)?.into(),
                driver: text(6)?.into(),
                position: row.get(5).map_err(|error| self.sql(&error))?,
                epoch: row.get(2).map_err(|error| self.sql(&error))?,
                probe: self.json(&text(3)?)?,
                transcript: self.json(&text(4)?)?,
                verdicts: judged,
            })?;
        }
        Ok(())
    }

    /// The run as a list of runs shows it.
    ///
    /// # Errors
    /// The file cannot be read, or a record in it is damaged.
    pub fn summary(&self) -> Result<RunSummary, StoreError> {
        let (done, total) = self.progress()?;
        Ok(RunSummary {
            header: self.header()?,
            state: if done == total {
                RunState::Finished
            } else {
                RunState::Unfinished
            },
            done,
            total,
            targets: self.targets()?.into_iter().map(|(id, _)| id).collect(),
            suites: self.suites()?.into_iter().map(|suite| suite.id).collect(),
            drivers: self.drivers()?,
            probes: self.probe_count()?,
            judges: self.instruments()?.into_iter().map(|of| of.id).collect(),
        })
    }

    pub(crate) fn all<T: DeserializeOwned>(&self, query: &str) -> Result<Vec<T>, StoreError> {
        let mut statement = self
            .connection
            .prepare(query)
            .map_err(|error| self.sql(&error))?;
        let rows = statement
            .query_map([], |row| row.get::<_, String>(0))
            .map_err(|error| self.sql(&error))?;
        rows.map(|row| self.json(&row.map_err(|error| self.sql(&error))?))
            .collect()
    }

    fn json<T: DeserializeOwned>(&self, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| StoreError::from_json(&self.path, &error))
    }

    pub(crate) fn sql(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::from_sql(&self.path, error)
    }
}
