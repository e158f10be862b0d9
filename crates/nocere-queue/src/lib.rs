//! Leases on units of work. A queue holds no truth: the journal does.
//!
//! [`Embedded`] leases the units of the run's own file and is all that one machine needs;
//! [`Memory`] is for tests. Every implementation passes [`conformance::check`].

pub mod conformance;
mod embedded;
mod memory;

use std::{collections::BTreeMap, future::Future};

use nocere_core::{ContentHash, Transcript, Verdict};
use nocere_store::UnitRecord;
use thiserror::Error;

pub use embedded::Embedded;
pub use memory::Memory;

/// What a finished unit leaves behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The conversation; `None` if the journal has it already.
    pub transcript: Option<Transcript>,
    /// What each instrument says of it.
    pub verdicts: BTreeMap<ContentHash, Verdict>,
}

/// Why a queue cannot do its work.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct QueueError(#[from] pub nocere_store::StoreError);

/// Hands out leases on units.
pub trait WorkQueue: Send + Sync + 'static {
    /// At most `limit` units of `target` that nobody has, in the order of the plan.
    fn lease(&self, target: &str, limit: usize) -> Result<Vec<UnitRecord>, QueueError>;

    /// Gives a unit back, to be leased again.
    fn release(&self, unit: &UnitRecord) -> Result<(), QueueError>;

    /// Stores the outcome and gives the unit up for good, in one step.
    fn complete(
        &self,
        unit: &UnitRecord,
        outcome: Outcome,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// The next group of `target`: units whose places in the plan share `place / size`.
    ///
    /// A group is always the same set of places, however often a run is interrupted.
    fn lease_group(&self, target: &str, size: usize) -> Result<Vec<UnitRecord>, QueueError> {
        let size = size.max(1) as i64;
        let leased = self.lease(target, size as usize)?;
        let Some(group) = leased.first().map(|unit| unit.seq / size) else {
            return Ok(Vec::new());
        };
        let (ours, others): (Vec<_>, Vec<_>) = leased
            .into_iter()
            .partition(|unit| unit.seq / size == group);
        for unit in &others {
            self.release(unit)?;
        }
        Ok(ours)
    }
}
