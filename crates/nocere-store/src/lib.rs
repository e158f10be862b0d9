//! The journal of a run: one SQLite file that records everything asked, answered and judged.
//!
//! A journal holds the plan (suites, probes, units of work), every call's reply, every
//! transcript, every verdict and every label that people gave. It is the only record of a run:
//! reports are recomputed from it, and an interrupted run continues from it without paying for
//! a call twice.
//!
//! [`Journal`] writes a run and locks it for this process. [`RunReader`] reads a run, also
//! while another process writes it, and [`list_runs`] lists a folder. One thread owns the
//! writing connection and commits whatever is waiting as one group. A write is on disk when its
//! method returns; the exception is [`Journal::note_attempt`].
//!
//! This crate does not decide what to ask next (`nocere-queue`, `nocere-engine`), computes no
//! results (`nocere-analysis`), and does not migrate journals of another format. No other crate
//! contains SQL.
//!
//! ```
//! use nocere_store::{Journal, RunReader, UnitRecord, UnitState, list_runs};
//! use nocere_testkit::{TempFolder, makers};
//!
//! // A run that asks one target one question.
//! let folder = TempFolder::new("journal");
//! let plan = makers::plan(&["q1"], &["model"]);
//! let unit = UnitRecord {
//!     seq: 0,
//!     key: nocere_core::ContentHash::of_bytes(b"q1"),
//!     target: "model".into(),
//!     probe: 0,
//!     driver: "direct".into(),
//!     epoch: 0,
//!     state: UnitState::Pending,
//! };
//! let journal = Journal::create(folder.path(), &plan, std::iter::once(unit))?;
//! assert_eq!(journal.to_do("model", -1, 10)?.len(), 1);
//!
//! // Reading needs no lock.
//! let reader = RunReader::find(folder.path(), "latest")?;
//! assert_eq!(reader.progress()?, (0, 1));
//! assert_eq!(list_runs(folder.path())?.len(), 1);
//! # Ok::<(), nocere_store::StoreError>(())
//! ```

#![warn(missing_docs)]

mod connection;
mod error;
mod journal;
mod left;
mod listing;
mod lock;
mod planned;
mod read;
mod records;
mod schema;
mod struck;
mod sums;
mod verify;
mod writer;

pub use error::StoreError;
pub use journal::{CallReply, Journal};
pub use listing::{ListedRun, list_runs, remove_run};
pub use lock::RunLock;
pub use planned::Extension;
pub use read::RunReader;
pub use records::{AttemptRecord, Blob, CallRecord, Plan, RecordedUnit, UnitRecord, UnitState};
