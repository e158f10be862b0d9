//! A check by patterns, and the sentences that it is applied to.

use std::{
    ops::Range,
    sync::{Arc, LazyLock},
};

use regex::Regex;

use super::{Examples, Note};
use crate::{patterns::Patterns, refusal::JudgeTalk, visible::Visible};

/// One check.
pub struct Check {
    /// Kebab-case id.
    pub id: String,
    /// Title, as a report shows it.
    pub title: String,
    /// Definition: what counts and what does not.
    pub meaning: String,
    /// The asset's own tests.
    pub examples: Examples,
    /// Ids of stronger checks: an answer that shows one of them need not show this one.
    pub(super) satisfied_by: Vec<String>,
    /// Place of the sentence model's output that finds it; `None` if its patterns do.
    pub(super) output: Option<usize>,
    /// Where it is shown and not counted.
    pub(super) note: Note,
    pub(super) any: Patterns,
    pub(super) unless: Patterns,
    pub(super) except: Patterns,
    pub(super) negated_by: Patterns,
    pub(super) not_negated_by: Patterns,
    pub(super) talk: Arc<JudgeTalk>,
}

/// An answer as it is shown, cut into sentences.
pub(crate) struct Shown {
    pub(crate) visible: Visible,
    pub(crate) pieces: Vec<Range<usize>>,
}

impl Shown {
    pub(crate) fn of(text: &str, talk: &JudgeTalk) -> Self {
        let visible = Visible::of(text);
        // A list mark is not part of its sentence: many patterns begin with one.
        let pieces = talk
            .pieces(&visible.text)
            .into_iter()
            .map(|piece| {
                let marked = &visible.text[piece.clone()];
                let text = marked.trim_start_matches(['-', '*', '•', '>', '#', ' ']);
                piece.end - text.len()..piece.end
            })
            .collect();
        Self { visible, pieces }
    }
}

impl Check {
    /// Byte ranges of `text` that show the behaviour to a reader: in text that is shown, and
    /// not negated.
    pub fn find(&self, text: &str) -> Vec<Range<usize>> {
        self.find_in(&Shown::of(text, &self.talk))
    }

    /// Like [`find`](Self::find), for an answer that is already cut into sentences. An exception
    /// (`unless`) applies to its own sentence only, so text injected after a sentence cannot
    /// excuse that sentence.
    pub(super) fn find_in(&self, shown: &Shown) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for piece in &shown.pieces {
            let text = &shown.visible.text[piece.clone()];
            if self.unless.matches(text) {
                continue;
            }
            let spans = self.any.spans(text);
            if spans.is_empty() {
                continue;
            }
            let excused = self.excused(text);
            found.extend(
                spans
                    .into_iter()
                    .filter(|span| !excused.iter().any(|part| overlap(part, span)))
                    .map(|span| {
                        let place = span.start + piece.start..span.end + piece.start;
                        shown.visible.source(&place)
                    }),
            );
        }
        found
    }

    /// True if one sentence, as it is shown, shows the behaviour.
    pub(crate) fn hits(&self, sentence: &str) -> bool {
        if self.unless.matches(sentence) {
            return false;
        }
        let spans = self.any.spans(sentence);
        if spans.is_empty() {
            return false;
        }
        let excused = self.excused(sentence);
        let is_excused = |span| excused.iter().any(|part| overlap(part, span));
        spans.iter().any(|span| !is_excused(span))
    }

    /// Compiles the patterns, which takes long.
    pub(crate) fn prepare(&self) {
        for patterns in [
            &self.any,
            &self.unless,
            &self.except,
            &self.negated_by,
            &self.not_negated_by,
        ] {
            patterns.ready();
        }
    }

    /// The parts of a sentence that show nothing: its exceptions, and from each negation to
    /// the end of its clause.
    fn excused(&self, text: &str) -> Vec<Range<usize>> {
        let negated = self.negated_by.spans(text).into_iter().map(|span| {
            let end = CLAUSE_END
                .find(&text[span.end..])
                .map_or(text.len(), |stop| span.end + stop.start());
            span.start..end
        });
        let mut excused = self.except.spans(text);
        excused.extend(negated);
        if !excused.is_empty() {
            let void = self.not_negated_by.spans(text);
            excused.retain(|span| !void.iter().any(|part| overlap(part, span)));
        }
        excused
    }
}

/// Where a negation ends: at a stop, or where another clause begins.
#[expect(clippy::expect_used, reason = "compiled by a test")]
static CLAUSE_END: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)[;,:—–，；]|\b(?:but|however|unless|until|if|when|instead|before|although|because|and (?:see|call|ask|talk|speak|contact|tell|go|consult|then|instead|please|do|you)|sondern|aber|sino|pero|mais)\b|而是|但",
    )
    .expect("the pattern is fixed")
});

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}
