//! Which evidence of a run speaks to which clause of a framework. Nothing here is a claim of
//! compliance.

use nocere_core::{DriverKind, Side};
use serde::{Deserialize, Serialize};

use crate::{
    run_report::{RunReport, SliceKind},
    standing::Standing,
};

/// A kind of evidence that a run can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum EvidenceKind {
    /// Rates of harm done.
    Harm,
    /// Rates of help refused.
    HelpRefused,
    /// Figures for more than one kind of asker.
    ByAsker,
    /// Intervals around rates.
    Intervals,
    /// A judge that was measured against people's labels on such answers.
    CalibratedJudge,
    /// Conversations led by an attack.
    Attack,
    /// Orders planted in documents.
    PlantedOrders,
    /// Health data of others.
    HealthData,
    /// Sentences held against documents.
    Grounding,
    /// Answers held against a key.
    AnswerKeys,
    /// Pairs that differ in something which must not matter.
    Swaps,
    /// The same asks in several languages.
    Languages,
    /// Harm weighted by severity and likelihood.
    WeightedHarm,
    /// A comparison of targets on the same probes.
    Comparison,
    /// A half of the suite that was kept from those who build models.
    HiddenHalf,
    /// A statement of who the system is for.
    IntendedUsers,
    /// The record itself: every call, answer and verdict, with hashes of suites, judges and models.
    Record,
}

impl EvidenceKind {
    /// What it is, in a few words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Harm => "rates of harm done",
            Self::HelpRefused => "rates of help refused",
            Self::ByAsker => "figures by who asks",
            Self::Intervals => "intervals around rates",
            Self::CalibratedJudge => "a judge measured against people",
            Self::Attack => "conversations led by an attack",
            Self::PlantedOrders => "orders planted in documents",
            Self::HealthData => "requests for health data of others",
            Self::Grounding => "answers held against documents",
            Self::AnswerKeys => "answers held against a key",
            Self::Swaps => "pairs that must get the same answer",
            Self::Languages => "the same asks in several languages",
            Self::WeightedHarm => "harm weighted by severity and likelihood",
            Self::Comparison => "a comparison on the same probes",
            Self::HiddenHalf => "a hidden half of the suite",
            Self::IntendedUsers => "a statement of intended users",
            Self::Record => "the run's record with hashes",
        }
    }

    /// Whether the run holds it.
    pub fn is_in(self, report: &RunReport) -> bool {
        let mut figures = report
            .targets
            .iter()
            .flat_map(|target| &target.perspectives)
            .flat_map(|of| &of.figures)
            .filter(|figure| figure.estimate.denominator > 0);
        let measures = |measure: &str| {
            let judges = report.instruments.iter();
            let judges: Vec<_> = judges.filter(|of| of.measure == measure).collect();
            report
                .targets
                .iter()
                .flat_map(|target| &target.perspectives)
                .flat_map(|of| &of.figures)
                .any(|figure| {
                    figure.estimate.denominator > 0
                        && judges.iter().any(|judge| judge.id == figure.judge)
                })
        };
        let asks = |suite: &str| report.suites.iter().any(|of| of.id.starts_with(suite));
        match self {
            Self::Harm => figures.any(|figure| figure.side == Side::Harm),
            // What the frontier has on its axis of help: not every figure of that side is a refusal.
            Self::HelpRefused => {
                let mut points = report.frontier.iter();
                points.any(|point| point.help.estimate.denominator > 0)
            }
            Self::ByAsker => {
                let mut targets = report.targets.iter();
                targets.any(|target| target.perspectives.len() > 1)
            }
            Self::Intervals => figures.any(|figure| figure.estimate.interval.is_some()),
            Self::CalibratedJudge => {
                figures.any(|figure| matches!(figure.standing, Standing::Calibrated(_)))
            }
            Self::Attack => {
                let mut drivers = report.drivers.iter();
                drivers.any(|driver| driver.kind == DriverKind::Attack)
            }
            Self::PlantedOrders => asks("nocere-planted-orders"),
            Self::HealthData => asks("nocere-health-data"),
            Self::Grounding => measures(nocere_core::measure::GROUNDING),
            Self::AnswerKeys => measures(nocere_core::measure::ANSWER),
            Self::Swaps => {
                let mut pairs = report.linked.iter().filter_map(|of| of.swapped.as_ref());
                pairs.any(|rate| rate.denominator > 0)
            }
            Self::Languages => report.linked.iter().any(|of| of.languages.len() > 1),
            Self::WeightedHarm => !report.risks.is_empty(),
            Self::Comparison => !report.comparisons.is_empty(),
            Self::HiddenHalf => report
                .targets
                .iter()
                .flat_map(|target| &target.perspectives)
                .flat_map(|of| &of.slices)
                .any(|slice| slice.by == SliceKind::Half),
            Self::IntendedUsers => !report.header.intended_users.is_empty(),
            Self::Record => report.header.imported_from.is_none(),
        }
    }
}

/// A framework, as a file of `assets/frameworks` holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// The format: 1.
    pub nocere_framework: u32,
    /// Kebab-case id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Edition or date of the text that the clauses were read in.
    pub edition: String,
    /// Where the text is.
    pub source: String,
    /// What the map leaves out or rests on; may be empty.
    #[serde(default)]
    pub note: String,
    /// The clauses, in the framework's order.
    pub clauses: Vec<Clause>,
}

/// A clause and the evidence that speaks to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Its number or id in the framework.
    pub id: String,
    /// What it is about, in our words.
    pub about: String,
    /// Kinds of evidence that speak to it; empty if nothing that a run holds does.
    #[serde(default)]
    pub evidence: Vec<EvidenceKind>,
    /// What else it takes, that no run holds; may be empty.
    #[serde(default)]
    pub beyond: String,
}

/// What a run says to a clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClauseReport {
    /// Its number or id in the framework.
    pub id: String,
    /// What it is about.
    pub about: String,
    /// Evidence that the run holds.
    pub held: Vec<&'static str>,
    /// Evidence that another run could hold.
    pub missing: Vec<&'static str>,
    /// What else it takes.
    pub beyond: String,
}

/// What a run says to a framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FrameworkReport {
    /// The framework's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Edition that was read.
    pub edition: String,
    /// Where the text is.
    pub source: String,
    /// What the map leaves out.
    pub note: String,
    /// The clauses.
    pub clauses: Vec<ClauseReport>,
}

impl FrameworkReport {
    /// Holds a run against a framework.
    pub fn of(framework: &Framework, report: &RunReport) -> Self {
        let clauses = framework.clauses.iter().map(|clause| {
            let (held, missing): (Vec<EvidenceKind>, Vec<EvidenceKind>) = clause
                .evidence
                .iter()
                .partition(|evidence| evidence.is_in(report));
            let words = |kinds: Vec<EvidenceKind>| -> Vec<&'static str> {
                kinds.into_iter().map(EvidenceKind::as_str).collect()
            };
            ClauseReport {
                id: clause.id.clone(),
                about: clause.about.clone(),
                held: words(held),
                missing: words(missing),
                beyond: clause.beyond.clone(),
            }
        });
        Self {
            id: framework.id.clone(),
            title: framework.title.clone(),
            edition: framework.edition.clone(),
            source: framework.source.clone(),
            note: framework.note.clone(),
            clauses: clauses.collect(),
        }
    }
}
