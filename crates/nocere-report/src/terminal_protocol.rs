//! The terminal report's lines for a protocol's tables and for figures over linked probes.

use nocere_analysis::{
    ContrastPairs, ContrastReport, LinkedFigures, MeansTable, PartTable, RiskFigure, RollupFigure,
    RollupReport, RunReport, TableRow, parts_lines, share_text,
};
use nocere_core::{JudgeId, text::wrap};
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
            let by_category = if table.labels.len() > 2 {
                "level"
            } else {
                "score"
            };
            let by_category = format!("Mean {by_category} by category");
            for pair in &table.mean_pairs {
                line(
                    &format!(
                        "{} minus {}, mean difference by probe, by {}: {} on {} probes, p after Bonferroni’s correction {}.",
                        pair.first,
                        pair.second,
                        pair.judge,
                        pair.difference_text(),
                        pair.probes,
                        pair.adjusted_text()
                    ),
                    "  ",
                );
            }
            let tables = [
                (by_category.as_str(), &table.means),
                ("Mean score by axis of the criteria", &table.axes),
            ];
            for (head, means) in tables {
                for text in means.iter().flat_map(|means| means_lines(head, means)) {
                    line(&text, "  ");
                }
            }
        }
    }
    for rollup in &report.rollups {
        out.push_str(&rollup_text(rollup, width));
    }
    for contrast in &report.contrasts {
        out.push_str(&contrast_text(contrast, width));
    }
    out
}

/// A line for each row of means.
fn means_lines(head: &str, means: &MeansTable) -> Vec<String> {
    let lines = means.rows.iter().map(|(target, judge, values)| {
        let cells: Vec<String> = means
            .categories
            .iter()
            .zip(values)
            .map(|(category, mean)| {
                let mean = mean.map_or_else(|| "–".to_owned(), |mean| mean.text());
                format!("{category} {mean}")
            })
            .collect();
        format!("{head}, {target} by {judge}: {}.", cells.join("; "))
    });
    lines.collect()
}

/// The groups of a roll-up and the whole, a line for each target.
fn rollup_text(rollup: &RollupReport, width: usize) -> String {
    let mut out = format!("\n{}\n", wrap(&rollup.definition.title, width, ""));
    for row in &rollup.rows {
        let text = |figure: Option<&RollupFigure>| {
            figure.map_or_else(|| "–".to_owned(), |figure| figure.text(rollup.is_share))
        };
        let groups = rollup.definition.groups.iter().zip(&row.groups);
        let groups: Vec<String> = groups
            .map(|(group, figure)| format!("{} {}", group.title, text(figure.as_ref())))
            .collect();
        let plain = match &row.plain {
            Some(figure) => text(Some(figure)),
            None => format!("not computed: no scored answer in {}", row.empty.join(", ")),
        };
        let weighted = match &row.weighted {
            Some(figure) => format!(
                "{}, {} scored, {} unscored",
                text(Some(figure)),
                figure.scored,
                figure.unscored
            ),
            None => "not computed: different units".to_owned(),
        };
        let judges: Vec<&str> = row.judges.iter().map(JudgeId::as_str).collect();
        let line = format!(
            "{} by {}: {}. Mean of the groups: {plain}. All answers: {weighted}.",
            row.target,
            judges.join(", "),
            groups.join("; ")
        );
        out.push_str(&wrap(&line, width, "  "));
        out.push('\n');
    }
    out
}

/// Two figures set against each other, a line for each target.
fn contrast_text(contrast: &ContrastReport, width: usize) -> String {
    let mut out = format!("\n{}\n", wrap(&contrast.definition.title, width, ""));
    let mut line = |text: &str| {
        out.push_str(&wrap(text, width, "  "));
        out.push('\n');
    };
    if !contrast.definition.note.is_empty() {
        line(&contrast.definition.note);
    }
    for row in &contrast.rows {
        let sides = contrast.sides.iter().zip(&row.figures).zip(&row.judges);
        let sides: Vec<String> = sides
            .map(|((side, figure), judges)| {
                let judges: Vec<&str> = judges.iter().map(JudgeId::as_str).collect();
                match figure {
                    Some(figure) => format!(
                        "{} {} by {}",
                        side.title,
                        figure.text(side.is_share),
                        judges.join(", ")
                    ),
                    None => format!("{} not computed", side.title),
                }
            })
            .collect();
        line(&format!("{}: {}.", row.target, sides.join("; ")));
        if let Some(pairs) = &row.pairs {
            line(&pairs_text(pairs));
        }
    }
    out
}

fn pairs_text(pairs: &ContrastPairs) -> String {
    let mut text = format!(
        "{} probes scored on both sides, {} not",
        pairs.probes, pairs.unscored
    );
    if let Some(agreement) = &pairs.agreement {
        text.push_str(&format!(
            "; both, first only, second only, neither: {}; agree {}; second minus first {} points",
            pairs.cells_text(),
            share_text(agreement),
            pairs.difference_text()
        ));
    }
    if pairs.tau.is_some() {
        text.push_str(&format!("; Kendall’s τ {}", pairs.tau_text()));
    }
    text.push('.');
    text
}

fn row_text(table: &PartTable, row: &TableRow) -> String {
    let head = format!("{} by {} ({})", row.target, row.judge, row.standing.tag());
    let mut tail = match row.published_judge.text() {
        note if note.is_empty() => String::new(),
        note => format!("; {note}"),
    };
    if let Some(probabilities) = row.probabilities.as_ref().filter(|_| table.means.is_some()) {
        let each = table.labels.iter().zip(probabilities);
        let each: Vec<String> = each
            .map(|(label, mean)| format!("{label} {mean:.2}"))
            .collect();
        tail = format!("; mean probabilities {}{tail}", each.join(", "));
    }
    let columns: Vec<String> = table
        .columns
        .iter()
        .zip(&row.derived)
        .map(|(column, share)| format!("{} {}", column.title.to_lowercase(), share_text(share)))
        .collect();
    let mean = row.mean.filter(|_| table.means.is_some());
    let Some(mean) = mean.filter(|_| table.labels.len() != 2) else {
        let shares: Vec<String> = table
            .labels
            .iter()
            .zip(&row.shares)
            .map(|(label, (count, share))| format!("{label} {count}: {}", share_text(share)))
            .chain(columns)
            .chain(mean.map(|mean| format!("mean {}", mean.text())))
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
    if table.labels.is_empty() {
        return format!(
            "{head}:{columns} mean {}; {} scored, {} unscored{tail}.",
            mean.text(),
            row.scored,
            row.unscored
        );
    }
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
        ("in another order of the options", &figures.other_orders),
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
