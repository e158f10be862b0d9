//! Everything that a report shows of one run, computed from its journal.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{
    Finish, Instrument, Perspective, Score, Suite, UnscoredReason, Verdict, key::derive_seed,
};
use nocere_stats::{Observation, rate};
use nocere_store::{RunHeader, RunReader, SampleRow, StoreError, TargetRecord};
use serde::Serialize;
use thiserror::Error;

use crate::{
    finding::{Finding, UnscoredSample, assess},
    metric::{Figure, Metric},
};

/// Findings that a report keeps.
const MAX_FINDINGS: usize = 45;
/// Unscored samples that a report lists one by one.
const MAX_UNSCORED: usize = 200;

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
    /// Answers that the refusal judge labelled comply, partial and refuse.
    pub compliance: [u64; 3],
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Its categories.
    pub categories: Vec<CategoryReport>,
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
}

/// One scored or unscored answer of one metric.
struct Count {
    lane: String,
    perspective: Perspective,
    suite: String,
    category: String,
    metric: Metric,
    cluster: String,
    hit: Option<bool>,
}

#[derive(Default)]
struct Collected {
    counts: Vec<Count>,
    samples: BTreeMap<(String, Perspective), u64>,
    cut: BTreeMap<String, u64>,
    compliance: BTreeMap<(String, Perspective), [u64; 3]>,
    findings: Vec<Finding>,
    findings_total: u64,
    unscored: BTreeMap<(String, UnscoredReason), u64>,
    unscored_samples: Vec<UnscoredSample>,
}

impl RunReport {
    /// Computes the report of the run behind `reader`.
    pub fn build(reader: &RunReader) -> Result<Self, ReportError> {
        let header = reader.header()?;
        let suites = reader.suites()?;
        let instruments = reader.instruments()?;
        let (done, total) = reader.progress()?;
        let mut collected = Collected::default();
        reader.for_each_sample(|row| collected.add(&row, &suites, &instruments))?;
        collected.keep_worst();
        let targets: Vec<TargetReport> = reader
            .targets()?
            .into_iter()
            .map(|(id, record)| {
                target_report(id, record, &collected, &suites, &instruments, header.seed)
            })
            .collect();
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
        Ok(Self {
            header,
            done,
            total,
            suites,
            instruments,
            targets,
            findings: collected.findings,
            findings_total: collected.findings_total,
            unscored: collected
                .unscored
                .into_iter()
                .map(|((judge, reason), n)| (judge, reason, n))
                .collect(),
            unscored_samples: collected.unscored_samples,
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
        figures.peek().is_some() && figures.all(|figure| figure.estimate.denominator == 0)
    }

    /// Whether some units are not done.
    pub fn unfinished(&self) -> bool {
        self.done < self.total
    }
}

impl Collected {
    fn add(&mut self, row: &SampleRow, suites: &[Suite], instruments: &[Instrument]) {
        let probe = &row.probe;
        *self
            .samples
            .entry((row.lane.clone(), probe.perspective))
            .or_default() += 1;
        if row
            .transcript
            .last_answer()
            .is_some_and(|(_, facts)| facts.finish == Finish::Length)
        {
            *self.cut.entry(row.lane.clone()).or_default() += 1;
        }
        for instrument in instruments {
            let verdict = row
                .verdicts
                .iter()
                .find(|verdict| verdict.instrument == instrument.hash)
                .map(|verdict| &verdict.verdict);
            if let Some(Verdict::Unscored { reason, detail }) = verdict {
                *self
                    .unscored
                    .entry((instrument.id.clone(), *reason))
                    .or_default() += 1;
                if self.unscored_samples.len() < MAX_UNSCORED {
                    self.unscored_samples.push(UnscoredSample {
                        target: row.lane.clone(),
                        probe: probe.id.clone(),
                        judge: instrument.id.clone(),
                        reason: *reason,
                        detail: detail.clone(),
                    });
                }
            }
            if let Some(Score::Compliance { label }) = verdict.and_then(Verdict::score) {
                let counts = self
                    .compliance
                    .entry((row.lane.clone(), probe.perspective))
                    .or_default();
                counts[*label as usize] += 1;
            }
            for metric in Metric::ALL {
                if metric.instrument() == instrument.kind && metric.applies(probe) {
                    self.counts.push(Count {
                        lane: row.lane.clone(),
                        perspective: probe.perspective,
                        suite: probe.suite.clone(),
                        category: probe.category.clone(),
                        metric,
                        cluster: format!("{}/{}", probe.suite, probe.id),
                        hit: verdict.and_then(|verdict| metric.hit(verdict)),
                    });
                }
            }
        }
        let category = suites
            .iter()
            .find(|suite| suite.id == probe.suite)
            .map_or(probe.category.as_str(), |suite| {
                suite.category_title(&probe.category)
            });
        if let Some(finding) = assess(row, category) {
            self.findings_total += 1;
            self.findings.push(finding);
            if self.findings.len() > 50 * MAX_FINDINGS {
                self.keep_worst();
            }
        }
    }

    /// Keeps the worst findings, a share of them for each perspective, each probe once.
    fn keep_worst(&mut self) {
        self.findings
            .sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.probe.cmp(&b.probe)));
        let mut kept: BTreeMap<Perspective, usize> = BTreeMap::new();
        let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
        self.findings.retain(|finding| {
            let count = kept.entry(finding.perspective).or_default();
            let keep = *count < MAX_FINDINGS / Perspective::ALL.len()
                && seen.insert((finding.target.clone(), finding.probe.clone()));
            *count += usize::from(keep);
            keep
        });
    }

    fn figures(
        &self,
        instruments: &[Instrument],
        seed: u64,
        wanted: impl Fn(&Count) -> bool,
    ) -> Vec<Figure> {
        let mut figures = Vec::new();
        for metric in Metric::ALL {
            let Some(instrument) = instruments
                .iter()
                .find(|instrument| instrument.kind == metric.instrument())
            else {
                continue;
            };
            let chosen: Vec<&Count> = self
                .counts
                .iter()
                .filter(|count| count.metric == metric && wanted(count))
                .collect();
            if chosen.is_empty() {
                continue;
            }
            let seed = derive_seed(seed, metric.title());
            let estimate = rate(
                chosen.iter().map(|count| Observation {
                    cluster: &count.cluster,
                    hit: count.hit,
                }),
                seed,
            );
            figures.push(Figure::new(metric, instrument, estimate));
        }
        figures
    }
}

fn target_report(
    id: String,
    record: TargetRecord,
    collected: &Collected,
    suites: &[Suite],
    instruments: &[Instrument],
    seed: u64,
) -> TargetReport {
    let mut perspectives = Vec::new();
    for perspective in Perspective::ALL {
        let samples = collected
            .samples
            .get(&(id.clone(), perspective))
            .copied()
            .unwrap_or(0);
        if samples == 0 {
            continue;
        }
        let here = |count: &Count| count.lane == id && count.perspective == perspective;
        let mut categories = Vec::new();
        for suite in suites {
            for category in &suite.categories {
                let figures = collected.figures(instruments, seed, |count| {
                    here(count) && count.suite == suite.id && count.category == category.id
                });
                if !figures.is_empty() {
                    categories.push(CategoryReport {
                        suite: suite.title.clone(),
                        id: category.id.clone(),
                        title: category.title.clone(),
                        figures,
                    });
                }
            }
        }
        perspectives.push(PerspectiveReport {
            perspective,
            samples,
            compliance: collected
                .compliance
                .get(&(id.clone(), perspective))
                .copied()
                .unwrap_or_default(),
            figures: collected.figures(instruments, seed, here),
            categories,
        });
    }
    TargetReport {
        cut: collected.cut.get(&id).copied().unwrap_or(0),
        samples: perspectives
            .iter()
            .map(|perspective| perspective.samples)
            .sum(),
        perspectives,
        record,
        id,
    }
}
