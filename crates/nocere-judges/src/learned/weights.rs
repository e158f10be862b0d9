//! Weights of a linear model over named features and hashed n-grams, and the file that holds them.

use nocere_core::{ContentHash, hash_json};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::grams::BUCKETS;

/// First bytes of the file.
const MAGIC: &[u8; 8] = b"ncrelin1";

/// Why weights cannot be used.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// The file does not hold weights, or holds weights of another shape.
    #[error("the file of weights {0}")]
    Broken(&'static str),
}

/// The features of one text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// Values of the named features, in a fixed order.
    pub named: Vec<f32>,
    /// Buckets (below [`BUCKETS`]) and values of hashed n-grams.
    pub hashed: Vec<(u32, f32)>,
}

/// From which probabilities an output counts, in English and in the other languages.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Above it the behaviour is there, with few false alarms.
    pub there: [f32; 2],
    /// Up to it the behaviour is missing, with few misses.
    pub missing: [f32; 2],
}

/// What a check is used for: each use has the error that it must seldom make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// To find what should not be there.
    There,
    /// To find that something is missing.
    Missing,
}

/// Weights as they are trained: for each output one weight for each feature.
#[derive(Clone, Debug)]
pub struct Trained {
    /// What the model tells apart or finds, in order.
    pub outputs: Vec<String>,
    /// Names of the named features.
    pub names: Vec<String>,
    /// `[output]`.
    pub bias: Vec<f32>,
    /// `[output][feature]`.
    pub named: Vec<Vec<f32>>,
    /// `[output][bucket]`.
    pub hashed: Vec<Vec<f32>>,
    /// For each output, from which probabilities it counts. Empty if the largest output counts.
    pub thresholds: Vec<Thresholds>,
    /// What it was trained on, in words.
    pub made_from: String,
    /// [`fingerprint`]s of the texts that it was trained on.
    pub seen: Vec<u32>,
}

/// A linear model: a score for each output.
///
/// Weights of n-grams take one byte each, as multiples of a step of their output.
#[derive(Clone, Debug)]
pub struct Weights {
    header: Header,
    /// `[bucket * outputs + output]`.
    hashed: Vec<i8>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    outputs: Vec<String>,
    names: Vec<String>,
    buckets: usize,
    bias: Vec<f32>,
    named: Vec<Vec<f32>>,
    steps: Vec<f32>,
    thresholds: Vec<Thresholds>,
    made_from: String,
    /// Sorted.
    seen: Vec<u32>,
}

/// A 32-bit hash of an answer, to recognise the answer without storing it. White space around
/// it does not count.
pub fn fingerprint(answer: &str) -> u32 {
    let whole = hash_json("answer", &answer.trim());
    u32::from_str_radix(whole.as_str().get(..8).unwrap_or("0"), 16).unwrap_or(0)
}

impl Weights {
    /// Packs trained weights.
    pub fn pack(trained: Trained) -> Self {
        let outputs = trained.outputs.len();
        let mut seen = trained.seen;
        seen.sort_unstable();
        seen.dedup();
        let steps: Vec<f32> = trained
            .hashed
            .iter()
            .map(|weights| {
                let largest = weights.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
                (largest / 127.0).max(f32::MIN_POSITIVE)
            })
            .collect();
        let mut hashed = vec![0_i8; BUCKETS * outputs];
        for (output, weights) in trained.hashed.iter().enumerate() {
            for (bucket, weight) in weights.iter().enumerate() {
                hashed[bucket * outputs + output] =
                    (weight / steps[output]).round().clamp(-127.0, 127.0) as i8;
            }
        }
        Self {
            header: Header {
                outputs: trained.outputs,
                names: trained.names,
                buckets: BUCKETS,
                bias: trained.bias,
                named: trained.named,
                steps,
                thresholds: trained.thresholds,
                made_from: trained.made_from,
                seen,
            },
            hashed,
        }
    }

    /// The content of a file of weights: magic bytes, length of the header, header as JSON, and one
    /// byte for each bucket and output.
    pub fn to_bytes(&self) -> Vec<u8> {
        let header = serde_json::to_vec(&self.header).unwrap_or_default();
        let mut bytes = MAGIC.to_vec();
        bytes.extend((header.len() as u32).to_le_bytes());
        bytes.extend(header);
        bytes.extend(self.hashed.iter().map(|weight| *weight as u8));
        bytes
    }

    /// Reads the output of [`to_bytes`](Self::to_bytes) for the features `names`.
    ///
    /// # Errors
    ///
    /// If `bytes` is not a file of weights, is incomplete, or belongs to other features.
    pub fn from_bytes(bytes: &[u8], names: &[&str]) -> Result<Self, WeightsError> {
        let rest = bytes
            .strip_prefix(MAGIC.as_slice())
            .ok_or(WeightsError::Broken("is of another kind"))?;
        let (length, rest) = rest
            .split_first_chunk::<4>()
            .ok_or(WeightsError::Broken("is cut"))?;
        let (header, rest) = rest
            .split_at_checked(u32::from_le_bytes(*length) as usize)
            .ok_or(WeightsError::Broken("is cut"))?;
        let header: Header = serde_json::from_slice(header)
            .map_err(|_| WeightsError::Broken("has a header of another version"))?;
        let outputs = header.outputs.len();
        let same = header.buckets == BUCKETS
            && header
                .names
                .iter()
                .map(String::as_str)
                .eq(names.iter().copied())
            && header.bias.len() == outputs
            && header.steps.len() == outputs
            && header.named.len() == outputs
            && header.named.iter().all(|named| named.len() == names.len())
            && (header.thresholds.is_empty() || header.thresholds.len() == outputs);
        if !same {
            return Err(WeightsError::Broken(
                "was trained with other features: run `cargo xtask train-answers`",
            ));
        }
        if rest.len() != BUCKETS * outputs {
            return Err(WeightsError::Broken("has another number of weights"));
        }
        let hashed = rest.iter().map(|weight| *weight as i8).collect();
        Ok(Self { header, hashed })
    }

    /// Hash over everything that decides a verdict.
    pub fn hash(&self) -> ContentHash {
        hash_json("weights", &self.to_bytes())
    }

    /// What the model tells apart or finds, in order.
    pub fn outputs(&self) -> &[String] {
        &self.header.outputs
    }

    /// Above which probability an output counts as there.
    pub fn threshold(&self, output: usize, english: bool, used: Use) -> f64 {
        let language = usize::from(!english);
        let threshold = self
            .header
            .thresholds
            .get(output)
            .map_or(0.5, |thresholds| match used {
                Use::There => thresholds.there[language],
                Use::Missing => thresholds.missing[language],
            });
        f64::from(threshold)
    }

    /// True if `answer` was trained on.
    pub fn has_seen(&self, answer: &str) -> bool {
        self.header.seen.binary_search(&fingerprint(answer)).is_ok()
    }

    /// The score of each output: log-odds up to a constant.
    pub fn scores(&self, features: &Features) -> Vec<f64> {
        let outputs = self.header.outputs.len();
        let mut sums = vec![0.0_f32; outputs];
        for (bucket, value) in &features.hashed {
            let at = *bucket as usize * outputs;
            let Some(weights) = self.hashed.get(at..at + outputs) else {
                continue;
            };
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += value * f32::from(*weight);
            }
        }
        (0..outputs)
            .map(|output| {
                let named: f32 = self.header.named[output]
                    .iter()
                    .zip(&features.named)
                    .map(|(weight, value)| weight * value)
                    .sum();
                let score =
                    self.header.bias[output] + named + sums[output] * self.header.steps[output];
                f64::from(score)
            })
            .collect()
    }
}

/// The probability that belongs to log-odds.
pub fn probability(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}

/// Probabilities that sum to 1 (softmax). Subtracting the largest score first avoids overflow.
pub fn shares(scores: &[f64]) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::MIN, f64::max);
    let raised: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
    let sum: f64 = raised.iter().sum();
    raised.into_iter().map(|value| value / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Weights {
        let mut hashed = vec![vec![0.0; BUCKETS]; 2];
        hashed[0][7] = 0.5;
        hashed[1][7] = -4.0;
        Weights::pack(Trained {
            outputs: vec!["a".to_owned(), "b".to_owned()],
            names: vec!["n".to_owned()],
            bias: vec![0.1, 0.0],
            named: vec![vec![1.0], vec![0.0]],
            hashed,
            thresholds: Vec::new(),
            made_from: "a test".to_owned(),
            seen: vec![fingerprint("seen")],
        })
    }

    #[test]
    fn what_is_written_is_read() {
        let weights = small();
        let read = Weights::from_bytes(&weights.to_bytes(), &["n"]).unwrap();
        assert_eq!(read.hash(), weights.hash());
        assert!(read.has_seen(" seen ") && !read.has_seen("unseen"));
        let features = Features {
            named: vec![2.0],
            hashed: vec![(7, 1.0)],
        };
        let scores = read.scores(&features);
        assert!((scores[0] - 2.6).abs() < 1e-3 && (scores[1] + 4.0).abs() < 1e-3);
        let shares = shares(&scores);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_broken_file_is_told_apart() {
        let bytes = small().to_bytes();
        for broken in [&b"GGUF"[..], &bytes[..10], &bytes[..bytes.len() - 1]] {
            assert!(Weights::from_bytes(broken, &["n"]).is_err());
        }
        assert!(Weights::from_bytes(&bytes, &["other"]).is_err());
    }
}
