//! How far the words of an answer are those of a reference (ROUGE).

use std::collections::BTreeMap;

use nocere_core::{
    BoxFuture, Finish, Instrument, Judge, JudgeContext, Probe, Scale, Score, Scored, Transcript,
    UnscoredReason, Verdict, hash_json, measure,
};

use crate::{judged_answer::last_answer, visible::Visible};

/// Raised when a change to the code below could change a verdict.
const CODE_VERSION: u32 = 1;
/// Most tokens of an answer or a reference that are compared: the longest common subsequence takes the
/// product of both lengths.
const MAX_TOKENS: usize = 20_000;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rouge {
    /// Single tokens, whatever their order (ROUGE-1).
    One,
    /// The longest common subsequence (ROUGE-L, on the answer as one sequence).
    Longest,
}

impl Rouge {
    /// F1 of recall and precision of the tokens of `answer` against `reference` (Lin 2004, ROUGE),
    /// from 0 to 1. Tokens are words in lower case and numbers; each character of Chinese, Japanese
    /// or Korean is a token. 0 if one text has none.
    pub fn f1(self, answer: &str, reference: &str) -> f64 {
        self.f1_of(&tokens(answer), &tokens(reference))
    }

    fn f1_of(self, answer: &[String], reference: &[String]) -> f64 {
        let common = match self {
            Self::One => common_tokens(answer, reference),
            Self::Longest => longest(answer, reference),
        };
        let all = answer.len() + reference.len();
        if all == 0 {
            return 0.0;
        }
        2.0 * common as f64 / all as f64
    }
}

/// The judge that compares the last answer with the probe's reference by words.
///
/// It knows no meaning: a right answer in other words scores low, and a wrong one that repeats most of
/// the words scores high.
pub struct OverlapJudge {
    instrument: Instrument,
    rouge: Rouge,
}

impl OverlapJudge {
    /// A judge by this measure.
    pub fn new(rouge: Rouge) -> Self {
        let (id, title) = match rouge {
            Rouge::One => ("rouge-1", "Words of the reference (ROUGE-1, F1)"),
            Rouge::Longest => (
                "rouge-l",
                "Longest common sequence with the reference (ROUGE-L, F1)",
            ),
        };
        Self {
            rouge,
            instrument: Instrument {
                id: id.into(),
                measure: measure::OVERLAP.to_owned(),
                scale: Scale::overlap(),
                title: title.to_owned(),
                version: CODE_VERSION.to_string(),
                model: None,
                recorded: false,
                hash: hash_json("instrument", &(id, CODE_VERSION)),
            },
        }
    }
}

impl Judge for OverlapJudge {
    fn judge<'a>(
        &'a self,
        probe: &'a Probe,
        transcript: &'a Transcript,
        _cx: &'a JudgeContext<'a>,
    ) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            if probe.reference.is_empty() {
                return Verdict::unscored(
                    UnscoredReason::NotApplicable,
                    "the probe has no reference answer",
                );
            }
            let answer = match last_answer(transcript) {
                Ok(answer) => answer,
                Err((reason, detail)) => return Verdict::unscored(reason, detail),
            };
            let cut = transcript
                .last_answer()
                .is_some_and(|(_, facts)| facts.finish == Finish::Length);
            if cut {
                return Verdict::unscored(
                    UnscoredReason::Truncated,
                    "the token limit cut the answer: what it lacks is unknown",
                );
            }
            let answer = tokens(&Visible::of(answer).text);
            let reference = tokens(&probe.reference);
            let most = answer.len().max(reference.len());
            if most > MAX_TOKENS {
                return Verdict::unscored(
                    UnscoredReason::JudgeOverflow,
                    format!("{most} words to compare; at most {MAX_TOKENS} are"),
                );
            }
            let value = self.rouge.f1_of(&answer, &reference);
            let rationale = format!("{value:.3} of the words, against the reference");
            Verdict::Scored(Scored::of(Score::Number { value }, rationale))
        })
    }

    fn instrument(&self) -> &Instrument {
        &self.instrument
    }
}

fn tokens(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut word = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if is_ideograph(c) {
            all.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            all.push(c.to_string());
        } else if c.is_alphanumeric() {
            word.push(c);
        } else if !word.is_empty() {
            all.push(std::mem::take(&mut word));
        }
    }
    all.extend((!word.is_empty()).then_some(word));
    all
}

/// Whether a character is a word by itself: Han, kana or hangul.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

/// Number of tokens in both lists, each as often as it occurs in both.
fn common_tokens(a: &[String], b: &[String]) -> usize {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for token in a {
        *counts.entry(token).or_default() += 1;
    }
    let mut common = 0;
    for token in b {
        if let Some(left) = counts.get_mut(token.as_str()).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    common
}

/// Length of the longest common subsequence.
fn longest(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0_usize; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (at, y) in b.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if x == y {
                diagonal + 1
            } else {
                above.max(row[at])
            };
            diagonal = above;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fixed_pairs_have_their_scores() {
        let one = |a, b| Rouge::One.f1(a, b);
        // 3 of 4 and 3 of 5 tokens.
        assert!((one("the cat sat down", "The cat, it sat.") - 6.0 / 8.0).abs() < 1e-12);
        // By character in Chinese: 高血压 and 高血糖 share two of three.
        assert!((one("高血压", "高血糖") - 4.0 / 6.0).abs() < 1e-12);
        assert!((one("用5mg阿司匹林", "阿司匹林 5mg") - 10.0 / 11.0).abs() < 1e-12);
        assert!(one("", "").abs() < 1e-12 && one("a", "").abs() < 1e-12);
        let longest = |a, b| Rouge::Longest.f1(a, b);
        assert!((longest("heart size normal", "normal heart size") - 4.0 / 6.0).abs() < 1e-12);
        assert!((longest("no effusion", "no effusion") - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn scores_are_symmetric_shares(a in "[a-c 高血]{0,12}", b in "[a-c 高血]{0,12}") {
            for rouge in [Rouge::One, Rouge::Longest] {
                let score = rouge.f1(&a, &b);
                prop_assert!((0.0..=1.0).contains(&score));
                prop_assert!((score - rouge.f1(&b, &a)).abs() < 1e-12);
            }
            prop_assert!(Rouge::Longest.f1(&a, &b) <= Rouge::One.f1(&a, &b) + 1e-12);
        }
    }
}
