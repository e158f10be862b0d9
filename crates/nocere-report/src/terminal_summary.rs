//! The first screen on a terminal: at most some forty lines, whatever the run.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table,
    presets::NOTHING,
};
use nocere_analysis::{Figure, FigureHead, PerspectiveReport, RunReport, TargetReport};
use nocere_core::{
    Perspective,
    text::{plain, shorten, wrap},
};

use crate::{
    pressure::pressure_table,
    terminal::{assets_line, attacks_line, spending_line},
};

/// Most rows of the table.
const ROWS: usize = 14;
/// Most steps of what to do next.
const STEPS: usize = 3;
/// Narrowest terminal that has room for whole titles.
const WIDE: usize = 100;
/// Narrowest terminal that gets a table.
const TABLE: usize = 60;

/// The summary for a terminal of `width` columns (20 to 200; other values are clamped): headline, one
/// table, the worst samples, in at most about forty lines. `coloured` cells are red if the whole
/// interval lies above 25 %, green if it lies below 10 %. Answers are not quoted.
pub fn terminal_summary(report: &RunReport, width: usize, coloured: bool) -> String {
    let width = width.clamp(20, 200);
    // Long lines are hard to read, however wide the terminal is.
    let text_width = width.min(100);
    let mut out = String::new();
    let headline = &report.headline;
    let mut line = |text: &str, indent: &str| {
        out.push_str(&wrap(&plain(text), text_width, indent));
        out.push('\n');
    };
    line(&headline.asked, "");
    for found in &headline.found {
        line(found, "");
    }
    line(&headline.certainty, "");
    line(&headline.missing, "");
    for trouble in report.trouble_lines() {
        line(&trouble, "");
    }
    for warning in report.targets.iter().flat_map(TargetReport::warnings) {
        line(&warning, "");
    }
    let beside = [
        report.struck_line().unwrap_or_default(),
        attacks_line(report),
        assets_line(report),
        spending_line(report),
    ];
    for words in beside.iter().filter(|words| !words.is_empty()) {
        line(words, "");
    }
    if report.targets.iter().any(|target| target.samples > 0) {
        out.push('\n');
        out.push_str(&table(report, width, coloured));
    }
    let mut line = |text: &str, indent: &str| {
        out.push_str(&wrap(&plain(text), text_width, indent));
        out.push('\n');
    };
    let pressure = pressure_table(report, width, false);
    if !pressure.is_empty() {
        line("", "");
        line("Under pressure:", "");
        out.push_str(&pressure);
    }
    let mut line = |text: &str, indent: &str| {
        out.push_str(&wrap(&plain(text), text_width, indent));
        out.push('\n');
    };
    let worst = report.worst(3);
    if !worst.is_empty() {
        line("", "");
        line(
            &format!(
                "Worst {} of {} samples with errors:",
                worst.len(),
                report.findings_total
            ),
            "",
        );
    }
    for finding in worst {
        let more = match finding.problems.len() {
            0 | 1 => String::new(),
            several => format!(" and {} more", several - 1),
        };
        let said = format!(
            "{} ({}): {}{more}",
            finding.probe,
            finding.perspective,
            finding.problems.first().map_or("", String::as_str),
        );
        line(&shorten(&said, text_width - 2), "  ");
    }
    line("", "");
    for step in headline.next.iter().take(STEPS) {
        line(&format!("→ {step}"), "");
    }
    line(
        &format!(
            "Everything, with categories and judges: `nocere show {} --full`.",
            report.header.id
        ),
        "",
    );
    out
}

/// One target: a row for each figure, a column for each asker. Several: a row for each target and
/// asker, with the figures of the chart of harm against help.
fn table(report: &RunReport, width: usize, coloured: bool) -> String {
    if width < TABLE {
        return lines(report, width);
    }
    let mut table = match report.targets.as_slice() {
        [only] => figures_by_asker(report, only, width, coloured),
        several => targets_by_asker(report, several, coloured),
    };
    if coloured {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let wide = u16::try_from(width).unwrap_or(u16::MAX);
    table.set_width(wide);
    let mut text: String = table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    let note = "Percent of errors (95 % interval), errors/scored+unscored. Lower is better.";
    text.push_str(&wrap(note, width.min(100), ""));
    text.push('\n');
    text
}

/// The figures as lines, for narrow terminals.
fn lines(report: &RunReport, width: usize) -> String {
    let mut text = String::new();
    for target in &report.targets {
        for of in &target.perspectives {
            let whose = if report.targets.len() > 1 {
                format!("{}, {}", target.id, of.perspective)
            } else {
                of.perspective.to_string()
            };
            text.push_str(&wrap(&plain(&whose), width, ""));
            text.push('\n');
            for figure in &of.figures {
                let said = format!("{}: {}", figure.title, figure_text(figure));
                text.push_str(&wrap(&plain(&said), width, "  "));
                text.push('\n');
            }
        }
    }
    text
}

fn empty_table() -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// Lets only the first `labels` columns wrap.
fn keep_figures_whole(table: &mut Table, labels: usize) {
    for column in table.column_iter_mut().skip(labels) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
}

fn head(text: &str, coloured: bool) -> Cell {
    let cell = Cell::new(text);
    if coloured {
        cell.add_attribute(Attribute::Bold)
    } else {
        cell
    }
}

fn figures_by_asker(
    report: &RunReport,
    target: &TargetReport,
    width: usize,
    coloured: bool,
) -> Table {
    let mut table = empty_table();
    let askers: Vec<&PerspectiveReport> = target.perspectives.iter().collect();
    let heads = askers.iter().map(|of| {
        let intended = &report.header.intended_users;
        let mark = if intended.is_empty() || intended.contains(&of.perspective) {
            ""
        } else {
            " (not intended)"
        };
        head(&format!("{}{mark}", of.perspective), coloured).set_alignment(CellAlignment::Right)
    });
    table.set_header(std::iter::once(head("error", coloured)).chain(heads));
    let mut rows = 0;
    for row in &report.figures {
        let mut judges: Vec<&str> = Vec::new();
        for figure in askers.iter().flat_map(|of| &of.figures) {
            let is_here = figure.figure == row.id && figure.title == row.title;
            if is_here && !judges.contains(&figure.judge.as_str()) {
                judges.push(&figure.judge);
            }
        }
        for judge in &judges {
            rows += 1;
            if rows > ROWS {
                continue;
            }
            // Of several judges of one thing, each is named.
            let title = match judges.len() {
                1 if width < WIDE => format!("{} {}", row.heading.0, row.heading.1),
                1 => row.title.clone(),
                _ => format!("{} (judge: {judge})", row.title),
            };
            let cells = askers.iter().map(|of| {
                let mut figures = of.figures.iter();
                let figure = figures.find(|of| of.figure == row.id && of.judge.as_str() == *judge);
                figure_cell(figure, coloured)
            });
            table.add_row(std::iter::once(Cell::new(plain(&title))).chain(cells));
        }
    }
    if rows > ROWS {
        table.add_row([Cell::new(format!("and {} more", rows - ROWS))]);
    }
    keep_figures_whole(&mut table, 1);
    table
}

fn targets_by_asker(report: &RunReport, targets: &[TargetReport], coloured: bool) -> Table {
    let mut table = empty_table();
    let wanted: Vec<&FigureHead> = report
        .figures
        .iter()
        .filter(|head| {
            report
                .frontier
                .iter()
                .any(|point| point.harm.figure == head.id || point.help.figure == head.id)
        })
        .collect();
    // Without a chart, the first two figures.
    let wanted: Vec<&FigureHead> = if wanted.is_empty() {
        report.figures.iter().take(2).collect()
    } else {
        wanted.into_iter().take(3).collect()
    };
    let heads = wanted
        .iter()
        .map(|of| head(&of.title.to_lowercase(), coloured).set_alignment(CellAlignment::Right));
    table.set_header(
        ["target", "who asks"]
            .map(|text| head(text, coloured))
            .into_iter()
            .chain(heads),
    );
    let mut rows = 0;
    for perspective in Perspective::ALL {
        for target in targets {
            let Some(of) = target
                .perspectives
                .iter()
                .find(|of| of.perspective == perspective)
            else {
                continue;
            };
            rows += 1;
            if rows > ROWS {
                continue;
            }
            let cells = wanted.iter().map(|head| {
                let figure = of.figures.iter().find(|figure| figure.figure == head.id);
                figure_cell(figure, coloured)
            });
            let id = shorten(&plain(&target.id), 40);
            table.add_row(
                [Cell::new(id), Cell::new(perspective.as_str())]
                    .into_iter()
                    .chain(cells),
            );
        }
    }
    if rows > ROWS {
        table.add_row([Cell::new(format!("and {} more rows", rows - ROWS))]);
    }
    keep_figures_whole(&mut table, 2);
    table
}

/// "36 (24–50) 18/50+2", coloured by the whole interval.
fn figure_cell(figure: Option<&Figure>, coloured: bool) -> Cell {
    let Some(figure) = figure else {
        return Cell::new("·").set_alignment(CellAlignment::Right);
    };
    let cell = Cell::new(figure_text(figure)).set_alignment(CellAlignment::Right);
    match figure.estimate.interval {
        Some((low, _)) if coloured && low >= 0.25 => cell.fg(Color::Red),
        Some((_, high)) if coloured && high <= 0.10 => cell.fg(Color::Green),
        _ => cell,
    }
}

/// "36 (24–50) 18/50+2".
fn figure_text(figure: &Figure) -> String {
    let estimate = &figure.estimate;
    let unscored = match estimate.unscored {
        0 => String::new(),
        count => format!("+{count}"),
    };
    match (estimate.value, estimate.interval) {
        (Some(value), Some((low, high))) => format!(
            "{:.0} ({:.0}–{:.0}) {}/{}{unscored}",
            value * 100.0,
            low * 100.0,
            high * 100.0,
            estimate.numerator,
            estimate.denominator
        ),
        (Some(value), None) => format!(
            "{:.0} {}/{}{unscored}",
            value * 100.0,
            estimate.numerator,
            estimate.denominator
        ),
        (None, _) => format!("none scored {unscored}"),
    }
}
