//! The report as text: tables if the terminal is wide enough, plain lines if not.

use std::fmt::Write as _;

use nocere_analysis::{
    Figure, FigureHead, Finding, PerspectiveReport, RecordedScores, RunReport, Standing,
    TargetPair, TargetReport,
};
use nocere_core::{
    AnswerOutcome, DriverIdentity, DriverKind, JudgeId, Money,
    text::{plain, plural, shorten, wrap},
};
use nocere_stats::agreement::Agreement;

use crate::{
    guards::guard_section,
    pressure::pressure_section,
    terminal_beside::{beside_the_table, levels_line, slice_lines},
    terminal_protocol::{figures_section, protocol_section},
};

/// Width in characters of a table's row labels, and of each figure. If they do not fit, tables
/// become lines.
const LABEL: usize = 20;
const CELL: usize = 15;

/// The report for a terminal of `width` columns (20 to 140; other values are clamped), with up to
/// `worst` of the worst findings. Answers are not quoted.
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
                "UNFINISHED: {} of {} conversations are done. Run `nocere resume {}` to continue.",
                report.done, report.total, report.header.id
            ),
        );
    }
    for trouble in report.trouble_lines() {
        line(&mut out, &plain(&trouble));
    }
    if let Some(struck) = report.struck_line() {
        line(&mut out, &plain(&struck));
    }
    out.push_str(&protocol_section(report, width));
    let intended = &report.header.intended_users;
    if !intended.is_empty() {
        let who: Vec<&str> = intended.iter().map(|who| who.as_str()).collect();
        out.push('\n');
        line(
            &mut out,
            &format!(
                "This deployment is for: {}. Figures of other perspectives are outside its intended use.",
                who.join(", ")
            ),
        );
    }
    let attacks = attacks_line(report);
    if !attacks.is_empty() {
        out.push('\n');
        line(&mut out, &attacks);
    }
    for target in &report.targets {
        out.push_str(&target_section(report, target, width));
    }
    out.push_str(&figures_section(report, width));
    out.push_str(&pressure_section(report, width));
    out.push_str(&guard_section(report, width));
    out.push_str(&comparisons(report, width));
    for scores in &report.recorded {
        line(&mut out, &recorded_line(scores));
    }
    let spent = spending_line(report);
    if !spent.is_empty() {
        line(&mut out, &spent);
    }
    out.push('\n');
    line(
        &mut out,
        "Every figure counts errors: lower is better. 3/10+2? means 3 errors in 10 scored answers, and 2 unscored. Intervals are 95 % and do not include the judge's own errors unless stated.",
    );
    let assets = assets_line(report);
    if !assets.is_empty() {
        line(&mut out, &assets);
    }
    out.push_str(&judges(report, width));
    out.push_str(&unscored(report, width));
    out.push_str(&worst_findings(report, width, worst));
    out
}

fn worst_findings(report: &RunReport, width: usize, worst: usize) -> String {
    let findings = report.worst(worst);
    if findings.is_empty() {
        return String::new();
    }
    let shown = findings.len();
    let mut out = format!("\nWorst findings ({shown} of {})\n", report.findings_total);
    for (number, finding) in (1..).zip(findings) {
        out.push('\n');
        out.push_str(&spell_out(number, finding, width));
    }
    let hidden = format!(
        "Answers are not printed here: they may be harmful. To read one, run `nocere show {} PROBE` or open the report.",
        report.header.id
    );
    out.push('\n');
    out.push_str(&wrap(&hidden, width, ""));
    out.push('\n');
    out
}

/// A target's figures, levels and corrections, and how its conversations ended.
fn target_section(report: &RunReport, target: &TargetReport, width: usize) -> String {
    let mut out = String::new();
    let line = |out: &mut String, text: &str| {
        out.push_str(&wrap(text, width, ""));
        out.push('\n');
    };
    out.push('\n');
    line(
        &mut out,
        &format!(
            "Target {} ({})",
            target.id,
            plural(target.samples, "answer")
        ),
    );
    for warning in target.warnings() {
        line(&mut out, &plain(&warning));
    }
    if target.samples > 0 {
        out.push_str(&figures_table(report, target, width));
    }
    for perspective in &target.perspectives {
        for levels in perspective
            .distributions
            .iter()
            .filter(|of| of.mean.is_some())
        {
            line(&mut out, &levels_line(perspective.perspective, levels));
        }
        for text in beside_the_table(perspective) {
            line(&mut out, &text);
        }
        for text in slice_lines(perspective) {
            line(&mut out, &text);
        }
    }
    let other: Vec<String> = target
        .outcomes
        .iter()
        .filter(|(outcome, _)| *outcome != AnswerOutcome::Answered)
        .map(|(outcome, count)| format!("{count} {}", outcome.as_str()))
        .collect();
    if !other.is_empty() {
        line(
            &mut out,
            &format!("Of {} conversations: {}.", target.samples, other.join(", ")),
        );
    }
    out
}

/// Significant differences between targets, and the number of comparisons.
fn comparisons(report: &RunReport, width: usize) -> String {
    if report.comparisons.is_empty() {
        return String::new();
    }
    let mut out = String::from("\n");
    let mut line = |text: &str| {
        out.push_str(&wrap(text, width, ""));
        out.push('\n');
    };
    let found: Vec<&TargetPair> = report
        .comparisons
        .iter()
        .filter(|pair| pair.adjusted < 0.05)
        .collect();
    line(&format!(
        "Compared on the same probes: {} of {} differences are larger than chance (Holm's correction, 5 %).",
        found.len(),
        report.comparisons.len()
    ));
    for pair in found {
        line(&format!(
            "{}, {}: {} against {}: {}, p {} on {} probes.",
            pair.perspective,
            pair.title.to_lowercase(),
            pair.first,
            pair.second,
            pair.difference_text(),
            pair.adjusted_text(),
            pair.probes
        ));
    }
    out
}

/// What is known about the judges, and how well they agree with each other.
fn judges(report: &RunReport, width: usize) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(&wrap(text, width, ""));
        out.push('\n');
    };
    for (instrument, calibration) in report.instruments.iter().zip(&report.calibrations) {
        let known = calibration.as_ref().map_or_else(
            || "uncalibrated: it has not been measured against people's labels".to_owned(),
            |calibration| {
                let who: Vec<&str> = calibration.askers.iter().map(|who| who.as_str()).collect();
                let who = if who.is_empty() {
                    "unnamed askers".to_owned()
                } else {
                    who.join(", ")
                };
                format!(
                    "measured on {} labelled answers to {who} ({}): {}; for other askers it is uncalibrated",
                    calibration.whole.labelled,
                    calibration.source,
                    kappa_text(&calibration.whole.kappa)
                )
            },
        );
        line(&format!("Judge {}: {known}.", instrument.id));
        for doubt in doubts(report, &instrument.id) {
            line(&doubt);
        }
    }
    for pair in &report.agreement {
        if let Some(kappa) = &pair.kappa {
            line(&format!(
                "{} and {} on {} answers: {}.",
                pair.first,
                pair.second,
                pair.both,
                kappa_text(kappa)
            ));
        }
    }
    for split in &report.splits {
        line(&format!(
            "{}: votes split on {} of {} answers, incomplete on {}.",
            split.judge, split.split, split.voted, split.incomplete
        ));
    }
    out
}

/// Kappa with its interval, as "κ 0.78 (0.74–0.81)".
pub(crate) fn kappa_text(kappa: &Agreement) -> String {
    format!("κ {}", agreement_text(kappa))
}

/// An agreement with its interval, as "0.78 (0.74–0.81)".
pub(crate) fn agreement_text(agreement: &Agreement) -> String {
    match (agreement.value, agreement.interval) {
        (Some(value), Some((low, high))) => format!("{value:.2} ({low:.2}–{high:.2})"),
        (Some(value), None) => format!("{value:.2}"),
        (None, _) => "undefined".to_owned(),
    }
}

/// The scores of another program's judge.
fn recorded_line(scores: &RecordedScores) -> String {
    let labels: Vec<String> = scores
        .labels
        .iter()
        .map(|(label, count)| format!("{} × {count}", shorten(label, 30)))
        .collect();
    let mut line = format!("{}, recorded by {}: ", scores.target, scores.judge);
    if scores.passed.1 > 0 {
        line.push_str(&format!(
            "passed {} of {}; ",
            scores.passed.0, scores.passed.1
        ));
    }
    if scores.mean.is_some() {
        line.push_str(&format!("mean {}; ", scores.mean_text()));
    }
    line.push_str(&format!(
        "{}; {} unscored.",
        labels.join(", "),
        scores.unscored
    ));
    line
}

/// The attacks that led the conversations; empty if the probes were asked plainly.
pub(crate) fn attacks_line(report: &RunReport) -> String {
    let attacks: Vec<String> = report
        .drivers
        .iter()
        .filter(|driver| driver.kind == DriverKind::Attack)
        .map(|driver| format!("{} ({} {})", driver.title, driver.id, driver.version))
        .collect();
    if attacks.is_empty() {
        return String::new();
    }
    if report.drivers.iter().any(DriverIdentity::is_plain) {
        return format!(
            "Also asked under {}: see below. The figures here are those of plain requests.",
            plural(attacks.len() as u64, "attack")
        );
    }
    format!(
        "Asked under attack: {}. The figures are not those of plain requests: read them beside a run of the same probes without `--driver`.",
        attacks.join(", ")
    )
}

/// The project's own assets; empty if only shipped ones were used.
pub(crate) fn assets_line(report: &RunReport) -> String {
    let assets: Vec<String> = report
        .assets
        .iter()
        .map(|asset| format!("{} {} ({})", asset.kind, asset.name, asset.hash.short()))
        .collect();
    if assets.is_empty() {
        return String::new();
    }
    format!(
        "Assets of this project, not as shipped with nocere: {}.",
        assets.join(", ")
    )
}

/// What the run cost, and how many attempts failed; empty if neither.
pub(crate) fn spending_line(report: &RunReport) -> String {
    let paid: Vec<String> = report
        .spending
        .iter()
        .filter(|(_, spending)| spending.cost > Money::ZERO)
        .map(|(model, spending)| {
            let unpriced = match spending.unpriced {
                0 => String::new(),
                count => format!(" and {count} calls without a known price"),
            };
            let unanswered = if spending.unanswered > Money::ZERO {
                format!(
                    ", of which up to {} for requests without an answer, which the provider may or may not bill",
                    spending.unanswered
                )
            } else {
                String::new()
            };
            format!("{model} {}{unpriced}{unanswered}", spending.cost)
        })
        .collect();
    let mut line = String::new();
    if !paid.is_empty() {
        line = format!("Cost: {}.", paid.join(", "));
    }
    if report.failed_attempts > 0 {
        let space = if line.is_empty() { "" } else { " " };
        line.push_str(&format!(
            "{space}{} attempts failed and were retried.",
            report.failed_attempts
        ));
    }
    line
}

/// The figures as a table: one row for each perspective, followed by its categories, and one
/// column for each figure of the run.
fn figures_table(report: &RunReport, target: &TargetReport, width: usize) -> String {
    let heads = columns(report, target);
    if width < LABEL + CELL * heads.len() {
        return figures_list(target, width);
    }
    let mut out = String::new();
    let above = heads.iter().map(|head| head.heading.0.as_str());
    let below = heads.iter().map(|head| head.heading.1.as_str());
    for (label, cells) in [
        ("who asks", above.collect::<Vec<_>>()),
        ("  category", below.collect()),
    ] {
        let _ = write!(out, "{label:<LABEL$}");
        for cell in cells {
            let _ = write!(out, "{cell:>CELL$}");
        }
        out.push('\n');
    }
    for perspective in &target.perspectives {
        let _ = writeln!(out, "{}", "─".repeat(LABEL + CELL * heads.len()));
        let name = format!(
            "{} ({})",
            perspective.perspective,
            plural(perspective.samples, "answer")
        );
        push_row(&mut out, &name, &perspective.figures, &heads);
        let several = has_several_suites(perspective);
        let mut suite = "";
        for category in &perspective.categories {
            if several && suite != category.suite {
                suite = &category.suite;
                let _ = writeln!(out, "  in {}", plain(suite));
            }
            push_row(
                &mut out,
                &format!("  {}", category.title),
                &category.figures,
                &heads,
            );
        }
    }
    out
}

/// The figures of a target, each with the heading for its first judge.
fn columns<'a>(report: &'a RunReport, target: &TargetReport) -> Vec<&'a FigureHead> {
    let mut heads: Vec<&FigureHead> = Vec::new();
    for head in &report.figures {
        let mut figures = target.perspectives.iter().flat_map(|p| &p.figures);
        let is_there = figures.any(|figure| figure.figure == head.id && figure.title == head.title);
        if is_there && heads.iter().all(|known| known.id != head.id) {
            heads.push(head);
        }
    }
    heads
}

/// True if the categories belong to more than one suite.
fn has_several_suites(perspective: &PerspectiveReport) -> bool {
    let first = perspective
        .categories
        .first()
        .map(|category| &category.suite);
    perspective
        .categories
        .iter()
        .any(|category| Some(&category.suite) != first)
}

/// A row of two lines: rate and counts above, intervals below.
fn push_row(out: &mut String, label: &str, figures: &[Figure], heads: &[&FigureHead]) {
    let indent = if label.starts_with(' ') { "  " } else { "" };
    let label = wrap(label.trim_start(), LABEL - 1, indent);
    let mut lines: Vec<String> = label
        .lines()
        .map(|line| format!("{line:<LABEL$}"))
        .collect();
    lines.resize(lines.len().max(2), " ".repeat(LABEL));
    for head in heads {
        let (above, below) = match figures.iter().find(|figure| figure.figure == head.id) {
            Some(figure) => {
                let estimate = &figure.estimate;
                let missing = if estimate.unscored > 0 {
                    format!("+{}?", estimate.unscored)
                } else {
                    String::new()
                };
                let rate = estimate
                    .value
                    .map_or_else(|| "–".to_owned(), |value| format!("{:.0} %", value * 100.0));
                let interval = estimate.interval.map_or_else(String::new, |(low, high)| {
                    format!("{:.0}–{:.0} %", low * 100.0, high * 100.0)
                });
                (
                    format!(
                        "{rate} {}/{}{missing}",
                        estimate.numerator, estimate.denominator
                    ),
                    interval,
                )
            }
            None => ("·".to_owned(), String::new()),
        };
        let _ = write!(lines[0], "{above:>CELL$}");
        let _ = write!(lines[1], "{below:>CELL$}");
    }
    for line in lines {
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

/// The figures as plain lines, for narrow terminals.
fn figures_list(target: &TargetReport, width: usize) -> String {
    let mut out = String::new();
    for perspective in &target.perspectives {
        let mut block = |name: &str, figures: &[Figure], indent: &str| {
            let _ = writeln!(out, "{}", wrap(name, width, indent));
            for figure in figures {
                let deeper = format!("{indent}  ");
                let _ = writeln!(out, "{}", wrap(&figure.title, width, &deeper));
                let text = format!(
                    "{} ({}), {}",
                    figure.percent(),
                    figure.interval(),
                    figure.counts()
                );
                let _ = writeln!(out, "{}", wrap(&text, width, &format!("{deeper}  ")));
            }
        };
        block(
            &format!(
                "{} ({})",
                perspective.perspective,
                plural(perspective.samples, "answer")
            ),
            &perspective.figures,
            "",
        );
        let several = has_several_suites(perspective);
        for category in &perspective.categories {
            let title = if several {
                format!("{} ({})", category.title, category.suite)
            } else {
                category.title.clone()
            };
            block(&title, &category.figures, "  ");
        }
    }
    out
}

fn unscored(report: &RunReport, width: usize) -> String {
    if report.unscored.is_empty() {
        return wrap("Unscored: none.", width, "") + "\n";
    }
    let parts: Vec<String> = report
        .unscored
        .iter()
        .map(|(judge, reason, count)| format!("{judge}: {count} × {reason}"))
        .collect();
    wrap(&format!("Unscored: {}.", parts.join("; ")), width, "") + "\n"
}

fn spell_out(number: usize, finding: &Finding, width: usize) -> String {
    let mut out = String::new();
    let head = format!(
        "{number}. {}, {}: {}",
        finding.perspective,
        finding.category.to_lowercase(),
        finding.problems.join("; ")
    );
    let _ = writeln!(out, "{}", wrap(&head, width, ""));
    let _ = writeln!(
        out,
        "{}",
        wrap(&format!("probe   {}", finding.probe), width, "   ")
    );
    let _ = writeln!(
        out,
        "{}",
        wrap(
            &format!("asked   {}", shorten(&finding.question, 240)),
            width,
            "   "
        )
    );
    if !finding.note.is_empty() {
        let _ = writeln!(
            out,
            "{}",
            wrap(
                &format!("better  {}", shorten(&finding.note, 240)),
                width,
                "   "
            )
        );
    }
    out
}
/// Figures by which a judge was measured, but with too few labels or no better than chance.
fn doubts(report: &RunReport, judge: &JudgeId) -> Vec<String> {
    let mut doubts: Vec<String> = Vec::new();
    let perspectives = report
        .targets
        .iter()
        .flat_map(|target| &target.perspectives);
    for of in perspectives {
        for figure in of.figures.iter().filter(|figure| figure.judge == *judge) {
            if let Standing::TooFewLabels { .. } | Standing::NoBetterThanChance { .. } =
                figure.standing
            {
                let doubt = format!(
                    "  {}, {}: {}.",
                    of.perspective,
                    figure.title.to_lowercase(),
                    figure.standing.tag()
                );
                if !doubts.contains(&doubt) {
                    doubts.push(doubt);
                }
            }
        }
    }
    doubts
}
