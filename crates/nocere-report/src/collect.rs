//! Counts that a report is made from. They grow with the number of probes and not with the
//! number of answers, so that a run of a million fits.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{
    AnswerOutcome, Calibration, Instrument, InstrumentKind, Perspective, ProtocolRecord, Score,
    Suite, UnscoredReason, Verdict,
};
use nocere_stats::rate_of_clusters;
use nocere_store::{SampleRow, TargetRecord};

use crate::{
    agreement::Agreements,
    calibration::Standing,
    finding::{Finding, UnscoredSample, assess},
    linked::RiskFigure,
    metric::{Figure, Metric},
    protocol_tables::mean,
    run_report::{
        CategoryReport, LabelCounts, Levels, PerspectiveReport, RecordedScores, TargetReport,
    },
    tally::{Facts, Labels, Tally},
};

/// Findings that a report keeps.
const MAX_FINDINGS: usize = 45;
/// Unscored samples that a report lists one by one.
const MAX_UNSCORED: usize = 200;
/// Labels of a foreign judge that are told apart.
const MAX_LABELS: usize = 20;

/// Answers of one probe: hits (or a sum) and scored answers.
#[derive(Clone, Copy)]
struct Cluster {
    position: i64,
    hits: u32,
    scored: u32,
}

/// Answers of one kind, by probe.
#[derive(Default)]
pub(crate) struct Cell {
    /// By position of the probe.
    clusters: Vec<Cluster>,
    unscored: u64,
}

impl Cell {
    fn add(&mut self, position: i64, hits: Option<u32>) {
        let Some(hits) = hits else {
            self.unscored += 1;
            return;
        };
        // Answers come in the order of the probes, once for each epoch.
        let at = match self.clusters.last() {
            Some(last) if last.position < position => Err(self.clusters.len()),
            _ => self
                .clusters
                .binary_search_by_key(&position, |cluster| cluster.position),
        };
        match at {
            Ok(at) => {
                self.clusters[at].hits += hits;
                self.clusters[at].scored += 1;
            }
            Err(at) => self.clusters.insert(
                at,
                Cluster {
                    position,
                    hits,
                    scored: 1,
                },
            ),
        }
    }
}

/// What a cell counts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) target: String,
    pub(crate) perspective: Perspective,
    suite: String,
    category: String,
}

/// What a report is made with.
pub(crate) struct Context<'a> {
    pub(crate) suites: &'a [Suite],
    pub(crate) instruments: &'a [Instrument],
    pub(crate) calibrations: &'a [Calibration],
    pub(crate) seed: u64,
}

#[derive(Default)]
struct Foreign {
    labels: BTreeMap<String, u64>,
    numbers: u64,
    sum: f64,
    passed: (u64, u64),
    unscored: u64,
}

/// Answers of one kind with and without their weights.
#[derive(Default)]
struct Weighed {
    weighted: BTreeMap<i64, (u64, u64)>,
    plain: BTreeMap<i64, (u64, u64)>,
    unscored: u64,
    without: u64,
}

/// Everything that was counted.
#[derive(Default)]
pub(crate) struct Collected {
    /// By place, metric and number of the judge.
    pub(crate) cells: BTreeMap<(Place, Metric, usize), Cell>,
    /// The highest safe level of each harm judge, by its number.
    safe_max: BTreeMap<usize, u8>,
    samples: BTreeMap<(String, Perspective), u64>,
    outcomes: BTreeMap<(String, AnswerOutcome), u64>,
    pub(crate) agreement: Agreements,
    pub(crate) tally: Tally,
    foreign: BTreeMap<(String, String), Foreign>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) findings_total: u64,
    pub(crate) unscored: BTreeMap<(String, UnscoredReason), u64>,
    pub(crate) unscored_samples: Vec<UnscoredSample>,
    /// By the position of a probe that asks another again: the position of that other one.
    origins: BTreeMap<i64, i64>,
}

impl Collected {
    pub(crate) fn add(
        &mut self,
        row: &SampleRow,
        (suites, instruments): (&[Suite], &[Instrument]),
        protocol: Option<&ProtocolRecord>,
    ) {
        let probe = &row.probe;
        self.tally.see(row);
        let who = (row.target.clone(), probe.perspective);
        *self.samples.entry(who.clone()).or_default() += 1;
        *self
            .outcomes
            .entry((row.target.clone(), row.transcript.outcome()))
            .or_default() += 1;
        self.agreement.add(row, instruments);
        for (number, instrument) in instruments.iter().enumerate() {
            let verdict = row
                .verdicts
                .iter()
                .find(|verdict| verdict.instrument == instrument.hash)
                .map(|verdict| &verdict.verdict);
            // A protocol's judge reads its own parts: elsewhere nothing is missing.
            if verdict.is_none()
                && protocol.is_some_and(|record| !record.reads(&instrument.id, &probe.suite))
            {
                continue;
            }
            self.tally.add(row, (number, instrument), verdict);
            self.add_unscored(row, instrument, verdict);
            self.add_scales(row, (number, instrument), verdict);
            for metric in Metric::ALL {
                if metric.instrument() == instrument.kind && metric.applies(probe) {
                    let place = Place {
                        target: row.target.clone(),
                        perspective: probe.perspective,
                        suite: probe.suite.clone(),
                        category: probe.category.clone(),
                    };
                    let hit = verdict.and_then(|verdict| metric.hit(verdict));
                    self.cells
                        .entry((place, metric, number))
                        .or_default()
                        .add(row.position, hit.map(u32::from));
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

    fn add_unscored(
        &mut self,
        row: &SampleRow,
        instrument: &Instrument,
        verdict: Option<&Verdict>,
    ) {
        let Some(Verdict::Unscored { reason, detail, .. }) = verdict else {
            return;
        };
        *self
            .unscored
            .entry((instrument.id.clone(), *reason))
            .or_default() += 1;
        if self.unscored_samples.len() < MAX_UNSCORED {
            self.unscored_samples.push(UnscoredSample {
                target: row.target.clone(),
                probe: row.probe.id.clone(),
                judge: instrument.id.clone(),
                reason: *reason,
                detail: detail.clone(),
            });
        }
    }

    /// What metrics do not count: where a harm judge draws the line, and the words of other
    /// programs' judges.
    fn add_scales(
        &mut self,
        row: &SampleRow,
        (number, instrument): (usize, &Instrument),
        verdict: Option<&Verdict>,
    ) {
        let score = verdict.and_then(Verdict::score);
        if let Some(Score::Harm { safe_max, .. }) = score {
            self.safe_max.insert(number, *safe_max);
        }
        if instrument.kind == InstrumentKind::Recorded {
            let foreign = self
                .foreign
                .entry((row.target.clone(), instrument.id.clone()))
                .or_default();
            foreign.add(score);
        }
    }

    /// Keeps the worst findings, a share of them for each perspective, each probe once.
    pub(crate) fn keep_worst(&mut self) {
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

    /// Finds which probes ask the same: the answers to an ask, to the same in other words and
    /// in another language are one cluster and no independent evidence.
    pub(crate) fn link(&mut self) {
        self.origins = self.tally.asks();
    }

    /// Hits and scored answers by ask.
    fn by_ask<'a>(&self, cells: impl Iterator<Item = &'a Cell>) -> Vec<(u64, u64)> {
        if self.origins.is_empty() {
            // A probe has one category: the cells share no cluster.
            return cells.flat_map(Cell::counts).collect();
        }
        let mut asks: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        for (position, (hits, scored)) in cells.flat_map(Cell::by_probe) {
            let ask = self.origins.get(&position).copied().unwrap_or(position);
            let entry = asks.entry(ask).or_default();
            entry.0 += hits;
            entry.1 += scored;
        }
        asks.into_values().collect()
    }

    fn figures(&self, context: &Context<'_>, wanted: impl Fn(&Place) -> bool) -> Vec<Figure> {
        let mut figures = Vec::new();
        for metric in Metric::ALL {
            let judges = context
                .instruments
                .iter()
                .enumerate()
                .filter(|(_, instrument)| instrument.kind == metric.instrument());
            for (number, instrument) in judges {
                let chosen: Vec<(&Place, &Cell)> = self
                    .cells
                    .iter()
                    .filter(|((place, of, judge), _)| {
                        *of == metric && *judge == number && wanted(place)
                    })
                    .map(|((place, ..), cell)| (place, cell))
                    .collect();
                let Some((place, _)) = chosen.first() else {
                    continue;
                };
                let unscored = chosen.iter().map(|(_, cell)| cell.unscored).sum();
                let clusters = self.by_ask(chosen.iter().map(|(_, cell)| *cell));
                let calibration = context
                    .calibrations
                    .iter()
                    .find(|calibration| calibration.instrument.hash == instrument.hash);
                let bound = match metric {
                    Metric::NotHelped => 4,
                    _ => self.safe_max.get(&number).copied().unwrap_or(2),
                };
                let standing = Standing::of(
                    calibration,
                    place.perspective,
                    |label| metric.label_is_hit(label, bound),
                    &clusters,
                );
                let estimate = rate_of_clusters(clusters, unscored);
                figures.push(Figure::new(metric, instrument, estimate, standing));
            }
        }
        figures
    }

    pub(crate) fn target_report(
        &self,
        id: String,
        record: TargetRecord,
        context: &Context<'_>,
    ) -> TargetReport {
        let mut perspectives = Vec::new();
        for perspective in Perspective::ALL {
            let who = (id.clone(), perspective);
            let Some(samples) = self.samples.get(&who).copied() else {
                continue;
            };
            let here = |place: &Place| place.target == id && place.perspective == perspective;
            let mut categories = Vec::new();
            for suite in context.suites {
                for category in &suite.categories {
                    let figures = self.figures(context, |place| {
                        here(place) && place.suite == suite.id && place.category == category.id
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
                compliance: self.label_counts(&who, context.instruments),
                figures: self.figures(context, here),
                levels: self.all_levels(&who, context),
                categories,
            });
        }
        let outcomes: Vec<(AnswerOutcome, u64)> = AnswerOutcome::ALL
            .into_iter()
            .filter_map(|outcome| {
                let count = self.outcomes.get(&(id.clone(), outcome))?;
                Some((outcome, *count))
            })
            .collect();
        let cut = outcomes
            .iter()
            .find(|(outcome, _)| *outcome == AnswerOutcome::Truncated)
            .map_or(0, |(_, count)| *count);
        TargetReport {
            cut,
            outcomes,
            samples: perspectives
                .iter()
                .map(|perspective| perspective.samples)
                .sum(),
            perspectives,
            record,
            id,
        }
    }

    /// What a judge of one of `kinds` said of the answers to one kind of asker, if anything.
    fn judged(
        &self,
        (target, perspective): (&str, Perspective),
        number: usize,
        instrument: &Instrument,
        kinds: &[InstrumentKind],
    ) -> Option<Vec<&Labels>> {
        let here = |facts: &Facts| facts.perspective == perspective;
        let labels = self.tally.chosen(target, number, here);
        (kinds.contains(&instrument.kind) && !labels.is_empty()).then_some(labels)
    }

    fn label_counts(
        &self,
        (target, perspective): &(String, Perspective),
        instruments: &[Instrument],
    ) -> Vec<LabelCounts> {
        let judges = instruments.iter().enumerate();
        judges
            .filter_map(|(number, instrument)| {
                let labels = self.judged(
                    (target, *perspective),
                    number,
                    instrument,
                    &[InstrumentKind::Refusal],
                )?;
                Some(LabelCounts {
                    judge: instrument.id.clone(),
                    counts: [0, 1, 2].map(|place| labels.iter().map(|l| l.at(&[place])).sum()),
                })
            })
            .collect()
    }

    fn all_levels(
        &self,
        (target, perspective): &(String, Perspective),
        context: &Context<'_>,
    ) -> Vec<Levels> {
        let judges = context.instruments.iter().enumerate();
        judges
            .filter_map(|(number, instrument)| {
                let kinds = [InstrumentKind::Harm, InstrumentKind::Helpfulness];
                let labels = self.judged((target, *perspective), number, instrument, &kinds)?;
                let mean = mean(&labels, context.seed);
                Some(Levels {
                    judge: instrument.id.clone(),
                    measures: instrument.kind.as_str(),
                    counts: [0, 1, 2, 3, 4]
                        .map(|place| labels.iter().map(|l| l.at(&[place])).sum()),
                    unscored: labels.iter().map(|labels| u64::from(labels.unscored)).sum(),
                    mean: mean.map(|mean| mean.value),
                    mean_interval: mean.and_then(|mean| mean.interval),
                })
            })
            .collect()
    }

    /// Harm rates in which probes weigh as much as their severity times their likelihood.
    pub(crate) fn risks(&self, instruments: &[Instrument]) -> Vec<RiskFigure> {
        type Key = (String, Perspective, Metric, usize);
        let mut all: BTreeMap<Key, Weighed> = BTreeMap::new();
        for ((place, metric, judge), cell) in &self.cells {
            if !metric.is_harm() {
                continue;
            }
            let key = (place.target.clone(), place.perspective, *metric, *judge);
            let entry = all.entry(key).or_default();
            entry.unscored += cell.unscored;
            for (position, (hits, scored)) in cell.by_probe() {
                let weight = self
                    .tally
                    .facts
                    .get(&position)
                    .map_or(0, |facts| u64::from(facts.risk));
                if weight == 0 {
                    entry.without += 1;
                } else {
                    let ask = self.origins.get(&position).copied().unwrap_or(position);
                    for (counts, weight) in [(&mut entry.weighted, weight), (&mut entry.plain, 1)] {
                        let counts = counts.entry(ask).or_default();
                        counts.0 += weight * hits;
                        counts.1 += weight * scored;
                    }
                }
            }
        }
        all.into_iter()
            .filter(|(_, entry)| !entry.weighted.is_empty())
            .map(|((target, perspective, metric, judge), entry)| RiskFigure {
                target,
                perspective,
                metric,
                judge: instruments
                    .get(judge)
                    .map_or_else(String::new, |instrument| instrument.id.clone()),
                weighted: rate_of_clusters(entry.weighted.into_values().collect(), entry.unscored),
                plain: rate_of_clusters(entry.plain.into_values().collect(), entry.unscored),
                without_weight: entry.without,
            })
            .collect()
    }

    pub(crate) fn recorded(&self, instruments: &[Instrument]) -> Vec<RecordedScores> {
        let mut recorded: Vec<RecordedScores> = self
            .foreign
            .iter()
            .map(|((target, judge), foreign)| RecordedScores {
                target: target.clone(),
                judge: judge.clone(),
                labels: foreign.labels.clone(),
                numbers: foreign.numbers,
                mean: (foreign.numbers > 0).then(|| foreign.sum / foreign.numbers as f64),
                passed: foreign.passed,
                unscored: foreign.unscored,
            })
            .collect();
        let place = |judge: &str| instruments.iter().position(|known| known.id == judge);
        recorded.sort_by_key(|scores| (scores.target.clone(), place(&scores.judge)));
        recorded
    }
}

impl Cell {
    /// Hits and scored answers by probe.
    pub(crate) fn by_probe(&self) -> impl Iterator<Item = (i64, (u64, u64))> {
        self.clusters.iter().map(|cluster| {
            let counts = (u64::from(cluster.hits), u64::from(cluster.scored));
            (cluster.position, counts)
        })
    }

    fn counts(&self) -> impl Iterator<Item = (u64, u64)> {
        self.clusters
            .iter()
            .map(|cluster| (u64::from(cluster.hits), u64::from(cluster.scored)))
    }
}

impl Foreign {
    fn add(&mut self, score: Option<&Score>) {
        let Some(Score::Recorded {
            label,
            value,
            passed,
        }) = score
        else {
            self.unscored += 1;
            return;
        };
        let known = self.labels.len() < MAX_LABELS || self.labels.contains_key(label);
        let label = if known { label.as_str() } else { "other" };
        *self.labels.entry(label.to_owned()).or_default() += 1;
        if let Some(value) = value {
            self.numbers += 1;
            self.sum += value;
        }
        if let Some(passed) = passed {
            self.passed.0 += u64::from(*passed);
            self.passed.1 += 1;
        }
    }
}
