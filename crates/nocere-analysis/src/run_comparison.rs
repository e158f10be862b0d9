//! Compares two runs, or two targets, on the probes that both were asked in the same words.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{
    ContentHash, FigureRow, Instrument, JudgeId, Perspective, ProbeId, RunHeader, Sample, Suite,
    TargetId, TargetRecord, Verdict, hash_json,
};
use nocere_stats::paired::{PairedCluster, cluster_difference, holm};
use serde::Serialize;

use crate::comparison::p_value;

/// Multiple of the standard error that is found in four of five cases by a two-sided test at 5 %:
/// 1.96 + 0.84.
const SEEN: f64 = 2.8;

/// One side of a comparison: a run, and one of its targets.
#[derive(Clone, Copy)]
pub struct ComparedRun<'a> {
    /// The run's header.
    pub header: &'a RunHeader,
    /// The target's id and record.
    pub target: (&'a TargetId, &'a TargetRecord),
    /// The run's suites.
    pub suites: &'a [Suite],
    /// The run's judges.
    pub instruments: &'a [Instrument],
}

/// One side, in words.
#[derive(Clone, Debug, Serialize)]
pub struct ComparedSide {
    /// The run's id.
    pub run: String,
    /// The target's id.
    pub target: TargetId,
    /// The models that answered in its name, as far as the server said.
    pub served: Vec<String>,
    /// Number of probes that only this side was asked.
    pub alone: u64,
}

/// A figure on the probes that both sides share.
#[derive(Clone, Debug, Serialize)]
pub struct ComparedFigure {
    /// Who asked.
    pub perspective: Perspective,
    /// Id of the figure.
    pub figure: String,
    /// Its title.
    pub title: String,
    /// The judge's id; both sides were judged by the same version of it.
    pub judge: JudgeId,
    /// Number of probes with a score on both sides.
    pub probes: u64,
    /// Number of shared probes with a score on the first side only, and on the second only.
    pub lost: (u64, u64),
    /// Rate of errors of the first and of the second on these probes.
    pub rates: (f64, f64),
    /// Second minus first, from −1 to 1: above 0, the second makes more errors.
    pub difference: f64,
    /// Its 95 % interval, paired, with the probes of one matter as a cluster.
    pub interval: (f64, f64),
    /// Two-sided p-value: McNemar's mid-p, or a sign-flip test over matters.
    pub p_value: f64,
    /// After Holm's correction for all figures of the comparison.
    pub adjusted: f64,
    /// The difference that so many probes would have shown in four of five cases.
    pub could_be_seen: f64,
}

/// Whether a difference is within a margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// The second is not worse by more: the whole interval is below the margin.
    Yes,
    /// The second is worse by more: the whole interval is above the margin.
    No,
    /// The interval holds the margin, or too many probes were scored on the first side only.
    Unclear,
}

impl ComparedFigure {
    /// The upper end of the 95 % interval of the difference, with every probe that was scored on the
    /// first side only counted as an error of the second.
    pub fn worst(&self) -> f64 {
        let (kept, lost) = (self.probes as f64, self.lost.0 as f64);
        (self.interval.1 * kept + lost) / (kept + lost).max(1.0)
    }

    /// Whether the second makes at most `margin` more errors than the first (a one-sided test of
    /// non-inferiority at 2.5 % by the interval of the difference). Probes that were scored on the first
    /// side only may all be worse: [`Within::Yes`] only if the upper end with all of them keeps it.
    pub fn within(&self, margin: f64) -> Within {
        if self.worst() < margin {
            Within::Yes
        } else if self.interval.0 > margin {
            Within::No
        } else {
            Within::Unclear
        }
    }
}

/// A probe on which the sides differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// The probe's id.
    pub probe: ProbeId,
    /// Who asked.
    pub perspective: Perspective,
    /// Title of the figure.
    pub title: String,
    /// The judge's id.
    pub judge: JudgeId,
    /// True if it is an error on the second side only; false if on the first only.
    pub is_new: bool,
}

/// Two runs compared.
#[derive(Clone, Debug, Serialize)]
pub struct RunComparison {
    /// The first side.
    pub first: ComparedSide,
    /// The second side.
    pub second: ComparedSide,
    /// Number of probes that both were asked in the same words.
    pub shared: u64,
    /// What else differs between the sides, a sentence each: it may explain a difference.
    pub notes: Vec<String>,
    /// The figures, in the order of reports.
    pub figures: Vec<ComparedFigure>,
    /// Probes on which the sides differ, new errors first.
    pub flips: Vec<Flip>,
}

/// What one side did with one probe: errors and scored answers by figure and judge.
struct OfProbe {
    id: ProbeId,
    perspective: Perspective,
    cluster: String,
    counts: BTreeMap<(usize, String), (u64, u64)>,
}

/// Everything about one side.
struct Collected {
    probes: BTreeMap<ContentHash, OfProbe>,
    served: BTreeSet<String>,
}

impl Collected {
    fn of<E>(
        side: ComparedRun<'_>,
        figures: &[FigureRow],
        samples: impl IntoIterator<Item = Result<Sample, E>>,
    ) -> Result<Self, E> {
        let mut collected = Self {
            probes: BTreeMap::new(),
            served: BTreeSet::new(),
        };
        for sample in samples {
            let sample = sample?;
            if sample.target == *side.target.0 {
                collected.add(&sample, side.instruments, figures);
            }
        }
        Ok(collected)
    }

    fn add(&mut self, sample: &Sample, instruments: &[Instrument], figures: &[FigureRow]) {
        let probe = &sample.probe;
        let facts = sample
            .transcript
            .turns
            .iter()
            .filter_map(|turn| turn.answer.as_ref());
        self.served
            .extend(facts.filter_map(|of| of.served_model.clone()));
        // Under attack something else was asked.
        let asked = (
            &probe.messages,
            &probe.follow_ups,
            probe.perspective,
            sample.driver.as_str(),
        );
        let of = self
            .probes
            .entry(hash_json("compared probe", &asked))
            .or_insert_with(|| OfProbe {
                id: probe.id.clone(),
                perspective: probe.perspective,
                cluster: probe
                    .matter
                    .clone()
                    .unwrap_or_else(|| probe.origin().to_string()),
                counts: BTreeMap::new(),
            });
        for (number, figure) in figures.iter().enumerate() {
            if !figure.applies(probe) {
                continue;
            }
            for instrument in instruments.iter().filter(|of| of.measure == figure.measure) {
                let Some(Verdict::Scored(scored)) = sample.verdict(&instrument.hash) else {
                    continue;
                };
                let Some(error) = figure.is_error(&instrument.scale, scored) else {
                    continue;
                };
                let key = (number, instrument.hash.as_str().to_owned());
                let counts = of.counts.entry(key).or_default();
                counts.0 += u64::from(error);
                counts.1 += 1;
            }
        }
    }
}

impl RunComparison {
    /// Compares two sides on the probes that both were asked.
    ///
    /// # Errors
    ///
    /// The first error of the samples.
    pub fn of<E>(
        (first, first_samples): (ComparedRun<'_>, impl IntoIterator<Item = Result<Sample, E>>),
        (second, second_samples): (ComparedRun<'_>, impl IntoIterator<Item = Result<Sample, E>>),
        figures: &[FigureRow],
    ) -> Result<Self, E> {
        let a = Collected::of(first, figures, first_samples)?;
        let b = Collected::of(second, figures, second_samples)?;
        let shared = a.probes.keys().filter(|key| b.probes.contains_key(*key));
        let shared = shared.count() as u64;
        let head = |side: ComparedRun<'_>, of: &Collected| ComparedSide {
            run: side.header.id.to_string(),
            target: side.target.0.clone(),
            served: of.served.iter().cloned().collect(),
            alone: of.probes.len() as u64 - shared,
        };
        Ok(Self {
            first: head(first, &a),
            second: head(second, &b),
            shared,
            notes: notes(first, second, &a, &b),
            figures: compared(first, second, &a, &b, figures),
            flips: flips(first, &a, &b, figures),
        })
    }
}

/// The judges that both sides have in the same version.
fn common<'a>(first: ComparedRun<'a>, second: ComparedRun<'a>) -> Vec<&'a Instrument> {
    let has = |of: &&Instrument| second.instruments.iter().any(|other| other.hash == of.hash);
    first.instruments.iter().filter(has).collect()
}

fn compared(
    first: ComparedRun<'_>,
    second: ComparedRun<'_>,
    a: &Collected,
    b: &Collected,
    figures: &[FigureRow],
) -> Vec<ComparedFigure> {
    let mut found = Vec::new();
    for perspective in Perspective::ALL {
        for (number, row) in figures.iter().enumerate() {
            let judges = common(first, second).into_iter();
            for judge in judges.filter(|of| of.measure == row.measure) {
                let key = (number, judge.hash.as_str().to_owned());
                let mut clusters: BTreeMap<&str, PairedCluster> = BTreeMap::new();
                let mut probes = 0;
                let mut lost = (0, 0);
                for (hash, of) in a
                    .probes
                    .iter()
                    .filter(|(_, of)| of.perspective == perspective)
                {
                    let Some(there) = b.probes.get(hash) else {
                        continue;
                    };
                    let (one, other) = match (of.counts.get(&key), there.counts.get(&key)) {
                        (Some(one), Some(other)) => (one, other),
                        (Some(_), None) => {
                            lost.0 += 1;
                            continue;
                        }
                        (None, Some(_)) => {
                            lost.1 += 1;
                            continue;
                        }
                        (None, None) => continue,
                    };
                    probes += 1;
                    let cluster = clusters.entry(&of.cluster).or_insert(PairedCluster {
                        first_sum: 0.0,
                        first_count: 0,
                        second_sum: 0.0,
                        second_count: 0,
                    });
                    // The difference is second minus first.
                    cluster.first_sum += other.0 as f64;
                    cluster.first_count += other.1;
                    cluster.second_sum += one.0 as f64;
                    cluster.second_count += one.1;
                }
                let clusters: Vec<PairedCluster> = clusters.into_values().collect();
                let measured = cluster_difference(&clusters).zip(p_value(&clusters, 0));
                let Some((difference, p_value)) = measured else {
                    continue;
                };
                let rate = |of: fn(&PairedCluster) -> (f64, u64)| {
                    let sums = clusters.iter().map(of);
                    let (hits, all) =
                        sums.fold((0.0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
                    hits / all.max(1) as f64
                };
                let (low, high) = difference.interval;
                found.push(ComparedFigure {
                    perspective,
                    figure: row.id.clone(),
                    title: row.title(&judge.scale),
                    judge: judge.id.clone(),
                    probes,
                    lost,
                    rates: (
                        rate(|of| (of.second_sum, of.second_count)),
                        rate(|of| (of.first_sum, of.first_count)),
                    ),
                    difference: difference.value,
                    interval: difference.interval,
                    p_value,
                    adjusted: p_value,
                    could_be_seen: SEEN * (high - low) / (2.0 * 1.96),
                });
            }
        }
    }
    let raw: Vec<f64> = found.iter().map(|of| of.p_value).collect();
    if let Some(adjusted) = holm(&raw) {
        for (of, adjusted) in found.iter_mut().zip(adjusted) {
            of.adjusted = adjusted;
        }
    }
    found
}

/// Probes that are an error on one side only, by a judge that both have.
fn flips(first: ComparedRun<'_>, a: &Collected, b: &Collected, figures: &[FigureRow]) -> Vec<Flip> {
    let mut flips = Vec::new();
    for (hash, of) in &a.probes {
        let Some(other) = b.probes.get(hash) else {
            continue;
        };
        for (key, one) in &of.counts {
            let (Some(now), Some(row)) = (other.counts.get(key), figures.get(key.0)) else {
                continue;
            };
            // More than half of the answers, where there are several.
            let (before, now) = (2 * one.0 > one.1, 2 * now.0 > now.1);
            let judge = first
                .instruments
                .iter()
                .find(|of| of.hash.as_str() == key.1);
            if let (Some(judge), true) = (judge, before != now) {
                flips.push(Flip {
                    probe: of.id.clone(),
                    perspective: of.perspective,
                    title: row.title(&judge.scale),
                    judge: judge.id.clone(),
                    is_new: now,
                });
            }
        }
    }
    flips.sort_by(|a, b| {
        let key = |of: &Flip| (!of.is_new, of.perspective, of.probe.clone());
        key(a).cmp(&key(b))
    });
    flips
}

/// What else differs.
fn notes(
    first: ComparedRun<'_>,
    second: ComparedRun<'_>,
    a: &Collected,
    b: &Collected,
) -> Vec<String> {
    let mut notes = Vec::new();
    let mut differs = |what: &str, one: &str, other: &str| {
        if one != other {
            notes.push(format!("{what} differ: {one}, then {other}."));
        }
    };
    let sampling = |side: ComparedRun<'_>| {
        let of = &side.target.1.sampling;
        format!(
            "temperature {}, top-p {}, {} tokens",
            of.temperature, of.top_p, of.max_tokens
        )
    };
    differs(
        "The sampling parameters",
        &sampling(first),
        &sampling(second),
    );
    let prompt = |side: ComparedRun<'_>| match &side.target.1.system_prompt {
        Some(text) => format!("one of {} characters", text.chars().count()),
        None => "none".to_owned(),
    };
    if first.target.1.system_prompt != second.target.1.system_prompt {
        notes.push(format!(
            "The system prompts differ: {}, then {}.",
            prompt(first),
            prompt(second)
        ));
    }
    let list = |names: Vec<String>| match names.len() {
        0 => "not said".to_owned(),
        _ => names.join(", "),
    };
    let served = |of: &Collected| list(of.served.iter().cloned().collect());
    if a.served != b.served {
        notes.push(format!(
            "The served models differ: {}, then {}.",
            served(a),
            served(b)
        ));
    }
    if first.header.policies != second.header.policies {
        notes.push(
            "The policies differ, so judges that are shown one may judge otherwise.".to_owned(),
        );
    }
    for judge in first.instruments {
        let same = second.instruments.iter().any(|of| of.hash == judge.hash);
        let by_name = second.instruments.iter().any(|of| of.id == judge.id);
        if !same && by_name {
            notes.push(format!(
                "The judge {} is another version in the second run, so its figures are not compared.",
                judge.id
            ));
        } else if !same {
            notes.push(format!("Only the first run was judged by {}.", judge.id));
        }
    }
    for judge in second.instruments {
        if !first.instruments.iter().any(|of| of.id == judge.id) {
            notes.push(format!("Only the second run was judged by {}.", judge.id));
        }
    }
    for suite in first.suites {
        let other = second.suites.iter().find(|of| of.id == suite.id);
        if let Some(other) = other.filter(|of| of.hash != suite.hash) {
            notes.push(format!(
                "The suite {} has another version in the second run ({}, then {}): only probes in the same words are compared.",
                suite.id, suite.version, other.version
            ));
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(interval: (f64, f64), lost: (u64, u64)) -> ComparedFigure {
        ComparedFigure {
            perspective: Perspective::Clinician,
            figure: "wrong-answer".to_owned(),
            title: "Wrong answer".to_owned(),
            judge: "answer-key".into(),
            probes: 100,
            lost,
            rates: (0.2, 0.2),
            difference: 0.0,
            interval,
            p_value: 1.0,
            adjusted: 1.0,
            could_be_seen: 0.1,
        }
    }

    #[test]
    fn a_margin_is_kept_only_if_the_whole_interval_and_what_is_lost_keep_it() {
        let within = |interval, lost| figure(interval, lost).within(0.05);
        assert_eq!(within((-0.04, 0.04), (0, 0)), Within::Yes);
        assert_eq!(within((-0.04, 0.05), (0, 0)), Within::Unclear);
        assert_eq!(within((0.06, 0.2), (0, 0)), Within::No);
        // Two of 102 were scored before and not after: at worst 5.9 points more.
        assert_eq!(within((-0.04, 0.04), (2, 0)), Within::Unclear);
        assert_eq!(within((-0.04, 0.02), (2, 0)), Within::Yes);
        assert_eq!(within((-0.04, 0.04), (0, 60)), Within::Yes);
    }
}
