//! One figure by category and asker, as a table with a colour and a sign in each cell.

use nocere_analysis::{Figure, FigureHead, RunReport};
use nocere_core::Perspective;

/// Most columns beside which there is room to draw the intervals.
const DRAWN: usize = 3;

/// A figure by category (rows) and by target and asker (columns).
pub(crate) struct HeatMap<'a> {
    pub(crate) title: &'a str,
    pub(crate) meaning: &'a str,
    pub(crate) judge: &'a str,
    /// Target and asker.
    pub(crate) columns: Vec<(&'a str, Perspective)>,
    pub(crate) rows: Vec<Row<'a>>,
    /// Whether the intervals are drawn.
    pub(crate) is_drawn: bool,
}

/// A category with its figure for each column.
pub(crate) struct Row<'a> {
    /// Ids of suite and category: titles need not differ.
    ids: (&'a str, &'a str),
    /// Title of the suite; empty if the run has one.
    pub(crate) suite: &'a str,
    /// Whether the row above is of another suite.
    pub(crate) begins: bool,
    pub(crate) category: &'a str,
    pub(crate) cells: Vec<Option<&'a Figure>>,
}

/// A heat map for each figure by its first judge, in the order of the report's figures.
pub(crate) fn heat_maps(report: &RunReport) -> Vec<HeatMap<'_>> {
    let mut kinds: Vec<&Figure> = Vec::new();
    let perspectives = || {
        report
            .targets
            .iter()
            .flat_map(|target| &target.perspectives)
    };
    for figure in perspectives().flat_map(|of| &of.figures) {
        if !kinds.iter().any(|known| known.figure == figure.figure) {
            kinds.push(figure);
        }
    }
    let maps = kinds.into_iter().map(|kind| heat_map(report, kind));
    maps.filter(|map| !map.rows.is_empty()).collect()
}

fn heat_map<'a>(report: &'a RunReport, kind: &'a Figure) -> HeatMap<'a> {
    let is_it = |figure: &&Figure| figure.figure == kind.figure && figure.judge == kind.judge;
    let mut columns = Vec::new();
    let mut rows: Vec<Row<'a>> = Vec::new();
    for target in &report.targets {
        for of in &target.perspectives {
            if !of.figures.iter().any(|figure| is_it(&figure)) {
                continue;
            }
            columns.push((target.id.as_str(), of.perspective));
            for category in &of.categories {
                let Some(figure) = category.figures.iter().find(is_it) else {
                    continue;
                };
                let suite = if report.suites.len() > 1 {
                    category.suite.as_str()
                } else {
                    ""
                };
                let ids = (category.suite_id.as_str(), category.id.as_str());
                let place = rows.iter().position(|row| row.ids == ids);
                let place = place.unwrap_or_else(|| {
                    rows.push(Row {
                        ids,
                        suite,
                        begins: false,
                        category: &category.title,
                        cells: Vec::new(),
                    });
                    rows.len() - 1
                });
                rows[place].cells.resize(columns.len() - 1, None);
                rows[place].cells.push(Some(figure));
            }
        }
    }
    rows.sort_by_key(|row| {
        let mut suites = report.suites.iter();
        suites.position(|suite| suite.id.as_str() == row.ids.0)
    });
    let mut above = None;
    for row in &mut rows {
        row.cells.resize(columns.len(), None);
        row.begins = above != Some(row.ids.0) && !row.suite.is_empty();
        above = Some(row.ids.0);
    }
    let is_head = |head: &&FigureHead| head.id == kind.figure && head.title == kind.title;
    HeatMap {
        title: &kind.title,
        meaning: report
            .figures
            .iter()
            .find(is_head)
            .map_or("", |head| head.meaning.as_str()),
        judge: &kind.judge,
        is_drawn: columns.len() <= DRAWN,
        columns,
        rows,
    }
}
