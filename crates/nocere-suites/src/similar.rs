//! Near-duplicates: prompts that share most of their wording.
//!
//! Each text becomes the set of its runs of three words (of three characters in scripts
//! without spaces). MinHash signatures (Broder 1997, "On the resemblance and containment of
//! documents") put texts that share runs into the same bucket with high probability. The
//! Jaccard index of every pair in a bucket is then computed exactly, so a reported pair is
//! always alike, while a pair can be missed with the probability given below.

use std::collections::{HashMap, HashSet};

/// Minimum Jaccard index of near-duplicates. Prompts that differ in one word of ten are at
/// about 0.5.
pub const NEAR_DUPLICATE: f64 = 0.5;

/// Number of words in a run; in scripts without spaces, of characters.
const RUN: usize = 3;
/// Number of bands in a signature. Texts that agree in one whole band are compared.
const BANDS: usize = 64;
/// Number of hashes in a band. With 64 bands of 2, a pair with Jaccard index s is compared
/// with probability 1 − (1 − s²)⁶⁴: 0.998 at 0.3.
const ROWS: usize = 2;
/// In a larger bucket, texts are compared with its first 64 only, so that the cost of many copies
/// of one text grows linearly rather than quadratically: each is still found to be like one of
/// them.
const MAX_BUCKET: usize = 64;

/// Two similar texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Index of the first text.
    pub first: usize,
    /// Index of the second text; greater than `first`.
    pub second: usize,
    /// Jaccard index of their runs of words, in (0, 1].
    pub likeness: f64,
}

/// Similarity of two texts: the Jaccard index of their runs of words, in \[0, 1\]. 0 if neither
/// has a word.
pub fn likeness(first: &str, second: &str) -> f64 {
    jaccard(&runs(first), &runs(second))
}

/// Pairs of `texts` whose [`likeness`] is at least `threshold`, most similar first.
///
/// Finds a pair at 0.5 or above with a probability above 1 − 10⁻⁷, and one at 0.3 with 0.998.
pub fn near_duplicates(texts: &[&str], threshold: f64) -> Vec<Pair> {
    let sets: Vec<Vec<u64>> = texts.iter().map(|text| runs(text)).collect();
    let mut candidates: HashSet<(usize, usize)> = HashSet::new();
    let signatures: Vec<Vec<u64>> = sets.iter().map(|set| signature(set)).collect();
    for band in 0..BANDS {
        let mut buckets: HashMap<&[u64], Vec<usize>> = HashMap::new();
        for (place, signature) in signatures.iter().enumerate() {
            if !sets[place].is_empty() {
                let part = &signature[band * ROWS..(band + 1) * ROWS];
                buckets.entry(part).or_default().push(place);
            }
        }
        for bucket in buckets.into_values() {
            for (at, first) in bucket.iter().enumerate().take(MAX_BUCKET) {
                candidates.extend(bucket[at + 1..].iter().map(|second| (*first, *second)));
            }
        }
    }
    let mut pairs: Vec<Pair> = candidates
        .into_iter()
        .filter_map(|(first, second)| {
            let likeness = jaccard(&sets[first], &sets[second]);
            (likeness >= threshold).then_some(Pair {
                first,
                second,
                likeness,
            })
        })
        .collect();
    pairs.sort_by(|a, b| {
        b.likeness
            .total_cmp(&a.likeness)
            .then_with(|| (a.first, a.second).cmp(&(b.first, b.second)))
    });
    pairs
}

/// For each text, the [`likeness`] of the text most similar to it; 0 if none shares a run.
/// Exact, unlike [`near_duplicates`].
pub fn nearest_likeness(texts: &[&str]) -> Vec<f64> {
    let sets: Vec<Vec<u64>> = texts.iter().map(|text| runs(text)).collect();
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, set) in sets.iter().enumerate() {
        for run in set {
            holders.entry(*run).or_default().push(place);
        }
    }
    sets.iter()
        .enumerate()
        .map(|(place, set)| {
            let mut shared: HashMap<usize, usize> = HashMap::new();
            for run in set {
                for other in holders.get(run).into_iter().flatten() {
                    *shared.entry(*other).or_default() += 1;
                }
            }
            shared
                .into_iter()
                .filter(|(other, _)| *other != place)
                .map(|(other, both)| both as f64 / (set.len() + sets[other].len() - both) as f64)
                .fold(0.0, f64::max)
        })
        .collect()
}

/// Jaccard index of two ascending lists.
fn jaccard(first: &[u64], second: &[u64]) -> f64 {
    let (mut left, mut right) = (first.iter().peekable(), second.iter().peekable());
    let mut shared = 0;
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let order = a.cmp(b);
        shared += usize::from(order.is_eq());
        if order.is_le() {
            left.next();
        }
        if order.is_ge() {
            right.next();
        }
    }
    let all = first.len() + second.len() - shared;
    if all == 0 {
        0.0
    } else {
        shared as f64 / all as f64
    }
}

/// The MinHash signature: the smallest hash of the runs under each permutation.
fn signature(runs: &[u64]) -> Vec<u64> {
    (0..(BANDS * ROWS) as u64)
        .map(|permutation| {
            let key = mix(permutation.wrapping_add(1));
            runs.iter().map(|run| mix(run ^ key)).min().unwrap_or(0)
        })
        .collect()
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014), a bijection that mixes bits well.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Hashes of the runs of words in `text`, ascending, each once. A text with fewer words than a run is one run.
fn runs(text: &str) -> Vec<u64> {
    let words = words(text);
    let hash = |run: &[String]| {
        let digest = blake3::hash(run.join(" ").as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest.as_bytes()[..8]);
        u64::from_le_bytes(first)
    };
    if words.is_empty() {
        return Vec::new();
    }
    if words.len() < RUN {
        return vec![hash(&words)];
    }
    let mut runs: Vec<u64> = words.windows(RUN).map(hash).collect();
    runs.sort_unstable();
    runs.dedup();
    runs
}

/// The words of `text` in lower case. A character of a script without spaces is one word.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for character in text.chars().flat_map(char::to_lowercase) {
        let alone = stands_alone(character);
        if (alone || !character.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if alone {
            words.push(character.to_string());
        } else if character.is_alphanumeric() {
            word.push(character);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Returns true for characters of scripts written without spaces: Thai, Lao, Burmese, Khmer,
/// kana and Han.
pub fn stands_alone(character: char) -> bool {
    matches!(u32::from(character),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_134f)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_changes_are_near_duplicates_and_other_questions_are_not() {
        let first = "Can I take two of my blood pressure tablets if I forgot the one this morning?";
        let changed =
            "can I take two of my blood pressure tablets, if I forgot the one last night?";
        let other = "Which side effects do blood pressure tablets have in the first weeks?";
        assert!(likeness(first, changed) > NEAR_DUPLICATE);
        assert!(likeness(first, other) < 0.2);
        let pairs = near_duplicates(&[first, other, changed], NEAR_DUPLICATE);
        assert_eq!(pairs.len(), 1);
        assert_eq!((pairs[0].first, pairs[0].second), (0, 2));
    }

    #[test]
    fn the_nearest_is_the_most_alike_of_all_pairs() {
        let texts = [
            "may I stop my tablets this week",
            "may I stop my tablets next week",
            "may I stop my drops",
            "is this rash dangerous",
            "",
        ];
        let brute = |place: usize| {
            let others = (0..texts.len()).filter(|other| *other != place);
            others
                .map(|other| likeness(texts[place], texts[other]))
                .fold(0.0, f64::max)
        };
        for (place, found) in nearest_likeness(&texts).into_iter().enumerate() {
            assert!((found - brute(place)).abs() < 1e-12, "{place}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_compared_by_character() {
        let first = "我今天早上忘记吃降压药了，晚上可以吃两片吗？";
        let changed = "我昨天早上忘记吃降压药了，晚上可以吃两片吗？";
        assert!(likeness(first, changed) > NEAR_DUPLICATE);
        assert!(likeness(first, "孩子发烧三天了，需要去医院吗？") < 0.1);
    }

    #[test]
    fn wordless_texts_are_alike_to_nothing() {
        assert!(likeness("", "") < f64::EPSILON);
        assert!(near_duplicates(&["", "?!", ""], 0.1).is_empty());
        assert_eq!(near_duplicates(&["Help", "help!"], 1.0).len(), 1);
    }

    proptest! {
        /// The buckets find the same pairs as a comparison of all pairs.
        #[test]
        fn buckets_lose_no_near_duplicate(
            texts in prop::collection::vec("([abcd]{1,2} ){3,9}", 2..12)
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let found = near_duplicates(&texts, 0.6);
            let mut all = 0;
            for (first, a) in texts.iter().enumerate() {
                for (second, b) in texts.iter().enumerate().skip(first + 1) {
                    if likeness(a, b) >= 0.6 {
                        all += 1;
                        prop_assert!(found.iter().any(|p| p.first == first && p.second == second));
                    }
                }
            }
            prop_assert_eq!(found.len(), all);
        }
    }
}
