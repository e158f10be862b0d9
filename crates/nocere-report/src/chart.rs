//! Bar charts with intervals, as inline SVG without scripts: they work on screen, paper and in
//! mail.

use std::fmt::Write as _;

use nocere_analysis::Figure;
use nocere_core::text::plain;

const LEFT: f64 = 290.0;
const WIDTH: f64 = 420.0;
const ROW: f64 = 26.0;

/// One labelled bar.
pub(crate) struct Bar<'a> {
    pub(crate) label: String,
    pub(crate) figure: &'a Figure,
}

/// A bar chart of rates from 0 to 100 %, with intervals as whiskers.
///
/// Escapes the labels, because the result is inserted into the page as markup.
pub(crate) fn bars(title: &str, bars: &[Bar<'_>], class: &str) -> String {
    let height = ROW * bars.len() as f64 + 24.0;
    let total = LEFT + WIDTH + 120.0;
    let mut svg = format!(
        r#"<svg class="chart {class}" viewBox="0 0 {total} {height}" role="img" aria-label="{}" preserveAspectRatio="xMinYMin meet">"#,
        escape(title)
    );
    for tick in [0, 25, 50, 75, 100] {
        let x = LEFT + WIDTH * f64::from(tick) / 100.0;
        let _ = write!(
            svg,
            r#"<line class="grid" x1="{x}" y1="0" x2="{x}" y2="{:.1}"/><text class="tick" x="{x}" y="{:.1}" text-anchor="middle">{tick} %</text>"#,
            height - 18.0,
            height - 4.0
        );
    }
    for (index, bar) in bars.iter().enumerate() {
        let y = ROW * index as f64 + 4.0;
        let middle = y + 8.0;
        let label = nocere_core::text::shorten(&bar.label, 44);
        let _ = write!(
            svg,
            r#"<text class="label" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            LEFT - 8.0,
            middle + 4.0,
            escape(&label)
        );
        if let (Some(value), Some((low, high))) =
            (bar.figure.estimate.value, bar.figure.estimate.interval)
        {
            let _ = write!(
                svg,
                r#"<rect class="bar" x="{LEFT}" y="{y:.1}" width="{:.1}" height="16" rx="2"/>"#,
                (WIDTH * value).max(1.0)
            );
            let (a, b) = (LEFT + WIDTH * low, LEFT + WIDTH * high);
            let _ = write!(
                svg,
                r#"<path class="whisker" d="M{a:.1} {middle:.1}H{b:.1}M{a:.1} {:.1}v8M{b:.1} {:.1}v8"/>"#,
                middle - 4.0,
                middle - 4.0
            );
        }
        let value = format!("{} ({})", bar.figure.percent(), bar.figure.counts());
        let _ = write!(
            svg,
            r#"<text class="value" x="{:.1}" y="{:.1}">{}</text>"#,
            LEFT + WIDTH + 10.0,
            middle + 4.0,
            escape(&value)
        );
    }
    svg.push_str("</svg>");
    svg
}

/// One rate with its interval on a line from 0 to 100 %, without any text. A judge that was measured
/// against people has a full circle, any other an empty diamond.
pub(crate) fn interval(figure: &Figure, known: bool) -> String {
    const WIDE: f64 = 140.0;
    let mut svg = String::from(
        r#"<svg class="mark" viewBox="-6 0 152 18" width="152" height="18" aria-hidden="true">"#,
    );
    for (x, class) in [
        (0.0, "grid"),
        (0.1, "line"),
        (0.25, "line"),
        (0.5, "grid"),
        (1.0, "grid"),
    ] {
        let x = WIDE * x;
        let _ = write!(svg, r#"<path class="{class}" d="M{x:.1} 1v16"/>"#);
    }
    let side = figure.side.as_str();
    if let Some((low, high)) = figure.estimate.interval {
        let (low, high) = (WIDE * low, WIDE * high);
        let _ = write!(svg, r#"<path class="{side}" d="M{low:.1} 9H{high:.1}"/>"#);
    }
    if let Some(value) = figure.estimate.value {
        let x = WIDE * value;
        let _ = if known {
            write!(
                svg,
                r#"<circle class="{side}" cx="{x:.1}" cy="9" r="4.5"/>"#
            )
        } else {
            write!(
                svg,
                r#"<path class="{side} open" d="M{x:.1} 4l5 5l-5 5l-5 -5z"/>"#
            )
        };
    }
    svg.push_str("</svg>");
    svg
}

pub(crate) fn escape(text: &str) -> String {
    plain(text)
        .chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                c => out.push(c),
            }
            out
        })
}
