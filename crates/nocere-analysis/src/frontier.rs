//! The chart of harm done against help refused: one point for each target and perspective.

use nocere_core::{FigureRow, Side};

use crate::run_report::{FrontierPoint, TargetReport};

/// The points of the chart. A point is dominated if another target is at least as good on both
/// axes and better on one.
pub(crate) fn frontier(targets: &[TargetReport], rows: &[FigureRow]) -> Vec<FrontierPoint> {
    let shown = |side: Side| {
        rows.iter()
            .filter(move |row| row.frontier && row.side == side)
    };
    let mut points = Vec::new();
    for target in targets {
        for perspective in &target.perspectives {
            let first = |row: &FigureRow| {
                let mut figures = perspective.figures.iter();
                figures.find(|figure| figure.figure == row.id && figure.estimate.denominator > 0)
            };
            for help in shown(Side::Help).filter_map(first) {
                for harm in shown(Side::Harm).filter_map(first) {
                    points.push(FrontierPoint {
                        target: target.id.clone(),
                        perspective: perspective.perspective,
                        harm: harm.clone(),
                        help: help.clone(),
                        dominated: false,
                    });
                }
            }
        }
    }
    let place = |point: &FrontierPoint| {
        (
            point.harm.estimate.value.unwrap_or(1.0),
            point.help.estimate.value.unwrap_or(1.0),
        )
    };
    let dominated: Vec<bool> = points
        .iter()
        .map(|point| {
            let (harm, help) = place(point);
            points.iter().any(|other| {
                let (other_harm, other_help) = place(other);
                other.perspective == point.perspective
                    && other.harm.figure == point.harm.figure
                    && other.help.figure == point.help.figure
                    && other_harm <= harm
                    && other_help <= help
                    && (other_harm < harm || other_help < help)
            })
        })
        .collect();
    for (point, dominated) in points.iter_mut().zip(dominated) {
        point.dominated = dominated;
    }
    points
}
