//! Counts of all labels that all judges gave, by probe. Tables and figures over whole scales are
//! computed from them. They grow with the number of probes, not of answers.

use std::{
    borrow::Cow,
    collections::{BTreeMap, btree_map::Entry},
};

use nocere_core::{
    Expect, Item, KeyKind, Perspective, Probe, ProbeId, Sample, Score, SuiteId, TargetId, Verdict,
    earned,
};

use crate::run_judge::RunJudge;

/// The facts about a probe that a report needs.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) id: ProbeId,
    pub(crate) suite: SuiteId,
    pub(crate) category: String,
    pub(crate) perspective: Perspective,
    pub(crate) expect: Expect,
    pub(crate) matter: Option<String>,
    pub(crate) twin_of: Option<ProbeId>,
    /// Id of the probe that it restates, or its own.
    pub(crate) origin: ProbeId,
    /// Id of the probe whose options it shows in another order, or its own.
    pub(crate) order_of: ProbeId,
    pub(crate) language: String,
    /// What kind of answer its key asks for.
    pub(crate) key: KeyKind,
    /// Its medical specialty; empty if none is named.
    pub(crate) specialty: String,
    /// Name of its group of swaps.
    pub(crate) swap: Option<String>,
    /// As [`Probe::risk`].
    pub(crate) risk: u8,
}

impl Facts {
    fn of(probe: &Probe) -> Self {
        Self {
            id: probe.id.clone(),
            suite: probe.suite.clone(),
            category: probe.category.clone(),
            perspective: probe.perspective,
            expect: probe.expect,
            matter: probe.matter.clone(),
            twin_of: probe.twin_of.clone(),
            origin: probe.origin().to_owned(),
            order_of: probe.order_of.as_ref().unwrap_or(&probe.id).clone(),
            language: probe.language.clone(),
            key: probe.key_kind(),
            specialty: probe.specialty.clone(),
            swap: probe.swap.as_ref().map(|swap| swap.group.clone()),
            risk: probe.risk(),
        }
    }

    /// True if it is an original: neither a twin nor a restatement.
    pub(crate) fn is_original(&self) -> bool {
        self.twin_of.is_none() && self.origin == self.id
    }
}

/// Counts of the labels that one judge gave the answers to one probe.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Labels {
    /// By index on the scale: numbers of items for judges of several items, else of answers.
    pub(crate) counts: Vec<u32>,
    /// Number of answers with a score.
    pub(crate) scored: u32,
    /// Number of answers without a score.
    pub(crate) unscored: u32,
    /// Sum of the scores as numbers, on scales of numbers.
    pub(crate) sum: f64,
    /// Sums of the labels' probabilities, and the number of scores that gave any.
    pub(crate) probabilities: (Vec<f64>, u32),
}

impl Labels {
    /// Number of labels: of items for judges of several items, else of answers.
    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// The count of the label at index `place`.
    pub(crate) fn at(&self, place: usize) -> u64 {
        self.counts.get(place).copied().map_or(0, u64::from)
    }

    /// Sum of all labels as numbers; `levels` are the numbers that the labels represent.
    pub(crate) fn level_sum(&self, levels: &[u64]) -> u64 {
        let levels = levels.iter().zip(&self.counts);
        levels.map(|(level, count)| level * u64::from(*count)).sum()
    }

    fn merge(&mut self, other: &Self) {
        self.counts
            .resize(self.counts.len().max(other.counts.len()), 0);
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.scored += other.scored;
        self.unscored += other.unscored;
        self.sum += other.sum;
        self.add_probabilities(&other.probabilities.0, other.probabilities.1);
    }

    fn add_probabilities(&mut self, more: &[f64], scores: u32) {
        let (sums, count) = &mut self.probabilities;
        sums.resize(sums.len().max(more.len()), 0.0);
        for (sum, more) in sums.iter_mut().zip(more) {
            *sum += more;
        }
        *count += scores;
    }
}

/// Counts of labels by the position of the probe.
pub(crate) type ByProbe = BTreeMap<i64, Labels>;

/// By the probe's position and the axis of its criteria: sum and number of the shares that answers
/// earned there.
pub(crate) type ByAxis = BTreeMap<(i64, String), (f64, u64)>;

/// Counts of all labels of a run.
#[derive(Default)]
pub(crate) struct Tally {
    /// By the probe's position.
    pub(crate) facts: BTreeMap<i64, Facts>,
    /// By the target's id and the judge's index.
    pub(crate) labels: BTreeMap<(TargetId, usize), ByProbe>,
    /// By the target's id and the judge's index.
    pub(crate) axes: BTreeMap<(TargetId, usize), ByAxis>,
    /// The position of each restated probe's original: see [`Tally::asks`].
    origins: BTreeMap<i64, i64>,
}

impl Tally {
    pub(crate) fn see(&mut self, row: &Sample) {
        self.facts
            .entry(row.position)
            .or_insert_with(|| Facts::of(&row.probe));
    }

    /// Maps each restated probe's position to its original's. If the original is not in the run,
    /// the first restatement in the same suite takes its place. An id that exists in several
    /// other suites maps to none of them.
    pub(crate) fn asks(&self) -> BTreeMap<i64, i64> {
        let mut own: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        let mut others: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        let originals = |facts: &&Facts| facts.origin == facts.id;
        for (position, facts) in self.facts.iter().filter(|(_, facts)| originals(facts)) {
            own.entry((&facts.suite, &facts.id)).or_insert(*position);
            others.entry(&facts.id).or_default().push(*position);
        }
        let mut asks = BTreeMap::new();
        for (position, facts) in self.facts.iter().filter(|(_, facts)| !originals(facts)) {
            let here = (facts.suite.as_str(), facts.origin.as_str());
            let elsewhere = match others.get(facts.origin.as_str()).map(Vec::as_slice) {
                Some([only]) => Some(*only),
                _ => None,
            };
            let ask = match (own.get(&here), elsewhere) {
                (Some(ask), _) => *ask,
                (None, Some(ask)) => ask,
                (None, None) => *own.entry(here).or_insert(*position),
            };
            asks.insert(*position, ask);
        }
        asks
    }

    /// Finds out which probes restate the same ask, once all rows were seen.
    pub(crate) fn link(&mut self) {
        self.origins = self.asks();
    }

    /// The position of the ask that the probe at `position` restates, or its own.
    pub(crate) fn ask(&self, position: i64) -> i64 {
        self.origins.get(&position).copied().unwrap_or(position)
    }

    /// True if no probe restates another.
    pub(crate) fn restates_nothing(&self) -> bool {
        self.origins.is_empty()
    }

    /// The counts of a judge's labels for a target, for probes of which `wanted` is true. Answers to
    /// an ask and to its restatements are counted together: they are not independent.
    pub(crate) fn chosen<'a>(
        &'a self,
        target: &TargetId,
        judge: usize,
        wanted: impl Fn(&Facts) -> bool,
    ) -> Vec<Cow<'a, Labels>> {
        let by_probe = self.labels.get(&(target.clone(), judge));
        let wanted = by_probe
            .into_iter()
            .flatten()
            .filter(|(position, _)| self.facts.get(position).is_some_and(&wanted));
        if self.restates_nothing() {
            return wanted.map(|(_, labels)| Cow::Borrowed(labels)).collect();
        }
        let mut by_ask: BTreeMap<i64, Cow<'a, Labels>> = BTreeMap::new();
        for (position, labels) in wanted {
            match by_ask.entry(self.ask(*position)) {
                Entry::Vacant(free) => {
                    free.insert(Cow::Borrowed(labels));
                }
                Entry::Occupied(mut known) => known.get_mut().to_mut().merge(labels),
            }
        }
        by_ask.into_values().collect()
    }

    pub(crate) fn add(&mut self, row: &Sample, judge: RunJudge<'_>, verdict: Option<&Verdict>) {
        let scale = &judge.instrument.scale;
        let names = scale.counted_labels();
        if names.is_empty() && scale.numbers.is_none() {
            return;
        }
        if let Some(score) = verdict.and_then(Verdict::score) {
            self.add_axes(row, judge, score);
        }
        let labels = self
            .labels
            .entry((row.target.clone(), judge.number))
            .or_default()
            .entry(row.position)
            .or_default();
        labels.counts.resize(names.len(), 0);
        let score = verdict.and_then(Verdict::score);
        let value = score.and_then(|score| scale.value(score));
        labels.sum += value.unwrap_or_default();
        if let Some(Score::Label { distribution, .. }) = score
            && distribution.len() == names.len()
        {
            labels.add_probabilities(distribution, 1);
        }
        match score {
            Some(_) if names.is_empty() => {
                labels.scored += u32::from(value.is_some());
                labels.unscored += u32::from(value.is_none());
            }
            Some(Score::Items { items }) if scale.items.is_some() => {
                labels.scored += 1;
                for item in items {
                    if let Some(place) = names.iter().position(|name| *name == item.label) {
                        labels.counts[place] += 1;
                    }
                }
            }
            Some(score) => match scale.place(score) {
                Some(place) => {
                    labels.scored += 1;
                    labels.counts[place] += 1;
                }
                None => labels.unscored += 1,
            },
            None => labels.unscored += 1,
        }
    }

    /// Counts what an answer earned on each axis of its criteria. An axis without anything to earn has
    /// no share.
    fn add_axes(&mut self, row: &Sample, judge: RunJudge<'_>, score: &Score) {
        let items = judge.instrument.scale.items.as_ref();
        let Some(earns) = items.and_then(|items| items.earns.as_ref()) else {
            return;
        };
        let mut by_axis: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
        for item in score.items() {
            let mut points = row.probe.points.iter();
            let point = points.find(|point| point.what() == item.id);
            if let Some(point) = point.filter(|point| !point.axis.is_empty()) {
                by_axis.entry(&point.axis).or_default().push(item);
            }
        }
        let of_judge = self.axes.entry((row.target.clone(), judge.number));
        let shares = of_judge.or_default();
        for (axis, items) in by_axis {
            if let Some(share) = earned(items.into_iter(), earns) {
                let entry = shares.entry((row.position, axis.to_owned())).or_default();
                entry.0 += share;
                entry.1 += 1;
            }
        }
    }
}
