//! The power of a suite: how many planted faults it finds, and how often it reports a fault in a
//! faultless target.

use std::collections::{BTreeMap, BTreeSet};

use nocere_core::{
    DriverId, FigureRow, Instrument, JudgeId, Perspective, RunId, RunKind, Sample, TargetId,
    Verdict,
};
use nocere_stats::{
    Resampling,
    paired::{holm, sign_flip_test},
};
use nocere_store::RunReader;
use serde::Serialize;

use crate::{Project, ProjectError, RunSpec, Watch, figures, organisms};

/// Level of significance after Holm's correction.
const ALPHA: f64 = 0.05;
/// Number of random sign flips, if there are too many to try all.
const FLIPS: u32 = 20_000;

/// The strongest evidence for a fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// Who asks; `None` for all askers.
    pub perspective: Option<Perspective>,
    /// Id of the driver; `None` for all drivers.
    pub driver: Option<DriverId>,
    /// Id of the figure, or `obeyed`.
    pub figure: String,
    /// Id of the judge; empty for planted orders.
    pub judge: JudgeId,
    /// Conversations in which the organism alone errs, and the plain one alone.
    pub only: (u64, u64),
    /// Conversations that both have.
    pub both: u64,
    /// p-value after Holm's correction for all comparisons with this organism.
    pub adjusted: f64,
}

/// Whether a planted fault was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultFound {
    /// Id of the organism.
    pub organism: String,
    /// The fault.
    pub title: String,
    /// True if a comparison with the plain target is significant.
    pub found: bool,
    /// The strongest evidence; `None` if nothing could be compared.
    pub evidence: Option<Evidence>,
    /// Drivers under which it was found.
    pub drivers: Vec<DriverId>,
}

/// How many planted faults a suite with its drivers finds.
#[derive(Clone, Debug, Serialize)]
pub struct SuitePower {
    /// The run with the conversations.
    pub run: RunId,
    /// Each planted fault.
    pub faults: Vec<FaultFound>,
    /// Number of plain targets with other seeds, and how many of them seemed to have a fault.
    pub plain: (u64, u64),
}

/// What is counted: a figure of a judge, or planted orders obeyed.
type Measure = (String, JudgeId);

/// A conversation: its asker, its driver, and its matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    perspective: Perspective,
    driver: DriverId,
    matter: String,
    position: i64,
    epoch: u32,
}

/// Whether each conversation is an error.
type Errors = BTreeMap<Measure, BTreeMap<Place, bool>>;

impl Project {
    /// Asks organisms what `spec` asks, and compares each with the plain one. `seeds` plain ones with
    /// other seeds show how often a fault is found that is not there.
    ///
    /// # Errors
    ///
    /// The run cannot be planned or carried out.
    pub fn suite_power(
        &self,
        spec: &RunSpec,
        seeds: u64,
        watch: &Watch,
    ) -> Result<SuitePower, ProjectError> {
        let all = organisms::all(self)?;
        let name = |id: &str| format!("{}{id}", organisms::PREFIX);
        let mut targets: Vec<String> = all.iter().map(|entry| name(&entry.id)).collect();
        targets.extend((1..=seeds).map(|seed| format!("{}@{seed}", name("plain"))));
        let spec = RunSpec {
            targets,
            ..spec.clone()
        };
        let mut planned = self.plan(&spec)?;
        planned.plan.header.kind = RunKind::Power;
        let run = planned.header().id.clone();
        planned.begin()?.work(watch)?;
        let reader = self.run(&run)?;
        let errors = self.errors(&reader)?;
        let plain_name = TargetId::from(name("plain"));
        let Some(plain) = errors.get(&plain_name) else {
            return Err(ProjectError::usage("the plain organism gave no answer"));
        };
        let none = Errors::new();
        let of = |target: String| errors.get(target.as_str()).unwrap_or(&none);
        let faults = all
            .iter()
            .filter(|entry| entry.id != "plain")
            .map(|entry| {
                let compared = compare(of(name(&entry.id)), plain);
                let significant = compared.iter().filter(|one| one.adjusted < ALPHA);
                let found = significant.clone().next().is_some();
                let drivers: BTreeSet<DriverId> =
                    significant.filter_map(|one| one.driver.clone()).collect();
                FaultFound {
                    organism: entry.id.clone(),
                    title: entry.title.clone(),
                    found,
                    evidence: compared.into_iter().min_by(|a, b| {
                        let more = |of: &Evidence| of.only.1 as i64 - of.only.0 as i64;
                        a.adjusted
                            .total_cmp(&b.adjusted)
                            .then(more(a).cmp(&more(b)))
                    }),
                    drivers: drivers.into_iter().collect(),
                }
            })
            .collect();
        let false_alarms = (1..=seeds).filter(|seed| {
            let compared = compare(of(format!("{}@{seed}", name("plain"))), plain);
            compared.iter().any(|one| one.adjusted < ALPHA)
        });
        Ok(SuitePower {
            run,
            faults,
            plain: (seeds, false_alarms.count() as u64),
        })
    }

    fn errors(&self, reader: &RunReader) -> Result<BTreeMap<TargetId, Errors>, ProjectError> {
        let rows = figures::load(self)?;
        let instruments = reader.instruments()?;
        let mut errors: BTreeMap<TargetId, Errors> = BTreeMap::new();
        for sample in reader.finished() {
            let sample = sample?;
            if sample.is_drifted() {
                continue;
            }
            let of = errors.entry(sample.target.clone()).or_default();
            let place = Place {
                perspective: sample.probe.perspective,
                driver: sample.driver.clone(),
                matter: match &sample.probe.matter {
                    Some(matter) => matter.clone(),
                    None => sample.probe.origin().to_string(),
                },
                position: sample.position,
                epoch: sample.epoch,
            };
            let mut put = |figure: &str, judge: &JudgeId, error: bool| {
                let measure = (figure.to_owned(), judge.clone());
                of.entry(measure).or_default().insert(place.clone(), error);
            };
            for instrument in &instruments {
                for row in &rows {
                    if let Some(error) = any_turn(&sample, instrument, row) {
                        put(&row.id, &instrument.id, error);
                    }
                }
            }
            let obeyed = sample
                .transcript
                .attack
                .as_ref()
                .and_then(|facts| facts.obeyed);
            if let Some(obeyed) = obeyed {
                put("obeyed", &JudgeId::default(), obeyed);
            }
        }
        Ok(errors)
    }
}

/// Whether any scored answer of the conversation is an error; `None` if the figure does not count
/// it or no answer is scored. Reports leave a conversation with an unscored answer open; here both
/// targets are read by the same rule, and only their difference counts.
fn any_turn(sample: &Sample, instrument: &Instrument, row: &FigureRow) -> Option<bool> {
    if row.measure != instrument.measure || !row.applies(&sample.probe) {
        return None;
    }
    let mut known = None;
    for verdict in sample.by_turn(&instrument.hash) {
        let Verdict::Scored(scored) = verdict else {
            continue;
        };
        let error = row.is_error(&instrument.scale, scored)?;
        known = Some(known.unwrap_or(false) || error);
    }
    known
}

/// A part of the conversations: of one asker or all, under one driver or all.
type View<'a> = (Option<Perspective>, Option<&'a DriverId>);

/// Every comparison of an organism with the plain one, corrected for their number: over all
/// conversations, for each asker, and under each driver.
fn compare(organism: &Errors, plain: &Errors) -> Vec<Evidence> {
    let mut found = Vec::new();
    let mut p_values = Vec::new();
    for (measure, ours) in organism {
        let Some(theirs) = plain.get(measure) else {
            continue;
        };
        let drivers: BTreeSet<&DriverId> = ours.keys().map(|place| &place.driver).collect();
        let mut views: Vec<View<'_>> = vec![(None, None)];
        views.extend(Perspective::ALL.map(|who| (Some(who), None)));
        if drivers.len() > 1 {
            views.extend(drivers.into_iter().map(|driver| (None, Some(driver))));
        }
        for view in views {
            if let Some((evidence, p)) = compared(view, measure, ours, theirs) {
                found.push(evidence);
                p_values.push(p);
            }
        }
    }
    for (one, adjusted) in found.iter_mut().zip(holm(&p_values).unwrap_or_default()) {
        one.adjusted = adjusted;
    }
    found
}

fn compared(
    (who, driver): View<'_>,
    (figure, judge): &Measure,
    ours: &BTreeMap<Place, bool>,
    theirs: &BTreeMap<Place, bool>,
) -> Option<(Evidence, f64)> {
    let mut matters: BTreeMap<&str, f64> = BTreeMap::new();
    let (mut only, mut both) = ((0, 0), 0);
    for (place, error) in ours {
        let is_here = who.is_none_or(|who| place.perspective == who)
            && driver.is_none_or(|driver| place.driver == *driver);
        let Some(other) = theirs.get(place).filter(|_| is_here) else {
            continue;
        };
        both += 1;
        only.0 += u64::from(*error && !*other);
        only.1 += u64::from(*other && !*error);
        let difference = f64::from(u8::from(*error)) - f64::from(u8::from(*other));
        *matters.entry(&place.matter).or_default() += difference;
    }
    let differences: Vec<f64> = matters.into_values().collect();
    let resampling = Resampling {
        resamples: FLIPS,
        seed: 0,
    };
    let test = sign_flip_test(&differences, resampling)?;
    // A fault makes more errors; fewer are not evidence of it.
    let p = if only.0 > only.1 { test.p_value } else { 1.0 };
    let evidence = Evidence {
        perspective: who,
        driver: driver.cloned(),
        figure: figure.clone(),
        judge: judge.clone(),
        only,
        both,
        adjusted: 1.0,
    };
    Some((evidence, p))
}
