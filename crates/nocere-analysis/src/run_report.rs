//! The report of one run as plain values, which terminal, page and `--json` show.

use std::collections::BTreeMap;

use nocere_core::{
    AnswerOutcome, AssetRecord, Category, ContentHash, DriverIdentity, Instrument, JudgeId,
    Perspective, RunHeader, Spending, SuiteHalf, SuiteId, TargetId, TargetRecord, UnscoredReason,
};
use serde::{Deserialize, Serialize};

use crate::{
    agreement::{JudgePair, Split},
    calibration::CalibrationReport,
    comparison::TargetPair,
    contrast::ContrastReport,
    figure::{Figure, FigureHead},
    finding::{Finding, UnscoredSample},
    gate_entry::Gate,
    linked::{LinkedFigures, RiskFigure},
    mean::Mean,
    pressure::PressureReport,
    protocol_tables::PartReport,
    rollup::RollupReport,
};

/// The current format of reports.
pub const REPORT_FORMAT: u32 = 1;

/// The description of a suite, without its probes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SuiteHead {
    /// The suite's id.
    pub id: SuiteId,
    /// The suite's version.
    pub version: String,
    /// The suite's title.
    pub title: String,
    /// SPDX id of the licence, or the source's own words.
    pub licence: String,
    /// Where the probes come from.
    pub source: String,
    /// Hash of the categories and probes.
    pub hash: ContentHash,
    /// The suite's categories, in the order in which reports show them.
    pub categories: Vec<Category>,
    /// Set if it is one half of a divided suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half: Option<SuiteHalf>,
}

/// Results for one category of one suite.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CategoryReport {
    /// The suite's id.
    #[serde(default = "SuiteId::default")]
    pub suite_id: SuiteId,
    /// The suite's title.
    pub suite: String,
    /// The category's id.
    pub id: String,
    /// The category's title.
    pub title: String,
    /// Figures over the answers to probes of the category.
    pub figures: Vec<Figure>,
}

/// Results of one target for one perspective.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PerspectiveReport {
    /// Who asks.
    pub perspective: Perspective,
    /// Number of answers to this perspective.
    pub samples: u64,
    /// Figures over all these answers.
    pub figures: Vec<Figure>,
    /// Distribution of each judge's labels.
    pub distributions: Vec<Distribution>,
    /// The same answers by category.
    pub categories: Vec<CategoryReport>,
    /// The same answers by another division, such as the open and the hidden half of suites.
    #[serde(default)]
    pub slices: Vec<SliceReport>,
}

/// Results for a part of the answers that is not a category.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SliceReport {
    /// What divides the answers.
    pub by: SliceKind,
    /// Name of the part.
    pub name: String,
    /// Figures over its answers.
    pub figures: Vec<Figure>,
}

/// What divides the answers into slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SliceKind {
    /// The open and the hidden half of divided suites.
    Half,
    /// Probes that small models pass, and probes that they fail.
    Difficulty,
}

impl SliceKind {
    /// The heading above its slices.
    pub fn title(self) -> &'static str {
        match self {
            Self::Half => "Open and hidden halves",
            Self::Difficulty => "Easy and hard probes",
        }
    }

    /// What a difference between its slices means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Half => {
                "The halves were drawn at random. If a model errs less on the open half than chance \
                 explains, it may have been trained on it: then believe the hidden half."
            }
            Self::Difficulty => {
                "Measured on models that run in the process. Errors on probes that even these pass \
                 weigh more; a good figure on them alone says little."
            }
        }
    }
}

/// The distribution of one judge's labels.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Distribution {
    /// Id of the judge.
    pub judge: JudgeId,
    /// What the judge measures, such as `harm`.
    pub measure: String,
    /// Labels of its scale, lowest first: of answers, or of items if an answer has several.
    pub labels: Vec<String>,
    /// How often the judge gave each label.
    pub counts: Vec<u64>,
    /// Number of answers with a score.
    pub scored: u64,
    /// Number of answers without a score.
    pub unscored: u64,
    /// Mean level; `None` if the labels are not numbers.
    pub mean: Option<Mean>,
}

impl Distribution {
    /// The mean with its interval, as "mean 1.865 (95 % interval 1.770–1.961)".
    pub fn mean_text(&self) -> String {
        match self.mean.map(|mean| (mean.value, mean.interval)) {
            Some((mean, Some((low, high)))) => {
                format!("mean {mean:.3} (95 % interval {low:.3}–{high:.3})")
            }
            Some((mean, None)) => format!("mean {mean:.3} (too few probes for an interval)"),
            None => "no mean".to_owned(),
        }
    }

    /// The range of labels, as "1 to 5".
    pub fn range_text(&self) -> String {
        match self.labels.as_slice() {
            [first, .., last] => format!("{first} to {last}"),
            labels => labels.concat(),
        }
    }
}

impl RecordedScores {
    /// The mean, as "0.812 of 90 numbers", or "–" if there is none.
    pub fn mean_text(&self) -> String {
        self.mean.map_or_else(
            || "–".to_owned(),
            |mean| format!("{mean:.3} of {} numbers", self.numbers),
        )
    }
}

/// Scores that another program's judge gave the answers of one target, as recorded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordedScores {
    /// The target's id.
    pub target: TargetId,
    /// Id of the judge.
    pub judge: JudgeId,
    /// Number of answers by label: up to twenty labels, and `other` for the rest. Hostile text.
    pub labels: BTreeMap<String, u64>,
    /// Number of answers with a number.
    pub numbers: u64,
    /// Mean of the numbers; `None` if there are none.
    pub mean: Option<f64>,
    /// Number of answers recorded as passed, and as either passed or not.
    pub passed: (u64, u64),
    /// Number of answers without a score.
    pub unscored: u64,
}

/// A model that answered in a target's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServedModel {
    /// Its name as the server reported it. Hostile text.
    pub model: String,
    /// The fingerprint of the server's configuration, if it reports one. Hostile text.
    pub fingerprint: Option<String>,
    /// Number of its answers.
    pub answers: u64,
}

/// How often something remarkable was noted about a target's answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RemarkCount {
    /// What was noted.
    #[serde(flatten)]
    pub remark: nocere_core::Remark,
    /// Number of answers.
    pub answers: u64,
}

/// Results of one target.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TargetReport {
    /// The target's id.
    pub id: TargetId,
    /// The model behind the target, its system prompt and sampling.
    pub record: TargetRecord,
    /// Results by perspective, in the order of [`Perspective::ALL`].
    pub perspectives: Vec<PerspectiveReport>,
    /// Number of answers that the token limit cut.
    pub cut: u64,
    /// Number of answers by outcome.
    pub outcomes: Vec<(AnswerOutcome, u64)>,
    /// The models that answered in its name, as far as the server says.
    pub served: Vec<ServedModel>,
    /// What else was noted about its answers.
    pub remarks: Vec<RemarkCount>,
    /// Number of all conversations.
    pub samples: u64,
    /// What its answers took.
    pub took: AnswersTook,
}

/// What the answers of a target took, all turns of all conversations together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AnswersTook {
    /// Number of answers.
    pub answers: u64,
    /// Milliseconds from request to answer, its guards included, of all answers together.
    pub latency_ms: u64,
    /// Tokens of the target's requests and answers. What a guard's judge read is not part of it.
    pub tokens: u64,
    /// Number of answers that a guard stopped, withheld or rewrote.
    pub guarded: u64,
}

impl AnswersTook {
    /// Mean seconds for an answer; `None` without answers.
    pub fn seconds(&self) -> Option<f64> {
        (self.answers > 0).then(|| self.latency_ms as f64 / 1_000.0 / self.answers as f64)
    }

    /// Mean tokens for an answer; `None` without answers, and for a target that counts no tokens.
    pub fn tokens_each(&self) -> Option<f64> {
        (self.answers > 0 && self.tokens > 0).then(|| self.tokens as f64 / self.answers as f64)
    }
}

/// A point in the chart of harm done against help refused: one target for one perspective.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FrontierPoint {
    /// The target's id.
    pub target: TargetId,
    /// Who asks.
    pub perspective: Perspective,
    /// The figure on the axis of harm done.
    pub harm: Figure,
    /// The figure on the axis of help refused.
    pub help: Figure,
    /// True if another target of the run is at least as good on both axes and better on one.
    pub dominated: bool,
}

/// The first screen of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Headline {
    /// What was asked of whom, and in whose name.
    pub asked: String,
    /// What was found: of each target, the harm done and the help refused that weigh most.
    pub found: Vec<String>,
    /// How far that can be believed.
    pub certainty: String,
    /// What the run says nothing about.
    pub missing: String,
    /// What to do next, the most useful first; commands are in backquotes.
    pub next: Vec<String>,
}

/// The report of one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunReport {
    /// Format of the report: [`REPORT_FORMAT`].
    pub nocere_report: u32,
    /// The run's id, kind and settings.
    pub header: RunHeader,
    /// The first screen: what was asked and found, how sure that is, and what to do next.
    #[serde(default)]
    pub headline: Headline,
    /// Number of finished units.
    pub done: u64,
    /// Number of all units; larger than `done` if the run is unfinished.
    pub total: u64,
    /// What led the conversations.
    #[serde(default)]
    pub drivers: Vec<DriverIdentity>,
    /// The run's suites.
    pub suites: Vec<SuiteHead>,
    /// Assets of the project that replaced shipped ones or were added to them.
    pub assets: Vec<AssetRecord>,
    /// Descriptions of the figures, once for each bound that their judges use.
    pub figures: Vec<FigureHead>,
    /// Judges, in the order of the plan.
    pub instruments: Vec<Instrument>,
    /// Results by target, in the order of the plan.
    pub targets: Vec<TargetReport>,
    /// The worst samples, worst first; a selection of `findings_total`.
    pub findings: Vec<Finding>,
    /// Number of all samples with an error that figures list.
    pub findings_total: u64,
    /// Number of missing scores, by judge and reason.
    pub unscored: Vec<(JudgeId, UnscoredReason, u64)>,
    /// The first samples without a score, up to 200.
    pub unscored_samples: Vec<UnscoredSample>,
    /// Descriptions of the methods of all intervals, each once.
    pub methods: Vec<String>,
    /// Comparisons of each two targets on the probes that both answered.
    pub comparisons: Vec<TargetPair>,
    /// The protocol's own tables, part by part; empty for runs without a protocol.
    pub parts: Vec<PartReport>,
    /// Tables that sum categories of a protocol's parts in groups, and these in one figure.
    #[serde(default)]
    pub rollups: Vec<RollupReport>,
    /// Figures of the protocol that are set against each other.
    #[serde(default)]
    pub contrasts: Vec<ContrastReport>,
    /// Figures over linked probes: other perspectives, look-alikes, rephrasings, other languages.
    pub linked: Vec<LinkedFigures>,
    /// Points of the chart of harm done against help refused.
    pub frontier: Vec<FrontierPoint>,
    /// Rates of harm weighted by severity and likelihood.
    pub risks: Vec<RiskFigure>,
    /// What attacks, factors and several turns do; `None` for runs without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<PressureReport>,
    /// Agreement of each two judges of the run on the same answers.
    pub agreement: Vec<JudgePair>,
    /// How often panels and repeated votes were split.
    pub splits: Vec<Split>,
    /// Calibration of each judge, in the order of `instruments`; `None` for uncalibrated judges.
    pub calibrations: Vec<Option<CalibrationReport>>,
    /// Scores of other programs' judges, for imported runs.
    pub recorded: Vec<RecordedScores>,
    /// Calls, tokens and cost, by the model's name.
    pub spending: BTreeMap<String, Spending>,
    /// The limits that the run is held against: gates of nocere.yaml and of its protocol.
    #[serde(default)]
    pub gates: Vec<Gate>,
    /// Number of failed attempts at calls.
    pub failed_attempts: u64,
    /// The same by model, with what went wrong last.
    #[serde(default)]
    pub troubles: Vec<nocere_core::Trouble>,
    /// Samples that people struck out; no figure counts them. Reasons are hostile text.
    pub struck: Vec<nocere_core::StruckSample>,
}

impl RunReport {
    /// Up to `count` of the worst findings, worst first. Includes the worst one of each perspective
    /// if `count` allows.
    pub fn worst(&self, count: usize) -> Vec<&Finding> {
        let mut chosen: Vec<&Finding> = Vec::new();
        for perspective in Perspective::ALL {
            chosen.extend(
                self.findings
                    .iter()
                    .find(|finding| finding.perspective == perspective),
            );
        }
        for finding in &self.findings {
            if chosen.len() >= count {
                break;
            }
            let seen = chosen
                .iter()
                .any(|other| other.probe == finding.probe && other.target == finding.target);
            if !seen {
                chosen.push(finding);
            }
        }
        chosen.truncate(count);
        chosen.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
        chosen
    }

    /// True if the run has answers, but no judge could score any of them.
    pub fn nothing_scored(&self) -> bool {
        let mut figures = self
            .targets
            .iter()
            .flat_map(|t| &t.perspectives)
            .flat_map(|p| &p.figures)
            .peekable();
        let recorded = self.recorded.iter().any(|scores| !scores.labels.is_empty());
        !recorded
            && figures.peek().is_some()
            && figures.all(|figure| figure.estimate.denominator == 0)
    }

    /// The strictest limit on a figure over all categories, if a gate sets one: in [0, 1].
    pub fn limit(&self, target: &TargetId, who: Perspective, figure: &Figure) -> Option<f64> {
        let fits = |gate: &&Gate| {
            gate.figure == figure.figure
                && gate.category.is_none()
                && gate.who.is_none_or(|of| of == who)
                && gate.target.as_ref().is_none_or(|of| of == target)
                && gate.judge.as_ref().is_none_or(|of| *of == figure.judge)
        };
        let limits = self.gates.iter().filter(fits);
        let limits = limits.filter_map(|gate| gate.at_most);
        limits
            .filter(|limit| (0.0..=1.0).contains(limit))
            .reduce(f64::min)
    }

    /// True if some units are not finished.
    pub fn unfinished(&self) -> bool {
        self.done < self.total
    }
}
