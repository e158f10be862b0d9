//! A chart of two shares with their intervals, as inline SVG.

use std::fmt::Write as _;

use nocere_core::Perspective;

use crate::chart::escape;

const LEFT: f64 = 64.0;
const TOP: f64 = 12.0;
const SIDE: f64 = 300.0;
const WIDTH: f64 = LEFT + SIDE + 26.0;
const HEIGHT: f64 = TOP + SIDE + 44.0;
/// How near two numbers may be before they print over each other.
const CLEAR: (f64, f64) = (15.0, 12.0);

/// A share with its interval.
type Share = (f64, Option<(f64, f64)>);

/// A point of a chart of two shares.
pub(crate) struct Dot {
    /// From left to right.
    pub(crate) right: Share,
    /// From the bottom up.
    pub(crate) up: Share,
    /// Who asked; `None` if the shares are not of one asker.
    pub(crate) shape: Option<Perspective>,
}

/// A chart of two shares, named for readers who do not see it; `axes` are the titles of the horizontal
/// axis and of the vertical one. Points are numbered from 1; those without both shares are left out.
pub(crate) fn scatter(label: &str, axes: (&str, &str), dots: &[Option<Dot>]) -> String {
    let mut svg = format!(
        r#"<svg class="chart frontier" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}" preserveAspectRatio="xMinYMin meet">"#,
        escape(label)
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
        escape(axes.0),
        TOP + SIDE / 2.0,
        escape(axes.1),
    );
    for dot in dots.iter().flatten() {
        svg.push_str(&whiskers(dot));
    }
    let mut taken: Vec<(f64, f64)> = dots.iter().flatten().map(place).collect();
    for (number, dot) in (1..).zip(dots) {
        if let Some(dot) = dot {
            svg.push_str(&mark(number, dot, &mut taken));
        }
    }
    svg.push_str("</svg>");
    svg
}

/// Where a point is.
fn place(dot: &Dot) -> (f64, f64) {
    (across(dot.right.0), down(dot.up.0))
}

fn across(share: f64) -> f64 {
    LEFT + SIDE * share
}

fn down(share: f64) -> f64 {
    TOP + SIDE * (1.0 - share)
}

fn whiskers(dot: &Dot) -> String {
    let mut svg = String::new();
    let (x, y) = place(dot);
    if let Some((low, high)) = dot.right.1 {
        let (low, high) = (across(low), across(high));
        let _ = write!(
            svg,
            r#"<path class="whisker" d="M{low:.1} {y:.1}H{high:.1}"/>"#
        );
    }
    if let Some((low, high)) = dot.up.1 {
        let (low, high) = (down(low), down(high));
        let _ = write!(
            svg,
            r#"<path class="whisker" d="M{x:.1} {low:.1}V{high:.1}"/>"#
        );
    }
    svg
}

/// The point by its asker's shape, and its number where nothing else is.
fn mark(number: usize, dot: &Dot, taken: &mut Vec<(f64, f64)>) -> String {
    let (x, y) = place(dot);
    let shape = match dot.shape {
        None => format!(r#"<circle class="dot neutral" cx="{x:.1}" cy="{y:.1}" r="6"/>"#),
        Some(Perspective::Patient) => {
            format!(r#"<circle class="dot patient" cx="{x:.1}" cy="{y:.1}" r="6"/>"#)
        }
        Some(Perspective::Clinician) => format!(
            r#"<rect class="dot clinician" x="{:.1}" y="{:.1}" width="11" height="11"/>"#,
            x - 5.5,
            y - 5.5
        ),
        Some(Perspective::General) => format!(
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
