//! `nocere compare`: two runs, or two targets, on the same probes.

use std::fmt::Write as _;

use nocere_analysis::{ComparedFigure, ComparedSide, RunComparison, Within};
use nocere_core::{
    JudgeId, Perspective,
    text::{plain, plural, wrap},
};
use nocere_project::ProjectError;
use serde::Serialize;

use crate::{
    cli::CompareArgs,
    context::Context,
    exit::{DONE, GATE, INCONCLUSIVE},
    output,
};

/// Share of answers scored on one side only from which a line warns.
const MANY_LOST: f64 = 0.05;
/// Most flips that are listed in text.
const FLIPS: usize = 20;

pub(super) fn compare(context: &Context, args: &CompareArgs) -> Result<u8, ProjectError> {
    let second = args.second_run.as_deref().unwrap_or(&args.first_run);
    let comparison = context.project.compare_runs(
        (&args.first_run, args.first.as_deref()),
        (second, args.second.as_deref()),
    )?;
    let tested = tested(args, &comparison)?;
    if context.json {
        output::json(&Compared {
            comparison: &comparison,
            margins: &tested,
        })?;
    } else {
        let width = output::width();
        let text = text(&comparison, width) + &margins_text(args, &tested, width);
        output::text(&text)?;
    }
    let has = |within: Within| tested.iter().any(|one| one.within == within);
    Ok(match (has(Within::No), has(Within::Unclear)) {
        (true, _) => GATE,
        (false, true) => INCONCLUSIVE,
        (false, false) => DONE,
    })
}

/// As JSON.
#[derive(Serialize)]
struct Compared<'a> {
    #[serde(flatten)]
    comparison: &'a RunComparison,
    /// Empty without `--margin`.
    margins: &'a [Tested<'a>],
}

/// A figure held against the margin.
#[derive(Serialize)]
struct Tested<'a> {
    perspective: Perspective,
    figure: &'a str,
    title: &'a str,
    judge: &'a JudgeId,
    /// Upper end of the 95 % interval of the difference, with what only the first side scored counted as
    /// errors of the second.
    upper: f64,
    within: Within,
}

fn tested<'a>(
    args: &CompareArgs,
    comparison: &'a RunComparison,
) -> Result<Vec<Tested<'a>>, ProjectError> {
    let Some(margin) = args.margin else {
        return Ok(Vec::new());
    };
    if !(0.0..1.0).contains(&margin) {
        return Err(ProjectError::usage(format!(
            "--margin is {margin}, expected a share from 0 to below 1, such as 0.03"
        )));
    }
    let known: Vec<&str> = comparison
        .figures
        .iter()
        .map(|of| of.figure.as_str())
        .collect();
    if let Some(unknown) = args.figure.iter().find(|id| !known.contains(&id.as_str())) {
        return Err(ProjectError::unknown(
            format!("the comparison has no figure `{unknown}`"),
            unknown,
            known.iter().copied(),
            "`nocere compare … --json` lists the figures that both sides have",
        ));
    }
    let wanted = comparison
        .figures
        .iter()
        .filter(|of| args.figure.is_empty() || args.figure.contains(&of.figure));
    let tested: Vec<Tested<'a>> = wanted
        .map(|of| Tested {
            perspective: of.perspective,
            figure: &of.figure,
            title: &of.title,
            judge: &of.judge,
            upper: of.worst(),
            within: of.within(margin),
        })
        .collect();
    if tested.is_empty() {
        return Err(ProjectError::usage(
            "--margin has nothing to test: the sides share no figure".to_owned(),
        ));
    }
    Ok(tested)
}

fn margins_text(args: &CompareArgs, tested: &[Tested<'_>], width: usize) -> String {
    let margin = args.margin.unwrap_or_default() * 100.0;
    let mut out = String::new();
    for one in tested {
        let said = match one.within {
            Within::Yes => "shown",
            Within::No => "no: worse by more",
            Within::Unclear => {
                "not shown: too few probes, too many without a score on the second side, or worse by about that"
            }
        };
        let line = format!(
            "At most {margin:.1} points worse, {}, {} (judge: {}): {said} (one-sided at 2.5 %: at most {:+.1}, with lost scores as errors).",
            one.perspective,
            one.title.to_lowercase(),
            one.judge,
            one.upper * 100.0
        );
        out.push_str(&wrap(&plain(&line), width, ""));
        out.push('\n');
    }
    out
}

fn text(comparison: &RunComparison, width: usize) -> String {
    let mut out = String::new();
    let mut line = |text: &str, indent: &str| {
        out.push_str(&wrap(&plain(text), width, indent));
        out.push('\n');
    };
    line(&format!("first   {}", side(&comparison.first)), "");
    line(&format!("second  {}", side(&comparison.second)), "");
    let alone = comparison.first.alone + comparison.second.alone;
    line(
        &format!(
            "Compared on {} asked of both in the same words; {alone} were asked of one only.",
            plural(comparison.shared, "probe")
        ),
        "",
    );
    for note in &comparison.notes {
        line(note, "");
    }
    line("", "");
    let mut larger = 0;
    for figure in &comparison.figures {
        larger += usize::from(figure.adjusted < 0.05);
        line(&figure_line(figure), "");
    }
    line("", "");
    line(
        &format!(
            "{larger} of {} differences are larger than chance explains (Holm's correction, 5 %). The intervals do not account for the errors of the judge, which is the same for both.",
            comparison.figures.len()
        ),
        "",
    );
    if comparison.flips.is_empty() {
        line("No probe is an error on one side only.", "");
        return out;
    }
    let new = comparison.flips.iter().filter(|flip| flip.is_new).count();
    line(
        &format!(
            "{}, {} that are gone:",
            plural(new as u64, "new error"),
            comparison.flips.len() - new
        ),
        "",
    );
    for flip in comparison.flips.iter().take(FLIPS) {
        let what = if flip.is_new { "new " } else { "gone" };
        line(
            &format!(
                "{what} {} ({}): {} (judge: {})",
                flip.probe,
                flip.perspective,
                flip.title.to_lowercase(),
                flip.judge
            ),
            "  ",
        );
    }
    if comparison.flips.len() > FLIPS {
        line(
            &format!(
                "and {} more: `nocere compare … --json` has all",
                comparison.flips.len() - FLIPS
            ),
            "  ",
        );
    }
    line(
        &format!(
            "Read both answers: `nocere show {} PROBE` and `nocere show {} PROBE`.",
            comparison.first.run, comparison.second.run
        ),
        "",
    );
    out
}

fn side(of: &ComparedSide) -> String {
    let served = if of.served.is_empty() {
        String::new()
    } else {
        format!(", served by {}", of.served.join(", "))
    };
    format!("{} of run {}{served}", of.target, of.run)
}

/// "patient, declined, should help (judge: behaviour): 20.0 % → 35.0 %, +15.0 points (…)".
fn figure_line(figure: &ComparedFigure) -> String {
    let points = |value: f64| {
        let sign = if value < 0.0 { "−" } else { "+" };
        format!("{sign}{:.1}", value.abs() * 100.0)
    };
    let mut text = format!(
        "{}, {} (judge: {}): {:.1} % → {:.1} % on {}, {} points ({} to {})",
        figure.perspective,
        figure.title.to_lowercase(),
        figure.judge,
        figure.rates.0 * 100.0,
        figure.rates.1 * 100.0,
        plural(figure.probes, "probe"),
        points(figure.difference),
        points(figure.interval.0),
        points(figure.interval.1),
    );
    if figure.adjusted < 0.05 {
        let p = if figure.adjusted < 0.001 {
            "p < 0.001".to_owned()
        } else {
            format!("p {:.3}", figure.adjusted)
        };
        let _ = write!(text, ", larger than chance explains, {p}");
    } else {
        let _ = write!(
            text,
            "; a difference of {:.0} points would have been seen in four of five cases",
            figure.could_be_seen * 100.0
        );
    }
    let (first, second) = figure.lost;
    if first + second > 0 {
        let _ = write!(
            text,
            "; left out are {first} that only the first side scored and {second} that only the second did"
        );
        let share = (first + second) as f64 / (figure.probes + first + second) as f64;
        if share > MANY_LOST {
            text.push_str(", enough to explain a difference");
        }
    }
    text.push('.');
    text
}
