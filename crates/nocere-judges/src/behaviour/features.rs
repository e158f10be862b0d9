//! What the behaviour judge sees of an answer.

use std::ops::Range;

use nocere_core::Perspective;

use crate::{
    error::AssetError,
    learned::{
        Features,
        grams::{push_grams, push_words},
    },
    refusal::{Extractor, FEATURES},
    words::content_words,
};

/// Named features after those of the refusal rules.
const SHAPE: [&str; 14] = [
    "length",
    "sentences",
    "share of its words that are the question's",
    "share of the question's words that it has",
    "has no word of the question",
    "has no word of the question, and both are long enough to share one",
    "ends with a question",
    "ends in the middle",
    "digits",
    "digits in the first sentence",
    "repeats itself",
    "to a patient",
    "to a clinician",
    "words of the question",
];

/// Bytes of a question that are read.
const MAX_QUESTION: usize = 4_000;

/// How much the parts of an answer weigh as wording.
const WHOLE: f32 = 1.0;
const FIRST: f32 = 0.7;
const SECOND: f32 = 0.4;
const LAST: f32 = 0.4;
const QUESTION: f32 = 0.3;

/// Computes the features of answers.
pub struct BehaviourReader {
    refusals: Extractor,
}

impl BehaviourReader {
    /// The reader that belongs to the embedded weights.
    ///
    /// # Errors
    ///
    /// If an embedded asset is broken.
    pub fn embedded() -> Result<Self, AssetError> {
        Ok(Self {
            refusals: Extractor::embedded()?,
        })
    }

    /// Names of the named features, in order.
    pub fn names() -> Vec<&'static str> {
        FEATURES.into_iter().chain(SHAPE).collect()
    }

    /// The features of `answer` as an answer to `question`, asked by `perspective`.
    pub fn features(&self, perspective: Perspective, question: &str, answer: &str) -> Features {
        self.read(perspective, question, answer).0
    }

    /// The features, and the byte ranges in `answer` of the sentences that decline.
    pub(crate) fn read(
        &self,
        perspective: Perspective,
        question: &str,
        answer: &str,
    ) -> (Features, Vec<Range<usize>>) {
        let (refusal, declining) = self.refusals.read(question, answer);
        let spoken = self.refusals.for_the_asker(answer);
        let pieces: Vec<&str> = spoken.iter().map(String::as_str).collect();
        let shown = pieces.join("\n");
        let question = crate::refusal::cut(question, MAX_QUESTION);
        let mut named = refusal.named;
        push_shape(perspective, question, &shown, &pieces, &mut named);
        let mut hashed = Vec::new();
        push_grams("a", &shown, WHOLE, &mut hashed);
        if let Some(first) = pieces.first() {
            push_grams("o", first, FIRST, &mut hashed);
        }
        let second = pieces.get(1..pieces.len().min(3)).unwrap_or_default();
        push_grams("m", &second.join(" "), SECOND, &mut hashed);
        if let Some(last) = pieces.last() {
            push_grams("c", last, LAST, &mut hashed);
        }
        push_words("q", question, QUESTION, &mut hashed);
        (Features { named, hashed }, declining)
    }

    /// Compiles the patterns, which takes long.
    pub(crate) fn prepare(&self) {
        self.refusals.prepare();
    }
}

fn push_shape(
    perspective: Perspective,
    question: &str,
    shown: &str,
    pieces: &[&str],
    named: &mut Vec<f32>,
) {
    let flag = |is: bool| f32::from(u8::from(is));
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count() as f32;
    let asked: std::collections::BTreeSet<String> = content_words(question).into_iter().collect();
    let said: std::collections::BTreeSet<String> = content_words(shown).into_iter().collect();
    let both = asked.intersection(&said).count();
    let apart = both == 0 && !asked.is_empty();
    let distinct: std::collections::BTreeSet<&&str> = pieces.iter().collect();
    named.extend([
        (shown.len() as f32).ln_1p() / 6.0,
        (pieces.len() as f32 / 20.0).min(2.0),
        both as f32 / said.len().max(1) as f32,
        both as f32 / asked.len().max(1) as f32,
        flag(apart),
        flag(apart && asked.len() >= 5 && said.len() >= 8),
        flag(shown.trim_end().ends_with(['?', '？'])),
        flag(!shown.trim_end().ends_with(|c: char| {
            c.is_ascii_punctuation() || matches!(c, '。' | '！' | '？' | '”' | '」' | '…' | '»')
        })),
        (digits(shown) / 20.0).min(2.0),
        flag(pieces.first().is_some_and(|first| digits(first) > 0.0)),
        1.0 - distinct.len() as f32 / pieces.len().max(1) as f32,
        flag(perspective == Perspective::Patient),
        flag(perspective == Perspective::Clinician),
        (asked.len() as f32).ln_1p() / 5.0,
    ]);
}
