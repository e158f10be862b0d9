//! Small linear models that read answers: their features, their weights, and where those come
//! from. `cargo xtask train-answers` trains them on `assets/training/answers`.

pub(crate) mod grams;
mod sentence;
mod weights;

pub use grams::BUCKETS;
pub(crate) use grams::push_grams;
pub use sentence::{SENTENCE_OUTPUTS, Sentence, SentenceReader};
pub use weights::{
    Features, Thresholds, Trained, Use, Weights, WeightsError, fingerprint, probability, shares,
};
