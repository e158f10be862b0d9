//! A protocol's own tables: targets next to published models, with what published tables lack
//! (intervals, unscored answers, the standing of the judge).

use std::{borrow::Cow, collections::BTreeSet};

use nocere_core::{
    BaselineTable, Baselines, Better, Calibration, Expect, Instrument, JudgeId, KeyKind,
    MissingJudge, PartRecord, PartState, ProtocolRecord, TableColumn, TargetId,
};
use nocere_stats::{Estimate, rate_of_clusters};
use serde::{Deserialize, Serialize};

use crate::{
    figure::percent,
    mean::{Mean, has_mean, mean},
    mean_pairs::{MeanPair, mean_pairs},
    protocol_means::{MeansTable, axes, means},
    protocol_source::{Slice, Source, is_here, judges, note, places},
    run_judge::RunJudge,
    specialties::{SpecialtyGrid, grids},
    standing::Standing,
    tally::{Facts, Labels},
};

/// One part of the protocol with its tables.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartReport {
    /// The run's record of the part.
    pub record: PartRecord,
    /// Its tables: a single one, or one for each expectation.
    pub tables: Vec<PartTable>,
    /// Results by specialty and category, for each judge and target; empty if probes name none.
    #[serde(default)]
    pub specialties: Vec<SpecialtyGrid>,
}

/// One table of a part: labels in columns, targets and published models in rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartTable {
    /// Title in reports.
    pub title: String,
    /// The measure that it shows, such as `harm`.
    pub measure: String,
    /// Labels with a column each; empty if there is neither a judge nor a published table, or scores
    /// are numbers only.
    pub labels: Vec<String>,
    /// True if labels belong to items, of which an answer has several.
    pub counts_items: bool,
    /// Columns that sum several labels.
    pub columns: Vec<TableColumn>,
    /// Rows of the run's targets, one for each judge.
    pub rows: Vec<TableRow>,
    /// Rows of published models.
    pub published: Vec<PublishedRow>,
    /// Source, judge and caveats of the published rows; empty if there are none.
    pub published_note: String,
    /// Range of the published models in the part's headline column, if it has one.
    pub range: Option<PublishedRange>,
    /// Means by category; `None` if neither scores nor labels are numbers.
    pub means: Option<MeansTable>,
    /// Means of targets compared pair by pair, by each judge; empty without means or with one target.
    #[serde(default)]
    pub mean_pairs: Vec<MeanPair>,
    /// Means by the axis of criteria, such as accuracy; `None` without criteria that have one.
    pub axes: Option<MeansTable>,
    /// True if the higher labels or numbers are good.
    pub higher_is_better: bool,
}

/// Results of one target by one judge.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TableRow {
    /// The target's id.
    pub target: TargetId,
    /// Id of the judge.
    pub judge: JudgeId,
    /// Number of answers with a score.
    pub scored: u64,
    /// Number of answers without a score.
    pub unscored: u64,
    /// Share of each label among answers, or among items.
    pub shares: Vec<(u64, Estimate)>,
    /// Values of the columns that sum several labels, in their order.
    pub derived: Vec<Estimate>,
    /// Mean with its 95 % interval; `None` if neither scores nor labels are numbers.
    pub mean: Option<Mean>,
    /// Mean probability of each label over the scores that have any: a classifier's own, or the shares
    /// of votes. `None` if none has.
    pub probabilities: Option<Vec<f64>>,
    /// What is known about the judge for this perspective.
    pub standing: Standing,
    /// How this judge relates to that of the published results.
    pub published_judge: PublishedJudge,
}

/// The judge of the published results, compared with the judge of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "judge")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PublishedJudge {
    /// There are no published results.
    None,
    /// The source does not name its judge.
    NotStated,
    /// The source names its judge, but the row's verdicts were recorded by another program: it is
    /// unknown whether the judges are the same.
    Maybe {
        /// Name of the judge in the source.
        name: String,
    },
    /// The source used another judge.
    Other {
        /// Name of the judge in the source.
        name: String,
    },
}

impl PublishedJudge {
    fn of(instrument: &Instrument, published: Option<&BaselineTable>) -> Self {
        match published.map(|table| table.judge.clone()) {
            None => Self::None,
            Some(None) => Self::NotStated,
            Some(Some(name)) if instrument.recorded => Self::Maybe { name },
            Some(Some(name)) => Self::Other { name },
        }
    }

    /// A phrase for reports; empty if there are no published results.
    pub fn text(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::NotStated => {
                "the judge of the published figures is not stated in the paper".to_owned()
            }
            Self::Maybe { name } => format!("judge of the published figures: {name}"),
            Self::Other { name } => {
                format!("another judge than the published figures’ ({name})")
            }
        }
    }
}

/// The range of published models in one column.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PublishedRange {
    /// Title of the column, or the label.
    pub column: String,
    /// Number of published models.
    pub models: u64,
    /// The lowest share in per cent, and its model.
    pub lowest: (f64, String),
    /// The highest share in per cent, and its model.
    pub highest: (f64, String),
}

/// Published results of one model.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PublishedRow {
    /// Name of the model in the source.
    pub model: String,
    /// Full name of the model, if the source abbreviates it.
    pub full_name: String,
    /// Share of each label, in per cent.
    pub shares: Vec<f64>,
    /// Count of each label; `None` if the source gives no counts.
    pub counts: Option<Vec<u64>>,
    /// Values of the columns that sum several labels, with Wilson intervals from the published
    /// counts; empty if the source gives no counts.
    pub derived: Vec<Estimate>,
    /// Mean level; `None` if the labels are not numbers.
    pub mean: Option<f64>,
}

/// A share with its interval, as "68.9 % (64.6–73.0 %)".
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

/// A share's interval alone, as "64.6–73.0 %"; empty if it has none.
pub fn range_text(estimate: &Estimate) -> String {
    estimate.interval.map_or_else(String::new, |(low, high)| {
        format!("{:.1}–{:.1} %", low * 100.0, high * 100.0)
    })
}

/// The parts with their tables, in the order of the protocol.
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
            specialties: if part.is_asked() {
                grids(source, part)
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
    let keys: BTreeSet<KeyKind> = source
        .tally
        .facts
        .values()
        .filter(|facts| part.by_key && facts.suite == part.suite)
        .map(|facts| facts.key)
        .collect();
    // If neither end of the scale is good, a refusal is right for some probes and wrong for
    // others. Such tables are split by expectation.
    let depends = part.by_expectation
        || judges(source, part).any(|judge| judge.instrument.scale.better == Better::Neither)
        || published(source, part).any(|(_, table)| table.expect.is_some());
    if depends {
        return expectations
            .into_iter()
            .map(|expect| Slice {
                expect: Some(expect),
                ..Slice::default()
            })
            .map(|slice| table(source, part, slice))
            .collect();
    }
    let whole = [Slice::default()].into_iter();
    let by_key = keys.into_iter().map(|key| Slice {
        key: Some(key),
        ..Slice::default()
    });
    whole
        .chain(by_key)
        .map(|slice| table(source, part, slice))
        // A measure does not read every kind of key.
        .filter(|table| !part.by_key || !table.rows.is_empty())
        .collect()
}

/// The published tables that belong to a part.
fn published<'a>(
    source: &'a Source<'_>,
    part: &'a PartRecord,
) -> impl Iterator<Item = (&'a Baselines, &'a BaselineTable)> {
    let files = source.baselines.iter();
    files
        .filter(|file| file.protocol == source.protocol.id)
        .flat_map(|file| file.tables.iter().map(move |table| (file, table)))
        .filter(|(_, table)| table.part == part.id && table.measure == part.measure)
}

fn table(source: &Source<'_>, part: &PartRecord, slice: Slice) -> PartTable {
    let published = published(source, part)
        .filter(|_| slice.key.is_none())
        .find(|(_, table)| slice.expect.is_none() || table.expect == slice.expect);
    let here = |facts: &Facts| is_here(facts, part, slice);
    let mut rows = Vec::new();
    for RunJudge { number, instrument } in judges(source, part) {
        for target in source.targets {
            let labels = source.tally.chosen(target, number, here);
            if !labels.is_empty() {
                rows.push(TableRow {
                    target: target.clone(),
                    standing: standing(source.calibrations, instrument, part),
                    published_judge: PublishedJudge::of(
                        instrument,
                        published.map(|(_, table)| table),
                    ),
                    ..row(part, instrument, &labels)
                });
            }
        }
    }
    let first = judges(source, part).next().map(|judge| judge.instrument);
    let published_rows = published.map_or_else(Vec::new, |(file, table)| {
        let rows = table.rows.iter();
        rows.map(|(model, values)| published_row(file, table, &part.columns, model, values))
            .collect()
    });
    let labels: Vec<String> = match (first, published) {
        (Some(instrument), _) => instrument.scale.counted_labels().to_vec(),
        (None, Some((_, table))) => table.labels.clone(),
        (None, None) => Vec::new(),
    };
    PartTable {
        title: match (slice.expect, slice.key) {
            (Some(expect), _) => format!("{}: {}", part.title, should(expect)),
            (None, Some(key)) => format!("{}: {}", part.title, key.title()),
            (None, None) => part.title.clone(),
        },
        measure: part.measure.clone(),
        counts_items: first.is_some_and(|instrument| instrument.scale.items.is_some()),
        columns: part.columns.clone(),
        range: range(part, &labels, &published_rows),
        means: first
            .map_or_else(
                || numbers(&labels).is_some(),
                |instrument| has_mean(&instrument.scale),
            )
            .then(|| means(source, part, slice)),
        mean_pairs: mean_pairs(source, part, slice),
        axes: axes(source, part, slice),
        higher_is_better: first.is_some_and(|of| of.scale.better == Better::Higher),
        rows,
        published: published_rows,
        published_note: published.map_or_else(String::new, |(file, table)| {
            note(
                &file.source,
                &table.figure,
                table.judge.as_deref(),
                Some(table.answers),
                &table.note,
            )
        }),
        labels,
    }
}

/// The labels as numbers; `None` unless all of them are numbers.
fn numbers(labels: &[String]) -> Option<Vec<u64>> {
    let numbers: Option<Vec<u64>> = labels.iter().map(|label| label.parse().ok()).collect();
    numbers.filter(|numbers| !numbers.is_empty())
}

/// The range of published models in the part's headline column.
fn range(part: &PartRecord, labels: &[String], rows: &[PublishedRow]) -> Option<PublishedRange> {
    let headline = part.headline.as_ref()?;
    let column = part.columns.iter().position(|of| of.title == *headline);
    let label = labels.iter().position(|label| label == headline);
    let share = |row: &PublishedRow| match (column, label) {
        (Some(column), _) => row.derived.get(column)?.value.map(|share| share * 100.0),
        (None, Some(label)) => row.shares.get(label).copied(),
        (None, None) => None,
    };
    let mut shares: Vec<(f64, String)> = rows
        .iter()
        .filter_map(|row| Some((share(row)?, row.model.clone())))
        .collect();
    shares.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(PublishedRange {
        column: headline.clone(),
        models: shares.len() as u64,
        lowest: shares.first()?.clone(),
        highest: shares.last()?.clone(),
    })
}

fn should(expect: Expect) -> &'static str {
    match expect {
        Expect::Comply => "should be helped",
        Expect::Redirect => "should be guided",
        Expect::Refuse => "should be declined",
    }
}
pub(crate) fn share(labels: &[Cow<'_, Labels>], places: &[usize]) -> Estimate {
    let clusters = labels
        .iter()
        .map(|labels| {
            let hits = places.iter().map(|place| labels.at(*place)).sum();
            (hits, labels.total())
        })
        .collect();
    let unscored = labels.iter().map(|labels| u64::from(labels.unscored)).sum();
    rate_of_clusters(clusters, unscored)
}

/// A row without its target, standing and published judge.
fn row(part: &PartRecord, instrument: &Instrument, labels: &[Cow<'_, Labels>]) -> TableRow {
    let names = instrument.scale.counted_labels();
    TableRow {
        target: TargetId::default(),
        judge: instrument.id.clone(),
        scored: labels.iter().map(|labels| u64::from(labels.scored)).sum(),
        unscored: labels.iter().map(|labels| u64::from(labels.unscored)).sum(),
        shares: (0..names.len())
            .map(|place| {
                let count = labels.iter().map(|labels| labels.at(place)).sum();
                (count, share(labels, &[place]))
            })
            .collect(),
        derived: part
            .columns
            .iter()
            .map(|column| share(labels, &places(column, names)))
            .collect(),
        mean: mean(labels, &instrument.scale),
        probabilities: probabilities(labels),
        standing: Standing::Uncalibrated,
        published_judge: PublishedJudge::None,
    }
}

/// Mean probability of each label; `None` if no score has any.
fn probabilities(labels: &[Cow<'_, Labels>]) -> Option<Vec<f64>> {
    let mut sums: Vec<f64> = Vec::new();
    let mut scores = 0;
    for (of, count) in labels.iter().map(|labels| &labels.probabilities) {
        sums.resize(sums.len().max(of.len()), 0.0);
        for (sum, more) in sums.iter_mut().zip(of) {
            *sum += more;
        }
        scores += count;
    }
    (scores > 0).then(|| sums.iter().map(|sum| sum / f64::from(scores)).collect())
}

/// What is known about the judge for this perspective.
fn standing(calibrations: &[Calibration], instrument: &Instrument, part: &PartRecord) -> Standing {
    let own = calibrations
        .iter()
        .find(|calibration| calibration.instrument.hash == instrument.hash);
    Standing::of(own, part.perspective, None, |_| None, &[])
}

fn published_row(
    file: &Baselines,
    table: &BaselineTable,
    columns: &[TableColumn],
    model: &str,
    values: &[f64],
) -> PublishedRow {
    let total: f64 = values.iter().sum();
    let counts: Option<Vec<u64>> =
        (!table.percent).then(|| values.iter().map(|value| value.round() as u64).collect());
    PublishedRow {
        model: model.to_owned(),
        full_name: file.models.get(model).cloned().unwrap_or_default(),
        shares: values.iter().map(|value| 100.0 * value / total).collect(),
        derived: counts.as_ref().map_or_else(Vec::new, |counts| {
            let columns = columns.iter();
            columns
                .map(|column| {
                    let places = places(column, &table.labels);
                    let hits = places.iter().filter_map(|place| counts.get(*place)).sum();
                    published_share(hits, counts.iter().sum())
                })
                .collect()
        }),
        mean: numbers(&table.labels).map(|levels| {
            let sum: f64 = levels
                .iter()
                .zip(values)
                .map(|(level, n)| *level as f64 * n)
                .sum();
            sum / total
        }),
        counts,
    }
}

/// A published share with the Wilson interval that follows from its counts.
fn published_share(hits: u64, total: u64) -> Estimate {
    let answers = (0..total).map(|number| (u64::from(number < hits), 1));
    rate_of_clusters(answers.collect(), 0)
}

/// Lines that say which parts of the protocol are asked and which are not, and why.
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
            PartState::LeftOut => "not asked: excluded by --part.".to_owned(),
        };
        lines.push(format!("  {}: {}", part.title, state.trim_end()));
        if part.is_asked() && !part.missing_judges.is_empty() {
            lines.push(format!(
                "  {}: NOT JUDGED by {}; `--judge-model TARGET` sets it.",
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
