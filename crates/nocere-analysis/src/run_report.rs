//! Everything that a report shows of one run.

use std::collections::BTreeMap;

use nocere_core::{
    AnswerOutcome, AssetRecord, Category, ContentHash, DriverIdentity, Instrument, Perspective,
    RunHeader, Spending, TargetRecord, UnscoredReason,
};
use serde::{Deserialize, Serialize};

use crate::{
    agreement::{JudgePair, Split},
    calibration::CalibrationReport,
    comparison::TargetPair,
    figure::{Figure, FigureHead},
    finding::{Finding, UnscoredSample},
    linked::{LinkedFigures, RiskFigure},
    mean::Mean,
    protocol_tables::PartReport,
};

/// The format of a report.
pub const REPORT_FORMAT: u32 = 1;

/// A suite without its probes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SuiteHead {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its title.
    pub title: String,
    /// Its licence, as an SPDX id.
    pub licence: String,
    /// Where it comes from.
    pub source: String,
    /// Hash of its content.
    pub hash: ContentHash,
    /// Its categories.
    pub categories: Vec<Category>,
}

/// One category of one suite.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CategoryReport {
    /// The suite's title.
    pub suite: String,
    /// The category's id.
    pub id: String,
    /// The category's title.
    pub title: String,
    /// Its figures.
    pub figures: Vec<Figure>,
}

/// One perspective of one target.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PerspectiveReport {
    /// Who asks.
    pub perspective: Perspective,
    /// Answers of this perspective.
    pub samples: u64,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// How the labels of each judge are spread.
    pub distributions: Vec<Distribution>,
    /// Its categories.
    pub categories: Vec<CategoryReport>,
}

/// How the labels of a judge are spread.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Distribution {
    /// The judge, by its id.
    pub judge: String,
    /// What it measures.
    pub measure: String,
    /// The labels of its scale: of answers, or of the items that it looks at in an answer.
    pub labels: Vec<String>,
    /// How often it gave each of them.
    pub counts: Vec<u64>,
    /// Answers with a verdict.
    pub scored: u64,
    /// Answers without one.
    pub unscored: u64,
    /// The mean, where the labels are numbers.
    pub mean: Option<Mean>,
}

impl Distribution {
    /// The mean with its interval, in words.
    pub fn mean_text(&self) -> String {
        match self.mean.map(|mean| (mean.value, mean.interval)) {
            Some((mean, Some((low, high)))) => {
                format!("mean {mean:.3} (95 % interval {low:.3}–{high:.3})")
            }
            Some((mean, None)) => format!("mean {mean:.3} (too few probes for an interval)"),
            None => "no mean".to_owned(),
        }
    }

    /// "1 to 5": the first label and the last.
    pub fn range_text(&self) -> String {
        match self.labels.as_slice() {
            [first, .., last] => format!("{first} to {last}"),
            labels => labels.concat(),
        }
    }
}

impl RecordedScores {
    /// The mean and of how many numbers it is.
    pub fn mean_text(&self) -> String {
        self.mean.map_or_else(
            || "–".to_owned(),
            |mean| format!("{mean:.3} of {} numbers", self.numbers),
        )
    }
}

/// What a judge of another program said, as it was recorded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordedScores {
    /// The target's id.
    pub target: String,
    /// The judge, by its id.
    pub judge: String,
    /// Answers by label; at most twenty labels, the rest under `other`.
    pub labels: BTreeMap<String, u64>,
    /// Answers with a number, and their mean.
    pub numbers: u64,
    /// Mean of the numbers; `None` if there are none.
    pub mean: Option<f64>,
    /// Answers called passed, and answers called anything.
    pub passed: (u64, u64),
    /// Answers without a verdict.
    pub unscored: u64,
}

/// One target.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TargetReport {
    /// The target's id.
    pub id: String,
    /// What it is and how it was asked.
    pub record: TargetRecord,
    /// Perspectives that were asked, in the usual order.
    pub perspectives: Vec<PerspectiveReport>,
    /// Answers that the token limit cut.
    pub cut: u64,
    /// Answers by what they came to.
    pub outcomes: Vec<(AnswerOutcome, u64)>,
    /// Answers in all.
    pub samples: u64,
}

/// Harm done against help refused, of one target for one perspective.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FrontierPoint {
    /// The target.
    pub target: String,
    /// Who asks.
    pub perspective: Perspective,
    /// What counts as harm, and its rate.
    pub harm: Figure,
    /// What counts as help refused, and its rate.
    pub help: Figure,
    /// Whether another target of the run is at least as good at both and better at one.
    pub dominated: bool,
}

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunReport {
    /// Format of the report: [`REPORT_FORMAT`].
    pub nocere_report: u32,
    /// What the run is.
    pub header: RunHeader,
    /// Units done.
    pub done: u64,
    /// Units in all; more than `done` if the run is unfinished.
    pub total: u64,
    /// What led the conversations.
    pub drivers: Vec<DriverIdentity>,
    /// Suites without their probes.
    pub suites: Vec<SuiteHead>,
    /// Assets that were used in place of the shipped ones, or beside them.
    pub assets: Vec<AssetRecord>,
    /// What is counted, once for each bound that a judge draws.
    pub figures: Vec<FigureHead>,
    /// Judges.
    pub instruments: Vec<Instrument>,
    /// Targets.
    pub targets: Vec<TargetReport>,
    /// The worst samples, worst first.
    pub findings: Vec<Finding>,
    /// Samples in which something went wrong, in all.
    pub findings_total: u64,
    /// Verdicts that are missing, by judge and reason.
    pub unscored: Vec<(String, UnscoredReason, u64)>,
    /// The first of them, one by one.
    pub unscored_samples: Vec<UnscoredSample>,
    /// How the intervals were made, each once.
    pub methods: Vec<String>,
    /// Each two targets on the probes that both were asked.
    pub comparisons: Vec<TargetPair>,
    /// The protocol's own tables, part by part; empty for runs over suites.
    pub parts: Vec<PartReport>,
    /// What the links between probes show: who asks, look-alikes, other words.
    pub linked: Vec<LinkedFigures>,
    /// Harm done against help refused.
    pub frontier: Vec<FrontierPoint>,
    /// Harm by severity and likelihood.
    pub risks: Vec<RiskFigure>,
    /// How far each two judges of the run agree on the same answers.
    pub agreement: Vec<JudgePair>,
    /// Panels and repeated votes: how often the members were split.
    pub splits: Vec<Split>,
    /// What is known of each judge, in the order of the instruments; `None` if nothing.
    pub calibrations: Vec<Option<CalibrationReport>>,
    /// Verdicts of other programs, for imported runs.
    pub recorded: Vec<RecordedScores>,
    /// What the calls came to, by model.
    pub spending: BTreeMap<String, Spending>,
    /// Attempts that failed and were followed up.
    pub failed_attempts: u64,
}

impl RunReport {
    /// The worst findings for a short list: the worst of each perspective first.
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

    /// Whether the run has answers and no judge could score any of them.
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

    /// Whether some units are not done.
    pub fn unfinished(&self) -> bool {
        self.done < self.total
    }
}
