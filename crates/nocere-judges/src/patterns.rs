//! A list of case-insensitive patterns from an asset.
//!
//! Compiling all of them takes about 0.2 s, so they are compiled on first use: meanwhile a run
//! can send its first requests.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

use crate::error::AssetError;

/// Patterns that are compiled on first use.
#[derive(Debug)]
pub(crate) struct Patterns {
    sources: Vec<String>,
    compiled: OnceLock<Vec<Regex>>,
}

impl Patterns {
    /// Patterns that are not compiled yet. Embedded ones are compiled by a test; for others,
    /// call [`check`](Self::check).
    pub(crate) fn embedded(sources: Vec<String>) -> Self {
        Self {
            sources,
            compiled: OnceLock::new(),
        }
    }

    /// Compiles the patterns now. Fails with the first one that cannot be compiled.
    pub(crate) fn check(&self, file: &str, owner: &str) -> Result<(), AssetError> {
        let compiled = compile(&self.sources)
            .map_err(|error| AssetError::new(file, format!("pattern of `{owner}`: {error}")))?;
        // Another thread may have set it first, to the same value.
        let _ = self.compiled.set(compiled);
        Ok(())
    }

    /// The compiled patterns.
    #[expect(
        clippy::expect_used,
        reason = "embedded patterns are compiled by a test, all others by `check` when they are loaded"
    )]
    pub(crate) fn ready(&self) -> &[Regex] {
        self.compiled
            .get_or_init(|| compile(&self.sources).expect("the pattern was compiled before"))
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.ready().iter().any(|pattern| pattern.is_match(text))
    }

    /// All matches of all patterns, as byte ranges of `text`, sorted and without duplicates.
    pub(crate) fn spans(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let mut spans: Vec<_> = self
            .ready()
            .iter()
            .flat_map(|pattern| pattern.find_iter(text).map(|found| found.range()))
            .collect();
        spans.sort_by_key(|span| (span.start, span.end));
        spans.dedup();
        spans
    }
}

fn compile(sources: &[String]) -> Result<Vec<Regex>, regex::Error> {
    sources
        .iter()
        .map(|source| {
            RegexBuilder::new(source)
                .case_insensitive(true)
                .multi_line(false)
                .size_limit(64 << 20)
                .build()
        })
        .collect()
}
