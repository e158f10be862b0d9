//! How a transcript is judged: rubrics read by a model ([`RubricJudge`]), the embedded
//! refusal judges, safe-behaviour checks with evidence ([`ChecksJudge`]), grounding in
//! documents, answer keys, and panels of judges ([`PanelJudge`]).

mod answer_key;
mod asking;
mod checks;
mod error;
#[cfg(test)]
mod fixtures;
mod grounding;
mod grounding_model;
pub mod injection;
mod panel;
mod patterns;
pub mod refusal;
mod refusal_rules;
mod reply;
mod rubric;
mod rubric_judge;
mod sentences;
mod subject;
mod votes;
mod words;

pub use answer_key::AnswerJudge;
pub use checks::ChecksJudge;
pub use error::AssetError;
pub use grounding::GroundingJudge;
pub use grounding_model::GroundingModelJudge;
pub use panel::{Member, PanelJudge};
pub use refusal::RefusalClassifier;
pub use refusal_rules::RefusalRules;
pub use rubric::{PolicyPart, Rubric};
pub use rubric_judge::{Reading, RubricJudge, RubricOptions};
pub use sentences::sentences;
pub use votes::{Combine, Tie, VoteRule};
