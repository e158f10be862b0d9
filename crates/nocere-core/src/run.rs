//! What a run is and what it holds, as plain values: the journal keeps them, analyses read them.

use serde::{Deserialize, Serialize};

use crate::{
    ContentHash, ModelIdentity, Money, Perspective, Probe, ProtocolRecord, Sampling, Transcript,
    Verdict, clock, hash_json,
};

/// What a run is: written once, before the first call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunHeader {
    /// Sortable by time, unique in the project.
    pub id: String,
    /// RFC 3339, UTC.
    pub created: String,
    /// Version of nocere that planned the run.
    pub nocere_version: String,
    /// The command that repeats the run.
    pub command: String,
    /// What it was made for.
    pub kind: RunKind,
    /// Seed of everything random in the run.
    pub seed: u64,
    /// Repetitions of each probe.
    pub epochs: u32,
    /// Whether only models on this machine may be asked.
    pub local_only: bool,
    /// Judges as the user named them, so that a resumed run builds the same ones.
    pub judges: Vec<String>,
    /// How each perspective's policy text was identified.
    pub policies: ContentHash,
    /// What the run may spend before it stops.
    #[serde(default)]
    pub budget: Budget,
    /// Runs whose replies are taken over where the very same call was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reuse: Vec<String>,
    /// The protocol that was followed, if suites were not named one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<ProtocolRecord>,
    /// Who the deployment under test is for; empty where it is for everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intended_users: Vec<Perspective>,
    /// Assets of the project that were used in place of the shipped ones, or beside them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<AssetRecord>,
    /// For imported runs: where the answers were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<String>,
}

impl RunHeader {
    /// The header of a new run: a new id, created now by this version, once over each probe,
    /// everything else empty.
    pub fn new(kind: RunKind, command: impl Into<String>, policies: ContentHash) -> Self {
        Self {
            id: new_run_id(),
            created: clock::now_utc(),
            nocere_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: command.into(),
            kind,
            seed: 0,
            epochs: 1,
            local_only: false,
            judges: Vec::new(),
            policies,
            budget: Budget::default(),
            reuse: Vec::new(),
            protocol: None,
            intended_users: Vec::new(),
            assets: Vec::new(),
            imported_from: None,
        }
    }
}

/// Sorts by time, so that the latest run is the last one; the two digits at the end keep apart
/// what several processes plan in one millisecond.
fn new_run_id() -> String {
    let noise = hash_json("run", &(clock::now_nanos().to_string(), std::process::id()));
    format!("{}{}", clock::now_stamp(), &noise.as_str()[..2])
}

/// An asset that is not the shipped one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AssetRecord {
    /// What it is: `policy`, `rubric`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Hash of its text.
    pub hash: ContentHash,
}

/// What a run was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RunKind {
    /// Targets were asked.
    Asked,
    /// Another program recorded the answers.
    Imported,
    /// The answers of an earlier run, under other judges.
    Rejudged,
    /// Labelled answers, to measure a judge.
    Calibration,
    /// Answers with texts that speak to a judge.
    JudgeTest,
    /// A run's answers, under two judges that are compared.
    JudgeComparison,
    /// The suite builder's requests to its generator.
    Generation,
    /// The suite builder's candidates, under its judge of fit.
    Fit,
}

impl RunKind {
    /// True for runs that serve another command: `latest` does not mean them.
    pub fn is_aside(self) -> bool {
        match self {
            Self::Asked | Self::Imported | Self::Rejudged => false,
            Self::Calibration
            | Self::JudgeTest
            | Self::JudgeComparison
            | Self::Generation
            | Self::Fit => true,
        }
    }

    /// True for runs that belong to the suite builder, which alone can continue them.
    pub fn is_of_a_build(self) -> bool {
        matches!(self, Self::Generation | Self::Fit)
    }
}

/// What a run may spend, in all its sessions together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Budget {
    /// Money, by the price tables of its models.
    pub max_cost: Option<Money>,
    /// Requests, repeated ones included.
    pub max_requests: Option<u64>,
}

/// What a model's calls came to so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Spending {
    /// Calls with a recorded reply.
    pub calls: u64,
    /// Requests that were sent for them, repeated ones included.
    pub requests: u64,
    /// Tokens of requests.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// Money, as far as prices are known.
    pub cost: Money,
    /// Calls whose price is not known: they are not in `cost`.
    pub unpriced: u64,
}

/// A target of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TargetRecord {
    /// What it is.
    pub identity: ModelIdentity,
    /// Its system prompt.
    pub system_prompt: Option<String>,
    /// How it samples.
    pub sampling: Sampling,
}

/// Whether a run still has work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Some units are not done.
    Unfinished,
    /// Every unit is done.
    Finished,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// What it is.
    pub header: RunHeader,
    /// Whether it has work left.
    pub state: RunState,
    /// Units that are done.
    pub done: u64,
    /// Units in all.
    pub total: u64,
    /// Names of the targets.
    pub targets: Vec<String>,
    /// Ids of the suites.
    pub suites: Vec<String>,
}

/// One verdict with the instrument that gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgeVerdict {
    /// Hash of the instrument.
    pub instrument: ContentHash,
    /// What it said.
    pub verdict: Verdict,
}

/// A finished unit with everything that a report needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Position of the unit in the plan.
    pub seq: i64,
    /// The target's id.
    pub target: String,
    /// The driver's id.
    pub driver: String,
    /// Position of its probe: the same for all epochs and targets.
    pub position: i64,
    /// From 0.
    pub epoch: u32,
    /// What was asked.
    pub probe: Probe,
    /// What was said.
    pub transcript: Transcript,
    /// What the judges say.
    pub verdicts: Vec<JudgeVerdict>,
}

impl Sample {
    /// The verdict of the instrument with this hash, if it has judged the sample.
    pub fn verdict(&self, instrument: &ContentHash) -> Option<&Verdict> {
        let mut verdicts = self.verdicts.iter();
        let found = verdicts.find(|verdict| verdict.instrument == *instrument);
        found.map(|verdict| &verdict.verdict)
    }
}

/// What a person said of one sample. Labels are append-only: who changes their mind adds one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HumanLabel {
    /// Position of the unit in the plan.
    pub unit: i64,
    /// Who said it, as a name or a pseudonym.
    pub rater: String,
    /// The form that was filled in, such as the id of a judge's scale.
    pub form: String,
    /// What was said: a label of the form's scale, or a number in words.
    pub value: String,
    /// Why, in the rater's words; empty if nothing was said.
    #[serde(default)]
    pub reason: String,
    /// The passages of the last answer that the label rests on, as byte ranges.
    #[serde(default)]
    pub spans: Vec<(usize, usize)>,
    /// RFC 3339, UTC.
    pub at: String,
    /// Version of the guideline that the rater followed.
    pub guideline: String,
}
