//! What stops a run.

use thiserror::Error;

/// Why a run ended before its last unit. Everything that was done stays done.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The journal cannot be used.
    #[error(transparent)]
    Store(#[from] nocere_store::StoreError),
    /// The queue cannot be used.
    #[error(transparent)]
    Queue(#[from] nocere_queue::QueueError),
    /// A model can answer nothing.
    #[error("{0}")]
    Model(String),
    /// The run holds something that this program cannot execute.
    #[error("{0}")]
    Plan(String),
    /// What the run may spend is spent.
    #[error("{0}")]
    Budget(String),
    /// The user asked to stop.
    #[error("stopped on request")]
    Stopped,
}
