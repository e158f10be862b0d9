//! Chooses the answers of a run that people should label next.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{Expect, Perspective, ProbeId, Sample, SuiteId, TargetId, Verdict, hash_json};
use nocere_import::Drawn;

use crate::{Project, ProjectError, judges, policies, targets::Models};

/// Which answers to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetSpec {
    /// The judge that the labels will measure, in the notation of `nocere run --judge`.
    pub judge: String,
    /// The run.
    pub run: String,
    /// Number of answers.
    pub number: usize,
    /// How to draw: [`Drawn::ByDue`] or [`Drawn::ByVerdict`].
    pub drawn: Drawn,
    /// Seed of the choice. The same seed chooses the same answers.
    pub seed: u64,
}

/// Answers to label, in an order that says nothing.
#[derive(Clone, Debug)]
pub struct LabelSheet {
    /// One row for each label that is asked for.
    pub rows: Vec<SheetRow>,
    /// The groups of answers from which as many were drawn as there were, or equally many.
    pub strata: Vec<DrawnStratum>,
    /// Number of groups from which no answer was drawn, because there are more groups than
    /// answers were asked for; no figure that counts them can be estimated.
    pub left_out: usize,
    /// Number of groups.
    pub groups: usize,
    /// The labels of the judge's scale, lowest first.
    pub labels: Vec<String>,
}

/// One label that is asked for.
#[derive(Clone, Debug)]
pub struct SheetRow {
    /// The answer.
    pub sample: Sample,
    /// For judges of several checks, the check that the label is about.
    pub check: Option<String>,
}

/// A group of answers and the number drawn from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DrawnStratum {
    /// The target that answered.
    pub target: TargetId,
    /// Who asked.
    pub perspective: Perspective,
    /// What was due.
    pub expect: Expect,
    /// Number of answers.
    pub answers: usize,
    /// Number of answers drawn.
    pub drawn: usize,
}

type StratumKey = (TargetId, Perspective, Expect, Option<usize>);

/// An answer that can be drawn.
struct Choice {
    seq: i64,
    /// Its place in the shuffled order.
    order: String,
    ask: (SuiteId, ProbeId),
}

impl Project {
    /// Chooses answers of a run for people to label: equally many of each target, perspective
    /// and expectation, so that each correction that reports make has labels, and those of
    /// different probes first, because answers to one probe say less together. By verdict, it
    /// also chooses equally many with each of the judge's verdicts.
    ///
    /// # Errors
    ///
    /// Run or judge cannot be read; by verdict, the judge has no verdicts in the run; the run has
    /// no answer to choose from.
    pub fn label_sheet(&self, spec: &SheetSpec) -> Result<LabelSheet, ProjectError> {
        self.choose_to_label(spec, &BTreeMap::new(), &BTreeSet::new())
    }

    /// As [`label_sheet`](Self::label_sheet), without the units that are `labelled`, and first where
    /// fewest labels are `known`.
    pub(crate) fn choose_to_label(
        &self,
        spec: &SheetSpec,
        known: &BTreeMap<(Perspective, Expect), u64>,
        labelled: &BTreeSet<i64>,
    ) -> Result<LabelSheet, ProjectError> {
        let mut models = Models::new(self, false);
        let policies = policies::all(self)?;
        let setup = judges::judge(&spec.judge, &mut models, &policies)?;
        let instrument = setup.judge.instrument();
        let of_items = instrument.scale.labels.is_empty();
        if of_items && spec.drawn == Drawn::ByVerdict {
            return Err(ProjectError::usage(format!(
                "judge `{}` gives several verdicts on each answer, so answers cannot be drawn by its verdict",
                spec.judge
            ))
            .hint("leave out --by-verdict"));
        }
        let reader = self.run(&spec.run)?;
        let mut strata: BTreeMap<StratumKey, Vec<Choice>> = BTreeMap::new();
        let mut judged = false;
        reader.for_each_sample(|row| {
            let place = row.verdict(&instrument.hash).and_then(Verdict::score);
            let place = place.and_then(|score| instrument.scale.place(score));
            judged |= place.is_some();
            let place = match spec.drawn {
                Drawn::ByVerdict if place.is_none() => return,
                Drawn::ByVerdict => place,
                Drawn::AtRandom | Drawn::ByDue => None,
            };
            let nothing_to_label = of_items && row.probe.checks().next().is_none();
            if nothing_to_label || labelled.contains(&row.seq) {
                return;
            }
            let probe = &row.probe;
            let key = (row.target.clone(), probe.perspective, probe.expect, place);
            let id = (spec.seed, &probe.suite, &probe.id, row.epoch, &row.target);
            strata.entry(key).or_default().push(Choice {
                seq: row.seq,
                order: hash_json("label sheet", &id).as_str().to_owned(),
                ask: (probe.suite.clone(), probe.origin().clone()),
            });
        })?;
        if spec.drawn == Drawn::ByVerdict && !judged {
            return Err(ProjectError::usage(format!(
                "run {} has no verdicts of judge `{}`",
                spec.run, spec.judge
            ))
            .hint(format!(
                "`nocere rejudge {} --judge {}` makes a run with them",
                spec.run, spec.judge
            )));
        }
        if strata.is_empty() {
            return Err(ProjectError::usage(format!(
                "run {} has no answer to label for judge `{}`",
                spec.run, spec.judge
            )));
        }
        let groups = strata.len();
        let (chosen, strata) = draw(strata, spec, known);
        let mut rows = Vec::new();
        reader.for_each_sample(|sample| {
            if let Some(order) = chosen.get(&sample.seq) {
                let checks = if of_items {
                    sample
                        .probe
                        .checks()
                        .map(|check| Some(check.clone()))
                        .collect()
                } else {
                    vec![None]
                };
                for check in checks {
                    let sample = sample.clone();
                    rows.push((order.clone(), SheetRow { sample, check }));
                }
            }
        })?;
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        let labels = match &instrument.scale.items {
            Some(items) if of_items => items.labels.clone(),
            _ => instrument.scale.labels.clone(),
        };
        Ok(LabelSheet {
            rows: rows.into_iter().map(|(_, row)| row).collect(),
            strata,
            left_out: groups.saturating_sub(spec.number),
            groups,
            labels,
        })
    }
}

type Queues = [(StratumKey, Vec<Choice>)];

/// How many of each queue are among the first `number` of all in the shuffled order.
fn at_random(queues: &Queues, number: usize) -> Vec<usize> {
    let mut all: Vec<(&str, usize)> = Vec::new();
    for (place, (_, choices)) in queues.iter().enumerate() {
        all.extend(choices.iter().map(|choice| (choice.order.as_str(), place)));
    }
    all.sort_unstable();
    let mut taken = vec![0; queues.len()];
    for (_, place) in all.into_iter().take(number) {
        taken[place] += 1;
    }
    taken
}

/// How many of each queue are drawn: each next one where fewest are known or drawn.
fn in_turn(
    queues: &Queues,
    number: usize,
    known: &BTreeMap<(Perspective, Expect), u64>,
) -> Vec<usize> {
    let mut taken = vec![0; queues.len()];
    for _ in 0..number {
        let next = (0..queues.len())
            .filter(|place| taken[*place] < queues[*place].1.len())
            .min_by_key(|place| {
                let (_, perspective, expect, _) = &queues[*place].0;
                let known = known.get(&(*perspective, *expect)).copied();
                known.unwrap_or_default() + taken[*place] as u64
            });
        match next {
            Some(place) => taken[place] += 1,
            None => break,
        }
    }
    taken
}

/// Draws answers, one from each stratum in turn, beginning where fewest labels are known; or at
/// random among all: their places in the run with their
/// shuffled order, and what was drawn from each group.
fn draw(
    strata: BTreeMap<StratumKey, Vec<Choice>>,
    spec: &SheetSpec,
    known: &BTreeMap<(Perspective, Expect), u64>,
) -> (BTreeMap<i64, String>, Vec<DrawnStratum>) {
    let mut queues: Vec<(StratumKey, Vec<Choice>)> = strata
        .into_iter()
        .map(|(key, mut choices)| {
            choices.sort_by(|a, b| a.order.cmp(&b.order));
            let mut seen: BTreeMap<(SuiteId, ProbeId), usize> = BTreeMap::new();
            let mut ranked: Vec<(usize, Choice)> = choices
                .into_iter()
                .map(|choice| {
                    let count = seen.entry(choice.ask.clone()).or_default();
                    *count += 1;
                    (*count, choice)
                })
                .collect();
            ranked.sort_by_key(|(rank, _)| *rank);
            (key, ranked.into_iter().map(|(_, choice)| choice).collect())
        })
        .collect();
    let taken = if spec.drawn == Drawn::AtRandom {
        at_random(&queues, spec.number)
    } else {
        in_turn(&queues, spec.number, known)
    };
    let mut chosen = BTreeMap::new();
    let mut heads: BTreeMap<(TargetId, Perspective, Expect), (usize, usize)> = BTreeMap::new();
    for (taken, ((target, perspective, expect, _), choices)) in taken.iter().zip(&mut queues) {
        let head = heads
            .entry((target.clone(), *perspective, *expect))
            .or_default();
        head.0 += choices.len();
        head.1 += taken;
        let drawn = choices.drain(..taken);
        chosen.extend(drawn.map(|choice| (choice.seq, choice.order)));
    }
    let heads = heads.into_iter();
    let strata = heads.map(
        |((target, perspective, expect), (answers, drawn))| DrawnStratum {
            target,
            perspective,
            expect,
            answers,
            drawn,
        },
    );
    (chosen, strata.collect())
}
