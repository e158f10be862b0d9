//! The journal of a run: one SQLite file that holds what was asked, every call's reply,
//! every transcript and every verdict. It is the truth; everything else can be made again
//! from it.
//!
//! One thread owns the writing connection and commits in groups. A write has reached the
//! disk when its method returns.

mod error;
mod journal;
mod lock;
mod planned;
mod read;
mod records;
mod schema;
mod writer;

pub use error::StoreError;
pub use journal::{CallReply, Journal};
pub use lock::RunLock;
pub use planned::Extension;
pub use read::{ListedRun, RunReader, list_runs};
pub use records::{AttemptRecord, Blob, CallRecord, Plan, RecordedUnit, UnitRecord, UnitState};
