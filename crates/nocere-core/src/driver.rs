//! A driver leads the conversation with the target.

use thiserror::Error;

use crate::{BoxFuture, ChatModel, Probe, Sampling, Transcript};

/// What a driver may use.
pub struct DriverContext {
    /// The target's own system prompt.
    pub system_prompt: Option<String>,
    /// How the target samples.
    pub sampling: Sampling,
    /// Which repetition of the probe this is, from 0.
    pub epoch: u32,
}

/// What stops the run. A failed answer is not among it: it is part of the transcript.
#[derive(Debug, Error)]
pub enum DriverError {
    /// The target can answer nothing.
    #[error("{0}")]
    Target(String),
    /// The run is being stopped, or its journal cannot be written.
    #[error("{0}")]
    Run(String),
}

/// Something that leads a conversation.
pub trait Driver: Send + Sync {
    /// Leads the conversation that `probe` opens.
    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        cx: &'a DriverContext,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>>;

    /// A name with version; part of the unit's key.
    fn id(&self) -> &str;
}
