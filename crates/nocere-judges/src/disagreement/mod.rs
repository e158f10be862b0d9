//! How far an answer departs from a ground truth: a critique, and a level of disagreement for it
//! (Med-CoDE, Gupta et al. 2025, arXiv 2504.15330).

mod judge;
mod model;

pub use judge::CritiqueJudge;
pub(crate) use judge::{check_critique, quoted};
pub use model::{BUCKETS, DisagreementModel, Features, LEVELS};
