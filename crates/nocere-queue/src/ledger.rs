//! What a worker reads of a run and what it commits to it.
//!
//! A worker on the machine of the journal uses the journal itself. A worker elsewhere would use
//! a client of the one process that writes the journal.

use std::collections::BTreeMap;

use nocere_core::{BoxFuture, ContentHash, DriverIdentity, Judged, Probe, RunHeader, Transcript};
use nocere_store::{AttemptRecord, CallRecord, CallReply, Journal};

use crate::QueueError;

/// The run as its workers see it. Reads are from the journal as it is now. Outcomes of units are
/// committed through [`WorkQueue::complete`](crate::WorkQueue::complete).
pub trait Ledger: Send + Sync {
    /// What the run is.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn header(&self) -> Result<RunHeader, QueueError>;

    /// The drivers that the run was planned with.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn drivers(&self) -> Result<Vec<DriverIdentity>, QueueError>;

    /// The number of finished units of `target`, and of all its units.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn target_progress(&self, target: &str) -> Result<(u64, u64), QueueError>;

    /// The probe at a position; `None` if the run has none there.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn probe(&self, position: i64) -> Result<Option<Probe>, QueueError>;

    /// The recorded conversation of the unit at a position; `None` while it has none.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn transcript(&self, unit: i64) -> Result<Option<Transcript>, QueueError>;

    /// The recorded verdicts on the unit at a position, by the hash of the instrument.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn verdicts(&self, unit: i64) -> Result<BTreeMap<ContentHash, Judged>, QueueError>;

    /// The recorded reply to a call of this run.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    fn call(&self, key: &ContentHash) -> Result<Option<CallReply>, QueueError>;

    /// The reply to a call in one of the runs whose replies are reused.
    ///
    /// # Errors
    ///
    /// The journal of that run cannot be read.
    fn earlier_call(&self, key: &ContentHash) -> Result<Option<CallReply>, QueueError>;

    /// Commits replies, all or none; they are durable when the future is done.
    ///
    /// # Errors
    ///
    /// The journal cannot be written.
    fn put_calls(&self, calls: Vec<CallRecord>) -> BoxFuture<'_, Result<(), QueueError>>;

    /// Records a failed attempt, without waiting until it is durable.
    ///
    /// # Errors
    ///
    /// The journal cannot be written.
    fn note_attempt(&self, attempt: AttemptRecord) -> BoxFuture<'_, Result<(), QueueError>>;
}

/// The journal on this machine.
impl Ledger for Journal {
    fn header(&self) -> Result<RunHeader, QueueError> {
        Ok(self.open_reader()?.header()?)
    }

    fn drivers(&self) -> Result<Vec<DriverIdentity>, QueueError> {
        Ok(self.open_reader()?.drivers()?)
    }

    fn target_progress(&self, target: &str) -> Result<(u64, u64), QueueError> {
        Ok(Self::target_progress(self, target)?)
    }

    fn probe(&self, position: i64) -> Result<Option<Probe>, QueueError> {
        Ok(Self::probe(self, position)?)
    }

    fn transcript(&self, unit: i64) -> Result<Option<Transcript>, QueueError> {
        Ok(Self::transcript(self, unit)?)
    }

    fn verdicts(&self, unit: i64) -> Result<BTreeMap<ContentHash, Judged>, QueueError> {
        Ok(Self::verdicts(self, unit)?)
    }

    fn call(&self, key: &ContentHash) -> Result<Option<CallReply>, QueueError> {
        Ok(Self::call(self, key)?)
    }

    fn earlier_call(&self, key: &ContentHash) -> Result<Option<CallReply>, QueueError> {
        Ok(Self::earlier_call(self, key)?)
    }

    fn put_calls(&self, calls: Vec<CallRecord>) -> BoxFuture<'_, Result<(), QueueError>> {
        Box::pin(async { Ok(Self::put_calls(self, calls).await?) })
    }

    fn note_attempt(&self, attempt: AttemptRecord) -> BoxFuture<'_, Result<(), QueueError>> {
        Box::pin(async { Ok(Self::note_attempt(self, attempt).await?) })
    }
}
