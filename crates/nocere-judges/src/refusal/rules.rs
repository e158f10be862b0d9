//! Matches sentences against the rules of the refusal judges' assets.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::error::AssetError;

/// A rule: several patterns under one id.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleSet {
    pub(crate) id: String,
    pub(crate) patterns: Vec<String>,
}

/// All patterns of `N` rules, joined into one expression per rule. One set of all
/// patterns has no prefilters and was measured to be five times slower.
#[derive(Debug)]
pub(crate) struct RuleMatcher<const N: usize> {
    /// Patterns with the index of their rule.
    patterns: Vec<(usize, String)>,
    compiled: OnceLock<Vec<Regex>>,
}

impl<const N: usize> RuleMatcher<N> {
    /// The rules named `ids`, in this order. Fails if one is missing from `sets`.
    pub(crate) fn new(ids: &[&str; N], sets: &[RuleSet]) -> Result<Self, AssetError> {
        let mut patterns = Vec::new();
        for (place, id) in ids.iter().enumerate() {
            let set = sets.iter().find(|set| set.id == *id).ok_or_else(|| {
                AssetError::new("assets/judges/refusal.yaml", format!("no rule `{id}`"))
            })?;
            patterns.extend(set.patterns.iter().map(|pattern| (place, pattern.clone())));
        }
        Ok(Self {
            patterns,
            compiled: OnceLock::new(),
        })
    }

    #[expect(
        clippy::expect_used,
        reason = "the patterns are embedded, and a test compiles them"
    )]
    pub(crate) fn ready(&self) -> &[Regex] {
        self.compiled.get_or_init(|| {
            (0..N)
                .map(|rule| {
                    let parts: Vec<String> = self
                        .patterns
                        .iter()
                        .filter(|(of, _)| *of == rule)
                        .map(|(_, pattern)| format!("(?:{pattern})"))
                        .collect();
                    RegexBuilder::new(&parts.join("|"))
                        .case_insensitive(true)
                        .size_limit(128 << 20)
                        .dfa_size_limit(16 << 20)
                        .build()
                        .expect("an embedded pattern")
                })
                .collect()
        })
    }

    /// For each rule, true if `sentence` matches it.
    pub(crate) fn matches(&self, sentence: &str) -> [bool; N] {
        let mut matched = [false; N];
        // Typographic quotes and dashes become ASCII, which the regex engine matches faster.
        let plain;
        let sentence = if sentence.contains(['’', '“', '”', '—']) {
            plain = sentence
                .replace('’', "'")
                .replace(['“', '”'], "\"")
                .replace('—', "-");
            plain.as_str()
        } else {
            sentence
        };
        for (rule, pattern) in self.ready().iter().enumerate() {
            matched[rule] = pattern.is_match(sentence);
        }
        matched
    }
}
