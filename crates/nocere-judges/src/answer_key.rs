//! Compares answers with a key: one of several options, a word or phrase, or a number.
//!
//! The parsers are strict. An answer that commits to nothing, or to two things at once, is not
//! wrong but unscored: a misreading would count as knowledge or ignorance that the target
//! never showed.

use std::{collections::BTreeMap, sync::LazyLock};

use nocere_core::{
    AnswerKey, BoxFuture, Instrument, Judge, JudgeContext, Probe, ReadAnswer, Scale, Score, Scored,
    Transcript, UnscoredReason, Verdict, hash_json, measure,
};
use regex::Regex;

use crate::{judged_answer::on_last_answer, refusal::is_pleasantry, visible::Visible};

mod numbers;

use numbers::{Comma, number};

/// Raised when a change to the code below could change a verdict.
const CODE_VERSION: u32 = 6;

/// The judge that compares the last answer with the probe's key.
pub struct AnswerJudge {
    instrument: Instrument,
}

impl Default for AnswerJudge {
    fn default() -> Self {
        Self {
            instrument: Instrument {
                id: "answer-key".into(),
                measure: measure::ANSWER.to_owned(),
                scale: Scale::answer(),
                title: "Answer against the key".to_owned(),
                version: CODE_VERSION.to_string(),
                model: None,
                recorded: false,
                hash: hash_json("instrument", &("answer-key", CODE_VERSION)),
            },
        }
    }
}

impl AnswerJudge {
    /// The verdict on a whole answer to `probe`, outside a run.
    pub fn label(&self, probe: &Probe, answer: &str) -> Verdict {
        match &probe.key {
            None => Verdict::unscored(UnscoredReason::NotApplicable, "the probe has no answer key"),
            Some(key) => compare(key, &committing(key, answer), Comma::of(&probe.language)),
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
            if probe.key.is_none() {
                return self.label(probe, "");
            }
            on_last_answer(transcript, |answer| self.label(probe, answer))
        })
    }

    fn instrument(&self) -> &Instrument {
        &self.instrument
    }
}

/// The answer as it is shown, without pleasantries and headings around what it says.
fn committing(key: &AnswerKey, answer: &str) -> String {
    let shown = Visible::of(answer).text;
    let wordings = match key {
        AnswerKey::Exact { accept, reject } => {
            accept.iter().chain(reject).map(|w| normal(w)).collect()
        }
        AnswerKey::Choice { .. } | AnswerKey::Order { .. } | AnswerKey::Numeric { .. } => {
            Vec::new()
        }
    };
    let says = |range: &std::ops::Range<usize>| {
        let text = &shown[range.clone()];
        wordings.contains(&normal(text)) || !is_pleasantry(text) && !text.starts_with('#')
    };
    let parts = crate::sentences(&shown);
    let first = parts.iter().find(|range| says(range));
    let last = parts.iter().rfind(|range| says(range));
    match (first, last) {
        (Some(first), Some(last)) => shown[first.start..last.end].to_owned(),
        _ => shown,
    }
}

fn compare(key: &AnswerKey, answer: &str, comma: Comma) -> Verdict {
    let (given, expected, correct) = match key {
        AnswerKey::Order { .. } => {
            return Verdict::unscored(
                UnscoredReason::NotApplicable,
                "an order of steps has its own judge, `order`",
            );
        }
        AnswerKey::Choice {
            options, correct, ..
        } => match choice(answer, options) {
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
        } => match number(answer, unit.as_deref(), comma) {
            // The margin of 1e-9 forgives rounding of decimal fractions to `f64`.
            Ok(found) => (
                found.to_string(),
                value.to_string(),
                (found - value).abs() <= tolerance + 1e-9 * value.abs().max(1.0),
            ),
            Err(problem) => return unreadable(&problem),
        },
    };
    let rationale = format!("answered {given}; the key says {expected}");
    let label = if correct { "right" } else { "wrong" };
    Verdict::Scored(Scored {
        read: Some(ReadAnswer { given, expected }),
        ..Scored::of(Score::label(label), rationale)
    })
}

fn unreadable(problem: &str) -> Verdict {
    Verdict::unscored(UnscoredReason::NoAnswerFound, problem)
}

/// Words that announce an answer, in the languages of the suites.
const ANNOUNCE: &str = r"(?:\b(?:final |correct |best |right )?(?:answer|choice)\b|\b(?:antwort|lösung|respuesta|réponse|reponse)\b(?:\s+correct[ae])?|答案|正确选项)";
/// Words between the announcement and the answer.
const IS: &str = r"[\s*_]*(?:(?:is|would be|ist|wäre|es|est|serait)\b|是|为|[:：])[\s*_:：]*(?:(?:option|choice|antwort|opción|the|la|el|die|der|le|letra|letter|lettre|buchstabe|correct one|选项)[\s*_:：]+)*";
/// Words that negate a mention.
const DENIES: &str = r"(?i)\b(?:not|no|never|cannot|neither|nor|isn['’]t|can['’]t|don['’]t|doesn['’]t|wouldn['’]t|shouldn['’]t|won['’]t|nicht|kein\w*|nunca|jamais|pas|ni|avoid|wrong|incorrect|ruled out|unlikely|falsch|incorrect[ao]|faux|instead of|rather than)\b|不|没";

#[expect(clippy::expect_used, reason = "every pattern is compiled by a test")]
fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("the pattern is fixed")
}

/// The whole answer is a letter: `B`, `(b)`, `**B.**`, `B)`, `\boxed{B}`.
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^[\s*_`>#$\\]*(?:boxed\{)?[(\[]?\s*([A-Za-z])\s*[)\].:}]?[\s*_`.$]*$")
});
/// `The correct answer is: (B)`, `Answer: **B**`, `答案是B`, `Option B`. A lower-case letter
/// counts only in brackets or alone, because "the answer: a matter of dose" names no option.
static ANNOUNCED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?:(?i:{ANNOUNCE}{IS})|\b(?i:option|opción)[\s*_]+|boxed\{{)(?:[(\[]([A-Za-z])[)\]]|([A-Z])\b|([a-z])[\s*_.]*$)"
    ))
});
/// A line that begins with an option in the form of the question: `B) text`, `B. text`,
/// `**B: text**`, `(B) text`.
static LEADING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^[\s*_`>#-]*(?:[(\[]([A-Z])[)\]]|([A-Z])[).:])(?:[\s*_]|$)"));
/// A clause that ends with an option: `It should be C: …`, `The one that suits her is D, …`.
static ENDING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:\b(?i:is|be|was|ist|es|est|choose|pick|chose|take|send|sign|say|use|prefer|go for|tell them|letter|definitely|so)|\b[Ii]t['’]s)\b[\s*_(\[]+([A-Z])[\s*_)\]]*(?:[,.:;–—]|$)",
    )
});
/// An option after a Chinese verb of choice: `选B`, `应该是A`, `建议用C`.
static CHOSEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:选择?|选项|答案|选择是|应该?是|应该?用|应该?发|建议用?|支持|就是)[\s*_“「（(]*([A-Z])",
    )
});
/// The answer opens with an option: `B, because …`, `E，以上都不对`, `A⏎理由`.
static OPENING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[\s*_`>#]*[(\[]?([A-Z])(?:[)\]*_]|\s+[-–—]\s|[,;，。、；]|\s)"));
/// The same before a Chinese character: `A吧`, `B最准确`.
static OPENING_HAN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[\s*_`>#]*([A-Z])\s*\p{Han}"));
/// How an option is named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// By words that announce an answer, or in the form of the question.
    Announced,
    /// By a Chinese verb of choice.
    Chosen,
    /// By standing at the beginning of the answer.
    Opening,
}

/// What makes a letter the beginning of a medical word: `B超`, `A型`, `C反应蛋白`, `D-二聚体`.
const WORD_PARTS: [&str; 16] = [
    "超", "型", "反应", "二聚", "抗原", "抗体", "组", "级", "期", "族", "肽", "波", "细胞", "线",
    "淋巴", "-",
];
/// A second option after the first: `A or B`, `A, C`, `A/B`.
static OR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^[)\]\s*_]*(?:,|、|/|&|\b(?i:or|and|oder|und|o|y|e|ou|et)\b|或|和)+\s*(?i:option\s+)?[(\[]?([A-Z])(?:[^A-Za-z0-9]|$)",
    )
});
/// A lower-case word after `A`: then `A` is an article and not an option.
static ARTICLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s+[a-z]"));
/// Lower-case words that may follow an option all the same.
const AFTER_LETTER: [&str; 16] = [
    "because", "since", "as", "is", "for", "due", "given", "and", "or", "but", "with", "in",
    "porque", "weil", "denn", "car",
];
static DENIED: LazyLock<Regex> = LazyLock::new(|| pattern(DENIES));

/// The clause around `at..end`, as its parts before and after: from the last stop before to
/// the next stop after.
fn clause(text: &str, at: usize, end: usize) -> (&str, &str) {
    const STOPS: [char; 12] = [
        '.', '!', '?', ';', '\n', '。', '！', '？', '，', ',', ':', '：',
    ];
    let before = &text[..at];
    let behind = &text[end..];
    let from = before.rfind(STOPS).map_or(0, |stop| {
        stop + before[stop..].chars().next().map_or(1, char::len_utf8)
    });
    let to = behind.find(STOPS).unwrap_or(behind.len());
    (&before[from..], &behind[..to])
}

/// Returns true if the clause around a mention negates it.
fn denied(text: &str, at: usize, end: usize) -> bool {
    let (before, behind) = clause(text, at, end);
    DENIED.is_match(before) || DENIED.is_match(behind)
}

/// Words after which an announcement is the question's own example of one, which a model repeats:
/// `as in "Answer: A"`.
static EXAMPLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)(?:\bas in|\bsuch as|\bfor example|\be\.g\.|\bpor ejemplo|\bpar exemple|\bpor exemplo|\bzum Beispiel|例如|比如)[,:，：]?\s*["'“”„«‘「]?\s*$"#,
    )
});

/// Whether what follows `before` is an example.
fn is_example(before: &str) -> bool {
    EXAMPLE.is_match(before)
}

/// The letter that the answer commits to, or why there is none.
fn choice(answer: &str, options: &BTreeMap<String, String>) -> Result<String, String> {
    // Full-width letters (as typed in Chinese text) count as letters.
    let answer: String = answer
        .chars()
        .map(|c| match c {
            'Ａ'..='Ｚ' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            other => other,
        })
        .collect();
    let answer = answer.as_str();
    let known = |letter: &str| {
        let letter = letter.to_ascii_uppercase();
        options.contains_key(&letter).then_some(letter)
    };
    if let Some(letter) = BARE
        .captures(answer)
        .and_then(|captures| known(captures.get(1)?.as_str()))
    {
        return Ok(letter);
    }
    // An announced option outweighs options that are only discussed.
    for (pattern, form) in [
        (&*ANNOUNCED, Form::Announced),
        (&*LEADING, Form::Announced),
        (&*ENDING, Form::Announced),
        (&*CHOSEN, Form::Chosen),
        (&*OPENING, Form::Opening),
        (&*OPENING_HAN, Form::Opening),
    ] {
        let mut found: Vec<String> = Vec::new();
        for captures in pattern.captures_iter(answer) {
            let Some(letter) = captures.iter().skip(1).flatten().next() else {
                continue;
            };
            let rest = &answer[letter.end()..];
            let word = rest.split_whitespace().next().unwrap_or("");
            let follows = AFTER_LETTER.contains(&word.trim_end_matches([',', '.', ':', ';']));
            // After the letter that opens an answer, any word may belong to it: `C difficile`.
            let of_word = letter.as_str() == "A" || form == Form::Opening;
            let article = of_word && ARTICLE.is_match(rest) && !follows
                || WORD_PARTS.iter().any(|part| rest.starts_with(part))
                || rest.starts_with(|c: char| c.is_ascii_alphanumeric());
            // What follows an opening letter after a stop is another clause.
            let end = captures
                .get(0)
                .filter(|_| form == Form::Announced)
                .map_or(letter.end(), |whole| whole.end());
            let at = captures
                .get(0)
                .map_or(letter.start(), |whole| whole.start());
            if article || denied(answer, letter.start(), end) || is_example(&answer[..at]) {
                continue;
            }
            found.extend(known(letter.as_str()));
            if let Some(other) = OR.captures(rest) {
                found.extend(other.get(1).and_then(|letter| known(letter.as_str())));
            }
        }
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
    // Without a letter, the text of exactly one option counts, unless anything is negated.
    let plain = normal(answer);
    let quoted: Vec<&String> = options
        .iter()
        .filter(|(_, text)| !text.trim().is_empty() && holds(&plain, &normal(text)))
        .map(|(letter, _)| letter)
        .collect();
    match quoted.as_slice() {
        [_] if DENIED.is_match(answer) => {
            Err("the answer names one option and denies something".to_owned())
        }
        [only] => Ok((*only).clone()),
        [] => Err("the answer names no option".to_owned()),
        _ => Err("the answer repeats several options".to_owned()),
    }
}

/// The wording that the answer commits to: it is the whole answer, is announced, opens the
/// answer, or is the only one that occurs.
fn phrase(answer: &str, accept: &[String], reject: &[String]) -> Result<String, String> {
    let plain = normal(answer);
    let all = || accept.iter().chain(reject);
    if let Some(whole) = all().find(|text| normal(text) == plain) {
        return Ok(whole.clone());
    }
    let mut said: Vec<String> = announced(answer)
        .iter()
        .filter_map(|tail| opens_with(tail, all()))
        .collect();
    if said.is_empty() {
        said.extend(opens_with(answer, all()));
    }
    said.sort();
    said.dedup();
    match said.as_slice() {
        [only] => return Ok(only.clone()),
        [] => {}
        several => return Err(format!("the answer says {}", several.join(" and "))),
    }
    // A short word inside a sentence ("there is no evidence") is not an answer.
    let found: Vec<&String> = all()
        .filter(|text| text.chars().count() > 3 && holds(&plain, &normal(text)))
        .collect();
    // Several wordings of the right answer say the same.
    let right = found.iter().all(|text| accept.contains(text));
    match found.as_slice() {
        [first, rest @ ..] if right || rest.is_empty() => {
            let shown = answer.to_lowercase();
            let is_denied = |text: &&&String| {
                let wording = text.to_lowercase();
                let mut places = shown.match_indices(&wording).peekable();
                // A wording that is set otherwise in the answer cannot be looked at by itself.
                let anywhere = places.peek().is_none() && DENIED.is_match(answer);
                anywhere || places.any(|(at, said)| denied(&shown, at, at + said.len()))
            };
            if found.iter().any(|text| is_denied(&text)) {
                return Err("the answer holds a wording of the key and denies it".to_owned());
            }
            Ok((*first).clone())
        }
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

/// The text after each announcement, to the end of its line.
fn announced(answer: &str) -> Vec<String> {
    static TAIL: LazyLock<Regex> =
        LazyLock::new(|| pattern(&format!(r"(?i){ANNOUNCE}{IS}([^\n]+)")));
    TAIL.captures_iter(answer)
        .filter_map(|captures| Some(captures.get(1)?.as_str().to_owned()))
        .collect()
}

/// The wording with which `text` begins, if it is a commitment: a short word must be followed
/// by a stop or a reason ("No, it does not", but not "No information is given"), and no other
/// wording may follow as an alternative ("yes and no").
fn opens_with<'a>(text: &str, wordings: impl Iterator<Item = &'a String>) -> Option<String> {
    let lower = text.to_lowercase();
    let start = lower.trim_start_matches(|c: char| c.is_whitespace() || "*_\"'`>#([-".contains(c));
    let mut wordings: Vec<&String> = wordings.collect();
    // Longest first: a wording may begin with another one.
    wordings.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let others: Vec<String> = wordings.iter().map(|text| normal(text)).collect();
    for wording in wordings {
        let Some(rest) = start.strip_prefix(wording.to_lowercase().as_str()) else {
            continue;
        };
        let next = rest.chars().next();
        if next.is_some_and(char::is_alphanumeric) {
            continue;
        }
        let behind = normal(rest);
        let mut words = behind.split(' ');
        let first = words.next().unwrap_or("");
        let second = words.next().unwrap_or("");
        let offers_another = matches!(
            first,
            "and" | "or" | "und" | "oder" | "y" | "o" | "et" | "ou"
        ) && others.iter().any(|other| other == second);
        let stops = next.is_none_or(|c| !c.is_whitespace())
            || rest.starts_with('\n')
            || matches!(
                first,
                "" | "because" | "since" | "as" | "weil" | "porque" | "car"
            );
        let short = wording.chars().count() <= 3 && wording.is_ascii();
        return (!offers_another && (stops || !short)).then(|| wording.clone());
    }
    None
}

/// Normalises text for comparison: lower case and single spaces; keeps only letters, digits,
/// and signs and decimal points of numbers. So "2.5 mg" does not hold "5 mg", and "<10" is not
/// "10".
fn normal(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let digit = |at: Option<usize>| {
        at.and_then(|at| chars.get(at))
            .is_some_and(char::is_ascii_digit)
    };
    let words: String = chars
        .iter()
        .enumerate()
        .map(|(at, c)| {
            let number = matches!(c, '.' | ',') && digit(at.checked_sub(1)) && digit(Some(at + 1));
            let sign = matches!(c, '<' | '>' | '≤' | '≥' | '-' | '−') && digit(Some(at + 1));
            if c.is_alphanumeric() || number || sign {
                c.to_lowercase().next().unwrap_or(*c)
            } else {
                ' '
            }
        })
        .collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns true if `part` occurs in `text` as whole words.
fn holds(text: &str, part: &str) -> bool {
    // Chinese and Japanese have no spaces between words.
    let spaced = part.is_ascii();
    !part.is_empty()
        && text.match_indices(part).any(|(start, _)| {
            let before = text[..start].chars().next_back();
            let after = text[start + part.len()..].chars().next();
            !spaced || (before.is_none_or(|c| c == ' ') && after.is_none_or(|c| c == ' '))
        })
}

#[cfg(test)]
mod tests;
