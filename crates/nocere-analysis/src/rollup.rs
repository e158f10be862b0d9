//! Tables that sum a protocol's categories in groups, and these in one figure.

use std::borrow::Cow;

use nocere_core::{BaselineMeans, Instrument, JudgeId, PartRecord, Rollup, RollupMean, TargetId};
use nocere_stats::mean_of_parts;
use serde::{Deserialize, Serialize};

use crate::{
    mean::mean,
    protocol_source::{Source, headline_places, judges, note},
    protocol_tables::share,
    run_judge::RunJudge,
    tally::Labels,
};

/// A protocol's categories in groups, and the whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RollupReport {
    /// The protocol's definition.
    pub definition: Rollup,
    /// True if the figures are shares of answers; false if they are mean scores.
    pub is_share: bool,
    /// A row for each target.
    pub rows: Vec<RollupRow>,
    /// Published models with their figures.
    pub published: Vec<PublishedFigures>,
    /// Source and caveats of the published figures; empty if there are none.
    pub published_note: String,
}

/// A published model with its figures in the order of the groups, then the mean of the groups and the
/// figure over all answers, as far as the source has them.
pub type PublishedFigures = (String, Vec<Option<f64>>);

/// One target's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RollupRow {
    /// The target's id.
    pub target: TargetId,
    /// The judges whose verdicts it sums.
    pub judges: Vec<JudgeId>,
    /// The figure of each group; `None` if one of its categories has no scored answer.
    pub groups: Vec<Option<RollupFigure>>,
    /// The plain mean of the groups; `None` if a group has no figure.
    pub plain: Option<RollupFigure>,
    /// The figure over all answers, whatever their group; `None` if they are in different units.
    pub weighted: Option<RollupFigure>,
    /// Ids of categories without a scored answer.
    pub empty: Vec<String>,
}

/// A figure of a roll-up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RollupFigure {
    /// A share from 0 to 1, or a mean score.
    pub value: f64,
    /// 95 % interval over probes; `None` if there are too few, or they do not vary.
    pub interval: Option<(f64, f64)>,
    /// Number of scored answers.
    pub scored: u64,
    /// Number of answers without a score.
    pub unscored: u64,
}

impl RollupFigure {
    /// The figure with its interval, as "68.9 % (64.6–73.0 %)" or "0.689 (0.646–0.730)".
    pub fn text(&self, is_share: bool) -> String {
        match self.range_text(is_share) {
            range if range.is_empty() => number(self.value, is_share),
            range => format!("{} ({range})", number(self.value, is_share)),
        }
    }

    /// The interval alone; empty if there is none.
    pub fn range_text(&self, is_share: bool) -> String {
        self.interval.map_or_else(String::new, |(low, high)| {
            if is_share {
                format!("{:.1}–{:.1} %", low * 100.0, high * 100.0)
            } else {
                format!("{low:.3}–{high:.3}")
            }
        })
    }

    /// The figure alone.
    pub fn value_text(&self, is_share: bool) -> String {
        number(self.value, is_share)
    }
}

fn number(value: f64, is_share: bool) -> String {
    if is_share {
        format!("{:.1} %", value * 100.0)
    } else {
        format!("{value:.3}")
    }
}

/// The answers to one category: by which judge of which part, and the labels.
struct Answers<'a> {
    part: &'a PartRecord,
    instrument: &'a Instrument,
    labels: Vec<Cow<'a, Labels>>,
}

/// The answers to a category with their figure.
type Category<'a> = (Answers<'a>, RollupFigure);

/// The protocol's roll-ups, in its order; those of which no part was asked are left out.
pub(crate) fn rollups(source: &Source<'_>) -> Vec<RollupReport> {
    let definitions = source.protocol.rollups.iter();
    definitions
        .filter_map(|definition| rollup(source, definition))
        .collect()
}

fn rollup(source: &Source<'_>, definition: &Rollup) -> Option<RollupReport> {
    let parts: Vec<&PartRecord> = source
        .protocol
        .parts
        .iter()
        .filter(|part| definition.parts.contains(&part.id) && part.is_asked())
        .collect();
    let (published, published_note) = published(source, definition);
    let rows: Vec<RollupRow> = source
        .targets
        .iter()
        .filter_map(|target| row(source, definition, &parts, target))
        .collect();
    (!parts.is_empty()).then(|| RollupReport {
        definition: definition.clone(),
        is_share: parts.iter().all(|part| part.headline.is_some()),
        rows,
        published,
        published_note,
    })
}

/// `None` if no judge read an answer of the target.
fn row(
    source: &Source<'_>,
    definition: &Rollup,
    parts: &[&PartRecord],
    target: &TargetId,
) -> Option<RollupRow> {
    let mut judges: Vec<JudgeId> = Vec::new();
    let mut empty = Vec::new();
    let mut all: Vec<Answers<'_>> = Vec::new();
    let mut groups = Vec::new();
    for group in &definition.groups {
        let mut known: Vec<Category<'_>> = Vec::new();
        for category in &group.categories {
            let found = parts
                .iter()
                .find_map(|part| answers_to(source, part, category, target));
            let found = found.and_then(|found| {
                let figure = figure(std::slice::from_ref(&found))?;
                Some((found, figure))
            });
            match found {
                Some(found) => known.push(found),
                None => empty.push(category.clone()),
            }
        }
        for (found, _) in &known {
            if !judges.contains(&found.instrument.id) {
                judges.push(found.instrument.id.clone());
            }
        }
        let is_whole = known.len() == group.categories.len();
        let (answers, figures): (Vec<Answers<'_>>, Vec<RollupFigure>) = known.into_iter().unzip();
        groups.push(match definition.within {
            _ if !is_whole => None,
            RollupMean::Answers => figure(&answers),
            RollupMean::Categories => plain_mean(&figures),
        });
        all.extend(answers);
    }
    let known: Option<Vec<RollupFigure>> = groups.iter().copied().collect();
    (!all.is_empty()).then(|| RollupRow {
        target: target.clone(),
        judges,
        plain: known.and_then(|known| plain_mean(&known)),
        weighted: figure(&all),
        groups,
        empty,
    })
}

/// The answers of `target` to a category of a part by the first judge that read any.
fn answers_to<'a>(
    source: &'a Source<'_>,
    part: &'a PartRecord,
    category: &str,
    target: &TargetId,
) -> Option<Answers<'a>> {
    judges(source, part)
        .find_map(|judge| answers_by(source, (part, &judge), Some(category), target))
}

/// The answers to a part, or to a category of it, that a judge read; `None` without any.
fn answers_by<'a>(
    source: &'a Source<'_>,
    (part, judge): (&'a PartRecord, &RunJudge<'a>),
    category: Option<&str>,
    target: &TargetId,
) -> Option<Answers<'a>> {
    let here = |facts: &crate::tally::Facts| {
        facts.suite == part.suite && category.is_none_or(|category| facts.category == category)
    };
    let labels = source.tally.chosen(target, judge.number, here);
    (!labels.is_empty()).then_some(Answers {
        part,
        instrument: judge.instrument,
        labels,
    })
}

/// The figure of `target` over all answers of a part that `judge` read.
pub(crate) fn part_figure(
    source: &Source<'_>,
    part: &PartRecord,
    target: &TargetId,
    judge: &RunJudge<'_>,
) -> Option<RollupFigure> {
    figure(&[answers_by(source, (part, judge), None, target)?])
}

fn plain_mean(figures: &[RollupFigure]) -> Option<RollupFigure> {
    let parts: Vec<(f64, Option<(f64, f64)>)> = figures
        .iter()
        .map(|figure| (figure.value, figure.interval))
        .collect();
    let (value, interval) = mean_of_parts(&parts)?;
    Some(RollupFigure {
        value,
        interval,
        scored: figures.iter().map(|figure| figure.scored).sum(),
        unscored: figures.iter().map(|figure| figure.unscored).sum(),
    })
}

/// The figure over all answers: the share in the part's headline column, or else the mean score.
/// `None` if nothing was scored, or they are of different judges.
fn figure(answers: &[Answers<'_>]) -> Option<RollupFigure> {
    let first = answers.first()?;
    let same = |other: &Answers<'_>| {
        other.instrument.hash == first.instrument.hash && other.part.headline == first.part.headline
    };
    if !answers.iter().all(same) {
        return None;
    }
    // A probe is in one category, so no cluster is in two of them.
    let labels: Vec<Cow<'_, Labels>> = answers
        .iter()
        .flat_map(|one| one.labels.iter().cloned())
        .collect();
    let unscored = labels.iter().map(|labels| u64::from(labels.unscored)).sum();
    let names = first.instrument.scale.counted_labels();
    if let Some(places) = headline_places(first.part, names) {
        let share = share(&labels, &places);
        return Some(RollupFigure {
            value: share.value?,
            interval: share.interval,
            scored: share.denominator,
            unscored,
        });
    }
    let mean = mean(&labels, &first.instrument.scale)?;
    Some(RollupFigure {
        value: mean.value,
        interval: mean.interval,
        scored: mean.scored,
        unscored,
    })
}

/// Published figures of the roll-up: their categories are the titles of the groups, `overall` for their
/// mean, and `all answers`.
fn published(source: &Source<'_>, definition: &Rollup) -> (Vec<PublishedFigures>, String) {
    let files = source.baselines.iter();
    let found = files
        .filter(|file| file.protocol == source.protocol.id)
        .flat_map(|file| file.means.iter().map(move |table| (file, table)))
        .find(|(_, table)| table.part == definition.id);
    let Some((file, table)) = found else {
        return (Vec::new(), String::new());
    };
    let value = |table: &BaselineMeans, values: &[f64], id: &str| {
        let place = table.categories.iter().position(|known| known == id)?;
        values.get(place).copied()
    };
    let rows = table.rows.iter().map(|(model, values)| {
        let titles = definition.groups.iter().map(|group| group.title.as_str());
        let figures = titles.chain(["overall", "all answers"]);
        let figures = figures.map(|title| value(table, values, title));
        (model.clone(), figures.collect())
    });
    let note = note(
        &file.source,
        &table.figure,
        table.judge.as_deref(),
        None,
        &table.note,
    );
    (rows.collect(), note)
}
