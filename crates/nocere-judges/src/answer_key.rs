//! Compares answers with a key: one of several options, a word or phrase, a number.
//!
//! The parsers are strict. An answer that commits to nothing, or to two things at once, is
//! not wrong: it is unscored. A wrong reading would count as knowledge or ignorance that
//! the target never showed.

use std::{collections::BTreeMap, sync::LazyLock};

use nocere_core::{
    AnswerKey, BoxFuture, Instrument, InstrumentKind, Judge, JudgeContext, Probe, Score, Scored,
    Transcript, UnscoredReason, Verdict, hash_json,
};
use regex::Regex;

use crate::subject::last_answer;

/// Changes when the code below could change a verdict.
const CODE_VERSION: u32 = 1;

/// The judge of answers that have a key.
pub struct AnswerJudge {
    instrument: Instrument,
}

impl Default for AnswerJudge {
    fn default() -> Self {
        Self {
            instrument: Instrument {
                id: "answer-key".to_owned(),
                kind: InstrumentKind::Answer,
                title: "Answer against the key".to_owned(),
                version: CODE_VERSION.to_string(),
                model: None,
                hash: hash_json("instrument", &("answer-key", CODE_VERSION)),
            },
        }
    }
}

impl Judge for AnswerJudge {
    fn judge<'a>(
        &'a self,
        probe: &'a Probe,
        transcript: &'a Transcript,
        _cx: &'a JudgeContext<'a>,
    ) -> BoxFuture<'a, Verdict> {
        Box::pin(async move {
            let Some(key) = &probe.key else {
                return Verdict::unscored(
                    UnscoredReason::NotApplicable,
                    "the probe has no answer key",
                );
            };
            match last_answer(transcript) {
                Ok(answer) => compare(key, answer),
                Err((reason, detail)) => Verdict::unscored(reason, detail),
            }
        })
    }

    fn instrument(&self) -> &Instrument {
        &self.instrument
    }
}

fn compare(key: &AnswerKey, answer: &str) -> Verdict {
    let (given, expected, correct) = match key {
        AnswerKey::Choice { options, correct } => match choice(answer, options) {
            Ok(letter) => {
                let right = letter == *correct;
                (letter, correct.clone(), right)
            }
            Err(problem) => return unreadable(&problem),
        },
        AnswerKey::Exact { accept, reject } => match phrase(answer, accept, reject) {
            Ok(found) => {
                let right = accept.contains(&found);
                (found, accept.first().cloned().unwrap_or_default(), right)
            }
            Err(problem) => return unreadable(&problem),
        },
        AnswerKey::Numeric {
            value,
            tolerance,
            unit,
        } => match number(answer, unit.as_deref()) {
            // The last bit of a decimal fraction is nobody's mistake.
            Ok(found) => (
                found.to_string(),
                value.to_string(),
                (found - value).abs() <= tolerance + 1e-9 * value.abs().max(1.0),
            ),
            Err(problem) => return unreadable(&problem),
        },
    };
    let rationale = format!("answered {given}; the key says {expected}");
    let score = Score::Answer {
        given,
        expected,
        correct,
    };
    Verdict::Scored(Scored::of(score, rationale))
}

fn unreadable(problem: &str) -> Verdict {
    Verdict::unscored(UnscoredReason::NoAnswerFound, problem)
}

/// Words that announce an answer, in the languages of the suites.
const ANNOUNCE: &str = r"(?:answer|choice|option|antwort|lösung|respuesta|opción|réponse|reponse|choix|答案|选项|选择|答)";

#[expect(clippy::expect_used, reason = "every pattern is compiled by a test")]
fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("the pattern is fixed")
}

/// The whole answer is a letter: `B`, `(b)`, `**B.**`, `B)`.
static BARE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[\s*_`>#]*[(\[]?\s*([A-Za-z])\s*[)\].:]?[\s*_`.]*$"));
/// `The correct answer is: (B)`, `Answer: **B**`, `答案是B`. A lower-case letter counts only
/// after a colon, because "the answer is a matter of dose" names no option.
static ANNOUNCED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?i:{ANNOUNCE})[\s*_]*(?:(?i:is|would be|ist|wäre|es|est|serait|是|为)?[\s*_]*[:：]?[\s*_]*(?i:option|choice|antwort|opción)?[\s*_]*[(\[]?([A-Z])(?:[)\].:,;*_\s。，]|$)|[:：][\s*_]*[(\[]?([a-z])(?:[)\].]|[\s*_]*$))"
    ))
});
/// A line that begins with an option in the form of the question: `B) text`, `B. text`,
/// `**B: text**`, `(B) text`.
static LEADING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^[\s*_`>#-]*(?:[(\[]([A-Z])[)\]]|([A-Z])[).:])(?:[\s*_]|$)"));

/// The letter that the answer commits itself to.
fn choice(answer: &str, options: &BTreeMap<String, String>) -> Result<String, String> {
    let known = |letter: &str| {
        let letter = letter.to_ascii_uppercase();
        options.contains_key(&letter).then_some(letter)
    };
    let letters = |pattern: &Regex| -> Vec<String> {
        let mut found: Vec<String> = pattern
            .captures_iter(answer)
            .filter_map(|captures| {
                let letter = captures.iter().skip(1).flatten().next()?;
                known(letter.as_str())
            })
            .collect();
        found.dedup();
        found
    };
    if let Some(letter) = BARE
        .captures(answer)
        .and_then(|captures| known(captures.get(1)?.as_str()))
    {
        return Ok(letter);
    }
    // What is announced outweighs what is discussed.
    for pattern in [&*ANNOUNCED, &*LEADING] {
        let mut found = letters(pattern);
        found.sort();
        found.dedup();
        match found.as_slice() {
            [] => {}
            [only] => return Ok(only.clone()),
            several => {
                return Err(format!(
                    "the answer names options {}",
                    several.join(" and ")
                ));
            }
        }
    }
    // Without any letter: the text of exactly one option.
    let plain = normal(answer);
    let quoted: Vec<&String> = options
        .iter()
        .filter(|(_, text)| !text.trim().is_empty() && holds(&plain, &normal(text)))
        .map(|(letter, _)| letter)
        .collect();
    match quoted.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err("the answer names no option".to_owned()),
        _ => Err("the answer repeats several options".to_owned()),
    }
}

/// The wording that the answer commits itself to: it is the whole answer, opens it, is
/// announced, or is the only one that occurs.
fn phrase(answer: &str, accept: &[String], reject: &[String]) -> Result<String, String> {
    let plain = normal(answer);
    let all = || accept.iter().chain(reject);
    if let Some(whole) = all().find(|text| normal(text) == plain) {
        return Ok(whole.clone());
    }
    let announced = pattern_announced_tail(answer);
    for part in announced.iter().map(String::as_str).chain([plain.as_str()]) {
        let mut opening: Vec<&String> = all()
            .filter(|text| {
                let text = normal(text);
                part.strip_prefix(text.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
            .collect();
        opening.sort_by_key(|text| std::cmp::Reverse(text.len()));
        if let Some(found) = opening.first() {
            return Ok((*found).clone());
        }
    }
    let found: Vec<&String> = all().filter(|text| holds(&plain, &normal(text))).collect();
    match found.as_slice() {
        [only] => Ok((*only).clone()),
        [] => Err("the answer holds no wording of the key".to_owned()),
        several => Err(format!(
            "the answer holds {}",
            several
                .iter()
                .map(|text| format!("`{text}`"))
                .collect::<Vec<_>>()
                .join(" and ")
        )),
    }
}

/// What follows "answer:" or "the answer is".
fn pattern_announced_tail(answer: &str) -> Option<String> {
    static TAIL: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"(?i){ANNOUNCE}[\s*_]*(?:is|ist|es|est|是|为)?[\s*_]*[:：]?[\s*_]*([^\n]+)"
        ))
    });
    let captures = TAIL.captures(answer)?;
    Some(normal(captures.get(1)?.as_str()))
}

/// Lower case, letters and digits only, single spaces.
fn normal(text: &str) -> String {
    let words: String = text
        .chars()
        .map(|c| {
            if c.is_alphanumeric() {
                c.to_lowercase().next().unwrap_or(c)
            } else {
                ' '
            }
        })
        .collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether `part` stands in `text` as whole words.
fn holds(text: &str, part: &str) -> bool {
    // Chinese and Japanese have no spaces between words.
    let spaced = part.is_ascii();
    text.match_indices(part).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + part.len()..].chars().next();
        !spaced || (before.is_none_or(|c| c == ' ') && after.is_none_or(|c| c == ' '))
    })
}

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:^|[^\w.,])([-−]?(?:\d{1,3}(?:[,  ]\d{3})+|\d+)(?:[.,]\d+)?(?:[eE][-+]?\d+)?)")
});

/// The number that the answer commits itself to: the announced one, the one after the last
/// `=`, or the only one that has the unit.
fn number(answer: &str, unit: Option<&str>) -> Result<f64, String> {
    let announced = pattern_tail_raw(answer);
    let after_equals = answer.rsplit_once('=').map(|(_, rest)| rest.to_owned());
    for part in announced.iter().chain(&after_equals) {
        let first_line = part.lines().next().unwrap_or("");
        if let Some(found) = numbers(first_line, unit).first() {
            return Ok(*found);
        }
    }
    let mut found = numbers(answer, unit);
    found.sort_by(f64::total_cmp);
    found.dedup();
    match found.as_slice() {
        [only] => Ok(*only),
        [] => Err(match unit {
            Some(unit) => format!("the answer holds no number of {unit}"),
            None => "the answer holds no number".to_owned(),
        }),
        several => Err(format!(
            "the answer holds {} different numbers and announces none",
            several.len()
        )),
    }
}

fn pattern_tail_raw(answer: &str) -> Option<String> {
    static TAIL: LazyLock<Regex> = LazyLock::new(|| {
        pattern(&format!(
            r"(?i){ANNOUNCE}[\s*_]*(?:is|ist|es|est|是|为)?[\s*_]*[:：]?[\s*_]*([^\n]*)"
        ))
    });
    Some(TAIL.captures(answer)?.get(1)?.as_str().to_owned())
}

/// Every number of `text` that the unit follows, if one is asked for.
fn numbers(text: &str, unit: Option<&str>) -> Vec<f64> {
    NUMBER
        .captures_iter(text)
        .filter_map(|captures| {
            let found = captures.get(1)?;
            if let Some(unit) = unit {
                let rest = text[found.end()..].trim_start_matches([' ', '\u{a0}', '-', '*', '_']);
                let tail = rest
                    .get(..unit.len())
                    .filter(|t| t.eq_ignore_ascii_case(unit))?;
                let next = rest[tail.len()..].chars().next();
                // "mg" is not "mg/kg".
                if next.is_some_and(|c| c.is_alphanumeric() || c == '/') {
                    return None;
                }
            }
            value(found.as_str())
        })
        .collect()
}

/// A number as people write it: `1,250.5`, `1 250`, `0,5`, `2e3`.
fn value(text: &str) -> Option<f64> {
    let text = text.replace('−', "-").replace([' ', '\u{a0}'], "");
    // A comma before exactly three digits parts thousands, any other is a decimal comma.
    let thousands = text.split(',').skip(1).all(|group| {
        group
            .split('.')
            .next()
            .is_some_and(|whole| whole.len() == 3)
    });
    let text = if thousands {
        text.replace(',', "")
    } else {
        text.replace(',', ".")
    };
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests;
