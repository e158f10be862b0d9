//! The classifier of critiques: multinomial logistic regression over hashed runs of words and
//! characters. `cargo xtask train-disagreement` trains it and writes its card.

use nocere_core::ContentHash;

use crate::{AssetError, learned::push_grams};

/// The levels of disagreement, lowest first.
pub const LEVELS: [&str; 4] = ["none", "low", "moderate", "high"];
/// Number of buckets that features are hashed into.
pub const BUCKETS: usize = 1 << 13;
const NAME: &str = "assets/judges/disagreement-model.bin";

/// A critique as buckets and values; its length is 1.
pub type Features = Vec<(usize, f64)>;

/// A trained classifier.
#[derive(Debug)]
pub struct DisagreementModel {
    bias: [f32; 4],
    /// One row for each bucket.
    weights: Vec<[f32; 4]>,
}

impl DisagreementModel {
    /// A classifier with these weights: `bias`, and one row for each of [`BUCKETS`] buckets.
    pub fn new(bias: [f32; 4], mut weights: Vec<[f32; 4]>) -> Self {
        weights.resize(BUCKETS, [0.0; 4]);
        Self { bias, weights }
    }

    /// The classifier that ships with nocere.
    ///
    /// # Errors
    ///
    /// The embedded file is damaged.
    pub fn embedded() -> Result<Self, AssetError> {
        Self::from_bytes(include_bytes!(
            "../../../../assets/judges/disagreement-model.bin"
        ))
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    ///
    /// The number of bytes is wrong, or a weight is not finite.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AssetError> {
        let fault = |what: &str| AssetError::new(NAME, what);
        let (rows, rest) = bytes.as_chunks::<16>();
        if rows.len() != BUCKETS + 1 || !rest.is_empty() {
            return Err(fault("the file has another size than its weights"));
        }
        let row = |row: &[u8; 16]| -> [f32; 4] {
            let (numbers, _) = row.as_chunks::<4>();
            std::array::from_fn(|at| f32::from_le_bytes(numbers[at]))
        };
        let all: Vec<[f32; 4]> = rows.iter().map(row).collect();
        if all.iter().flatten().any(|weight| !weight.is_finite()) {
            return Err(fault("a weight is not a finite number"));
        }
        Ok(Self {
            bias: all[0],
            weights: all[1..].to_vec(),
        })
    }

    /// Bias and weights as little-endian 32-bit floats.
    pub fn to_bytes(&self) -> Vec<u8> {
        let rows = std::iter::once(&self.bias).chain(&self.weights);
        rows.flatten()
            .flat_map(|weight| weight.to_le_bytes())
            .collect()
    }

    /// Hash of the weights.
    pub fn hash(&self) -> ContentHash {
        ContentHash::of_bytes(&self.to_bytes())
    }

    /// The features of a critique.
    pub fn features(critique: &str) -> Features {
        let mut grams = Vec::new();
        push_grams("critique", critique, 1.0, &mut grams);
        let mut found: Vec<usize> = grams
            .iter()
            .map(|(bucket, _)| *bucket as usize % BUCKETS)
            .collect();
        found.sort_unstable();
        found.dedup();
        let value = 1.0 / (found.len().max(1) as f64).sqrt();
        found.into_iter().map(|bucket| (bucket, value)).collect()
    }

    /// Probability of each level, lowest first. They are the classifier's own and were not calibrated.
    pub fn probabilities(&self, critique: &str) -> [f64; 4] {
        let mut scores = self.bias.map(f64::from);
        for (bucket, value) in Self::features(critique) {
            for (score, weight) in scores.iter_mut().zip(self.weights[bucket]) {
                *score += value * f64::from(weight);
            }
        }
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let parts = scores.map(|score| (score - most).exp());
        let sum: f64 = parts.iter().sum();
        parts.map(|part| part / sum)
    }

    /// The most probable level of a critique, as a place in [`LEVELS`].
    pub fn level(&self, critique: &str) -> usize {
        let probabilities = self.probabilities(critique);
        let most = (0..4).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]));
        most.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Critiques of a file with the places of their levels.
    fn critiques(text: &str) -> Vec<(String, usize)> {
        text.lines()
            .map(|line| {
                let row: serde_json::Value = serde_json::from_str(line).unwrap();
                let level = row["level"].as_str().unwrap();
                let place = LEVELS.iter().position(|known| *known == level).unwrap();
                (row["critique"].as_str().unwrap().to_owned(), place)
            })
            .collect()
    }

    #[test]
    fn on_critiques_of_other_writers_it_is_as_good_as_its_card_says() {
        let model = DisagreementModel::embedded().unwrap();
        let held_out = include_str!("../../../../assets/training/critiques/heldout.jsonl");
        let mut counts = [[0_u32; 4]; 4];
        for (critique, level) in critiques(held_out) {
            counts[level][model.level(&critique)] += 1;
        }
        let card = include_str!("../../../../assets/judges/disagreement-model.md");
        for (row, level) in counts.iter().zip(LEVELS) {
            let [a, b, c, d] = row;
            let line = format!("| {level} | {a} | {b} | {c} | {d} |");
            assert!(card.contains(&line), "the card lacks: {line}");
        }
    }

    #[test]
    fn weights_are_read_back_and_damage_is_seen() {
        let model = DisagreementModel::embedded().unwrap();
        let bytes = model.to_bytes();
        assert_eq!(
            DisagreementModel::from_bytes(&bytes).unwrap().hash(),
            model.hash()
        );
        assert!(DisagreementModel::from_bytes(&bytes[1..]).is_err());
        let mut wrong = bytes;
        wrong[..4].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(DisagreementModel::from_bytes(&wrong).is_err());
        let sum: f64 = model.probabilities("").iter().sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
}
