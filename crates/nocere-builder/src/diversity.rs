//! Diversity: how much the messages of a category differ from each other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use nocere_suites::nearest_likeness;

/// Measures of how much some messages differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diversity {
    /// Number of messages.
    pub messages: usize,
    /// Minimum, (upper) median and maximum number of words.
    pub words: (usize, usize, usize),
    /// Distinct-2 (Li et al. 2016, arXiv 1510.03055): number of different pairs of neighbouring
    /// words over all pairs, 0 to 1; 1 without a pair. Falls with the number of messages.
    pub distinct_2: f64,
    /// Mean likeness of each message to the nearest other one, 0 to 1.
    pub nearest: f64,
    /// The commonest first three words, and the share of messages that begin with them, 0 to 1.
    pub opening: (String, f64),
}

/// Measures the diversity of `texts`; `None` without a text.
pub fn diversity(texts: &[&str]) -> Option<Diversity> {
    let split: Vec<Vec<String>> = texts
        .iter()
        .map(|text| text.split_whitespace().map(str::to_lowercase).collect())
        .collect();
    let mut lengths: Vec<usize> = split.iter().map(Vec::len).collect();
    lengths.sort_unstable();
    let (first, last) = (*lengths.first()?, *lengths.last()?);
    let pairs: Vec<(&str, &str)> = split
        .iter()
        .flat_map(|words| {
            words
                .windows(2)
                .map(|pair| (pair[0].as_str(), pair[1].as_str()))
        })
        .collect();
    let distinct: BTreeSet<&(&str, &str)> = pairs.iter().collect();
    let mut openings: BTreeMap<String, usize> = BTreeMap::new();
    for words in &split {
        *openings
            .entry(words[..words.len().min(3)].join(" "))
            .or_default() += 1;
    }
    let opening = openings.into_iter().max_by_key(|(_, count)| *count)?;
    let nearest: f64 = nearest_likeness(texts).iter().sum();
    Some(Diversity {
        messages: texts.len(),
        words: (first, lengths[lengths.len() / 2], last),
        distinct_2: if pairs.is_empty() {
            1.0
        } else {
            distinct.len() as f64 / pairs.len() as f64
        },
        nearest: nearest / texts.len() as f64,
        opening: (opening.0, opening.1 as f64 / texts.len() as f64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_message_twice_is_not_diverse() {
        let same = diversity(&["may I stop now", "may I stop now"]).unwrap();
        assert!((same.nearest - 1.0).abs() < 1e-9);
        assert!((same.distinct_2 - 0.5).abs() < 1e-9);
        assert_eq!(same.opening, ("may i stop".to_owned(), 1.0));
        let other = diversity(&["may I stop now", "is this rash dangerous for her"]).unwrap();
        assert!(other.nearest < 1e-9);
        assert!((other.distinct_2 - 1.0).abs() < 1e-9);
        assert_eq!(other.words, (4, 6, 6));
        assert_eq!(diversity(&[]), None);
    }
}
