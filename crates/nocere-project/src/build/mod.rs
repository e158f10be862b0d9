//! Builds a suite from a policy. A generator writes candidates, near-duplicates and known prompts
//! are removed, a judge scores how well each candidate tests the policy, and people rate what is
//! left. Both models are asked in ordinary runs, so limits, budgets and journals apply, and an
//! interrupted build can be continued.

mod folder;
mod spec;
mod stages;

use std::path::{Path, PathBuf};

use nocere_builder::{
    BuildRecord, Candidate, CategoryOutcome, Choices, Dimension, Fate, KnownPrompt, KnownSet,
    Outcome, Rated, Rating, SheetRecord, SuiteHead, agreement, built_suite, check_sheet,
    holds_ratings, ratings_of, report_text, review_sheet, sheet_ids, sift,
};
use nocere_core::{Policy, PolicyCategory, Suite, hash_json};
use nocere_suites::{BUILTIN, is_language_tag, read_text, suite_jsonl};

pub use self::spec::BuildSpec;
use self::stages::Stages;
use crate::{Project, ProjectError, Watch, known_suites, load_suite, policies, write_whole};

/// Longest sheet of ratings, in bytes.
const MOST_SHEET: u64 = 256 << 20;

/// The result of a build.
#[derive(Clone, Debug)]
pub struct Built {
    /// What the suite was built from, and the outcome.
    pub record: BuildRecord,
    /// The suite; it has no probes if no candidate was kept.
    pub suite: Suite,
}

impl Project {
    /// Builds a suite from a policy, or continues the build in `spec.out`.
    ///
    /// # Errors
    ///
    /// A setting is out of range, a name is unknown, the folder belongs to a build with other
    /// settings, a review sheet is invalid, a model fails, or a budget is spent.
    pub fn build_suite(&self, spec: &BuildSpec, watch: &Watch) -> Result<Built, ProjectError> {
        check_numbers(spec)?;
        let (policy, file) = policies::find(self, &spec.policy)?;
        let sheets = read_sheets(spec)?;
        let categories = categories(&policy, &spec.categories)?;
        let id = suite_id(spec)?;
        let (known, known_sets) = known_prompts(self, spec)?;
        let mut stages = Stages::new(self, spec, &policy, &categories)?;
        let _lock = lock(&spec.out)?;
        let mut record = folder::open(&spec.out, stages.settings(&file, &categories))?;
        let sheets_before = record.choices.sheets.len();
        // The build counts as unfinished until there is a new outcome.
        if record.outcome.take().is_some() {
            folder::save(&record, &spec.out)?;
        }

        let generated = stages.generate(&mut record, watch)?;
        let mut candidates = generated.candidates;
        if candidates.is_empty() {
            return Err(nothing_written(&record));
        }
        sift(&mut candidates, &known);
        stages.judge(&mut record, &mut candidates, watch)?;
        let (ratings, sheets) = read_ratings(&sheets, &candidates)?;
        if sheets.is_empty() && sheets_before > 0 {
            watch.note(
                "the ratings of the last session were not given again: the suite does not include them",
            );
        }
        leave_out_irrelevant(&mut candidates, &ratings, spec.min_relevance);

        record.choices = Choices {
            threshold: spec.threshold,
            min_relevance: spec.min_relevance,
            expect: spec.expect,
            id: id.clone(),
            licence: spec.licence.clone(),
            known: known_sets,
            sheets,
        };
        let rated = Rated::of(&candidates, &ratings);
        let source = record.source(&ratings, rated);
        let head = SuiteHead {
            id: &id,
            version: rated.version(),
            licence: &spec.licence,
            source: &source,
            language: &spec.language,
            expect: spec.expect,
        };
        let suite = built_suite(head, &policy, &candidates, &ratings);
        record.outcome = Some(Outcome {
            failed_requests: generated.failed,
            answers_without_text: generated.without_text,
            categories: categories
                .iter()
                .map(|category| {
                    let asked = spec.candidates as usize;
                    let dropped = generated.dropped.get(&category.id).copied().unwrap_or(0);
                    CategoryOutcome::of(&category.id, asked, dropped, &candidates)
                })
                .collect(),
            probes: suite.probes.len(),
            suite_hash: suite.hash.to_string(),
            ratings: agreement(&ratings),
        });
        write(&spec.out, &record, &candidates, &suite)?;
        write_sheet(&spec.out.join("review.csv"), &candidates, spec.seed, watch)?;
        // Last, because it says that the rest is there.
        folder::save(&record, &spec.out)?;
        Ok(Built { record, suite })
    }
}

/// Writes the review sheet, unless a rater has filled in the existing one.
fn write_sheet(
    path: &Path,
    candidates: &[Candidate],
    seed: u64,
    watch: &Watch,
) -> Result<(), ProjectError> {
    let sheet = review_sheet(candidates, seed);
    if path.exists() {
        let old = nocere_assets::read_file(path, MOST_SHEET).map_err(|error| {
            ProjectError::infrastructure(format!("{}: {error}", path.display()))
        })?;
        if old == sheet.as_bytes() {
            return Ok(());
        }
        if is_filled(path, old) {
            watch.note(&format!(
                "{} contains ratings and was left unchanged",
                path.display()
            ));
            return write_more(path, candidates, seed, watch);
        }
    }
    write_whole(path, &sheet)
}

/// Writes kept candidates that the sheet at `path` lacks to a second sheet.
fn write_more(
    path: &Path,
    candidates: &[Candidate],
    seed: u64,
    watch: &Watch,
) -> Result<(), ProjectError> {
    let there = sheet_ids(path, &read_text(path).unwrap_or_default());
    let more: Vec<Candidate> = candidates
        .iter()
        .filter(|candidate| {
            matches!(candidate.fate, Fate::Kept { .. }) && !there.contains(&candidate.id)
        })
        .cloned()
        .collect();
    let beside = path.with_file_name("review-more.csv");
    if more.is_empty()
        || nocere_assets::read_file(&beside, MOST_SHEET).is_ok_and(|old| is_filled(&beside, old))
    {
        return Ok(());
    }
    write_whole(&beside, &review_sheet(&more, seed))?;
    watch.note(&format!(
        "{} kept candidates that it lacks are in {}",
        more.len(),
        beside.display()
    ));
    Ok(())
}

/// True if a rater has worked on the sheet.
fn is_filled(path: &Path, sheet: Vec<u8>) -> bool {
    String::from_utf8(sheet).map_or(true, |text| holds_ratings(path, &text))
}

/// Locks the folder against a second build, until the file is closed.
fn lock(folder: &Path) -> Result<std::fs::File, ProjectError> {
    let path = folder.join("build.lock");
    let fail = |error: &std::io::Error| {
        ProjectError::infrastructure(format!("failed to lock {}: {error}", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| fail(&error))?;
    let file = std::fs::File::create(&path).map_err(|error| fail(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(ProjectError::usage(format!(
            "another build is running in {}",
            folder.display()
        ))
        .hint("wait for it, or use another `--out`")),
        Err(std::fs::TryLockError::Error(error)) => Err(fail(&error)),
    }
}

/// Writes the candidates, the page for people and the suite.
fn write(
    out: &Path,
    record: &BuildRecord,
    candidates: &[Candidate],
    suite: &Suite,
) -> Result<(), ProjectError> {
    let file = |name: &str| out.join(name);
    let mut lines = String::new();
    for candidate in candidates {
        lines += &serde_json::to_string(candidate).map_err(|error| {
            ProjectError::infrastructure(format!("failed to write JSON: {error}"))
        })?;
        lines.push('\n');
    }
    write_whole(&file("candidates.jsonl"), &lines)?;
    write_whole(&file("report.md"), &report_text(record, candidates))?;
    if suite.probes.is_empty() {
        // A suite left from an earlier threshold would contradict the record.
        let _ = std::fs::remove_file(file("suite.jsonl"));
    } else {
        write_whole(&file("suite.jsonl"), &suite_jsonl(suite))?;
    }
    Ok(())
}

fn nothing_written(record: &BuildRecord) -> ProjectError {
    let run = record.runs.generation.as_deref().unwrap_or("RUN");
    ProjectError::infrastructure("the generator wrote nothing that can be used as a probe").hint(format!(
        "`nocere show {run} REQUEST` shows what it wrote; if its calls failed, build again with `--retry-failed`; after a change of the generator, use another folder"
    ))
}

fn check_numbers(spec: &BuildSpec) -> Result<(), ProjectError> {
    if !(1.0..5.0).contains(&spec.threshold) {
        return Err(ProjectError::usage(format!(
            "--threshold is {}, expected 1 to below 5",
            spec.threshold
        ))
        .hint("candidates with a mean above it are kept"));
    }
    if !(1.0..=4.0).contains(&spec.min_relevance) {
        return Err(ProjectError::usage(format!(
            "--min-relevance is {}, expected 1 to 4",
            spec.min_relevance
        )));
    }
    if !is_language_tag(&spec.language) {
        return Err(ProjectError::usage(format!(
            "--language `{}` is not a language tag",
            spec.language
        ))
        .hint("write one like en, de or zh-Hans"));
    }
    Ok(())
}

fn categories<'a>(
    policy: &'a Policy,
    wanted: &[String],
) -> Result<Vec<&'a PolicyCategory>, ProjectError> {
    let known = || {
        policy
            .categories
            .iter()
            .map(|category| category.id.as_str())
    };
    if let Some(odd) = wanted.iter().find(|id| known().all(|known| known != *id)) {
        return Err(ProjectError::unknown(
            format!("the policy `{}` has no category `{odd}`", policy.id),
            odd,
            known(),
            format!(
                "its categories are {}",
                known().collect::<Vec<_>>().join(", ")
            ),
        ));
    }
    Ok(policy
        .categories
        .iter()
        .filter(|category| wanted.is_empty() || wanted.contains(&category.id))
        .collect())
}

fn suite_id(spec: &BuildSpec) -> Result<String, ProjectError> {
    let id = match &spec.id {
        Some(id) => id.clone(),
        None => spec
            .out
            .canonicalize()
            .ok()
            .as_deref()
            .unwrap_or(&spec.out)
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
    };
    let kebab = id.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && id
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !kebab {
        return Err(
            ProjectError::usage(format!("`{id}` is not a valid suite id"))
                .hint("set one with `--id`: lower-case letters, digits and `-`"),
        );
    }
    if BUILTIN.contains(&id.as_str()) {
        return Err(ProjectError::usage(format!("`{id}` is a built-in suite"))
            .hint("set another id with `--id`"));
    }
    Ok(id)
}

/// Prompts that models may have been trained on, and the suites that they come from.
fn known_prompts(
    project: &Project,
    spec: &BuildSpec,
) -> Result<(Vec<KnownPrompt>, Vec<KnownSet>), ProjectError> {
    let mut suites = BUILTIN
        .iter()
        .map(|id| load_suite(project, id))
        .collect::<Result<Vec<Suite>, _>>()?;
    suites.extend(known_suites(project, &spec.against, spec.data.as_deref())?);
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

/// Path and text of a review sheet.
type Sheet = (PathBuf, String);

/// Reads the sheets before any model is asked, so that a mistyped name costs nothing.
fn read_sheets(spec: &BuildSpec) -> Result<Vec<Sheet>, ProjectError> {
    let mut sheets: Vec<Sheet> = Vec::new();
    for path in &spec.ratings {
        let text = read_text(path)?;
        check_sheet(path, &text)?;
        if let Some((same, _)) = sheets.iter().find(|(_, known)| *known == text) {
            return Err(ProjectError::usage(format!(
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
) -> Result<(Vec<Rating>, Vec<SheetRecord>), ProjectError> {
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
            return Err(
                ProjectError::usage(format!("{} has no rating", path.display()))
                    .hint("fill in relevance, severity and likelihood with 1 to 4"),
            );
        }
        for rating in &ratings {
            let twice = |other: &Rating| {
                other.id == rating.id && other.rater.to_lowercase() == rating.rater.to_lowercase()
            };
            if all.iter().any(twice) {
                return Err(ProjectError::usage(format!(
                    "{}: `{}` has already rated `{}` in another sheet",
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
