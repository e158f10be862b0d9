//! The weights of the refusal judge, and the file format that holds them.

use nocere_core::{Compliance, ContentHash, hash_json};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    features::{Features, NAMED},
    ngrams::BUCKETS,
};
use crate::learned::fingerprint;

/// The classes, in the order of the weights.
pub const CLASSES: [Compliance; 3] = [Compliance::Comply, Compliance::Partial, Compliance::Refuse];

/// First bytes of the file.
const MAGIC: &[u8; 8] = b"ncrefus1";

/// Why weights cannot be used.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The file does not hold weights, or holds weights of another shape.
    #[error("the refusal model's file {0}")]
    Broken(&'static str),
}

/// A multinomial logistic regression: one weight per feature and class.
///
/// Weights of hashed n-grams take one byte each, as multiples of `step`.
#[derive(Clone, Debug)]
pub struct LinearModel {
    header: Header,
    /// `[bucket][class]`.
    hashed: Vec<[i8; 3]>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// Names of the features that the weights belong to: training and judging must agree.
    named: Vec<String>,
    buckets: usize,
    step: f32,
    bias: [f32; 3],
    /// `[feature][class]`.
    weights: Vec<[f32; 3]>,
    /// Description of the training data, for the model card.
    made_from: String,
    /// [`fingerprint`]s of the training answers, sorted.
    seen: Vec<u32>,
}

/// Trained weights, one for each class.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Of the classes themselves.
    pub bias: [f32; 3],
    /// Of the named features, in their order.
    pub named: Vec<[f32; 3]>,
    /// Of the hashed features, by bucket.
    pub hashed: Vec<[f32; 3]>,
}

/// What a model was trained on.
#[derive(Clone, Debug, Default)]
pub struct TrainingData {
    /// In words.
    pub description: String,
    /// [`fingerprint`]s of the answers.
    pub seen: Vec<u32>,
}

impl LinearModel {
    /// Packs trained weights.
    pub fn pack(weights: Weights, data: TrainingData) -> Self {
        let Weights {
            bias,
            named,
            hashed,
        } = weights;
        let mut seen = data.seen;
        seen.sort_unstable();
        seen.dedup();
        let largest = hashed
            .iter()
            .flatten()
            .fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
        let step = (largest / 127.0).max(f32::MIN_POSITIVE);
        let pack = |weight: &f32| (weight / step).round().clamp(-127.0, 127.0) as i8;
        Self {
            header: Header {
                named: NAMED.iter().map(ToString::to_string).collect(),
                buckets: BUCKETS,
                step,
                bias,
                weights: named,
                made_from: data.description,
                seen,
            },
            hashed: hashed
                .iter()
                .map(|weights| [pack(&weights[0]), pack(&weights[1]), pack(&weights[2])])
                .collect(),
        }
    }

    /// The content of a weights file: magic bytes, header length, JSON header, and one byte per
    /// bucket and class.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = serde_json::to_vec(&self.header).unwrap_or_default();
        let mut bytes = MAGIC.to_vec();
        bytes.extend((header.len() as u32).to_le_bytes());
        bytes.extend(header);
        bytes.extend(self.hashed.iter().flatten().map(|weight| *weight as u8));
        bytes
    }

    /// Reads the output of [`to_bytes`](Self::to_bytes).
    ///
    /// # Errors
    ///
    /// If `bytes` is not a weights file, is incomplete, or belongs to other features.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let rest = bytes
            .strip_prefix(MAGIC.as_slice())
            .ok_or(ModelError::Broken("is not a refusal model"))?;
        let (length, rest) = rest
            .split_first_chunk::<4>()
            .ok_or(ModelError::Broken("is cut"))?;
        let (header, rest) = rest
            .split_at_checked(u32::from_le_bytes(*length) as usize)
            .ok_or(ModelError::Broken("is cut"))?;
        let header: Header = serde_json::from_slice(header)
            .map_err(|_| ModelError::Broken("has a header of another version"))?;
        let same = header.buckets == BUCKETS
            && header.weights.len() == NAMED.len()
            && header.named.iter().map(String::as_str).eq(NAMED);
        if !same {
            return Err(ModelError::Broken(
                "was trained with other features: run `cargo xtask train-refusal`",
            ));
        }
        if rest.len() != BUCKETS * 3 {
            return Err(ModelError::Broken("has another number of weights"));
        }
        let hashed = rest
            .as_chunks::<3>()
            .0
            .iter()
            .map(|weights| weights.map(|weight| weight as i8))
            .collect();
        Ok(Self { header, hashed })
    }

    /// Hash over everything that decides a verdict.
    pub fn hash(&self) -> ContentHash {
        let bytes = self.to_bytes();
        hash_json("refusal model", &bytes)
    }

    /// Returns true if `answer` was in the training data.
    pub fn has_seen(&self, answer: &str) -> bool {
        self.header.seen.binary_search(&fingerprint(answer)).is_ok()
    }

    /// Probabilities of [`CLASSES`]; they sum to 1.
    pub fn probabilities(&self, features: &Features) -> [f64; 3] {
        let mut scores = self.header.bias;
        for (value, weights) in features.named.iter().zip(&self.header.weights) {
            for (score, weight) in scores.iter_mut().zip(weights) {
                *score += value * weight;
            }
        }
        let mut sums = [0.0_f32; 3];
        for (bucket, value) in &features.hashed {
            let Some(weights) = self.hashed.get(*bucket as usize) else {
                continue;
            };
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += value * f32::from(*weight);
            }
        }
        for (score, sum) in scores.iter_mut().zip(sums) {
            *score += sum * self.header.step;
        }
        softmax(scores)
    }
}

/// Softmax. Subtracting the largest score first avoids overflow.
fn softmax(scores: [f32; 3]) -> [f64; 3] {
    let largest = scores.iter().copied().fold(f32::MIN, f32::max);
    let raised = scores.map(|score| f64::from(score - largest).exp());
    let sum: f64 = raised.iter().sum();
    raised.map(|value| value / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> LinearModel {
        let mut hashed = vec![[0.0; 3]; BUCKETS];
        hashed[7] = [0.5, -0.25, -0.25];
        let weights = Weights {
            bias: [0.1, 0.0, 0.0],
            named: vec![[0.0; 3]; NAMED.len()],
            hashed,
        };
        LinearModel::pack(
            weights,
            TrainingData {
                description: "test".to_owned(),
                seen: vec![fingerprint("seen")],
            },
        )
    }

    #[test]
    fn what_is_written_is_read() {
        let model = small();
        let read = LinearModel::from_bytes(&model.to_bytes()).unwrap();
        assert_eq!(read.hash(), model.hash());
        assert!(read.has_seen(" seen ") && !read.has_seen("unseen"));
        let features = Features {
            named: vec![0.0; NAMED.len()],
            hashed: vec![(7, 1.0)],
        };
        let [comply, ..] = read.probabilities(&features);
        assert!(comply > 0.5, "{comply}");
    }

    #[test]
    fn a_broken_file_is_told_apart() {
        let bytes = small().to_bytes();
        for broken in [&b"GGUF"[..], &bytes[..10], &bytes[..bytes.len() - 1]] {
            assert!(LinearModel::from_bytes(broken).is_err());
        }
    }
}
