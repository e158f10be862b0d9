//! The queue inside the run's own file: completing a unit stores its outcome and ends its
//! lease in one transaction, so that one machine gets exactly once.

use std::sync::Arc;

use nocere_store::{Journal, UnitRecord};

use crate::{Outcome, QueueError, WorkQueue};

/// Leases as a column of the journal's units.
#[derive(Clone)]
pub struct Embedded(Arc<Journal>);

impl Embedded {
    /// The queue of the run that `journal` holds.
    pub fn new(journal: Arc<Journal>) -> Self {
        Self(journal)
    }
}

impl WorkQueue for Embedded {
    fn lease(&self, lane: &str, limit: usize) -> Result<Vec<UnitRecord>, QueueError> {
        Ok(self.0.lease(lane, limit)?)
    }

    fn release(&self, unit: &UnitRecord) -> Result<(), QueueError> {
        Ok(self.0.release(&unit.key)?)
    }

    async fn complete(&self, unit: &UnitRecord, outcome: Outcome) -> Result<(), QueueError> {
        Ok(self
            .0
            .finish_unit(&unit.key, &outcome.transcript, &outcome.verdicts)
            .await?)
    }
}
