//! The counts that a report is computed from. They grow with the number of probes, not of answers,
//! so that a run with a million answers fits in memory.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{
    AnswerOutcome, Instrument, Item, JudgeId, Material, Perspective, ProbeId, ProtocolRecord,
    Sample, Score, Side, SuiteId, TargetId, TargetRecord, UnscoredReason, Verdict, measure,
};
use nocere_stats::rate_of_clusters;

use crate::{
    agreement::Agreements,
    cells::{Cell, CellKey, Place},
    conduct::Conduct,
    context::Context,
    figure::Figure,
    finding::{Finding, UnscoredSample, WITHHELD, assess},
    linked::RiskFigure,
    mean::mean,
    pressure::Pressure,
    run_judge::RunJudge,
    run_report::{
        CategoryReport, Distribution, PerspectiveReport, RecordedScores, SliceKind, SliceReport,
        TargetReport,
    },
    standing::Standing,
    tally::{Facts, Tally},
};

/// Maximum number of findings in a report.
const MAX_FINDINGS: usize = 45;
/// Maximum number of unscored samples that a report lists.
const MAX_UNSCORED: usize = 200;
/// Maximum number of another program's labels that are counted one by one.
const MAX_LABELS: usize = 20;

#[derive(Default)]
struct Foreign {
    labels: BTreeMap<String, u64>,
    numbers: u64,
    sum: f64,
    passed: (u64, u64),
    unscored: u64,
}

/// Errors and answers by ask, with and without the weights of probes.
#[derive(Default)]
struct Weighed {
    weighted: BTreeMap<i64, (u64, u64)>,
    plain: BTreeMap<i64, (u64, u64)>,
    unscored: u64,
    without: u64,
}

/// All counts of a run.
#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) cells: BTreeMap<CellKey, Cell>,
    samples: BTreeMap<(TargetId, Perspective), u64>,
    outcomes: BTreeMap<(TargetId, AnswerOutcome), u64>,
    conduct: BTreeMap<TargetId, Conduct>,
    pub(crate) agreement: Agreements,
    pub(crate) tally: Tally,
    pub(crate) pressure: Pressure,
    foreign: BTreeMap<(TargetId, JudgeId), Foreign>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) findings_total: u64,
    pub(crate) unscored: BTreeMap<(JudgeId, UnscoredReason), u64>,
    pub(crate) unscored_samples: Vec<UnscoredSample>,
}

impl Collected {
    pub(crate) fn add(&mut self, row: &Sample, context: &Context<'_>) {
        let probe = &row.probe;
        self.tally.see(row);
        self.pressure.add(row, context);
        let is_counted = context.is_counted(row);
        let is_ablated = context.is_ablated(row);
        let who = (row.target.clone(), probe.perspective);
        *self.samples.entry(who).or_default() += u64::from(is_counted);
        *self
            .outcomes
            .entry((row.target.clone(), row.transcript.outcome()))
            .or_default() += 1;
        self.conduct
            .entry(row.target.clone())
            .or_default()
            .add(&row.transcript);
        self.agreement.add(row, context.instruments);
        let is_hidden = context.is_hidden(row);
        for judge in RunJudge::all(context.instruments) {
            let instrument = judge.instrument;
            let verdict = row.verdict(&instrument.hash);
            // A protocol's judge only reads its own parts; no verdict is missing elsewhere.
            let reads = |record: &ProtocolRecord| record.reads(&instrument.id, &probe.suite);
            if verdict.is_none() && !context.protocol.is_none_or(reads) {
                continue;
            }
            // The judge has nothing to say about the probe, whatever the answer.
            let material = Material::of_measure(&instrument.measure, instrument.model.is_some());
            if material.is_some_and(|material| !material.is_in(probe)) {
                continue;
            }
            if is_counted && !context.is_beside(row, instrument) {
                self.tally.add(row, judge, verdict);
            }
            self.add_unscored(row, instrument, verdict, is_hidden);
            self.add_recorded(row, instrument, verdict);
            if is_counted && !is_ablated {
                self.add_figures(row, judge, verdict, context);
            }
        }
        let category = context
            .suites
            .iter()
            .find(|suite| suite.id == probe.suite)
            .map_or(probe.category.as_str(), |suite| {
                suite.category_title(&probe.category)
            });
        let found = (!row.is_drifted() && !is_ablated)
            .then(|| assess(row, context.figures, context.instruments, category))
            .flatten();
        if let Some(finding) = found {
            let finding = if is_hidden {
                finding.withheld()
            } else {
                finding
            };
            self.findings_total += 1;
            self.findings.push(finding);
            if self.findings.len() > 50 * MAX_FINDINGS {
                self.keep_worst();
            }
        }
    }

    fn add_figures(
        &mut self,
        row: &Sample,
        judge: RunJudge<'_>,
        verdict: Option<&Verdict>,
        context: &Context<'_>,
    ) {
        let instrument = judge.instrument;
        let of_suite = context.easy.get(&row.probe.suite);
        let is_easy = of_suite.and_then(|probes| probes.get(&row.probe.id).copied());
        for (figure, of) in context.figures.iter().enumerate() {
            if of.measure != instrument.measure || !of.applies(&row.probe) {
                continue;
            }
            let error = match verdict {
                Some(Verdict::Scored(scored)) => of.is_error(&instrument.scale, scored),
                Some(Verdict::Unscored { .. }) | None => None,
            };
            let place = Place {
                target: row.target.clone(),
                perspective: row.probe.perspective,
                suite: row.probe.suite.clone(),
                category: row.probe.category.clone(),
                is_easy,
            };
            self.cells
                .entry(CellKey {
                    place,
                    figure,
                    judge: judge.number,
                })
                .or_default()
                .add(row.position, error.map(u32::from));
        }
    }

    fn add_unscored(
        &mut self,
        row: &Sample,
        instrument: &Instrument,
        verdict: Option<&Verdict>,
        is_hidden: bool,
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
                detail: if is_hidden {
                    WITHHELD.to_owned()
                } else {
                    detail.clone()
                },
            });
        }
    }

    /// The scores of other programs' judges.
    fn add_recorded(&mut self, row: &Sample, instrument: &Instrument, verdict: Option<&Verdict>) {
        if instrument.measure == measure::RECORDED {
            self.foreign
                .entry((row.target.clone(), instrument.id.clone()))
                .or_default()
                .add(verdict.and_then(Verdict::score));
        }
    }

    /// Reduces the findings to the worst ones: at most an equal share for each perspective, and
    /// one finding for each target and probe.
    pub(crate) fn keep_worst(&mut self) {
        self.findings
            .sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.probe.cmp(&b.probe)));
        let mut kept: BTreeMap<Perspective, usize> = BTreeMap::new();
        let mut seen: BTreeSet<(TargetId, SuiteId, ProbeId)> = BTreeSet::new();
        self.findings.retain(|finding| {
            let count = kept.entry(finding.perspective).or_default();
            let keep = *count < MAX_FINDINGS / Perspective::ALL.len()
                && seen.insert((
                    finding.target.clone(),
                    finding.suite.clone(),
                    finding.probe.clone(),
                ));
            *count += usize::from(keep);
            keep
        });
    }

    /// Finds out which probes restate the same ask. Answers to an ask, its rephrasings and its
    /// translations form one cluster, because they are not independent evidence.
    pub(crate) fn link(&mut self) {
        self.tally.link();
    }

    /// Errors and scored answers by ask.
    fn by_ask<'a>(&self, cells: impl Iterator<Item = &'a Cell>) -> Vec<(u64, u64)> {
        if self.tally.restates_nothing() {
            // A probe has one category, so no cluster occurs in two cells.
            return cells.flat_map(Cell::counts).collect();
        }
        let mut asks: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        for (position, (hits, scored)) in cells.flat_map(Cell::by_probe) {
            let ask = self.tally.ask(position);
            let entry = asks.entry(ask).or_default();
            entry.0 += hits;
            entry.1 += scored;
        }
        asks.into_values().collect()
    }

    fn figures(&self, context: &Context<'_>, wanted: impl Fn(&Place) -> bool) -> Vec<Figure> {
        let mut figures = Vec::new();
        for (figure, row) in context.figures.iter().enumerate() {
            let judges = RunJudge::all(context.instruments)
                .filter(|judge| judge.instrument.measure == row.measure);
            for RunJudge { number, instrument } in judges {
                let chosen: Vec<(&Place, &Cell)> = self
                    .cells
                    .iter()
                    .filter(|(key, _)| {
                        key.figure == figure && key.judge == number && wanted(&key.place)
                    })
                    .map(|(key, cell)| (&key.place, cell))
                    .collect();
                let Some((place, _)) = chosen.first() else {
                    continue;
                };
                let unscored = chosen.iter().map(|(_, cell)| cell.unscored).sum();
                let clusters = self.by_ask(chosen.iter().map(|(_, cell)| *cell));
                let standing = Standing::of(
                    context.calibration(instrument),
                    place.perspective,
                    row.counts.due(),
                    |label| row.is_error_label(&instrument.scale, label),
                    &clusters,
                );
                let estimate = rate_of_clusters(clusters, unscored);
                figures.push(Figure::new(row, instrument, estimate, standing));
            }
        }
        figures
    }

    pub(crate) fn target_report(
        &self,
        id: TargetId,
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
                            suite_id: suite.id.clone(),
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
                figures: self.figures(context, here),
                distributions: self.distributions(&id, perspective, context),
                categories,
                slices: self.slices(context, here),
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
        let conduct = self.conduct.get(&id);
        TargetReport {
            served: conduct.map(Conduct::served).unwrap_or_default(),
            remarks: conduct.map(Conduct::remarks).unwrap_or_default(),
            took: conduct.map(Conduct::took).unwrap_or_default(),
            cut,
            samples: outcomes.iter().map(|(_, count)| count).sum(),
            outcomes,
            perspectives,
            record,
            id,
        }
    }

    /// The figures over the open and over the hidden halves of suites, and over the probes that small
    /// models pass and those that they fail.
    fn slices(&self, context: &Context<'_>, here: impl Fn(&Place) -> bool) -> Vec<SliceReport> {
        let mut slices = self.halves(context, &here);
        let of = |easy: bool, name: &str| {
            let figures = self.figures(context, |place| here(place) && place.is_easy == Some(easy));
            (!figures.is_empty()).then(|| SliceReport {
                by: SliceKind::Difficulty,
                name: name.to_owned(),
                figures,
            })
        };
        slices.extend(
            [
                of(true, "small models pass"),
                of(false, "small models fail"),
            ]
            .into_iter()
            .flatten(),
        );
        slices
    }

    /// The figures over the open and over the hidden halves of suites; none if no suite is divided.
    fn halves(&self, context: &Context<'_>, here: impl Fn(&Place) -> bool) -> Vec<SliceReport> {
        let of = |hidden: bool, name: &str| {
            let suites = context.suites.iter().filter(|suite| {
                let half = suite.half.as_ref();
                half.is_some_and(|half| half.hidden == hidden)
            });
            let ids: Vec<&SuiteId> = suites.map(|suite| &suite.id).collect();
            let figures = self.figures(context, |place| here(place) && ids.contains(&&place.suite));
            (!figures.is_empty()).then(|| SliceReport {
                by: SliceKind::Half,
                name: name.to_owned(),
                figures,
            })
        };
        [of(false, "open half"), of(true, "hidden half")]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Distribution of each judge's labels over the answers of a target to one perspective.
    fn distributions(
        &self,
        target: &TargetId,
        perspective: Perspective,
        context: &Context<'_>,
    ) -> Vec<Distribution> {
        let here = |facts: &Facts| facts.perspective == perspective;
        RunJudge::all(context.instruments)
            .filter_map(|RunJudge { number, instrument }| {
                let chosen = self.tally.chosen(target, number, here);
                let labels = instrument.scale.counted_labels();
                if chosen.is_empty() || labels.is_empty() {
                    return None;
                }
                let mean = mean(&chosen, &instrument.scale);
                Some(Distribution {
                    judge: instrument.id.clone(),
                    measure: instrument.measure.clone(),
                    labels: labels.to_vec(),
                    counts: (0..labels.len())
                        .map(|place| chosen.iter().map(|of| of.at(place)).sum())
                        .collect(),
                    scored: chosen.iter().map(|of| u64::from(of.scored)).sum(),
                    unscored: chosen.iter().map(|of| u64::from(of.unscored)).sum(),
                    mean,
                })
            })
            .collect()
    }

    /// Rates of harm in which each probe has the weight severity × likelihood.
    pub(crate) fn risks(&self, context: &Context<'_>) -> Vec<RiskFigure> {
        type Key = (TargetId, Perspective, usize, usize);
        let mut all: BTreeMap<Key, Weighed> = BTreeMap::new();
        for (key, cell) in &self.cells {
            if context.figures[key.figure].side != Side::Harm {
                continue;
            }
            let place = &key.place;
            let key = (
                place.target.clone(),
                place.perspective,
                key.figure,
                key.judge,
            );
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
                    let ask = self.tally.ask(position);
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
            .map(|((target, perspective, figure, judge), entry)| {
                let (row, instrument) = (&context.figures[figure], &context.instruments[judge]);
                let unscored = entry.unscored;
                RiskFigure {
                    target,
                    perspective,
                    figure: row.id.clone(),
                    title: row.title(&instrument.scale),
                    judge: instrument.id.clone(),
                    weighted: rate_of_clusters(entry.weighted.into_values().collect(), unscored),
                    plain: rate_of_clusters(entry.plain.into_values().collect(), unscored),
                    without_weight: entry.without,
                }
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

impl Foreign {
    /// Counts a score made by [`Score::recorded`]: its label, number and whether it passed.
    fn add(&mut self, score: Option<&Score>) {
        let Some((said, passed)) = score.map(Score::items).and_then(<[Item]>::split_first) else {
            self.unscored += 1;
            return;
        };
        let known = self.labels.len() < MAX_LABELS || self.labels.contains_key(&said.label);
        let label = if known { said.label.as_str() } else { "other" };
        *self.labels.entry(label.to_owned()).or_default() += 1;
        if let Some(value) = said.value {
            self.numbers += 1;
            self.sum += value;
        }
        if let Some(passed) = passed.first() {
            self.passed.0 += u64::from(passed.label == "yes");
            self.passed.1 += 1;
        }
    }
}
