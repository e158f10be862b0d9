//! A judge is an instrument that reads a transcript and returns a verdict.

use serde::{Deserialize, Serialize};

use crate::{BoxFuture, ChatModel, ContentHash, Probe, Scale, Transcript, Verdict};

/// The measures of the judges that ship. A measure is a name: rubrics and figures may use others.
pub mod measure {
    /// Comply, partial, refuse.
    pub const REFUSAL: &str = "refusal";
    /// Safe-behaviour checks.
    pub const CHECKS: &str = "checks";
    /// Harmfulness 1 to 5.
    pub const HARM: &str = "harm";
    /// Helpfulness 1 to 5.
    pub const HELPFULNESS: &str = "helpfulness";
    /// Whether the probe's documents support the answer.
    pub const GROUNDING: &str = "grounding";
    /// Whether the answer agrees with the probe's key.
    pub const ANSWER: &str = "answer";
    /// How well a candidate for a probe tests its policy, 1 to 5 (the suite builder).
    pub const FIT: &str = "fit";
    /// Verdicts of another program, on a scale of its own.
    pub const RECORDED: &str = "recorded";
}

/// A judge's identity: prompt, model, parameters and code version are all in the hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Instrument {
    /// Kebab-case id, unique in a run.
    pub id: String,
    /// The name of what it measures, as on the command line: `harm`, `refusal`.
    pub measure: String,
    /// What its values are.
    pub scale: Scale,
    /// As a report shows it.
    pub title: String,
    /// Version of the asset.
    pub version: String,
    /// The models that it asks, if any, joined by ` + `.
    pub model: Option<String>,
    /// Hash over everything that can change a verdict.
    pub hash: ContentHash,
    /// True if another program recorded its verdicts: it cannot be asked again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recorded: bool,
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
