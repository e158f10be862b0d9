//! The engine: plans the units of a run and executes them.
//!
//! [`plan_run`] and [`plan_units`] turn suites, targets and drivers into units of work.
//! [`Engine::run`] then leases units, has a driver lead each conversation, has the judges read
//! it, and journals the result. It stops cleanly on request, on a fatal error or when the budget
//! is spent, and a later session continues from the journal.
//!
//! Models, drivers and judges are known only as traits of `nocere-core`. All of their calls go
//! through a metered model, which looks the call up in the journal first, waits for its turn
//! ([`Account`]), stays within the budget ([`Purse`]), retries, and commits the reply before
//! anything uses it. Progress is reported as [`RunEvent`]s to a [`Listener`].
//!
//! This crate does not build models or judges from a configuration (`nocere-project`), speak a
//! wire format (`nocere-models`), or compute results (`nocere-analysis`).
//!
//! ```
//! use nocere_engine::{PlanInput, plan_run, plan_units};
//! use nocere_testkit::makers;
//!
//! let plan = plan_run(PlanInput {
//!     header: makers::header("r"),
//!     suites: vec![makers::suite(vec![makers::probe("q1"), makers::probe("q2")])],
//!     targets: vec![makers::target("a"), makers::target("b")],
//!     drivers: vec![makers::driver("direct")],
//!     instruments: Vec::new(),
//! })?;
//! // Two probes for each of two targets, target by target.
//! let units: Vec<_> = plan_units(&plan).map(|unit| (unit.target, unit.probe)).collect();
//! let expected = [("a", 0), ("a", 1), ("b", 0), ("b", 1)];
//! assert_eq!(units, expected.map(|(target, probe)| (target.into(), probe)));
//! # Ok::<(), nocere_engine::EngineError>(())
//! ```

#![warn(missing_docs)]

mod account;
mod bucket;
mod budget;
mod call;
mod call_budget;
mod error;
mod event;
mod execute;
mod gate;
mod guarded;
mod plan;
mod run_setup;

pub use account::{Account, Limits, Wait};
pub use budget::Purse;
pub use call::{ModelSetup, call_key};
pub use error::EngineError;
pub use event::{Listener, RunEvent, Silent};
pub use execute::Engine;
pub use guarded::{GuardKind, GuardSetup};
pub use plan::{
    PlanInput, PlanShape, RecordedAnswer, plan_extension, plan_recorded, plan_run, plan_units,
    unit_key,
};
pub use run_setup::{DriverSetup, JudgeSetup, RunSetup, TargetSetup};
