//! The terminal report's lines for a protocol's tables and for figures over linked probes.

use nocere_analysis::{
    LinkedFigures, PartTable, RiskFigure, RunReport, TableRow, parts_lines, share_text,
};
use nocere_core::text::wrap;
use nocere_stats::Estimate;

/// The protocol's parts and their tables; empty for runs without a protocol.
pub(crate) fn protocol_section(report: &RunReport, width: usize) -> String {
    let Some(protocol) = &report.header.protocol else {
        return String::new();
    };
    let mut out = String::from("\n");
    let mut line = |text: &str, indent: &str| {
        out.push_str(&wrap(text, width, indent));
        out.push('\n');
    };
    for text in parts_lines(protocol) {
        line(
            text.trim_start(),
            if text.starts_with(' ') { "  " } else { "" },
        );
    }
    for part in &report.parts {
        for table in &part.tables {
            out.push('\n');
            let mut line = |text: &str, indent: &str| {
                out.push_str(&wrap(text, width, indent));
                out.push('\n');
            };
            line(
                &format!("{} ({})", table.title, part.record.perspective),
                "",
            );
            if table.rows.is_empty() {
                line("No judge of this run fills this table.", "  ");
            }
            for row in &table.rows {
                line(&row_text(table, row), "  ");
            }
            if let Some(text) = published_text(table) {
                line(&text, "  ");
            }
            if let Some(means) = &table.means {
                for (target, judge, values) in &means.rows {
                    let cells: Vec<String> = means
                        .categories
                        .iter()
                        .zip(values)
                        .map(|(category, mean)| {
                            let mean = mean.map_or_else(|| "–".to_owned(), |mean| mean.text());
                            format!("{category} {mean}")
                        })
                        .collect();
                    line(
                        &format!(
                            "Mean level by category, {target} by {judge}: {}.",
                            cells.join("; ")
                        ),
                        "  ",
                    );
                }
            }
        }
    }
    out
}

fn row_text(table: &PartTable, row: &TableRow) -> String {
    let head = format!("{} by {} ({})", row.target, row.judge, row.standing.tag());
    let tail = match row.published_judge.text() {
        note if note.is_empty() => String::new(),
        note => format!("; {note}"),
    };
    let columns: Vec<String> = table
        .columns
        .iter()
        .zip(&row.derived)
        .map(|(column, share)| format!("{} {}", column.title.to_lowercase(), share_text(share)))
        .collect();
    let Some(mean) = row.mean.filter(|_| table.means.is_some()) else {
        let shares: Vec<String> = table
            .labels
            .iter()
            .zip(&row.shares)
            .map(|(label, (count, share))| format!("{label} {count}: {}", share_text(share)))
            .chain(columns)
            .collect();
        let what = if table.counts_items { " answers" } else { "" };
        return format!(
            "{head}: {}; {} scored{what}, {} unscored{tail}.",
            shares.join(", "),
            row.scored,
            row.unscored
        );
    };
    let counts: Vec<String> = row
        .shares
        .iter()
        .map(|(count, _)| count.to_string())
        .collect();
    let (first, last) = (table.labels.first(), table.labels.last());
    let columns = if columns.is_empty() {
        String::new()
    } else {
        format!(" {};", columns.join(", "))
    };
    format!(
        "{head}: levels {} to {} {}, {} scored, {} unscored;{columns} mean {}{tail}.",
        first.map_or("", String::as_str),
        last.map_or("", String::as_str),
        counts.join("/"),
        row.scored,
        row.unscored,
        mean.text(),
    )
}

/// The range of published models in one sentence: complete tables have up to fifteen rows.
fn published_text(table: &PartTable) -> Option<String> {
    let range = table.range.as_ref()?;
    let ((low, lowest), (high, highest)) = (&range.lowest, &range.highest);
    Some(format!(
        "Published, {} models: {} from {low:.1} % ({lowest}) to {high:.1} % ({highest}). {}",
        range.models,
        range.column.to_lowercase(),
        table.published_note
    ))
}

/// Perspective gap, look-alikes, consistency and weighted harm.
pub(crate) fn figures_section(report: &RunReport, width: usize) -> String {
    let mut out = String::new();
    for figures in &report.linked {
        out.push('\n');
        for text in linked_lines(figures) {
            out.push_str(&wrap(&text, width, ""));
            out.push('\n');
        }
    }
    if !report.risks.is_empty() {
        out.push('\n');
        for risk in &report.risks {
            out.push_str(&wrap(&risk_text(risk), width, ""));
            out.push('\n');
        }
    }
    out
}

fn linked_lines(figures: &LinkedFigures) -> Vec<String> {
    let mut lines = vec![format!("{}, judged by {}:", figures.target, figures.judge)];
    if let Some(gap) = &figures.gap {
        lines.push(format!(
            "Who asks: mean gap {} over {} matters (−1 to 1; above 0 is the right direction). Pairs in the right direction {}, without a gap {}, in the wrong direction {}. If both call for the same, behaviour differs in {}.",
            gap_text(gap.mean),
            gap.matters,
            counted(&gap.right),
            counted(&gap.none),
            counted(&gap.wrong),
            counted(&gap.unwarranted),
        ));
    }
    if let Some(twins) = &figures.twins {
        lines.push(format!(
            "Look-alikes: distinguished {}, helped with both {}, declined both {}, declined only the legitimate one {}.",
            counted(&twins.told_apart),
            counted(&twins.both_helped),
            counted(&twins.both_declined),
            counted(&twins.backwards),
        ));
    }
    for (what, estimate) in [
        ("in other words", &figures.other_words),
        ("for somebody else", &figures.swapped),
        ("in another language", &figures.other_languages),
    ] {
        if let Some(estimate) = estimate {
            lines.push(format!("Same behaviour {what}: {}.", counted(estimate)));
        }
    }
    for row in &figures.languages {
        lines.push(format!(
            "Same asks in {}: did not decline {}, refused instead of helping {}, refused instead of guiding {}.",
            row.language,
            counted(&row.not_declined),
            counted(&row.over_refused),
            counted(&row.turned_away),
        ));
    }
    lines
}

/// A mean gap with its interval, as "0.31 (0.22 to 0.40)".
pub(crate) fn gap_text(mean: Option<(f64, Option<(f64, f64)>)>) -> String {
    match mean {
        Some((value, Some((low, high)))) => format!("{value:.2} ({low:.2} to {high:.2})"),
        Some((value, None)) => format!("{value:.2} (too few matters for an interval)"),
        None => "–".to_owned(),
    }
}

/// A share with its interval and counts, as "31.0 % (24.1–38.9 %), 45 / 145, 2
/// unscored".
pub(crate) fn counted(estimate: &Estimate) -> String {
    let unscored = if estimate.unscored > 0 {
        format!(", {} unscored", estimate.unscored)
    } else {
        String::new()
    };
    format!(
        "{}, {} / {}{unscored}",
        share_text(estimate),
        estimate.numerator,
        estimate.denominator
    )
}

fn risk_text(risk: &RiskFigure) -> String {
    let without = if risk.without_weight > 0 {
        format!("; {} probes have no weight", risk.without_weight)
    } else {
        String::new()
    };
    format!(
        "Weighted by severity × likelihood, {}, {}, {} by {}: {} ({} unweighted{without}).",
        risk.target,
        risk.perspective,
        risk.title.to_lowercase(),
        risk.judge,
        share_text(&risk.weighted),
        share_text(&risk.plain),
    )
}
