//! Plan, lease, execute, journal.
//!
//! The engine knows models, drivers and judges only as traits. Every call that any of them
//! makes goes through a metered model, which looks it up in the journal first, waits for its
//! turn, keeps to the budget and commits the reply before anything uses it.

mod account;
mod bucket;
mod budget;
mod call;
mod error;
mod execute;
mod gate;
mod observe;
mod plan;

pub use account::{Account, Limits, Wait};
pub use budget::Purse;
pub use call::{ModelSetup, call_key};
pub use error::EngineError;
pub use execute::{Engine, JudgeSetup, RunSetup, TargetSetup};
pub use observe::{Observer, Silent};
pub use plan::{DriverFor, PlanInput, plan_extension, plan_run, plan_units, unit_key};
