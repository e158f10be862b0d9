//! How well the judges of a run agree on the same answers, and how often panels are split.

use std::collections::BTreeMap;

use nocere_core::{Instrument, JudgeId, Sample, Verdict};
use nocere_stats::agreement::Agreement;
use serde::{Deserialize, Serialize};

use crate::calibration::judges_agreement;

/// Maximum number of labels that are counted one by one; another program can have any number.
const MAX_LABELS: usize = 20;
/// Above this many answers no agreement is computed: it would take long, and its interval would
/// be too narrow to show.
const MAX_PAIRS: u64 = 200_000;

/// The agreement of two judges of a run on the same answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JudgePair {
    /// Id of the first judge.
    pub first: JudgeId,
    /// Id of the second judge.
    pub second: JudgeId,
    /// Labels of the first judge, one per row. Hostile text if another program wrote them.
    pub rows: Vec<String>,
    /// Labels of the second judge, one per column. Hostile text likewise.
    pub columns: Vec<String>,
    /// Number of answers with each pair of labels, by row and column.
    pub counts: Vec<Vec<u64>>,
    /// Number of answers that both judges scored.
    pub both: u64,
    /// Cohen's kappa, with answers to one probe as a cluster; `None` for judges on different
    /// scales, or with more than 200,000 answers.
    pub kappa: Option<Agreement>,
    /// Share of equal labels; `None` as for `kappa`.
    pub equal: Option<Agreement>,
}

/// How often a panel's members, or a judge's votes, were split.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Split {
    /// Id of the judge.
    pub judge: JudgeId,
    /// Number of answers to which members gave different labels.
    pub split: u64,
    /// Number of answers to which at least one member gave no label.
    pub incomplete: u64,
    /// Number of answers with votes.
    pub voted: u64,
}

#[derive(Default)]
struct VoteCounts {
    split: u64,
    incomplete: u64,
    voted: u64,
}

/// How often two judges gave two labels.
#[derive(Default)]
struct PairCounts {
    /// By the labels of the first and of the second judge.
    labels: BTreeMap<(String, String), u64>,
    /// By the probe's position, and the places of both labels on the judges' scales; only while
    /// the agreement can be computed.
    places: BTreeMap<(i64, usize, usize), u64>,
    both: u64,
}

impl PairCounts {
    fn add(&mut self, position: i64, words: (&str, &str), places: Option<(usize, usize)>) {
        let known = self.labels.len() < MAX_LABELS * MAX_LABELS;
        let key = (words.0.to_owned(), words.1.to_owned());
        let key = if known || self.labels.contains_key(&key) {
            key
        } else {
            ("other".to_owned(), "other".to_owned())
        };
        *self.labels.entry(key).or_default() += 1;
        self.both += 1;
        if self.both > MAX_PAIRS {
            self.places.clear();
        } else if let Some((first, second)) = places {
            *self.places.entry((position, first, second)).or_default() += 1;
        }
    }
}

/// Counts of pairs of labels, and of split votes.
#[derive(Default)]
pub(crate) struct Agreements {
    /// By the indices of the two judges.
    pairs: BTreeMap<(usize, usize), PairCounts>,
    votes: BTreeMap<usize, VoteCounts>,
}

impl Agreements {
    pub(crate) fn add(&mut self, row: &Sample, instruments: &[Instrument]) {
        let verdict = |instrument: &Instrument| row.verdict(&instrument.hash);
        // Judges of several items give no single label that could be compared.
        let numbers: Vec<usize> = (0..instruments.len())
            .filter(|number| {
                let scale = &instruments[*number].scale;
                scale.items.is_none() || !scale.labels.is_empty()
            })
            .collect();
        let said: Vec<Option<(String, Option<usize>)>> = numbers
            .iter()
            .map(|number| {
                let instrument = &instruments[*number];
                let score = verdict(instrument)?.score()?;
                Some((instrument.scale.word(score), instrument.scale.place(score)))
            })
            .collect();
        for (first, a) in said.iter().enumerate() {
            for (second, b) in said.iter().enumerate().skip(first + 1) {
                if let (Some((a, a_place)), Some((b, b_place))) = (a, b) {
                    self.pairs
                        .entry((numbers[first], numbers[second]))
                        .or_default()
                        .add(row.position, (a, b), a_place.zip(*b_place));
                }
            }
        }
        for (number, instrument) in instruments.iter().enumerate() {
            let votes = verdict(instrument).map_or(&[][..], Verdict::votes);
            if votes.is_empty() {
                continue;
            }
            let counts = self.votes.entry(number).or_default();
            counts.voted += 1;
            counts.incomplete += u64::from(votes.iter().any(|vote| vote.score.is_none()));
            let mut said = votes
                .iter()
                .filter_map(|vote| vote.score.as_ref())
                .map(|score| instrument.scale.word(score));
            let first = said.next();
            counts.split += u64::from(said.any(|word| Some(&word) != first.as_ref()));
        }
    }

    pub(crate) fn pairs(&self, instruments: &[Instrument]) -> Vec<JudgePair> {
        self.pairs
            .iter()
            .map(|((a, b), counts)| pair(&instruments[*a], &instruments[*b], counts))
            .collect()
    }

    pub(crate) fn splits(&self, instruments: &[Instrument]) -> Vec<Split> {
        self.votes
            .iter()
            .map(|(number, counts)| Split {
                judge: instruments[*number].id.clone(),
                split: counts.split,
                incomplete: counts.incomplete,
                voted: counts.voted,
            })
            .collect()
    }
}

fn pair(first: &Instrument, second: &Instrument, found: &PairCounts) -> JudgePair {
    let counts = &found.labels;
    let labels = |instrument: &Instrument, seen: &dyn Fn(&(String, String)) -> String| {
        let mut labels = instrument.scale.labels.clone();
        for key in counts.keys() {
            let label = seen(key);
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        labels
    };
    let rows = labels(first, &|key| key.0.clone());
    let columns = labels(second, &|key| key.1.clone());
    let table: Vec<Vec<u64>> = rows
        .iter()
        .map(|row| {
            columns
                .iter()
                .map(|column| {
                    counts
                        .get(&(row.clone(), column.clone()))
                        .copied()
                        .unwrap_or(0)
                })
                .collect()
        })
        .collect();
    let is_one_scale = first.scale.is_comparable(&second.scale) && found.both <= MAX_PAIRS;
    let agreement = is_one_scale.then(|| {
        let pairs: Vec<(u64, usize, usize)> = found
            .places
            .iter()
            .flat_map(|((position, a, b), count)| (0..*count).map(|_| (*position as u64, *a, *b)))
            .collect();
        judges_agreement(first.scale.labels.len(), &pairs)
    });
    let (kappa, equal) =
        agreement.map_or((None, None), |(kappa, equal)| (Some(kappa), Some(equal)));
    JudgePair {
        first: first.id.clone(),
        second: second.id.clone(),
        rows,
        columns,
        counts: table,
        both: found.both,
        kappa,
        equal,
    }
}
