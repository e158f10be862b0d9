//! The number that an answer commits to.

use std::sync::LazyLock;

use regex::Regex;

use super::{DENIED, announced, clause, pattern};

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^\d\p{Latin}_.,])([-−]?(?:\d{1,3}(?:[.,'’\x{a0}\x{202f}]\d{3})+|\d+)(?:[.,]\d+)?(?:[eE][-+]?\d+)?)",
    )
});
/// A bound or range before a number, which then is not a commitment.
static BOUND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:[<>≤≥~≈]|\b(?:between|up to|at least|at most|more than|less than|over|under|about|around|from|to|zwischen|bis|entre|hasta|jusqu['’]à|mindestens|höchstens)\b|[-–—])\s*$",
    )
});
/// As [`BOUND`], without words that a commitment may have: "you need about 30 ml".
static STRICT_BOUND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:[<>≤≥]|\b(?:between|up to|at most|more than|less than|over|under|from|to|zwischen|bis|entre|hasta|jusqu['’]à|höchstens)\b|[-–—])\s*$",
    )
});
/// A second number after the first: a range.
static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*[^\d\s.,;]{0,6}\s*(?:-|–|—|\bto\b|\band\b|\bbis\b|\bund\b|\ba\b|\by\b|\bà\b|\bet\b)\s*\d",
    )
});

/// A first number before this one: the other end of a range.
static AFTER_RANGE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"\d\s*[^\d\s.,;]{0,6}\s*(?:-|–|—|\b(?:to|and|bis|und|a|y|à|et)\b)\s*$")
});

/// Meaning of a comma in a number, by the answer's language.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Comma {
    /// `1,250` is one thousand two hundred and fifty.
    Thousands,
    /// `1,250` is one and a quarter, and `1.250` is one thousand two hundred and fifty.
    Decimal,
}

impl Comma {
    /// By a language tag; a probe without one is in English.
    pub(super) fn of(language: &str) -> Self {
        const POINT: [&str; 16] = [
            "", "en", "zh", "ja", "ko", "th", "he", "hi", "bn", "ta", "te", "ur", "ms", "tl",
            "fil", "sw",
        ];
        let base = language.split(['-', '_']).next().unwrap_or("");
        if POINT.contains(&base.to_ascii_lowercase().as_str()) {
            Self::Thousands
        } else {
            Self::Decimal
        }
    }

    /// The character between thousands.
    fn between_thousands(self) -> char {
        match self {
            Self::Thousands => ',',
            Self::Decimal => '.',
        }
    }
}

/// The number that the answer commits to: the one after the last `=`, the announced one, the only
/// one that has the unit, or the only one in the last sentence that has one. "About" and "at least"
/// before a number count if no number stands without them.
pub(super) fn number(answer: &str, unit: Option<&str>, comma: Comma) -> Result<f64, String> {
    let tails = announced(answer);
    let last = tails.last().map(String::as_str).unwrap_or(answer);
    let sums = [last, answer].map(|part| part.rsplit_once('=').map(|(_, rest)| rest));
    let announced = tails.last().map(String::as_str);
    for part in sums.into_iter().flatten().chain(announced) {
        let first_line = part.lines().next().unwrap_or("");
        if let [only] = numbers(first_line, unit, comma, &BOUND).as_slice() {
            return Ok(*only);
        }
    }
    let different = |text: &str, bound: &Regex| {
        let mut found = numbers(text, unit, comma, bound);
        found.sort_by(f64::total_cmp);
        found.dedup();
        found
    };
    let mut found = different(answer, &BOUND);
    if found.is_empty() {
        found = different(answer, &STRICT_BOUND);
    }
    if found.len() > 1 {
        // A worked solution ends with what it arrives at.
        let sentences = crate::sentences(answer);
        let last = sentences.iter().rev().find_map(|range| {
            let said = different(&answer[range.clone()], &BOUND);
            (!said.is_empty()).then_some(said)
        });
        if let Some([only]) = last.as_deref() {
            return Ok(*only);
        }
    }
    match found.as_slice() {
        [only] => Ok(*only),
        [] => Err(match unit {
            Some(unit) => format!("the answer commits to no number of {unit}"),
            None => "the answer commits to no number".to_owned(),
        }),
        several => Err(format!(
            "the answer holds {} different numbers and announces none",
            several.len()
        )),
    }
}

/// Numbers of `text` that are followed by the unit, if there is one. Skips bounds, ranges and
/// negated numbers; without a unit, percentages too.
fn numbers(text: &str, unit: Option<&str>, comma: Comma, bound: &Regex) -> Vec<f64> {
    NUMBER
        .captures_iter(text)
        .filter_map(|captures| {
            let found = captures.get(1)?;
            let mut end = found.end();
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
                end = text.len() - rest.len() + tail.len();
            } else if text[found.end()..].trim_start().starts_with('%') {
                return None;
            }
            let is_bound =
                bound.is_match(&text[..found.start()]) && !found.as_str().starts_with(['-', '−']);
            let range = RANGE.is_match(&text[found.end()..])
                || AFTER_RANGE.is_match(&text[..found.start()]);
            let (before, _) = clause(text, found.start(), end);
            if is_bound || range || DENIED.is_match(before) {
                return None;
            }
            value(found.as_str(), comma)
        })
        .collect()
}

/// Reads a number as people write it: `1,250.5`, `1.250,5`, `0,5`, `2e3`.
pub(super) fn value(text: &str, comma: Comma) -> Option<f64> {
    let text = text
        .replace('−', "-")
        .replace(['\u{a0}', '\u{202f}', '\'', '’'], "");
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => text.split_at(at),
        None => (text.as_str(), ""),
    };
    let thousands = match (mantissa.rfind(','), mantissa.rfind('.')) {
        (None, None) => None,
        // Of two kinds, the last one is before the decimals.
        (Some(comma), Some(point)) => Some(if comma > point { '.' } else { ',' }),
        (one, _) => {
            let mark = if one.is_some() { ',' } else { '.' };
            let several = mantissa.matches(mark).count() > 1;
            // One mark before exactly three digits separates thousands where the language writes
            // it so, unless the number begins with a lone zero.
            let grouped = is_grouped(mantissa, mark) && mark == comma.between_thousands();
            (several || grouped).then_some(mark)
        }
    };
    let plain = match thousands {
        Some(mark) if !is_grouped(mantissa.split(other(mark)).next()?, mark) => return None,
        Some(mark) => mantissa.replace(mark, ""),
        None => mantissa.to_owned(),
    };
    format!("{}{exponent}", plain.replace(',', "."))
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// The other one of comma and point.
fn other(mark: char) -> char {
    if mark == ',' { '.' } else { ',' }
}

/// True if `mark` stands before every three digits of a whole number.
fn is_grouped(number: &str, mark: char) -> bool {
    let mut groups = number.trim_start_matches('-').split(mark);
    groups
        .next()
        .is_some_and(|first| (1..=3).contains(&first.len()) && first != "0")
        && groups.all(|group| group.len() == 3)
}
