//! Plan, lease, execute, journal.
//!
//! The engine knows models, drivers and judges only as traits. Every call that any of them
//! makes goes through a metered model, which looks it up in the journal first and commits
//! its reply before anything uses it.

mod call;
mod error;
mod execute;
mod gate;
mod observe;
mod plan;

pub use call::call_key;
pub use error::EngineError;
pub use execute::{Engine, JudgeSetup, TargetSetup};
pub use observe::{Observer, Silent};
pub use plan::{PlanInput, plan_run, unit_key};
