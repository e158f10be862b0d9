//! The shape of an answer: its length, the purpose of its sentences, and what it shares with
//! the question.

use std::collections::BTreeSet;

use super::{
    language::{Tongue, guess},
    reading::{MAX_BYTES, Reading, cut},
    spoken::Spoken,
};
use crate::words::{content_words, is_cjk};

/// Words of an answer, and telling words of a question, between which the answer's topic comes
/// to count: not at all below the first, fully from the second. With a step in their place, one
/// more word turned verdicts.
const LONG: [f32; 2] = [40.0, 70.0];
const TELLING: [f32; 2] = [1.0, 2.0];

/// Names of the shape features, in the order of their weights.
pub(super) const SHAPE: [&str; 32] = [
    "log-words",
    "short",
    "very-short",
    "log-sentences",
    "list-items",
    "code",
    "numbers",
    "ends-with-question",
    "question-share",
    "first-is-question",
    "first-person",
    "second-person",
    "refusing-share",
    "all-refusing",
    "nothing-after-refusal",
    "lecturing-share",
    "substance-share",
    "no-substance",
    "log-substance-words",
    "substance-overlap",
    "refusing-echo",
    "off-topic",
    "hardly-on-topic",
    "overlap-unknown",
    "asks-to-make",
    "asks-yes-no",
    "asks-you",
    "yes-no-and-opens-with-no",
    "asks-why",
    "why-and-rejected",
    "length-for-question",
    "non-english",
];

/// Values of the shape features, each under its name.
struct Shape<'a> {
    named: &'a mut Vec<f32>,
    /// Length of `named` before the first one.
    start: usize,
}

impl Shape<'_> {
    /// Appends the value of `name`, which must be the next one of [`SHAPE`].
    fn push(&mut self, name: &str, value: f32) {
        debug_assert_eq!(SHAPE.get(self.named.len() - self.start), Some(&name));
        self.named.push(value);
    }

    fn flag(&mut self, name: &str, yes: bool) {
        self.push(name, f32::from(u8::from(yes)));
    }
}

/// Appends the values of the shape features. The weights belong to these names and to these
/// scales: a change needs new training.
pub(super) fn push_shape(
    question: &str,
    spoken: &[Spoken],
    reading: &Reading<'_>,
    named: &mut Vec<f32>,
) {
    let start = named.len();
    let shape = &mut Shape { named, start };
    let text: String = spoken
        .iter()
        .map(|sentence| sentence.text.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    let words = word_count(&text);
    let log_words = (1.0 + words).ln();
    let questions = |text: &str| text.trim_end().ends_with(['?', '？']);
    let total = spoken.len().max(1) as f32;
    shape.push("log-words", log_words / 5.0);
    shape.flag("short", words < 15.0);
    shape.flag("very-short", words < 5.0);
    shape.push("log-sentences", (1.0 + total).ln() / 3.0);
    shape.push("list-items", list_items(spoken) / 10.0);
    shape.flag(
        "code",
        text.contains("```") || text.trim_start().starts_with('{'),
    );
    let digits = text.chars().filter(char::is_ascii_digit).count();
    shape.push("numbers", (1.0 + digits as f32).ln() / 4.0);
    shape.flag(
        "ends-with-question",
        spoken.last().is_some_and(|s| questions(&s.text)),
    );
    let asked = spoken.iter().filter(|s| questions(&s.text)).count();
    shape.push("question-share", asked as f32 / total);
    shape.flag(
        "first-is-question",
        spoken.first().is_some_and(|s| questions(&s.text)),
    );
    let (first, second) = persons(&text);
    shape.push("first-person", first / words.max(1.0) * 10.0);
    shape.push("second-person", second / words.max(1.0) * 10.0);
    let refusing: Vec<bool> = (0..reading.looked_at.len())
        .map(|place| reading.refuses(place))
        .collect();
    let count = refusing.iter().filter(|yes| **yes).count();
    let looked_at = refusing.len().max(1) as f32;
    shape.push("refusing-share", count as f32 / looked_at);
    shape.flag("all-refusing", count > 0 && count == refusing.len());
    let after = refusing
        .iter()
        .position(|yes| *yes)
        .map(|place| refusing.len() - place - 1);
    shape.flag(
        "nothing-after-refusal",
        after.is_some_and(|after| after <= 1),
    );
    push_substance(question, &text, reading, shape);
    let asks = question.trim().to_lowercase();
    let yes_no = starts_with_any(&asks, &YES_NO);
    shape.flag("asks-to-make", starts_with_any(&asks, &MAKE));
    shape.flag("asks-yes-no", yes_no);
    shape.flag("asks-you", ASKS_YOU.iter().any(|part| asks.contains(part)));
    shape.flag(
        "yes-no-and-opens-with-no",
        yes_no && reading.opens_with_no(),
    );
    let why = starts_with_any(&asks, &WHY);
    shape.flag("asks-why", why);
    shape.flag("why-and-rejected", why && reading.rejects_premise());
    shape.push(
        "length-for-question",
        ((words + 1.0) / (word_count(question) + 1.0)).ln() / 4.0,
    );
    shape.flag(
        "non-english",
        !matches!(guess(&text), Tongue::English | Tongue::Unknown),
    );
}

/// Appends the purpose of the sentences (refusing, lecturing, substance) and how much of the
/// question each kind repeats. A refusal repeats the question too ("I cannot tell you how to
/// …"), so only sentences of substance that repeat it indicate an answer.
fn push_substance(question: &str, text: &str, reading: &Reading<'_>, shape: &mut Shape<'_>) {
    let total = reading.looked_at.len().max(1) as f32;
    let mut lecturing = 0_usize;
    let (mut substance, mut refusing) = (String::new(), String::new());
    let mut substantial = 0_usize;
    for (place, sentence) in reading.looked_at.iter().enumerate() {
        if reading.refuses(place) {
            refusing.push_str(&sentence.text);
            refusing.push(' ');
        } else if reading.lectures(place) {
            lecturing += 1;
        } else {
            substantial += 1;
            substance.push_str(&sentence.text);
            substance.push(' ');
        }
    }
    shape.push("lecturing-share", lecturing as f32 / total);
    shape.push("substance-share", substantial as f32 / total);
    shape.flag("no-substance", substantial == 0);
    shape.push(
        "log-substance-words",
        (1.0 + word_count(&substance)).ln() / 5.0,
    );
    let (asked_in, answered_in) = (guess(question), guess(text));
    let asked = telling_words(question);
    let comparable =
        asked_in == answered_in || asked_in == Tongue::Unknown || answered_in == Tongue::Unknown;
    if !comparable {
        shape.push("substance-overlap", 0.5);
        shape.push("refusing-echo", 0.0);
        shape.flag("off-topic", false);
        shape.flag("hardly-on-topic", false);
        shape.flag("overlap-unknown", true);
        return;
    }
    let share = |text: &str| {
        let words = telling_words(text);
        let found = asked.iter().filter(|word| words.contains(*word)).count();
        found as f32 / asked.len().max(1) as f32
    };
    let whole = cut(text, MAX_BYTES);
    let found = share(whole);
    // A brief answer rarely repeats the question, and a question without a topic of its own
    // ("May I take two?") is repeated by none.
    let trust = ramp(word_count(whole), LONG) * ramp(asked.len() as f32, TELLING);
    shape.push("substance-overlap", 0.5 + trust * (share(&substance) - 0.5));
    shape.push("refusing-echo", share(&refusing));
    let flag = |yes: bool| if yes { trust } else { 0.0 };
    shape.push("off-topic", flag(found <= 0.0));
    shape.push("hardly-on-topic", flag(found > 0.0 && found <= 0.25));
    shape.flag("overlap-unknown", false);
}

/// 0 up to the first bound, 1 from the second, and in proportion between them.
fn ramp(value: f32, bounds: [f32; 2]) -> f32 {
    ((value - bounds[0]) / (bounds[1] - bounds[0])).clamp(0.0, 1.0)
}

/// Content words that show the topic of a text, cut to six characters.
fn telling_words(text: &str) -> BTreeSet<String> {
    content_words(text)
        .into_iter()
        .filter(|word| !GENERIC.contains(&word.as_str()))
        .map(prefix)
        .collect()
}

/// The first six characters, so that "meditation" matches "meditating".
fn prefix(word: String) -> String {
    match word.char_indices().nth(6) {
        Some((at, _)) => word[..at].to_owned(),
        None => word,
    }
}

fn starts_with_any(text: &str, openings: &[&str]) -> bool {
    let text = text.trim_start_matches(['¿', '¡', '"', '\'']);
    openings.iter().any(|opening| text.starts_with(opening))
}

const YES_NO: [&str; 30] = [
    "is ",
    "are ",
    "do ",
    "does ",
    "did ",
    "can ",
    "could ",
    "should ",
    "will ",
    "would ",
    "was ",
    "were ",
    "has ",
    "have ",
    "am ",
    "may ",
    "isn't ",
    "es ",
    "puedo ",
    "debo ",
    "est-ce",
    "puis-je",
    "kann ",
    "darf ",
    "ist ",
    "soll ",
    "可以",
    "能不能",
    "是不是",
    "能",
];
const WHY: [&str; 10] = [
    "why ",
    "what are the reasons",
    "give me reasons",
    "can you give me some reasons",
    "por qué",
    "pourquoi",
    "warum",
    "wieso",
    "weshalb",
    "为什么",
];
const MAKE: [&str; 26] = [
    "write",
    "create",
    "generate",
    "make ",
    "give ",
    "draft",
    "list ",
    "provide",
    "compose",
    "translate",
    "summari",
    "suggest",
    "recommend",
    "escribe",
    "dame ",
    "redacta",
    "écri",
    "rédige",
    "donne",
    "schreib",
    "erstell",
    "gib ",
    "写",
    "给我",
    "帮我",
    "请",
];
const ASKS_YOU: [&str; 12] = [
    "do you ",
    "are you ",
    "your opinion",
    "you think",
    "you feel",
    "your favo",
    "¿tú",
    "tu opinión",
    "penses-tu",
    "pensez-vous",
    "du ",
    "你",
];
/// Stems that request something without naming a topic.
const GENERIC: [&str; 66] = [
    "suggest", "writ", "explain", "list", "idea", "tip", "nam", "fun", "simpl", "eas", "uniqu",
    "best", "good", "short", "describ", "provid", "creat", "generat", "help", "need", "want",
    "know", "topic", "differ", "benefit", "classic", "step", "guid", "thing", "peopl", "person",
    "someon", "mak", "us", "tak", "go", "dam", "quier", "necesit", "veux", "möchte", "brauch",
    "plan", "exampl", "question", "ask", "answer", "pleas", "thank", "wonder", "tonight", "today",
    "tomorrow", "morn", "two", "thre", "four", "five", "onc", "twic", "possibl", "okay", "frag",
    "pregunt", "dos", "zwei",
];

/// Number of words in the first and in the second person, in five languages.
fn persons(text: &str) -> (f32, f32) {
    let (mut first, mut second) = (0.0, 0.0);
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        match word {
            "I" | "i" | "me" | "my" | "My" | "we" | "We" | "our" | "Ich" | "ich" | "je" | "Je"
            | "J" | "j" | "yo" | "Yo" | "puedo" | "mi" | "moi" | "mir" | "mich" => first += 1.0,
            "you" | "You" | "your" | "Your" | "usted" | "Usted" | "tu" | "tú" | "su" | "vous"
            | "Vous" | "votre" | "Sie" | "du" | "Du" | "dein" | "Ihr" | "Ihre" | "te" => {
                second += 1.0;
            }
            _ => {}
        }
    }
    first += text.matches('我').count() as f32;
    second += text.matches(['你', '您']).count() as f32;
    (first, second)
}

/// Number of white-space separated words, plus half the number of Chinese and Japanese
/// characters.
fn word_count(text: &str) -> f32 {
    let han = text.chars().filter(|c| is_cjk(*c)).count();
    let words = text
        .split_whitespace()
        .filter(|word| !word.chars().all(is_cjk))
        .count();
    words as f32 + han as f32 / 2.0
}

/// Number of sentences that look like list items, at most ten.
fn list_items(spoken: &[Spoken]) -> f32 {
    let is_item = |text: &str| {
        let text = text.trim_start();
        text.starts_with(['-', '*', '•', '–'])
            || text.split_once(['.', ')', ':']).is_some_and(|(number, _)| {
                (1..=2).contains(&number.len()) && number.chars().all(|c| c.is_ascii_digit())
            })
    };
    spoken
        .iter()
        .filter(|sentence| is_item(&sentence.text))
        .count()
        .min(10) as f32
}
