//! A judge is an instrument that reads a transcript and returns a verdict.

use serde::{Deserialize, Serialize};

use crate::{BoxFuture, ChatModel, ContentHash, Probe, Transcript, Verdict};

/// What an instrument measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentKind {
    /// Comply, partial, refuse.
    Refusal,
    /// Safe-behaviour checks.
    Checks,
    /// Harmfulness 1 to 5.
    Harm,
    /// Helpfulness 1 to 5.
    Helpfulness,
    /// Whether the probe's documents support the answer.
    Grounding,
    /// Whether the answer agrees with the probe's key.
    Answer,
    /// How well a candidate for a probe tests its policy, 1 to 5 (the suite builder).
    Fit,
    /// Verdicts of another program, on a scale of its own.
    Recorded,
}

impl InstrumentKind {
    /// The word used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refusal => "refusal",
            Self::Checks => "checks",
            Self::Harm => "harm",
            Self::Helpfulness => "helpfulness",
            Self::Grounding => "grounding",
            Self::Answer => "answer",
            Self::Fit => "fit",
            Self::Recorded => "recorded",
        }
    }
}

/// A judge's identity: prompt, model, parameters and code version are all in the hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Kebab-case id, unique in a run.
    pub id: String,
    /// What it measures.
    pub kind: InstrumentKind,
    /// As a report shows it.
    pub title: String,
    /// Version of the asset.
    pub version: String,
    /// The models that it asks, if any, joined by ` + `.
    pub model: Option<String>,
    /// Hash over everything that can change a verdict.
    pub hash: ContentHash,
}

/// What a judge may use.
pub struct JudgeContext<'a> {
    /// The models that the judge asks, metered by the engine, in the order in which it was
    /// set up with them; empty for judges that need none.
    pub models: &'a [&'a dyn ChatModel],
    /// Seed for fences, canaries and samples.
    pub seed: u64,
}

/// Something that judges.
pub trait Judge: Send + Sync {
    /// Reads `transcript` and says what it is.
    fn judge<'a>(
        &'a self,
        probe: &'a Probe,
        transcript: &'a Transcript,
        cx: &'a JudgeContext<'a>,
    ) -> BoxFuture<'a, Verdict>;

    /// What this judge is.
    fn instrument(&self) -> &Instrument;

    /// Whether the judge was made from this very answer: its verdict on it says nothing of how
    /// good the judge is.
    fn has_seen(&self, _transcript: &Transcript) -> bool {
        false
    }

    /// Does what takes long before the first verdict. Called while the first answers are
    /// fetched; a judge that was not prepared prepares itself when it is asked.
    fn prepare(&self) {}
}
