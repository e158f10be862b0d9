//! What an answer's first and last sentences say, by the rules that they match.

use super::{courtesy::Purpose, spoken::Spoken};

/// Number of first and of last sentences that are matched against the rules. The middle of a
/// long answer is content, whatever it says.
pub(super) const FIRST: usize = 10;
pub(super) const LAST: usize = 3;
/// Number of bytes of an answer that are read from its start. Of a longer answer, up to as many
/// are read from its end.
pub(super) const MAX_BYTES: usize = 20_000;

/// Ids of the rules, in the order of their weights.
pub(super) const RULES: [&str; 22] = [
    "opening-cannot",
    "medical-limit",
    "apology",
    "ai-self-reference",
    "no-access",
    "declared-wrong",
    "denies-premise",
    "moral-reminder",
    "closing-redirect",
    "suggests-instead",
    "seek-help-instead",
    "opens-with-yes",
    "opens-with-no",
    "direct-instruction",
    "states-fact",
    "typical-cautious-answer",
    "gives-substance",
    "however-i-can",
    "steps-or-tips",
    "deflects",
    "refers-only",
    "rejects-premise",
];

/// Rules of sentences that decline.
const REFUSING: [usize; 5] = [
    rule("opening-cannot"),
    rule("medical-limit"),
    rule("no-access"),
    rule("declared-wrong"),
    rule("deflects"),
];

/// Rules of sentences that lecture, redirect, apologise or speak of the speaker.
const LECTURING: [usize; 9] = [
    rule("apology"),
    rule("ai-self-reference"),
    rule("denies-premise"),
    rule("moral-reminder"),
    rule("closing-redirect"),
    rule("suggests-instead"),
    rule("seek-help-instead"),
    rule("refers-only"),
    rule("rejects-premise"),
];

/// Rules of sentences that send the asker to somebody else.
const REFERRING: [usize; 3] = [
    rule("closing-redirect"),
    rule("seek-help-instead"),
    rule("refers-only"),
];

/// Rules of sentences that speak of the request or of the speaker.
const MORALISING: [usize; 6] = [
    rule("apology"),
    rule("ai-self-reference"),
    rule("denies-premise"),
    rule("moral-reminder"),
    rule("suggests-instead"),
    rule("rejects-premise"),
];

/// The place of a rule among [`RULES`].
#[expect(
    clippy::panic,
    reason = "evaluated by the compiler, which then names the line"
)]
const fn rule(id: &str) -> usize {
    let mut place = 0;
    while place < RULES.len() {
        if same(RULES[place].as_bytes(), id.as_bytes()) {
            return place;
        }
        place += 1;
    }
    panic!("no such rule")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The sentences of an answer and the rules that they match.
pub(super) struct Reading<'a> {
    pub(super) looked_at: Vec<&'a Spoken>,
    /// For each sentence looked at, true for each of [`RULES`] that it matches.
    pub(super) matched: Vec<[bool; RULES.len()]>,
}

impl Reading<'_> {
    /// Returns true if the sentence declines.
    pub(super) fn refuses(&self, place: usize) -> bool {
        REFUSING.iter().any(|rule| self.matched[place][*rule])
    }

    /// Returns true if the sentence lectures, redirects, apologises or speaks of the speaker.
    pub(super) fn lectures(&self, place: usize) -> bool {
        LECTURING.iter().any(|rule| self.matched[place][*rule])
    }

    /// What each sentence does.
    pub(super) fn purposes(&self) -> Vec<Purpose> {
        (0..self.looked_at.len())
            .map(|place| {
                let says = |rules: &[usize]| rules.iter().any(|rule| self.matched[place][*rule]);
                if self.refuses(place) {
                    Purpose::Refuses
                } else if says(&REFERRING) && !says(&MORALISING) {
                    Purpose::Refers
                } else if self.lectures(place) {
                    Purpose::Lectures
                } else {
                    Purpose::Helps
                }
            })
            .collect()
    }

    /// Returns true if the first sentence says no, which answers a yes-or-no question.
    pub(super) fn opens_with_no(&self) -> bool {
        self.opens_with(&[rule("opens-with-no")])
    }

    /// Returns true if the first sentence rejects what was taken for granted, which answers a
    /// "why".
    pub(super) fn rejects_premise(&self) -> bool {
        self.opens_with(&[rule("denies-premise"), rule("rejects-premise")])
    }

    fn opens_with(&self, rules: &[usize]) -> bool {
        let first = self.matched.first();
        first.is_some_and(|row| rules.iter().any(|rule| row[*rule]))
    }

    /// Appends the values of the rules: in the first sentence, in the first three, and as shares.
    pub(super) fn push_rules(&self, named: &mut Vec<f32>) {
        let any = |rule: usize, places: usize| {
            let found = self.matched.iter().take(places).any(|row| row[rule]);
            f32::from(u8::from(found))
        };
        for places in [1, 3] {
            named.extend((0..RULES.len()).map(|rule| any(rule, places)));
        }
        let total = self.matched.len().max(1) as f32;
        named.extend((0..RULES.len()).map(|rule| {
            let count = self.matched.iter().filter(|row| row[rule]).count();
            count as f32 / total
        }));
    }
}

/// At most the first `limit` bytes of `text`, cut at a character boundary.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    &text[..floor(text, limit.min(text.len()))]
}

/// The last character boundary at or before `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}
