//! Judges: instruments that read a transcript and return a verdict.
//!
//! A verdict is a score on the judge's own scale, or *unscored* with a reason. A failed call,
//! a filtered answer or an unreadable reply never becomes a score.
//!
//! Judges that need no model are deterministic: refusal ([`RefusalClassifier`],
//! [`RefusalRules`]), safe-behaviour checks ([`ChecksJudge`]), grounding by overlap of words
//! ([`GroundingJudge`]), answer keys ([`AnswerJudge`]) and points ([`PointsJudge`]). Others ask a
//! model to apply a [`Rubric`] ([`RubricJudge`], [`GroundingModelJudge`]), or a
//! [`guard`] model to classify it. A [`PanelJudge`] combines several
//! judges into one verdict. All implement [`Judge`](nocere_core::Judge).
//!
//! This crate also guards judges against the text that they judge: material is fenced, a
//! canary shows if the judge still follows its own instructions, and [`injection`] holds a
//! corpus of attacks to test that. [`metamorphic`] holds changes of form that must turn no verdict.
//!
//! It deliberately does not call providers (models arrive in the
//! [`JudgeContext`](nocere_core::JudgeContext), metered by the engine), store verdicts, or
//! measure how well a judge agrees with people (calibration).
//!
//! A judge's hash covers its asset, settings and code version. Raise the `CODE_VERSION` of a
//! judge when a change to its code could change a verdict: a judge with another hash is
//! another, uncalibrated instrument.
//!
//! # Example
//!
//! ```
//! use nocere_core::Judge;
//! use nocere_judges::RefusalClassifier;
//!
//! # fn main() -> Result<(), nocere_judges::AssetError> {
//! let judge = RefusalClassifier::embedded()?;
//! let scored = judge.label("Does garlic cure flu?", "I'm sorry, but I can't help with that.");
//! assert_eq!(judge.instrument().scale.word(&scored.score), "refuse");
//! // The evidence is the sentence that refuses.
//! assert!(!scored.evidence.is_empty());
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod answer_key;
mod ask_model;
mod ballot;
pub mod behaviour;
mod checklist;
mod checks;
mod commitment;
mod criteria;
pub mod disagreement;
mod error;
#[cfg(test)]
mod fixtures;
mod grounding;
mod grounding_model;
pub mod guard;
pub mod injection;
mod judged_answer;
mod language;
pub mod learned;
pub mod metamorphic;
mod order;
mod overlap;
mod panel;
mod patterns;
mod points;
mod premise;
mod published;
pub mod refusal;
mod reply;
mod rubric;
mod rubric_judge;
mod sentences;
mod visible;
mod votes;
mod words;

pub use answer_key::AnswerJudge;
pub use behaviour::BehaviourJudge;
pub use checklist::ChecklistJudge;
pub use checks::ChecksJudge;
pub use criteria::CriteriaJudge;
pub use disagreement::CritiqueJudge;
pub use error::AssetError;
pub use grounding::GroundingJudge;
pub use grounding_model::GroundingModelJudge;
pub use order::OrderJudge;
pub use overlap::{OverlapJudge, Rouge};
pub use panel::{Member, PanelJudge};
pub use points::PointsJudge;
pub use premise::PremiseJudge;
pub use published::{PublishedJudge, PublishedOptions, PublishedPrompts};
pub use refusal::{RefusalClassifier, RefusalRules};
pub use rubric::{LevelOrder, PolicyPart, Rubric};
pub use rubric_judge::{Reading, RubricJudge, RubricOptions};
pub use sentences::sentences;
pub use votes::{Combine, Tie, VoteRule};
