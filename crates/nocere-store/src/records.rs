//! Records that exist only in the journal: calls, attempts, units and plans.

use nocere_core::{
    ChatReply, ContentHash, DriverId, DriverIdentity, Instrument, ModelError, Money, Probe,
    Purpose, RunHeader, TargetId, TargetRecord, Transcript, Verdict,
};
use serde::{Deserialize, Serialize};

/// How far a unit has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitState {
    /// The target has not been asked, or not to the end.
    Pending,
    /// Its transcript is in the journal; at least one judge has yet to read it.
    Answered,
    /// Its transcript and the verdicts of all judges are in the journal.
    Done,
}

/// One unit of work: one conversation of a driver with one target about one probe, in one epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitRecord {
    /// Position in the plan, from 0.
    pub seq: i64,
    /// Content address: covers the probe, driver, target and epoch.
    pub key: ContentHash,
    /// The target's id.
    pub target: TargetId,
    /// Position of its probe in the run, from 0.
    pub probe: i64,
    /// The driver's id.
    pub driver: DriverId,
    /// Repetition of the probe, from 0.
    pub epoch: u32,
    /// How far it has got.
    pub state: UnitState,
}

/// One call and its result: a reply, or an error that counts as an outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Content address of the call.
    pub key: ContentHash,
    /// Name of the model that was asked.
    pub model: String,
    /// What the call was for, which decides how its errors are handled.
    pub purpose: Purpose,
    /// The reply, or the error in its place.
    pub reply: Result<ChatReply, ModelError>,
    /// Number of requests that were sent; 0 if the reply was reused from an earlier run.
    pub attempts: u32,
    /// What it cost; `None` if the model's price is unknown.
    pub cost: Option<Money>,
}

/// One failed attempt at a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// Content address of the call.
    pub key: ContentHash,
    /// Which attempt at the call it was, from 1.
    pub number: u32,
    /// When it failed: RFC 3339, UTC.
    pub at: String,
    /// Name of the model that was asked.
    pub model: String,
    /// What went wrong, in one line.
    pub problem: String,
    /// Milliseconds from the request to the failure.
    pub latency_ms: u64,
    /// Milliseconds to wait before the next attempt; `None` if there is none.
    pub wait_ms: Option<u64>,
    /// The most that it may have cost although there was no answer; `None` if it is not billed, or
    /// its price is unknown.
    pub may_cost: Option<Money>,
}

/// Everything that a new run's journal starts with, apart from its units.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The run's id, kind and settings.
    pub header: RunHeader,
    /// Suites without their probes, which are listed in `probes`.
    pub suites: Vec<nocere_core::Suite>,
    /// Targets with their ids, in the order in which reports show them.
    pub targets: Vec<(TargetId, TargetRecord)>,
    /// Drivers, which lead the conversations.
    pub drivers: Vec<DriverIdentity>,
    /// Judges, in the order in which reports show them.
    pub instruments: Vec<Instrument>,
    /// Probes of all suites; the index is the position by which units refer to them.
    pub probes: Vec<Probe>,
}

/// The transcript and verdicts of a unit that another program recorded.
#[derive(Clone, Debug)]
pub struct RecordedUnit {
    /// Position of the unit in the plan, from 0.
    pub seq: i64,
    /// The recorded conversation.
    pub transcript: Transcript,
    /// Verdicts with the hashes of their instruments. Each must be in [`Plan::instruments`].
    pub verdicts: Vec<(ContentHash, Verdict)>,
}

/// A file that messages refer to by its hash, such as a probe's image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Hash of `bytes`.
    pub hash: ContentHash,
    /// MIME type, such as `image/png`.
    pub media_type: String,
    /// The file's content.
    pub bytes: Vec<u8>,
}
