//! Compares targets by mean score pair by pair, as MedSafetyBench does (arXiv 2403.03744, section 4):
//! on the probes that both have scores of, with Bonferroni's correction.

use std::collections::BTreeMap;

use nocere_core::{JudgeId, PartRecord, TargetId};
use nocere_stats::mean_of_clusters;
use serde::{Deserialize, Serialize};

use crate::{
    comparison::{flips, p_text, signed},
    mean::{MIN_PROBES, score},
    protocol_source::{Slice, Source, is_here, judges},
    run_judge::RunJudge,
};

/// Two targets' mean scores on the same probes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MeanPair {
    /// Id of the judge.
    pub judge: JudgeId,
    /// Id of the first target.
    pub first: TargetId,
    /// Id of the second target.
    pub second: TargetId,
    /// Number of probes of which both have scores.
    pub probes: u64,
    /// Mean over these probes of the first's mean minus the second's, in the unit of the scale. Each probe
    /// weighs the same, however many answers it has.
    pub difference: f64,
    /// Its 95 % interval by Student's t over probes; `None` with fewer than ten probes, or if all differ
    /// alike.
    pub interval: Option<(f64, f64)>,
    /// Two-sided p-value for equal means, by sign flips over probes.
    pub p_value: f64,
    /// The p-value times the number of pairs of this table and judge, at most 1 (Bonferroni).
    pub adjusted: f64,
}

impl MeanPair {
    /// The difference with its interval, as "+0.412 (−0.120 to +0.944)".
    pub fn difference_text(&self) -> String {
        let value = signed(self.difference, 3);
        self.interval.map_or(value.clone(), |(low, high)| {
            format!("{value} ({} to {})", signed(low, 3), signed(high, 3))
        })
    }

    /// The p-value, as "0.032" or "< 0.001".
    pub fn p_text(&self) -> String {
        p_text(self.p_value)
    }

    /// The corrected p-value, as "0.032" or "< 0.001".
    pub fn adjusted_text(&self) -> String {
        p_text(self.adjusted)
    }
}

/// All pairs of targets, by each judge whose scores have a mean.
pub(crate) fn mean_pairs(source: &Source<'_>, part: &PartRecord, slice: Slice) -> Vec<MeanPair> {
    let mut all = Vec::new();
    for RunJudge { number, instrument } in judges(source, part) {
        let of = |target: &TargetId| -> Scores {
            let labels = source.tally.labels.get(&(target.clone(), number));
            let mut scores = Scores::new();
            for (position, labels) in labels.into_iter().flatten() {
                let facts = source.tally.facts.get(position);
                if facts.is_some_and(|facts| is_here(facts, part, slice))
                    && let Some((sum, count)) = score(labels, &instrument.scale)
                {
                    // Answers to an ask and to its restatements are not independent.
                    let ask = scores.entry(source.tally.ask(*position)).or_default();
                    *ask = (ask.0 + sum, ask.1 + count);
                }
            }
            scores
        };
        let scores: Vec<(&TargetId, Scores)> = source
            .targets
            .iter()
            .map(|target| (target, of(target)))
            .collect();
        let mut pairs = Vec::new();
        for (at, (first, a)) in scores.iter().enumerate() {
            for (second, b) in &scores[at + 1..] {
                pairs.extend(pair(&instrument.id, (first, a), (second, b), source.seed));
            }
        }
        let number = pairs.len() as f64;
        for pair in &mut pairs {
            pair.adjusted = (pair.p_value * number).min(1.0);
        }
        all.extend(pairs);
    }
    all
}

/// Sum and number of the scores of each ask.
type Scores = BTreeMap<i64, (f64, u64)>;

/// `None` if no probe has a score of both.
fn pair(
    judge: &JudgeId,
    (first, a): (&TargetId, &Scores),
    (second, b): (&TargetId, &Scores),
    seed: u64,
) -> Option<MeanPair> {
    let mean = |(sum, count): &(f64, u64)| sum / *count as f64;
    let differences: Vec<f64> = a
        .iter()
        .filter_map(|(ask, a)| Some(mean(a) - mean(b.get(ask)?)))
        .collect();
    let each: Vec<(f64, u64)> = differences.iter().map(|value| (*value, 1)).collect();
    let difference = mean_of_clusters(&each)?;
    let p_value = flips(&differences, seed)?;
    Some(MeanPair {
        judge: judge.clone(),
        first: first.clone(),
        second: second.clone(),
        probes: differences.len() as u64,
        difference: difference.value,
        interval: difference
            .interval
            .filter(|_| differences.len() >= MIN_PROBES),
        p_value,
        adjusted: p_value,
    })
}
