//! A driver leads the conversation with the target.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{BoxFuture, ChatModel, ContentHash, Probe, Sampling, Transcript, hash_json};

/// What a driver is. Everything that can change a conversation is in the hash, which is part
/// of each unit's key: settings, texts, the identities of helper models, the code's version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DriverIdentity {
    /// Kebab-case id, unique in a run.
    pub id: String,
    /// Version of its code and texts.
    pub version: String,
    /// As a report shows it.
    pub title: String,
    /// Hash over everything that can change a conversation.
    pub hash: ContentHash,
}

impl DriverIdentity {
    /// An identity whose hash covers id, version and `settings`.
    pub fn new<S: Serialize>(id: &str, version: &str, title: &str, settings: &S) -> Self {
        Self {
            id: id.to_owned(),
            version: version.to_owned(),
            title: title.to_owned(),
            hash: hash_json("driver", &(id, version, settings)),
        }
    }

    /// Whether it puts pressure on the target: it neither asks plainly nor was it recorded.
    pub fn is_attack(&self) -> bool {
        !["direct", "recorded"].contains(&self.id.as_str())
    }

    /// The identity of conversations that another program led: imported answers, and answers
    /// that exist already and are only judged.
    pub fn recorded() -> Self {
        Self::new("recorded", "1", "Recorded elsewhere", &())
    }
}

/// What one conversation may use.
pub struct DriverContext<'a> {
    /// The target's own system prompt.
    pub system_prompt: Option<String>,
    /// How the target samples.
    pub sampling: Sampling,
    /// Which repetition of the probe this is, from 0.
    pub epoch: u32,
    /// The models that the driver asks beside the target, metered by the engine, in the order
    /// in which it was set up with them; empty for drivers that need none.
    pub models: &'a [&'a dyn ChatModel],
    /// Seed of everything random in this conversation.
    pub seed: u64,
    /// Calls that this conversation may make, those of the target and of helpers together.
    /// The engine answers any further one with [`crate::ModelError::CallBudget`].
    pub max_calls: Option<u32>,
}

/// Why a conversation could not be led to its end. A failed answer of the target is not among
/// it: it is part of the transcript.
#[derive(Debug, Error)]
pub enum DriverError {
    /// The target can answer nothing: its part of the run stops.
    #[error("{0}")]
    Target(String),
    /// A helper model can answer nothing: the units of this driver stop, and no others.
    #[error("{0}")]
    Helper(String),
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
        cx: &'a DriverContext<'a>,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>>;

    /// What this driver is.
    fn identity(&self) -> &DriverIdentity;
}
