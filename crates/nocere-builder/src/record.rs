//! The record of a build: what a suite was built from, and how far the build is.

use std::collections::BTreeSet;

use nocere_core::{
    ContentHash, Expect, Instrument, ModelIdentity, Perspective, Sampling, Suite, clock,
};
use serde::{Deserialize, Serialize};

use crate::{Outcome, Rated, Rating};

/// Version of the file's form.
const FORMAT: u32 = 1;

/// Everything that the models' answers depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub policy: PolicyRecord,
    pub categories: Vec<String>,
    /// Candidates asked for in each category.
    pub candidates: u32,
    /// Candidates asked for in one request.
    pub batch: u32,
    pub seed: u64,
    pub language: String,
    pub generator: ModelIdentity,
    pub sampling: Sampling,
    /// Version of the template of requests, and its hash.
    pub brief: (String, ContentHash),
    pub judge: Instrument,
    pub votes: u32,
}

/// The policy by its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyRecord {
    pub id: String,
    pub version: String,
    pub title: String,
    pub perspective: Perspective,
    pub file: String,
    pub hash: ContentHash,
}

/// The runs in which the models were asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    pub generation: Option<String>,
    /// Every run in which candidates were judged; the last one is whole once there is an outcome.
    pub fit: Vec<String>,
}

/// A suite whose prompts must not come again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownSet {
    pub suite: String,
    pub version: String,
    pub hash: String,
    pub prompts: usize,
}

impl KnownSet {
    pub fn of(suite: &Suite) -> Self {
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
pub struct SheetRecord {
    pub file: String,
    pub hash: ContentHash,
    pub ratings: usize,
}

/// What decides about candidates and the suite once the models have answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    /// Candidates with a mean above it were kept.
    pub threshold: f64,
    /// Rated candidates with a mean relevance below it were left out.
    pub min_relevance: f64,
    /// What a good answer does, if it was said.
    pub expect: Option<Expect>,
    pub id: String,
    pub licence: String,
    /// What candidates were compared with.
    pub known: Vec<KnownSet>,
    pub sheets: Vec<SheetRecord>,
}

/// The file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildRecord {
    nocere_build: u32,
    nocere_version: String,
    created: String,
    pub settings: Settings,
    pub runs: Runs,
    pub choices: Choices,
    /// What came of it; `None` while the build is unfinished.
    pub outcome: Option<Outcome>,
}

impl BuildRecord {
    /// The record of a build that begins now.
    pub fn new(settings: Settings) -> Self {
        Self {
            nocere_build: FORMAT,
            nocere_version: env!("CARGO_PKG_VERSION").to_owned(),
            created: clock::now_utc(),
            settings,
            runs: Runs::default(),
            choices: Choices::default(),
            outcome: None,
        }
    }

    /// Reads a record.
    ///
    /// # Errors
    /// If the text is not a record, or of another format.
    pub fn parse(text: &str) -> Result<Self, String> {
        let record: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if record.nocere_build != FORMAT {
            return Err(format!(
                "format {} is not known, expected {FORMAT}",
                record.nocere_build
            ));
        }
        Ok(record)
    }

    /// The settings of this build that `wanted` has otherwise, by name: with any of them the
    /// models' answers could differ.
    pub fn changes(&self, wanted: &Settings) -> Vec<&'static str> {
        changes(&self.settings, wanted)
    }

    /// Policy, models and people behind the suite, in one paragraph.
    pub fn source(&self, ratings: &[Rating], rated: Rated) -> String {
        let Settings {
            policy,
            generator,
            judge,
            ..
        } = &self.settings;
        let Rated { rated, kept } = rated;
        let raters: BTreeSet<String> = ratings
            .iter()
            .map(|rating| rating.rater.to_lowercase())
            .collect();
        let people = match raters.len() {
            0 => "not rated by people".to_owned(),
            1 => format!("{rated} of {kept} probes rated by 1 person"),
            several => format!("{rated} of {kept} probes rated by {several} people"),
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
