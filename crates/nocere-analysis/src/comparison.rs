//! Compares the targets of one run pair by pair, on the probes that both answered: intervals of
//! the difference, and p-values corrected for the number of comparisons.

use std::collections::BTreeMap;

use nocere_core::{FigureRow, Instrument, JudgeId, Perspective, TargetId};
use nocere_stats::{
    Resampling,
    paired::{
        McNemar, PairedCluster, PairedCounts, cluster_difference, holm, mcnemar, sign_flip_test,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    cells::{Cell, CellKey},
    run_judge::RunJudge,
};

/// Number of random sign flips, if there are too many to try all.
const FLIPS: u32 = 10_000;

/// Two targets compared on the same probes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TargetPair {
    /// Who asked.
    pub perspective: Perspective,
    /// Id of the figure that is compared.
    pub figure: String,
    /// Title of the figure, with the labels of this judge filled in.
    pub title: String,
    /// Id of the judge.
    pub judge: JudgeId,
    /// Id of the first target.
    pub first: TargetId,
    /// Id of the second target.
    pub second: TargetId,
    /// Number of probes to which both have scored answers.
    pub probes: u64,
    /// Rate of the first minus that of the second on these probes, from −1 to 1. Above 0, the
    /// first makes more errors.
    pub difference: f64,
    /// 95 % interval of the difference, paired and clustered by probe. It does not account for
    /// the judge's own errors.
    pub interval: (f64, f64),
    /// Two-sided p-value for equal rates: McNemar's mid-p with one answer to each probe, a
    /// sign-flip test over probes with several.
    pub p_value: f64,
    /// The p-value after Holm's correction for all comparisons of the run.
    pub adjusted: f64,
}

/// Hits and scored answers, by the position of the probe.
type Counts = BTreeMap<i64, (u64, u64)>;

/// The probes of which both have scored answers.
fn shared(a: &Counts, b: &Counts) -> Vec<PairedCluster> {
    a.iter()
        .filter_map(|(probe, (hits, total))| {
            let (other_hits, other_total) = b.get(probe)?;
            Some(PairedCluster {
                first_sum: *hits as f64,
                first_count: *total,
                second_sum: *other_hits as f64,
                second_count: *other_total,
            })
        })
        .collect()
}

/// Compares every pair of targets for each perspective and figure, by the figure's first judge.
pub(crate) fn compare(
    cells: &BTreeMap<CellKey, Cell>,
    targets: &[TargetId],
    rows: &[FigureRow],
    instruments: &[Instrument],
    seed: u64,
) -> Vec<TargetPair> {
    let mut pairs = Vec::new();
    for perspective in Perspective::ALL {
        for (index, row) in rows.iter().enumerate() {
            let Some(RunJudge { number, instrument }) =
                RunJudge::all(instruments).find(|judge| judge.instrument.measure == row.measure)
            else {
                continue;
            };
            let of = |target: &TargetId| -> Counts {
                cells
                    .iter()
                    .filter(|(key, _)| {
                        key.figure == index
                            && key.judge == number
                            && key.place.target == *target
                            && key.place.perspective == perspective
                    })
                    .flat_map(|(_, cell)| cell.by_probe())
                    .collect()
            };
            let rates: Vec<Counts> = targets.iter().map(of).collect();
            for (first, a) in rates.iter().enumerate() {
                for (second, b) in rates.iter().enumerate().skip(first + 1) {
                    let shared = shared(a, b);
                    let found = cluster_difference(&shared).zip(p_value(&shared, seed));
                    let Some((difference, p_value)) = found else {
                        continue;
                    };
                    pairs.push(TargetPair {
                        perspective,
                        figure: row.id.clone(),
                        title: row.title(&instrument.scale),
                        judge: instrument.id.clone(),
                        first: targets[first].clone(),
                        second: targets[second].clone(),
                        probes: shared.len() as u64,
                        difference: difference.value,
                        interval: difference.interval,
                        p_value,
                        adjusted: p_value,
                    });
                }
            }
        }
    }
    let raw: Vec<f64> = pairs.iter().map(|pair| pair.p_value).collect();
    if let Some(adjusted) = holm(&raw) {
        for (pair, adjusted) in pairs.iter_mut().zip(adjusted) {
            pair.adjusted = adjusted;
        }
    }
    pairs
}

pub(crate) fn p_value(shared: &[PairedCluster], seed: u64) -> Option<f64> {
    let single = shared
        .iter()
        .all(|cluster| cluster.first_count == 1 && cluster.second_count == 1);
    if single {
        let count = |first: bool, second: bool| {
            shared
                .iter()
                .filter(|cluster| {
                    (cluster.first_sum > 0.5) == first && (cluster.second_sum > 0.5) == second
                })
                .count() as u64
        };
        let counts = PairedCounts {
            both: count(true, true),
            only_first: count(true, false),
            only_second: count(false, true),
            neither: count(false, false),
        };
        return mcnemar(&counts, McNemar::MidP);
    }
    let differences: Vec<f64> = shared
        .iter()
        .map(|cluster| {
            cluster.first_sum / cluster.first_count.max(1) as f64
                - cluster.second_sum / cluster.second_count.max(1) as f64
        })
        .collect();
    flips(&differences, seed)
}

/// The two-sided p-value of a sign-flip test for a mean difference of 0.
pub(crate) fn flips(differences: &[f64], seed: u64) -> Option<f64> {
    let resampling = Resampling {
        resamples: FLIPS,
        seed,
    };
    sign_flip_test(differences, resampling).map(|test| test.p_value)
}

/// A number with its sign, as "+4.2" or "−0.5".
pub(crate) fn signed(value: f64, places: usize) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{:.places$}", value.abs())
}

/// A p-value, as "0.032" or "< 0.001".
pub(crate) fn p_text(value: f64) -> String {
    if value < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{value:.3}")
    }
}

impl TargetPair {
    /// The difference in percentage points, as "−4.2 points (−8.0 to −0.5)".
    pub fn difference_text(&self) -> String {
        let points = |value: f64| signed(value * 100.0, 1);
        format!(
            "{} points ({} to {})",
            points(self.difference),
            points(self.interval.0),
            points(self.interval.1)
        )
    }

    /// The corrected p-value, as "0.032" or "< 0.001".
    pub fn adjusted_text(&self) -> String {
        p_text(self.adjusted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(first: (f64, u64), second: (f64, u64)) -> PairedCluster {
        PairedCluster {
            first_sum: first.0,
            first_count: first.1,
            second_sum: second.0,
            second_count: second.1,
        }
    }

    #[test]
    fn one_answer_each_is_mcnemar_and_several_are_flipped() {
        let single: Vec<PairedCluster> = (0..20)
            .map(|n| cluster((f64::from(u8::from(n < 8)), 1), (0.0, 1)))
            .collect();
        // Eight to none: mid-p = 2 (1/2)^8 - (1/2)^8.
        let p = p_value(&single, 1).unwrap();
        assert!((p - 0.5_f64.powi(8)).abs() < 1e-12, "{p}");
        let several: Vec<PairedCluster> = (0..20).map(|_| cluster((2.0, 4), (1.0, 4))).collect();
        assert!(p_value(&several, 1).unwrap() < 0.001);
        assert_eq!(p_value(&[], 1), None);
    }
}
