//! A driver leads the conversation with the target: it decides what is said next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    BoxFuture, ChatModel, ContentHash, DriverId, Judge, Perspective, Probe, Sampling, Transcript,
    hash_json,
};

/// What a driver does with a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum DriverKind {
    /// It asks what the probe spells out.
    Direct,
    /// It puts pressure on the target.
    Attack,
    /// It changes a circumstance of the asker: see [`DriverIdentity::levels`].
    Factors,
    /// None: another program led the conversations, or they exist already and are only judged.
    Recorded,
}

/// The identity of a driver. Its hash is part of each unit's key and must cover everything that
/// can change a conversation: settings, texts, identities of helper models, version of the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DriverIdentity {
    /// Kebab-case id, unique in a run.
    pub id: DriverId,
    /// What it does with a probe.
    pub kind: DriverKind,
    /// Version of its code and texts; raise it when either changes.
    pub version: String,
    /// As a report shows it.
    pub title: String,
    /// Kind of pressure, such as `authority`; empty for drivers that put none on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub family: String,
    /// Whose probes it leads; empty for everyone's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub perspectives: Vec<Perspective>,
    /// Languages of the probes that it has words for; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Level of each factor of the plan, by the factor's id; empty for drivers that are not part
    /// of a plan of factors.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<String, String>,
    /// Those of the plan's factors that must change nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counterfactual: Vec<String>,
    /// The reference level of each factor of the plan.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub references: BTreeMap<String, String>,
    /// Hash over everything that can change a conversation.
    pub hash: ContentHash,
}

impl DriverIdentity {
    /// Id of the driver that asks what the probe spells out. No attack may have it.
    pub const DIRECT: &str = "direct";
    /// Id of [`recorded`](Self::recorded). No attack may have it.
    pub const RECORDED: &str = "recorded";

    /// The identity of an attack. Its hash covers id, version and `settings`.
    pub fn attack<S: Serialize>(id: &str, version: &str, title: &str, settings: &S) -> Self {
        Self {
            id: id.into(),
            kind: DriverKind::Attack,
            version: version.to_owned(),
            title: title.to_owned(),
            family: String::new(),
            perspectives: Vec::new(),
            languages: Vec::new(),
            levels: BTreeMap::new(),
            counterfactual: Vec::new(),
            references: BTreeMap::new(),
            hash: hash_json("driver", &(id, version, settings)),
        }
    }

    /// Whether it leads conversations over this probe.
    pub fn leads(&self, probe: &Probe) -> bool {
        (self.perspectives.is_empty() || self.perspectives.contains(&probe.perspective))
            && (self.languages.is_empty() || self.languages.contains(&probe.language))
    }

    /// True if the answers say how the target behaves without pressure.
    pub fn is_plain(&self) -> bool {
        match self.kind {
            DriverKind::Direct | DriverKind::Recorded => true,
            DriverKind::Attack | DriverKind::Factors => false,
        }
    }

    /// The identity of the driver that asks what the probe spells out; `version` is its code's.
    pub fn direct(version: &str) -> Self {
        Self {
            kind: DriverKind::Direct,
            ..Self::attack(Self::DIRECT, version, "As the probe asks", &())
        }
    }

    /// The identity for conversations that nocere did not lead: imported answers, and existing
    /// answers that are only judged.
    pub fn recorded() -> Self {
        Self {
            kind: DriverKind::Recorded,
            ..Self::attack(Self::RECORDED, "1", "Recorded elsewhere", &())
        }
    }
}

/// What a driver may use in one conversation.
pub struct DriverContext<'a> {
    /// The target's own system prompt; `None` if it has none.
    pub system_prompt: Option<String>,
    /// Sampling to ask the target with.
    pub sampling: Sampling,
    /// Which repetition of the probe this is, from 0.
    pub epoch: u32,
    /// Helper models, metered by the engine, in the order in which the driver was set up with
    /// them; empty for drivers that need none.
    pub models: &'a [&'a dyn ChatModel],
    /// Seed of everything random in this conversation.
    pub seed: u64,
    /// Seed of what is random in the words that are sent: the same for all targets, so that they
    /// are asked the same.
    pub text_seed: u64,
    /// Tells an adaptive attack how far an answer gave way; `None` without a scorer.
    pub scorer: Option<Scorer<'a>>,
    /// Maximum number of calls in this conversation, to the target and to helpers together. The
    /// engine answers any further one with [`crate::ModelError::CallBudget`].
    pub max_calls: Option<u32>,
}

/// A judge that an adaptive attack asks during the conversation. It is not the judge of the report.
#[derive(Clone, Copy)]
pub struct Scorer<'a> {
    /// The judge.
    pub judge: &'a dyn Judge,
    /// The models that it asks, metered by the engine.
    pub models: &'a [&'a dyn ChatModel],
}

/// Why a conversation could not be led to its end. A failed answer of the target is not
/// one: it is recorded in the transcript.
#[derive(Debug, Error)]
pub enum DriverError {
    /// The target can no longer answer any request: work on it stops.
    #[error("{0}")]
    Target(String),
    /// A helper model can no longer answer any request: only the units of this driver stop.
    #[error("{0}")]
    Helper(String),
    /// The run is being stopped, or its journal cannot be written.
    #[error("{0}")]
    Run(String),
}

/// The most that leading one conversation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriverCalls {
    /// Calls to the target, in all attempts.
    pub target: u64,
    /// Calls to the model that writes for it, without repairs.
    pub attacker: u64,
    /// Answers of the conversation that judges read.
    pub answers: u64,
}

/// Leads conversations. Must be deterministic, given the context's seed and the models' replies.
pub trait Driver: Send + Sync {
    /// Leads the conversation that `probe` opens, and returns it as a transcript.
    ///
    /// # Errors
    ///
    /// The conversation cannot be finished in this session: see [`DriverError`].
    fn lead<'a>(
        &'a self,
        probe: &'a Probe,
        target: &'a dyn ChatModel,
        cx: &'a DriverContext<'a>,
    ) -> BoxFuture<'a, Result<Transcript, DriverError>>;

    /// The identity, which must not change while the driver is in use.
    fn identity(&self) -> &DriverIdentity;

    /// The most that a conversation over `probe` takes: as many answers as the probe has messages
    /// to send, unless the driver says otherwise.
    fn calls(&self, probe: &Probe) -> DriverCalls {
        let answers = 1 + probe.follow_ups.len() as u64;
        DriverCalls {
            target: answers,
            attacker: 0,
            answers,
        }
    }
}
