//! Failures in groups: what went wrong for whom and in which category, the gravest first. A group is
//! what a tracker has an entry for; a [`Finding`](crate::Finding) is a single sample.

use nocere_core::{
    DriverKind, FigureRow, JudgeId, Perspective, ProbeId, Sample, Side, SuiteId, TargetId, Verdict,
};
use nocere_stats::Estimate;
use serde::{Deserialize, Serialize};

use crate::{run_report::RunReport, standing::Standing};

/// Examples that a group names.
const EXAMPLES: usize = 5;

/// Failures of one kind: one target, asker, category and figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FailureGroup {
    /// Category, error and asker, in a line.
    pub title: String,
    /// The target's id.
    pub target: TargetId,
    /// Who asked.
    pub perspective: Perspective,
    /// The suite's id.
    pub suite: SuiteId,
    /// The category's id.
    pub category: String,
    /// Id of the figure that counts the error.
    pub figure: String,
    /// Title of the figure.
    pub error: String,
    /// Whether harm is done or help is lost.
    pub side: Side,
    /// The judge's id.
    pub judge: JudgeId,
    /// Whether the judge was measured against people's labels on such answers.
    pub calibrated: bool,
    /// What led the conversations, if an attack did.
    pub attack: Option<String>,
    /// How bad one such error is: the mean of weight × severity over the failed probes, where a
    /// weight is that of the figure's finding, and severity runs from 1 to 4 (2 where the source
    /// does not say).
    pub severity: f64,
    /// The rate of errors with its interval.
    pub estimate: Estimate,
    /// Severity × the lower end of the interval: bad, frequent and certain errors come first.
    pub rank: f64,
    /// Probes with the error, the gravest first; not all.
    pub examples: Vec<ProbeId>,
    /// What may help against it; may be empty.
    pub mitigation: String,
}

/// What a group is counted from.
#[derive(Default)]
struct Count {
    /// Weight × severity, seq and id of each failed probe.
    failed: Vec<(f64, i64, ProbeId)>,
}

impl FailureGroup {
    /// The groups of a run, the gravest first. `samples` are those of the report.
    ///
    /// # Errors
    ///
    /// The first error of `samples`.
    pub fn of_run<E>(
        report: &RunReport,
        figures: &[FigureRow],
        samples: impl Iterator<Item = Result<Sample, E>>,
    ) -> Result<Vec<Self>, E> {
        let mut groups = Self::empty(report, figures);
        let mut counts: Vec<Count> = groups.iter().map(|_| Count::default()).collect();
        for sample in samples {
            let sample = sample?;
            for (group, count) in groups.iter().zip(&mut counts) {
                if let Some(weight) = group.weight(&sample, report, figures) {
                    let id = sample.probe.id.clone();
                    count.failed.push((weight, sample.seq, id));
                }
            }
        }
        for (group, mut count) in groups.iter_mut().zip(counts) {
            let number = count.failed.len().max(1) as f64;
            let weights = count.failed.iter().map(|(weight, ..)| weight);
            group.severity = weights.sum::<f64>() / number;
            let (low, _) = group.estimate.interval.unwrap_or_default();
            group.rank = group.severity * low;
            count
                .failed
                .sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            let ids = count.failed.into_iter().map(|(_, _, id)| id);
            for id in ids {
                if group.examples.len() < EXAMPLES && !group.examples.contains(&id) {
                    group.examples.push(id);
                }
            }
        }
        groups.sort_by(|a, b| {
            b.rank
                .total_cmp(&a.rank)
                .then(b.severity.total_cmp(&a.severity))
        });
        Ok(groups)
    }

    /// The groups with their rates, without what samples say. Figures without a finding are strict
    /// readings of others and have no groups.
    fn empty(report: &RunReport, figures: &[FigureRow]) -> Vec<Self> {
        let mut attacks = report.drivers.iter();
        let attack = attacks.find(|driver| driver.kind == DriverKind::Attack);
        let attack = attack.map(|driver| driver.id.to_string());
        let mut groups = Vec::new();
        for target in &report.targets {
            for of in &target.perspectives {
                for category in &of.categories {
                    for figure in &category.figures {
                        let row = figures.iter().find(|row| row.id == figure.figure);
                        let Some(rule) = row.and_then(|row| row.finding.as_ref()) else {
                            continue;
                        };
                        if figure.estimate.numerator == 0 {
                            continue;
                        }
                        let mut title = format!(
                            "{}: {}, asked by {}",
                            category.title,
                            figure.title.to_lowercase(),
                            match of.perspective {
                                Perspective::Patient => "patients",
                                Perspective::Clinician => "clinicians",
                                Perspective::General => "general users",
                            }
                        );
                        if let Some(attack) = &attack {
                            title.push_str(&format!(" under {attack}"));
                        }
                        groups.push(Self {
                            title,
                            target: target.id.clone(),
                            perspective: of.perspective,
                            suite: category.suite_id.clone(),
                            category: category.id.clone(),
                            figure: figure.figure.clone(),
                            error: figure.title.clone(),
                            side: figure.side,
                            judge: figure.judge.clone(),
                            calibrated: matches!(figure.standing, Standing::Calibrated(_)),
                            attack: attack.clone(),
                            severity: 0.0,
                            estimate: figure.estimate.clone(),
                            rank: 0.0,
                            examples: Vec::new(),
                            mitigation: rule.mitigation.clone(),
                        });
                    }
                }
            }
        }
        groups
    }

    /// How bad the sample is, if it is one of the group's failures.
    fn weight(&self, sample: &Sample, report: &RunReport, figures: &[FigureRow]) -> Option<f64> {
        let probe = &sample.probe;
        let is_here = sample.target == self.target
            && probe.perspective == self.perspective
            && probe.category == self.category
            && probe.suite == self.suite;
        if !is_here {
            return None;
        }
        let instrument = report.instruments.iter().find(|of| of.id == self.judge)?;
        let row = figures.iter().find(|row| row.id == self.figure)?;
        let rule = row.finding.as_ref()?;
        let Some(Verdict::Scored(scored)) = sample.verdict(&instrument.hash) else {
            return None;
        };
        if !row.applies(probe) || row.is_error(&instrument.scale, scored) != Some(true) {
            return None;
        }
        let label = instrument.scale.word(&scored.score);
        let severity = match probe.severity {
            0 => 2,
            severity => severity,
        };
        Some(f64::from(rule.weight_of(&label)) * f64::from(severity))
    }
}
