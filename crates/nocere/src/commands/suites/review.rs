//! `nocere suites review`: a form for clinicians, and its way back.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use nocere_builder::{QUESTIONS, Review, ReviewOutcome, review_form, review_outcomes};
use nocere_core::{Probe, Reader, Suite, text::plain, text::wrap};
use nocere_project::{ProjectError, load_suite, write_whole};
use serde_json::json;

use super::sample::may_export;
use crate::{cli::ReviewSuiteArgs, context::Context, exit::DONE, output};

/// Most doubted probes that are listed.
const LISTED: usize = 20;

pub(super) fn review(context: &Context, args: &ReviewSuiteArgs) -> Result<u8, ProjectError> {
    let suite = load_suite(&context.project, &args.suite)?;
    match &args.output {
        Some(path) => write_form(context, args, suite, path),
        None => read_forms(context, args, &suite),
    }
}

fn write_form(
    context: &Context,
    args: &ReviewSuiteArgs,
    suite: Suite,
    path: &Path,
) -> Result<u8, ProjectError> {
    may_export(&suite)?;
    if args.n == 0 {
        return Err(ProjectError::usage("-n 0 would leave the form empty"));
    }
    if path.exists() {
        return Err(
            ProjectError::usage(format!("{} already exists", path.display()))
                .hint("it may hold a reader's work: give another name"),
        );
    }
    let mut suites = vec![suite];
    nocere_suites::balanced(&mut suites, args.n, args.seed);
    let suite = suites.remove(0);
    write_whole(path, &review_form(&suite, args.seed))?;
    if !context.quiet {
        output::talk(&instructions(&suite, path));
    }
    Ok(DONE)
}

/// What a reader needs to know.
fn instructions(suite: &Suite, path: &Path) -> String {
    let width = output::width();
    let mut text = format!(
        "{}: {} probes of {}. Each reader fills in a copy of their own, alone, with 1 to 4:\n",
        path.display(),
        suite.probes.len(),
        suite.id
    );
    for question in QUESTIONS {
        let levels: Vec<String> = (1..)
            .zip(question.levels)
            .map(|(number, level)| format!("{number} {level}"))
            .collect();
        let line = format!(
            "{}: {} {}.",
            question.column,
            question.question,
            levels.join(", ")
        );
        text.push_str(&wrap(&line, width, "  "));
        text.push('\n');
    }
    let _ = write!(
        text,
        "Then: nocere suites review {} --in FILE --by clinician",
        suite.id
    );
    text
}

fn read_forms(
    context: &Context,
    args: &ReviewSuiteArgs,
    suite: &Suite,
) -> Result<u8, ProjectError> {
    let Some(by) = args.by else {
        return Err(ProjectError::usage("--by is missing").hint(
            "say who filled in the forms: clinician, person or model; reports of a suite rest on it",
        ));
    };
    let read = context.project.read_reviews(suite, &args.read, by)?;
    let reviews = context.project.reviews(suite)?;
    let current = current(suite, &reviews);
    let outcomes = review_outcomes(&current);
    if context.json {
        output::json(&json!({
            "new": read.new,
            "replaced": read.replaced,
            "reviews": current,
            "outcomes": outcomes,
        }))?;
        return Ok(DONE);
    }
    output::text(&summary(suite, &reviews, &current, &outcomes))?;
    Ok(DONE)
}

/// The ratings of wordings that the suite has now.
pub(super) fn current(suite: &Suite, reviews: &[Review]) -> Vec<Review> {
    let is_current = |review: &&Review| suite.probes.iter().any(|probe| review.is_of(probe));
    reviews.iter().filter(is_current).cloned().collect()
}

fn summary(
    suite: &Suite,
    reviews: &[Review],
    current: &[Review],
    outcomes: &[ReviewOutcome],
) -> String {
    let width = output::width();
    let mut text = String::new();
    let mut line = |words: &str| {
        text.push_str(&wrap(words, width, ""));
        text.push('\n');
    };
    for by in [Reader::Clinician, Reader::Person, Reader::Model] {
        let own: Vec<&Review> = current.iter().filter(|review| review.by == by).collect();
        if own.is_empty() {
            continue;
        }
        let probes: BTreeSet<&str> = own.iter().map(|review| review.probe.as_str()).collect();
        let raters: BTreeSet<String> = own.iter().map(|of| of.rater.to_lowercase()).collect();
        line(&format!(
            "{} of {} probes of {} are rated by {} {}.",
            probes.len(),
            suite.probes.len(),
            suite.id,
            raters.len(),
            by.noun(u32::try_from(raters.len()).unwrap_or(u32::MAX)),
        ));
    }
    let old = reviews.len() - current.len();
    if old > 0 {
        line(&format!(
            "{old} ratings are of wordings that the suite no longer has, and are not counted."
        ));
    }
    for outcome in outcomes {
        let agreement = match (outcome.alpha, outcome.alpha_interval) {
            (Some(alpha), Some((low, high))) => format!(
                "Krippendorff's α {alpha:.2} ({low:.2} to {high:.2}) on {} probes that several rated",
                outcome.shared
            ),
            (Some(alpha), None) => format!(
                "Krippendorff's α {alpha:.2} on {} probes that several rated",
                outcome.shared
            ),
            (None, _) => format!(
                "no agreement can be computed ({} probes were rated by several)",
                outcome.shared
            ),
        };
        let [one, two, three, four] = outcome.counts;
        line(&format!(
            "{}: {one} × 1, {two} × 2, {three} × 3, {four} × 4; {agreement}.",
            outcome.question
        ));
    }
    let doubted: Vec<&Review> = current
        .iter()
        .filter(|review| review.ratings[1].is_some_and(|due| due <= 2))
        .collect();
    if !doubted.is_empty() {
        line(&format!(
            "What is held to be due was doubted {} times:",
            doubted.len()
        ));
    }
    for review in doubted.iter().take(LISTED) {
        line(&format!("  {}", review_line(review)));
    }
    if doubted.len() > LISTED {
        line(&format!("  and {} more", doubted.len() - LISTED));
    }
    text
}

/// One reader's ratings of a probe, in a line.
pub(super) fn review_line(review: &Review) -> String {
    let ratings = QUESTIONS.iter().zip(review.ratings);
    let ratings: Vec<String> = ratings
        .filter_map(|(question, rating)| Some(format!("{} {}", question.column, rating?)))
        .collect();
    let comment = match review.comment.as_str() {
        "" => String::new(),
        comment => format!(": {comment}"),
    };
    plain(&format!(
        "{}, {} ({}){comment}",
        review.probe,
        ratings.join(", "),
        review.rater
    ))
}

/// What readers said of one probe, a line each.
pub(super) fn of_probe(probe: &Probe, reviews: &[Review]) -> Vec<String> {
    let own = reviews.iter().filter(|review| review.is_of(probe));
    own.map(|review| format!("{}: {}", review.by.noun(1), review_line(review)))
        .collect()
}
