//! What only the journal holds: calls, attempts, units, plans.

use nocere_core::{
    ChatReply, ContentHash, DriverIdentity, Instrument, ModelError, Money, Probe, Purpose,
    RunHeader, TargetRecord, Transcript, Verdict,
};
use serde::{Deserialize, Serialize};

/// Where a unit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitState {
    /// To do.
    Pending,
    /// Its transcript is in the journal; verdicts are missing.
    Answered,
    /// Its transcript and verdicts are in the journal.
    Done,
}

/// One unit of work: a probe, led by a driver, with one target, for the n-th time.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitRecord {
    /// Position in the plan, from 0.
    pub seq: i64,
    /// Content address of the unit.
    pub key: ContentHash,
    /// The target's id.
    pub target: String,
    /// Position of its probe.
    pub probe: i64,
    /// The driver's id.
    pub driver: String,
    /// From 0.
    pub epoch: u32,
    /// Where it stands.
    pub state: UnitState,
}

/// The reply to one call, or the outcome that stands for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Content address of the call.
    pub key: ContentHash,
    /// Name of the model that was asked.
    pub model: String,
    /// What it was for.
    pub purpose: Purpose,
    /// What came back.
    pub reply: Result<ChatReply, ModelError>,
    /// How often it was tried.
    pub attempts: u32,
    /// What it cost; `None` if its price is not known.
    pub cost: Option<Money>,
}

/// An attempt at a call that failed and was, or will be, followed by another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// Content address of the call.
    pub key: ContentHash,
    /// From 1.
    pub number: u32,
    /// RFC 3339, UTC.
    pub at: String,
    /// Name of the model that was asked.
    pub model: String,
    /// What went wrong, in one line.
    pub problem: String,
    /// Milliseconds until it was known.
    pub latency_ms: u64,
    /// Milliseconds until the next attempt; `None` if there is none.
    pub wait_ms: Option<u64>,
}

/// Everything that is written when a run is planned.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the run is.
    pub header: RunHeader,
    /// Suites without their probes, by id.
    pub suites: Vec<nocere_core::Suite>,
    /// Targets by id.
    pub targets: Vec<(String, TargetRecord)>,
    /// What leads the conversations.
    pub drivers: Vec<DriverIdentity>,
    /// Judges.
    pub instruments: Vec<Instrument>,
    /// Probes, in the order of their positions.
    pub probes: Vec<Probe>,
}

/// A unit that was recorded elsewhere.
#[derive(Clone, Debug)]
pub struct RecordedUnit {
    /// Position in the plan.
    pub seq: i64,
    /// What was said.
    pub transcript: Transcript,
    /// What was said of it, by instrument.
    pub verdicts: Vec<(ContentHash, Verdict)>,
}

/// A file that messages refer to by its hash: an image of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Hash of the bytes.
    pub hash: ContentHash,
    /// Such as `image/png`.
    pub media_type: String,
    /// The content.
    pub bytes: Vec<u8>,
}
