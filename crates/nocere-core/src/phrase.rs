//! Phrases that count as saying something: words in order, with gaps and alternatives. Points of
//! probes are made of them.
//!
//! A phrase is one or more words. `stop*` is any word that begins so, `a|b` one of several, and
//! `..` up to eight words between, in one sentence. Case, accents, hyphens and punctuation do not
//! matter; `5mg` is read as `5 mg` and `1,000` as `1000`.

use std::ops::Range;

use icu_normalizer::DecomposingNormalizerBorrowed;

use crate::text::is_cjk;

/// Most words that `..` skips.
const GAP: usize = 8;

/// A phrase, ready to be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Up to [`GAP`] words.
    Gap,
    /// One of these.
    OneOf(Vec<Word>),
}

/// A word of a phrase; several tokens for "4-hour".
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    tokens: Vec<String>,
    /// Whether the last token may go on.
    open: bool,
}

/// A sentence, ready to be looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Its byte range in the text.
    pub range: Range<usize>,
    tokens: Vec<String>,
}

impl Phrase {
    /// Reads a phrase.
    ///
    /// # Errors
    ///
    /// What is wrong with it: no word, a gap at an end, or an alternative without a word.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        for word in text.split_whitespace() {
            if word == ".." {
                parts.push(Part::Gap);
                continue;
            }
            let words: Vec<Word> = word
                .split('|')
                .map(|one| Word {
                    tokens: tokens(one.trim_end_matches('*')),
                    open: one.ends_with('*'),
                })
                .collect();
            if words.iter().any(|word| word.tokens.is_empty()) {
                return Err(format!("`{word}` has no word to look for"));
            }
            parts.push(Part::OneOf(words));
        }
        match (parts.first(), parts.last()) {
            (None, _) | (_, None) => Err("the phrase is empty".to_owned()),
            (Some(Part::Gap), _) | (_, Some(Part::Gap)) => {
                Err("a phrase neither begins nor ends with `..`".to_owned())
            }
            _ => Ok(Self(parts)),
        }
    }

    /// True if the sentence says it.
    pub fn is_in(&self, sentence: &Sentence) -> bool {
        let tokens = &sentence.tokens;
        (0..tokens.len()).any(|start| matches(&self.0, tokens, start))
    }
}

fn matches(parts: &[Part], tokens: &[String], at: usize) -> bool {
    match parts.split_first() {
        None => true,
        Some((Part::Gap, rest)) => {
            let last = (at + GAP).min(tokens.len());
            (at..=last).any(|next| matches(rest, tokens, next))
        }
        Some((Part::OneOf(words), rest)) => words.iter().any(|word| {
            let end = at + word.tokens.len();
            word.is_at(tokens, at) && matches(rest, tokens, end)
        }),
    }
}

impl Word {
    fn is_at(&self, tokens: &[String], at: usize) -> bool {
        let Some(found) = tokens.get(at..at + self.tokens.len()) else {
            return false;
        };
        let (Some((last, first)), Some((end, start))) =
            (self.tokens.split_last(), found.split_last())
        else {
            return false;
        };
        first == start && (last == end || self.open && end.starts_with(last.as_str()))
    }
}

/// The sentences of a text. They end at a line's end, after Chinese marks, and after `.`, `!`, `?`
/// or `;` before a space.
pub fn sentences(text: &str) -> Vec<Sentence> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let ends = match c {
            '\n' | '。' | '！' | '？' | '；' => true,
            '.' | '!' | '?' | ';' => next.is_none_or(char::is_whitespace),
            _ => false,
        };
        if ends {
            push_sentence(text, start..at, &mut found);
            start = at + c.len_utf8();
        }
    }
    push_sentence(text, start..text.len(), &mut found);
    found
}

fn push_sentence(text: &str, range: Range<usize>, found: &mut Vec<Sentence>) {
    let tokens = tokens(&text[range.clone()]);
    if !tokens.is_empty() {
        found.push(Sentence { range, tokens });
    }
}

/// Words and numbers in lower case, without accents.
fn tokens(text: &str) -> Vec<String> {
    let folded = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let text: Vec<char> = folded
        .chars()
        .filter(|c| !is_accent(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if matches!(c, '’' | '‘') { '\'' } else { c })
        .collect();
    let digit = |at: usize| text.get(at).is_some_and(char::is_ascii_digit);
    let letter = |at: usize| text.get(at).is_some_and(|c| c.is_alphabetic());
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at) {
        let mut token = String::new();
        if c.is_ascii_digit() {
            loop {
                if digit(at) {
                    token.push(text[at]);
                } else if text.get(at) == Some(&'.') && digit(at + 1) && !token.contains('.') {
                    token.push('.');
                } else if text.get(at) != Some(&',') || !is_thousand(&text[at..]) {
                    break;
                }
                at += 1;
            }
        } else if is_cjk(*c) {
            token.push(*c);
            at += 1;
        } else if c.is_alphabetic() {
            while letter(at) && !is_cjk(text[at])
                || text.get(at) == Some(&'\'') && letter(at + 1) && !token.is_empty()
            {
                token.push(text[at]);
                at += 1;
            }
        } else {
            if *c == '%' {
                token.push('%');
            }
            at += 1;
        }
        if !token.is_empty() {
            tokens.push(token);
        }
    }
    tokens
}

/// True for `,` and three digits that no fourth follows.
fn is_thousand(text: &[char]) -> bool {
    let digit = |at: usize| text.get(at).is_some_and(char::is_ascii_digit);
    digit(1) && digit(2) && digit(3) && !digit(4)
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn says(phrase: &str, text: &str) -> bool {
        let phrase = Phrase::parse(phrase).unwrap();
        sentences(text).iter().any(|one| phrase.is_in(one))
    }

    #[test]
    fn words_come_in_order_with_gaps_and_alternatives() {
        for (phrase, text, expected) in [
            (
                "stop*|hold .. apixaban",
                "We are STOPPING her apixaban.",
                true,
            ),
            ("stop*|hold .. apixaban", "Apixaban stopped.", false),
            ("stop* .. apixaban", "Stop. Apixaban continues.", false),
            ("a .. b", "a 1 2 3 4 5 6 7 8 b", true),
            ("a .. b", "a 1 2 3 4 5 6 7 8 9 b", false),
            ("stop", "unstoppable", false),
            ("stop", "stopped", false),
        ] {
            assert_eq!(says(phrase, text), expected, "{phrase} in {text}");
        }
    }

    #[test]
    fn numbers_units_and_accents_have_one_form() {
        for (phrase, text) in [
            ("5 mg", "Give 5mg."),
            ("5mg", "Give 5 mg."),
            ("1000 ml", "1,000 mL of saline"),
            ("2.5 ml", "Draw up 2.5 ml now"),
            ("0.5 %", "a 0.5% cream"),
            ("follow up", "Follow-up in 2 weeks"),
            ("naive", "naïve"),
            ("don't stop", "Don’t stop it"),
            ("A&E", "go to A & E tonight"),
            ("立即 .. 急诊", "请立即去急诊。"),
        ] {
            assert!(says(phrase, text), "{phrase} in {text}");
        }
        assert!(!says("5 mg", "Give 2.5 mg."));
        assert!(!says("1 mg", "1,000 mg"));
    }

    #[test]
    fn a_phrase_that_looks_for_nothing_is_an_error() {
        for bad in ["", "  ", "..", ".. a", "a ..", "a|", "*", "—"] {
            assert!(Phrase::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut_within_itself(text in ".{0,200}") {
            for sentence in sentences(&text) {
                prop_assert!(text.get(sentence.range).is_some());
            }
            let _ = Phrase::parse(&text);
        }

        #[test]
        fn a_text_says_its_own_words(words in proptest::collection::vec("[a-z]{1,8}", 1..8)) {
            let text = words.join(" ");
            prop_assert!(says(&text, &text));
        }
    }
}
