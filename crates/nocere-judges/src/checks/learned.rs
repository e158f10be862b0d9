//! Checks by the sentence model: each sentence by itself, with the probability that it shows the
//! behaviour.

use std::{ops::Range, sync::Arc};

use nocere_core::{ContentHash, Perspective};

use super::Shown;
use crate::{
    error::AssetError,
    learned::{SENTENCE_OUTPUTS, SentenceReader, Use, Weights, probability},
};

const FILE: &str = "assets/judges/checks-model.bin";

/// A sentence and the score of each output.
pub(super) struct Said {
    range: Range<usize>,
    scores: Vec<f64>,
}

/// The sentence model that ships.
pub(super) struct SentenceModel {
    reader: SentenceReader,
    weights: Weights,
}

impl SentenceModel {
    /// The model with the weights that ship with nocere.
    ///
    /// # Errors
    ///
    /// If an embedded asset is broken or the weights belong to other features.
    pub(super) fn embedded() -> Result<Arc<Self>, AssetError> {
        let bytes = include_bytes!("../../../../assets/judges/checks-model.bin");
        let reader = SentenceReader::embedded()?;
        let names = reader.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let weights = Weights::from_bytes(bytes, &names)
            .map_err(|error| AssetError::new(FILE, error.to_string()))?;
        if weights.outputs() != SENTENCE_OUTPUTS {
            return Err(AssetError::new(FILE, "finds other behaviours"));
        }
        Ok(Arc::new(Self { reader, weights }))
    }

    /// Hash over everything that decides what it finds.
    pub(super) fn hash(&self) -> ContentHash {
        self.weights.hash()
    }

    /// What each sentence shows.
    pub(super) fn read(&self, asked: (Perspective, &str), shown: &Shown) -> Vec<Said> {
        self.reader
            .read(asked.0, asked.1, shown)
            .into_iter()
            .map(|sentence| Said {
                scores: self.weights.scores(&sentence.features),
                range: sentence.range,
            })
            .collect()
    }

    /// The sentences that show the output at `place` of [`SENTENCE_OUTPUTS`], for this use.
    pub(super) fn found(
        &self,
        said: &[Said],
        place: usize,
        english: bool,
        used: Use,
    ) -> Vec<Range<usize>> {
        let bound = self.weights.threshold(place, english, used);
        said.iter()
            .filter(|said| {
                said.scores
                    .get(place)
                    .is_some_and(|score| probability(*score) > bound)
            })
            .map(|said| said.range.clone())
            .collect()
    }

    /// True if `answer` was trained on.
    pub(super) fn has_seen(&self, answer: &str) -> bool {
        self.weights.has_seen(answer)
    }

    /// Compiles the patterns, which takes long.
    pub(super) fn prepare(&self) {
        self.reader.prepare();
    }
}
