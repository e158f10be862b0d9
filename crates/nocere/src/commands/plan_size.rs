//! `nocere plan-size`.

use nocere_project::ProjectError;
use nocere_stats::planning::{
    JudgeAccuracy, Plan, SampleSize, detectable_difference, detectable_paired_difference,
    size_against_limit, size_for_half_width, size_for_paired_rates, size_for_two_rates,
};
use serde::Serialize;

use crate::{
    cli::{PlanArgs, PlanSizeCommand},
    context::Context,
    exit::DONE,
    output,
};

#[derive(Serialize)]
struct Answer {
    probes: Option<u64>,
    answers: Option<u64>,
    difference: Option<f64>,
    design_effect: f64,
    plan: Plan,
}

pub(super) fn plan_size(context: &Context, command: &PlanSizeCommand) -> Result<u8, ProjectError> {
    let (args, question) = asked(command);
    let plan = checked(args)?;
    let found = search(command, &plan);
    if found.size.is_none() && found.difference.is_none() {
        return Err(ProjectError::usage(format!("no number of probes can answer this: {question}")).hint(
            "rates and half widths must be between 0 and 1, two rates must differ, and --discordance must be at least their difference",
        ));
    }
    let answer = Answer {
        probes: found.size.map(|size| size.probes),
        answers: found.size.map(|size| size.answers),
        difference: found.difference,
        design_effect: plan.design_effect(),
        plan,
    };
    if context.json {
        output::json(&answer)?;
    } else {
        output::text(&answer_text(&answer, command, &question))?;
    }
    Ok(DONE)
}

/// The plan as written, and the question in words.
fn asked(command: &PlanSizeCommand) -> (&PlanArgs, String) {
    match command {
        PlanSizeCommand::Width {
            plan,
            rate,
            half_width,
        } => (
            plan,
            format!(
                "an interval of ±{:.1} points around {}",
                half_width * 100.0,
                percent(*rate)
            ),
        ),
        PlanSizeCommand::Limit { plan, rate, limit } => (
            plan,
            format!(
                "to show that a rate of {} differs from {}",
                percent(*rate),
                percent(*limit)
            ),
        ),
        PlanSizeCommand::Compare {
            plan,
            first,
            second,
            ..
        } => (
            plan,
            format!(
                "to distinguish {} from {}",
                percent(*first),
                percent(*second)
            ),
        ),
        PlanSizeCommand::Detect {
            plan, probes, base, ..
        } => (
            plan,
            format!(
                "the smallest difference from {} that {probes} probes can show",
                percent(*base)
            ),
        ),
    }
}

/// One of the two, by what was asked; neither where no number of probes would do.
struct Found {
    size: Option<SampleSize>,
    difference: Option<f64>,
}

impl Found {
    fn size(size: Option<SampleSize>) -> Self {
        Self {
            size,
            difference: None,
        }
    }
}

fn search(command: &PlanSizeCommand, plan: &Plan) -> Found {
    match command {
        PlanSizeCommand::Width {
            rate, half_width, ..
        } => Found::size(size_for_half_width(*rate, *half_width, plan)),
        PlanSizeCommand::Limit { rate, limit, .. } => {
            Found::size(size_against_limit(*rate, *limit, plan))
        }
        PlanSizeCommand::Compare {
            first,
            second,
            discordance,
            ..
        } => Found::size(match discordance {
            Some(share) => size_for_paired_rates((first - second).abs(), *share, plan),
            None => size_for_two_rates(*first, *second, plan),
        }),
        PlanSizeCommand::Detect {
            probes,
            base,
            discordance,
            ..
        } => Found {
            size: None,
            difference: match discordance {
                Some(share) => detectable_paired_difference(*share, *probes, plan),
                None => detectable_difference(*base, *probes, plan),
            },
        },
    }
}

fn answer_text(answer: &Answer, command: &PlanSizeCommand, question: &str) -> String {
    let plan = &answer.plan;
    let mut text = format!("{question}: ");
    if let Some(probes) = answer.probes {
        text += &format!("{probes} probes");
    }
    if let Some(answers) = answer.answers.filter(|of| Some(*of) != answer.probes) {
        text += &format!(" ({answers} answers)");
    }
    if let Some(difference) = answer.difference {
        text += &format!("{:.1} points", difference * 100.0);
    }
    text.push('\n');
    if matches!(command, PlanSizeCommand::Compare { .. }) {
        text.push_str("for each target; the same probes for both if --discordance is given\n");
    }
    text.push_str(&format!(
        "alpha {}, power {}, {} answers to each probe (design effect {:.2}), judge: sensitivity {}, specificity {}\n",
        plan.alpha,
        plan.power,
        plan.epochs,
        plan.design_effect(),
        plan.judge.sensitivity,
        plan.judge.specificity
    ));
    if plan.judge != JudgeAccuracy::PERFECT {
        text.push_str("The judge's sensitivity and specificity are assumed to be known exactly; after a small calibration, more probes are needed.\n");
    }
    text
}

fn percent(rate: f64) -> String {
    format!("{:.1} %", rate * 100.0)
}

fn checked(args: &PlanArgs) -> Result<Plan, ProjectError> {
    // Beyond this the normal quantile of the formulas is not exact any more.
    if args.alpha > 0.0 && args.alpha < 1e-9 {
        return Err(ProjectError::usage(format!(
            "--alpha must be at least 1e-9, got {}",
            args.alpha
        )));
    }
    let inside = [
        ("--alpha", args.alpha, 0.0, 1.0),
        ("--power", args.power, 0.0, 1.0),
    ];
    if let Some((flag, value, ..)) = inside
        .iter()
        .find(|(_, value, low, high)| !(value > low && value < high))
    {
        return Err(ProjectError::usage(format!(
            "{flag} must be between 0 and 1, got {value}"
        )));
    }
    let shares = [
        ("--correlation", args.correlation),
        ("--sensitivity", args.sensitivity),
        ("--specificity", args.specificity),
    ];
    if let Some((flag, value)) = shares
        .iter()
        .find(|(_, value)| !(0.0..=1.0).contains(value))
    {
        return Err(ProjectError::usage(format!(
            "{flag} must be from 0 to 1, got {value}"
        )));
    }
    if args.sensitivity + args.specificity <= 1.0 {
        return Err(ProjectError::usage(
            "a judge is no better than chance if sensitivity and specificity add up to 1 or less",
        ));
    }
    if args.epochs == 0 {
        return Err(ProjectError::usage("--epochs must be at least 1"));
    }
    Ok(Plan {
        alpha: args.alpha,
        power: args.power,
        epochs: args.epochs,
        correlation: args.correlation,
        judge: JudgeAccuracy {
            sensitivity: args.sensitivity,
            specificity: args.specificity,
        },
    })
}
