//! Everything that a report shows of one run, computed from its journal.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{
    AnswerOutcome, Baselines, Calibration, Instrument, Perspective, Suite, UnscoredReason,
};
use nocere_store::{RunHeader, RunReader, Spending, StoreError, TargetRecord};
use serde::Serialize;
use thiserror::Error;

use crate::{
    agreement::{JudgePair, Split},
    calibration::CalibrationReport,
    collect::{Collected, Context},
    comparison::{TargetPair, compare},
    finding::{Finding, UnscoredSample},
    linked::{self, FrontierPoint, LinkedFigures, RiskFigure},
    metric::Figure,
    protocol_tables::{self, PartReport},
};

/// Why there is no report.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The journal cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The page cannot be drawn.
    #[error("failed to draw the page: {0}")]
    Page(String),
}

/// One category of one suite.
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
pub struct PerspectiveReport {
    /// Who asks.
    pub perspective: Perspective,
    /// Answers of this perspective.
    pub samples: u64,
    /// Answers that each refusal judge labelled comply, partial and refuse.
    pub compliance: Vec<LabelCounts>,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Levels that each harm or helpfulness judge gave.
    pub levels: Vec<Levels>,
    /// Its categories.
    pub categories: Vec<CategoryReport>,
}

/// How a refusal judge's labels are spread.
#[derive(Clone, Debug, Serialize)]
pub struct LabelCounts {
    /// The judge, by its id.
    pub judge: String,
    /// Answers labelled comply, partial and refuse.
    pub counts: [u64; 3],
}

/// How the levels of a judge from 1 to 5 are spread.
#[derive(Clone, Debug, Serialize)]
pub struct Levels {
    /// The judge, by its id.
    pub judge: String,
    /// `harm` or `helpfulness`.
    pub measures: &'static str,
    /// Answers at levels 1 to 5.
    pub counts: [u64; 5],
    /// Answers without a level.
    pub unscored: u64,
    /// Mean level; `None` if nothing was scored.
    pub mean: Option<f64>,
    /// 95 % percentile bootstrap interval of the mean over probes; `None` with fewer than ten
    /// probes, or where all are alike.
    pub mean_interval: Option<(f64, f64)>,
}

impl Levels {
    /// Answers with a level.
    pub fn scored(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The mean with its interval, in words.
    pub fn mean_text(&self) -> String {
        match (self.mean, self.mean_interval) {
            (Some(mean), Some((low, high))) => {
                format!("mean {mean:.3} (95 % interval {low:.3}–{high:.3})")
            }
            (Some(mean), None) => format!("mean {mean:.3} (too few probes for an interval)"),
            (None, _) => "no mean".to_owned(),
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
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
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

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// What the run is.
    pub header: RunHeader,
    /// Units done.
    pub done: u64,
    /// Units in all; more than `done` if the run is unfinished.
    pub total: u64,
    /// Suites without their probes.
    pub suites: Vec<Suite>,
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
    /// Computes the report of the run behind `reader`.
    ///
    /// `calibrations` are all that the project knows; those of other judges are passed over.
    /// `baselines` are published figures of other models; those of other protocols are passed
    /// over too.
    pub fn build(
        reader: &RunReader,
        calibrations: &[Calibration],
        baselines: &[Baselines],
    ) -> Result<Self, ReportError> {
        let header = reader.header()?;
        let suites = reader.suites()?;
        let instruments = reader.instruments()?;
        let (done, total) = reader.progress()?;
        let mut collected = Collected::default();
        let protocol = header.protocol.as_ref();
        reader.for_each_sample(|row| collected.add(&row, (&suites, &instruments), protocol))?;
        collected.keep_worst();
        collected.link();
        let targets: Vec<TargetReport> = reader
            .targets()?
            .into_iter()
            .map(|(id, record)| {
                let context = Context {
                    suites: &suites,
                    instruments: &instruments,
                    calibrations,
                    seed: header.seed,
                };
                collected.target_report(id, record, &context)
            })
            .collect();
        let recorded = collected.recorded(&instruments);
        let ids: Vec<String> = targets.iter().map(|target| target.id.clone()).collect();
        let methods: BTreeSet<String> = targets
            .iter()
            .flat_map(|target| &target.perspectives)
            .flat_map(|perspective| {
                let of_categories = perspective
                    .categories
                    .iter()
                    .flat_map(|category| &category.figures);
                perspective.figures.iter().chain(of_categories)
            })
            .map(|figure| figure.estimate.method.describe())
            .collect();
        let parts = protocol.map_or_else(Vec::new, |protocol| {
            protocol_tables::parts(&protocol_tables::Source {
                protocol,
                suites: &suites,
                instruments: &instruments,
                targets: &ids,
                tally: &collected.tally,
                baselines,
                calibrations,
                seed: header.seed,
            })
        });
        let linked = linked::linked(&collected.tally, &instruments, &ids, header.seed);
        let frontier = linked::frontier(&targets);
        let risks = collected.risks(&instruments);
        let comparisons = compare(&collected.cells, &ids, &instruments, header.seed);
        Ok(Self {
            header,
            done,
            total,
            suites,
            targets,
            findings: collected.findings,
            findings_total: collected.findings_total,
            unscored: collected
                .unscored
                .into_iter()
                .map(|((judge, reason), n)| (judge, reason, n))
                .collect(),
            comparisons,
            parts,
            linked,
            frontier,
            risks,
            agreement: collected.agreement.pairs(&instruments),
            splits: collected.agreement.splits(&instruments),
            calibrations: instruments
                .iter()
                .map(|instrument| {
                    let own = calibrations
                        .iter()
                        .find(|calibration| calibration.instrument.hash == instrument.hash);
                    own.map(CalibrationReport::of)
                })
                .collect(),
            instruments,
            recorded,
            unscored_samples: collected.unscored_samples,
            spending: reader.spending()?,
            failed_attempts: reader.failed_attempts()?,
            methods: methods.into_iter().collect(),
        })
    }

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
