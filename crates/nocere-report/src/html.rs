//! The report as one self-contained HTML file: no scripts, no fonts, nothing fetched.

use std::collections::BTreeMap;

use askama::Template;

use nocere_core::{PartState, Perspective, text::plain};
use nocere_stats::agreement::Agreement;

use crate::{
    calibration::{CalibrationReport, Quality, Standing},
    chart::{Bar, bars, escape},
    finding::Finding,
    frontier_chart::frontier_charts,
    metric::{Figure, Metric, percent},
    protocol_tables::{range_text, share_text},
    run_report::{CategoryReport, PerspectiveReport, ReportError, RunReport, TargetReport},
    terminal::{kappa_text, spending_line},
    terminal_protocol::{counted, gap_text},
};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a RunReport,
    targets: Vec<TargetView<'a>>,
    findings: Vec<FindingView<'a>>,
    metrics: Vec<Metric>,
    spending: String,
    /// Title and markup of each.
    frontier_charts: Vec<(String, String)>,
    style: &'static str,
}

struct TargetView<'a> {
    target: &'a TargetReport,
    perspectives: Vec<PerspectiveView<'a>>,
}

struct PerspectiveView<'a> {
    perspective: &'a PerspectiveReport,
    /// Title, meaning, the judge's id, and the chart as markup.
    charts: Vec<(&'static str, &'static str, &'a str, String)>,
}

struct FindingView<'a> {
    finding: &'a Finding,
    /// The answer as escaped markup with the evidence marked.
    answer: String,
}

/// Draws the page.
pub fn html_page(report: &RunReport) -> Result<String, ReportError> {
    let metrics: Vec<Metric> = Metric::ALL
        .into_iter()
        .filter(|metric| {
            report
                .instruments
                .iter()
                .any(|instrument| instrument.kind == metric.instrument())
        })
        .collect();
    let page = Page {
        report,
        targets: report
            .targets
            .iter()
            .map(|target| target_view(target, report.suites.len() > 1))
            .collect(),
        findings: report
            .findings
            .iter()
            .map(|finding| FindingView {
                finding,
                answer: marked(&finding.answer, &finding.evidence),
            })
            .collect(),
        metrics,
        spending: spending_line(report),
        frontier_charts: frontier_charts(&report.frontier),
        style: include_str!("../templates/report.css"),
    };
    page.render()
        .map_err(|error| ReportError::Page(error.to_string()))
}

/// With several suites, categories are labelled with theirs.
fn target_view(target: &TargetReport, name_suites: bool) -> TargetView<'_> {
    let perspectives = target
        .perspectives
        .iter()
        .map(|perspective| {
            let label = |category: &CategoryReport| {
                if name_suites {
                    format!("{} ({})", category.title, category.suite)
                } else {
                    category.title.clone()
                }
            };
            let mut by_metric: BTreeMap<Metric, Vec<Bar<'_>>> = BTreeMap::new();
            for category in &perspective.categories {
                let first_judges = category.figures.iter().filter(|figure| {
                    // One chart shows one judge: the first of its kind.
                    perspective
                        .figures
                        .iter()
                        .find(|other| other.metric == figure.metric)
                        .is_some_and(|other| other.judge == figure.judge)
                });
                for figure in first_judges {
                    by_metric.entry(figure.metric).or_default().push(Bar {
                        label: label(category),
                        figure,
                    });
                }
            }
            let charts = by_metric
                .into_iter()
                .map(|(metric, list)| {
                    let title = format!("{}, {}", metric.title(), perspective.perspective);
                    let class = if metric.is_harm() { "harm" } else { "help" };
                    let judge = list.first().map_or("", |bar| bar.figure.judge.as_str());
                    (
                        metric.title(),
                        metric.meaning(),
                        judge,
                        bars(&title, &list, class),
                    )
                })
                .collect();
            PerspectiveView {
                perspective,
                charts,
            }
        })
        .collect();
    TargetView {
        target,
        perspectives,
    }
}

/// Escapes hostile text and marks the evidence in it.
fn marked(text: &str, evidence: &[(usize, usize)]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for (start, end) in evidence {
        if *start < at {
            continue;
        }
        let (Some(before), Some(inside)) = (text.get(at..*start), text.get(*start..*end)) else {
            continue;
        };
        out.push_str(&escape(&plain(before)));
        out.push_str("<mark>");
        out.push_str(&escape(&plain(inside)));
        out.push_str("</mark>");
        at = *end;
    }
    out.push_str(&escape(&plain(text.get(at..).unwrap_or(""))));
    out
}

/// Colour class of a figure's cell: by the whole interval, so that few answers never look
/// good or bad.
fn shade(figure: &Figure) -> &'static str {
    match figure.estimate.interval {
        Some((low, _)) if low >= 0.25 => "bad",
        Some((_, high)) if high <= 0.10 => "good",
        _ => "unsure",
    }
}

/// Whether a perspective is one that the deployment is for, where it is for some only.
fn is_intended(report: &RunReport, perspective: Perspective) -> Option<bool> {
    let intended = &report.header.intended_users;
    (!intended.is_empty()).then(|| intended.contains(&perspective))
}

/// Colour class of a judge's standing.
fn tag_class(figure: &Figure) -> &'static str {
    match figure.standing {
        Standing::Calibrated(_) => "known",
        Standing::Uncalibrated | Standing::MeasuredElsewhere { .. } => "warn",
    }
}

/// The whole calibration first, then its strata.
fn all_qualities(calibration: &CalibrationReport) -> Vec<&Quality> {
    std::iter::once(&calibration.whole)
        .chain(&calibration.strata)
        .collect()
}

/// "0.78 (0.74–0.81)".
fn value_text(agreement: &Agreement) -> String {
    kappa_text(agreement).replace("κ ", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_answers_stay_text() {
        let text = "<script>alert(1)</script> take 5 mg \u{202e}now";
        let start = text.find("5 mg").unwrap();
        let html = marked(text, &[(start, start + 4)]);
        assert!(html.starts_with("&lt;script&gt;"), "{html}");
        assert!(html.contains("<mark>5 mg</mark>") && !html.contains('\u{202e}'));
    }

    #[test]
    fn wrong_ranges_are_left_out() {
        assert_eq!(marked("äb", &[(1, 2), (0, 99)]), "äb");
    }
}
