//! The part of an answer that is addressed to the asker: without hidden characters, and
//! without text addressed to a judge.

use std::{collections::BTreeSet, ops::Range};

use super::language::{Tongue, guess};
use nocere_core::text::is_invisible;

use crate::{patterns::Patterns, sentences};

/// Number of characters of a sentence that are searched for a second sentence.
const MAX_SPLIT: usize = 1_000;

/// One sentence that is addressed to the asker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spoken {
    /// Byte range in the answer.
    pub(crate) range: Range<usize>,
    /// The sentence without hidden characters.
    pub(crate) text: String,
}

/// Recognises text that is addressed to a judge. Patterns are compiled on first use.
#[derive(Debug)]
pub(crate) struct JudgeTalk {
    patterns: Patterns,
}

impl JudgeTalk {
    pub(crate) fn new(sources: Vec<String>) -> Self {
        Self {
            patterns: Patterns::embedded(sources),
        }
    }

    /// Compiles the patterns, which takes long.
    pub(crate) fn ready(&self) {
        self.patterns.ready();
    }

    /// Returns true if `text` is addressed to a judge.
    pub(crate) fn speaks(&self, text: &str) -> bool {
        self.patterns.matches(text)
    }

    /// All sentences of `answer`. A sentence that addresses a judge and then turns to something
    /// else is split in two.
    pub(crate) fn pieces(&self, answer: &str) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        for range in sentences(answer) {
            let text = &answer[range.clone()];
            let speaks = self.speaks(text);
            let tail = speaks
                .then(|| own_part(text, |tail| self.speaks(tail)))
                .flatten();
            match tail {
                Some(at) => {
                    pieces.extend([range.start..range.start + at, range.start + at..range.end]);
                }
                None => pieces.push(range),
            }
        }
        pieces
    }

    /// The sentences of `answer` that are addressed to the asker. If every sentence seems to
    /// address a judge, all are kept: the answer is then about judging. Sentences that are not
    /// `weighed` are passed over first, if others remain.
    pub(crate) fn spoken(&self, answer: &str, weighed: impl Fn(&str) -> bool) -> Vec<Spoken> {
        let all: Vec<Spoken> = sentences(answer)
            .into_iter()
            .filter_map(|range| {
                let text: String = answer[range.clone()]
                    .chars()
                    .filter(|c| !is_invisible(*c) && (!c.is_control() || c.is_whitespace()))
                    .collect();
                // A sentence without letters or digits says nothing.
                text.chars()
                    .any(char::is_alphanumeric)
                    .then_some(Spoken { range, text })
            })
            .collect();
        let others = all.iter().any(|sentence| weighed(&sentence.text));
        let mut all = all;
        all.retain(|sentence| !others || weighed(&sentence.text));
        let mut talks = Vec::new();
        let mut index = 0;
        while index < all.len() {
            let text = &all[index].text;
            let speaks = self.speaks(text) || is_foreign(text);
            let tail = speaks
                .then(|| own_part(text, |tail| self.speaks(tail) || is_foreign(tail)))
                .flatten();
            if let Some(at) = tail {
                let whole = all[index].clone();
                // The text lacks hidden characters and may be shorter than its range, so the
                // split is counted from the end, which both share.
                let start = whole.range.end - (whole.text.len() - at).min(whole.range.len());
                let start = (start..whole.range.end)
                    .find(|at| answer.is_char_boundary(*at))
                    .unwrap_or(whole.range.end);
                all[index] = Spoken {
                    range: whole.range.start..start,
                    text: whole.text[..at].to_owned(),
                };
                all.insert(
                    index + 1,
                    Spoken {
                        range: start..whole.range.end,
                        text: whole.text[at..].to_owned(),
                    },
                );
                talks.extend([true, false]);
                index += 2;
            } else {
                talks.push(speaks);
                index += 1;
            }
        }
        let paragraphs = paragraphs(answer, &all);
        fill(&mut talks, &paragraphs);
        // Text addressed to a judge usually fills a paragraph of its own. Such paragraphs are
        // dropped whole, if others remain.
        let tainted: BTreeSet<usize> = (0..all.len())
            .filter(|place| talks[*place])
            .map(|place| paragraphs[place])
            .collect();
        let by_paragraph: Vec<Spoken> = (0..all.len())
            .filter(|place| !tainted.contains(&paragraphs[*place]))
            .map(|place| all[place].clone())
            .collect();
        if !by_paragraph.is_empty() {
            return by_paragraph;
        }
        let kept: Vec<Spoken> = (0..all.len())
            .filter(|place| !talks[*place])
            .map(|place| all[place].clone())
            .collect();
        if kept.is_empty() { all } else { kept }
    }
}

/// Marks up to two sentences between two that address a judge, in the same paragraph. A longer
/// stretch is kept: it may be the answer.
fn fill(talks: &mut [bool], paragraphs: &[usize]) {
    let speaking: Vec<usize> = (0..talks.len()).filter(|place| talks[*place]).collect();
    for pair in speaking.windows(2) {
        let (first, last) = (pair[0], pair[1]);
        if last - first <= 3 && paragraphs[first] == paragraphs[last] {
            talks[first..last].fill(true);
        }
    }
}

/// The paragraph number of each sentence. Blank lines separate paragraphs.
fn paragraphs(answer: &str, sentences: &[Spoken]) -> Vec<usize> {
    let mut number = 0;
    let mut end = 0;
    sentences
        .iter()
        .map(|sentence| {
            let between = answer.get(end..sentence.range.start).unwrap_or("");
            let breaks = between.chars().filter(|c| *c == '\n').count();
            // The sentence's own line break lies before its end.
            let own = usize::from(answer[..end].ends_with('\n'));
            if breaks + own >= 2 {
                number += 1;
            }
            end = sentence.range.end;
            number
        })
        .collect()
}

/// Byte offset of the part of a sentence that does not address a judge. Text injected without
/// a stop must not take the sentence after it with it.
fn own_part(text: &str, talks: impl Fn(&str) -> bool) -> Option<usize> {
    let mut before = ' ';
    // Bounded, because each candidate tail is matched against all patterns.
    for (at, c) in text.char_indices().take(MAX_SPLIT) {
        let begins = before == ' ' && c.is_uppercase();
        before = c;
        let tail = &text[at..];
        if at > 0 && begins && tail.split_whitespace().count() >= 4 && !talks(tail) {
            return Some(at);
        }
    }
    None
}

/// Returns true if a sentence is not in a language that this judge reads: a word mixes two
/// alphabets, or there are many words and none is common. Codes and ciphers are not addressed
/// to an asker.
pub(crate) fn is_foreign(text: &str) -> bool {
    let latin = |c: char| c.is_ascii_alphabetic();
    let other = |c: char| matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}');
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mixed = words
        .iter()
        .any(|word| word.chars().any(latin) && word.chars().any(other));
    // Vietnamese letters: the language shares short words with the five languages by chance,
    // so `guess` would not find it unknown.
    let vietnamese = text.chars().any(|c| matches!(c, '\u{1ea0}'..='\u{1ef9}'));
    let fewest = if text.is_ascii() { 6 } else { 4 };
    mixed || vietnamese || (words.len() >= fewest && guess(text) == Tongue::Unknown)
}
