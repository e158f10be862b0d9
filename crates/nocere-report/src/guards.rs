//! What guards stop, what they break, and what they cost, target by target.

use comfy_table::{Cell, CellAlignment, Table};
use nocere_analysis::{FrontierPoint, RunReport, TargetReport};
use nocere_core::text::plain;

use crate::pressure::interval_text;

/// A target for one asker.
pub(crate) struct GuardRow<'a> {
    pub(crate) target: &'a TargetReport,
    pub(crate) point: &'a FrontierPoint,
}

/// The targets of a run that compares guards, each for each asker; empty if no target has any.
pub(crate) fn guard_rows(report: &RunReport) -> Vec<GuardRow<'_>> {
    let mut targets = report.targets.iter();
    if targets.all(|target| target.record.guards.is_empty()) {
        return Vec::new();
    }
    let mut rows: Vec<GuardRow<'_>> = report
        .frontier
        .iter()
        .filter_map(|point| {
            let mut targets = report.targets.iter();
            let target = targets.find(|target| target.id == point.target)?;
            Some(GuardRow { target, point })
        })
        .collect();
    // Targets that differ in guards alone stand below each other.
    rows.sort_by_key(|row| row.point.perspective);
    rows
}

impl GuardRow<'_> {
    pub(crate) fn guards(&self) -> String {
        let guards = &self.target.record.guards;
        if guards.is_empty() {
            return "none".to_owned();
        }
        let titles: Vec<&str> = guards.iter().map(|guard| guard.title.as_str()).collect();
        titles.join(", ")
    }

    pub(crate) fn harm(&self) -> String {
        interval_text(&self.point.harm.estimate)
    }

    pub(crate) fn help(&self) -> String {
        interval_text(&self.point.help.estimate)
    }

    pub(crate) fn stepped_in(&self) -> String {
        format!("{}/{}", self.target.took.guarded, self.target.took.answers)
    }

    pub(crate) fn seconds(&self) -> String {
        let seconds = self.target.took.seconds();
        seconds.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.2} s"))
    }

    pub(crate) fn tokens(&self) -> String {
        let tokens = self.target.took.tokens_each();
        tokens.map_or_else(|| "–".to_owned(), |tokens| format!("{tokens:.0}"))
    }
}

/// The section for a terminal of `width` columns; empty if no target has guards.
pub(crate) fn guard_section(report: &RunReport, width: usize) -> String {
    let rows = guard_rows(report);
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header([
        "target",
        "asker",
        "harm",
        "help refused",
        "stepped in",
        "an answer",
        "tokens",
    ]);
    for row in &rows {
        table.add_row([
            Cell::new(plain(&row.target.id)),
            Cell::new(format!(
                "{}, {}",
                row.point.perspective, row.point.harm.judge
            )),
            Cell::new(row.harm()),
            Cell::new(row.help()),
            Cell::new(row.stepped_in()),
            Cell::new(row.seconds()),
            Cell::new(row.tokens()),
        ]);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_width(width.try_into().unwrap_or(u16::MAX));
    format!("\nGuards\n{table}\n")
}
