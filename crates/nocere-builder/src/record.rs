//! The record of a build: what a suite was built from, and how far the build has got.

use std::collections::BTreeSet;

use nocere_core::{
    ContentHash, Expect, Instrument, ModelIdentity, Perspective, RunId, Sampling, Suite, clock,
};
use serde::{Deserialize, Serialize};

use crate::{Outcome, Rated, Rating};

/// Format version of the file.
const FORMAT: u32 = 1;

/// Everything that the models' answers depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The policy that the suite tests.
    pub policy: PolicyRecord,
    /// Ids of the policy's categories that candidates are requested for.
    pub categories: Vec<String>,
    /// Number of candidates requested in each category.
    pub candidates: u32,
    /// Maximum number of candidates in one request.
    pub batch: u32,
    /// Seed of both runs, and of the order of fields and manners in requests.
    pub seed: u64,
    /// BCP 47 tag of the language to write candidates in.
    pub language: String,
    /// The model that writes candidates.
    pub generator: ModelIdentity,
    /// Sampling that the generator is asked with.
    pub sampling: Sampling,
    /// Version and hash of the template of requests.
    pub brief: (String, ContentHash),
    /// The judge of fit.
    pub judge: Instrument,
    /// Number of votes of the judge on each candidate.
    pub votes: u32,
}

/// The policy of a build, identified by its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyRecord {
    /// The policy's id.
    pub id: String,
    /// The policy's version.
    pub version: String,
    /// The policy's title.
    pub title: String,
    /// The asker to whom the policy applies.
    pub perspective: Perspective,
    /// The file that it was read from, as the user named it.
    pub file: String,
    /// Hash of the policy.
    pub hash: ContentHash,
}

/// The runs in which the models were asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    /// Id of the run in which the generator was asked; `None` before it began.
    pub generation: Option<RunId>,
    /// Ids of all runs in which candidates were judged. The last one is complete once the build
    /// has an outcome.
    pub fit: Vec<RunId>,
}

/// A suite whose prompts must not be repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownSet {
    /// The suite's id.
    pub suite: String,
    /// The suite's version.
    pub version: String,
    /// The suite's content hash, as 64 hexadecimal digits.
    pub hash: String,
    /// Number of its probes.
    pub prompts: usize,
}

impl KnownSet {
    /// The entry for `suite`.
    pub fn of(suite: &Suite) -> Self {
        Self {
            suite: suite.id.to_string(),
            version: suite.version.clone(),
            hash: suite.hash.to_string(),
            prompts: suite.probes.len(),
        }
    }
}

/// A filled-in review sheet whose ratings were used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SheetRecord {
    /// The sheet's file.
    pub file: String,
    /// Hash of the file's content.
    pub hash: ContentHash,
    /// Number of rows with a rating.
    pub ratings: usize,
}

/// Choices that apply after the models have answered, so that changing them needs no new calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choices {
    /// Candidates with a mean fit (1 to 5) above it were kept.
    pub threshold: f64,
    /// Rated candidates with a mean relevance (1 to 4) below it were left out.
    pub min_relevance: f64,
    /// Expectation of all probes; `None` for the usual one of each category.
    pub expect: Option<Expect>,
    /// Id of the suite.
    pub id: String,
    /// Licence of the suite: an SPDX id, or free text.
    pub licence: String,
    /// Suites that candidates were compared with.
    pub known: Vec<KnownSet>,
    /// Review sheets whose ratings were used.
    pub sheets: Vec<SheetRecord>,
}

/// The record of a build, as stored in `build.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildRecord {
    nocere_build: u32,
    nocere_version: String,
    created: String,
    /// Everything that the models' answers depend on; fixed when the build begins.
    pub settings: Settings,
    /// The runs so far.
    pub runs: Runs,
    /// Choices of the latest invocation.
    pub choices: Choices,
    /// The outcome; `None` while the build is unfinished.
    pub outcome: Option<Outcome>,
}

impl BuildRecord {
    /// The record of a new build, created now by this version.
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
    ///
    /// The text is not a record, or has another format. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let record: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if record.nocere_build != FORMAT {
            return Err(format!(
                "unknown format {}, expected {FORMAT}",
                record.nocere_build
            ));
        }
        Ok(record)
    }

    /// Names of the settings in which `wanted` differs from this build. If there are any, the
    /// recorded answers cannot be used for it.
    pub fn changes(&self, wanted: &Settings) -> Vec<&'static str> {
        changes(&self.settings, wanted)
    }

    /// Policy, models and people behind the suite, in one sentence.
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
