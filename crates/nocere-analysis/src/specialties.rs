//! Results by specialty and category, as Asclepius shows them (arXiv 2402.11217).

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{JudgeId, PartRecord, TargetId};
use serde::{Deserialize, Serialize};

use crate::{
    protocol_source::{Slice, Source, headline_places, is_here, judges},
    run_judge::RunJudge,
};

/// Fewest scored answers of a cell whose share means anything.
pub const FEW: u64 = 10;

/// One target's results by specialty (rows) and category (columns).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SpecialtyGrid {
    /// The target's id.
    pub target: TargetId,
    /// Id of the judge.
    pub judge: JudgeId,
    /// Titles of the categories.
    pub categories: Vec<String>,
    /// The specialties with their cells, in the order of the categories: answers with the headline's
    /// labels, and scored answers.
    pub rows: Vec<(String, Vec<(u64, u64)>)>,
    /// Variance of the shares of specialties with at least [`FEW`] scored answers; `None` with fewer
    /// than two of them.
    pub variance: Option<f64>,
}

/// The grids of a part: for each judge and target, if probes name their specialties and the part has a
/// headline.
pub(crate) fn grids(source: &Source<'_>, part: &PartRecord) -> Vec<SpecialtyGrid> {
    let facts = || {
        let facts = source.tally.facts.values();
        facts.filter(|facts| is_here(facts, part, Slice::default()) && !facts.specialty.is_empty())
    };
    let specialties: BTreeSet<&str> = facts().map(|facts| facts.specialty.as_str()).collect();
    let seen: BTreeSet<&str> = facts().map(|facts| facts.category.as_str()).collect();
    let categories: Vec<(&str, &str)> = source
        .suites
        .iter()
        .filter(|suite| suite.id == part.suite)
        .flat_map(|suite| &suite.categories)
        .filter(|category| seen.contains(category.id.as_str()))
        .map(|category| (category.id.as_str(), category.title.as_str()))
        .collect();
    let mut grids = Vec::new();
    if specialties.is_empty() {
        return grids;
    }
    for RunJudge { number, instrument } in judges(source, part) {
        let Some(places) = headline_places(part, instrument.scale.counted_labels()) else {
            continue;
        };
        for target in source.targets {
            let Some(labels) = source.tally.labels.get(&(target.clone(), number)) else {
                continue;
            };
            let mut cells: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
            for (position, labels) in labels {
                let facts = source.tally.facts.get(position);
                if let Some(facts) = facts.filter(|facts| is_here(facts, part, Slice::default())) {
                    let key = (facts.specialty.as_str(), facts.category.as_str());
                    let cell = cells.entry(key).or_default();
                    cell.0 += places.iter().map(|place| labels.at(*place)).sum::<u64>();
                    cell.1 += labels.total();
                }
            }
            let rows: Vec<(String, Vec<(u64, u64)>)> = specialties
                .iter()
                .map(|specialty| {
                    let row = categories.iter().map(|(id, _)| (*specialty, *id));
                    let row = row.map(|key| cells.get(&key).copied().unwrap_or_default());
                    ((*specialty).to_owned(), row.collect())
                })
                .collect();
            if rows.iter().flat_map(|(_, row)| row).all(|(_, n)| *n == 0) {
                continue;
            }
            grids.push(SpecialtyGrid {
                target: target.clone(),
                judge: instrument.id.clone(),
                categories: categories
                    .iter()
                    .map(|(_, title)| (*title).to_owned())
                    .collect(),
                variance: variance(&rows),
                rows,
            });
        }
    }
    grids
}

fn variance(rows: &[(String, Vec<(u64, u64)>)]) -> Option<f64> {
    let shares: Vec<f64> = rows
        .iter()
        .map(|(_, cells)| {
            let hits: u64 = cells.iter().map(|(hits, _)| hits).sum();
            let scored: u64 = cells.iter().map(|(_, scored)| scored).sum();
            (hits, scored)
        })
        .filter(|(_, scored)| *scored >= FEW)
        .map(|(hits, scored)| hits as f64 / scored as f64)
        .collect();
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    let squares: f64 = shares.iter().map(|share| (share - mean).powi(2)).sum();
    (shares.len() > 1).then(|| squares / (shares.len() - 1) as f64)
}
