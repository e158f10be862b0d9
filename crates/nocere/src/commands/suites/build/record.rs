//! `build.json`: what a suite was built from, and how far the build is.

use std::{collections::BTreeSet, path::Path};

use nocere_core::{
    ContentHash, Expect, Instrument, ModelIdentity, Perspective, Sampling, Suite, clock,
};
use nocere_suites::Rating;
use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use crate::{context::write_whole, failure::Failure};

/// Version of the file's form.
const FORMAT: u32 = 1;
const FILE: &str = "build.json";

/// Everything that the models' answers depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) policy: PolicyRecord,
    pub(super) categories: Vec<String>,
    /// Candidates asked for in each category.
    pub(super) candidates: u32,
    /// Candidates asked for in one request.
    pub(super) batch: u32,
    pub(super) seed: u64,
    pub(super) language: String,
    pub(super) generator: ModelIdentity,
    pub(super) sampling: Sampling,
    /// Version of the template of requests, and its hash.
    pub(super) brief: (String, ContentHash),
    pub(super) judge: Instrument,
    pub(super) votes: u32,
}

/// The policy by its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PolicyRecord {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) title: String,
    pub(super) perspective: Perspective,
    pub(super) file: String,
    pub(super) hash: ContentHash,
}

/// The runs in which the models were asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Runs {
    pub(super) generation: Option<String>,
    /// Every run in which candidates were judged; the last one is whole once there is an outcome.
    pub(super) fit: Vec<String>,
}

/// A suite whose prompts must not come again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KnownSet {
    pub(super) suite: String,
    pub(super) version: String,
    pub(super) hash: String,
    pub(super) prompts: usize,
}

impl KnownSet {
    pub(super) fn of(suite: &Suite) -> Self {
        Self {
            suite: suite.id.clone(),
            version: suite.version.clone(),
            hash: suite.hash.to_string(),
            prompts: suite.probes.len(),
        }
    }
}

/// A review sheet that was brought back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SheetRecord {
    pub(super) file: String,
    pub(super) hash: ContentHash,
    pub(super) ratings: usize,
}

/// What decides about candidates and the suite once the models have answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Choices {
    /// Candidates with a mean above it were kept.
    pub(super) threshold: f64,
    /// Rated candidates with a mean relevance below it were left out.
    pub(super) min_relevance: f64,
    /// What a good answer does, if it was said.
    pub(super) expect: Option<Expect>,
    pub(super) id: String,
    pub(super) licence: String,
    /// What candidates were compared with.
    pub(super) known: Vec<KnownSet>,
    pub(super) sheets: Vec<SheetRecord>,
}

/// The file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct BuildRecord {
    nocere_build: u32,
    nocere_version: String,
    created: String,
    pub(super) settings: Settings,
    pub(super) runs: Runs,
    pub(super) choices: Choices,
    /// What came of it; `None` while the build is unfinished.
    pub(super) outcome: Option<Outcome>,
}

impl BuildRecord {
    /// The record in `folder` if it was begun with the same settings, or a new one.
    pub(super) fn open(folder: &Path, settings: Settings) -> Result<Self, Failure> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // What stands here without a record is not ours to overwrite.
                let foreign = ["suite.jsonl", "candidates.jsonl", "report.md", "review.csv"];
                if let Some(name) = foreign.iter().find(|name| folder.join(name).exists()) {
                    return Err(Failure::usage(format!(
                        "{} holds a {name} and no {FILE}: it is no build's folder",
                        folder.display()
                    ))
                    .hint("give another `--out`"));
                }
                let new = Self {
                    nocere_build: FORMAT,
                    nocere_version: env!("CARGO_PKG_VERSION").to_owned(),
                    created: clock::now_utc(),
                    settings,
                    runs: Runs::default(),
                    choices: Choices::default(),
                    outcome: None,
                };
                new.save(folder)?;
                return Ok(new);
            }
            Err(error) => {
                return Err(Failure::infrastructure(format!(
                    "failed to read {}: {error}",
                    path.display()
                )));
            }
        };
        let record: Self = serde_json::from_str(&text).map_err(|error| {
            Failure::usage(format!("{}: {error}", path.display()))
                .hint("give another `--out`, or move this folder away")
        })?;
        if record.nocere_build != FORMAT {
            return Err(Failure::usage(format!(
                "{}: format {} is not known, expected {FORMAT}",
                path.display(),
                record.nocere_build
            )));
        }
        let changed = changes(&record.settings, &settings);
        if !changed.is_empty() {
            return Err(Failure::usage(format!(
                "{} was begun otherwise: {} changed",
                path.display(),
                changed.join(", ")
            ))
            .hint("give another `--out`; only threshold, expectation, licence, id, known suites and ratings may change"));
        }
        Ok(record)
    }

    pub(super) fn save(&self, folder: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Failure::infrastructure(format!("failed to write JSON: {error}")))?;
        write_whole(&folder.join(FILE), &format!("{text}\n"))
    }

    /// Marks the build as unfinished until there is an outcome again.
    pub(super) fn begin(&mut self, folder: &Path) -> Result<(), Failure> {
        if self.outcome.take().is_some() {
            self.save(folder)?;
        }
        Ok(())
    }

    /// Policy, models and people behind the suite, in one paragraph; `rated` of its `probes`
    /// have ratings.
    pub(super) fn source(&self, ratings: &[Rating], (rated, probes): (usize, usize)) -> String {
        let Settings {
            policy,
            generator,
            judge,
            ..
        } = &self.settings;
        let raters: BTreeSet<String> = ratings
            .iter()
            .map(|rating| rating.rater.to_lowercase())
            .collect();
        let people = match raters.len() {
            0 => "not rated by people".to_owned(),
            1 => format!("{rated} of {probes} probes rated by 1 person"),
            several => format!("{rated} of {probes} probes rated by {several} people"),
        };
        format!(
            "built by nocere {} from the policy {} {} ({}) with {}; fit by {} {}, kept above {}; {people}",
            self.nocere_version,
            policy.id,
            policy.version,
            policy.hash.short(),
            generator.name,
            judge.id,
            judge.version,
            self.choices.threshold,
        )
    }
}

/// The names of the settings that differ.
fn changes(old: &Settings, new: &Settings) -> Vec<&'static str> {
    let same = [
        ("policy", old.policy.hash == new.policy.hash),
        ("categories", old.categories == new.categories),
        (
            "number of candidates",
            (old.candidates, old.batch) == (new.candidates, new.batch),
        ),
        ("seed", old.seed == new.seed),
        ("language", old.language == new.language),
        ("generator", old.generator == new.generator),
        ("sampling", old.sampling == new.sampling),
        ("template of requests", old.brief == new.brief),
        ("judge", old.judge.hash == new.judge.hash),
    ];
    same.into_iter()
        .filter(|(_, same)| !same)
        .map(|(name, _)| name)
        .collect()
}
