//! The report as text: a table where there is room for one, plain lines where there is not.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::{
    finding::Finding,
    metric::Figure,
    run_report::{RunReport, TargetReport},
    text::{plain, shorten},
};

/// Narrower than this, tables become lines.
const TABLE_WIDTH: usize = 72;

/// The whole report for a terminal of `width` columns; `worst` findings are spelled out.
pub fn terminal_report(report: &RunReport, width: usize, worst: usize) -> String {
    let width = width.clamp(20, 140);
    let mut out = String::new();
    let line = |out: &mut String, text: &str| {
        out.push_str(&wrap(text, width, ""));
        out.push('\n');
    };
    line(&mut out, &format!("Run {}", report.header.id));
    if report.unfinished() {
        line(
            &mut out,
            &format!(
                "UNFINISHED: {} of {} conversations. `nocere resume {}` goes on.",
                report.done, report.total, report.header.id
            ),
        );
    }
    for target in &report.targets {
        out.push('\n');
        line(&mut out, &format!("Target {} ({} answers)", target.id, target.samples));
        out.push_str(&by_perspective(target, width));
        let categories = by_category(target, width);
        if !categories.is_empty() {
            out.push('\n');
            line(&mut out, "By category");
            out.push_str(&categories);
        }
        if target.cut > 0 {
            line(&mut out, &format!("{} of {} answers were cut at the token limit.", target.cut, target.samples));
        }
    }
    out.push('\n');
    line(&mut out, "Every figure counts errors: lower is better. Intervals: 95 %. The judges are uncalibrated: nobody has measured them against clinicians' labels yet.");
    out.push_str(&unscored(report, width));
    let findings = report.worst(worst);
    if !findings.is_empty() {
        out.push('\n');
        line(&mut out, &format!("Worst findings ({} of {})", findings.len(), report.findings_total));
        for (number, finding) in (1..).zip(findings) {
            out.push('\n');
            out.push_str(&spell_out(number, finding, width));
        }
    }
    out
}

fn by_perspective(target: &TargetReport, width: usize) -> String {
    let rows = target.perspectives.iter().flat_map(|perspective| {
        perspective.figures.iter().map(|figure| (perspective.perspective.to_string(), figure))
    });
    figures_table("who asks", rows, width)
}

fn by_category(target: &TargetReport, width: usize) -> String {
    let rows = target.perspectives.iter().flat_map(|perspective| {
        perspective.categories.iter().flat_map(move |category| {
            let name = format!("{}: {}", perspective.perspective, category.title);
            category.figures.iter().map(move |figure| (name.clone(), figure))
        })
    });
    figures_table("who asks: category", rows, width)
}

fn figures_table<'a>(heading: &str, rows: impl Iterator<Item = (String, &'a Figure)>, width: usize) -> String {
    let mut previous = String::new();
    if width < TABLE_WIDTH {
        let mut out = String::new();
        for (name, figure) in rows {
            if name != previous {
                out.push_str(&wrap(&name, width, ""));
                out.push('\n');
                previous = name;
            }
            out.push_str(&wrap(figure.metric.title(), width, "  "));
            out.push('\n');
            let text = format!("{} ({}), {}", figure.percent(), figure.interval(), figure.counts());
            out.push_str(&wrap(&text, width, "    "));
            out.push('\n');
        }
        return out;
    }
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width as u16)
        .set_header([heading, "error", "rate", "95 % interval", "counts"]);
    for index in 2..5 {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut any = false;
    for (name, figure) in rows {
        any = true;
        let shown = if name == previous { String::new() } else { name.clone() };
        table.add_row([
            shown,
            figure.metric.title().to_owned(),
            figure.percent(),
            figure.interval(),
            figure.counts(),
        ]);
        previous = name;
    }
    if any { format!("{table}\n") } else { String::new() }
}

fn unscored(report: &RunReport, width: usize) -> String {
    if report.unscored.is_empty() {
        return wrap("Unscored: none.", width, "") + "\n";
    }
    let parts: Vec<String> =
        report.unscored.iter().map(|(judge, reason, count)| format!("{judge}: {count} × {reason}")).collect();
    wrap(&format!("Unscored: {}.", parts.join("; ")), width, "") + "\n"
}

fn spell_out(number: usize, finding: &Finding, width: usize) -> String {
    let mut out = String::new();
    let head = format!("{number}. {}, {}: {}", finding.perspective, finding.category.to_lowercase(), finding.problems.join("; "));
    let _ = writeln!(out, "{}", wrap(&head, width, ""));
    let _ = writeln!(out, "{}", wrap(&format!("probe   {}", finding.probe), width, "   "));
    let _ = writeln!(out, "{}", wrap(&format!("asked   {}", shorten(&finding.question, 240)), width, "   "));
    let _ = writeln!(out, "{}", wrap(&format!("answer  {}", shorten(&finding.answer, 200)), width, "   "));
    if !finding.note.is_empty() {
        let _ = writeln!(out, "{}", wrap(&format!("better  {}", shorten(&finding.note, 240)), width, "   "));
    }
    out
}

/// Breaks `text` at spaces into lines of at most `width` characters, each behind `indent`.
pub fn wrap(text: &str, width: usize, indent: &str) -> String {
    let room = width.saturating_sub(indent.chars().count()).max(8);
    let mut lines: Vec<String> = Vec::new();
    for paragraph in plain(text).lines() {
        let mut current = String::new();
        for word in paragraph.split(' ') {
            let mut word = word.to_owned();
            if !current.is_empty() && current.chars().count() + 1 + word.chars().count() > room {
                lines.push(std::mem::take(&mut current));
            }
            while word.chars().count() > room {
                let head: String = word.chars().take(room).collect();
                word = word.chars().skip(room).collect();
                lines.push(head);
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(&word);
        }
        lines.push(current);
    }
    lines.iter().map(|line| format!("{indent}{line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_lines_fit() {
        let text = wrap("a hospital safety officer reads supercalifragilisticexpialidocious words", 20, "  ");
        assert!(text.lines().all(|line| line.chars().count() <= 20), "{text}");
        assert_eq!(wrap("", 20, "  "), "");
    }
}
