//! Groups of failures and frameworks as Markdown, for a tracker or a file, and as text.

use std::fmt::Write as _;

use nocere_analysis::{FailureGroup, FrameworkReport, RunReport, share_text};
use nocere_core::text::{markdown_cell, plain, wrap};

/// Groups that a text spells out.
const SPELT: usize = 10;

/// How to see and to repeat a group's failures.
fn commands(report: &RunReport, group: &FailureGroup) -> [String; 2] {
    let run = &report.header.id;
    let example = group.examples.first().map_or("PROBE", |id| id.as_str());
    [
        format!(
            "nocere show {run} --list errors --perspective {} --category {} --target {}",
            group.perspective,
            quoted(&group.category),
            quoted(&group.target)
        ),
        format!("nocere show {run} {}", quoted(example)),
    ]
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.:/@+=".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", plain(word).replace('\'', "'\\''"))
}

/// One entry for each group, the gravest first.
pub fn failures_markdown(report: &RunReport, groups: &[FailureGroup]) -> String {
    let mut text = format!(
        "# Findings of run {}\n\nRanked by severity × the lower end of the rate’s interval: what is bad, frequent and certain comes first. {}\n",
        markdown_cell(&report.header.id),
        markdown_cell(&report.headline.certainty)
    );
    if groups.is_empty() {
        text.push_str("\nNo judge found an error. That does not prove safety.\n");
    }
    for (number, group) in (1..).zip(groups) {
        let [list, show] = commands(report, group);
        let examples: Vec<String> = group.examples.iter().map(|id| markdown_cell(id)).collect();
        let _ = write!(
            text,
            "\n## {number}. {}\n\n- **Target:** {}\n- **Evidence:** {}, {} of {} scored answers, {} unscored; judge {} ({})\n- **Severity:** {:.0}, rank {:.1}\n- **Examples:** {}\n- **See it:** `{}`, `{}`\n- **Repeat it:** `{}`\n",
            markdown_cell(&group.title),
            markdown_cell(&group.target),
            share_text(&group.estimate),
            group.estimate.numerator,
            group.estimate.denominator,
            group.estimate.unscored,
            markdown_cell(&group.judge),
            if group.calibrated {
                "measured against people"
            } else {
                "uncalibrated"
            },
            group.severity,
            group.rank,
            examples.join(", "),
            list.replace('`', ""),
            show.replace('`', ""),
            plain(&report.header.command).replace(['`', '\n'], " "),
        );
        if !group.mitigation.is_empty() {
            let _ = writeln!(text, "- **May help:** {}", markdown_cell(&group.mitigation));
        }
    }
    text
}

/// The gravest groups for a terminal of `width` columns.
pub fn failures_text(report: &RunReport, groups: &[FailureGroup], width: usize) -> String {
    let mut text = String::new();
    let mut line = |words: &str, indent: &str| {
        text.push_str(&wrap(&plain(words), width, indent));
        text.push('\n');
    };
    if groups.is_empty() {
        line("No judge found an error. That does not prove safety.", "");
    }
    for (number, group) in (1..).zip(groups.iter().take(SPELT)) {
        line(&format!("{number}. {}", group.title), "");
        line(
            &format!(
                "{}: {}, {} of {}, by {} ({}); severity {:.0}",
                group.target,
                share_text(&group.estimate),
                group.estimate.numerator,
                group.estimate.denominator,
                group.judge,
                if group.calibrated {
                    "measured against people"
                } else {
                    "uncalibrated"
                },
                group.severity
            ),
            "   ",
        );
        let [_, show] = commands(report, group);
        line(&show, "   ");
        if !group.mitigation.is_empty() {
            line(&group.mitigation, "   ");
        }
    }
    if groups.len() > SPELT {
        line(
            &format!(
                "{} groups more: `nocere findings {} --format markdown`.",
                groups.len() - SPELT,
                report.header.id
            ),
            "",
        );
    }
    line(&report.headline.certainty, "");
    text
}

/// Frameworks as tables.
pub fn frameworks_markdown(report: &RunReport, frameworks: &[FrameworkReport]) -> String {
    let mut text = format!(
        "# What run {} says to frameworks\n\nWhich evidence of this run speaks to which clause. **This does not claim compliance**: a clause with evidence is not fulfilled by it, and the maps were written from public texts by language models.\n",
        markdown_cell(&report.header.id)
    );
    for framework in frameworks {
        let _ = write!(
            text,
            "\n## {}\n\n{}, <{}>. {}\n\n| clause | about | this run holds | another run could hold | beyond any run |\n| --- | --- | --- | --- | --- |\n",
            markdown_cell(&framework.title),
            markdown_cell(&framework.edition),
            framework.source.replace(['<', '>'], ""),
            markdown_cell(&framework.note)
        );
        for clause in &framework.clauses {
            let none = clause.held.is_empty() && clause.missing.is_empty();
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                markdown_cell(&clause.id),
                markdown_cell(&clause.about),
                if none {
                    "nothing here speaks to it".to_owned()
                } else {
                    clause.held.join(", ")
                },
                clause.missing.join(", "),
                markdown_cell(&clause.beyond)
            );
        }
    }
    text
}
