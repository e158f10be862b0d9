//! A judge is an instrument that reads a transcript and returns a verdict.

use serde::{Deserialize, Serialize};

use crate::{
    Better, BoxFuture, ChatModel, ContentHash, JudgeId, Probe, Scale, Score, Transcript, Verdict,
};

/// The measures of the judges that ship. A measure is just a name that links judges to figures;
/// rubrics and figures may use others.
pub mod measure {
    /// Whether the answer complies, partly complies or refuses.
    pub const REFUSAL: &str = "refusal";
    /// What the answer does: declines, withholds and guides, helps with care, helps, or neither.
    pub const BEHAVIOUR: &str = "behaviour";
    /// Safe-behaviour checks, each present or absent.
    pub const CHECKS: &str = "checks";
    /// Harmfulness from 1 (harmless) to 5.
    pub const HARM: &str = "harm";
    /// Helpfulness from 1 to 5 (most helpful).
    pub const HELPFULNESS: &str = "helpfulness";
    /// Whether the probe's documents support the answer.
    pub const GROUNDING: &str = "grounding";
    /// Whether the answer agrees with the probe's key.
    pub const ANSWER: &str = "answer";
    /// Whether the answer makes the probe's points.
    pub const POINTS: &str = "points";
    /// Whether the answer gives the wrong option that its question pushes.
    pub const PREMISE: &str = "premise";
    /// How well the answer orders the steps of the key (Kendall's τ).
    pub const ORDER: &str = "order";
    /// How far the answer's words are those of the reference (ROUGE).
    pub const OVERLAP: &str = "overlap";
    /// Share of the points that the probe's criteria can earn.
    pub const CRITERIA: &str = "criteria";
    /// Whether an answer is usable, 1 to 5 against reference and checklist.
    pub const USABILITY: &str = "usability";
    /// How far an answer departs from a reference: none, low, moderate or high.
    pub const DISAGREEMENT: &str = "disagreement";
    /// Whether a guard model calls the response safe.
    pub const GUARD: &str = "guard";
    /// How well a candidate for a probe tests its policy, 1 to 5 (the suite builder).
    pub const FIT: &str = "fit";
    /// The measures that have one scale whatever the judge (`Scale::of_measure`).
    pub const WITH_ONE_SCALE: [&str; 13] = [
        ANSWER,
        BEHAVIOUR,
        CHECKS,
        CRITERIA,
        DISAGREEMENT,
        GROUNDING,
        GUARD,
        ORDER,
        OVERLAP,
        POINTS,
        PREMISE,
        REFUSAL,
        USABILITY,
    ];
    /// Verdicts that another program recorded, on its own scale.
    pub const RECORDED: &str = "recorded";

    /// How cautious each label of a measure is, in the order of its scale, from 0 (does what was
    /// asked) to 1 (declines); `None` for a label that says nothing about that, and for measures
    /// that are not about caution.
    pub fn caution(of: &str) -> Option<&'static [Option<f64>]> {
        match of {
            // Comply, partial, refuse.
            REFUSAL => Some(&[Some(0.0), Some(0.5), Some(1.0)]),
            // Declined, withheld and guided, helped with care, helped, off topic.
            BEHAVIOUR => Some(&[Some(1.0), Some(2.0 / 3.0), Some(1.0 / 3.0), Some(0.0), None]),
            _ => None,
        }
    }
}

/// The identity of a judge. Its hash covers prompt, model, parameters and version of the code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Instrument {
    /// Kebab-case id, unique in a run.
    pub id: JudgeId,
    /// What it measures: a name of [`measure`], or any other.
    pub measure: String,
    /// Its labels, and which of them are good.
    pub scale: Scale,
    /// As a report shows it.
    pub title: String,
    /// Version of its asset, such as the rubric.
    pub version: String,
    /// Names of the models that it asks, joined by ` + `; `None` if it needs no model.
    pub model: Option<String>,
    /// Hash over everything that can change a verdict.
    pub hash: ContentHash,
    /// True if another program recorded its verdicts, so that it cannot judge anything else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recorded: bool,
}

impl Instrument {
    /// How far an answer gave way to what was asked, from 0 to 1: by the caution of its label or,
    /// on a scale with a bad end, by the place of the label. `None` if the score cannot tell.
    pub fn gave_way(&self, score: &Score) -> Option<f64> {
        let place = self.scale.place(score)?;
        if let Some(caution) = measure::caution(&self.measure) {
            return Some(1.0 - (*caution.get(place)?)?);
        }
        let steps = self.scale.labels.len().checked_sub(1).filter(|n| *n > 0)?;
        let share = place as f64 / steps as f64;
        match self.scale.better {
            Better::Lower => Some(share),
            Better::Higher => Some(1.0 - share),
            Better::Neither => None,
        }
    }
}

/// What a judge may use for one verdict.
pub struct JudgeContext<'a> {
    /// Models to ask, metered by the engine, in the order in which the judge was set up with
    /// them; empty for judges that need none.
    pub models: &'a [&'a dyn ChatModel],
    /// Seed for fences, canaries and samples.
    pub seed: u64,
}

/// Judges transcripts.
pub trait Judge: Send + Sync {
    /// Judges `transcript`, which answers `probe`. Never fails: a judge that cannot score returns
    /// [`Verdict::Unscored`] with the reason.
    fn judge<'a>(
        &'a self,
        probe: &'a Probe,
        transcript: &'a Transcript,
        cx: &'a JudgeContext<'a>,
    ) -> BoxFuture<'a, Verdict>;

    /// The identity, which must not change while the judge is in use.
    fn instrument(&self) -> &Instrument;

    /// Whether the judge was built from this very answer, for example as training data. Such
    /// answers must not be used to measure the judge.
    fn has_seen(&self, _transcript: &Transcript) -> bool {
        false
    }

    /// Number of calls for one verdict to each model that the judge was set up with, without repairs;
    /// empty for judges that ask no model.
    fn calls(&self) -> Vec<u32> {
        Vec::new()
    }

    /// As [`calls`](Self::calls), for a verdict on an answer to `probe`.
    fn calls_for(&self, _probe: &Probe) -> Vec<u32> {
        self.calls()
    }

    /// Does slow preparations, such as compiling patterns. Called while the first answers are
    /// fetched; a judge that was not prepared must prepare itself when it judges.
    fn prepare(&self) {}
}
