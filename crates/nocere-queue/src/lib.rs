//! Queues of work: they lease the units of a run, so that no two workers do the same one.
//!
//! A queue decides who works on which unit and in which order. It does not record anything: the
//! journal (`nocere-store`) does, and a queue can always be rebuilt from it. Nor does it execute
//! units; `nocere-engine` does. A [`Ledger`] is what a worker may read of the journal, and how it
//! commits to it.
//!
//! [`Embedded`] leases the units of a run's own file and is all that one machine needs;
//! [`Memory`] is for tests. Every implementation of [`WorkQueue`] must pass
//! [`conformance::check`].
//!
//! ```
//! use nocere_queue::{Memory, WorkQueue};
//! use nocere_store::{UnitRecord, UnitState};
//!
//! let units = (0..3).map(|seq| UnitRecord {
//!     seq,
//!     key: nocere_core::ContentHash::of_bytes(&seq.to_le_bytes()),
//!     target: "model".into(),
//!     probe: seq,
//!     driver: "direct".into(),
//!     epoch: 0,
//!     state: UnitState::Pending,
//! });
//! let queue = Memory::new(units);
//! let leased = queue.lease("model", 2)?;
//! assert_eq!(leased.len(), 2);
//!
//! // A unit that was given back is leased again, in the order of the plan.
//! queue.release(&leased[1])?;
//! let next = queue.lease("model", 10)?;
//! assert_eq!(next.iter().map(|unit| unit.seq).collect::<Vec<_>>(), [1, 2]);
//! # Ok::<(), nocere_queue::QueueError>(())
//! ```

#![warn(missing_docs)]

pub mod conformance;
mod embedded;
mod ledger;
mod memory;

use std::{collections::BTreeMap, future::Future};

use nocere_core::{ContentHash, Judged, Transcript};
use nocere_store::UnitRecord;
use thiserror::Error;

pub use embedded::Embedded;
pub use ledger::Ledger;
pub use memory::Memory;

/// The result of a finished unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The conversation; `None` if the journal has it already.
    pub transcript: Option<Transcript>,
    /// The judges' verdicts, by the hashes of their instruments.
    pub verdicts: BTreeMap<ContentHash, Judged>,
}

/// Why a queue cannot lease or complete units: the journal behind it failed.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct QueueError(#[from] pub nocere_store::StoreError);

/// Leases units to workers. A leased unit is not leased again until it is released.
pub trait WorkQueue: Send + Sync + 'static {
    /// Leases up to `limit` units of `target`, in the order of the plan. Empty when no unit is
    /// free; some may still be leased.
    ///
    /// # Errors
    ///
    /// The units cannot be read from the journal.
    fn lease(&self, target: &str, limit: usize) -> Result<Vec<UnitRecord>, QueueError>;

    /// Returns an unfinished unit, so that it can be leased again. Does nothing if the unit is
    /// not leased.
    ///
    /// # Errors
    ///
    /// The state of the queue is lost, because another holder panicked.
    fn release(&self, unit: &UnitRecord) -> Result<(), QueueError>;

    /// Stores the outcome of a unit and marks it as done, in one transaction.
    ///
    /// # Errors
    ///
    /// The outcome cannot be written to the journal. The unit stays leased.
    fn complete(
        &self,
        unit: &UnitRecord,
        outcome: Outcome,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Leases the next group of `target`: its free units whose positions in the plan have the
    /// same quotient `position / size`.
    ///
    /// Groups are cut at fixed positions, so an interrupted run forms the same groups again
    /// when it is resumed. That matters to models whose floating-point results depend on what
    /// is computed together.
    ///
    /// # Errors
    ///
    /// As for [`lease`](Self::lease) and [`release`](Self::release).
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
