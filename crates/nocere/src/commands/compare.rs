//! `nocere compare`: two runs, or two targets, on the same probes.

use std::fmt::Write as _;

use nocere_analysis::{ComparedFigure, ComparedSide, RunComparison};
use nocere_core::text::{plain, plural, wrap};
use nocere_project::ProjectError;

use crate::{cli::CompareArgs, context::Context, exit::DONE, output};

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
    if context.json {
        output::json(&comparison)?;
    } else {
        output::text(&text(&comparison, output::width()))?;
    }
    Ok(DONE)
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
