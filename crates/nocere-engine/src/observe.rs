//! What the engine tells while it works.

use nocere_core::{Transcript, Verdict};
use nocere_store::UnitRecord;

/// Listens to a run.
pub trait Observer: Send + Sync {
    /// A lane begins: its target's name, units done before, units in all.
    fn lane_started(&self, _lane: &str, _done: u64, _total: u64) {}
    /// A model gave an answer; `purpose` is `target` or `judge`.
    fn answered(&self, _purpose: &str) {}
    /// The run waits, and why.
    fn waiting(&self, _reason: &str) {}
    /// A unit is in the journal.
    fn unit_done(&self, _unit: &UnitRecord, _transcript: &Transcript, _verdicts: &[Verdict]) {}
}

/// Listens to nothing.
pub struct Silent;

impl Observer for Silent {}
