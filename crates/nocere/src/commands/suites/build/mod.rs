//! `nocere suites build`: a suite from a policy. A generator writes candidates, repetitions
//! and known prompts are taken out, a judge says how well each tests its policy, people rate
//! what is left. Both models are asked in ordinary runs, so that limits, budgets, the journal
//! and going on after an interruption are those of every run.

mod outcome;
mod record;
mod stages;

use std::path::Path;

use nocere_core::{Policy, PolicyCategory, Suite};
use nocere_suites::{
    BUILTIN, Candidate, DataFolder, Fate, KnownPrompt, Rating, SuiteHead, built_suite, load,
    nearest, public_sets, ratings_of, read_text, review_sheet, sift, suite_jsonl,
};

use self::{
    outcome::{CategoryOutcome, Outcome, report_text, terminal_text},
    record::{BuildRecord, KnownSet},
    stages::Stages,
};
use super::policy;
use crate::{
    cli::BuildSuiteArgs,
    context::{Context, write_whole},
    failure::{DONE, Failure},
    output,
    protocol::load_suite,
};

pub(super) fn build(context: &Context, args: &BuildSuiteArgs) -> Result<u8, Failure> {
    check_numbers(args)?;
    let (policy, file) = policy::find(&args.policy)?;
    let categories = categories(&policy, &args.category)?;
    let id = suite_id(args)?;
    let (known, known_sets) = known_prompts(args)?;
    let mut stages = Stages::new(context, args, &policy, &categories)?;
    let mut record = BuildRecord::open(&args.out, stages.settings(&file, &categories))?;

    let generated = stages.generate(&mut record)?;
    let mut candidates = generated.candidates;
    if candidates.is_empty() {
        return Err(
            Failure::infrastructure("the generator wrote nothing that could be a probe").hint(
                format!(
                    "`nocere show {}` shows what it said",
                    record.runs.generation.as_deref().unwrap_or("RUN")
                ),
            ),
        );
    }
    sift(&mut candidates, &known);
    stages.judge(&mut record, &mut candidates)?;
    let ratings = read_ratings(args, &candidates)?;
    leave_out_irrelevant(&mut candidates, &ratings, args.min_relevance);

    let source = record.source(&ratings, args.threshold);
    let head = SuiteHead {
        id: &id,
        version: if ratings.is_empty() { "0.1.0" } else { "1.0.0" },
        licence: &args.licence,
        source: &source,
        language: &args.language,
        expect: args.expect,
    };
    let suite = built_suite(head, &policy, &candidates, &ratings);
    record.known = known_sets;
    record.threshold = args.threshold;
    record.outcome = Some(Outcome {
        failed_requests: generated.failed,
        categories: categories
            .iter()
            .map(|category| {
                let asked = args.candidates as usize;
                let dropped = generated.dropped.get(&category.id).copied().unwrap_or(0);
                CategoryOutcome::of(&category.id, (asked, dropped), &candidates)
            })
            .collect(),
        probes: suite.probes.len(),
        suite_hash: suite.hash.to_string(),
        ratings: outcome::agreement(&ratings),
    });
    write(args, &record, &candidates, &suite)?;
    conclude(context, args, &record, &suite)
}

/// Writes everything; the record last, because it says that the rest is there.
fn write(
    args: &BuildSuiteArgs,
    record: &BuildRecord,
    candidates: &[Candidate],
    suite: &Suite,
) -> Result<(), Failure> {
    let file = |name: &str| args.out.join(name);
    let mut lines = String::new();
    for candidate in candidates {
        lines += &serde_json::to_string(candidate)
            .map_err(|error| Failure::infrastructure(format!("failed to write JSON: {error}")))?;
        lines.push('\n');
    }
    write_whole(&file("candidates.jsonl"), &lines)?;
    write_whole(&file("report.md"), &report_text(record, candidates))?;
    if suite.probes.is_empty() {
        // A suite of an earlier threshold would contradict the record.
        for name in ["suite.jsonl", "review.csv"] {
            let _ = std::fs::remove_file(file(name));
        }
    } else {
        write_whole(&file("suite.jsonl"), &suite_jsonl(suite))?;
        write_whole(&file("review.csv"), &review_sheet(candidates, args.seed))?;
    }
    record.save(&args.out)
}

fn conclude(
    context: &Context,
    args: &BuildSuiteArgs,
    record: &BuildRecord,
    suite: &Suite,
) -> Result<u8, Failure> {
    if context.json {
        output::json(record)?;
    } else {
        output::data(&terminal_text(record, output::width()))?;
    }
    if suite.probes.is_empty() {
        return Err(
            Failure::infrastructure("no candidate was kept").hint(format!(
                "{} says what became of each; a lower `--threshold` asks no model again",
                args.out.join("candidates.jsonl").display()
            )),
        );
    }
    if !context.quiet {
        output::talk(&format!(
            "\nsuite: {}\nreview sheet: {}\nreport: {}",
            args.out.join("suite.jsonl").display(),
            args.out.join("review.csv").display(),
            args.out.join("report.md").display()
        ));
    }
    Ok(DONE)
}

fn check_numbers(args: &BuildSuiteArgs) -> Result<(), Failure> {
    if !(1.0..5.0).contains(&args.threshold) {
        return Err(Failure::usage(format!(
            "--threshold is {}, expected 1 to below 5",
            args.threshold
        ))
        .hint("candidates with a mean above it are kept"));
    }
    if !(1.0..=4.0).contains(&args.min_relevance) {
        return Err(Failure::usage(format!(
            "--min-relevance is {}, expected 1 to 4",
            args.min_relevance
        )));
    }
    if args.language.trim().is_empty() || args.language.contains(char::is_whitespace) {
        return Err(
            Failure::usage(format!("--language `{}` is no language tag", args.language))
                .hint("write one like en, de or zh-Hans"),
        );
    }
    Ok(())
}

fn categories<'a>(
    policy: &'a Policy,
    wanted: &[String],
) -> Result<Vec<&'a PolicyCategory>, Failure> {
    let known = || {
        policy
            .categories
            .iter()
            .map(|category| category.id.as_str())
    };
    if let Some(odd) = wanted.iter().find(|id| known().all(|known| known != *id)) {
        let failure = Failure::usage(format!(
            "the policy `{}` has no category `{odd}`",
            policy.id
        ));
        return Err(match nearest(odd, known()) {
            Some(word) => failure.hint(format!("did you mean `{word}`?")),
            None => failure.hint(format!(
                "its categories are {}",
                known().collect::<Vec<_>>().join(", ")
            )),
        });
    }
    Ok(policy
        .categories
        .iter()
        .filter(|category| wanted.is_empty() || wanted.contains(&category.id))
        .collect())
}

fn suite_id(args: &BuildSuiteArgs) -> Result<String, Failure> {
    let id = match &args.id {
        Some(id) => id.clone(),
        None => args
            .out
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
    };
    let kebab = !id.is_empty()
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !kebab {
        return Err(Failure::usage(format!("`{id}` is no id for a suite"))
            .hint("give one with `--id`: small letters, digits and `-`"));
    }
    if BUILTIN.contains(&id.as_str()) {
        return Err(Failure::usage(format!("`{id}` is a built-in suite"))
            .hint("give another one with `--id`"));
    }
    Ok(id)
}

/// Prompts that models may have been trained on, and where they come from.
fn known_prompts(args: &BuildSuiteArgs) -> Result<(Vec<KnownPrompt>, Vec<KnownSet>), Failure> {
    let mut suites = BUILTIN
        .iter()
        .map(|id| load_suite(id))
        .collect::<Result<Vec<Suite>, _>>()?;
    suites.extend(known_suites(&args.against, args.data.as_deref())?);
    let prompts = suites
        .iter()
        .flat_map(|suite| {
            suite.probes.iter().map(|probe| KnownPrompt {
                name: format!("{}/{}", suite.id, probe.id),
                text: probe.request(),
            })
        })
        .collect();
    Ok((prompts, suites.iter().map(KnownSet::of).collect()))
}

/// The suites named by `against`, and the public sets in `data`.
pub(super) fn known_suites(against: &[String], data: Option<&Path>) -> Result<Vec<Suite>, Failure> {
    let mut suites = against
        .iter()
        .map(|name| load_suite(name))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(folder) = data else {
        return Ok(suites);
    };
    let files = DataFolder::list(folder)?;
    let mut any = false;
    for found in public_sets()?.iter().filter_map(|set| set.find(&files)) {
        any = true;
        suites.push(load(&found.path)?);
    }
    if !any {
        return Err(
            Failure::usage(format!("{} holds no public set", folder.display()))
                .hint("`nocere suites list --data DIR` shows what is looked for"),
        );
    }
    Ok(suites)
}

fn read_ratings(args: &BuildSuiteArgs, candidates: &[Candidate]) -> Result<Vec<Rating>, Failure> {
    let mut all: Vec<Rating> = Vec::new();
    for path in &args.ratings {
        let ratings = ratings_of(path, &read_text(path)?, candidates)?;
        if ratings.is_empty() {
            return Err(Failure::usage(format!("{} has no rating", path.display()))
                .hint("fill in relevance, severity and likelihood with 1 to 4"));
        }
        for rating in &ratings {
            let twice = |other: &Rating| other.id == rating.id && other.rater == rating.rater;
            if all.iter().any(twice) {
                return Err(Failure::usage(format!(
                    "{}: `{}` has rated `{}` in another sheet already",
                    path.display(),
                    rating.rater,
                    rating.id
                ))
                .hint("name the raters in the column `rater`"));
            }
        }
        all.extend(ratings);
    }
    Ok(all)
}

fn leave_out_irrelevant(candidates: &mut [Candidate], ratings: &[Rating], least: f64) {
    for candidate in candidates {
        let relevance = Rating::mean(ratings, &candidate.id, nocere_suites::Dimension::Relevance);
        if let Some(relevance) = relevance
            && relevance < least
            && matches!(candidate.fate, Fate::Kept { .. })
        {
            candidate.fate = Fate::Irrelevant { relevance };
        }
    }
}
