//! A list of case-insensitive patterns from an asset.
//!
//! Compiling all of them takes about 0.2 s, so they are compiled on first use: meanwhile a run
//! can send its first requests.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use crate::error::AssetError;

/// Patterns that are compiled on first use: all of them together, which tells in one pass over a
/// text which of them are in it, and each one by itself when it first is.
#[derive(Debug)]
pub(crate) struct Patterns {
    sources: Vec<String>,
    together: OnceLock<RegexSet>,
    each: Vec<OnceLock<Regex>>,
}

impl Patterns {
    /// Patterns that are not compiled yet. Embedded ones are compiled by a test; for others,
    /// call [`check`](Self::check).
    pub(crate) fn embedded(sources: Vec<String>) -> Self {
        Self {
            each: sources.iter().map(|_| OnceLock::new()).collect(),
            sources,
            together: OnceLock::new(),
        }
    }

    /// Compiles the patterns now. Fails with the first one that cannot be compiled.
    pub(crate) fn check(&self, file: &str, owner: &str) -> Result<(), AssetError> {
        let fault = |error| AssetError::new(file, format!("pattern of `{owner}`: {error}"));
        for source in &self.sources {
            compile(source).map_err(fault)?;
        }
        let together = compile_together(&self.sources).map_err(fault)?;
        // Another thread may have set it first, to the same value.
        let _ = self.together.set(together);
        Ok(())
    }

    /// Compiles the patterns together.
    #[expect(
        clippy::expect_used,
        reason = "embedded patterns are compiled by a test, all others by `check` when they are loaded"
    )]
    pub(crate) fn ready(&self) -> &RegexSet {
        self.together.get_or_init(|| {
            compile_together(&self.sources).expect("the patterns were compiled before")
        })
    }

    #[expect(clippy::expect_used, reason = "as for `ready`")]
    fn one(&self, index: usize) -> &Regex {
        self.each[index]
            .get_or_init(|| compile(&self.sources[index]).expect("the pattern was compiled before"))
    }

    /// The patterns that are in `text`. Word boundaries in other than ASCII text are beyond the
    /// fast engine: there the patterns one by one are faster than all together.
    fn within<'a>(&'a self, text: &'a str) -> impl Iterator<Item = usize> + 'a {
        let together = text.is_ascii().then(|| self.ready().matches(text));
        (0..self.sources.len()).filter(move |index| match &together {
            Some(found) => found.matched(*index),
            None => self.one(*index).is_match(text),
        })
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        if text.is_ascii() {
            return self.ready().is_match(text);
        }
        self.within(text).next().is_some()
    }

    /// All matches of all patterns, as byte ranges of `text`, sorted and without duplicates.
    pub(crate) fn spans(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let mut spans: Vec<_> = self
            .within(text)
            .flat_map(|index| self.one(index).find_iter(text).map(|found| found.range()))
            .collect();
        spans.sort_by_key(|span| (span.start, span.end));
        spans.dedup();
        spans
    }
}

fn compile(source: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source)
        .case_insensitive(true)
        .multi_line(false)
        .size_limit(64 << 20)
        .build()
}

fn compile_together(sources: &[String]) -> Result<RegexSet, regex::Error> {
    RegexSetBuilder::new(sources)
        .case_insensitive(true)
        .multi_line(false)
        .size_limit(256 << 20)
        .dfa_size_limit(32 << 20)
        .build()
}
