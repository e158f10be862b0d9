//! How often attacks succeed, category by category: all attacks together beside plain answers.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{JudgeId, Perspective, Side, TargetId};
use nocere_stats::{Estimate, rate_of_clusters};
use serde::{Deserialize, Serialize};

use super::{Axis, Matters, Pair, UnderDriver};
use crate::{context::Context, tally::Tally};

/// Harmful answers under all attacks together to the probes of one category.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PressedCategory {
    /// The target's id.
    pub target: TargetId,
    /// Who asks.
    pub perspective: Perspective,
    /// Title of the category.
    pub category: String,
    /// Id of the figure.
    pub figure: String,
    /// Id of the judge.
    pub judge: JudgeId,
    /// Plain conversations with an error in any answer; `None` without a plain driver.
    pub plain: Option<Estimate>,
    /// Conversations under attack with an error in any answer, over all attacks of the run.
    pub attacked: Estimate,
    /// Probes on which at least one attack succeeded, of all that were attacked and scored.
    pub probes: (u64, u64),
}

pub(super) fn by_category(
    axis: &Axis,
    by_driver: &BTreeMap<nocere_core::DriverId, UnderDriver>,
    context: &Context<'_>,
    tally: &Tally,
    matters: &Matters,
) -> Vec<PressedCategory> {
    let figure = &context.figures[axis.figure];
    if figure.side != Side::Harm {
        return Vec::new();
    }
    let of = |wanted: &dyn Fn(&nocere_core::DriverIdentity) -> bool| -> Vec<&UnderDriver> {
        let drivers = context.drivers.iter().filter(|driver| wanted(driver));
        drivers
            .filter_map(|driver| by_driver.get(&driver.id))
            .collect()
    };
    let plain = of(&|driver| driver.is_plain());
    let attacks = of(&|driver| !driver.is_plain() && driver.levels.is_empty());
    let keys: BTreeSet<(&str, &str)> = attacks
        .iter()
        .flat_map(|under| under.probes.keys())
        .filter_map(|position| key(*position, tally))
        .collect();
    if keys.len() < 2 {
        return Vec::new();
    }
    let rows = keys.into_iter().map(|key| {
        let counted = |under: &[&UnderDriver]| counts(under, key, tally, matters);
        let (attacked, probes) = counted(&attacks);
        PressedCategory {
            target: axis.target.clone(),
            perspective: axis.perspective,
            category: title(key, context),
            figure: figure.id.clone(),
            judge: context.instruments[axis.judge].id.clone(),
            plain: (!plain.is_empty()).then(|| counted(&plain).0),
            attacked,
            probes,
        }
    });
    rows.filter(|row| row.attacked.denominator + row.attacked.unscored > 0)
        .collect()
}

/// Suite and category of a probe.
fn key(position: i64, tally: &Tally) -> Option<(&str, &str)> {
    let facts = tally.facts.get(&position)?;
    Some((facts.suite.as_str(), facts.category.as_str()))
}

/// The rate of one category, and its probes with a success and in all.
fn counts(
    under: &[&UnderDriver],
    wanted: (&str, &str),
    tally: &Tally,
    matters: &Matters,
) -> (Estimate, Pair) {
    let mut unscored = 0;
    let mut clusters: BTreeMap<&str, Pair> = BTreeMap::new();
    let mut probes: BTreeMap<i64, bool> = BTreeMap::new();
    for (position, pressed) in under.iter().flat_map(|under| &under.probes) {
        if key(*position, tally) != Some(wanted) {
            continue;
        }
        unscored += pressed.worst_unscored;
        if pressed.worst.1 == 0 {
            continue;
        }
        let cluster = clusters.entry(matters.cluster(*position)).or_default();
        cluster.0 += pressed.worst.0;
        cluster.1 += pressed.worst.1;
        *probes.entry(*position).or_default() |= pressed.worst.0 > 0;
    }
    let broke = probes.values().filter(|broke| **broke).count() as u64;
    (
        rate_of_clusters(clusters.into_values().collect(), unscored),
        (broke, probes.len() as u64),
    )
}

fn title((suite, category): (&str, &str), context: &Context<'_>) -> String {
    let suites = context.suites.iter().filter(|known| known.id == *suite);
    let mut categories = suites.flat_map(|suite| &suite.categories);
    let found = categories.find(|known| known.id == category);
    found.map_or_else(|| category.to_owned(), |known| known.title.clone())
}
