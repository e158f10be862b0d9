//! The report as a self-contained HTML file without scripts, fonts or anything to fetch.

use askama::Template;
use nocere_analysis::{
    CalibrationReport, ContrastReport, ContrastRow, FEW, Figure, Finding, PerspectiveGap,
    PerspectiveReport, Quality, RollupFigure, RunReport, SliceKind, SliceReport, Slope, Standing,
    percent, range_text, share_text,
};
use nocere_core::{
    PartState, Perspective,
    text::{plain, plural},
};
use nocere_stats::agreement::Agreement;

use crate::{
    chart::{escape, interval, slope, tone},
    error::WriteError,
    frontier_chart::{FrontierChart, frontier_charts},
    glossary::GLOSSARY,
    guards::guard_rows,
    heat_map::{HeatMap, heat_maps},
    links::samples_link,
    pressure::{
        TurnCurve, chance_text, difference_text, interval_text, is_worse, missing, odds_text,
        points_text, pressed_rows, rate_text, spending_lines, turn_curves,
    },
    scatter_chart::{Dot, scatter},
    stacks::stack_rows,
    terminal::{agreement_text, assets_line, attacks_line, kappa_text, spending_line},
    terminal_protocol::{counted, gap_text},
};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a RunReport,
    heat_maps: Vec<HeatMap<'a>>,
    findings: Vec<FindingView<'a>>,
    spending: String,
    assets: String,
    /// Empty if the probes were asked plainly.
    attacks: String,
    frontier_charts: Vec<FrontierChart<'a>>,
    turn_curves: Vec<TurnCurve<'a>>,
    glossary: &'static [(&'static str, &'static str)],
    /// Whether the folder `samples` lies beside the page.
    has_samples: bool,
    style: String,
}

struct FindingView<'a> {
    finding: &'a Finding,
    /// The answer as escaped markup, with the evidence highlighted.
    answer: String,
}

/// Renders the report as an HTML page. Hostile text in it is escaped.
///
/// # Errors
///
/// The template fails, which is a bug in nocere.
pub fn html_page(report: &RunReport) -> Result<String, WriteError> {
    page(report, false)
}

/// As [`html_page`], for a folder in which the pages of [`SampleWriter`](crate::SampleWriter) lie:
/// every figure leads to the samples behind it.
///
/// # Errors
///
/// As for [`html_page`].
pub fn html_page_beside_samples(report: &RunReport) -> Result<String, WriteError> {
    page(report, true)
}

fn page(report: &RunReport, has_samples: bool) -> Result<String, WriteError> {
    let page = Page {
        report,
        heat_maps: heat_maps(report),
        findings: report
            .findings
            .iter()
            .map(|finding| FindingView {
                finding,
                answer: marked(&finding.answer, &finding.evidence),
            })
            .collect(),
        spending: spending_line(report),
        assets: assets_line(report),
        attacks: attacks_line(report),
        frontier_charts: frontier_charts(&report.frontier),
        turn_curves: turn_curves(report),
        glossary: &GLOSSARY,
        has_samples,
        style: style(report),
    };
    Ok(page.render()?)
}

/// The style sheet. Printed pages name the run.
pub(crate) fn style(report: &RunReport) -> String {
    let id = report.header.id.chars();
    let id: String = id
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    let css = include_str!("../templates/report.css");
    format!(
        "{css}@page{{@top-left{{content:\"nocere run {id}\"}}@bottom-right{{content:counter(page) \" / \" counter(pages)}}}}\n"
    )
}

/// Escapes hostile text and highlights the evidence in it.
pub(crate) fn marked(text: &str, evidence: &[(usize, usize)]) -> String {
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

/// Fewest answers by which a figure's cell may look good or bad.
const FEWEST: u64 = 10;

/// Colour class of a figure's cell. It depends on the whole interval, so that few answers never
/// look good or bad.
pub(crate) fn shade(figure: &Figure) -> &'static str {
    let enough = figure.estimate.denominator >= FEWEST;
    match figure.estimate.interval.filter(|_| enough) {
        Some((low, _)) if low >= 0.25 => "bad",
        Some((_, high)) if high <= 0.10 => "good",
        _ => "unsure",
    }
}

/// The sign of a figure's cell, for those who do not see its colour.
pub(crate) fn sign(figure: &Figure) -> &'static str {
    match shade(figure) {
        "bad" => "▲",
        "good" => "✓",
        _ => "·",
    }
}

/// The rate with its interval, as a drawing without words: the numbers stand beside it.
pub(crate) fn interval_mark(figure: &Figure, limit: Option<f64>) -> String {
    let known = matches!(figure.standing, Standing::Calibrated(_));
    interval(figure, known, limit)
}

/// A sentence with its commands in code; everything else is escaped.
pub(crate) fn with_code(text: &str) -> String {
    let mut out = String::new();
    for (number, part) in text.split('`').enumerate() {
        if number % 2 == 1 {
            out.push_str(&format!("<code>{}</code>", escape(part)));
        } else {
            out.push_str(&escape(part));
        }
    }
    out
}

/// The slices of a perspective by what divides them, with its title and meaning.
fn slices_by_kind(
    perspective: &PerspectiveReport,
) -> Vec<(&'static str, &'static str, Vec<&SliceReport>)> {
    [SliceKind::Half, SliceKind::Difficulty]
        .into_iter()
        .filter_map(|kind| {
            let slices = perspective.slices.iter().filter(|slice| slice.by == kind);
            let slices: Vec<&SliceReport> = slices.collect();
            (!slices.is_empty()).then(|| (kind.title(), kind.meaning(), slices))
        })
        .collect()
}

/// Whether the system is intended for a perspective; `None` if it is for everyone.
fn is_intended(report: &RunReport, perspective: Perspective) -> Option<bool> {
    let intended = &report.header.intended_users;
    (!intended.is_empty()).then(|| intended.contains(&perspective))
}

/// Colour class of a judge's standing.
fn tag_class(standing: &Standing) -> &'static str {
    match standing {
        Standing::Calibrated(_) => "known",
        Standing::Uncalibrated
        | Standing::MeasuredElsewhere { .. }
        | Standing::MeasuredOnOtherRequests { .. }
        | Standing::TooFewLabels { .. }
        | Standing::NoBetterThanChance { .. } => "warn",
    }
}

/// A figure of a roll-up with its interval and counts, as HTML. It holds numbers only.
fn rollup_cell(figure: Option<&RollupFigure>, is_share: bool) -> String {
    let Some(figure) = figure else {
        return "–".to_owned();
    };
    let unscored = match figure.unscored {
        0 => String::new(),
        unscored => format!("<br>{unscored} unscored"),
    };
    format!(
        "{}<br><span class=\"soft\">{}<br>{} scored{unscored}</span>",
        figure.value_text(is_share),
        figure.range_text(is_share),
        figure.scored
    )
}

/// The cells of a row of a table of specialties, as HTML. They hold numbers only.
fn grid_cells(cells: &[(u64, u64)]) -> Vec<String> {
    let cells = cells.iter();
    cells
        .map(|(hits, scored)| grid_cell(*hits, *scored))
        .collect()
}

fn grid_cell(hits: u64, scored: u64) -> String {
    match scored {
        0 => "<td class=\"n soft\">–</td>".to_owned(),
        1..FEW => format!("<td class=\"n soft\">{hits}/{scored}<br>too few</td>"),
        _ => {
            let percent = hits as f64 / scored as f64 * 100.0;
            // Text stays readable on the darkest.
            let depth = percent * 0.4;
            format!(
                "<td class=\"n\" style=\"background:color-mix(in srgb,var(--help) {depth:.0}%,transparent)\"><strong>{percent:.0} %</strong><br>{hits}/{scored}</td>"
            )
        }
    }
}

/// The two figures of a row, as HTML.
fn contrast_cells(contrast: &ContrastReport, row: &ContrastRow) -> Vec<String> {
    let sides = contrast.sides.iter().zip(&row.figures);
    sides
        .map(|(side, figure)| rollup_cell(figure.as_ref(), side.is_share))
        .collect()
}

/// The chart of a contrast of two shares over several targets; `None` for others.
fn contrast_chart(contrast: &ContrastReport) -> Option<String> {
    let [first, second] = &contrast.sides;
    if contrast.rows.len() < 2 || !first.is_share || !second.is_share {
        return None;
    }
    let dots: Vec<Option<Dot>> = contrast
        .rows
        .iter()
        .map(|row| {
            let [right, up] = row.figures.map(|figure| {
                let figure = figure?;
                Some((figure.value, figure.interval))
            });
            Some(Dot {
                right: right?,
                up: up?,
                shape: None,
            })
        })
        .collect();
    let axes = (first.title.as_str(), second.title.as_str());
    Some(scatter(&contrast.definition.title, axes, &dots))
}

/// Quality on all answers first, then by stratum.
fn all_qualities(calibration: &CalibrationReport) -> Vec<&Quality> {
    std::iter::once(&calibration.whole)
        .chain(&calibration.strata)
        .collect()
}

/// The slopes with enough pairs to mean something.
fn slopes(gap: &PerspectiveGap) -> Vec<&Slope> {
    let slopes = gap.slopes.iter();
    slopes.filter(|slope| slope.pairs >= FEWEST).collect()
}

/// Whether there is anything to say about adapting to who asks.
fn adapts(report: &RunReport) -> bool {
    !report.frontier.is_empty() || !report.linked.is_empty() || !report.risks.is_empty()
}

/// "1 answer", "2 answers".
fn answers(number: u64) -> String {
    plural(number, "answer")
}

/// An agreement with its interval, as "0.78 (0.74–0.81)".
fn value_text(agreement: &Agreement) -> String {
    agreement_text(agreement)
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
    fn commands_are_code_and_everything_is_escaped() {
        assert_eq!(
            with_code("Run `nocere show <x>` & read."),
            "Run <code>nocere show &lt;x&gt;</code> &amp; read."
        );
    }

    #[test]
    fn wrong_ranges_are_left_out() {
        assert_eq!(marked("äb", &[(1, 2), (0, 99)]), "äb");
    }
}
