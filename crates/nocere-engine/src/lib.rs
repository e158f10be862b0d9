//! Plan, lease, execute, journal.
//!
//! The engine knows models, drivers and judges only as traits. Every call that any of them
//! makes goes through a metered model, which looks it up in the journal first, waits for its
//! turn, keeps to the budget and commits the reply before anything uses it.

mod account;
mod bucket;
mod budget;
mod call;
mod call_budget;
mod error;
mod event;
mod execute;
mod gate;
mod plan;

pub use account::{Account, Limits, Wait};
pub use budget::Purse;
pub use call::{ModelSetup, call_key};
pub use error::EngineError;
pub use event::{Listener, RunEvent, Silent};
pub use execute::{DriverSetup, Engine, JudgeSetup, RunSetup, TargetSetup};
pub use plan::{
    PlanInput, PlanShape, RecordedAnswer, plan_extension, plan_recorded, plan_run, plan_units,
    unit_key,
};
