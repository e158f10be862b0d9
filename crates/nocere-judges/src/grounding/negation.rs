//! Which words of a sentence are negated: forward from "no", "denies" or "does not" to the end
//! of the clause, backward from "was ruled out" or a negation that ends its clause.
//!
//! This follows NegEx (Chapman et al. 2001, doi:10.1006/jbin.2001.1029), with two differences:
//! two negations cancel each other, and what stands before a negation in its clause is left
//! open, because "takes no aspirin" and "does not take aspirin" say the same.

use super::token::Token;

/// What a sentence says of one of its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polarity {
    /// Affirmed.
    Plain,
    /// Negated.
    Negated,
    /// Not decided, or both.
    Either,
}

impl Polarity {
    /// True if one is affirmed and the other negated.
    pub(super) fn contradicts(self, other: Self) -> bool {
        self != other && self != Self::Either && other != Self::Either
    }

    /// What two mentions say together.
    pub(super) fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Either }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trigger {
    /// Negates what follows.
    Forward,
    /// Negates what follows, unless another negation already does ("no … nunca").
    Concord,
    /// Negates what stands before it.
    Backward,
}

/// Words that negate what follows.
const FORWARD: &[&str] = &[
    "no",
    "not",
    "never",
    "without",
    "deny",
    "denies",
    "denied",
    "denying",
    "none",
    "cannot",
    "neither",
    "nor",
    "nobody",
    "nothing",
    "nowhere",
    "hardly",
    "scarcely",
    "rarely",
    "refuses",
    "refused",
    "refusing",
    "lack",
    "lacks",
    "lacked",
    "lacking",
    "absence",
    "fails",
    "failed",
    "unable",
    "stop",
    "stops",
    "stopped",
    "stopping",
    "discontinue",
    "discontinues",
    "discontinued",
    "discontinuing",
    "quit",
    "avoid",
    "avoids",
    "avoided",
    "avoiding",
    "non",
    "dont",
    "doesnt",
    "didnt",
    "isnt",
    "wasnt",
    "arent",
    "werent",
    "cant",
    "wont",
    "hasnt",
    "havent",
    "shouldnt",
    "ain't",
    "nicht",
    "kein",
    "keine",
    "keinen",
    "keiner",
    "keinem",
    "keines",
    "ohne",
    "weder",
    "noch",
    "niemals",
    "verneint",
    "sin",
    "niega",
    "nie",
    "sans",
    "ne",
    "n",
    "ni",
];
/// Words that negate, but only once in a clause.
const CONCORD: &[&str] = &[
    "pas", "aucun", "aucune", "jamais", "rien", "nunca", "jamás", "ningún", "ninguna", "ninguno",
    "nada", "tampoco", "point",
];
/// Words that negate what stands before them.
const BACKWARD: &[&str] = &[
    "absent",
    "excluded",
    "contraindicated",
    "abwesend",
    "ausente",
];
/// Characters that negate what follows.
const HAN: [char; 8] = ['不', '没', '无', '未', '無', '沒', '勿', '非'];
/// Words that begin another clause wherever they stand.
const TURNS: &[&str] = &[
    "but",
    "however",
    "although",
    "though",
    "whereas",
    "while",
    "except",
    "nor",
    "yet",
    "aber",
    "jedoch",
    "sondern",
    "pero",
    "sino",
    "mais",
    "cependant",
    "because",
    "since",
    "which",
    "who",
];
/// Words between two clauses or two items of a list: what follows decides.
const JOINS: &[&str] = &["and", "or", "und", "oder", "y", "o", "et", "ou", "then"];
/// Words that begin another clause after a comma or "and".
const BEGINS: &[&str] = &[
    "he",
    "she",
    "it",
    "they",
    "we",
    "i",
    "you",
    "the",
    "this",
    "that",
    "there",
    "his",
    "her",
    "is",
    "are",
    "was",
    "were",
    "has",
    "have",
    "had",
    "will",
    "would",
    "should",
    "can",
    "could",
    "must",
    "may",
    "does",
    "did",
    "do",
    "takes",
    "took",
    "take",
    "reports",
    "reported",
    "presents",
    "presented",
    "complains",
    "complained",
    "admits",
    "endorses",
    "endorsed",
    "states",
    "stated",
    "notes",
    "noted",
    "uses",
    "used",
    "receives",
    "received",
    "remains",
    "remained",
    "continues",
    "continued",
    "shows",
    "showed",
    "reveals",
    "revealed",
    "lives",
    "works",
    "smokes",
    "drinks",
    "feels",
    "started",
    "began",
    "begins",
    "er",
    "sie",
    "es",
    "ich",
    "wir",
    "hat",
    "ist",
    "nimmt",
    "wird",
    "él",
    "ella",
    "toma",
    "tiene",
    "está",
    "es",
    "il",
    "elle",
    "prend",
    "est",
    "a",
];

/// Most words between a negation, or the last item of its list, and a word that it surely
/// negates. Speech that was written down without stops has no other end.
const REACH: usize = 8;

/// The polarity of each token. `None` for stops and for the negations themselves.
pub(super) fn polarities(tokens: &[Token]) -> Vec<Option<Polarity>> {
    let triggers: Vec<Option<Trigger>> = (0..tokens.len()).map(|at| trigger(tokens, at)).collect();
    let mut found = vec![None; tokens.len()];
    let mut start = 0;
    for at in 0..=tokens.len() {
        if at == tokens.len() || begins_clause(tokens, &triggers, at) {
            read_clause(tokens, &triggers, start..at, &mut found);
            start = at;
        }
    }
    found
}

fn trigger(tokens: &[Token], at: usize) -> Option<Trigger> {
    let word = tokens[at].word()?;
    let next = |step: usize| tokens.get(at + step).and_then(Token::word);
    let here = |list: &[&str]| list.contains(&word);
    // "Not only …" affirms.
    if word == "not" && matches!(next(1), Some("only" | "just" | "merely")) {
        return None;
    }
    // "No, …" answers a question and negates nothing of its own sentence.
    if word == "no" && at == 0 && matches!(tokens.get(1), Some(Token::Stop(_))) {
        return None;
    }
    let follows_number = at > 0 && matches!(tokens[at - 1], Token::Number(_));
    if word == "n" && follows_number {
        return None;
    }
    if matches!(
        (word, next(1)),
        ("negative", Some("for")) | ("free", Some("of" | "from"))
    ) {
        return Some(Trigger::Forward);
    }
    if word == "ruled" && next(1) == Some("out") || word == "ausgeschlossen" {
        return Some(Trigger::Backward);
    }
    if here(FORWARD) || word.ends_with("n't") || word.chars().all(|c| HAN.contains(&c)) {
        return Some(Trigger::Forward);
    }
    if word == "否" && next(1) == Some("认") {
        return Some(Trigger::Forward);
    }
    if here(CONCORD) {
        return Some(Trigger::Concord);
    }
    here(BACKWARD).then_some(Trigger::Backward)
}

/// Returns true if another clause begins at `at`.
fn begins_clause(tokens: &[Token], triggers: &[Option<Trigger>], at: usize) -> bool {
    if at == 0 {
        return false;
    }
    let turns = |at: usize| {
        let word = tokens.get(at).and_then(Token::word);
        word.is_some_and(|word| TURNS.contains(&word))
    };
    let begins = |at: usize| {
        let word = tokens.get(at).and_then(Token::word);
        turns(at)
            || triggers
                .get(at)
                .is_some_and(|t| *t == Some(Trigger::Forward))
            || word.is_some_and(|word| BEGINS.contains(&word))
    };
    match &tokens[at - 1] {
        Token::Stop(
            ';' | '；' | '。' | '(' | ')' | '（' | '）' | '—' | '–' | '.' | '!' | '?' | '|',
        ) => true,
        Token::Stop(',' | '，' | '、') => {
            let joined = tokens.get(at).and_then(Token::word);
            begins(at) || joined.is_some_and(|word| JOINS.contains(&word)) && begins(at + 1)
        }
        Token::Word(word) if JOINS.contains(&word.as_str()) => begins(at),
        _ => turns(at),
    }
}

fn read_clause(
    tokens: &[Token],
    triggers: &[Option<Trigger>],
    clause: std::ops::Range<usize>,
    found: &mut [Option<Polarity>],
) {
    let says = |at: &usize| triggers[*at].is_none() && !matches!(tokens[*at], Token::Stop(_));
    let mut ahead = Vec::new();
    let mut behind = Vec::new();
    for at in clause.clone() {
        let Some(trigger) = triggers[at] else {
            continue;
        };
        let ends = (at + 1..clause.end).all(|later| !says(&later));
        match trigger {
            Trigger::Backward => behind.push(at),
            // A negation at the end of its clause: "Allergies: none", "nimmt Metformin nicht".
            _ if ends => behind.push(at),
            Trigger::Concord if !ahead.is_empty() => {}
            // French "ne" negates with its second half; alone it is too weak to count.
            Trigger::Forward if is_ne(&tokens[at]) => {}
            Trigger::Forward | Trigger::Concord => ahead.push(at),
        }
    }
    let mut far = 0;
    for at in clause {
        let joins = match &tokens[at] {
            Token::Stop(c) => matches!(c, ',' | '，' | '、' | '/'),
            Token::Word(word) => JOINS.contains(&word.as_str()),
            Token::Number(_) => false,
        };
        far = if joins || triggers[at].is_some() {
            0
        } else {
            far + 1
        };
        if !says(&at) {
            continue;
        }
        let before = ahead.iter().filter(|trigger| **trigger < at).count();
        let after = behind.iter().filter(|trigger| **trigger > at).count();
        // What "was not ruled out" negates twice is affirmed.
        let all = if after > 0 { ahead.len() } else { before };
        let open = ahead
            .iter()
            .any(|trigger| *trigger > at && !keeps_closed(&tokens[*trigger]));
        let out_of_reach = before > 0 && far > REACH;
        found[at] = Some(if open && before == 0 && after == 0 || out_of_reach {
            Polarity::Either
        } else if (all + after) % 2 == 1 {
            Polarity::Negated
        } else {
            Polarity::Plain
        });
    }
}

/// True for negations of a noun only: they say nothing of the verb before them.
fn keeps_closed(token: &Token) -> bool {
    matches!(
        token.word(),
        Some("without" | "sin" | "ohne" | "sans" | "absence" | "non" | "free" | "lack" | "lacking")
    )
}

fn is_ne(token: &Token) -> bool {
    matches!(token.word(), Some("ne" | "n"))
}

#[cfg(test)]
mod tests {
    use super::{super::token::tokens, *};

    /// The sentence with `-` before negated words and `?` before open ones.
    fn read(text: &str) -> String {
        let tokens = tokens(text);
        polarities(&tokens)
            .iter()
            .zip(&tokens)
            .filter_map(|(polarity, token)| {
                let mark = match polarity.as_ref()? {
                    Polarity::Plain => "",
                    Polarity::Negated => "-",
                    Polarity::Either => "?",
                };
                let word = token.word().map_or_else(|| "#".to_owned(), str::to_owned);
                Some(format!("{mark}{word}"))
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_negation_reaches_to_the_end_of_its_clause() {
        for (text, expected) in [
            (
                "He denies chest pain and cough.",
                "?he -chest -pain -and -cough",
            ),
            ("No fever, chills, or cough", "-fever -chills -or -cough"),
            (
                "He has no fever but has a cough",
                "?he ?has -fever but has a cough",
            ),
            ("no fever, takes aspirin", "-fever takes aspirin"),
            ("She does not deny pain", "?she ?does pain"),
            ("Allergies: none", "-allergies"),
            ("Pneumonia was ruled out.", "-pneumonia -was out"),
            ("Pneumonia was not ruled out.", "pneumonia was -out"),
            ("Er nimmt Metformin nicht.", "-er -nimmt -metformin"),
            ("No, he takes it", "no he takes it"),
            ("not only pain", "not only pain"),
            (
                "Il ne prend pas de metformine",
                "?il ?prend -de -metformine",
            ),
            ("neither fever nor cough", "-fever -cough"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
