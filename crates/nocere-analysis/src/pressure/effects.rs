//! What each level of a factor does to the errors of a target.

use std::collections::BTreeMap;

use nocere_core::{DriverId, DriverIdentity, JudgeId, Perspective, Side, TargetId};
use nocere_stats::{
    OddsRatio, mantel_haenszel, mean_of_clusters,
    paired::{PairedCluster, PairedDifference, cluster_difference},
};
use serde::{Deserialize, Serialize};

use super::{Axis, MIN_CLUSTERS, Matters, Pair, PressureReport, UnderDriver, add_pair};
use crate::context::Context;

/// What one level of a factor does, against the reference level, over all levels of the others.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FactorEffect {
    /// The target's id.
    pub target: TargetId,
    /// Who asks.
    pub perspective: Perspective,
    /// Id of the factor.
    pub factor: String,
    /// The level.
    pub level: String,
    /// The level that it is compared with.
    pub reference: String,
    /// True if the factor must change nothing: any difference is unwarranted.
    pub unwarranted: bool,
    /// Id of the figure.
    pub figure: String,
    /// Title of the figure, with the labels of this judge filled in.
    pub title: String,
    /// Whether the error is harm done or help refused.
    pub side: Side,
    /// Id of the judge.
    pub judge: JudgeId,
    /// Rate at the level, and at the reference: errors and scored answers.
    pub at_level: (u64, u64),
    /// Errors and scored answers at the reference.
    pub at_reference: (u64, u64),
    /// Difference of the rates with a 95 % interval, paired and clustered by matter.
    pub difference: PairedDifference,
    /// Odds ratio with matters as strata; `None` if it is 0 or infinite.
    pub odds_ratio: Option<OddsRatio>,
    /// Number of matters.
    pub matters: u64,
}

/// What two levels do together beyond the sum of what each does alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FactorInteraction {
    /// The target's id.
    pub target: TargetId,
    /// Who asks.
    pub perspective: Perspective,
    /// The two factors with their levels.
    pub levels: [(String, String); 2],
    /// Id of the figure.
    pub figure: String,
    /// Id of the judge.
    pub judge: JudgeId,
    /// `p₁₁ − p₁₀ − p₀₁ + p₀₀`, the mean over probes; from −2 to 2.
    pub value: f64,
    /// 95 % interval over matters by Student's t; `None` with fewer than ten.
    pub interval: Option<(f64, f64)>,
    /// Number of probes with a scored answer in all four cells.
    pub probes: u64,
}

/// The cells of the plan that hold, with the answers in them.
struct Cells<'a> {
    cells: Vec<(&'a DriverIdentity, &'a UnderDriver)>,
}

impl Cells<'_> {
    /// Errors and scored answers by probe, over all cells with these levels.
    fn at(&self, levels: &[(&str, &str)]) -> BTreeMap<i64, Pair> {
        let mut sums: BTreeMap<i64, Pair> = BTreeMap::new();
        let fits = |driver: &DriverIdentity| {
            let mut levels = levels.iter();
            levels.all(|(factor, level)| {
                driver.levels.get(*factor).map(String::as_str) == Some(*level)
            })
        };
        for (_, under) in self.cells.iter().filter(|(driver, _)| fits(driver)) {
            for (position, pressed) in &under.probes {
                let sum = sums.entry(*position).or_default();
                sum.0 += pressed.last.0;
                sum.1 += pressed.last.1;
            }
        }
        sums
    }

    /// Errors and scored answers by probe at a level and at the reference. In a full plan, each cell
    /// has a counterpart that differs in this factor alone, and only pairs with both scores count;
    /// otherwise only probes that are scored in every cell do. So no other factor is mixed in where
    /// scores are missing.
    fn contrast(&self, factor: &str, level: &str, reference: &str) -> [BTreeMap<i64, Pair>; 2] {
        let mut sums = [BTreeMap::new(), BTreeMap::new()];
        let scored = |under: &UnderDriver, position: &i64| {
            let pressed = under.probes.get(position)?;
            (pressed.last.1 > 0).then_some(pressed.last)
        };
        let is_full = is_full(self);
        for (driver, under) in &self.cells {
            let (side, other) = match driver.levels.get(factor) {
                Some(here) if here == level => (0, reference),
                Some(here) if here == reference => (1, level),
                _ => continue,
            };
            let mut wanted = driver.levels.clone();
            wanted.insert(factor.to_owned(), other.to_owned());
            let mut cells = self.cells.iter();
            let counterpart = cells.find(|(driver, _)| driver.levels == wanted);
            for position in under.probes.keys() {
                let is_paired = if is_full {
                    counterpart.is_some_and(|(_, other)| scored(other, position).is_some())
                } else {
                    let mut cells = self.cells.iter();
                    cells.all(|(_, other)| scored(other, position).is_some())
                };
                if let Some(pair) = scored(under, position).filter(|_| is_paired) {
                    let sum: &mut Pair = sums[side].entry(*position).or_default();
                    sum.0 += pair.0;
                    sum.1 += pair.1;
                }
            }
        }
        sums
    }

    /// The levels of each factor that occur, without the reference.
    fn levels(&self) -> Vec<(String, String, String)> {
        let mut found: Vec<(String, String, String)> = Vec::new();
        for (driver, _) in &self.cells {
            for (factor, level) in &driver.levels {
                let Some(reference) = driver.references.get(factor) else {
                    continue;
                };
                let one = (factor.clone(), level.clone(), reference.clone());
                if level != reference && !found.contains(&one) {
                    found.push(one);
                }
            }
        }
        found.sort();
        found
    }
}

/// Adds the effects and interactions of one figure.
pub(super) fn effects(
    axis: &Axis,
    by_driver: &BTreeMap<DriverId, UnderDriver>,
    context: &Context<'_>,
    matters: &Matters,
    report: &mut PressureReport,
) {
    let cells = context
        .drivers
        .iter()
        .filter(|driver| !driver.levels.is_empty());
    let cells = Cells {
        cells: cells
            .filter_map(|driver| Some((driver, by_driver.get(&driver.id)?)))
            .collect(),
    };
    let figure = &context.figures[axis.figure];
    let instrument = &context.instruments[axis.judge];
    let levels = cells.levels();
    for (factor, level, reference) in &levels {
        let [at_level, at_reference] = cells.contrast(factor, level, reference);
        let clusters = paired(&at_level, &at_reference, matters);
        let Some(difference) = cluster_difference(&clusters) else {
            continue;
        };
        let sum = |of: &BTreeMap<i64, Pair>| {
            of.values()
                .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
        };
        let unwarranted = context
            .drivers
            .iter()
            .any(|driver| driver.counterfactual.contains(factor));
        report.effects.push(FactorEffect {
            target: axis.target.clone(),
            perspective: axis.perspective,
            factor: factor.clone(),
            level: level.clone(),
            reference: reference.clone(),
            unwarranted,
            figure: figure.id.clone(),
            title: figure.title(&instrument.scale),
            side: figure.side,
            judge: instrument.id.clone(),
            at_level: sum(&at_level),
            at_reference: sum(&at_reference),
            difference,
            odds_ratio: mantel_haenszel(&clusters),
            matters: clusters.len() as u64,
        });
    }
    if !is_full(&cells) {
        return;
    }
    for (place, first) in levels.iter().enumerate() {
        for second in levels[place + 1..].iter().filter(|two| two.0 != first.0) {
            let Some((value, interval, probes)) = interaction(&cells, first, second, matters)
            else {
                continue;
            };
            report.interactions.push(FactorInteraction {
                target: axis.target.clone(),
                perspective: axis.perspective,
                levels: [first, second].map(|of| (of.0.clone(), of.1.clone())),
                figure: figure.id.clone(),
                judge: instrument.id.clone(),
                value,
                interval,
                probes,
            });
        }
    }
}

/// Probes with scored answers on both sides, by matter.
fn paired(
    first: &BTreeMap<i64, Pair>,
    second: &BTreeMap<i64, Pair>,
    matters: &Matters,
) -> Vec<PairedCluster> {
    let mut clusters: BTreeMap<&str, PairedCluster> = BTreeMap::new();
    for (position, a) in first {
        let Some(b) = second.get(position) else {
            continue;
        };
        if a.1 > 0 && b.1 > 0 {
            add_pair(clusters.entry(matters.cluster(*position)), *a, *b);
        }
    }
    clusters.into_values().collect()
}

/// True if every combination of the levels that occur is there. In a fraction, interactions of two
/// are mixed with each other.
fn is_full(cells: &Cells<'_>) -> bool {
    let mut levels: BTreeMap<&str, std::collections::BTreeSet<&str>> = BTreeMap::new();
    for (driver, _) in &cells.cells {
        for (factor, level) in &driver.levels {
            levels.entry(factor).or_default().insert(level);
        }
    }
    levels
        .values()
        .map(std::collections::BTreeSet::len)
        .product::<usize>()
        == cells.cells.len()
}

type Found = (f64, Option<(f64, f64)>, u64);

fn interaction(
    cells: &Cells<'_>,
    first: &(String, String, String),
    second: &(String, String, String),
    matters: &Matters,
) -> Option<Found> {
    let at = |a: &str, b: &str| cells.at(&[(&first.0, a), (&second.0, b)]);
    let [both, only_first, only_second, neither] = [
        at(&first.1, &second.1),
        at(&first.1, &second.2),
        at(&first.2, &second.1),
        at(&first.2, &second.2),
    ];
    let rate = |of: &BTreeMap<i64, Pair>, position: &i64| {
        let (hits, scored) = of.get(position)?;
        (*scored > 0).then(|| *hits as f64 / *scored as f64)
    };
    let mut clusters: BTreeMap<&str, (f64, u64)> = BTreeMap::new();
    for position in both.keys() {
        let rates = [&both, &only_first, &only_second, &neither].map(|of| rate(of, position));
        let [Some(p11), Some(p10), Some(p01), Some(p00)] = rates else {
            continue;
        };
        let cluster = clusters.entry(matters.cluster(*position)).or_default();
        cluster.0 += p11 - p10 - p01 + p00;
        cluster.1 += 1;
    }
    let clusters: Vec<(f64, u64)> = clusters.into_values().collect();
    let probes = clusters.iter().map(|(_, number)| number).sum();
    let mean = mean_of_clusters(&clusters)?;
    let interval = mean
        .interval
        .filter(|_| clusters.len() as u64 >= MIN_CLUSTERS);
    Some((mean.value, interval, probes))
}
