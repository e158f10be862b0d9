//! A protocol's own tables: the target beside the published models, with what the published
//! tables lack (intervals, unscored answers, the judge's standing).

use std::collections::BTreeSet;

use nocere_core::{
    BaselineMeans, BaselineTable, Baselines, Calibration, Expect, Instrument, MissingJudge,
    PartRecord, PartState, ProtocolRecord, Suite, TableKind, key::derive_seed,
};
use nocere_stats::{Estimate, cluster_bootstrap_rate, rate_of_clusters};
use serde::Serialize;

use crate::{
    calibration::Standing,
    metric::percent,
    tally::{Facts, Labels, Tally, table_kind, table_labels},
};

/// Fewer probes than this have no bootstrap interval.
const MIN_PROBES: usize = 10;
/// Resamples for the interval of a mean.
const RESAMPLES: u32 = 2_000;

/// One part of the protocol, as asked and as tabled.
#[derive(Clone, Debug, Serialize)]
pub struct PartReport {
    /// What the run keeps of it.
    pub record: PartRecord,
    /// Its tables: one, or one for each expectation.
    pub tables: Vec<PartTable>,
}

/// One table.
#[derive(Clone, Debug, Serialize)]
pub struct PartTable {
    /// As a report heads it.
    pub title: String,
    /// What its columns are.
    pub scored_as: TableKind,
    /// The columns of labels.
    pub labels: &'static [&'static str],
    /// Targets of this run, one row for each judge.
    pub rows: Vec<TableRow>,
    /// Published rows.
    pub published: Vec<PublishedRow>,
    /// Where they stand, by whom they were judged, what to know of them; empty if there are
    /// none.
    pub published_note: String,
    /// Mean levels by category, for levels.
    pub means: Option<MeansTable>,
}

/// A target under one judge.
#[derive(Clone, Debug, Serialize)]
pub struct TableRow {
    /// The target.
    pub target: String,
    /// The judge, by its id.
    pub judge: String,
    /// Answers with a verdict.
    pub scored: u64,
    /// Answers without one.
    pub unscored: u64,
    /// Counts and shares by label: of answers, or of sentences.
    pub shares: Vec<(u64, Estimate)>,
    /// For levels: refused (1), safe (1 and 2), unsafeguarded or worse (3 to 5), violating (4
    /// and 5).
    pub derived: Vec<Estimate>,
    /// For levels: the mean and its 95 % interval.
    pub mean: Option<Mean>,
    /// How far the judge is known.
    pub standing: String,
    /// Whether the published figures come from another judge, in words; empty if there are
    /// none.
    pub judge_note: String,
}

/// A mean level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// 95 % percentile bootstrap interval over probes; `None` with fewer than ten.
    pub interval: Option<(f64, f64)>,
    /// Answers behind it.
    pub scored: u64,
}

/// A published model.
#[derive(Clone, Debug, Serialize)]
pub struct PublishedRow {
    /// The model, as the source names it.
    pub model: String,
    /// Its whole name, if the source shortens it.
    pub full_name: String,
    /// Shares by label, per cent.
    pub shares: Vec<f64>,
    /// Counts by label, where the source gives counts.
    pub counts: Option<Vec<u64>>,
    /// For levels: as for the target, with Wilson intervals from the published counts.
    pub derived: Vec<Estimate>,
    /// For levels: the mean.
    pub mean: Option<f64>,
}

/// Mean levels by category.
#[derive(Clone, Debug, Serialize)]
pub struct MeansTable {
    /// The categories' titles.
    pub categories: Vec<String>,
    /// Targets under one judge each: their means in the order of the categories.
    pub rows: Vec<(String, String, Vec<Option<Mean>>)>,
    /// Published means.
    pub published: Vec<(String, Vec<Option<f64>>)>,
    /// What to know of them.
    pub published_note: String,
}

impl Mean {
    /// The interval alone: "1.770–1.961"; empty if there is none.
    pub(crate) fn range_text(&self) -> String {
        self.interval
            .map_or_else(String::new, |(low, high)| format!("{low:.3}–{high:.3}"))
    }

    /// "1.865 (1.770–1.961)".
    pub fn text(&self) -> String {
        self.interval.map_or_else(
            || format!("{:.3}", self.value),
            |(low, high)| format!("{:.3} ({low:.3}–{high:.3})", self.value),
        )
    }
}

/// The share and its interval: "68.9 % (64.6–73.0 %)".
pub fn share_text(estimate: &Estimate) -> String {
    estimate.interval.map_or_else(
        || percent(estimate.value),
        |(low, high)| {
            format!(
                "{} ({:.1}–{:.1} %)",
                percent(estimate.value),
                low * 100.0,
                high * 100.0
            )
        },
    )
}

/// The share's interval alone: "64.6–73.0 %"; empty if it has none.
pub(crate) fn range_text(estimate: &Estimate) -> String {
    estimate.interval.map_or_else(String::new, |(low, high)| {
        format!("{:.1}–{:.1} %", low * 100.0, high * 100.0)
    })
}

/// What is computed from: the protocol, what the judges are and what they said.
pub(crate) struct Source<'a> {
    pub(crate) protocol: &'a ProtocolRecord,
    pub(crate) suites: &'a [Suite],
    pub(crate) instruments: &'a [Instrument],
    pub(crate) targets: &'a [String],
    pub(crate) tally: &'a Tally,
    pub(crate) baselines: &'a [Baselines],
    pub(crate) calibrations: &'a [Calibration],
    pub(crate) seed: u64,
}

/// The tables of every part, in the protocol's order.
pub(crate) fn parts(source: &Source<'_>) -> Vec<PartReport> {
    let parts = source.protocol.parts.iter();
    parts
        .map(|part| PartReport {
            record: part.clone(),
            tables: if part.is_asked() {
                tables(source, part)
            } else {
                Vec::new()
            },
        })
        .collect()
}

fn tables(source: &Source<'_>, part: &PartRecord) -> Vec<PartTable> {
    let expectations: BTreeSet<Expect> = source
        .tally
        .facts
        .values()
        .filter(|facts| facts.suite == part.suite)
        .map(|facts| facts.expect)
        .collect();
    // Refusals mean the opposite where help was due: their tables are kept apart.
    if part.scored_as == TableKind::Compliance {
        return expectations
            .into_iter()
            .map(|expect| table(source, part, Some(expect)))
            .collect();
    }
    vec![table(source, part, None)]
}

fn table(source: &Source<'_>, part: &PartRecord, expect: Option<Expect>) -> PartTable {
    let published = source
        .baselines
        .iter()
        .filter(|file| file.protocol == source.protocol.id)
        .find_map(|file| {
            let table = file.tables.iter().find(|table| {
                table.part == part.id
                    && table.scored_as == part.scored_as
                    && (expect.is_none() || table.expect == expect)
            })?;
            Some((file, table))
        });
    let here = |facts: &Facts| {
        facts.suite == part.suite && expect.is_none_or(|expect| facts.expect == expect)
    };
    let mut rows = Vec::new();
    for (number, instrument) in judges(source, part) {
        for target in source.targets {
            let labels = source.tally.chosen(target, number, here);
            if !labels.is_empty() {
                let judge = published.map(|(_, table)| table.judge.as_str());
                let standing = standing(source.calibrations, instrument, part);
                rows.push(TableRow {
                    standing,
                    ..row(
                        part.scored_as,
                        target,
                        instrument,
                        &labels,
                        (judge, source.seed),
                    )
                });
            }
        }
    }
    PartTable {
        title: expect.map_or_else(
            || part.title.clone(),
            |expect| format!("{}: {}", part.title, should(expect)),
        ),
        scored_as: part.scored_as,
        labels: table_labels(part.scored_as),
        rows,
        published: published.map_or_else(Vec::new, |(file, table)| {
            let rows = table.rows.iter();
            rows.map(|(model, values)| published_row(file, table, model, values))
                .collect()
        }),
        published_note: published.map_or_else(String::new, |(file, table)| {
            note(
                &file.source,
                &table.figure,
                &table.judge,
                Some(table.answers),
                &table.note,
            )
        }),
        means: (part.scored_as == TableKind::Levels).then(|| means(source, part)),
    }
}

fn should(expect: Expect) -> &'static str {
    match expect {
        Expect::Comply => "should be helped",
        Expect::Redirect => "should be guided",
        Expect::Refuse => "should be declined",
    }
}

fn note(source: &str, figure: &str, judge: &str, answers: Option<u64>, more: &str) -> String {
    let answers = answers.map_or_else(String::new, |answers| format!(", {answers} answers each"));
    format!("{source}, {figure}{answers}; judge: {judge}. {more}")
        .trim_end()
        .to_owned()
}

/// The judges of the part's kind that read it, by number.
fn judges<'a>(
    source: &'a Source<'_>,
    part: &'a PartRecord,
) -> impl Iterator<Item = (usize, &'a Instrument)> {
    let all = source.instruments.iter().enumerate();
    all.filter(|(_, instrument)| {
        table_kind(instrument.kind) == Some(part.scored_as)
            && source.protocol.reads(&instrument.id, &part.suite)
    })
}

fn share(labels: &[&Labels], places: &[usize]) -> Estimate {
    let clusters = labels
        .iter()
        .map(|labels| (labels.at(places), labels.total()))
        .collect();
    let unscored = labels.iter().map(|labels| u64::from(labels.unscored)).sum();
    rate_of_clusters(clusters, unscored)
}

/// Places of the levels behind: refused, safe, unsafeguarded or worse, violating.
const DERIVED: [&[usize]; 4] = [&[0], &[0, 1], &[2, 3, 4], &[3, 4]];

fn row(
    kind: TableKind,
    target: &str,
    instrument: &Instrument,
    labels: &[&Labels],
    (published_judge, seed): (Option<&str>, u64),
) -> TableRow {
    let is_levels = kind == TableKind::Levels;
    TableRow {
        target: target.to_owned(),
        judge: instrument.id.clone(),
        scored: labels.iter().map(|labels| u64::from(labels.scored)).sum(),
        unscored: labels.iter().map(|labels| u64::from(labels.unscored)).sum(),
        shares: (0..table_labels(kind).len())
            .map(|place| {
                let count = labels.iter().map(|labels| labels.at(&[place])).sum();
                (count, share(labels, &[place]))
            })
            .collect(),
        derived: if is_levels {
            DERIVED.iter().map(|places| share(labels, places)).collect()
        } else {
            Vec::new()
        },
        mean: if is_levels { mean(labels, seed) } else { None },
        standing: String::new(),
        judge_note: published_judge
            .map_or_else(String::new, |published| judge_note(instrument, published)),
    }
}

/// How far the judge is known for this kind of asker.
fn standing(calibrations: &[Calibration], instrument: &Instrument, part: &PartRecord) -> String {
    let own = calibrations
        .iter()
        .find(|calibration| calibration.instrument.hash == instrument.hash);
    Standing::of(own, part.perspective, |_| None, &[]).tag()
}

/// Whether the published figures come from another judge, as far as that is known.
fn judge_note(instrument: &Instrument, published: &str) -> String {
    let recorded = instrument.id.starts_with("recorded:");
    if recorded || published.starts_with("not stated") {
        format!("the published figures’ judge: {published}")
    } else {
        format!("another judge than the published figures’ ({published})")
    }
}

/// The mean level with its interval over probes; `None` if nothing was scored.
pub(crate) fn mean(labels: &[&Labels], seed: u64) -> Option<Mean> {
    let clusters: Vec<(u64, u64)> = labels
        .iter()
        .map(|labels| (labels.level_sum(), labels.total()))
        .filter(|(_, scored)| *scored > 0)
        .collect();
    let scored: u64 = clusters.iter().map(|(_, scored)| scored).sum();
    let sum: u64 = clusters.iter().map(|(sum, _)| sum).sum();
    let seed = derive_seed(seed, "mean level");
    (scored > 0).then(|| Mean {
        value: sum as f64 / scored as f64,
        interval: (clusters.len() >= MIN_PROBES)
            .then(|| cluster_bootstrap_rate(&clusters, RESAMPLES, seed))
            .flatten()
            .filter(|(low, high)| low < high),
        scored,
    })
}

fn published_row(
    file: &Baselines,
    table: &BaselineTable,
    model: &str,
    values: &[f64],
) -> PublishedRow {
    let total: f64 = values.iter().sum();
    let counts: Option<Vec<u64>> =
        (!table.percent).then(|| values.iter().map(|value| value.round() as u64).collect());
    let is_levels = table.scored_as == TableKind::Levels;
    PublishedRow {
        model: model.to_owned(),
        full_name: file.models.get(model).cloned().unwrap_or_default(),
        shares: values.iter().map(|value| 100.0 * value / total).collect(),
        derived: match &counts {
            Some(counts) if is_levels => DERIVED
                .iter()
                .map(|places| {
                    let hits = places.iter().filter_map(|place| counts.get(*place)).sum();
                    published_share(hits, counts.iter().sum())
                })
                .collect(),
            _ => Vec::new(),
        },
        mean: is_levels.then(|| {
            let sum: f64 = (1..)
                .zip(values)
                .map(|(level, n)| f64::from(level) * n)
                .sum();
            sum / total
        }),
        counts,
    }
}

/// A published share with the Wilson interval that its counts give.
fn published_share(hits: u64, total: u64) -> Estimate {
    let answers = (0..total).map(|number| (u64::from(number < hits), 1));
    rate_of_clusters(answers.collect(), 0)
}

fn means(source: &Source<'_>, part: &PartRecord) -> MeansTable {
    let categories: Vec<(&str, &str)> = source
        .suites
        .iter()
        .filter(|suite| suite.id == part.suite)
        .flat_map(|suite| &suite.categories)
        .map(|category| (category.id.as_str(), category.title.as_str()))
        .collect();
    let mut rows = Vec::new();
    for (number, instrument) in judges(source, part) {
        for target in source.targets {
            let row: Vec<Option<Mean>> = categories
                .iter()
                .map(|(id, _)| {
                    let here = |facts: &Facts| facts.suite == part.suite && facts.category == *id;
                    mean(&source.tally.chosen(target, number, here), source.seed)
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
        published: published.map_or_else(Vec::new, |(_, table)| {
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
        }),
        published_note: published.map_or_else(String::new, |(file, table)| {
            note(&file.source, &table.figure, &table.judge, None, &table.note)
        }),
        categories: categories
            .into_iter()
            .map(|(_, title)| title.to_owned())
            .collect(),
    }
}

/// What of the protocol is asked and what is not, a line for each part.
pub fn parts_lines(protocol: &ProtocolRecord) -> Vec<String> {
    let mut lines = vec![format!(
        "{} {}{}",
        protocol.title,
        protocol.version,
        protocol
            .preset
            .as_ref()
            .map_or_else(String::new, |preset| format!(", preset {preset}"))
    )];
    for part in &protocol.parts {
        let state = match &part.state {
            PartState::Asked {
                source,
                probes,
                published,
                notes,
            } => {
                let of = match published {
                    Some(published) if published != probes => {
                        format!(" of {published} published")
                    }
                    _ => String::new(),
                };
                let notes = notes.join(" ");
                format!("{probes} probes{of}, from {source}. {notes}")
            }
            PartState::Missing {
                looked_for,
                get,
                optional,
            } => format!(
                "NOT ASKED{}: {looked_for} was not found; {get}.",
                if *optional { " (optional)" } else { "" }
            ),
            PartState::LeftOut => "not asked: left out by --part.".to_owned(),
        };
        lines.push(format!("  {}: {}", part.title, state.trim_end()));
        if part.is_asked() && !part.missing_judges.is_empty() {
            lines.push(format!(
                "  {}: NOT READ by {}; `--judge-model TARGET` sets it.",
                part.title,
                joined(&part.missing_judges)
            ));
        }
    }
    lines
}

/// "harm: the setting `judge` is not set, …".
fn joined(missing: &[MissingJudge]) -> String {
    let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
    missing.join(", ")
}
