//! Grounding without a model: compares each sentence of an answer with the probe's documents,
//! word by word.
//!
//! This measures overlap, not meaning. A paraphrase in other words counts as unsupported, and a
//! sentence that twists the documents' words can count as supported. Negations, numbers, sides
//! and the items of lists are compared as well, with the closest sentence of the passage,
//! because a faithful summary must keep them. A verbatim copy of a sentence is supported.

mod claim;
mod negation;
mod opposites;
mod quantity;
mod token;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use nocere_core::{
    BoxFuture, Evidence, Instrument, Item, Judge, JudgeContext, Passage, Probe, Scale, Score,
    Scored, Support, Transcript, UnscoredReason, Verdict, hash_json, measure, text::is_invisible,
};

use crate::{
    judged_answer::{NoVerdict, last_answer},
    sentences,
    words::content_words,
};
use claim::{Claim, Departure};

/// Raised when a change to the code below could change a verdict.
const CODE_VERSION: u32 = 2;

/// Share of a sentence's words, by weight, that a passage must hold to support it. Chosen on
/// aci_bench; see docs/design/measurements/embedded-judges.md.
const SUPPORTED: f64 = 0.4;
/// Share from which a passage is about the same matter, so that another number or a negation
/// is a contradiction.
const SAME_MATTER: f64 = 0.75;
/// Number of sentences in a passage.
const WINDOW: usize = 3;
/// Longest answer, and longest document, that is compared, in bytes.
const MAX_BYTES: usize = 400_000;

/// The grounding judge without a model.
pub struct GroundingJudge {
    instrument: Instrument,
    supported: f64,
}

impl Default for GroundingJudge {
    fn default() -> Self {
        Self::with_threshold(SUPPORTED)
    }
}

impl GroundingJudge {
    /// A judge with another threshold: the share of a sentence's words, by weight, that a
    /// passage must hold to support it, in `[0, 1]`. The default is 0.4.
    pub fn with_threshold(supported: f64) -> Self {
        Self {
            supported,
            instrument: Instrument {
                id: "grounding-overlap".into(),
                measure: measure::GROUNDING.to_owned(),
                scale: Scale::sentences(),
                title: "Grounding, by overlap of words".to_owned(),
                version: CODE_VERSION.to_string(),
                model: None,
                recorded: false,
                hash: hash_json(
                    "instrument",
                    &("grounding-overlap", supported.to_bits(), CODE_VERSION),
                ),
            },
        }
    }
}

impl Judge for GroundingJudge {
    fn judge<'a>(
        &'a self,
        probe: &'a Probe,
        transcript: &'a Transcript,
        _cx: &'a JudgeContext<'a>,
    ) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let answer = match grounded_answer(probe, transcript) {
                Ok(answer) => answer,
                Err((reason, detail)) => return Verdict::unscored(reason, detail),
            };
            let passages = Passages::of(probe, self.supported);
            let sentences = sentences(answer)
                .into_iter()
                .map(|range| passages.align(answer, range))
                .collect();
            verdict(transcript, sentences)
        })
    }

    fn instrument(&self) -> &Instrument {
        &self.instrument
    }
}

/// The last answer, or why it cannot be compared with documents.
pub(crate) fn grounded_answer<'a>(
    probe: &Probe,
    transcript: &'a Transcript,
) -> Result<&'a str, NoVerdict> {
    if probe.documents.is_empty() {
        return Err((
            UnscoredReason::NotApplicable,
            "the probe has no documents".to_owned(),
        ));
    }
    let answer = last_answer(transcript)?;
    let longest = probe
        .documents
        .iter()
        .map(|document| document.text.len())
        .chain([answer.len()])
        .max()
        .unwrap_or(0);
    if longest > MAX_BYTES {
        return Err((
            UnscoredReason::JudgeOverflow,
            format!("a text of {longest} bytes is too long to be compared"),
        ));
    }
    Ok(answer)
}

/// One sentence of an answer and what the documents say to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SentenceSupport {
    /// Byte range in the answer.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) support: Support,
    /// The passage that says so.
    pub(crate) source: Option<Passage>,
}

/// The verdict on rated sentences. Those that are unsupported or contradictory become evidence.
pub(crate) fn verdict(transcript: &Transcript, sentences: Vec<SentenceSupport>) -> Verdict {
    let last = transcript.answers().count().saturating_sub(1);
    let count = |support: Support| {
        sentences
            .iter()
            .filter(|sentence| sentence.support == support)
            .count()
    };
    let rationale = Support::ALL
        .iter()
        .map(|support| format!("{} {}", count(*support), support.as_str()))
        .collect::<Vec<_>>()
        .join(", ");
    if sentences.is_empty() || count(Support::NotNeeded) == sentences.len() {
        return Verdict::unscored(
            UnscoredReason::NotApplicable,
            "no sentence of the answer claims anything",
        );
    }
    let evidence = sentences
        .iter()
        .filter(|sentence| {
            matches!(
                sentence.support,
                Support::Unsupported | Support::Contradictory
            )
        })
        .map(|sentence| Evidence {
            answer: last,
            start: sentence.start,
            end: sentence.end,
            label: sentence.support.as_str().to_owned(),
        })
        .collect();
    Verdict::Scored(Scored {
        score: Score::Items {
            items: (1..)
                .zip(sentences)
                .map(|(number, sentence): (usize, _)| Item {
                    spans: vec![(sentence.start, sentence.end)],
                    source: sentence.source,
                    ..Item::new(number.to_string(), sentence.support.as_str())
                })
                .collect(),
        },
        read: None,
        rationale,
        evidence,
        votes: Vec::new(),
    })
}

/// The passages of the documents, and the weight of each word.
struct Passages {
    sentences: Vec<Sentence>,
    windows: Vec<Window>,
    /// Plain form of every sentence, with the first place where it stands.
    verbatim: BTreeMap<String, usize>,
    /// Inverse document frequency of each word over the windows: ln(1 + windows / windows with
    /// the word).
    weights: BTreeMap<String, f64>,
    /// Share of a sentence's words, by weight, that a window must hold to support it.
    supported: f64,
}

/// One sentence of a document.
struct Sentence {
    document: usize,
    range: Range<usize>,
    claim: Claim,
}

/// Up to [`WINDOW`] sentences of a document that follow each other.
struct Window {
    /// Places among the sentences.
    sentences: Range<usize>,
    words: BTreeSet<String>,
}

impl Passages {
    fn of(probe: &Probe, supported: f64) -> Self {
        let mut all = Vec::new();
        let mut windows = Vec::new();
        let mut verbatim = BTreeMap::new();
        for (document, entry) in probe.documents.iter().enumerate() {
            let begin = all.len();
            for range in sentences(&entry.text) {
                let text = &entry.text[range.clone()];
                verbatim.entry(plain(text)).or_insert(all.len());
                all.push(Sentence {
                    document,
                    claim: Claim::of(text),
                    range,
                });
            }
            for first in begin..all.len() {
                let last = (first + WINDOW).min(all.len());
                let text = &entry.text[all[first].range.start..all[last - 1].range.end];
                windows.push(Window {
                    sentences: first..last,
                    words: content_words(text).into_iter().collect(),
                });
            }
        }
        let mut frequency: BTreeMap<String, usize> = BTreeMap::new();
        for word in windows.iter().flat_map(|window| &window.words) {
            *frequency.entry(word.clone()).or_default() += 1;
        }
        let total = windows.len() as f64;
        let weights = frequency
            .into_iter()
            .map(|(word, count)| (word, (1.0 + total / count as f64).ln()))
            .collect();
        Self {
            sentences: all,
            windows,
            verbatim,
            weights,
            supported,
        }
    }

    fn weight(&self, word: &str) -> f64 {
        // A word that no window holds weighs as much as one that occurs in a single window.
        self.weights
            .get(word)
            .copied()
            .unwrap_or_else(|| (1.0 + self.windows.len() as f64).ln())
    }

    /// The share of `words`, by weight, for which `holds` is true.
    fn share<'w>(
        &self,
        words: impl Iterator<Item = &'w String> + Clone,
        holds: impl Fn(&str) -> bool,
    ) -> f64 {
        let whole: f64 = words.clone().map(|word| self.weight(word)).sum();
        let held: f64 = words
            .filter(|word| holds(word))
            .map(|word| self.weight(word))
            .sum();
        held / whole.max(f64::MIN_POSITIVE)
    }

    /// Compares the sentence at `range` of `answer` with the documents.
    fn align(&self, answer: &str, range: Range<usize>) -> SentenceSupport {
        let text = &answer[range.clone()];
        let (support, source) = self.read(text);
        SentenceSupport {
            start: range.start,
            end: range.end,
            support,
            source: source.map(|places| self.passage(&places)),
        }
    }

    /// What the documents say to one sentence, and the sentences that say it.
    fn read(&self, text: &str) -> (Support, Option<Range<usize>>) {
        let words: BTreeSet<String> = content_words(text).into_iter().collect();
        if claims_nothing(text, &words) {
            return (Support::NotNeeded, None);
        }
        if let Some(place) = self.verbatim.get(&plain(text)) {
            return (Support::Supported, Some(*place..place + 1));
        }
        let best = self
            .windows
            .iter()
            .map(|window| {
                let share = self.share(words.iter(), |word| window.words.contains(word));
                (share, window)
            })
            // Of passages with the same share, the one with fewer words is the closer match.
            .max_by(|a, b| {
                a.0.total_cmp(&b.0)
                    .then(b.1.words.len().cmp(&a.1.words.len()))
            });
        let Some((share, window)) = best.filter(|(share, _)| *share >= self.supported) else {
            return (Support::Unsupported, None);
        };
        let claim = Claim::of(text);
        let source = window.sentences.clone();
        let Some(departure) = self.departure(&claim, &source) else {
            return if claim.adds_item(|word| self.weights.contains_key(word)) {
                (Support::Unsupported, None)
            } else {
                (Support::Supported, Some(source))
            };
        };
        if let Some(other) = self.says_so_elsewhere(&claim, &source) {
            return (Support::Supported, Some(other));
        }
        let same = share >= SAME_MATTER || self.matter_share(&claim, &source) >= SAME_MATTER;
        if same && departure == Departure::Contradicts {
            (Support::Contradictory, Some(source))
        } else {
            (Support::Unsupported, None)
        }
    }

    /// How `claim` departs from the sentences at `places`: its words are compared with the
    /// closest of them, and what that one lacks with the others.
    fn departure(&self, claim: &Claim, places: &Range<usize>) -> Option<Departure> {
        let near = places.clone().max_by(|a, b| {
            let share = |place: usize| self.matter_share(claim, &(place..place + 1));
            let length = |place: usize| self.sentences[place].claim.matter.len();
            share(*a)
                .total_cmp(&share(*b))
                .then(length(*b).cmp(&length(*a)))
        })?;
        let around: Vec<&Claim> = places
            .clone()
            .map(|place| &self.sentences[place].claim)
            .collect();
        claim.departs(&self.sentences[near].claim, &around)
    }

    /// The share of what `claim` is about, without numbers and negations, that the sentences at
    /// `places` hold.
    fn matter_share(&self, claim: &Claim, places: &Range<usize>) -> f64 {
        self.share(claim.matter.keys(), |word| {
            places
                .clone()
                .any(|place| self.sentences[place].claim.matter.contains_key(word))
        })
    }

    /// Another sentence about the same matter from which `claim` does not depart: then the
    /// documents say both, and a difference proves nothing.
    fn says_so_elsewhere(&self, claim: &Claim, besides: &Range<usize>) -> Option<Range<usize>> {
        let only = |place: usize| place..place + 1;
        let share = |place: usize| self.matter_share(claim, &only(place));
        let closest = besides.clone().map(share).fold(SAME_MATTER, f64::max);
        (0..self.sentences.len())
            .filter(|place| share(*place) >= closest)
            .find(|place| self.departure(claim, &only(*place)).is_none())
            .map(only)
    }

    fn passage(&self, places: &Range<usize>) -> Passage {
        let first = &self.sentences[places.start];
        Passage {
            document: first.document,
            start: first.range.start,
            end: self.sentences[places.end - 1].range.end,
        }
    }
}

/// A sentence as it is compared with others word for word: without emphasis, list marks,
/// quotation marks, hidden characters and a stop at the end.
fn plain(text: &str) -> String {
    let marks: String = text
        .chars()
        .filter(|c| !is_invisible(*c) && !matches!(c, '*' | '_' | '`' | '"' | '“' | '”'))
        .map(|c| if c == '’' { '\'' } else { c })
        .collect();
    let lower = marks.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let joined = words.join(" ");
    joined
        .trim_start_matches(['-', '•', '>', '#', ' '])
        .trim_end_matches(['.', '!', '。', '！', ' '])
        .to_owned()
}

/// Returns true for sentences without a claim to check: headings, questions, and sentences with
/// fewer than two content words, such as greetings.
fn claims_nothing(text: &str, words: &BTreeSet<String>) -> bool {
    let text = text.trim();
    let heading = text.ends_with(':') || text.starts_with('#');
    let question = text.ends_with(['?', '？']);
    heading || question || words.len() < 2
}

#[cfg(test)]
mod tests;
