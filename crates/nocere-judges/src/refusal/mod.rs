//! The embedded refusal judge: a small linear classifier over the answer's wording, its shape
//! and its overlap with the question. Deterministic; needs no download and no network.

mod classifier;
mod courtesy;
mod features;
mod language;
mod model;
mod ngrams;
mod reading;
pub(crate) mod rule_judge;
mod rules;
mod shape;
mod spoken;

pub(crate) use courtesy::is_pleasantry;
pub(crate) use features::{NAMED as FEATURES, settings};
pub(crate) use language::{Tongue, guess};
pub(crate) use reading::cut;
pub(crate) use rules::RuleSet;
pub(crate) use spoken::{JudgeTalk, is_foreign};

pub use crate::learned::fingerprint;
pub use classifier::RefusalClassifier;
pub use features::{Extractor, Features};
pub use model::{CLASSES, LinearModel, ModelError, TrainingData, Weights};
pub use ngrams::BUCKETS;
pub use rule_judge::RefusalRules;
