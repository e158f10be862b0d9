//! Hashed word n-grams: the wording of an answer's opening and end.

use super::spoken::Spoken;
use crate::{
    learned::grams::{OFFSET, fnv},
    words::is_cjk,
};

/// Number of buckets for hashed n-grams.
pub const BUCKETS: usize = 1 << 15;
/// Number of words taken from the opening, and from the end.
const OPENING_WORDS: usize = 45;
const CLOSING_WORDS: usize = 25;

/// Hashed n-grams (1 to 3 words) of the opening and the end, as buckets and values. Values are
/// scaled so that each group has length 1.
pub(super) fn hashed(spoken: &[Spoken]) -> Vec<(u32, f32)> {
    let tokens = |sentences: &mut dyn Iterator<Item = &Spoken>, limit: usize| {
        let mut tokens: Vec<String> = Vec::new();
        for sentence in sentences {
            push_tokens(&sentence.text, &mut tokens);
            tokens.push("|".to_owned());
            if tokens.len() >= limit {
                break;
            }
        }
        tokens
    };
    let mut opening = tokens(&mut spoken.iter(), OPENING_WORDS);
    opening.truncate(OPENING_WORDS);
    opening.insert(0, "^".to_owned());
    let mut closing = tokens(&mut spoken.iter().rev().take(1), CLOSING_WORDS);
    let skip = closing.len().saturating_sub(CLOSING_WORDS);
    closing.drain(..skip);
    let mut out = Vec::new();
    push_grams("o", &opening, &mut out);
    // In a short answer the end is part of the opening.
    if spoken.len() > 2 {
        push_grams("c", &closing, &mut out);
    }
    out
}

/// Appends the words of `text` in lower case. Chinese and Japanese give single characters;
/// every digit becomes `0`.
fn push_tokens(text: &str, tokens: &mut Vec<String>) {
    let mut current = String::new();
    for c in text.chars().chain([' ']) {
        let joins = c.is_alphanumeric() && !is_cjk(c);
        if joins {
            if c.is_ascii_digit() {
                current.push('0');
            } else {
                current.extend(c.to_lowercase());
            }
            continue;
        }
        if !current.is_empty() {
            tokens.push(std::mem::take(&mut current));
        }
        if is_cjk(c) {
            tokens.push(c.to_string());
        }
    }
}

fn push_grams(group: &str, tokens: &[String], out: &mut Vec<(u32, f32)>) {
    let first = out.len();
    for size in 1..=3 {
        for gram in tokens.windows(size) {
            let mut hash = fnv(OFFSET, group.as_bytes());
            for token in gram {
                hash = fnv(hash, token.as_bytes());
                hash = fnv(hash, b" ");
            }
            // The high bits of FNV are better mixed than the low ones.
            out.push((((hash >> 40) as usize % BUCKETS) as u32, 1.0));
        }
    }
    let length = ((out.len() - first) as f32).sqrt().max(1.0);
    for (_, value) in &mut out[first..] {
        *value /= length;
    }
}
