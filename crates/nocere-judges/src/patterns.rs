//! A list of case-insensitive patterns, as assets write them.

use regex::{Regex, RegexBuilder};

use crate::error::AssetError;

/// Compiled patterns.
#[derive(Debug)]
pub(crate) struct Patterns(Vec<Regex>);

impl Patterns {
    pub(crate) fn compile(file: &str, owner: &str, sources: &[String]) -> Result<Self, AssetError> {
        sources
            .iter()
            .map(|source| {
                RegexBuilder::new(source)
                    .case_insensitive(true)
                    .multi_line(false)
                    .size_limit(64 << 20)
                    .build()
                    .map_err(|error| {
                        AssetError::new(file, format!("pattern of `{owner}`: {error}"))
                    })
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Self)
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(text))
    }

    /// Every match of every pattern, as byte ranges of `text`, without repetitions.
    pub(crate) fn spans(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let mut spans: Vec<_> = self
            .0
            .iter()
            .flat_map(|pattern| pattern.find_iter(text).map(|found| found.range()))
            .collect();
        spans.sort_by_key(|span| (span.start, span.end));
        spans.dedup();
        spans
    }
}
