//! Means by category, for the parts of a protocol whose scores are numbers.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{BaselineMeans, Baselines, JudgeId, PartRecord, TargetId};
use serde::{Deserialize, Serialize};

use crate::{
    mean::{Mean, mean, mean_of},
    protocol_source::{Slice, Source, is_here, judges, note},
    run_judge::RunJudge,
    tally::Facts,
};

/// Means by category.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MeansTable {
    /// Titles of the categories.
    pub categories: Vec<String>,
    /// Targets and judges with their means, in the order of the categories.
    pub rows: Vec<(TargetId, JudgeId, Vec<Option<Mean>>)>,
    /// Published models with their means, in the order of the categories.
    pub published: Vec<(String, Vec<Option<f64>>)>,
    /// Source and caveats of the published means.
    pub published_note: String,
}

/// Each published model's mean by category, in the order of ours; `None` where the source has
/// no such category.
fn published_means(
    table: &BaselineMeans,
    categories: &[(&str, &str)],
) -> Vec<(String, Vec<Option<f64>>)> {
    let rows = table.rows.iter();
    rows.map(|(model, values)| {
        let of = |id: &str| {
            let place = table.categories.iter().position(|known| known == id)?;
            values.get(place).copied()
        };
        let values = categories.iter().map(|(id, _)| of(id));
        (model.clone(), values.collect())
    })
    .collect()
}

/// Means by category for the targets and published models of a part.
pub(crate) fn means(source: &Source<'_>, part: &PartRecord, slice: Slice) -> MeansTable {
    let judged: BTreeSet<&str> = judges(source, part)
        .flat_map(|judge| {
            source
                .targets
                .iter()
                .map(move |target| (target, judge.number))
        })
        .filter_map(|of| source.tally.labels.get(&(of.0.clone(), of.1)))
        .flat_map(|labels| labels.keys())
        .filter_map(|position| source.tally.facts.get(position))
        .filter(|facts| is_here(facts, part, slice))
        .map(|facts| facts.category.as_str())
        .collect();
    // A part of a suite that several measures share has no answers in the others' categories.
    let categories: Vec<(&str, &str)> = source
        .suites
        .iter()
        .filter(|suite| suite.id == part.suite)
        .flat_map(|suite| &suite.categories)
        .map(|category| (category.id.as_str(), category.title.as_str()))
        .filter(|(id, _)| judged.is_empty() || judged.contains(id))
        .collect();
    let mut rows = Vec::new();
    for RunJudge { number, instrument } in judges(source, part) {
        for target in source.targets {
            let row: Vec<Option<Mean>> = categories
                .iter()
                .map(|(id, _)| {
                    let here = |facts: &Facts| is_here(facts, part, slice) && facts.category == *id;
                    let chosen = source.tally.chosen(target, number, here);
                    mean(&chosen, &instrument.scale)
                })
                .collect();
            if row.iter().any(Option::is_some) {
                rows.push((target.clone(), instrument.id.clone(), row));
            }
        }
    }
    let published: Option<(&Baselines, &BaselineMeans)> = source
        .baselines
        .iter()
        .filter(|file| file.protocol == source.protocol.id)
        .find_map(|file| {
            let table = file.means.iter().find(|table| table.part == part.id)?;
            Some((file, table))
        });
    MeansTable {
        rows,
        published: published
            .map_or_else(Vec::new, |(_, table)| published_means(table, &categories)),
        published_note: published.map_or_else(String::new, |(file, table)| {
            note(
                &file.source,
                &table.figure,
                table.judge.as_deref(),
                None,
                &table.note,
            )
        }),
        categories: categories
            .into_iter()
            .map(|(_, title)| title.to_owned())
            .collect(),
    }
}

/// Means by the axis of the criteria; `None` if no probe of the part has criteria with axes.
pub(crate) fn axes(source: &Source<'_>, part: &PartRecord, slice: Slice) -> Option<MeansTable> {
    let here = |position: &i64| {
        let facts = source.tally.facts.get(position);
        facts.is_some_and(|facts| is_here(facts, part, slice))
    };
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut found = Vec::new();
    for RunJudge { number, instrument } in judges(source, part) {
        let Some(numbers) = &instrument.scale.numbers else {
            continue;
        };
        for target in source.targets {
            let Some(shares) = source.tally.axes.get(&(target.clone(), number)) else {
                continue;
            };
            let mut by_axis: BTreeMap<&str, Vec<(f64, u64)>> = BTreeMap::new();
            for ((position, axis), share) in shares {
                if here(position) {
                    by_axis.entry(axis).or_default().push(*share);
                }
            }
            names.extend(by_axis.keys());
            found.push((target, instrument, numbers, by_axis));
        }
    }
    let rows = found
        .into_iter()
        .map(|(target, instrument, numbers, by_axis)| {
            let means = names.iter().map(|name| {
                let clusters = by_axis.get(name)?;
                mean_of(clusters, numbers)
            });
            (target.clone(), instrument.id.clone(), means.collect())
        });
    let rows: Vec<(TargetId, JudgeId, Vec<Option<Mean>>)> = rows.collect();
    (!names.is_empty()).then(|| MeansTable {
        rows,
        published: Vec::new(),
        published_note: String::new(),
        categories: names.iter().map(|name| name.replace('_', " ")).collect(),
    })
}
