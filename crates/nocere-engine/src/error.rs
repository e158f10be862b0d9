//! Why a run stops before its last unit.

use thiserror::Error;

/// Why a run stopped before its last unit. Finished units stay in the journal.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The journal cannot be read or written.
    #[error(transparent)]
    Store(#[from] nocere_store::StoreError),
    /// The queue cannot lease or complete units.
    #[error(transparent)]
    Queue(#[from] nocere_queue::QueueError),
    /// A model can no longer answer any request, for example because its key is invalid.
    #[error("{0}")]
    Model(String),
    /// The plan cannot be made, or not executed with this setup.
    #[error("{0}")]
    Plan(String),
    /// The budget of money, requests or time is spent.
    #[error("{0}")]
    Budget(String),
    /// The user asked to stop.
    #[error("stopped on request")]
    Stopped,
}
