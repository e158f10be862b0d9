//! Words that exclude each other: left and right, before and after, daily and weekly.

use super::token::Token;
use crate::words::content_word;

/// Groups of words of which a sentence can mean one only. Each entry of a group is one meaning,
/// in several spellings.
const GROUPS: &[&[&[&str]]] = &[
    &[
        &[
            "left",
            "links",
            "linke",
            "linken",
            "linker",
            "izquierda",
            "izquierdo",
            "gauche",
            "左",
        ],
        &[
            "right", "rechts", "rechte", "rechten", "rechter", "derecha", "derecho", "droite", "右",
        ],
    ],
    &[&["upper"], &["lower"]],
    &[&["higher"], &["lower"]],
    &[&["high"], &["low"]],
    &[&["above"], &["below"]],
    &[
        &["before", "vor", "antes", "avant"],
        &["after", "nach", "después", "après"],
    ],
    &[&["more"], &["less", "fewer"]],
    &[
        &[
            "increase",
            "increases",
            "increased",
            "increasing",
            "raise",
            "raised",
            "raises",
        ],
        &[
            "decrease",
            "decreases",
            "decreased",
            "decreasing",
            "reduce",
            "reduced",
            "reduces",
            "lowered",
        ],
    ],
    &[
        &["improve", "improves", "improved", "improving", "better"],
        &[
            "worsen",
            "worsens",
            "worsened",
            "worsening",
            "worse",
            "deteriorated",
        ],
    ],
    &[&["positive"], &["negative"]],
    &[&["normal"], &["abnormal"]],
    &[&["acute"], &["chronic"]],
    &[&["benign"], &["malignant"]],
    &[&["systolic"], &["diastolic"]],
    &[&["anterior"], &["posterior"]],
    &[&["proximal"], &["distal"]],
    &[&["medial"], &["lateral"]],
    &[&["superior"], &["inferior"]],
    &[
        &["start", "starts", "started", "begin", "began"],
        &["stop", "stops", "stopped"],
    ],
    &[&["mother"], &["father"]],
    &[&["brother"], &["sister"]],
    &[&["son"], &["daughter"]],
    &[&["husband"], &["wife"]],
    &[&["male", "man", "boy"], &["female", "woman", "girl"]],
    &[&["oral", "orally"], &["intravenous", "intravenously", "iv"]],
    &[&["safe"], &["dangerous", "unsafe"]],
    &[&["mild"], &["moderate"], &["severe"]],
    &[&["always"], &["sometimes"]],
    &[
        &["morning", "mornings"],
        &["evening", "evenings", "night", "nights", "bedtime"],
    ],
    &[
        &["hourly"],
        &["daily"],
        &["weekly"],
        &["monthly"],
        &["yearly", "annually"],
    ],
];

/// Group of "a day", "per week" and the like.
const PERIOD: usize = GROUPS.len();
/// Group of "hypertension" and "hypotension", of "stable" and "unstable".
const PREFIXED: usize = PERIOD + 1;

/// A word of one of the groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Side {
    group: usize,
    meaning: String,
    /// The content word that it says something of.
    of: Option<String>,
}

impl Side {
    /// True if `near` puts the opposite in the place of this.
    pub(super) fn is_swapped(&self, near: &[Self], around: &[Self]) -> bool {
        let same = |other: &&Self| other.group == self.group && other.meaning == self.meaning;
        let opposite = |other: &&Self| self.excludes(other);
        let of = |other: &&Self| other.of.is_some() && other.of == self.of;
        if near.iter().filter(of).any(|other| same(&other)) {
            return false;
        }
        if near.iter().filter(of).any(|other| opposite(&other)) {
            return true;
        }
        if near.iter().any(|other| same(&other)) {
            return false;
        }
        near.iter().any(|other| opposite(&other))
            && !around.iter().filter(of).any(|other| same(&other))
    }

    /// True if `sentence` says the opposite of the very thing that this speaks of.
    pub(super) fn is_denied(&self, sentence: &[Self]) -> bool {
        let of = |other: &&Self| other.of.is_some() && other.of == self.of;
        let same = |other: &Self| other.group == self.group && other.meaning == self.meaning;
        sentence.iter().filter(of).any(|other| self.excludes(other))
            && !sentence.iter().filter(of).any(same)
    }

    /// True if both are of one group and say the opposite.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        if self.group == PREFIXED || other.group == PREFIXED {
            return are_prefixed(&self.meaning, &other.meaning);
        }
        self.group == other.group && self.meaning != other.meaning
    }
}

/// True if one word is the other with a prefix that reverses it.
fn are_prefixed(a: &str, b: &str) -> bool {
    const REVERSING: [&str; 4] = ["un", "non", "ir", "dis"];
    let reversed = |long: &str, short: &str| {
        short.len() >= 4
            && REVERSING
                .iter()
                .any(|prefix| long.strip_prefix(prefix) == Some(short))
    };
    let thyroid = |high: &str, low: &str| {
        let rest = high.strip_prefix("hyper");
        rest.is_some() && rest == low.strip_prefix("hypo")
    };
    reversed(a, b) || reversed(b, a) || thyroid(a, b) || thyroid(b, a)
}

/// All sides of a sentence.
pub(super) fn sides(tokens: &[Token]) -> Vec<Side> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some(word) = token.word() else { continue };
        let of = || named(tokens, at);
        for (group, meanings) in GROUPS.iter().enumerate() {
            if let Some(meaning) = meanings.iter().find(|words| words.contains(&word)) {
                found.push(Side {
                    group,
                    meaning: meaning[0].to_owned(),
                    of: of(),
                });
            }
        }
        if let Some(meaning) = period(tokens, at) {
            found.push(Side {
                group: PERIOD,
                meaning: meaning.to_owned(),
                of: None,
            });
        }
        if word.chars().count() >= 6 && word.is_ascii() {
            found.push(Side {
                group: PREFIXED,
                meaning: word.to_owned(),
                of: None,
            });
        }
    }
    found
}

/// The period of "a day", "per week", "every hour", "/d" and "daily".
fn period(tokens: &[Token], at: usize) -> Option<&'static str> {
    let before = at.checked_sub(1).map(|before| &tokens[before]);
    let each = match before {
        Some(Token::Word(word)) => {
            matches!(
                word.as_str(),
                "a" | "an" | "per" | "each" | "every" | "am" | "pro" | "al" | "par"
            )
        }
        Some(Token::Stop('/')) => true,
        _ => false,
    };
    Some(match tokens[at].word()? {
        "daily" | "nightly" => "day",
        "hourly" => "hour",
        "weekly" => "week",
        "monthly" => "month",
        "hour" | "stunde" | "hora" | "heure" if each => "hour",
        "day" | "d" | "night" | "tag" | "día" | "jour" if each => "day",
        "week" | "woche" | "semana" | "semaine" if each => "week",
        "month" | "monat" | "mes" | "mois" if each => "month",
        "year" | "jahr" | "año" if each => "year",
        _ => return None,
    })
}

/// The content word after `at`, or before it at the end of a clause.
fn named(tokens: &[Token], at: usize) -> Option<String> {
    let content = |place: usize| match &tokens[place] {
        Token::Word(word) => content_word(word).or_else(|| {
            // Chinese characters are words of their own here.
            word.chars().all(crate::words::is_cjk).then(|| word.clone())
        }),
        Token::Number(_) | Token::Stop(_) => None,
    };
    let stop = |place: &usize| !matches!(tokens[*place], Token::Stop(',' | ';' | '，'));
    (at + 1..tokens.len())
        .take_while(stop)
        .find_map(content)
        .or_else(|| (0..at).rev().find_map(content))
}
