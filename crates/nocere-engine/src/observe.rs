//! What the engine tells while it works.

use std::time::Duration;

use nocere_core::Money;
use nocere_store::AttemptRecord;

use crate::Wait;

/// Listens to a run. Called from the loop that moves bytes: be quick.
pub trait Observer: Send + Sync {
    /// A lane begins: its target's name, the account that the target is asked through (if
    /// it is asked at all), units done before and units in all.
    fn lane_started(&self, _lane: &str, _account: Option<&str>, _done: u64, _total: u64) {}
    /// A model answered for a unit of the lane; `purpose` is `target` or `judge`.
    fn answered(&self, _lane: &str, _purpose: &str) {}
    /// A call was paid for.
    fn spent(&self, _lane: &str, _cost: Money) {}
    /// An attempt failed.
    fn attempt_failed(&self, _attempt: &AttemptRecord) {}
    /// Calls of an account wait, and why; for how long, if that is known.
    fn waiting(&self, _account: &str, _reason: &Wait, _time: Option<Duration>) {}
    /// The wait is over.
    fn waited(&self, _account: &str) {}
    /// A unit of the lane is in the journal.
    fn unit_done(&self, _lane: &str) {}
    /// A lane ends before its last unit, and why.
    fn lane_stopped(&self, _lane: &str, _reason: &str) {}
}

/// Listens to nothing.
pub struct Silent;

impl Observer for Silent {}
