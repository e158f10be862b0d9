//! The charts of harm done against help refused. Their points have numbers; a table beside each says which
//! they are.

use nocere_analysis::FrontierPoint;

use crate::scatter_chart::{Dot, scatter};

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
    let dots: Vec<Option<Dot>> = points.iter().map(|point| dot(point)).collect();
    let label = format!("{harm} against {}", help.to_lowercase());
    scatter(&label, ("help refused", "harm done"), &dots)
}

/// A point, if it has both rates.
fn dot(point: &FrontierPoint) -> Option<Dot> {
    Some(Dot {
        right: (point.help.estimate.value?, point.help.estimate.interval),
        up: (point.harm.estimate.value?, point.harm.estimate.interval),
        shape: Some(point.perspective),
    })
}
