//! Compares an order of steps with the key's.

use std::{collections::BTreeMap, sync::LazyLock};

use nocere_core::{
    AnswerKey, BoxFuture, Instrument, Judge, JudgeContext, Probe, ReadAnswer, Scale, Score, Scored,
    Transcript, UnscoredReason, Verdict, hash_json, measure,
};
use regex::Regex;

use crate::{judged_answer::on_last_answer, visible::Visible};

/// Raised when a change to the code below could change a verdict.
const CODE_VERSION: u32 = 1;

/// Letters one after another with only arrows, commas, dots, numbers and spaces between them.
#[expect(clippy::expect_used, reason = "the pattern is compiled by a test")]
static RUN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Z](?:(?:[\s,;.、，→>\-–—*_()]|\b\d{1,2}[.):])*[A-Z])+")
        .expect("the pattern is fixed")
});

/// The judge that compares the order of steps in the last answer with the key, by Kendall's τ.
///
/// With n steps, τ is the number of pairs in the right order less those in the wrong one, over
/// n (n − 1) / 2. A pair of which a step is missing or occurs twice counts for neither, so a broken
/// order loses what it leaves open and no more. An answer without letters in a row, or with two
/// different orders, is unscored.
pub struct OrderJudge {
    instrument: Instrument,
}

impl Default for OrderJudge {
    fn default() -> Self {
        Self {
            instrument: Instrument {
                id: "order-key".into(),
                measure: measure::ORDER.to_owned(),
                scale: Scale::order(),
                title: "Order of steps against the key (Kendall’s τ)".to_owned(),
                version: CODE_VERSION.to_string(),
                model: None,
                recorded: false,
                hash: hash_json("instrument", &("order-key", CODE_VERSION)),
            },
        }
    }
}

impl OrderJudge {
    /// The verdict on a whole answer to `probe`, outside a run.
    pub fn label(&self, probe: &Probe, answer: &str) -> Verdict {
        let Some(AnswerKey::Order { steps, correct }) = &probe.key else {
            return Verdict::unscored(
                UnscoredReason::NotApplicable,
                "the probe has no order of steps as its key",
            );
        };
        match given(&Visible::of(answer).text, steps) {
            Ok(given) => scored(given, steps, correct),
            Err(problem) => Verdict::unscored(UnscoredReason::NoAnswerFound, problem),
        }
    }
}

impl Judge for OrderJudge {
    fn judge<'a>(
        &'a self,
        probe: &'a Probe,
        transcript: &'a Transcript,
        _cx: &'a JudgeContext<'a>,
    ) -> BoxFuture<'a, Verdict> {
        Box::pin(async move { on_last_answer(transcript, |answer| self.label(probe, answer)) })
    }

    fn instrument(&self) -> &Instrument {
        &self.instrument
    }
}

/// The letters that the answer gives, in its order.
fn given(answer: &str, steps: &BTreeMap<String, String>) -> Result<String, String> {
    let mut runs: Vec<String> = RUN
        .find_iter(answer)
        .filter_map(|run| whole_letters(answer, run.start(), run.end()))
        .map(|run| {
            run.chars()
                .filter(char::is_ascii_uppercase)
                .collect::<String>()
        })
        .filter(|run| run.len() > 1)
        // Letters that are not steps are an abbreviation, such as CT.
        .filter(|run| run.chars().all(|c| steps.contains_key(&c.to_string())))
        .collect();
    if runs.is_empty() {
        runs.extend(in_lines(answer, steps));
    }
    // A run of all steps outweighs one of some.
    if runs.iter().any(|run| run.len() >= steps.len()) {
        runs.retain(|run| run.len() >= steps.len());
    }
    runs.dedup();
    match runs.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err("the answer gives no order of letters".to_owned()),
        several => Err(format!(
            "the answer gives the orders {}",
            several.join(" and ")
        )),
    }
}

/// The run without the capital of a word that follows it (`B, D. Open the sheath`); `None` if it is
/// a part of a longer word.
fn whole_letters(answer: &str, start: usize, end: usize) -> Option<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    if answer[..start].ends_with(is_word) {
        return None;
    }
    let run = &answer[start..end];
    if !answer[end..].starts_with(is_word) {
        return Some(run);
    }
    let without = &run[..run.len() - 1];
    (!without.ends_with(is_word)).then_some(without)
}

/// The letters at the beginning of lines, as in a list whose entries repeat the steps.
fn in_lines(answer: &str, steps: &BTreeMap<String, String>) -> Option<String> {
    let at = |line: &str| -> Option<char> {
        let line =
            line.trim_start_matches(|c: char| c.is_ascii_digit() || " \t.)*-_:(".contains(c));
        let letter = line.chars().next().filter(char::is_ascii_uppercase)?;
        let apart = !line[1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == ' ');
        (apart && steps.contains_key(&letter.to_string())).then_some(letter)
    };
    let letters: String = answer.lines().filter_map(at).collect();
    (letters.len() > 1).then_some(letters)
}

fn scored(given: String, steps: &BTreeMap<String, String>, correct: &str) -> Verdict {
    let place = |letter: char| {
        let mut places = given.match_indices(letter);
        match (places.next(), places.next()) {
            (Some((at, _)), None) => Some(at),
            _ => None,
        }
    };
    let letters: Vec<char> = correct.chars().collect();
    let mut score = 0_i32;
    for (later, b) in letters.iter().enumerate() {
        for a in &letters[..later] {
            if let (Some(a), Some(b)) = (place(*a), place(*b)) {
                score += if a < b { 1 } else { -1 };
            }
        }
    }
    let pairs = letters.len() * (letters.len() - 1) / 2;
    let broken: Vec<String> = steps
        .keys()
        .filter_map(|letter| match given.matches(letter.as_str()).count() {
            0 => Some(format!("{letter} is missing")),
            1 => None,
            _ => Some(format!("{letter} is repeated")),
        })
        .collect();
    let mut rationale = format!("ordered {given}; the key says {correct}");
    if !broken.is_empty() {
        rationale = format!("{rationale}; {}", broken.join(", "));
    }
    let value = f64::from(score) / pairs as f64;
    Verdict::Scored(Scored {
        read: Some(ReadAnswer {
            given,
            expected: correct.to_owned(),
        }),
        ..Scored::of(Score::Number { value }, rationale)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tau(answer: &str, correct: &str) -> Result<f64, String> {
        let letters = ('A'..='Z').take(correct.len()).map(|c| c.to_string());
        let mut probe = Probe::asking("s", "p", "Order?");
        probe.key = Some(AnswerKey::Order {
            steps: letters
                .map(|letter| (letter, "a step".to_owned()))
                .collect(),
            correct: correct.to_owned(),
        });
        match OrderJudge::default().label(&probe, answer) {
            Verdict::Scored(Scored {
                score: Score::Number { value },
                ..
            }) => Ok(value),
            Verdict::Unscored { detail, .. } => Err(detail),
            other @ Verdict::Scored(_) => panic!("{other:?}"),
        }
    }

    #[test]
    fn orders_are_read_however_they_are_set() {
        for answer in [
            "BDAC",
            "B, D, A, C",
            "The order is **B → D → A → C**.",
            "正确顺序：B、D、A、C。",
            "1. B\n2. D\n3. A\n4. C",
            "1) B: wash hands\n2) D: drape\n3) A: incise\n4) C: close",
            "After a CT, the order is B-D-A-C.",
            "B, D, A, C. Open the sheath first.",
        ] {
            assert_eq!(tau(answer, "BDAC"), Ok(1.0), "{answer}");
        }
        assert_eq!(tau("ABDC", "ABCD"), Ok(4.0 / 6.0));
        assert_eq!(tau("DCBA", "ABCD"), Ok(-1.0));
    }

    #[test]
    fn a_broken_order_loses_what_it_leaves_open() {
        // C is missing: three of six pairs are in order.
        assert_eq!(tau("A, B, D", "ABCD"), Ok(0.5));
        // B is repeated: of AC, AD, CD all are in order.
        assert_eq!(tau("A B B C D", "ABCD"), Ok(0.5));
    }

    #[test]
    fn what_is_not_one_order_is_unscored() {
        assert!(tau("I cannot tell.", "ABCD").is_err());
        assert!(tau("ABCD or BACD", "ABCD").is_err());
        assert!(tau("A patient comes first.", "ABCD").is_err());
    }
}
