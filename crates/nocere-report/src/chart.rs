//! Charts as inline SVG without scripts: they work on screen, paper and in mail. Labels and values
//! stand beside them as text of the page, so that nothing is cut at any zoom.

use std::fmt::Write as _;

use nocere_analysis::{Figure, Slope};
use nocere_core::text::plain;

/// One rate with its interval on a line from 0 to 100 %, without any text. A judge that was measured
/// against people has a full circle, any other an empty diamond.
/// `limit` is what a gate allows.
pub(crate) fn interval(figure: &Figure, known: bool, limit: Option<f64>) -> String {
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
    if let Some(limit) = limit {
        let x = WIDE * limit;
        let _ = write!(svg, r#"<path class="limit" d="M{x:.1} 0v18"/>"#);
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

/// Shares that add up to one as a bar, in the order of their labels, in the colours of [`tone`].
pub(crate) fn stack(shares: &[f64], higher_is_better: bool) -> String {
    const WIDE: f64 = 400.0;
    let mut svg = format!(
        r#"<svg class="stack" viewBox="0 0 {WIDE} 18" preserveAspectRatio="none" aria-hidden="true">"#
    );
    let sum: f64 = shares.iter().sum();
    let mut x = 0.0;
    for (place, share) in shares.iter().enumerate() {
        let width = if sum > 0.0 { WIDE * share / sum } else { 0.0 };
        let _ = write!(
            svg,
            r#"<rect class="{}" x="{x:.2}" y="0" width="{width:.2}" height="18"/>"#,
            tone(place, shares.len(), higher_is_better)
        );
        x += width;
    }
    svg.push_str("</svg>");
    svg
}

/// The colour class of a label by its place among `count`: the first of five is the best, or the last
/// of them if higher is better.
pub(crate) fn tone(place: usize, count: usize, higher_is_better: bool) -> &'static str {
    const TONES: [&str; 5] = ["t1", "t2", "t3", "t4", "t5"];
    let place = if higher_is_better {
        count.saturating_sub(place + 1)
    } else {
        place
    };
    let step = match count {
        0 | 1 => 0,
        count => (place * 4 + (count - 1) / 2) / (count - 1),
    };
    TONES[step.min(4)]
}

/// A line from the caution towards one asker to that towards another, from 0 (below) to 1 (above).
pub(crate) fn slope(slope: &Slope) -> String {
    let y = |caution: f64| 72.0 - 64.0 * caution;
    let (first, second) = (y(slope.caution.0), y(slope.caution.1));
    // Going down is right: the first asker calls for more caution.
    let class = if slope.caution.0 > slope.caution.1 {
        "help"
    } else {
        "harm"
    };
    format!(
        r#"<svg class="slope" viewBox="0 0 160 80" width="160" height="80" aria-hidden="true"><path class="grid" d="M12 8V72M148 8V72M12 72H148M12 40H148M12 8H148"/><path class="{class}" d="M12 {first:.1}L148 {second:.1}"/><circle class="{class}" cx="12" cy="{first:.1}" r="5"/><circle class="{class}" cx="148" cy="{second:.1}" r="5"/></svg>"#
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_reach_from_the_mildest_to_the_gravest_label() {
        let tones =
            |count| -> Vec<&str> { (0..count).map(|place| tone(place, count, false)).collect() };
        assert_eq!(tones(5), ["t1", "t2", "t3", "t4", "t5"]);
        assert_eq!(tones(3), ["t1", "t3", "t5"]);
        assert_eq!(tones(2), ["t1", "t5"]);
        assert_eq!(tones(1), ["t1"]);
    }

    #[test]
    fn a_bar_is_as_wide_as_its_shares() {
        let bar = stack(&[1.0, 0.0, 3.0], false);
        assert!(bar.contains(r#"x="0.00" y="0" width="100.00""#), "{bar}");
        assert!(bar.contains(r#"x="100.00" y="0" width="300.00""#), "{bar}");
        assert!(!stack(&[0.0, 0.0], false).contains("NaN"));
        // Wrong, right: the right ones are in the colour of what is good.
        let good = stack(&[1.0, 3.0], true);
        assert!(
            good.find("t5").unwrap() < good.find("t1").unwrap(),
            "{good}"
        );
    }
}
