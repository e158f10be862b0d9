//! What attacks, factors and several turns do to a target: harm and help beside each other, the
//! turn in which it broke, what that cost, and which circumstances matter.

mod by_category;
mod effects;
mod report;

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{
    AnswerOutcome, DriverId, DriverIdentity, FigureRow, Instrument, Perspective, Sample, Side,
    TargetId, Verdict,
};
use nocere_stats::{
    Estimate, MeanOfClusters, mean_of_clusters,
    paired::{PairedCluster, PairedDifference, cluster_difference},
    rate_of_clusters, success_at_k,
};

use crate::{context::Context, run_judge::RunJudge, tally::Tally};

pub use by_category::PressedCategory;
pub use effects::{FactorEffect, FactorInteraction};
pub use report::{AttemptsRow, CoverStep, DriverSpending, PressureReport, PressureRow, TurnPoint};

/// Minimum number of clusters for an interval of a mean.
const MIN_CLUSTERS: u64 = 10;
/// Numbers of attempts for which success is reported.
const ATTEMPTS: [u64; 6] = [1, 2, 4, 8, 16, 32];

/// Hits and scored conversations.
pub(crate) type Pair = (u64, u64);

/// Answers to one probe under one driver, by one figure of one judge.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pressed {
    pub(crate) last: Pair,
    worst: Pair,
    /// Conversations of which nobody can tell whether any answer is an error.
    worst_unscored: u64,
    /// By turn: errors in this answer; errors in it or an earlier one.
    turns: Vec<(Pair, Pair)>,
    /// Conversations by their number of answers, with those that had an error by their end.
    ended: BTreeMap<usize, Pair>,
}

/// A figure of a judge for one asker and target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Axis {
    pub(crate) target: TargetId,
    pub(crate) perspective: Perspective,
    pub(crate) figure: usize,
    pub(crate) judge: usize,
}

/// Answers under one driver.
#[derive(Default)]
pub(crate) struct UnderDriver {
    pub(crate) probes: BTreeMap<i64, Pressed>,
    unscored: u64,
    drifted: u64,
    attacker_failed: u64,
    several_turns: bool,
}

/// Counts under pressure. They grow with probes × drivers.
#[derive(Default)]
pub(crate) struct Pressure {
    pub(crate) axes: BTreeMap<Axis, BTreeMap<DriverId, UnderDriver>>,
    spending: BTreeMap<(TargetId, DriverId), DriverSpending>,
    /// Probes on which each driver made a target fail.
    failures: BTreeMap<TargetId, BTreeMap<DriverId, BTreeSet<i64>>>,
    /// True if there is anything to report.
    under_pressure: bool,
}

impl Pressure {
    pub(crate) fn add(&mut self, row: &Sample, context: &Context<'_>) {
        let answers = row.transcript.answers().count();
        self.under_pressure |= answers > 1 || !context.is_plain(&row.driver);
        let facts = row.transcript.attack.as_deref();
        let drifted = row.is_drifted();
        let attacker_failed = row.transcript.outcome() == AnswerOutcome::AttackFailed;
        let mut failed = false;
        for judge in RunJudge::all(context.instruments) {
            for (figure, of) in context.figures.iter().enumerate() {
                let counted = of.is_listed()
                    && of.measure == judge.instrument.measure
                    && of.applies(&row.probe)
                    && row.verdict(&judge.instrument.hash).is_some();
                if !counted {
                    continue;
                }
                let errors = errors_by_turn(row, judge.instrument, of);
                let axis = Axis {
                    target: row.target.clone(),
                    perspective: row.probe.perspective,
                    figure,
                    judge: judge.number,
                };
                let under = self
                    .axes
                    .entry(axis)
                    .or_default()
                    .entry(row.driver.clone())
                    .or_default();
                if drifted {
                    under.drifted += 1;
                    continue;
                }
                under.attacker_failed += u64::from(attacker_failed);
                let broke = under.add(row.position, &errors, row.transcript.error.is_some());
                failed |= broke && of.side == Side::Harm;
            }
        }
        if failed {
            self.failures
                .entry(row.target.clone())
                .or_default()
                .entry(row.driver.clone())
                .or_default()
                .insert(row.position);
        }
        let spent = self
            .spending
            .entry((row.target.clone(), row.driver.clone()))
            .or_default();
        spent.conversations += 1;
        spent.succeeded += u64::from(failed);
        spent.drifted += u64::from(drifted);
        spent.attacker_failed += u64::from(attacker_failed);
        if let Some(facts) = facts.filter(|facts| facts.target_calls > 0) {
            spent.target_calls += u64::from(facts.target_calls);
            spent.target_tokens += facts.target_usage.total();
        } else {
            spent.target_calls += answers as u64;
            let turns = row.transcript.turns.iter();
            let facts = turns.filter_map(|turn| turn.answer.as_ref());
            spent.target_tokens += facts.map(|facts| facts.usage.total()).sum::<u64>();
        }
        if let Some(facts) = facts {
            spent.attacker_calls += u64::from(facts.attacker_calls);
            spent.attacker_tokens += facts.attacker_usage.total();
            spent.out_of_form += u64::from(facts.out_of_form);
            if let Some(obeyed) = facts.obeyed {
                let sum = spent.obeyed.get_or_insert_default();
                sum.0 += u64::from(obeyed);
                sum.1 += 1;
            }
            if let Some((stayed, all)) = facts.in_role {
                let sum = spent.in_role.get_or_insert_default();
                sum.0 += u64::from(stayed);
                sum.1 += u64::from(all);
            }
        }
    }

    /// The report; `None` if every conversation is plain and has one answer. `tally` knows which
    /// probes are about one matter.
    pub(crate) fn report(&self, context: &Context<'_>, tally: &Tally) -> Option<PressureReport> {
        if !self.under_pressure {
            return None;
        }
        let matters = Matters::of(tally);
        let plain = context.drivers.iter().find(|driver| driver.is_plain());
        let mut report = PressureReport::default();
        for (axis, by_driver) in &self.axes {
            let figure = &context.figures[axis.figure];
            let instrument = &context.instruments[axis.judge];
            let plain = plain.and_then(|driver| by_driver.get(&driver.id));
            for driver in context.drivers {
                // Cells of a plan of factors have a table of their own.
                let is_cell = !driver.levels.is_empty() && !driver.is_plain();
                let Some(under) = by_driver.get(&driver.id).filter(|_| !is_cell) else {
                    continue;
                };
                report
                    .rows
                    .push(under.row(axis, driver, figure, instrument, plain, &matters));
            }
            report
                .at_k
                .extend(at_k(axis, by_driver, figure, instrument, context, &matters));
            report.categories.extend(by_category::by_category(
                axis, by_driver, context, tally, &matters,
            ));
            effects::effects(axis, by_driver, context, &matters, &mut report);
        }
        let order = |id: &DriverId| context.drivers.iter().position(|driver| driver.id == *id);
        report.rows.sort_by(|a, b| {
            let key = |row: &PressureRow| {
                (
                    row.target.clone(),
                    row.perspective,
                    order(&row.driver),
                    row.side,
                )
            };
            key(a).cmp(&key(b))
        });
        report.drivers = self
            .spending
            .iter()
            .map(|((target, driver), spent)| DriverSpending {
                target: target.clone(),
                driver: driver.clone(),
                calls_per_success: spent
                    .for_each_success(spent.target_calls + spent.attacker_calls),
                tokens_per_success: spent
                    .for_each_success(spent.target_tokens + spent.attacker_tokens),
                ..spent.clone()
            })
            .collect();
        report.drivers.sort_by_key(|spent| order(&spent.driver));
        report.cover = self.cover(context);
        Some(report)
    }

    /// The plain driver, then greedily the driver that finds most new failures.
    fn cover(&self, context: &Context<'_>) -> Vec<CoverStep> {
        let mut steps = Vec::new();
        for (target, by_driver) in &self.failures {
            let all: BTreeSet<i64> = by_driver.values().flatten().copied().collect();
            let mut found: BTreeSet<i64> = BTreeSet::new();
            let mut left: Vec<&DriverIdentity> = context
                .drivers
                .iter()
                .filter(|driver| by_driver.contains_key(&driver.id))
                .collect();
            while found.len() < all.len() {
                let new =
                    |driver: &DriverIdentity| by_driver[&driver.id].difference(&found).count();
                // The first of the best, so that the order of the plan decides.
                let best =
                    left.iter().enumerate().rev().max_by_key(|(_, driver)| {
                        (driver.is_plain() && new(driver) > 0, new(driver))
                    });
                let Some((place, _)) = best else {
                    break;
                };
                let driver = left.remove(place);
                let added = new(driver) as u64;
                found.extend(&by_driver[&driver.id]);
                steps.push(CoverStep {
                    target: target.clone(),
                    driver: driver.id.clone(),
                    new: added,
                    found: found.len() as u64,
                    total: all.len() as u64,
                });
            }
        }
        steps
    }
}

/// Whether each answer is an error, oldest first; `None` where the judge could not tell.
fn errors_by_turn(row: &Sample, instrument: &Instrument, of: &FigureRow) -> Vec<Option<bool>> {
    row.by_turn(&instrument.hash)
        .map(|verdict| match verdict {
            Verdict::Scored(scored) => of.is_error(&instrument.scale, scored),
            Verdict::Unscored { .. } => None,
        })
        .collect()
}

fn count(pair: &mut Pair, error: bool) {
    pair.0 += u64::from(error);
    pair.1 += 1;
}

impl UnderDriver {
    /// Counts one conversation. `failed` if it has no last answer: its last verdict is then about
    /// nothing. Returns true if any of its answers is an error.
    fn add(&mut self, position: i64, errors: &[Option<bool>], failed: bool) -> bool {
        let said = if failed {
            &errors[..errors.len().saturating_sub(1)]
        } else {
            errors
        };
        self.several_turns |= said.len() > 1;
        let pressed = self.probes.entry(position).or_default();
        match errors.last().copied().flatten() {
            Some(error) => count(&mut pressed.last, error),
            None => self.unscored += 1,
        }
        let broke = errors.contains(&Some(true));
        // Where no answer is known to be an error but one is unknown, nobody can tell.
        if broke || !errors.contains(&None) {
            count(&mut pressed.worst, broke);
        } else {
            pressed.worst_unscored += 1;
        }
        let mut ever = Some(false);
        for (turn, error) in said.iter().enumerate() {
            if pressed.turns.len() <= turn {
                pressed.turns.push(Default::default());
            }
            ever = match (ever, error) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (None, _) | (_, None) => None,
                (Some(false), Some(false)) => Some(false),
            };
            if let Some(error) = *error {
                count(&mut pressed.turns[turn].0, error);
            }
            if let Some(ever) = ever {
                count(&mut pressed.turns[turn].1, ever);
            }
        }
        // Nobody knows how a conversation that failed without an error would have ended.
        if let Some(ever) = ever.filter(|ever| *ever || !failed) {
            count(pressed.ended.entry(said.len()).or_default(), ever);
        }
        broke
    }

    fn rate(&self, of: impl Fn(&Pressed) -> Pair, unscored: u64, matters: &Matters) -> Estimate {
        let mut clusters: BTreeMap<&str, Pair> = BTreeMap::new();
        for (position, pressed) in &self.probes {
            let (hits, scored) = of(pressed);
            let cluster = clusters.entry(matters.cluster(*position)).or_default();
            cluster.0 += hits;
            cluster.1 += scored;
        }
        rate_of_clusters(clusters.into_values().collect(), unscored)
    }

    fn row(
        &self,
        axis: &Axis,
        driver: &DriverIdentity,
        figure: &FigureRow,
        instrument: &Instrument,
        plain: Option<&Self>,
        matters: &Matters,
    ) -> PressureRow {
        let turns = self.probes.values().map(|pressed| pressed.turns.len());
        let turns = turns.max().unwrap_or_default();
        let here = |pressed: &Pressed, turn: usize| {
            pressed
                .turns
                .get(turn)
                .map(|point| point.0)
                .unwrap_or_default()
        };
        let ever = |pressed: &Pressed, turn: usize| {
            let now = pressed.turns.get(turn).map(|point| point.1);
            // A conversation that ended earlier keeps what it had.
            let ended = pressed.ended.range(..=turn).map(|(_, pair)| *pair);
            ended.fold(now.unwrap_or_default(), |sum, one| {
                (sum.0 + one.0, sum.1 + one.1)
            })
        };
        let worst_unscored = self.probes.values().map(|of| of.worst_unscored).sum();
        PressureRow {
            target: axis.target.clone(),
            perspective: axis.perspective,
            driver: driver.id.clone(),
            driver_title: driver.title.clone(),
            family: driver.family.clone(),
            figure: figure.id.clone(),
            title: figure.title(&instrument.scale),
            side: figure.side,
            judge: instrument.id.clone(),
            last: self.rate(|pressed| pressed.last, self.unscored, matters),
            worst: self
                .several_turns
                .then(|| self.rate(|pressed| pressed.worst, worst_unscored, matters)),
            difference: plain
                .filter(|_| !driver.is_plain())
                .and_then(|plain| difference(self, plain, matters)),
            drifted: self.drifted,
            attacker_failed: self.attacker_failed,
            turns: if self.several_turns {
                (0..turns)
                    .map(|turn| TurnPoint {
                        turn: turn as u32 + 1,
                        here: self.rate(|pressed| here(pressed, turn), 0, matters),
                        ever: self.rate(|pressed| ever(pressed, turn), 0, matters),
                    })
                    .collect()
            } else {
                Vec::new()
            },
        }
    }
}

/// First minus second over the probes that both have, clustered by matter.
fn difference(
    first: &UnderDriver,
    second: &UnderDriver,
    matters: &Matters,
) -> Option<PairedDifference> {
    let mut clusters: BTreeMap<&str, PairedCluster> = BTreeMap::new();
    for (position, a) in &first.probes {
        let Some(b) = second.probes.get(position) else {
            continue;
        };
        if a.last.1 == 0 || b.last.1 == 0 {
            continue;
        }
        add_pair(clusters.entry(matters.cluster(*position)), a.last, b.last);
    }
    let clusters: Vec<PairedCluster> = clusters.into_values().collect();
    cluster_difference(&clusters)
}

pub(crate) fn add_pair(
    entry: std::collections::btree_map::Entry<'_, &str, PairedCluster>,
    first: Pair,
    second: Pair,
) {
    let cluster = entry.or_insert(PairedCluster {
        first_sum: 0.0,
        first_count: 0,
        second_sum: 0.0,
        second_count: 0,
    });
    cluster.first_sum += first.0 as f64;
    cluster.first_count += first.1;
    cluster.second_sum += second.0 as f64;
    cluster.second_count += second.1;
}

/// The chance of success at k attempts, over all attacks and family by family.
fn at_k(
    axis: &Axis,
    by_driver: &BTreeMap<DriverId, UnderDriver>,
    figure: &FigureRow,
    instrument: &Instrument,
    context: &Context<'_>,
    matters: &Matters,
) -> Vec<AttemptsRow> {
    if figure.side != Side::Harm {
        return Vec::new();
    }
    let attacks = || {
        context
            .drivers
            .iter()
            .filter(|driver| !driver.is_plain() && driver.levels.is_empty())
    };
    let families: BTreeSet<&str> = attacks().map(|driver| driver.family.as_str()).collect();
    let mut wanted: Vec<Option<&str>> = vec![None];
    if families.len() > 1 {
        wanted.extend(families.into_iter().map(Some));
    }
    let mut rows = Vec::new();
    for family in wanted {
        let mut tried: BTreeMap<i64, Pair> = BTreeMap::new();
        for driver in attacks().filter(|driver| family.is_none_or(|of| driver.family == of)) {
            let under = by_driver.get(&driver.id);
            for (position, pressed) in under.iter().flat_map(|under| &under.probes) {
                let sum = tried.entry(*position).or_default();
                sum.0 += pressed.worst.0;
                sum.1 += pressed.worst.1;
            }
        }
        for k in ATTEMPTS {
            let mut clusters: BTreeMap<&str, (f64, u64)> = BTreeMap::new();
            for (position, (hits, number)) in &tried {
                if let Some(chance) = success_at_k(*hits, *number, k) {
                    let cluster = clusters.entry(matters.cluster(*position)).or_default();
                    cluster.0 += chance;
                    cluster.1 += 1;
                }
            }
            let probes: u64 = clusters.values().map(|(_, number)| number).sum();
            let clusters: Vec<(f64, u64)> = clusters.into_values().collect();
            if let Some(MeanOfClusters {
                value, interval, ..
            }) = mean_of_clusters(&clusters)
            {
                let enough = clusters.len() as u64 >= MIN_CLUSTERS;
                rows.push(AttemptsRow {
                    target: axis.target.clone(),
                    perspective: axis.perspective,
                    family: family.map(str::to_owned),
                    figure: figure.id.clone(),
                    judge: instrument.id.clone(),
                    k,
                    value,
                    // Student's interval of a mean near 0 or 1 leaves the range of a chance.
                    interval: interval
                        .filter(|_| enough)
                        .map(|(low, high)| (low.max(0.0), high.min(1.0))),
                    probes,
                });
            }
        }
    }
    rows
}

/// Which probes are about one matter: their answers are not independent evidence.
pub(crate) struct Matters {
    names: BTreeMap<i64, String>,
}

impl Matters {
    fn of(tally: &Tally) -> Self {
        let asks = tally.asks();
        let names = tally.facts.iter().map(|(position, facts)| {
            let name = facts.matter.clone().unwrap_or_else(|| {
                let ask = asks.get(position).unwrap_or(position);
                format!("probe {ask}")
            });
            (*position, name)
        });
        Self {
            names: names.collect(),
        }
    }

    pub(crate) fn cluster(&self, position: i64) -> &str {
        self.names.get(&position).map_or("", String::as_str)
    }
}
