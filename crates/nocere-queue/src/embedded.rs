//! The queue of a run's own file. Completing a unit stores its outcome and marks it as done in
//! one transaction, so that each unit is completed exactly once.
//!
//! Leases are kept in memory only: one process works on a run at a time, and its leases end
//! with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use nocere_store::{Journal, StoreError, UnitRecord};

use crate::{Outcome, QueueError, WorkQueue};

/// Number of units read from the journal at a time.
const PAGE: usize = 512;

/// Leases on the units of a journal.
#[derive(Clone)]
pub struct Embedded {
    journal: Arc<Journal>,
    targets: Arc<Mutex<BTreeMap<String, TargetUnits>>>,
}

struct TargetUnits {
    /// Position of the last unit that was read.
    read_to: i64,
    /// Units that were read and are not leased, by position.
    free: BTreeMap<i64, UnitRecord>,
    /// Positions of leased units.
    leased: BTreeSet<i64>,
}

impl Embedded {
    /// A queue of the unfinished units in `journal`.
    pub fn new(journal: Arc<Journal>) -> Self {
        Self {
            journal,
            targets: Arc::default(),
        }
    }

    fn with_target<T>(
        &self,
        target: &str,
        change: impl FnOnce(&mut TargetUnits) -> Result<T, StoreError>,
    ) -> Result<T, QueueError> {
        let mut targets = self
            .targets
            .lock()
            .map_err(|_| StoreError::WriterStopped("a holder of the queue panicked".to_owned()))?;
        let state = targets
            .entry(target.to_owned())
            .or_insert_with(|| TargetUnits {
                read_to: -1,
                free: BTreeMap::new(),
                leased: BTreeSet::new(),
            });
        Ok(change(state)?)
    }
}

impl WorkQueue for Embedded {
    fn lease(&self, target: &str, limit: usize) -> Result<Vec<UnitRecord>, QueueError> {
        self.with_target(target, |state| {
            if state.free.len() < limit {
                let page = self.journal.to_do(target, state.read_to, PAGE.max(limit))?;
                if let Some(last) = page.last() {
                    state.read_to = last.seq;
                }
                state
                    .free
                    .extend(page.into_iter().map(|unit| (unit.seq, unit)));
            }
            let taken: Vec<UnitRecord> = (0..limit)
                .map_while(|_| state.free.pop_first())
                .map(|(_, unit)| unit)
                .collect();
            state.leased.extend(taken.iter().map(|unit| unit.seq));
            Ok(taken)
        })
    }

    fn release(&self, unit: &UnitRecord) -> Result<(), QueueError> {
        self.with_target(&unit.target, |state| {
            if state.leased.remove(&unit.seq) {
                state.free.insert(unit.seq, unit.clone());
            }
            Ok(())
        })
    }

    async fn complete(&self, unit: &UnitRecord, outcome: Outcome) -> Result<(), QueueError> {
        self.journal
            .finish_unit(unit.seq, outcome.transcript, outcome.verdicts)
            .await?;
        self.with_target(&unit.target, |state| {
            state.leased.remove(&unit.seq);
            Ok(())
        })
    }
}
