//! One target's figures over several runs. No difference is tested here: that is for
//! [`RunComparison`](crate::RunComparison), which pairs answers.

use nocere_core::{JudgeId, Perspective, TargetId};
use nocere_stats::Estimate;
use serde::Serialize;

use crate::run_report::{RunReport, TargetReport};

/// A run of the trend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrendRun {
    /// The run's id.
    pub run: String,
    /// When it was planned: RFC 3339, UTC.
    pub created: String,
    /// Models that answered in the target's name, as far as the server says. Hostile text.
    pub served: Vec<String>,
    /// What is not as in the newest run, a few words each: it may explain a change.
    pub differs: Vec<String>,
}

/// A figure over the runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrendLine {
    /// Who asked.
    pub perspective: Perspective,
    /// Id of the figure.
    pub figure: String,
    /// Title of the figure.
    pub title: String,
    /// The judge's id.
    pub judge: JudgeId,
    /// The rate in each run; `None` where the run has no such figure by the same version of the
    /// judge.
    pub values: Vec<Option<Estimate>>,
}

/// One target over several runs, the oldest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// The target's id.
    pub target: TargetId,
    /// The runs.
    pub runs: Vec<TrendRun>,
    /// The figures of the newest run, over all runs.
    pub lines: Vec<TrendLine>,
}

impl Trend {
    /// The trend of a target over reports, the oldest first. Reports without the target are left
    /// out; `None` if fewer than two have it.
    pub fn of(target: &TargetId, reports: &[RunReport]) -> Option<Self> {
        let with_target: Vec<(&RunReport, &TargetReport)> = reports
            .iter()
            .filter_map(|report| {
                let mut targets = report.targets.iter();
                Some((report, targets.find(|of| of.id == *target)?))
            })
            .collect();
        let (newest, rest) = with_target.split_last()?;
        if rest.is_empty() {
            return None;
        }
        let runs = with_target.iter().map(|of| TrendRun {
            run: of.0.header.id.to_string(),
            created: of.0.header.created.clone(),
            served: of.1.served.iter().map(|of| of.model.clone()).collect(),
            differs: differences(*of, *newest),
        });
        let mut lines = Vec::new();
        for perspective in &newest.1.perspectives {
            for figure in &perspective.figures {
                let values = with_target.iter().map(|(_, of)| {
                    let mut perspectives = of.perspectives.iter();
                    let here = perspectives.find(|of| of.perspective == perspective.perspective)?;
                    let same = here.figures.iter().find(|of| {
                        of.figure == figure.figure
                            && of.judge == figure.judge
                            && of.judge_hash == figure.judge_hash
                    })?;
                    Some(same.estimate.clone())
                });
                lines.push(TrendLine {
                    perspective: perspective.perspective,
                    figure: figure.figure.clone(),
                    title: figure.title.clone(),
                    judge: figure.judge.clone(),
                    values: values.collect(),
                });
            }
        }
        Some(Self {
            target: target.clone(),
            runs: runs.collect(),
            lines,
        })
    }
}

/// What distinguishes a run from the newest one.
fn differences(
    (report, target): (&RunReport, &TargetReport),
    (newest, newest_target): (&RunReport, &TargetReport),
) -> Vec<String> {
    let mut differs = Vec::new();
    let suites = |report: &RunReport| -> Vec<(String, String)> {
        let mut suites: Vec<(String, String)> = report
            .suites
            .iter()
            .map(|suite| (suite.id.to_string(), suite.hash.to_string()))
            .collect();
        suites.sort();
        suites
    };
    if suites(report) != suites(newest) {
        differs.push("other suites or versions of them".to_owned());
    }
    if report.total != newest.total {
        differs.push(format!("{} conversations", report.total));
    }
    if report.unfinished() {
        differs.push(format!("unfinished, {} done", report.done));
    }
    if target.record.sampling != newest_target.record.sampling {
        differs.push("other sampling".to_owned());
    }
    if target.record.system_prompt != newest_target.record.system_prompt {
        differs.push("another system prompt".to_owned());
    }
    let served = |target: &TargetReport| -> Vec<String> {
        let served = target.served.iter();
        served.map(|of| of.model.clone()).collect()
    };
    if served(target) != served(newest_target) {
        differs.push("another served model".to_owned());
    }
    if report.header.policies != newest.header.policies {
        differs.push("other policies".to_owned());
    }
    let drivers = |report: &RunReport| -> Vec<String> {
        report.drivers.iter().map(|of| of.id.to_string()).collect()
    };
    if drivers(report) != drivers(newest) {
        differs.push("another attack".to_owned());
    }
    differs
}
