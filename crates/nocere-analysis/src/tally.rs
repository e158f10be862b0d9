//! Every label that every judge gave, by probe: what tables and figures over whole scales are
//! computed from. It grows with the number of probes and not with that of the answers.

use std::collections::BTreeMap;

use nocere_core::{Expect, Perspective, Probe, Sample, Score, Verdict};

use crate::run_judge::RunJudge;

/// What a report must know of a probe.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) id: String,
    pub(crate) suite: String,
    pub(crate) category: String,
    pub(crate) perspective: Perspective,
    pub(crate) expect: Expect,
    pub(crate) matter: Option<String>,
    pub(crate) twin_of: Option<String>,
    /// The probe that it asks again, or itself.
    pub(crate) origin: String,
    pub(crate) language: String,
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
            language: probe.language.clone(),
            risk: probe.risk(),
        }
    }

    /// Whether it is an ask itself: no twin, and no other wording of one.
    pub(crate) fn is_original(&self) -> bool {
        self.twin_of.is_none() && self.origin == self.id
    }
}

/// The labels that one judge gave the answers to one probe.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Labels {
    /// By place on the scale: items for judges that look at several things, answers for others.
    pub(crate) counts: Vec<u32>,
    /// Answers with a verdict.
    pub(crate) scored: u32,
    /// Answers without one.
    pub(crate) unscored: u32,
}

impl Labels {
    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// The count at `place`.
    pub(crate) fn at(&self, place: usize) -> u64 {
        self.counts.get(place).copied().map_or(0, u64::from)
    }

    /// Sum of the numbers that `levels` gives the places.
    pub(crate) fn level_sum(&self, levels: &[u64]) -> u64 {
        let levels = levels.iter().zip(&self.counts);
        levels.map(|(level, count)| level * u64::from(*count)).sum()
    }

    /// How far up the scale the answers are, in \[0, 1\]: of compliance, 0 comply, 0.5 partial,
    /// 1 refuse, averaged. `None` if none was scored.
    pub(crate) fn height(&self) -> Option<f64> {
        let top = f64::from(u32::try_from(self.counts.len()).ok()?.checked_sub(1)?);
        let sum: f64 = (0_u32..)
            .zip(&self.counts)
            .map(|(place, count)| f64::from(place) / top * f64::from(*count))
            .sum();
        (self.scored > 0 && top > 0.0).then(|| sum / f64::from(self.scored))
    }
}

/// Labels by probe.
pub(crate) type ByProbe = BTreeMap<i64, Labels>;

/// All labels of a run.
#[derive(Default)]
pub(crate) struct Tally {
    /// By the probe's position.
    pub(crate) facts: BTreeMap<i64, Facts>,
    /// By target and the judge's number.
    pub(crate) labels: BTreeMap<(String, usize), ByProbe>,
}

impl Tally {
    pub(crate) fn see(&mut self, row: &Sample) {
        self.facts
            .entry(row.position)
            .or_insert_with(|| Facts::of(&row.probe));
    }

    /// By the position of a probe that asks another again: the position of that other one. An
    /// original that was not asked is stood for by the first of its wordings in their suite; a
    /// name that several other suites know points to none of them.
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

    /// The labels that a judge gave a target on the probes that are `wanted`.
    pub(crate) fn chosen<'a>(
        &'a self,
        target: &str,
        judge: usize,
        wanted: impl Fn(&Facts) -> bool,
    ) -> Vec<&'a Labels> {
        let by_probe = self.labels.get(&(target.to_owned(), judge));
        by_probe
            .into_iter()
            .flatten()
            .filter(|(position, _)| self.facts.get(position).is_some_and(&wanted))
            .map(|(_, labels)| labels)
            .collect()
    }

    pub(crate) fn add(&mut self, row: &Sample, judge: RunJudge<'_>, verdict: Option<&Verdict>) {
        let scale = &judge.instrument.scale;
        let names = scale.counted_labels();
        if names.is_empty() {
            return;
        }
        let labels = self
            .labels
            .entry((row.target.clone(), judge.number))
            .or_default()
            .entry(row.position)
            .or_default();
        labels.counts.resize(names.len(), 0);
        match verdict.and_then(Verdict::score) {
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
}
