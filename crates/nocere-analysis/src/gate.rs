//! Gates: whether a run's figures stay within limits. A verdict is pass, fail or inconclusive, and
//! it is computed once; exit codes and files for other tools only repeat it.

use nocere_core::{JudgeId, Perspective, SuiteId, TargetId};
use serde::Serialize;

use crate::{
    figure::Figure,
    gate_entry::{Bound, Gate},
    run_report::{PerspectiveReport, RunReport},
    standing::Standing,
};

/// The verdict of a gate, or of all gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GateVerdict {
    /// The limit is kept.
    Pass,
    /// There is not enough evidence to tell.
    Inconclusive,
    /// The limit is broken.
    Fail,
}

impl GateVerdict {
    /// The word used in all outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        }
    }
}

/// The result of one gate for one target, perspective and judge.
#[derive(Clone, Debug, Serialize)]
pub struct GateResult {
    /// The target's id.
    pub target: TargetId,
    /// Who asks.
    pub who: Perspective,
    /// Id of the figure.
    pub figure: String,
    /// Its title.
    pub title: String,
    /// Title of the category; empty for the whole perspective.
    pub category: String,
    /// The judge's id.
    pub judge: JudgeId,
    /// The verdict.
    pub verdict: GateVerdict,
    /// Why, in a sentence.
    pub reason: String,
}

impl GateResult {
    /// "Helped, should decline, asked by patient: target".
    pub fn name(&self) -> String {
        let category = if self.category.is_empty() {
            String::new()
        } else {
            format!(", {}", self.category)
        };
        format!(
            "{}, {}{category}, {} (judge: {})",
            self.title, self.who, self.target, self.judge
        )
    }
}

/// The results of all gates.
#[derive(Clone, Debug, Serialize)]
pub struct GateReport {
    /// The run's id.
    pub run: String,
    /// The worst verdict of all; at best inconclusive for an unfinished run.
    pub verdict: GateVerdict,
    /// Conversations that are done, and all, if the run is unfinished.
    pub unfinished: Option<(u64, u64)>,
    /// The results, in the order of the gates.
    pub results: Vec<GateResult>,
}

/// Why gates cannot be applied. A name that matches nothing would pass in silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateFault {
    /// Number of the gate, from 1.
    pub gate: usize,
    /// What is wrong.
    pub what: String,
    /// What could be meant.
    pub known: Vec<String>,
}

/// Applies gates to a run. `baseline` is needed by gates with a margin.
///
/// # Errors
///
/// A gate names something that the run lacks, has no limit or one outside 0 to 1, or needs a baseline
/// that is missing or asked other suites.
pub fn apply_gates(
    report: &RunReport,
    gates: &[Gate],
    baseline: Option<&RunReport>,
) -> Result<GateReport, GateFault> {
    let mut results = Vec::new();
    for (number, gate) in (1..).zip(gates) {
        let fault = |what: String, known: Vec<String>| GateFault {
            gate: number,
            what,
            known,
        };
        check(gate, report, baseline).map_err(|(what, known)| fault(what, known))?;
        let found = measured(gate, report);
        if found.is_empty() {
            return Err(missing(gate, report, number));
        }
        for (at, figure) in found {
            let before = baseline.and_then(|of| same_place(gate, of, &at, figure));
            let (verdict, reason) = judge(gate, figure, before);
            results.push(GateResult {
                target: at.target.clone(),
                who: at.perspective.perspective,
                figure: figure.figure.clone(),
                title: figure.title.clone(),
                category: at.category.clone(),
                judge: figure.judge.clone(),
                verdict,
                reason,
            });
        }
    }
    Ok(GateReport {
        run: report.header.id.to_string(),
        unfinished: report.unfinished().then_some((report.done, report.total)),
        verdict: results
            .iter()
            .map(|result| result.verdict)
            // What was not asked yet cannot have passed.
            .chain(report.unfinished().then_some(GateVerdict::Inconclusive))
            .max()
            .unwrap_or(GateVerdict::Inconclusive),
        results,
    })
}

/// Where a figure stands in a report.
struct At<'a> {
    target: &'a TargetId,
    perspective: &'a PerspectiveReport,
    category: String,
}

fn check(
    gate: &Gate,
    report: &RunReport,
    baseline: Option<&RunReport>,
) -> Result<(), (String, Vec<String>)> {
    let plain = |what: String| Err((what, Vec::new()));
    for (name, value) in [
        ("at_most", gate.at_most),
        ("margin", gate.margin),
        ("max_unscored", gate.max_unscored),
    ] {
        if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
            return plain(format!(
                "`{name}` is {}, expected a share from 0 to 1",
                value.unwrap_or_default()
            ));
        }
    }
    match (gate.at_most, gate.margin, baseline) {
        (None, None, _) => plain("it has no limit: give `at_most` or `margin`".to_owned()),
        (_, Some(_), None) => {
            plain("`margin` needs a baseline run: give `--baseline RUN`".to_owned())
        }
        (_, Some(_), Some(before)) if suites(before) != suites(report) => plain(format!(
            "the baseline {} asked other suites, or other versions of them",
            before.header.id
        )),
        (_, Some(_), Some(before)) if drivers(before) != drivers(report) => plain(format!(
            "the baseline {} was asked otherwise: one of the two was under attack",
            before.header.id
        )),
        _ => Ok(()),
    }
}

/// Ids and hashes of a run's suites.
fn suites(report: &RunReport) -> Vec<(&SuiteId, &str)> {
    let mut suites: Vec<_> = report
        .suites
        .iter()
        .map(|suite| (&suite.id, suite.hash.as_str()))
        .collect();
    suites.sort_unstable();
    suites
}

/// Ids and hashes of what led a run's conversations.
fn drivers(report: &RunReport) -> Vec<(&str, &str)> {
    let mut drivers: Vec<_> = report
        .drivers
        .iter()
        .map(|driver| (driver.id.as_str(), driver.hash.as_str()))
        .collect();
    drivers.sort_unstable();
    drivers
}

/// The figures that a gate is about.
fn measured<'a>(gate: &Gate, report: &'a RunReport) -> Vec<(At<'a>, &'a Figure)> {
    let mut found = Vec::new();
    for target in &report.targets {
        if gate.target.as_ref().is_some_and(|of| *of != target.id) {
            continue;
        }
        for perspective in &target.perspectives {
            if gate.who.is_some_and(|who| who != perspective.perspective) {
                continue;
            }
            let mut add = |figures: &'a [Figure], category: &str| {
                let wanted = figures.iter().filter(|figure| {
                    figure.figure == gate.figure
                        && gate.judge.as_ref().is_none_or(|of| *of == figure.judge)
                });
                found.extend(wanted.map(|figure| {
                    let at = At {
                        target: &target.id,
                        perspective,
                        category: category.to_owned(),
                    };
                    (at, figure)
                }));
            };
            match &gate.category {
                None => add(&perspective.figures, ""),
                Some(id) => {
                    for category in perspective.categories.iter().filter(|of| of.id == *id) {
                        add(&category.figures, &category.title);
                    }
                }
            }
        }
    }
    found
}

/// What a gate that found no figure names in vain.
fn missing(gate: &Gate, report: &RunReport, number: usize) -> GateFault {
    let perspectives = || {
        report
            .targets
            .iter()
            .flat_map(|target| &target.perspectives)
    };
    let figures = || perspectives().flat_map(|of| &of.figures);
    let named = |what: &str, name: &str, known: Vec<String>| {
        (!known.iter().any(|of| of == name)).then(|| GateFault {
            gate: number,
            what: format!("this run has no {what} `{name}`"),
            known,
        })
    };
    let unique = |mut names: Vec<String>| {
        names.sort();
        names.dedup();
        names
    };
    let figure = named(
        "figure",
        &gate.figure,
        unique(figures().map(|of| of.figure.clone()).collect()),
    );
    let who = gate.who.and_then(|who| {
        let known = perspectives()
            .map(|of| of.perspective.to_string())
            .collect();
        named("perspective", who.as_str(), unique(known))
    });
    let target = gate.target.as_ref().and_then(|target| {
        let known = report.targets.iter().map(|of| of.id.to_string()).collect();
        named("target", target, unique(known))
    });
    let judge = gate.judge.as_ref().and_then(|judge| {
        named(
            "judge",
            judge,
            unique(figures().map(|of| of.judge.to_string()).collect()),
        )
    });
    let category = gate.category.as_ref().and_then(|category| {
        let known = perspectives()
            .flat_map(|of| &of.categories)
            .map(|of| of.id.clone())
            .collect();
        named("category", category, unique(known))
    });
    [figure, who, target, judge, category]
        .into_iter()
        .flatten()
        .next()
        .unwrap_or_else(|| GateFault {
            gate: number,
            what: "what it names does not occur together in this run".to_owned(),
            known: Vec::new(),
        })
}

/// The same figure of the same target, or of the baseline's only one.
fn same_place<'a>(
    gate: &Gate,
    baseline: &'a RunReport,
    at: &At<'_>,
    figure: &Figure,
) -> Option<&'a Figure> {
    let only = baseline.targets.len() == 1;
    let anywhere = Gate {
        // The only target of the baseline may have another name.
        target: gate.target.clone().filter(|_| !only),
        ..gate.clone()
    };
    measured(&anywhere, baseline)
        .into_iter()
        .find(|(other, of)| {
            (only || other.target == at.target)
                && other.perspective.perspective == at.perspective.perspective
                && other.category == at.category
                && of.judge_hash == figure.judge_hash
        })
        .map(|(_, of)| of)
}

/// The rate with its interval that a gate looks at.
fn rate(gate: &Gate, figure: &Figure) -> Result<(f64, (f64, f64)), String> {
    if !gate.corrected {
        let of = &figure.estimate;
        return of
            .value
            .zip(of.interval)
            .ok_or_else(|| "nothing was scored".to_owned());
    }
    match &figure.standing {
        Standing::Calibrated(known) => known
            .corrected
            .as_ref()
            .map(|corrected| (corrected.value, corrected.interval))
            .ok_or_else(|| "the rate cannot be corrected for the judge's errors".to_owned()),
        _ => Err("the judge is not calibrated here, so the rate cannot be corrected".to_owned()),
    }
}

fn judge(gate: &Gate, figure: &Figure, before: Option<&Figure>) -> (GateVerdict, String) {
    let unsure = |why: String| (GateVerdict::Inconclusive, why);
    let estimate = &figure.estimate;
    let (value, (low, high)) = match rate(gate, figure) {
        Ok(rate) => rate,
        Err(why) => return unsure(why),
    };
    let fewest = gate.min_scored.unwrap_or(1);
    if estimate.denominator < fewest {
        return unsure(format!(
            "{} scored answers, fewer than {fewest}",
            estimate.denominator
        ));
    }
    let share = estimate.unscored as f64 / (estimate.denominator + estimate.unscored).max(1) as f64;
    if gate.max_unscored.is_some_and(|most| share > most) {
        return unsure(format!(
            "{:.1} % of the answers are unscored",
            share * 100.0
        ));
    }
    if gate.calibrated && !matches!(figure.standing, Standing::Calibrated(_)) {
        return unsure("the judge was not measured against people on such answers".to_owned());
    }
    let mut verdict = GateVerdict::Pass;
    let mut reasons = Vec::new();
    let mut hold = |rate: f64, (low, high): (f64, f64), limit: f64, what: &str| {
        let one = match gate.bound {
            Bound::Rate if rate <= limit => GateVerdict::Pass,
            Bound::Rate => GateVerdict::Fail,
            Bound::Interval if high <= limit => GateVerdict::Pass,
            Bound::Interval if low > limit => GateVerdict::Fail,
            Bound::Interval => GateVerdict::Inconclusive,
        };
        verdict = verdict.max(one);
        reasons.push(format!(
            "{what} {:.1} % ({:.1} to {:.1} %), limit {:.1} %",
            rate * 100.0,
            low * 100.0,
            high * 100.0,
            limit * 100.0
        ));
    };
    let named = if gate.corrected {
        "corrected rate"
    } else {
        "rate"
    };
    if let Some(limit) = gate.at_most {
        hold(value, (low, high), limit, named);
    }
    if let Some(margin) = gate.margin {
        let old = before.ok_or_else(|| {
            "the baseline has no such figure by the same version of the judge".to_owned()
        });
        match old.and_then(|before| rate(gate, before)) {
            Ok(old) => {
                let (difference, interval) = difference((value, (low, high)), old);
                hold(difference, interval, margin, "difference from the baseline");
            }
            Err(why) => {
                // A limit that is broken stays broken.
                verdict = verdict.max(GateVerdict::Inconclusive);
                reasons.push(format!("baseline: {why}"));
            }
        }
    }
    (verdict, reasons.join("; "))
}

/// The difference of two rates with the interval of Newcombe's hybrid score (Statistics in Medicine
/// 17, 1998, method 10), from the intervals of both. It treats the runs as independent, which is
/// wider than a comparison probe by probe.
fn difference(
    (new, (new_low, new_high)): (f64, (f64, f64)),
    (old, (old_low, old_high)): (f64, (f64, f64)),
) -> (f64, (f64, f64)) {
    let difference = new - old;
    let low = difference - (new - new_low).hypot(old_high - old);
    let high = difference + (new_high - new).hypot(old - old_low);
    (difference, (low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_difference_is_newcombes() {
        // Newcombe 1998, table II, contrast (a): 56/70 against 48/80, method 10 without continuity
        // correction: 0.0524 to 0.3339.
        let wilson = |hits, total| nocere_stats::wilson_interval(hits, total).unwrap();
        let new = (56.0 / 70.0, wilson(56, 70));
        let old = (48.0 / 80.0, wilson(48, 80));
        let (value, (low, high)) = difference(new, old);
        assert!((value - 0.2).abs() < 1e-9);
        assert!((low - 0.0524).abs() < 5e-4, "{low}");
        assert!((high - 0.3339).abs() < 5e-4, "{high}");
    }

    #[test]
    fn the_worst_verdict_counts() {
        assert!(GateVerdict::Fail > GateVerdict::Inconclusive);
        assert!(GateVerdict::Inconclusive > GateVerdict::Pass);
    }
}
