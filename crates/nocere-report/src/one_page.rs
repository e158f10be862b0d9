//! A page for a board that decides, and a risk card of a model: the report's own sentences and
//! figures, chosen and set out. As HTML, Markdown and JSON.

use std::fmt::Write as _;

use askama::Template;
use nocere_analysis::{Figure, RunReport, Standing, TargetReport};
use nocere_core::{
    Perspective, Side,
    text::{markdown_cell, visible_json},
};
use serde::Serialize;

use crate::{
    error::WriteError,
    html::{interval_mark, shade, sign, style, with_code},
};

/// A figure of the page.
#[derive(Serialize)]
struct Row<'a> {
    target: &'a str,
    who_asks: Perspective,
    /// Whether the system is for this asker; `None` if it is for everyone.
    intended: Option<bool>,
    /// What was counted.
    error: &'a str,
    side: Side,
    /// In [0, 1].
    rate: Option<f64>,
    interval: Option<(f64, f64)>,
    errors: u64,
    scored: u64,
    unscored: u64,
    judge: &'a str,
    calibrated: bool,
    /// The highest rate that a gate allows, if there is one.
    limit: Option<f64>,
    #[serde(skip)]
    figure: &'a Figure,
}

/// What a board needs on one page.
#[derive(Serialize, Template)]
#[template(path = "board.html")]
struct Board<'a> {
    nocere_board: u32,
    run: &'a str,
    created: &'a str,
    nocere_version: &'a str,
    targets: Vec<&'a str>,
    is_finished: bool,
    asked: &'a str,
    found: &'a [String],
    certainty: &'a str,
    missing: &'a str,
    next: &'a [String],
    figures: Vec<Row<'a>>,
    #[serde(skip)]
    style: String,
}

/// Of each target and asker, the harm and the lost help that are surest: the highest lower bounds.
fn surest(report: &RunReport) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for target in &report.targets {
        for of in &target.perspectives {
            for side in [Side::Harm, Side::Help] {
                let low = |figure: &&Figure| {
                    let (low, _) = figure.estimate.interval.unwrap_or_default();
                    (low, figure.estimate.value.unwrap_or_default())
                };
                let scored = of
                    .figures
                    .iter()
                    .filter(|figure| figure.side == side && figure.estimate.denominator > 0);
                let worst = scored.max_by(|a, b| {
                    let (a, b) = (low(a), low(b));
                    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
                });
                rows.extend(worst.map(|figure| row(report, target, of.perspective, figure)));
            }
        }
    }
    rows
}

fn all(report: &RunReport) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for target in &report.targets {
        for of in &target.perspectives {
            let figures = of.figures.iter();
            rows.extend(figures.map(|figure| row(report, target, of.perspective, figure)));
        }
    }
    rows
}

fn row<'a>(
    report: &RunReport,
    target: &'a TargetReport,
    who_asks: Perspective,
    figure: &'a Figure,
) -> Row<'a> {
    let intended = &report.header.intended_users;
    Row {
        target: &target.id,
        who_asks,
        limit: report.limit(&target.id, who_asks, figure),
        intended: (!intended.is_empty()).then(|| intended.contains(&who_asks)),
        error: &figure.title,
        side: figure.side,
        rate: figure.estimate.value,
        interval: figure.estimate.interval,
        errors: figure.estimate.numerator,
        scored: figure.estimate.denominator,
        unscored: figure.estimate.unscored,
        judge: &figure.judge,
        calibrated: matches!(figure.standing, Standing::Calibrated(_)),
        figure,
    }
}

fn board(report: &RunReport) -> Board<'_> {
    let headline = &report.headline;
    Board {
        nocere_board: 1,
        run: &report.header.id,
        created: &report.header.created,
        nocere_version: &report.header.nocere_version,
        targets: report.targets.iter().map(|of| of.id.as_str()).collect(),
        is_finished: !report.unfinished(),
        asked: &headline.asked,
        found: &headline.found,
        certainty: &headline.certainty,
        missing: &headline.missing,
        next: &headline.next,
        figures: surest(report),
        style: style(report),
    }
}

pub(crate) fn board_html(report: &RunReport) -> Result<String, WriteError> {
    Ok(board(report).render()?)
}

pub(crate) fn board_json(report: &RunReport) -> Result<String, WriteError> {
    json(&board(report))
}

pub(crate) fn board_markdown(report: &RunReport) -> String {
    let board = board(report);
    let mut text = format!("# {}\n\n", markdown_cell(&board.targets.join(", ")));
    let _ = writeln!(
        text,
        "nocere run {}, {}{}\n",
        markdown_cell(board.run),
        markdown_cell(board.created),
        if board.is_finished {
            ""
        } else {
            " — **unfinished**"
        }
    );
    headline_markdown(&mut text, report);
    figures_markdown(&mut text, &board.figures);
    text
}

/// Facts of a model, its evaluation and its limits.
#[derive(Serialize, Template)]
#[template(path = "card.html")]
struct Card<'a> {
    nocere_card: u32,
    run: &'a str,
    created: &'a str,
    nocere_version: &'a str,
    command: &'a str,
    is_finished: bool,
    models: Vec<Model<'a>>,
    intended_users: &'a [Perspective],
    asked: &'a str,
    found: &'a [String],
    certainty: &'a str,
    missing: &'a str,
    next: &'a [String],
    figures: Vec<Row<'a>>,
    failures: Vec<Failure<'a>>,
    samples_with_errors: u64,
    suites: Vec<Data<'a>>,
    judges: Vec<JudgeFacts<'a>>,
    unscored: Vec<(&'a str, &'static str, u64)>,
    #[serde(skip)]
    style: String,
}

/// A target.
#[derive(Serialize)]
struct Model<'a> {
    target: &'a str,
    model: &'a str,
    pinned_by: &'a str,
    served: Vec<&'a str>,
    system_prompt: Option<&'a str>,
    temperature: f32,
    max_tokens: u32,
    answers: u64,
    cut: u64,
}

/// One of the worst samples, without its texts.
#[derive(Serialize)]
struct Failure<'a> {
    probe: &'a str,
    target: &'a str,
    who_asks: Perspective,
    category: &'a str,
    problems: &'a [String],
}

/// A suite.
#[derive(Serialize)]
struct Data<'a> {
    title: &'a str,
    version: &'a str,
    licence: &'a str,
    source: &'a str,
    hash: &'a str,
}

/// A judge.
#[derive(Serialize)]
struct JudgeFacts<'a> {
    id: &'a str,
    title: &'a str,
    version: &'a str,
    hash: &'a str,
    labels: u64,
}

/// Failures on a card.
const FAILURES: usize = 6;

fn card(report: &RunReport) -> Card<'_> {
    let headline = &report.headline;
    let models = report.targets.iter().map(|target| Model {
        target: &target.id,
        model: &target.record.identity.model,
        pinned_by: &target.record.identity.pin,
        served: target.served.iter().map(|of| of.model.as_str()).collect(),
        system_prompt: target.record.system_prompt.as_deref(),
        temperature: target.record.sampling.temperature,
        max_tokens: target.record.sampling.max_tokens,
        answers: target.samples,
        cut: target.cut,
    });
    let judges = report.instruments.iter().zip(&report.calibrations);
    Card {
        nocere_card: 1,
        run: &report.header.id,
        created: &report.header.created,
        nocere_version: &report.header.nocere_version,
        command: &report.header.command,
        is_finished: !report.unfinished(),
        models: models.collect(),
        intended_users: &report.header.intended_users,
        asked: &headline.asked,
        found: &headline.found,
        certainty: &headline.certainty,
        missing: &headline.missing,
        next: &headline.next,
        figures: all(report),
        failures: report
            .worst(FAILURES)
            .into_iter()
            .map(|finding| Failure {
                probe: &finding.probe,
                target: &finding.target,
                who_asks: finding.perspective,
                category: &finding.category,
                problems: &finding.problems,
            })
            .collect(),
        samples_with_errors: report.findings_total,
        suites: report
            .suites
            .iter()
            .map(|suite| Data {
                title: &suite.title,
                version: &suite.version,
                licence: &suite.licence,
                source: &suite.source,
                hash: suite.hash.short(),
            })
            .collect(),
        judges: judges
            .map(|(judge, calibration)| JudgeFacts {
                id: &judge.id,
                title: &judge.title,
                version: &judge.version,
                hash: judge.hash.short(),
                labels: calibration.as_ref().map_or(0, |of| of.whole.labelled),
            })
            .collect(),
        unscored: report
            .unscored
            .iter()
            .map(|(judge, reason, count)| (judge.as_str(), reason.as_str(), *count))
            .collect(),
        style: style(report),
    }
}

pub(crate) fn card_html(report: &RunReport) -> Result<String, WriteError> {
    Ok(card(report).render()?)
}

pub(crate) fn card_json(report: &RunReport) -> Result<String, WriteError> {
    json(&card(report))
}

pub(crate) fn card_markdown(report: &RunReport) -> String {
    let card = card(report);
    let mut text = String::from("# Risk card\n\n## Model\n\n");
    for model in &card.models {
        let _ = writeln!(
            text,
            "- **{}**: {}, pinned by {}; temperature {}, at most {} tokens; system prompt: {}; {} answers, {} cut at the limit",
            markdown_cell(model.target),
            markdown_cell(model.model),
            markdown_cell(model.pinned_by),
            model.temperature,
            model.max_tokens,
            model
                .system_prompt
                .map_or_else(|| "none of its own".to_owned(), markdown_cell),
            model.answers,
            model.cut
        );
    }
    text.push('\n');
    headline_markdown(&mut text, report);
    figures_markdown(&mut text, &card.figures);
    let _ = writeln!(
        text,
        "\n## Gravest failures ({} samples with errors)\n",
        card.samples_with_errors
    );
    for failure in &card.failures {
        let _ = writeln!(
            text,
            "- {} ({}, {}): {}",
            markdown_cell(failure.probe),
            failure.who_asks,
            markdown_cell(failure.category),
            markdown_cell(&failure.problems.join("; "))
        );
    }
    text.push_str("\n## Data\n\n");
    for suite in &card.suites {
        let _ = writeln!(
            text,
            "- {} {} ({}), {}",
            markdown_cell(suite.title),
            markdown_cell(suite.version),
            markdown_cell(suite.licence),
            suite.hash
        );
    }
    text.push_str("\n## Judges\n\n");
    for judge in &card.judges {
        let standing = match judge.labels {
            0 => "uncalibrated".to_owned(),
            labels => format!("measured on {labels} labelled answers"),
        };
        let _ = writeln!(
            text,
            "- {} {} ({}): {standing}",
            markdown_cell(judge.title),
            markdown_cell(judge.version),
            judge.hash
        );
    }
    let _ = writeln!(
        text,
        "\n## Repeat\n\n    {}",
        nocere_core::text::plain(card.command).replace('\n', " ")
    );
    text
}

fn headline_markdown(text: &mut String, report: &RunReport) {
    let headline = &report.headline;
    let _ = writeln!(text, "{}\n", markdown_cell(&headline.asked));
    for line in &headline.found {
        let _ = writeln!(text, "> {}\n", markdown_cell(line));
    }
    let _ = writeln!(
        text,
        "{}\n\n{}\n",
        markdown_cell(&headline.certainty),
        markdown_cell(&headline.missing)
    );
    if !headline.next.is_empty() {
        text.push_str("## What to do next\n\n");
        for step in &headline.next {
            let _ = writeln!(text, "1. {}", markdown_cell(step));
        }
        text.push('\n');
    }
}

fn figures_markdown(text: &mut String, rows: &[Row<'_>]) {
    text.push_str("## Figures\n\n| target | who asks | error | rate | 95 % interval | errors / scored | unscored | judge |\n| --- | --- | --- | ---: | ---: | ---: | ---: | --- |\n");
    for row in rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} / {} | {} | {}, {} |",
            markdown_cell(row.target),
            row.who_asks,
            markdown_cell(row.error),
            row.figure.percent(),
            row.figure.interval(),
            row.errors,
            row.scored,
            row.unscored,
            markdown_cell(row.judge),
            markdown_cell(&row.figure.standing.tag())
        );
    }
}

fn json(value: &impl Serialize) -> Result<String, WriteError> {
    let text = serde_json::to_string_pretty(value)?;
    Ok(visible_json(&text).into_owned() + "\n")
}
