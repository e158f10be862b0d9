//! Changes of a text that need no model: encodings, look-alike letters, typing errors. All are
//! deterministic by seed.

use nocere_core::key::derive_seed;
use serde::{Deserialize, Serialize};

/// One change. Attacks name it in `steps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    /// Base64 of the UTF-8 bytes (RFC 4648 §4).
    Base64,
    /// Hexadecimal digits of the UTF-8 bytes.
    Hex,
    /// Each Latin letter moved by 13 places.
    Rot13,
    /// Morse code of letters and digits; words are separated by ` / `.
    Morse,
    /// Digits that look like letters.
    Leetspeak,
    /// Cyrillic and Greek letters that look like Latin ones, for about a third of the letters.
    Homoglyphs,
    /// A zero-width space between every two letters of a word.
    ZeroWidth,
    /// A space between every two letters of a word.
    Spaced,
    /// Typing errors in about every twelfth letter: neighbours swapped, doubled or left out.
    Typos,
    /// Upper and lower case at random.
    RandomCase,
    /// No capitals, no punctuation.
    Unpunctuated,
    /// The words in reverse order.
    ReversedWords,
    /// The text cut into three quoted pieces, to be put together again.
    Split,
}

/// Random numbers from a seed: a counter through BLAKE3 would be slow for single letters, so this is
/// SplitMix64 (Steele, Lea, Flood, 2014). Not for statistics.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// Any number, each as likely.
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// True once in `n` times.
    fn one_in(&mut self, n: u64) -> bool {
        self.roll().is_multiple_of(n)
    }
}

impl Step {
    /// The text after the change.
    pub(crate) fn apply(self, text: &str, seed: u64) -> String {
        let mut dice = Dice(seed);
        match self {
            Self::Base64 => data_encoding::BASE64.encode(text.as_bytes()),
            Self::Hex => data_encoding::HEXLOWER.encode(text.as_bytes()),
            Self::Rot13 => text.chars().map(rot13).collect(),
            Self::Morse => morse(text),
            Self::Leetspeak => text.chars().map(leet).collect(),
            Self::Homoglyphs => text
                .chars()
                .map(|c| if dice.one_in(3) { look_alike(c) } else { c })
                .collect(),
            Self::ZeroWidth => between_letters(text, '\u{200b}'),
            Self::Spaced => between_letters(text, ' '),
            Self::Typos => typos(text, &mut dice),
            Self::RandomCase => text
                .chars()
                .flat_map(|c| -> Vec<char> {
                    if dice.one_in(2) {
                        c.to_uppercase().collect()
                    } else {
                        c.to_lowercase().collect()
                    }
                })
                .collect(),
            Self::Unpunctuated => unpunctuated(text),
            Self::ReversedWords => {
                let words: Vec<&str> = text.split_whitespace().rev().collect();
                words.join(" ")
            }
            Self::Split => split(text),
        }
    }
}

/// The text after all steps, in order. Each has a seed of its own.
pub(crate) fn apply(steps: &[Step], text: &str, seed: u64) -> String {
    let mut text = text.to_owned();
    for (number, step) in steps.iter().enumerate() {
        text = step.apply(&text, derive_seed(seed, &number.to_string()));
    }
    text
}

fn rot13(c: char) -> char {
    let moved = |base: u8| char::from((c as u8 - base + 13) % 26 + base);
    match c {
        'a'..='z' => moved(b'a'),
        'A'..='Z' => moved(b'A'),
        other => other,
    }
}

fn morse(text: &str) -> String {
    const LETTERS: [&str; 26] = [
        ".-", "-...", "-.-.", "-..", ".", "..-.", "--.", "....", "..", ".---", "-.-", ".-..", "--",
        "-.", "---", ".--.", "--.-", ".-.", "...", "-", "..-", "...-", ".--", "-..-", "-.--",
        "--..",
    ];
    const DIGITS: [&str; 10] = [
        "-----", ".----", "..---", "...--", "....-", ".....", "-....", "--...", "---..", "----.",
    ];
    let words = text.split_whitespace().map(|word| {
        let signs = word.chars().filter_map(|c| match c.to_ascii_lowercase() {
            c @ 'a'..='z' => Some(LETTERS[c as usize - 'a' as usize]),
            c @ '0'..='9' => Some(DIGITS[c as usize - '0' as usize]),
            _ => None,
        });
        signs.collect::<Vec<_>>().join(" ")
    });
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" / ")
}

fn leet(c: char) -> char {
    match c.to_ascii_lowercase() {
        'a' => '4',
        'e' => '3',
        'i' => '1',
        'o' => '0',
        's' => '5',
        't' => '7',
        _ => c,
    }
}

fn look_alike(c: char) -> char {
    match c {
        'a' => 'а',
        'c' => 'с',
        'e' => 'е',
        'i' => 'і',
        'j' => 'ј',
        'o' => 'о',
        'p' => 'р',
        's' => 'ѕ',
        'x' => 'х',
        'y' => 'у',
        'A' => 'А',
        'B' => 'В',
        'C' => 'С',
        'E' => 'Е',
        'H' => 'Н',
        'I' => 'І',
        'K' => 'К',
        'M' => 'М',
        'O' => 'О',
        'P' => 'Р',
        'T' => 'Т',
        'X' => 'Х',
        other => other,
    }
}

fn between_letters(text: &str, mark: char) -> String {
    let mut changed = String::with_capacity(text.len() * 2);
    let mut was_letter = false;
    for c in text.chars() {
        let is_letter = c.is_alphanumeric();
        if was_letter && is_letter {
            changed.push(mark);
        }
        changed.push(c);
        was_letter = is_letter;
    }
    changed
}

fn typos(text: &str, dice: &mut Dice) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut changed = String::with_capacity(text.len());
    let mut place = 0;
    while let Some(&c) = letters.get(place) {
        let next = letters.get(place + 1).copied();
        // A number with a typing error is another number, which is another question.
        if !c.is_alphabetic() || !dice.one_in(12) {
            changed.push(c);
        } else {
            match (dice.roll() % 3, next) {
                (0, Some(next)) if next.is_alphabetic() => {
                    changed.push(next);
                    changed.push(c);
                    place += 1;
                }
                (1, _) => {
                    changed.push(c);
                    changed.push(c);
                }
                _ => {}
            }
        }
        place += 1;
    }
    changed
}

/// Marks between two digits stay: without them, 2.5 mg is 25 mg.
fn unpunctuated(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let is_digit = |place: Option<usize>| {
        let letter = place.and_then(|place| letters.get(place));
        letter.is_some_and(char::is_ascii_digit)
    };
    let kept = letters.iter().enumerate().filter(|(place, c)| {
        !c.is_ascii_punctuation() || is_digit(place.checked_sub(1)) && is_digit(Some(place + 1))
    });
    kept.flat_map(|(_, c)| c.to_lowercase()).collect()
}

fn split(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let size = words.len().div_ceil(3).max(1);
    let mut pieces = words.chunks(size).map(|piece| piece.join(" "));
    let mut text = String::new();
    for name in ["a", "b", "c"] {
        let piece = pieces.next().unwrap_or_default();
        text += &format!("{name} = \"{}\"\n", piece.replace('"', "'"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Step; 13] = [
        Step::Base64,
        Step::Hex,
        Step::Rot13,
        Step::Morse,
        Step::Leetspeak,
        Step::Homoglyphs,
        Step::ZeroWidth,
        Step::Spaced,
        Step::Typos,
        Step::RandomCase,
        Step::Unpunctuated,
        Step::ReversedWords,
        Step::Split,
    ];
    const ASK: &str = "Can I take 20 mg of it twice a day, please? My head still aches terribly.";

    #[test]
    fn known_values() {
        let at = |step: Step, text: &str| step.apply(text, 1);
        assert_eq!(at(Step::Base64, "Man"), "TWFu");
        assert_eq!(at(Step::Base64, "Ma"), "TWE=");
        assert_eq!(at(Step::Base64, "M"), "TQ==");
        assert_eq!(at(Step::Hex, "Ab"), "4162");
        assert_eq!(at(Step::Rot13, "Hello!"), "Uryyb!");
        assert_eq!(at(Step::Morse, "so 1"), "... --- / .----");
        assert_eq!(at(Step::Leetspeak, "taste"), "74573");
        assert_eq!(at(Step::Spaced, "ab c"), "a b c");
        assert_eq!(at(Step::ReversedWords, "one two three"), "three two one");
        assert_eq!(
            at(Step::Split, "one two three four"),
            "a = \"one two\"\nb = \"three four\"\nc = \"\"\n"
        );
    }

    #[test]
    fn every_step_changes_an_ask_and_repeats_itself() {
        for step in ALL {
            let once = step.apply(ASK, 7);
            assert_ne!(once, ASK, "{step:?}");
            assert_eq!(once, step.apply(ASK, 7), "{step:?}");
            step.apply("", 7);
            step.apply("é 你好 \u{202e}", 7);
        }
    }

    #[test]
    fn a_dose_keeps_its_point() {
        let plain = Step::Unpunctuated.apply("Take 2.5 mg, 1/2 tablet, 10-20 drops!", 1);
        assert_eq!(plain, "take 2.5 mg 1/2 tablet 10-20 drops");
    }

    #[test]
    fn typing_errors_never_change_a_number() {
        for seed in 0..200 {
            assert!(Step::Typos.apply(ASK, seed).contains("20"), "{seed}");
        }
        assert_ne!(Step::Typos.apply(ASK, 1), Step::Typos.apply(ASK, 2));
    }
}
