//! Lines beside the table of figures: levels, corrected rates, further judges, slices.

use nocere_analysis::{Distribution, PerspectiveReport, SliceReport};
use nocere_core::Perspective;

/// Counts of a judge's numbered labels, with the mean and its interval.
pub(crate) fn levels_line(perspective: Perspective, levels: &Distribution) -> String {
    let counts: Vec<String> = levels.counts.iter().map(ToString::to_string).collect();
    format!(
        "{perspective}: {} levels {} {}, {}, {} scored, {} unscored, by {}.",
        levels.measure,
        levels.range_text(),
        counts.join("/"),
        levels.mean_text(),
        levels.scored,
        levels.unscored,
        levels.judge
    )
}

/// What does not fit into a table with one column for each figure: corrected rates, and figures by
/// further judges of the same measure.
pub(crate) fn beside_the_table(perspective: &PerspectiveReport) -> Vec<String> {
    let mut lines = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for figure in &perspective.figures {
        let who = perspective.perspective;
        let name = figure.title.to_lowercase();
        if seen.contains(&figure.figure.as_str()) {
            lines.push(format!(
                "{who}, {name} by {}: {} ({}), {}; {}.",
                figure.judge,
                figure.percent(),
                figure.interval(),
                figure.counts(),
                figure.standing.tag()
            ));
        } else {
            seen.push(&figure.figure);
        }
        let corrected = figure.standing.corrected_text();
        if !corrected.is_empty() {
            lines.push(format!(
                "{who}, {name} without the errors of {}: {corrected}.",
                figure.judge
            ));
        }
    }
    lines
}

/// A line for each slice: the figures over a part of the answers.
pub(crate) fn slice_lines(perspective: &PerspectiveReport) -> Vec<String> {
    let line = |slice: &SliceReport| {
        let figures: Vec<String> = slice
            .figures
            .iter()
            .map(|figure| {
                format!(
                    "{} {} ({}), {}",
                    figure.title.to_lowercase(),
                    figure.percent(),
                    figure.interval(),
                    figure.counts()
                )
            })
            .collect();
        let who = perspective.perspective;
        format!("{who}, {}: {}.", slice.name, figures.join("; "))
    };
    perspective.slices.iter().map(line).collect()
}
