//! What one sentence says, in the parts that a faithful copy must keep: its words with their
//! negation, its numbers, its sides, and the items of its lists.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    negation::{Polarity, polarities},
    opposites::{Side, sides},
    quantity::{Quantity, quantities},
    token::{Token, tokens},
};
use crate::words::{content_word, is_cjk};

/// Most content words that an item of a list has.
const ITEM_WORDS: usize = 3;

/// One sentence, read.
#[derive(Clone, Debug, Default)]
pub(super) struct Claim {
    /// Content words, without numbers and negations, with what is said of them.
    pub(super) matter: BTreeMap<String, Polarity>,
    quantities: Vec<Quantity>,
    sides: Vec<Side>,
    /// Words with digits in them, such as "b12" and "p53".
    codes: BTreeSet<String>,
    /// The content words of each item, if the sentence lists any.
    items: Vec<BTreeSet<String>>,
}

/// How a sentence departs from the passage that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Departure {
    /// It says the opposite, or another number.
    Contradicts,
    /// It gives a number or a code that the passage has not.
    AddsNumber,
}

impl Claim {
    pub(super) fn of(text: &str) -> Self {
        let tokens = tokens(text);
        let mut polarities = polarities(&tokens);
        // A question affirms and denies nothing.
        if text.trim_end().ends_with(['?', '？']) {
            for polarity in polarities.iter_mut().flatten() {
                *polarity = Polarity::Either;
            }
        }
        let (quantities, counted) = quantities(&tokens, &polarities);
        let mut matter: BTreeMap<String, Polarity> = BTreeMap::new();
        let mut items = vec![BTreeSet::new()];
        let mut last_cjk: Option<&str> = None;
        for (at, polarity) in polarities.into_iter().enumerate() {
            let word = tokens[at].word().filter(|_| !counted[at]);
            let (Some(polarity), Some(word)) = (polarity, word) else {
                last_cjk = None;
                if parts_items(&tokens[at]) {
                    items.push(BTreeSet::new());
                }
                continue;
            };
            if parts_items(&tokens[at]) {
                items.push(BTreeSet::new());
            }
            let stem = if word.chars().all(is_cjk) {
                let pair = last_cjk.map(|last| format!("{last}{word}"));
                last_cjk = Some(word);
                pair
            } else {
                last_cjk = None;
                content_word(word)
            };
            let Some(stem) = stem else { continue };
            if let Some(item) = items.last_mut() {
                item.insert(stem.clone());
            }
            matter
                .entry(stem)
                .and_modify(|known| *known = known.and(polarity))
                .or_insert(polarity);
        }
        items.retain(|item| !item.is_empty());
        if items.len() < 2 {
            items.clear();
        }
        Self {
            matter,
            quantities,
            sides: sides(&tokens),
            codes: tokens
                .iter()
                .filter_map(Token::word)
                .filter(|word| word.contains(|c: char| c.is_ascii_digit()))
                .map(str::to_owned)
                .collect(),
            items,
        }
    }

    /// True if a list of this sentence has an item of which `known` holds no word.
    pub(super) fn adds_item(&self, known: impl Fn(&str) -> bool) -> bool {
        let found = |item: &BTreeSet<String>| item.iter().any(|word| known(word));
        self.items.iter().any(found)
            && self
                .items
                .iter()
                .any(|item| item.len() <= ITEM_WORDS && !found(item))
    }

    /// How this departs from `near`, the closest sentence, which stands in the passage `around`.
    pub(super) fn departs(&self, near: &Self, around: &[&Self]) -> Option<Departure> {
        let negated = self.matter.iter().any(|(word, polarity)| {
            let said = near.matter.get(word).copied().or_else(|| {
                around
                    .iter()
                    .filter_map(|sentence| sentence.matter.get(word).copied())
                    .reduce(Polarity::and)
            });
            said.is_some_and(|said| said.contradicts(*polarity))
        });
        let sides: Vec<Side> = around.iter().flat_map(|s| s.sides.clone()).collect();
        let swapped = self
            .sides
            .iter()
            .any(|side| side.is_swapped(&near.sides, &sides));
        if negated || swapped || self.mixes_sides(near, around) {
            return Some(Departure::Contradicts);
        }
        let numbers: Vec<Quantity> = around.iter().flat_map(|s| s.quantities.clone()).collect();
        // A copy of the whole sentence gives each number as often as the sentence does.
        let copies = self
            .matter
            .keys()
            .all(|word| near.matter.contains_key(word));
        let given = if copies { &near.quantities } else { &numbers };
        let all_said = self.quantities.iter().all(|quantity| {
            let often = quantity.count_in(&self.quantities);
            let enough = often < 2 || often <= quantity.count_in(given);
            enough && quantity.is_said(&near.quantities, &numbers)
        });
        let known = |code: &String| around.iter().any(|sentence| sentence.codes.contains(code));
        if !all_said && !numbers.is_empty() {
            Some(Departure::Contradicts)
        } else if !all_said || !self.codes.iter().all(known) {
            Some(Departure::AddsNumber)
        } else {
            None
        }
    }
}

impl Claim {
    /// True if a word that `near` lacks comes from a sentence that speaks of the other side:
    /// "the left knee is normal" beside "pain in the left knee" and "the right knee is normal".
    fn mixes_sides(&self, near: &Self, around: &[&Self]) -> bool {
        let one_sided = |side: &&Side| !self.sides.iter().any(|other| side.excludes(other));
        let lent = |other: &&&Self| {
            let lends =
                |word: &String| !near.matter.contains_key(word) && other.matter.contains_key(word);
            self.matter.keys().any(lends)
        };
        around.iter().filter(lent).any(|other| {
            self.sides
                .iter()
                .filter(one_sided)
                .any(|side| side.is_denied(&other.sides))
        })
    }
}

/// True for what stands between the items of a list.
fn parts_items(token: &Token) -> bool {
    match token {
        Token::Stop(c) => matches!(c, ',' | '、' | '，' | ';' | '/' | '+' | '&'),
        Token::Word(word) => matches!(
            word.as_str(),
            "and" | "or" | "plus" | "und" | "oder" | "y" | "o" | "et" | "ou" | "和" | "或"
        ),
        Token::Number(_) => false,
    }
}
