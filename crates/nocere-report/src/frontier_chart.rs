//! The chart of harm done against help refused, as inline SVG.

use std::fmt::Write as _;

use nocere_analysis::FrontierPoint;
use nocere_core::{
    Perspective,
    text::{plain, shorten},
};

use crate::chart::escape;

const LEFT: f64 = 64.0;
const TOP: f64 = 12.0;
const SIDE: f64 = 300.0;
/// Horizontal position of the legend.
const LEGEND: f64 = LEFT + SIDE + 32.0;
const WIDTH: f64 = 860.0;

/// A chart with its title for each pair of a harm figure and a help figure among the points.
pub(crate) fn frontier_charts(points: &[FrontierPoint]) -> Vec<(String, String)> {
    let mut kinds: Vec<Vec<&FrontierPoint>> = Vec::new();
    for point in points {
        let same = |other: &FrontierPoint| {
            other.harm.figure == point.harm.figure && other.help.figure == point.help.figure
        };
        match kinds.iter_mut().find(|kind| same(kind[0])) {
            Some(kind) => kind.push(point),
            None => kinds.push(vec![point]),
        }
    }
    let charts = kinds.into_iter();
    charts
        .map(|kind| (kind[0].harm.title.clone(), chart(&kind)))
        .collect()
}

fn chart(points: &[&FrontierPoint]) -> String {
    let (harm, help) = points.first().map_or(("", ""), |point| {
        (point.harm.title.as_str(), point.help.title.as_str())
    });
    let legend = 22.0 * points.len() as f64 + 20.0;
    let height = (TOP + SIDE + 44.0).max(legend);
    let mut svg = format!(
        r#"<svg class="chart frontier" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{}" preserveAspectRatio="xMinYMin meet">"#,
        escape(&format!("{harm} against help refused"))
    );
    for tick in [0, 25, 50, 75, 100] {
        let along = SIDE * f64::from(tick) / 100.0;
        let (x, y) = (LEFT + along, TOP + SIDE - along);
        let (bottom, right) = (TOP + SIDE, LEFT + SIDE);
        let _ = write!(
            svg,
            r#"<path class="grid" d="M{x} {TOP}V{bottom}M{LEFT} {y}H{right}"/><text class="tick" x="{x}" y="{:.1}" text-anchor="middle">{tick} %</text><text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{tick} %</text>"#,
            bottom + 14.0,
            LEFT - 6.0,
            y + 4.0
        );
    }
    let _ = write!(
        svg,
        r#"<text class="label" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text><text class="label" transform="translate(14 {:.1}) rotate(-90)" text-anchor="middle">{}</text>"#,
        LEFT + SIDE / 2.0,
        TOP + SIDE + 34.0,
        escape(&help.to_lowercase()),
        TOP + SIDE / 2.0,
        escape(&harm.to_lowercase())
    );
    for (number, point) in (1..).zip(points) {
        svg.push_str(&mark(number, point));
        let y = 22.0 * f64::from(number);
        let text = format!(
            "{number}  {}, {}: harm {}, refused {}",
            point.target,
            point.perspective,
            point.harm.percent(),
            point.help.percent()
        );
        let _ = write!(
            svg,
            r#"<circle class="{}" cx="{LEGEND}" cy="{:.1}" r="5"/><text class="label" x="{:.1}" y="{y:.1}">{}</text>"#,
            class(point.perspective),
            y - 4.0,
            LEGEND + 12.0,
            escape(&shorten(&plain(&text), 62))
        );
    }
    svg.push_str("</svg>");
    svg
}

fn class(perspective: Perspective) -> &'static str {
    match perspective {
        Perspective::Patient => "dot patient",
        Perspective::Clinician => "dot clinician",
        Perspective::General => "dot general",
    }
}

fn mark(number: i32, point: &FrontierPoint) -> String {
    let (Some(harm), Some(help)) = (point.harm.estimate.value, point.help.estimate.value) else {
        return String::new();
    };
    let across = |share: f64| LEFT + SIDE * share;
    let down = |share: f64| TOP + SIDE * (1.0 - share);
    let (x, y) = (across(help), down(harm));
    let mut svg = String::new();
    if let Some((low, high)) = point.help.estimate.interval {
        let _ = write!(
            svg,
            r#"<path class="whisker" d="M{:.1} {y:.1}H{:.1}"/>"#,
            across(low),
            across(high)
        );
    }
    if let Some((low, high)) = point.harm.estimate.interval {
        let _ = write!(
            svg,
            r#"<path class="whisker" d="M{x:.1} {:.1}V{:.1}"/>"#,
            down(low),
            down(high)
        );
    }
    let _ = write!(
        svg,
        r#"<circle class="{}" cx="{x:.1}" cy="{y:.1}" r="6"/><text class="value" x="{:.1}" y="{:.1}">{number}</text>"#,
        class(point.perspective),
        x + 8.0,
        y - 7.0
    );
    svg
}
