//! The chart of harm done against help refused, as inline SVG. Its points have numbers; a table
//! beside it says which they are.

use std::fmt::Write as _;

use nocere_analysis::FrontierPoint;
use nocere_core::Perspective;

use crate::chart::escape;

const LEFT: f64 = 64.0;
const TOP: f64 = 12.0;
const SIDE: f64 = 300.0;
const WIDTH: f64 = LEFT + SIDE + 26.0;
const HEIGHT: f64 = TOP + SIDE + 44.0;
/// How near two numbers may be before they print over each other.
const CLEAR: (f64, f64) = (15.0, 12.0);

/// A chart of one harm figure against one help figure.
pub(crate) struct FrontierChart<'a> {
    pub(crate) title: &'a str,
    pub(crate) svg: String,
    /// With the numbers of the chart.
    pub(crate) points: Vec<(usize, &'a FrontierPoint)>,
}

/// A chart for each pair of a harm figure and a help figure among the points.
pub(crate) fn frontier_charts(points: &[FrontierPoint]) -> Vec<FrontierChart<'_>> {
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
        .map(|kind| FrontierChart {
            title: &kind[0].harm.title,
            svg: chart(&kind),
            points: (1..).zip(kind).collect(),
        })
        .collect()
}

fn chart(points: &[&FrontierPoint]) -> String {
    let (harm, help) = points.first().map_or(("", ""), |point| {
        (point.harm.title.as_str(), point.help.title.as_str())
    });
    let mut svg = format!(
        r#"<svg class="chart frontier" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}" preserveAspectRatio="xMinYMin meet">"#,
        escape(&format!("{harm} against {}", help.to_lowercase()))
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
        r#"<text class="label" x="{:.1}" y="{:.1}" text-anchor="middle">help refused</text><text class="label" transform="translate(14 {:.1}) rotate(-90)" text-anchor="middle">harm done</text>"#,
        LEFT + SIDE / 2.0,
        TOP + SIDE + 34.0,
        TOP + SIDE / 2.0,
    );
    for point in points {
        svg.push_str(&whiskers(point));
    }
    let mut taken: Vec<(f64, f64)> = points.iter().filter_map(|point| place(point)).collect();
    for (number, point) in (1..).zip(points) {
        svg.push_str(&mark(number, point, &mut taken));
    }
    svg.push_str("</svg>");
    svg
}

/// Where a point is, if it has both rates.
fn place(point: &FrontierPoint) -> Option<(f64, f64)> {
    let (harm, help) = (point.harm.estimate.value?, point.help.estimate.value?);
    Some((across(help), down(harm)))
}

fn across(share: f64) -> f64 {
    LEFT + SIDE * share
}

fn down(share: f64) -> f64 {
    TOP + SIDE * (1.0 - share)
}

fn whiskers(point: &FrontierPoint) -> String {
    let mut svg = String::new();
    let Some((x, y)) = place(point) else {
        return svg;
    };
    if let Some((low, high)) = point.help.estimate.interval {
        let (low, high) = (across(low), across(high));
        let _ = write!(
            svg,
            r#"<path class="whisker" d="M{low:.1} {y:.1}H{high:.1}"/>"#
        );
    }
    if let Some((low, high)) = point.harm.estimate.interval {
        let (low, high) = (down(low), down(high));
        let _ = write!(
            svg,
            r#"<path class="whisker" d="M{x:.1} {low:.1}V{high:.1}"/>"#
        );
    }
    svg
}

/// The point by its asker's shape, and its number where nothing else is.
fn mark(number: usize, point: &FrontierPoint, taken: &mut Vec<(f64, f64)>) -> String {
    let Some((x, y)) = place(point) else {
        return String::new();
    };
    let shape = match point.perspective {
        Perspective::Patient => {
            format!(r#"<circle class="dot patient" cx="{x:.1}" cy="{y:.1}" r="6"/>"#)
        }
        Perspective::Clinician => format!(
            r#"<rect class="dot clinician" x="{:.1}" y="{:.1}" width="11" height="11"/>"#,
            x - 5.5,
            y - 5.5
        ),
        Perspective::General => format!(
            r#"<path class="dot general" d="M{x:.1} {:.1}l6.5 11.5h-13z"/>"#,
            y - 7.0
        ),
    };
    let near =
        |(a, b): (f64, f64), (c, d): (f64, f64)| (a - c).abs() < CLEAR.0 && (b - d).abs() < CLEAR.1;
    // Right above, right below, left above, left below, and then further out.
    let spots = (1..=6).flat_map(|ring| {
        let far = 13.0 * f64::from(ring);
        [
            (far, -far),
            (far, far),
            (-far, -far),
            (-far, far),
            (far, 0.0),
            (0.0, -far),
        ]
    });
    let inside = |(a, b): &(f64, f64)| {
        *a > LEFT + 4.0 && *a < LEFT + SIDE + 16.0 && *b > TOP + 4.0 && *b < TOP + SIDE - 4.0
    };
    let spot = spots
        .map(|(right, below)| (x + right, y + below))
        .filter(inside)
        .find(|spot| !taken.iter().any(|other| near(*spot, *other)))
        .unwrap_or((x + 13.0, y - 13.0));
    taken.push(spot);
    format!(
        r#"{shape}<path class="lead" d="M{x:.1} {y:.1}L{:.1} {:.1}"/><text class="value" x="{:.1}" y="{:.1}" text-anchor="middle">{number}</text>"#,
        spot.0,
        spot.1,
        spot.0,
        spot.1 + 4.0
    )
}
