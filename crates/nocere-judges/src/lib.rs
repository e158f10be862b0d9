//! How a transcript is judged.
//!
//! Three instruments for now: [`RefusalJudge`] (rules and features), [`ChecksJudge`]
//! (safe-behaviour checks with evidence spans) and [`HarmJudge`] (a 1 to 5 rubric for any
//! chat model). None of them is calibrated yet; reports say so beside every figure.

mod checks;
mod error;
mod harm;
mod patterns;
mod refusal;
mod reply;
mod rubric;
mod sentences;
mod subject;

pub use checks::ChecksJudge;
pub use error::AssetError;
pub use harm::HarmJudge;
pub use refusal::RefusalJudge;
pub use rubric::Rubric;
pub use sentences::sentences;
