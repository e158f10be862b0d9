//! What pressure does, as rows for the terminal and the page: harm and help always side by side.

use std::{collections::BTreeSet, fmt::Write as _};

use comfy_table::{Cell, CellAlignment, Table};
use nocere_analysis::{FactorEffect, PressureReport, PressureRow, RunReport, TurnPoint};
use nocere_core::{
    Perspective, Side,
    text::{plain, plural, wrap},
};
use nocere_stats::{Estimate, OddsRatio, paired::PairedDifference};

/// Rows of the summary's table.
const SHOWN: usize = 6;

/// One driver for one asker by one judge.
pub(crate) struct PressedRow<'a> {
    pub(crate) harm: Option<&'a PressureRow>,
    pub(crate) help: Option<&'a PressureRow>,
}

impl<'a> PressedRow<'a> {
    /// Either of the two: who and what the row is about.
    pub(crate) fn head(&self) -> Option<&'a PressureRow> {
        self.harm.or(self.help)
    }

    /// How sure it is that pressure made something worse: the larger lower bound of both sides.
    fn worse(&self) -> f64 {
        let low = |row: Option<&PressureRow>| {
            row.and_then(|row| row.difference)
                .map_or(f64::NEG_INFINITY, |difference| difference.interval.0)
        };
        low(self.harm).max(low(self.help))
    }

    fn is_plain(&self) -> bool {
        self.head().is_some_and(|row| row.family.is_empty())
    }
}

/// The rows of a report: harm and help of one target, asker, driver and judge in one.
pub(crate) fn pressed_rows(pressure: &PressureReport) -> Vec<PressedRow<'_>> {
    // Of several figures of one side, the first that counts any of these answers.
    let is_shown = |row: &PressureRow| {
        let same = |other: &&PressureRow| {
            other.target == row.target
                && other.perspective == row.perspective
                && other.judge == row.judge
                && other.side == row.side
        };
        let of_side = || pressure.rows.iter().filter(same);
        let counted = of_side().find(|other| other.last.denominator > 0);
        counted
            .or_else(|| of_side().next())
            .is_some_and(|first| first.figure == row.figure)
    };
    let mut rows: Vec<PressedRow<'_>> = Vec::new();
    for row in pressure.rows.iter().filter(|row| is_shown(row)) {
        let same = |other: &&mut PressedRow<'_>| {
            other.head().is_some_and(|head| {
                head.target == row.target
                    && head.perspective == row.perspective
                    && head.driver == row.driver
                    && head.judge == row.judge
            })
        };
        let found = rows.iter_mut().find(same);
        let free = found.filter(|found| match row.side {
            Side::Harm => found.harm.is_none(),
            Side::Help => found.help.is_none(),
        });
        match (free, row.side) {
            (Some(found), Side::Harm) => found.harm = Some(row),
            (Some(found), Side::Help) => found.help = Some(row),
            (None, Side::Harm) => rows.push(PressedRow {
                harm: Some(row),
                help: None,
            }),
            (None, Side::Help) => rows.push(PressedRow {
                harm: None,
                help: Some(row),
            }),
        }
    }
    rows
}

/// A rate with its counts, as "12 % (6/50)".
pub(crate) fn rate_text(estimate: &Estimate) -> String {
    match estimate.value {
        Some(value) => format!(
            "{:.0} % ({}/{})",
            100.0 * value,
            estimate.numerator,
            estimate.denominator
        ),
        None => "–".to_owned(),
    }
}

/// A rate with its interval, as "12 % (4–28)".
pub(crate) fn interval_text(estimate: &Estimate) -> String {
    match (estimate.value, estimate.interval) {
        (Some(value), Some((low, high))) => format!(
            "{:.0} % ({:.0}–{:.0})",
            100.0 * value,
            100.0 * low,
            100.0 * high
        ),
        _ => "–".to_owned(),
    }
}

/// A difference in percentage points, as "+12 (+3 to +20)".
pub(crate) fn difference_text(difference: Option<PairedDifference>) -> String {
    match difference {
        Some(PairedDifference {
            value,
            interval: (low, high),
        }) => format!(
            "{:+.0} ({:+.0} to {:+.0})",
            100.0 * value,
            100.0 * low,
            100.0 * high
        ),
        None => "–".to_owned(),
    }
}

/// True if the interval of the difference lies above 0.
pub(crate) fn is_worse(difference: Option<PairedDifference>) -> bool {
    difference.is_some_and(|difference| difference.interval.0 > 0.0)
}

/// How a row compares with plain answers.
fn cells(row: Option<&PressureRow>) -> [String; 2] {
    match row {
        Some(row) => {
            let worst = row.worst.as_ref().unwrap_or(&row.last);
            [rate_text(worst), difference_text(row.difference)]
        }
        None => ["–".to_owned(), "–".to_owned()],
    }
}

/// The whole section for a terminal of `width` columns; empty for runs without pressure.
pub(crate) fn pressure_section(report: &RunReport, width: usize) -> String {
    match pressure_table(report, width, true) {
        table if table.is_empty() => table,
        table => format!("\nUnder pressure\n{table}"),
    }
}

/// What pressure does, for a terminal of `width` columns: all rows, or those that it made worst.
/// Empty for runs without any.
pub fn pressure_table(report: &RunReport, width: usize, whole: bool) -> String {
    let Some(pressure) = &report.pressure else {
        return String::new();
    };
    let mut rows = pressed_rows(pressure);
    let number = rows.iter().filter(|row| !row.is_plain()).count();
    if !whole {
        rows.retain(|row| !row.is_plain());
        rows.sort_by(|a, b| b.worse().total_cmp(&a.worse()));
        rows.truncate(SHOWN);
    }
    let mut out = String::new();
    if !rows.is_empty() {
        let several = report.targets.len() > 1;
        let judges = judges(&rows);
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        let first = if several { "target, attack" } else { "attack" };
        table.set_header([
            first,
            "asker",
            "harm",
            "over plain",
            "help refused",
            "over plain",
        ]);
        for row in &rows {
            let Some(head) = row.head() else {
                continue;
            };
            let driver = if whole {
                format!("{} ({})", head.driver_title, head.driver)
            } else {
                head.driver_title.clone()
            };
            let name = if several {
                format!("{}, {driver}", head.target)
            } else {
                driver
            };
            let [harm, more_harm] = cells(row.harm);
            let [help, more_help] = cells(row.help);
            table.add_row([
                Cell::new(plain(&name)),
                Cell::new(if judges.len() > 1 {
                    format!("{}, {}", head.perspective, head.judge)
                } else {
                    head.perspective.to_string()
                }),
                Cell::new(harm),
                Cell::new(more_harm),
                Cell::new(help),
                Cell::new(more_help),
            ]);
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
        table.set_width(width.try_into().unwrap_or(u16::MAX));
        let _ = writeln!(out, "{table}");
    }
    let mut line = |text: &str| {
        out.push_str(&wrap(text, width.min(100), ""));
        out.push('\n');
    };
    if !rows.is_empty() {
        line(
            "Errors in any answer of a conversation. Over plain: last answers to the same probes, in percentage points, with the 95 % interval.",
        );
    }
    if let [judge] = judges(&rows).as_slice() {
        line(&format!("Judge: {judge}."));
    }
    for text in meanings(&rows) {
        line(&text);
    }
    if number > rows.len() {
        line(&format!(
            "{} of {} rows, the worst first; the rest with --full.",
            rows.len(),
            number
        ));
    }
    for text in effect_lines(pressure, whole) {
        line(&text);
    }
    if whole {
        for text in spending_lines(pressure) {
            line(&text);
        }
    }
    out
}

/// What harm and help refused are for each asker, as "Harm, patient: helped, should decline."
fn meanings(rows: &[PressedRow<'_>]) -> Vec<String> {
    let mut lines = BTreeSet::new();
    for row in rows {
        for (name, row) in [("Harm", row.harm), ("Help refused", row.help)] {
            if let Some(row) = row {
                let title = row.title.to_lowercase();
                lines.insert(format!("{name}, {}: {title}.", row.perspective));
            }
        }
    }
    lines.into_iter().collect()
}

/// The judges behind the rows.
fn judges<'a>(rows: &[PressedRow<'a>]) -> Vec<&'a str> {
    let judges: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| Some(row.head()?.judge.as_str()))
        .collect();
    judges.into_iter().collect()
}

/// What the levels of factors do, one line each; the clear ones alone unless `whole`.
pub(crate) fn effect_lines(pressure: &PressureReport, whole: bool) -> Vec<String> {
    let clear = |effect: &&FactorEffect| {
        let (low, high) = effect.difference.interval;
        whole || low > 0.0 || high < 0.0
    };
    let mut effects: Vec<&FactorEffect> = pressure.effects.iter().filter(clear).collect();
    effects.sort_by(|a, b| {
        let size = |effect: &FactorEffect| effect.difference.value.abs();
        size(b).total_cmp(&size(a))
    });
    let shown = if whole { usize::MAX } else { 4 };
    let mut lines: Vec<String> = effects
        .into_iter()
        .take(shown)
        .map(|effect| {
            format!(
                "{}={} against {} ({}): {} {} points{}{}",
                effect.factor,
                effect.level,
                effect.reference,
                effect.perspective,
                effect.title.to_lowercase(),
                difference_text(Some(effect.difference)),
                match effect.odds_ratio {
                    Some(_) => format!(", odds ratio {}", odds_text(effect)),
                    None => String::new(),
                },
                if effect.unwarranted {
                    ", unwarranted"
                } else {
                    ""
                }
            )
        })
        .collect();
    if lines.is_empty() && !pressure.effects.is_empty() {
        lines.push(format!(
            "No level of a factor changes a figure clearly ({} comparisons).",
            pressure.effects.len()
        ));
    }
    lines
}

/// An odds ratio with its interval, as "3.0 (1.2–7.4)".
pub(crate) fn odds_text(effect: &FactorEffect) -> String {
    match effect.odds_ratio {
        Some(OddsRatio {
            value,
            interval: Some((low, high)),
        }) => format!("{} ({}–{})", ratio(value), ratio(low), ratio(high)),
        Some(OddsRatio { value, .. }) => ratio(value),
        None => "–".to_owned(),
    }
}

/// A ratio in two digits or so.
fn ratio(value: f64) -> String {
    if value < 0.1 {
        format!("{value:.3}")
    } else {
        format!("{value:.1}")
    }
}

/// What the drivers did and spent, one line each.
pub(crate) fn spending_lines(pressure: &PressureReport) -> Vec<String> {
    let mut lines = Vec::new();
    for spent in &pressure.drivers {
        let mut text = format!(
            "{} on {}: {}, {} with a harmful answer, {} calls and {} tokens",
            spent.driver,
            plain(&spent.target),
            plural(spent.conversations, "conversation"),
            spent.succeeded,
            spent.target_calls + spent.attacker_calls,
            spent.target_tokens + spent.attacker_tokens,
        );
        if let Some(calls) = spent.calls_per_success {
            let _ = write!(text, ", {calls:.1} calls");
            if let Some(tokens) = spent.tokens_per_success {
                let _ = write!(text, " and {tokens:.0} tokens");
            }
            text.push_str(" for each harmful answer");
        }
        if spent.attacker_failed > 0 {
            let _ = write!(text, ", attacker failed {} times", spent.attacker_failed);
        }
        if spent.drifted > 0 {
            let _ = write!(text, ", {} asked something else", spent.drifted);
        }
        if let Some((obeyed, all)) = spent.obeyed {
            let _ = write!(text, ", planted order obeyed {obeyed} of {all} times");
        }
        if let Some((stayed, all)) = spent.in_role {
            let _ = write!(text, ", {stayed} of {all} messages in role");
        }
        text.push('.');
        lines.push(text);
    }
    for step in &pressure.cover {
        lines.push(format!(
            "Chosen greedily to find all harm of {}: {} finds {} more, {} of {} in all.",
            plain(&step.target),
            step.driver,
            step.new,
            step.found,
            step.total
        ));
    }
    lines
}

/// A curve of turns, to be drawn.
pub(crate) struct TurnCurve<'a> {
    pub(crate) title: String,
    pub(crate) who: Perspective,
    pub(crate) points: &'a [TurnPoint],
    pub(crate) drawing: String,
}

/// The curves of all conversations with several turns, one for each figure.
pub(crate) fn turn_curves(report: &RunReport) -> Vec<TurnCurve<'_>> {
    let rows = report.pressure.iter().flat_map(|pressure| &pressure.rows);
    rows.filter(|row| row.turns.len() > 1)
        .filter(|row| row.turns.iter().any(|point| point.here.denominator > 0))
        .map(|row| TurnCurve {
            title: format!("{}, {}: {}", row.target, row.driver_title, row.title),
            who: row.perspective,
            points: &row.turns,
            drawing: curve(&row.turns, row.side),
        })
        .collect()
}

/// Rates by turn as a line with intervals; the values are in the table beside it.
fn curve(points: &[TurnPoint], side: Side) -> String {
    const WIDE: f64 = 320.0;
    const HIGH: f64 = 120.0;
    let side = side.as_str();
    let mut svg = format!(
        r#"<svg class="curve" viewBox="-4 -4 {} {}" width="{WIDE}" height="{HIGH}" aria-hidden="true">"#,
        WIDE + 8.0,
        HIGH + 8.0
    );
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let y = HIGH * (1.0 - share);
        let _ = write!(svg, r#"<path class="grid" d="M0 {y:.1}H{WIDE}"/>"#);
    }
    let step = WIDE / points.len() as f64;
    let mut lines = [String::new(), String::new()];
    for (place, point) in points.iter().enumerate() {
        let x = step * (place as f64 + 0.5);
        let y = |share: f64| HIGH * (1.0 - share);
        if let Some((low, high)) = point.here.interval {
            let _ = write!(
                svg,
                r#"<path class="whisker" d="M{x:.1} {:.1}V{:.1}"/>"#,
                y(high),
                y(low)
            );
        }
        for (line, estimate) in lines.iter_mut().zip([&point.here, &point.ever]) {
            if let Some(value) = estimate.value {
                let letter = if line.is_empty() { 'M' } else { 'L' };
                let _ = write!(line, "{letter}{x:.1} {:.1}", y(value));
            }
        }
        if let Some(value) = point.here.value {
            let _ = write!(
                svg,
                r#"<circle class="{side}" cx="{x:.1}" cy="{:.1}" r="4"/>"#,
                y(value)
            );
        }
    }
    let _ = write!(
        svg,
        r#"<path class="{side}" d="{}"/><path class="{side} ever" d="{}"/></svg>"#,
        lines[0], lines[1]
    );
    svg
}

/// How many conversations of a row have no score, and why: of harm, then of help refused.
pub(crate) fn missing(row: &PressedRow<'_>) -> String {
    let one = |row: &PressureRow| {
        let mut text = row.last.unscored.to_string();
        if row.attacker_failed > 0 {
            let _ = write!(text, " (attacker {})", row.attacker_failed);
        }
        if row.drifted > 0 {
            let _ = write!(text, ", drifted {}", row.drifted);
        }
        text
    };
    match (row.harm, row.help) {
        (Some(harm), Some(help)) => format!("{} / {}", one(harm), one(help)),
        (Some(only), None) | (None, Some(only)) => one(only),
        (None, None) => String::new(),
    }
}

/// A number of percentage points with its interval.
pub(crate) fn points_text(value: f64, interval: Option<(f64, f64)>) -> String {
    match interval {
        Some(interval) => difference_text(Some(PairedDifference { value, interval })),
        None => format!("{:+.0} (too few matters)", 100.0 * value),
    }
}

/// A chance with its interval.
pub(crate) fn chance_text(value: f64, interval: Option<(f64, f64)>) -> String {
    match interval {
        Some((low, high)) => format!(
            "{:.0} % ({:.0}–{:.0})",
            100.0 * value,
            100.0 * low,
            100.0 * high
        ),
        None => format!("{:.0} % (too few matters)", 100.0 * value),
    }
}
