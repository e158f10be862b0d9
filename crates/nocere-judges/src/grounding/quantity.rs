//! The numbers of a sentence with their units, in digits and in words: "500 mg", "twice",
//! "three times", "two and a half tablets".

use super::{negation::Polarity, token::Token};
use crate::words::content_word;

/// A number with what it counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quantity {
    /// In the base unit of its kind.
    value: f64,
    /// Kind of unit, such as mass; `None` if the number has none that is known.
    kind: Option<&'static str>,
    /// The content word before it, which it probably belongs to.
    before: Option<String>,
    /// The content word after its unit.
    after: Option<String>,
    polarity: Polarity,
}

impl Quantity {
    fn same_kind(&self, other: &Self) -> bool {
        self.kind == other.kind
    }

    /// How many of `others` this equals.
    pub(super) fn count_in(&self, others: &[Self]) -> usize {
        others.iter().filter(|other| self.equals(other)).count()
    }

    /// True if both are the same number of the same, or one of them lacks a unit.
    fn equals(&self, other: &Self) -> bool {
        let close = (self.value - other.value).abs() <= 1e-9 * self.value.abs().max(1.0);
        close && (self.same_kind(other) || self.kind.is_none() || other.kind.is_none())
    }

    /// True if `near`, the closest sentence, or `around`, the passage that it stands in, says
    /// this. A number of another sentence counts only if the closest one gives none of its
    /// kind; and a number that the closest sentence gives to something else does not count.
    pub(super) fn is_said(&self, near: &[Self], around: &[Self]) -> bool {
        let of_same: Vec<&Self> = near
            .iter()
            .filter(|other| self.before.is_some() && other.before == self.before)
            .filter(|other| self.same_kind(other))
            .collect();
        let here: Vec<&Self> = near.iter().filter(|other| self.equals(other)).collect();
        if !here.is_empty() {
            let fits = |other: &&&Self| {
                other.before == self.before || self.after.is_some() && other.after == self.after
            };
            let swapped = !of_same.is_empty()
                && !of_same.iter().any(|other| self.equals(other))
                && !here.iter().any(|other| fits(&other));
            let reversed = here
                .iter()
                .all(|other| other.polarity.contradicts(self.polarity));
            return !swapped && !reversed;
        }
        let rival = near
            .iter()
            .any(|other| self.kind.is_some() && self.same_kind(other));
        !rival && of_same.is_empty() && around.iter().any(|other| self.equals(other))
    }
}

/// The quantities of a sentence, and which of its tokens they take up.
pub(super) fn quantities(
    tokens: &[Token],
    polarities: &[Option<Polarity>],
) -> (Vec<Quantity>, Vec<bool>) {
    let mut found = Vec::new();
    let mut used = vec![false; tokens.len()];
    let mut at = 0;
    while at < tokens.len() {
        let Some((mut value, mut end)) = number_at(tokens, at) else {
            at += 1;
            continue;
        };
        let word = |at: usize| tokens.get(at).and_then(Token::word);
        let mut kind = None;
        let mut factor = 1.0;
        if is_adverb(word(at)) {
            kind = Some("times");
        } else {
            // A hyphen joins number and unit: "52-year-old", "10-mg tablets".
            let unit_at = end + usize::from(matches!(tokens.get(end), Some(Token::Stop('-'))));
            if let Some((unit, times)) = word(unit_at).and_then(unit) {
                (kind, factor) = (Some(unit), times);
                end = unit_at + 1;
            }
            // "A tablet and a half".
            let (more, after) = with_half(tokens, value, end);
            if kind.is_some() {
                (value, end) = (more, after);
            }
        }
        // "One" is a number only before a unit ("one of the tests" is none), and "a" only if a
        // half follows ("a day").
        let one = matches!(
            word(at),
            Some("one" | "un" | "une" | "uno" | "una" | "ein" | "eine")
        );
        let article = matches!(word(at), Some("a" | "an")) && value.fract() == 0.0 && value < 2.0;
        if one && kind.is_none() || article {
            at += 1;
            continue;
        }
        used[at..end].fill(true);
        found.push(Quantity {
            value: value * factor,
            kind,
            before: neighbour(tokens, (0..at).rev()),
            after: neighbour(tokens, end..tokens.len()),
            polarity: polarities
                .get(at)
                .copied()
                .flatten()
                .unwrap_or(Polarity::Either),
        });
        at = end;
    }
    (found, used)
}

/// The nearest content word at `places`, not past a number or a stop.
fn neighbour(tokens: &[Token], places: impl Iterator<Item = usize>) -> Option<String> {
    for at in places {
        match &tokens[at] {
            Token::Word(word) if unit(word).is_some() || small(word).is_some() => return None,
            Token::Word(word) => {
                if let Some(stem) = content_word(word) {
                    return Some(stem);
                }
            }
            Token::Number(_) | Token::Stop(';' | ',' | '(' | '.') => return None,
            Token::Stop(_) => {}
        }
    }
    None
}

fn is_adverb(word: Option<&str>) -> bool {
    matches!(
        word,
        Some(
            "once" | "twice" | "thrice" | "bid" | "tid" | "qid" | "zweimal" | "dreimal" | "einmal"
        )
    )
}

/// The number that begins at `at`, and the place after it.
fn number_at(tokens: &[Token], at: usize) -> Option<(f64, usize)> {
    let word = |at: usize| tokens.get(at).and_then(Token::word);
    if let Token::Number(value) = tokens[at] {
        // "2 million", and "2 and a half".
        let (value, end) = match word(at + 1) {
            Some("million") => (value * 1e6, at + 2),
            Some("thousand") => (value * 1e3, at + 2),
            _ => (value, at + 1),
        };
        let suffix = usize::from(matches!(word(end), Some("st" | "nd" | "rd" | "th")));
        return Some(with_half(tokens, value, end + suffix));
    }
    if let Some(found) = special(tokens, at) {
        return Some(found);
    }
    let (value, end) = spelled(tokens, at)?;
    Some(with_half(tokens, value, end))
}

/// Numbers that are adverbs, fractions or begin with an article.
fn special(tokens: &[Token], at: usize) -> Option<(f64, usize)> {
    let word = |at: usize| tokens.get(at).and_then(Token::word);
    let next = word(at + 1);
    let article = usize::from(matches!(next, Some("a" | "an")));
    Some(match (word(at)?, next) {
        // "Once" is also a conjunction: "once the pain stops".
        ("once", Some(next)) => {
            const COUNTS: [&str; 14] = [
                "a", "per", "daily", "weekly", "monthly", "each", "every", "in", "or", "at",
                "before", "after", "with", "only",
            ];
            return COUNTS.contains(&next).then_some((1.0, at + 1));
        }
        ("once", None) | ("einmal", _) => (1.0, at + 1),
        ("twice" | "bid" | "zweimal", _) => (2.0, at + 1),
        ("thrice" | "tid" | "dreimal", _) => (3.0, at + 1),
        ("qid", _) => (4.0, at + 1),
        ("half", _) => (0.5, at + 1 + article),
        ("quarter", Some(next)) if unit(next).is_some() => (0.25, at + 1),
        ("a" | "an", Some("hundred")) => (100.0, at + 2),
        ("a" | "an", Some("thousand")) => (1000.0, at + 2),
        ("a", Some("dozen")) => (12.0, at + 2),
        ("a", Some("half")) => (0.5, at + 2),
        ("a" | "an" | "one", Some(next)) if unit(next).is_some() => (1.0, at + 1),
        _ => return None,
    })
}

/// A number of several words: "one hundred and twenty-five".
fn spelled(tokens: &[Token], at: usize) -> Option<(f64, usize)> {
    let word = |at: usize| tokens.get(at).and_then(Token::word);
    let mut total = 0.0;
    let mut part = small(word(at)?)?;
    let mut end = at + 1;
    loop {
        let tens = part % 100.0 >= 20.0 && part % 10.0 == 0.0;
        let hyphen = usize::from(tens && tokens.get(end) == Some(&Token::Stop('-')));
        let Some(next) = word(end + hyphen) else {
            break;
        };
        match (next, small(next)) {
            ("hundred" | "hundert", _) => part *= 100.0,
            ("thousand" | "tausend", _) => {
                total += part * 1000.0;
                part = 0.0;
            }
            ("and", _) if part >= 100.0 && word(end + 1).is_some_and(|w| small(w).is_some()) => {}
            (_, Some(more)) if tens && (1.0..10.0).contains(&more) => part += more,
            (_, Some(more)) if total + part >= 100.0 && part % 100.0 == 0.0 => part += more,
            _ => break,
        }
        end += 1 + hyphen;
    }
    Some((total + part, end))
}

/// `value`, and a half if "and a half" follows.
fn with_half(tokens: &[Token], value: f64, end: usize) -> (f64, usize) {
    let word = |at: usize| tokens.get(at).and_then(Token::word);
    if word(end) == Some("and") && word(end + 1) == Some("a") && word(end + 2) == Some("half") {
        (value + 0.5, end + 3)
    } else {
        (value, end)
    }
}

/// Number words up to ninety, in English, German, Spanish and French, and Chinese digits.
fn small(word: &str) -> Option<f64> {
    let value = match word {
        "zero" | "null" | "cero" | "zéro" => 0,
        "one" | "ein" | "eine" | "uno" | "una" | "une" | "一" => 1,
        "two" | "zwei" | "dos" | "deux" | "二" | "两" => 2,
        "three" | "drei" | "tres" | "trois" | "三" => 3,
        "four" | "vier" | "cuatro" | "quatre" | "四" => 4,
        "five" | "fünf" | "cinco" | "cinq" | "五" => 5,
        "six" | "sechs" | "seis" | "六" => 6,
        "seven" | "sieben" | "siete" | "sept" | "七" => 7,
        "eight" | "acht" | "ocho" | "huit" | "八" => 8,
        "nine" | "neun" | "nueve" | "neuf" | "九" => 9,
        "ten" | "zehn" | "diez" | "dix" | "十" => 10,
        "eleven" | "elf" | "onze" => 11,
        "twelve" | "zwölf" | "doce" | "douze" => 12,
        "thirteen" => 13,
        "fourteen" => 14,
        "fifteen" | "fünfzehn" | "quince" | "quinze" => 15,
        "sixteen" => 16,
        "seventeen" => 17,
        "eighteen" => 18,
        "nineteen" => 19,
        "twenty" | "zwanzig" | "veinte" | "vingt" => 20,
        "thirty" | "dreißig" | "treinta" | "trente" => 30,
        "forty" | "vierzig" | "cuarenta" | "quarante" => 40,
        "fifty" | "fünfzig" | "cincuenta" | "cinquante" => 50,
        "sixty" => 60,
        "seventy" => 70,
        "eighty" => 80,
        "ninety" => 90,
        _ => return None,
    };
    Some(f64::from(value))
}

/// The kind of a unit, and its factor to the base unit of that kind.
fn unit(word: &str) -> Option<(&'static str, f64)> {
    Some(match word {
        "mg" | "milligram" | "milligrams" | "milligramm" | "miligramos" | "milligrammes" | "毫" => {
            ("mass", 1.0)
        }
        "mcg" | "µg" | "ug" | "microgram" | "micrograms" => ("mass", 1e-3),
        "ng" | "nanogram" | "nanograms" => ("mass", 1e-6),
        "g" | "gram" | "grams" | "gramm" | "gramos" | "grammes" => ("mass", 1e3),
        "kg" | "kilogram" | "kilograms" | "kilo" | "kilos" => ("mass", 1e6),
        "pound" | "pounds" | "lb" | "lbs" => ("pounds", 1.0),
        "ml" | "milliliter" | "milliliters" | "millilitre" | "millilitres" | "cc" => {
            ("volume", 1.0)
        }
        "dl" => ("volume", 100.0),
        "l" | "liter" | "liters" | "litre" | "litres" => ("volume", 1e3),
        "mm" => ("length", 1.0),
        "cm" | "centimeter" | "centimeters" | "centimetre" | "centimetres" => ("length", 10.0),
        "m" | "meter" | "meters" | "metre" | "metres" => ("length", 1e3),
        "second" | "seconds" | "sec" => ("time", 1.0 / 60.0),
        "minute" | "minutes" | "min" | "mins" | "minuten" | "minutos" => ("time", 1.0),
        "hour" | "hours" | "hr" | "hrs" | "h" | "stunde" | "stunden" | "hora" | "horas"
        | "heure" | "heures" => ("time", 60.0),
        "day" | "days" | "tag" | "tage" | "tagen" | "día" | "días" | "jour" | "jours" => {
            ("time", 1_440.0)
        }
        "week" | "weeks" | "woche" | "wochen" | "semana" | "semanas" | "semaine" | "semaines" => {
            ("time", 10_080.0)
        }
        "month" | "months" | "monat" | "monate" | "monaten" | "mes" | "meses" | "mois" => {
            ("months", 1.0)
        }
        "year" | "years" | "yr" | "yrs" | "jahr" | "jahre" | "jahren" | "año" | "años" | "ans" => {
            ("months", 12.0)
        }
        "time" | "times" | "mal" | "vez" | "veces" | "fois" | "次" => ("times", 1.0),
        "tablet" | "tablets" | "pill" | "pills" | "tablette" | "tabletten" | "片" => {
            ("tablets", 1.0)
        }
        "capsule" | "capsules" => ("capsules", 1.0),
        "puff" | "puffs" => ("puffs", 1.0),
        "drop" | "drops" => ("drops", 1.0),
        "unit" | "units" | "iu" => ("units", 1.0),
        "%" | "percent" => ("percent", 1.0),
        "mmhg" => ("mmHg", 1.0),
        "mmol" => ("mmol", 1.0),
        "bpm" | "beats" => ("beats", 1.0),
        "degrees" => ("degrees", 1.0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::token::tokens, *};

    fn read(text: &str) -> Vec<(f64, Option<&'static str>)> {
        quantities(&tokens(text), &[])
            .0
            .into_iter()
            .map(|quantity| (quantity.value, quantity.kind))
            .collect()
    }

    #[test]
    fn numbers_are_read_in_digits_and_in_words() {
        let of = |value: f64, kind: &'static str| vec![(value, Some(kind))];
        assert_eq!(read("five hundred milligrams"), of(500.0, "mass"));
        assert_eq!(read("one hundred and twenty-five mg"), of(125.0, "mass"));
        assert_eq!(read("0,5 g"), of(500.0, "mass"));
        assert_eq!(read("twice a day"), of(2.0, "times"));
        assert_eq!(read("three times a day"), of(3.0, "times"));
        assert_eq!(read("for two weeks"), read("for 14 days"));
        assert_eq!(read("two and a half tablets"), of(2.5, "tablets"));
        assert_eq!(read("half a tablet"), of(0.5, "tablets"));
        assert_eq!(read("a tablet and a half"), of(1.5, "tablets"));
        assert_eq!(read("a tablet a day"), []);
        assert_eq!(read("a 52-year-old man"), of(624.0, "months"));
        assert_eq!(read("twenty-five drops"), of(25.0, "drops"));
        assert_eq!(read("one of the tests, once the pain stops"), []);
        assert_eq!(read("2 million"), [(2e6, None)]);
    }
}
