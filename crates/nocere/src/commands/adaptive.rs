//! `nocere adaptive`.

use std::fmt::Write as _;

use nocere_core::text::{plain, plural, wrap};
use nocere_project::{
    AdaptiveReport, AdaptiveRow, Bank, Origin, ProjectError, load_suite, write_whole,
};
use nocere_stats::irt::StopRule;

use crate::{
    cli_adaptive::{AdaptiveCommand, AdaptiveTestArgs},
    context::Context,
    exit::DONE,
    output,
};

pub(super) fn adaptive(context: &Context, command: &AdaptiveCommand) -> Result<u8, ProjectError> {
    let project = &context.project;
    match command {
        AdaptiveCommand::Bank {
            suite,
            runs,
            output,
        } => {
            let suite = load_suite(project, suite)?;
            let bank = project.calibrate_bank(&suite, runs)?;
            if output.as_os_str() == "-" {
                output::data(&bank.to_yaml())?;
            } else {
                write_whole(output, &bank.to_yaml())?;
            }
            let origins: Vec<String> = bank
                .origins()
                .iter()
                .map(|(origin, count)| format!("{count} {}", word(*origin)))
                .collect();
            output::talk(&format!(
                "{} from {}: {}",
                plural(bank.items.len() as u64, "item"),
                plural(bank.targets.len() as u64, "target"),
                origins.join(", ")
            ));
        }
        AdaptiveCommand::Try { run, test } => {
            let (bank, rule) = of_args(test)?;
            show(context, &project.adaptive_on_run(run, &bank, rule)?)?;
        }
        AdaptiveCommand::Ask {
            suite,
            test,
            target,
            local_only,
        } => {
            let (bank, rule) = of_args(test)?;
            let suite = load_suite(project, suite)?;
            show(
                context,
                &project.adaptive_ask(&suite, &bank, rule, target, *local_only)?,
            )?;
        }
    }
    Ok(DONE)
}

fn of_args(args: &AdaptiveTestArgs) -> Result<(Bank, StopRule), ProjectError> {
    if !(args.error > 0.0 && args.error < 1.0) {
        return Err(ProjectError::usage(format!(
            "--error is {}, expected a number above 0 and below 1",
            args.error
        )));
    }
    if args.items == 0 {
        return Err(ProjectError::usage(
            "--items is 0, so nothing would be asked",
        ));
    }
    let text = nocere_suites::read_text(&args.bank)?;
    let rule = StopRule {
        error: args.error,
        items: args.items,
    };
    Ok((Bank::from_yaml(&args.bank, &text)?, rule))
}

fn word(origin: Origin) -> &'static str {
    match origin {
        Origin::Given => "given",
        Origin::Calibrated => "calibrated",
        Origin::Placeholder => "placeholder",
    }
}

fn show(context: &Context, report: &AdaptiveReport) -> Result<(), ProjectError> {
    if context.json {
        return output::json(report);
    }
    output::text(&text(report, output::width()))
}

fn text(report: &AdaptiveReport, width: usize) -> String {
    let mut text = String::new();
    let mut line = |line: &str, indent: &str| {
        let _ = writeln!(text, "{}", wrap(&plain(line), width, indent));
    };
    let origins: Vec<String> = report
        .origins
        .iter()
        .map(|(origin, count)| format!("{count} {}", word(*origin)))
        .collect();
    line(
        &format!(
            "Adaptive test of {}: a bank of {} ({}).",
            report.suite,
            plural(report.items as u64, "item"),
            origins.join(", ")
        ),
        "",
    );
    for row in &report.rows {
        line(&row_text(row, report.items), "  ");
    }
    if let Some(tau) = report.tau {
        line(
            &format!("Kendall’s τ against the shares of right answers to all items: {tau:.3}."),
            "",
        );
    }
    if report.origins.contains_key(&Origin::Placeholder) {
        line(
            "Parameters that are placeholders rest on fewer than five targets: a ranking by them means little.",
            "",
        );
    }
    text
}

fn row_text(row: &AdaptiveRow, items: usize) -> String {
    let unscored = row
        .steps
        .iter()
        .filter(|(_, right, _)| right.is_none())
        .count();
    let full = row.full.map_or_else(String::new, |(right, scored)| {
        format!("; all {items} items: {right} right of {scored} scored")
    });
    let unscored = match unscored {
        0 => String::new(),
        unscored => format!(", {unscored} unscored"),
    };
    format!(
        "{}: ability {:.2}, standard error {:.2}{} after {} of {items} items{unscored}{full}.",
        row.target,
        row.ability.theta,
        row.ability.error,
        if row.is_precise {
            ""
        } else {
            " (above the wanted one)"
        },
        row.steps.len(),
    )
}
