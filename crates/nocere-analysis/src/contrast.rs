//! Figures of a protocol set against each other: the same questions in two forms, or accuracy against
//! safety.

use std::collections::BTreeMap;

use nocere_core::{Contrast, Instrument, JudgeId, PartRecord, TargetId};
use nocere_stats::{
    Estimate, kendall_tau,
    paired::{PairedCluster, cluster_difference},
    rate_of_clusters,
};
use serde::{Deserialize, Serialize};

use crate::{
    comparison::signed,
    mean::{MIN_PROBES, score},
    protocol_source::{Source, headline_places, judges},
    rollup::{RollupFigure, RollupReport, part_figure},
    run_judge::RunJudge,
    tally::{Facts, Labels},
};

/// Two figures of a protocol for each target.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContrastReport {
    /// The protocol's definition.
    pub definition: Contrast,
    /// Title and unit of the first figure and of the second.
    pub sides: [ContrastSide; 2],
    /// A row for each target.
    pub rows: Vec<ContrastRow>,
}

/// One of the two figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContrastSide {
    /// Title of the part or roll-up.
    pub title: String,
    /// True if it is a share from 0 to 1; false if it is a mean score.
    pub is_share: bool,
}

/// One target's two figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContrastRow {
    /// The target's id.
    pub target: TargetId,
    /// The figures over all of their answers; `None` where nothing was scored, or a category of a roll-up
    /// has no figure.
    pub figures: [Option<RollupFigure>; 2],
    /// The judges of each figure.
    pub judges: [Vec<JudgeId>; 2],
    /// Probe by probe; `None` if the figures are not of parts that ask the same probes.
    pub pairs: Option<ContrastPairs>,
}

/// What came of the same probes on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContrastPairs {
    /// Number of probes with a score on both sides.
    pub probes: u64,
    /// Number of probes that both sides asked and one or both could not score.
    pub unscored: u64,
    /// Shown on both sides, on the first only, on the second only, on neither, where both figures are
    /// shares that should be alike. A probe shows a side's headline if more than half of its answers do.
    pub cells: Option<[u64; 4]>,
    /// Share of probes that show both or neither, clustered by ask.
    pub agreement: Option<Estimate>,
    /// Second minus first on these probes with its 95 % interval, clustered by ask, in the same case.
    pub difference: Option<(f64, (f64, f64))>,
    /// Kendall's τ-b between the two over these probes; `None` with fewer than ten, or if one side does
    /// not vary.
    pub tau: Option<f64>,
}

impl ContrastReport {
    /// True if a target's figures are of the same probes.
    pub fn has_pairs(&self) -> bool {
        self.rows.iter().any(|row| row.pairs.is_some())
    }
}

impl ContrastPairs {
    /// The cells, as "12 / 3 / 0 / 5"; "–" if the figures are not shares.
    pub fn cells_text(&self) -> String {
        self.cells
            .map_or_else(dash, |cells| cells.map(|cell| cell.to_string()).join(" / "))
    }

    /// The difference in percentage points, as "+4.0 (−1.2 to +9.1)".
    pub fn difference_text(&self) -> String {
        self.difference.map_or_else(dash, |(value, (low, high))| {
            let points = |value: f64| signed(value * 100.0, 1);
            format!("{} ({} to {})", points(value), points(low), points(high))
        })
    }

    /// Kendall's τ-b, as "+0.41".
    pub fn tau_text(&self) -> String {
        self.tau.map_or_else(dash, |tau| signed(tau, 2))
    }
}

fn dash() -> String {
    "–".to_owned()
}

/// The protocol's contrasts, in its order; those of which a side was not asked are left out.
pub(crate) fn contrasts(source: &Source<'_>, rollups: &[RollupReport]) -> Vec<ContrastReport> {
    let definitions = source.protocol.contrasts.iter();
    definitions
        .filter_map(|definition| contrast(source, definition, rollups))
        .collect()
}

fn contrast(
    source: &Source<'_>,
    definition: &Contrast,
    rollups: &[RollupReport],
) -> Option<ContrastReport> {
    let of = |id: &str| Side::of(source, rollups, id);
    let sides = [of(&definition.first)?, of(&definition.second)?];
    let rows: Vec<ContrastRow> = source
        .targets
        .iter()
        .map(|target| {
            let read = sides.each_ref().map(|side| side.of_target(source, target));
            ContrastRow {
                target: target.clone(),
                pairs: pairs(source, target, &read, definition.alike),
                figures: read.each_ref().map(|side| side.figure),
                judges: read.map(|side| side.judges),
            }
        })
        .collect();
    // Nothing is set against nothing.
    let any = |place: usize| rows.iter().any(|row| row.figures[place].is_some());
    (any(0) && any(1)).then(|| ContrastReport {
        definition: definition.clone(),
        sides: sides.each_ref().map(Side::head),
        rows,
    })
}

/// What a contrast names.
enum Side<'a> {
    Part(&'a PartRecord),
    Rollup(&'a RollupReport),
}

impl<'a> Side<'a> {
    fn of(source: &Source<'a>, rollups: &'a [RollupReport], id: &str) -> Option<Self> {
        let mut parts = source.protocol.parts.iter();
        let part = parts.find(|part| part.id == id && part.is_asked());
        let rollup = || rollups.iter().find(|rollup| rollup.definition.id == id);
        part.map(Self::Part).or_else(|| rollup().map(Self::Rollup))
    }

    fn head(&self) -> ContrastSide {
        match self {
            Self::Part(part) => ContrastSide {
                title: part.title.clone(),
                is_share: part.headline.is_some(),
            },
            Self::Rollup(rollup) => ContrastSide {
                title: rollup.definition.title.clone(),
                is_share: rollup.is_share,
            },
        }
    }

    fn of_target(&'a self, source: &'a Source<'_>, target: &TargetId) -> OfTarget<'a> {
        match self {
            Self::Part(part) => {
                let judge = reader(source, part, target);
                OfTarget {
                    figure: judge
                        .as_ref()
                        .and_then(|judge| part_figure(source, part, target, judge)),
                    judges: judge
                        .iter()
                        .map(|judge| judge.instrument.id.clone())
                        .collect(),
                    part: judge.map(|judge| (*part, judge)),
                }
            }
            Self::Rollup(rollup) => {
                let row = rollup.rows.iter().find(|row| row.target == *target);
                OfTarget {
                    figure: row.and_then(|row| row.plain),
                    judges: row.map_or_else(Vec::new, |row| row.judges.clone()),
                    part: None,
                }
            }
        }
    }
}

/// One target's figure of a side.
struct OfTarget<'a> {
    figure: Option<RollupFigure>,
    judges: Vec<JudgeId>,
    /// The part with the judge that read it; `None` for roll-ups, and where nothing was scored.
    part: Option<(&'a PartRecord, RunJudge<'a>)>,
}

/// The first judge of a part that scored an answer of `target`.
fn reader<'a>(
    source: &'a Source<'_>,
    part: &'a PartRecord,
    target: &TargetId,
) -> Option<RunJudge<'a>> {
    let is_here = |facts: &Facts| facts.suite == part.suite;
    judges(source, part).find(|judge| {
        let labels = source.tally.chosen(target, judge.number, is_here);
        labels.iter().any(|labels| labels.scored > 0)
    })
}

fn pairs(
    source: &Source<'_>,
    target: &TargetId,
    sides: &[OfTarget<'_>; 2],
    alike: bool,
) -> Option<ContrastPairs> {
    let [first, second] = sides.each_ref().map(|side| side.part.as_ref());
    let (first, second) = (first?, second?);
    let (a, b) = (
        by_probe(source, first, target),
        by_probe(source, second, target),
    );
    let ((first, _), (second, _)) = (first, second);
    let both: Vec<(&OfProbe, &OfProbe)> = a
        .iter()
        .filter_map(|(id, a)| Some((a, b.get(id)?)))
        .collect();
    if both.is_empty() {
        return None;
    }
    let scored: Vec<(i64, Scored, Scored)> = both
        .iter()
        .filter_map(|(a, b)| Some((a.ask, a.scored?, b.scored?)))
        .collect();
    let unscored = (both.len() - scored.len()) as u64;
    let shares = alike && first.headline.is_some() && second.headline.is_some();
    let shown = |of: &Scored| mean(of.shown) > 0.5;
    let mut cells = [0; 4];
    // Restatements of one ask are not independent.
    let mut agreed: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    let mut clusters: BTreeMap<i64, PairedCluster> = BTreeMap::new();
    for (ask, a, b) in &scored {
        cells[match (shown(a), shown(b)) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        }] += 1;
        let agree = agreed.entry(*ask).or_default();
        *agree = (agree.0 + u64::from(shown(a) == shown(b)), agree.1 + 1);
        let cluster = clusters.entry(*ask).or_insert(PairedCluster {
            first_sum: 0.0,
            first_count: 0,
            second_sum: 0.0,
            second_count: 0,
        });
        cluster.first_sum += b.shown.0;
        cluster.first_count += b.shown.1;
        cluster.second_sum += a.shown.0;
        cluster.second_count += a.shown.1;
    }
    let clusters: Vec<PairedCluster> = clusters.into_values().collect();
    let difference = shares.then(|| cluster_difference(&clusters)).flatten();
    Some(ContrastPairs {
        probes: scored.len() as u64,
        unscored,
        cells: shares.then_some(cells),
        agreement: shares.then(|| rate_of_clusters(agreed.into_values().collect(), unscored)),
        difference: difference.map(|found| (found.value, found.interval)),
        tau: (scored.len() >= MIN_PROBES)
            .then(|| {
                let levels = scored.iter();
                let levels = levels.map(|(_, a, b)| (mean(a.level), mean(b.level)));
                let (first, second): (Vec<f64>, Vec<f64>) = levels.unzip();
                kendall_tau(&first, &second)
            })
            .flatten(),
    })
}

fn mean((sum, count): (f64, u64)) -> f64 {
    sum / count as f64
}

/// The scores of a probe, each as a sum and a number above 0.
#[derive(Clone, Copy)]
struct Scored {
    /// How often the part's headline was shown; the scores themselves without a headline.
    shown: (f64, u64),
    /// The scores where they have a mean; how often the headline was shown where not.
    level: (f64, u64),
}

/// A probe with its scores, if it has any.
struct OfProbe {
    /// Position of the ask that it restates, or its own.
    ask: i64,
    scored: Option<Scored>,
}

/// What a judge gave the answers of `target` to a part, by the id of the probe; orders of one choice
/// count together.
fn by_probe(
    source: &Source<'_>,
    (part, judge): &(&PartRecord, RunJudge<'_>),
    target: &TargetId,
) -> BTreeMap<String, OfProbe> {
    let mut probes: BTreeMap<String, OfProbe> = BTreeMap::new();
    let labels = source.tally.labels.get(&(target.clone(), judge.number));
    for (position, labels) in labels.into_iter().flatten() {
        let facts = source.tally.facts.get(position);
        if let Some(facts) = facts.filter(|facts| facts.suite == part.suite) {
            let known = probes
                .entry(facts.order_of.to_string())
                .or_insert_with(|| OfProbe {
                    ask: source.tally.ask(*position),
                    scored: None,
                });
            known.scored = match (known.scored, scored(part, judge.instrument, labels)) {
                (Some(a), Some(b)) => Some(a.and(b)),
                (a, b) => a.or(b),
            };
        }
    }
    probes
}

impl Scored {
    fn and(self, other: Self) -> Self {
        let sum = |a: (f64, u64), b: (f64, u64)| (a.0 + b.0, a.1 + b.1);
        Self {
            shown: sum(self.shown, other.shown),
            level: sum(self.level, other.level),
        }
    }
}

/// `None` if there are no scores.
fn scored(part: &PartRecord, instrument: &Instrument, labels: &Labels) -> Option<Scored> {
    let names = instrument.scale.counted_labels();
    let shown = headline_places(part, names).map(|places| {
        let hits: u64 = places.iter().map(|place| labels.at(*place)).sum();
        (hits as f64, labels.total())
    });
    let level = score(labels, &instrument.scale);
    let found = Scored {
        shown: shown.or(level)?,
        level: level.or(shown)?,
    };
    (found.shown.1 > 0).then_some(found)
}
