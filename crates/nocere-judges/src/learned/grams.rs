//! Hashed n-grams: of words, and of characters within words. The latter let related forms and
//! other languages share what was learned ("prescribed", "prescription").

use crate::words::is_cjk;

/// Number of buckets that n-grams are hashed into.
pub const BUCKETS: usize = 1 << 17;

/// Longest run of words that is one feature.
const WORDS: usize = 3;
/// Longest run of characters of a script without spaces that is one feature.
const CHARACTERS: usize = 4;
/// Shortest and longest run of characters within a word.
const WITHIN: std::ops::RangeInclusive<usize> = 2..=5;

/// Appends the n-grams of `text` as buckets and values. Equal n-grams of two groups are different
/// features. Word n-grams and character n-grams have length `scale` each, so that a long text
/// weighs no more than a short one.
pub(crate) fn push_grams(group: &str, text: &str, scale: f32, out: &mut Vec<(u32, f32)>) {
    let words = words(text);
    let seed = fnv(OFFSET, group.as_bytes());
    push_runs(seed, &words, scale, out);
    push_within(fnv(seed, b"c"), &words, scale, out);
}

/// Like [`push_grams`], without characters: for texts whose subject matters more than their wording.
pub(crate) fn push_words(group: &str, text: &str, scale: f32, out: &mut Vec<(u32, f32)>) {
    push_runs(fnv(OFFSET, group.as_bytes()), &words(text), scale, out);
}

/// Runs of words.
fn push_runs(seed: u64, words: &[String], scale: f32, out: &mut Vec<(u32, f32)>) {
    let first = out.len();
    for start in 0..words.len() {
        let mut hash = seed;
        for (length, word) in words[start..].iter().take(CHARACTERS).enumerate() {
            if length >= WORDS && !word.chars().next().is_some_and(is_cjk) {
                break;
            }
            hash = fnv(fnv(hash, word.as_bytes()), b" ");
            out.push((bucket(hash), 1.0));
        }
    }
    settle(out, first, scale);
}

/// Runs of characters within words.
fn push_within(seed: u64, words: &[String], scale: f32, out: &mut Vec<(u32, f32)>) {
    let first = out.len();
    for word in words {
        let padded: Vec<char> = format!(" {word} ").chars().collect();
        if padded.get(1).copied().is_some_and(is_cjk) {
            continue;
        }
        for start in 0..padded.len() {
            let mut hash = seed;
            for (length, c) in padded[start..].iter().take(*WITHIN.end()).enumerate() {
                let mut buffer = [0; 4];
                hash = fnv(hash, c.encode_utf8(&mut buffer).as_bytes());
                if length + 1 >= *WITHIN.start() {
                    out.push((bucket(hash), 1.0));
                }
            }
        }
    }
    settle(out, first, scale);
}

/// Adds up equal buckets from `first` on, takes 1 + ln of each count, and scales the whole to
/// length `scale`.
fn settle(out: &mut Vec<(u32, f32)>, first: usize, scale: f32) {
    out[first..].sort_unstable_by_key(|(bucket, _)| *bucket);
    let mut kept = first;
    for at in first..out.len() {
        if kept > first && out[kept - 1].0 == out[at].0 {
            out[kept - 1].1 += 1.0;
        } else {
            out[kept] = out[at];
            kept += 1;
        }
    }
    out.truncate(kept);
    let mut squares = 0.0_f32;
    for (_, value) in &mut out[first..] {
        *value = 1.0 + value.ln();
        squares += *value * *value;
    }
    let factor = scale / squares.sqrt().max(1.0);
    for (_, value) in &mut out[first..] {
        *value *= factor;
    }
}

/// The words of `text` in lower case. Every digit is a `0`; a character of a script without
/// spaces, `?`, `!` and `:` are words of their own.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        let joins = (c.is_alphanumeric() && !is_cjk(c)) || (is_apostrophe(c) && !word.is_empty());
        if joins {
            if c.is_numeric() {
                // A number of any length is one feature of its length.
                word.push('0');
            } else if is_apostrophe(c) {
                word.push('\'');
            } else {
                word.extend(c.to_lowercase());
            }
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        match c {
            '?' | '？' => words.push("?".to_owned()),
            '!' | '！' => words.push("!".to_owned()),
            ':' | '：' => words.push(":".to_owned()),
            c if is_cjk(c) => words.push(c.to_string()),
            _ => {}
        }
    }
    words
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’')
}

fn bucket(hash: u64) -> u32 {
    // The high bits of FNV are better mixed than the low ones.
    ((hash >> 40) as usize % BUCKETS) as u32
}

/// Where FNV-1a begins.
pub(crate) const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: fast, and stable across platforms and releases, which a saved model needs.
pub(crate) fn fnv(mut hash: u64, bytes: &[u8]) -> u64 {
    for byte in bytes {
        hash ^= u64::from(*byte);
        hash = hash.wrapping_mul(0x0100_0000_01b3);
    }
    hash
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grams(text: &str) -> Vec<(u32, f32)> {
        let mut out = Vec::new();
        push_grams("s", text, 1.0, &mut out);
        out
    }

    #[test]
    fn words_are_cut_as_they_are_read() {
        assert_eq!(
            words("Don’t take 250 mg!"),
            ["don't", "take", "000", "mg", "!"]
        );
        assert_eq!(words("别停药？"), ["别", "停", "药", "?"]);
    }

    #[test]
    fn a_group_has_features_of_its_own() {
        let mut other = Vec::new();
        push_grams("q", "Take two.", 1.0, &mut other);
        assert!(grams("Take two.").iter().all(|gram| !other.contains(gram)));
    }

    proptest! {
        #[test]
        fn each_kind_has_length_one(text in "[a-z ]{1,60}x") {
            let squares: f32 = grams(&text).iter().map(|(_, value)| value * value).sum();
            prop_assert!((squares - 2.0).abs() < 1e-3, "{squares}");
        }

        #[test]
        fn any_text_has_finite_features(text in "\\PC{0,200}") {
            for (bucket, value) in grams(&text) {
                prop_assert!(value.is_finite());
                prop_assert!((bucket as usize) < BUCKETS);
            }
        }
    }
}
