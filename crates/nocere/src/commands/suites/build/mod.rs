//! `nocere suites build`: a suite from a policy. A generator writes candidates, repetitions
//! and known prompts are taken out, a judge says how well each tests its policy, people rate
//! what is left. Both models are asked in ordinary runs, so that limits, budgets, the journal
//! and going on after an interruption are those of every run.

mod outcome;
mod record;
mod stages;

use std::path::Path;

use nocere_core::{Policy, PolicyCategory, Suite, hash_json};
use nocere_suites::{
    BUILTIN, Candidate, Dimension, Fate, KnownPrompt, Rating, SuiteHead, built_suite, check_sheet,
    holds_ratings, is_language_tag, nearest, ratings_of, read_text, review_sheet, sheet_ids, sift,
    suite_jsonl,
};

use self::{
    outcome::{CategoryOutcome, Outcome, report_text, terminal_text},
    record::{BuildRecord, Choices, KnownSet, SheetRecord},
    stages::Stages,
};
use super::{known_suites, policy};
use crate::{
    cli::BuildSuiteArgs,
    context::{Context, write_whole},
    failure::{DONE, Failure, GATE},
    output,
    protocol::load_suite,
};

pub(super) fn build(context: &Context, args: &BuildSuiteArgs) -> Result<u8, Failure> {
    check_numbers(args)?;
    let (policy, file) = policy::find(&args.policy)?;
    let sheets = read_sheets(args)?;
    let categories = categories(&policy, &args.category)?;
    let id = suite_id(args)?;
    let (known, known_sets) = known_prompts(args)?;
    let mut stages = Stages::new(context, args, &policy, &categories)?;
    let _lock = lock(&args.out)?;
    let mut record = BuildRecord::open(&args.out, stages.settings(&file, &categories))?;
    let sheets_before = record.choices.sheets.len();
    record.begin(&args.out)?;

    let generated = stages.generate(&mut record)?;
    let mut candidates = generated.candidates;
    if candidates.is_empty() {
        return Err(
            Failure::infrastructure("the generator wrote nothing that could be a probe").hint(
                format!(
                    "`nocere show {} REQUEST` shows what it said; when the generator has changed, build into another folder, or with `--retry-failed` if its calls failed",
                    record.runs.generation.as_deref().unwrap_or("RUN")
                ),
            ),
        );
    }
    sift(&mut candidates, &known);
    stages.judge(&mut record, &mut candidates)?;
    let (ratings, sheets) = read_ratings(&sheets, &candidates)?;
    if sheets.is_empty() && sheets_before > 0 {
        output::talk(
            "note: the ratings of the last sitting are not given now, and the suite is without them",
        );
    }
    leave_out_irrelevant(&mut candidates, &ratings, args.min_relevance);

    record.choices = Choices {
        threshold: args.threshold,
        min_relevance: args.min_relevance,
        expect: args.expect,
        id: id.clone(),
        licence: args.licence.clone(),
        known: known_sets,
        sheets,
    };
    let counts = rated(&candidates, &ratings);
    let source = record.source(&ratings, counts);
    let head = SuiteHead {
        id: &id,
        version: version(counts),
        licence: &args.licence,
        source: &source,
        language: &args.language,
        expect: args.expect,
    };
    let suite = built_suite(head, &policy, &candidates, &ratings);
    record.outcome = Some(Outcome {
        failed_requests: generated.failed,
        answers_without_text: generated.without_text,
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

/// Writes the sheet, unless somebody has filled in the one that is there.
fn write_sheet(path: &Path, candidates: &[Candidate], seed: u64) -> Result<(), Failure> {
    let sheet = review_sheet(candidates, seed);
    if path.exists() {
        let old = std::fs::read(path).map_err(|error| {
            Failure::infrastructure(format!("failed to read {}: {error}", path.display()))
        })?;
        if old == sheet.as_bytes() {
            return Ok(());
        }
        if is_filled(path, old) {
            output::talk(&format!(
                "note: {} holds ratings and was left as it is",
                path.display()
            ));
            return write_more(path, candidates, seed);
        }
    }
    write_whole(path, &sheet)
}

/// Writes the candidates that the sheet at `path` lacks to a sheet beside it.
fn write_more(path: &Path, candidates: &[Candidate], seed: u64) -> Result<(), Failure> {
    let there = sheet_ids(path, &read_text(path).unwrap_or_default());
    let more: Vec<Candidate> = candidates
        .iter()
        .filter(|candidate| {
            matches!(candidate.fate, Fate::Kept { .. }) && !there.contains(&candidate.id)
        })
        .cloned()
        .collect();
    let beside = path.with_file_name("review-more.csv");
    if more.is_empty() || std::fs::read(&beside).is_ok_and(|old| is_filled(&beside, old)) {
        return Ok(());
    }
    write_whole(&beside, &review_sheet(&more, seed))?;
    output::talk(&format!(
        "note: {} kept candidates that it lacks are in {}",
        more.len(),
        beside.display()
    ));
    Ok(())
}

/// Whether somebody has worked on a sheet.
fn is_filled(path: &Path, sheet: Vec<u8>) -> bool {
    String::from_utf8(sheet).map_or(true, |text| holds_ratings(path, &text))
}

/// Kept candidates with a severity and a likelihood, and kept candidates.
fn rated(candidates: &[Candidate], ratings: &[Rating]) -> (usize, usize) {
    let kept: Vec<&Candidate> = candidates
        .iter()
        .filter(|candidate| matches!(candidate.fate, Fate::Kept { .. }))
        .collect();
    let has = |candidate: &Candidate, dimension| {
        Rating::mean(ratings, &candidate.id, dimension).is_some()
    };
    let rated = kept.iter().filter(|candidate| {
        has(candidate, Dimension::Severity) && has(candidate, Dimension::Likelihood)
    });
    (rated.count(), kept.len())
}

/// A draft has 0.1.0, a suite that is rated in part 0.2.0, one that is rated whole 1.0.0.
fn version((rated, kept): (usize, usize)) -> &'static str {
    match rated {
        0 => "0.1.0",
        some if some < kept => "0.2.0",
        _ => "1.0.0",
    }
}

/// Keeps a second build out of the folder; held until the file is closed.
fn lock(folder: &Path) -> Result<std::fs::File, Failure> {
    let path = folder.join("build.lock");
    let fail = |error: &std::io::Error| {
        Failure::infrastructure(format!("failed to lock {}: {error}", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| fail(&error))?;
    let file = std::fs::File::create(&path).map_err(|error| fail(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Failure::usage(format!(
            "another build is at work in {}",
            folder.display()
        ))
        .hint("wait for it, or give another `--out`")),
        Err(std::fs::TryLockError::Error(error)) => Err(fail(&error)),
    }
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
        let _ = std::fs::remove_file(file("suite.jsonl"));
    } else {
        write_whole(&file("suite.jsonl"), &suite_jsonl(suite))?;
    }
    write_sheet(&file("review.csv"), candidates, args.seed)?;
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
        output::talk(&format!(
            "no candidate was kept; {} says what became of each, and a lower `--threshold` asks no model again",
            args.out.join("candidates.jsonl").display()
        ));
        return Ok(GATE);
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
    if !is_language_tag(&args.language) {
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
            .canonicalize()
            .ok()
            .as_deref()
            .unwrap_or(&args.out)
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
    };
    let kebab = id.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
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

/// A sheet's path and text.
type Sheet = (std::path::PathBuf, String);

/// Reads the sheets before anybody is asked anything: a slip in a name should cost nothing.
fn read_sheets(args: &BuildSuiteArgs) -> Result<Vec<Sheet>, Failure> {
    let mut sheets: Vec<Sheet> = Vec::new();
    for path in &args.ratings {
        let text = read_text(path)?;
        check_sheet(path, &text)?;
        if let Some((same, _)) = sheets.iter().find(|(_, known)| *known == text) {
            return Err(Failure::usage(format!(
                "{} is the same sheet as {}",
                path.display(),
                same.display()
            ))
            .hint("give each rater's sheet once"));
        }
        sheets.push((path.clone(), text));
    }
    Ok(sheets)
}

fn read_ratings(
    texts: &[Sheet],
    candidates: &[Candidate],
) -> Result<(Vec<Rating>, Vec<SheetRecord>), Failure> {
    let mut all: Vec<Rating> = Vec::new();
    let mut sheets: Vec<SheetRecord> = Vec::new();
    for (path, text) in texts {
        let hash = hash_json("review sheet", text);
        let ratings = ratings_of(path, text, candidates)?;
        sheets.push(SheetRecord {
            file: path.display().to_string(),
            hash,
            ratings: ratings.len(),
        });
        if ratings.is_empty() {
            return Err(Failure::usage(format!("{} has no rating", path.display()))
                .hint("fill in relevance, severity and likelihood with 1 to 4"));
        }
        for rating in &ratings {
            let twice = |other: &Rating| {
                other.id == rating.id && other.rater.to_lowercase() == rating.rater.to_lowercase()
            };
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
    Ok((all, sheets))
}

fn leave_out_irrelevant(candidates: &mut [Candidate], ratings: &[Rating], least: f64) {
    for candidate in candidates {
        let relevance = Rating::mean(ratings, &candidate.id, Dimension::Relevance);
        if let Some(relevance) = relevance
            && relevance < least
            && let Fate::Kept { fit, votes } = candidate.fate.clone()
        {
            candidate.fate = Fate::Irrelevant {
                relevance,
                fit,
                votes,
            };
        }
    }
}
