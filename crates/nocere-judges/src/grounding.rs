//! Grounding without a model: compares each sentence of an answer with the probe's documents,
//! word by word.
//!
//! This measures overlap, not meaning. A paraphrase in other words counts as unsupported, and a
//! sentence that twists the documents' words can count as supported. Numbers and negations are
//! compared as well, because a faithful summary must keep them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use nocere_core::{
    BoxFuture, Evidence, Instrument, Item, Judge, JudgeContext, Passage, Probe, Scale, Score,
    Scored, Support, Transcript, UnscoredReason, Verdict, hash_json, measure,
};

use crate::{
    judged_answer::{NoVerdict, last_answer},
    sentences,
    words::content_words,
};

/// Raised when a change to the code below could change a verdict.
const CODE_VERSION: u32 = 1;

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
    windows: Vec<Window>,
    /// Inverse document frequency of each word over the windows: ln(1 + windows / windows with
    /// the word).
    weights: BTreeMap<String, f64>,
    /// Share of a sentence's words, by weight, that a window must hold to support it.
    supported: f64,
}

struct Window {
    document: usize,
    range: Range<usize>,
    words: BTreeSet<String>,
    numbers: BTreeSet<String>,
    negated: bool,
}

impl Passages {
    fn of(probe: &Probe, supported: f64) -> Self {
        let mut windows = Vec::new();
        for (document, entry) in probe.documents.iter().enumerate() {
            let ranges = sentences(&entry.text);
            for first in 0..ranges.len() {
                let last = (first + WINDOW).min(ranges.len()) - 1;
                let range = ranges[first].start..ranges[last].end;
                let text = &entry.text[range.clone()];
                windows.push(Window {
                    document,
                    words: content_words(text).into_iter().collect(),
                    numbers: numbers(text),
                    negated: is_negated(text),
                    range,
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
            windows,
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

    /// Compares the sentence at `range` of `answer` with the documents.
    fn align(&self, answer: &str, range: Range<usize>) -> SentenceSupport {
        let text = &answer[range.clone()];
        let label = |support, source| SentenceSupport {
            start: range.start,
            end: range.end,
            support,
            source,
        };
        let words: BTreeSet<String> = content_words(text).into_iter().collect();
        if claims_nothing(text, &words) {
            return label(Support::NotNeeded, None);
        }
        let whole: f64 = words.iter().map(|word| self.weight(word)).sum();
        let best = self
            .windows
            .iter()
            .map(|window| {
                let shared: f64 = words
                    .intersection(&window.words)
                    .map(|word| self.weight(word))
                    .sum();
                (shared / whole.max(f64::MIN_POSITIVE), window)
            })
            // Of passages with the same share, the one with fewer words is the closer match.
            .max_by(|a, b| {
                a.0.total_cmp(&b.0)
                    .then(b.1.words.len().cmp(&a.1.words.len()))
            });
        let Some((share, window)) = best.filter(|(share, _)| *share >= self.supported) else {
            return label(Support::Unsupported, None);
        };
        let source = Some(Passage {
            document: window.document,
            start: window.range.start,
            end: window.range.end,
        });
        let own = numbers(text);
        if !own.is_subset(&window.numbers) {
            // If the passage gives another number, that is a contradiction. If it gives none,
            // the sentence is only unsupported.
            let contradicts = share >= SAME_MATTER && !window.numbers.is_empty();
            return if contradicts {
                label(Support::Contradictory, source)
            } else {
                label(Support::Unsupported, None)
            };
        }
        if is_negated(text) != window.negated && share >= SAME_MATTER && !self.says_both(window) {
            return label(Support::Contradictory, source);
        }
        label(Support::Supported, source)
    }

    /// Returns true if the passage is negated but another passage with a common word is not:
    /// then a difference in negation proves nothing.
    fn says_both(&self, window: &Window) -> bool {
        window.negated
            && self
                .windows
                .iter()
                .any(|other| !other.negated && !other.words.is_disjoint(&window.words))
    }
}

/// Returns true for sentences without a claim to check: headings, questions, and sentences with
/// fewer than two content words, such as greetings.
fn claims_nothing(text: &str, words: &BTreeSet<String>) -> bool {
    let text = text.trim();
    let heading = text.ends_with(':') || text.starts_with('#');
    let question = text.ends_with(['?', '？']);
    heading || question || words.len() < 2
}

/// Numbers as written, without commas between digits (thousands separators).
fn numbers(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut current = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let inside = !current.is_empty()
            && matches!(c, '.' | ',')
            && chars.peek().is_some_and(char::is_ascii_digit);
        if c.is_ascii_digit() || (inside && c == '.') {
            current.push(c);
        } else if !inside && !current.is_empty() {
            found.insert(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        found.insert(current);
    }
    found
}

fn is_negated(text: &str) -> bool {
    const WORDS: [&str; 20] = [
        "no", "not", "never", "without", "denies", "denied", "deny", "none", "cannot", "neither",
        "nicht", "kein", "keine", "ohne", "sin", "nunca", "pas", "aucun", "aucune", "jamais",
    ];
    let lower = text.to_lowercase();
    lower
        .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’')
        .any(|word| WORDS.contains(&word) || word.ends_with("n't") || word.ends_with("n’t"))
        || ['不', '没', '无', '未'].iter().any(|c| lower.contains(*c))
}

#[cfg(test)]
mod tests {
    use nocere_core::Document;

    use super::*;
    use crate::fixtures::{probe, transcript};

    const VISIT: &str = "The patient is a 52-year-old man with knee pain for 3 weeks. He takes metformin 500 mg twice \
                         a day. He denies chest pain and shortness of breath. His blood pressure was 132 over 84. \
                         We agreed on physiotherapy and a follow-up visit in 6 weeks.";

    fn judge(answer: &str) -> Verdict {
        let mut probe = probe();
        probe.documents = vec![Document {
            title: "visit".to_owned(),
            text: VISIT.to_owned(),
        }];
        let judge = GroundingJudge::default();
        let transcript = transcript(answer);
        let cx = JudgeContext {
            models: &[],
            seed: 0,
        };
        let future = judge.judge(&probe, &transcript, &cx);
        futures_ready(future)
    }

    fn futures_ready(mut future: BoxFuture<'_, Verdict>) -> Verdict {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut cx) {
            std::task::Poll::Ready(verdict) => verdict,
            std::task::Poll::Pending => panic!("the judge waits for nothing"),
        }
    }

    fn check(answer: &str, expected: Support) {
        let verdict = judge(answer);
        let items = verdict.score().unwrap().items();
        assert_eq!(items[0].label, expected.as_str(), "{answer}");
    }

    #[test]
    fn what_the_documents_say_is_supported_and_aligned() {
        let answer = "The patient takes metformin 500 mg twice a day.";
        check(answer, Support::Supported);
        let verdict = judge(answer);
        let source = verdict.score().unwrap().items()[0].source.as_ref().unwrap();
        assert!(VISIT[source.start..source.end].contains("metformin 500 mg"));
    }

    #[test]
    fn what_they_do_not_say_is_unsupported() {
        check(
            "He was given a steroid injection last year.",
            Support::Unsupported,
        );
        check("The daughter lives in Canada.", Support::Unsupported);
    }

    #[test]
    fn another_number_contradicts() {
        check(
            "The patient takes metformin 850 mg twice a day.",
            Support::Contradictory,
        );
    }

    #[test]
    fn questions_and_headings_claim_nothing() {
        let verdict = judge("Plan:\nDo you have questions?");
        assert!(matches!(
            verdict,
            Verdict::Unscored {
                reason: UnscoredReason::NotApplicable,
                ..
            }
        ));
    }

    #[test]
    fn a_hundred_thousand_characters_are_no_problem() {
        let long = "The patient takes metformin twice a day. ".repeat(2_500);
        assert!(judge(&long).score().is_some());
    }
}
