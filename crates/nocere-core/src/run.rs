//! The parts of a run as plain values, which the journal stores and analyses read.

use serde::{Deserialize, Serialize};

use crate::{
    ContentHash, DriverId, DriverIdentity, Intent, JudgeId, ModelIdentity, Money, Perspective,
    Probe, ProbeId, ProtocolRecord, RunId, Sampling, SuiteId, TargetId, Transcript, Verdict, clock,
    hash_json,
};

/// The id, kind and settings of a run. Written before the first call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunHeader {
    /// Id, unique in the project. Ids sort by time.
    pub id: RunId,
    /// When the run was planned: RFC 3339, UTC.
    pub created: String,
    /// Version of nocere that planned the run.
    pub nocere_version: String,
    /// The command that repeats the run.
    pub command: String,
    /// What the run was made for.
    pub kind: RunKind,
    /// Seed of everything random in the run.
    pub seed: u64,
    /// Number of times that each probe is asked, at least 1.
    pub epochs: u32,
    /// True if only models on this machine may be asked.
    pub local_only: bool,
    /// Judges in the user's notation, from which a resumed run builds the same ones.
    pub judges: Vec<String>,
    /// The target that writes for attacks; `None` if the run needs no attacker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attacker: Option<String>,
    /// The judge that attacks ask; `None` for the embedded one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scorer: Option<String>,
    /// Hash of the policies of all perspectives.
    pub policies: ContentHash,
    /// What the run may spend before it stops.
    #[serde(default)]
    pub budget: Budget,
    /// Ids of runs whose replies are reused where the identical call was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reuse: Vec<RunId>,
    /// The protocol that was followed; `None` if suites were named one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<ProtocolRecord>,
    /// Whom the system under test is for; empty if it is for everyone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intended_users: Vec<Perspective>,
    /// Assets of the project that replaced shipped ones or were added to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<AssetRecord>,
    /// For imported runs: the file with the recorded answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_from: Option<String>,
}

impl RunHeader {
    /// The header of a new run with a new id, created now by this version. It has one epoch, seed
    /// 0 and no other settings.
    pub fn new(kind: RunKind, command: impl Into<String>, policies: ContentHash) -> Self {
        Self {
            id: new_run_id().into(),
            created: clock::now_utc(),
            nocere_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: command.into(),
            kind,
            seed: 0,
            epochs: 1,
            local_only: false,
            judges: Vec::new(),
            attacker: None,
            scorer: None,
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

/// A new id that sorts by time, so that the latest run is the last one. The two digits at the end
/// distinguish runs that several processes plan in the same millisecond.
fn new_run_id() -> String {
    let noise = hash_json("run", &(clock::now_nanos().to_string(), std::process::id()));
    format!("{}{}", clock::now_stamp(), &noise.as_str()[..2])
}

/// An asset of the project, in place of a shipped one or beside them, that a run was planned with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AssetRecord {
    /// Its kind, such as `policy` or `rubric`.
    pub kind: String,
    /// Its name, which is that of the file without its extension.
    pub name: String,
    /// Hash of its text.
    pub hash: ContentHash,
}

/// The purpose of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RunKind {
    /// Targets are asked and judged.
    Asked,
    /// Another program recorded the answers.
    Imported,
    /// Answers of an earlier run are judged by other judges.
    Rejudged,
    /// A judge is measured on labelled answers.
    Calibration,
    /// A judge is tested with answers that try to manipulate it.
    JudgeTest,
    /// Two judges are compared on the answers of a run.
    JudgeComparison,
    /// Simulated targets with planted faults are asked, to see what a suite finds.
    Power,
    /// The suite builder asks its generator for candidates.
    Generation,
    /// The suite builder judges how well candidates fit.
    Fit,
}

impl RunKind {
    /// True for runs that only serve another command. `latest` never refers to them.
    pub fn is_aside(self) -> bool {
        match self {
            Self::Asked | Self::Imported | Self::Rejudged => false,
            Self::Calibration
            | Self::JudgeTest
            | Self::JudgeComparison
            | Self::Power
            | Self::Generation
            | Self::Fit => true,
        }
    }

    /// True for runs of the suite builder. No other command can continue them.
    pub fn is_of_a_build(self) -> bool {
        matches!(self, Self::Generation | Self::Fit)
    }
}

/// Spending limits of a run, over all its sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Budget {
    /// Maximum cost, by the price tables of its models; `None` for no limit.
    pub max_cost: Option<Money>,
    /// Maximum number of requests, retries included; `None` for no limit.
    pub max_requests: Option<u64>,
}

/// Calls to one model so far, and what they cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Spending {
    /// Number of calls with a recorded reply.
    pub calls: u64,
    /// Number of requests that were sent for them, retries included.
    pub requests: u64,
    /// Tokens of all requests.
    pub input_tokens: u64,
    /// Tokens of all answers.
    pub output_tokens: u64,
    /// Cost of the calls whose price is known, and the most that requests without an answer may
    /// have cost.
    pub cost: Money,
    /// The part of `cost` that is for requests without an answer (late, broken off, unreadable): an
    /// upper bound, because nobody says whether they are billed.
    #[serde(default)]
    pub unanswered: Money,
    /// Number of calls whose price is unknown. They are not included in `cost`.
    pub unpriced: u64,
}

/// A target of the run, as planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TargetRecord {
    /// The model behind the target.
    pub identity: ModelIdentity,
    /// Its system prompt; `None` if it has none.
    pub system_prompt: Option<String>,
    /// Sampling that it is asked with.
    pub sampling: Sampling,
    /// What stands between the asker and the model; empty if nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<GuardRecord>,
}

/// A guard of a target, as planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GuardRecord {
    /// Kebab-case id.
    pub id: String,
    /// Version of its file.
    pub version: String,
    /// As a report shows it.
    pub title: String,
    /// Hash over everything that can change an answer, its judge included.
    pub hash: ContentHash,
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

/// A run as a list of runs shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Id, kind and settings.
    pub header: RunHeader,
    /// Whether it has work left.
    pub state: RunState,
    /// Number of finished units.
    pub done: u64,
    /// Number of all units.
    pub total: u64,
    /// Ids of the targets.
    pub targets: Vec<TargetId>,
    /// Ids of the suites.
    pub suites: Vec<SuiteId>,
    /// What led its conversations.
    pub drivers: Vec<DriverIdentity>,
    /// Number of its probes.
    pub probes: u64,
    /// Ids of its judges.
    pub judges: Vec<JudgeId>,
}

/// What went wrong between a run and one of its models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trouble {
    /// Name of the model.
    pub model: String,
    /// Number of failed attempts at calls.
    pub attempts: u64,
    /// When the first failed: RFC 3339, UTC.
    pub first: String,
    /// When the last failed.
    pub last: String,
    /// What went wrong with the last, in one line. Hostile text if a server wrote it.
    pub problem: String,
}

/// A verdict and the instrument that gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgeVerdict {
    /// Hash of the instrument.
    pub instrument: ContentHash,
    /// The verdict itself.
    pub verdict: Verdict,
    /// Its verdicts on earlier answers: see [`crate::Judged`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Verdict>,
}

/// A finished unit with its probe, transcript and verdicts.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Position of the unit in the plan, from 0.
    pub seq: i64,
    /// The target's id.
    pub target: TargetId,
    /// The driver's id.
    pub driver: DriverId,
    /// Position of its probe in the run, from 0: the same for all epochs and targets.
    pub position: i64,
    /// Repetition of the probe, from 0.
    pub epoch: u32,
    /// The probe that was asked.
    pub probe: Probe,
    /// The conversation.
    pub transcript: Transcript,
    /// Verdicts of the judges that have judged it.
    pub verdicts: Vec<JudgeVerdict>,
}

impl Sample {
    /// The verdict of the instrument with this hash, if it has judged the sample.
    pub fn verdict(&self, instrument: &ContentHash) -> Option<&Verdict> {
        let mut verdicts = self.verdicts.iter();
        let found = verdicts.find(|verdict| verdict.instrument == *instrument);
        found.map(|verdict| &verdict.verdict)
    }

    /// True if the words that were sent ask something else than the probe: the answer says nothing
    /// about it.
    pub fn is_drifted(&self) -> bool {
        let facts = self.transcript.attack.as_ref();
        facts.is_some_and(|facts| facts.intent == Some(Intent::Drifted))
    }

    /// The verdicts of the instrument on each answer, oldest first, the last one included.
    pub fn by_turn<'a>(
        &'a self,
        instrument: &'a ContentHash,
    ) -> impl Iterator<Item = &'a Verdict> + 'a {
        let verdicts = self.verdicts.iter();
        verdicts
            .filter(move |verdict| verdict.instrument == *instrument)
            .flat_map(|verdict| verdict.earlier.iter().chain([&verdict.verdict]))
    }
}

/// A sample that a person has struck out, because it says nothing about the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StruckSample {
    /// Position of the unit in the plan, from 0.
    pub unit: i64,
    /// Id of its probe.
    pub probe: ProbeId,
    /// Id of its target.
    pub target: TargetId,
    /// Repetition of the probe, from 0.
    pub epoch: u32,
    /// Who struck it out; may be empty.
    pub by: String,
    /// Why, in the person's words.
    pub reason: String,
    /// When: RFC 3339, UTC.
    pub at: String,
}

/// A person's label of one sample. Labels are append-only: a rater who changes their mind adds
/// another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HumanLabel {
    /// Position of the labelled unit in the plan, from 0.
    pub unit: i64,
    /// Name or pseudonym of the rater.
    pub rater: String,
    /// Id of the form that was filled in, such as a judge's scale.
    pub form: String,
    /// The label: one of the form's scale, or a number as text.
    pub value: String,
    /// The rater's reason; may be empty.
    #[serde(default)]
    pub reason: String,
    /// Byte ranges of the passages in the last answer that support the label.
    #[serde(default)]
    pub spans: Vec<(usize, usize)>,
    /// When the label was given: RFC 3339, UTC.
    pub at: String,
    /// Version of the guideline that the rater followed.
    pub guideline: String,
}
