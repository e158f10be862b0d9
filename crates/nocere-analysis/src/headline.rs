//! The first screen of a report: what was asked, what was found and how sure that is, what is not
//! covered, and what to do next. Terminal, page and JSON show the same sentences.

use nocere_core::{AnswerOutcome, DriverKind, FigureRow, Perspective, Side, measure, text::plural};

use crate::{
    figure::Figure,
    run_report::{Headline, PerspectiveReport, RunReport, TargetReport},
    standing::Standing,
};

/// Fewest scored answers of a rate that a headline names, if there is one of so many.
const FEWEST: u64 = 5;
/// Share of cut answers from which the limit of tokens is named.
const MANY_CUT: f64 = 0.05;
/// Most targets that are named one by one.
const NAMED: usize = 4;

/// The headline of a finished report. `rows` are the figures' rows: the weights of their findings say
/// which harm is graver.
pub(crate) fn headline(report: &RunReport, rows: &[FigureRow]) -> Headline {
    Headline {
        asked: asked(report),
        found: found(report, rows),
        certainty: certainty(report),
        missing: missing(report),
        next: next(report),
    }
}

/// Who asks, as a plural.
fn askers(perspective: Perspective) -> &'static str {
    match perspective {
        Perspective::Patient => "patients",
        Perspective::Clinician => "clinicians",
        Perspective::General => "general users",
    }
}

fn asked(report: &RunReport) -> String {
    let targets: Vec<&str> = report.targets.iter().map(|of| of.id.as_str()).collect();
    let who = match targets.as_slice() {
        [] => return "Nothing was asked.".to_owned(),
        [only] => (*only).to_owned(),
        several if several.len() <= NAMED => several.join(", "),
        several => format!("{} targets", several.len()),
    };
    let samples: u64 = report.targets.iter().map(|target| target.samples).sum();
    let by: Vec<String> = Perspective::ALL
        .into_iter()
        .filter_map(|perspective| {
            let asked = report
                .targets
                .iter()
                .flat_map(|target| &target.perspectives)
                .filter(|of| of.perspective == perspective)
                .map(|of| of.samples)
                .max()?;
            Some(format!("{asked} as {}", askers(perspective)))
        })
        .collect();
    let suites: Vec<&str> = report.suites.iter().map(|of| of.title.as_str()).collect();
    let from = match suites.as_slice() {
        [only] => (*only).to_owned(),
        several => format!("{} suites", several.len()),
    };
    // The same numbers of each target, or the most that one was asked.
    let alike = report
        .targets
        .windows(2)
        .all(|pair| pair[0].samples == pair[1].samples);
    let each = match (targets.len(), alike) {
        (0 | 1, _) => "",
        (_, true) => " each",
        (_, false) => " at most",
    };
    let how = match &report.header.imported_from {
        Some(_) => "Recorded answers of",
        None => "Asked",
    };
    let attacks = report
        .drivers
        .iter()
        .any(|driver| driver.kind == DriverKind::Attack);
    let attacked = if attacks { ", under attack" } else { "" };
    let intended: Vec<String> = report
        .header
        .intended_users
        .iter()
        .map(|who| askers(*who).to_owned())
        .collect();
    let meant = if intended.is_empty() {
        String::new()
    } else {
        format!(" The deployment is for {}.", list(&intended))
    };
    let state = if report.unfinished() {
        format!(
            " The run is unfinished: {} of {} are done.",
            report.done, report.total
        )
    } else {
        String::new()
    };
    format!(
        "{how} {who}: {}{attacked}, from {from} ({}{each}).{meant}{state}",
        plural(samples, "request"),
        list(&by)
    )
}

/// "a, b and c".
fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn found(report: &RunReport, rows: &[FigureRow]) -> Vec<String> {
    let several = report.targets.len() > 1;
    let mut lines: Vec<String> = report
        .targets
        .iter()
        .take(NAMED)
        .map(|target| {
            let said = of_target(report, target, rows);
            if several {
                format!("{}: {said}", target.id)
            } else {
                said
            }
        })
        .collect();
    if report.targets.len() > NAMED {
        let more = (report.targets.len() - NAMED) as u64;
        lines.push(format!("And {}.", plural(more, "more target")));
    }
    if !report.comparisons.is_empty() {
        let larger = report
            .comparisons
            .iter()
            .filter(|of| of.adjusted < 0.05)
            .count();
        lines.push(format!(
            "{larger} of {} differences between targets are larger than chance explains.",
            report.comparisons.len()
        ));
    }
    lines
}

/// The figure of harm done that weighs most, by its severity and by what is certain of its rate, and
/// the same of help refused.
fn of_target(report: &RunReport, target: &TargetReport, rows: &[FigureRow]) -> String {
    let all: Vec<(&PerspectiveReport, &Figure)> = intended(report, target)
        .flat_map(|of| of.figures.iter().map(move |figure| (of, figure)))
        .collect();
    let worst_of = |side: Side, fewest: u64| {
        all.iter()
            .copied()
            .filter(|(_, figure)| {
                let of = &figure.estimate;
                figure.side == side && of.numerator > 0 && of.denominator >= fewest
            })
            .filter_map(|(of, figure)| {
                let row = rows.iter().find(|row| row.id == figure.figure)?;
                let weight = f64::from(row.finding.as_ref()?.weight);
                let (low, _) = figure.estimate.interval?;
                // Ties go to the figure that comes first.
                Some((low * weight, of, figure))
            })
            .fold(None, |best: Option<(f64, _, _)>, one| match best {
                Some(best) if best.0 >= one.0 => Some(best),
                _ => Some(one),
            })
    };
    // A rate of few answers is named only if there is no other.
    let worst = |side: Side| worst_of(side, FEWEST).or_else(|| worst_of(side, 1));
    let harm = worst(Side::Harm).map(|(_, of, figure)| spoken("Most harm done", of, figure));
    let help =
        worst(Side::Help).map(|(_, of, figure)| spoken("Most help refused or lost", of, figure));
    let said: Vec<String> = [harm, help].into_iter().flatten().collect();
    if !said.is_empty() {
        return said.join(" ");
    }
    nothing_named(report, &all)
}

/// What is said of a target of which no figure can be named. Only what every figure shows is said.
fn nothing_named(report: &RunReport, all: &[(&PerspectiveReport, &Figure)]) -> String {
    let whom = if report.header.intended_users.is_empty() {
        ""
    } else {
        " to its intended users"
    };
    if all.is_empty() {
        return format!("No figure covers its answers{whom}.");
    }
    if all.iter().any(|(_, figure)| figure.estimate.numerator > 0) {
        return "No error that weighs was found, but some figures are not 0: see the table."
            .to_owned();
    }
    let empty = all
        .iter()
        .filter(|(_, figure)| figure.estimate.denominator == 0)
        .count();
    match empty {
        0 => format!(
            "No judge found an error in its answers{whom}. That does not prove safety: see how many answers stand behind it."
        ),
        every if every == all.len() => format!("None of its answers{whom} could be scored."),
        some => format!(
            "No judge found an error in what could be scored of its answers{whom}; {some} of {} figures have no scored answer.",
            all.len()
        ),
    }
}

/// The perspectives that the deployment is for; all if it is for everybody.
fn intended<'a>(
    report: &'a RunReport,
    target: &'a TargetReport,
) -> impl Iterator<Item = &'a PerspectiveReport> {
    let whom = &report.header.intended_users;
    target
        .perspectives
        .iter()
        .filter(move |of| whom.is_empty() || whom.contains(&of.perspective))
}

fn spoken(head: &str, of: &PerspectiveReport, figure: &Figure) -> String {
    let interval = figure
        .estimate
        .interval
        .map_or_else(String::new, |(low, high)| {
            format!("; 95 % interval {:.0}–{:.0} %", low * 100.0, high * 100.0)
        });
    format!(
        "{head}: {}, asked by {}, {:.0} % ({} of {}{interval}).",
        figure.title.to_lowercase(),
        askers(of.perspective),
        figure.estimate.value.unwrap_or(0.0) * 100.0,
        figure.estimate.numerator,
        figure.estimate.denominator,
    )
}

fn certainty(report: &RunReport) -> String {
    let figures: Vec<&Figure> = report
        .targets
        .iter()
        .flat_map(|target| &target.perspectives)
        .flat_map(|of| &of.figures)
        .collect();
    if figures.is_empty() {
        return "There are no figures.".to_owned();
    }
    let known = figures
        .iter()
        .filter(|figure| matches!(figure.standing, Standing::Calibrated(_)))
        .count();
    let judged = match known {
        0 => "No judge was measured against people's labels on such answers, so these figures are an opinion of programs until people have read some of them.".to_owned(),
        all if all == figures.len() => {
            "Every judge was measured against people's labels on such answers.".to_owned()
        }
        some => format!(
            "{some} of {} figures rest on a judge that was measured against people's labels on such answers.",
            figures.len()
        ),
    };
    let scored: u64 = figures.iter().map(|of| of.estimate.denominator).sum();
    let unscored: u64 = figures.iter().map(|of| of.estimate.unscored).sum();
    let share = 100.0 * unscored as f64 / (scored + unscored).max(1) as f64;
    format!("{judged} {share:.0} % of what the figures count could not be scored.")
}

fn missing(report: &RunReport) -> String {
    let mut parts = Vec::new();
    let has = |measure: &str| report.instruments.iter().any(|of| of.measure == measure);
    if !has(measure::HARM) {
        parts.push("how harmful an answer is (no judge rated harm)".to_owned());
    }
    if !has(measure::HELPFULNESS) {
        parts.push("how useful the help is".to_owned());
    }
    parts.push(
        "whether what an answer says is medically correct, beyond keys and points".to_owned(),
    );
    let asked: Vec<Perspective> = report
        .targets
        .iter()
        .flat_map(|target| &target.perspectives)
        .map(|of| of.perspective)
        .collect();
    let absent: Vec<String> = Perspective::ALL
        .into_iter()
        .filter(|who| !asked.contains(who))
        .map(|who| askers(who).to_owned())
        .collect();
    if !absent.is_empty() {
        parts.push(format!("what {} get", list(&absent)));
    }
    let plain = report
        .drivers
        .iter()
        .all(|driver| driver.kind != DriverKind::Attack);
    if plain && report.header.imported_from.is_none() {
        parts.push("what attacks would bring out (none was used)".to_owned());
    }
    let unasked: Vec<String> = report
        .header
        .protocol
        .iter()
        .flat_map(|protocol| &protocol.parts)
        .filter(|part| !part.is_asked())
        .map(|part| part.title.clone())
        .collect();
    if !unasked.is_empty() {
        parts.insert(
            0,
            format!(
                "parts of the protocol that were not asked: {}",
                unasked.join(" · ")
            ),
        );
    }
    format!("Not covered: {}.", parts.join("; "))
}

fn next(report: &RunReport) -> Vec<String> {
    let run = &report.header.id;
    let mut steps = Vec::new();
    if report.unfinished() {
        steps.push(format!("Finish the run: `nocere resume {run}`."));
    }
    if report.findings_total > 0 {
        steps.push(format!(
            "Read the worst of {} with errors, and ask a clinician whether they agree: `nocere show {run} --list errors`.",
            plural(report.findings_total, "sample")
        ));
    }
    let samples: u64 = report.targets.iter().map(|target| target.samples).sum();
    let cut: u64 = report
        .targets
        .iter()
        .flat_map(|target| &target.outcomes)
        .filter(|(outcome, _)| *outcome == AnswerOutcome::Truncated)
        .map(|(_, count)| *count)
        .sum();
    if samples > 0
        && cut as f64 / samples as f64 > MANY_CUT
        && report.header.imported_from.is_none()
    {
        steps.push(format!(
            "{cut} of {} were cut at the limit of tokens: ask again with a higher `--max-tokens`.",
            plural(samples, "answer")
        ));
    }
    let uncalibrated = report
        .targets
        .iter()
        .flat_map(|target| &target.perspectives)
        .flat_map(|of| &of.figures)
        .find(|figure| !matches!(figure.standing, Standing::Calibrated(_)));
    if let Some(figure) = uncalibrated
        && let Some(judge) = report.instruments.iter().find(|of| of.id == figure.judge)
        // What another program recorded cannot be asked again.
        && !judge.recorded
        // The name of a judge that asks a model leaves out some of its options.
        && judge.model.is_none()
    {
        steps.push(format!(
            "Let people label some answers, so that the judges' errors are known: `nocere label {run} --judge {} -o sheet.csv`.",
            judge.id
        ));
    }
    let has_harm = report
        .instruments
        .iter()
        .any(|of| of.measure == measure::HARM);
    if !has_harm && report.done > 0 {
        steps.push(format!(
            "Rate harm with a capable model: `nocere rejudge {run} --judge harm=TARGET`."
        ));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_english() {
        let of = |parts: &[&str]| {
            let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
            list(&parts)
        };
        assert_eq!(of(&[]), "");
        assert_eq!(of(&["a"]), "a");
        assert_eq!(of(&["a", "b", "c"]), "a, b and c");
    }
}
