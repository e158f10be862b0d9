//! The shape of an answer: its length, the purpose of its sentences, and what it shares with
//! the question.

use std::collections::BTreeSet;

use super::{
    features::{MAX_BYTES, Reading, cut},
    language::{Tongue, guess},
    spoken::Spoken,
};
use crate::words::{content_words, is_cjk};

/// Fewest words from which an answer can be called off topic.
const LONG: f32 = 40.0;

/// Appends the values of the shape features, in the order of `SHAPE` in `features.rs`. The
/// weights belong to this order and to these scales: a change needs new training.
pub(super) fn push_shape(
    question: &str,
    spoken: &[Spoken],
    reading: &Reading<'_>,
    named: &mut Vec<f32>,
) {
    let flag = |yes: bool| f32::from(u8::from(yes));
    let text: String = spoken
        .iter()
        .map(|sentence| sentence.text.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    let words = word_count(&text);
    let log_words = (1.0 + words).ln();
    let questions = |text: &str| text.trim_end().ends_with(['?', '？']);
    let total = spoken.len().max(1) as f32;
    named.push(log_words / 5.0);
    named.push(flag(words < 15.0));
    named.push(flag(words < 5.0));
    named.push((1.0 + total).ln() / 3.0);
    named.push(list_items(spoken) / 10.0);
    named.push(flag(
        text.contains("```") || text.trim_start().starts_with('{'),
    ));
    let digits = text.chars().filter(char::is_ascii_digit).count();
    named.push((1.0 + digits as f32).ln() / 4.0);
    named.push(flag(spoken.last().is_some_and(|s| questions(&s.text))));
    let asked = spoken.iter().filter(|s| questions(&s.text)).count();
    named.push(asked as f32 / total);
    named.push(flag(spoken.first().is_some_and(|s| questions(&s.text))));
    let (first, second) = persons(&text);
    named.push(first / words.max(1.0) * 10.0);
    named.push(second / words.max(1.0) * 10.0);
    let refusing: Vec<bool> = (0..reading.looked_at.len())
        .map(|place| reading.refuses(place))
        .collect();
    let count = refusing.iter().filter(|yes| **yes).count();
    let looked_at = refusing.len().max(1) as f32;
    named.push(count as f32 / looked_at);
    named.push(flag(count > 0 && count == refusing.len()));
    let after = refusing
        .iter()
        .position(|yes| *yes)
        .map(|place| refusing.len() - place - 1);
    named.push(flag(after.is_some_and(|after| after <= 1)));
    push_substance(question, &text, reading, named);
    let asks = question.trim().to_lowercase();
    let yes_no = starts_with_any(&asks, &YES_NO);
    named.push(flag(starts_with_any(&asks, &MAKE)));
    named.push(flag(yes_no));
    named.push(flag(ASKS_YOU.iter().any(|part| asks.contains(part))));
    // Rule 12 is opens-with-no: in the first sentence, it answers a yes-or-no question.
    let opens_with_no = reading.matched.first().is_some_and(|row| row[12]);
    named.push(flag(yes_no && opens_with_no));
    let why = starts_with_any(&asks, &WHY);
    named.push(flag(why));
    // Rules 6 and 21 are denies-premise and rejects-premise: in the first sentence, they
    // answer a "why".
    let rejected = reading.matched.first().is_some_and(|row| row[6] || row[21]);
    named.push(flag(why && rejected));
    named.push(((words + 1.0) / (word_count(question) + 1.0)).ln() / 4.0);
    named.push(flag(!matches!(
        guess(&text),
        Tongue::English | Tongue::Unknown
    )));
}

/// Appends the purpose of the sentences (refusing, lecturing, substance) and how much of the
/// question each kind repeats. A refusal repeats the question too ("I cannot tell you how to
/// …"), so only sentences of substance that repeat it indicate an answer.
fn push_substance(question: &str, text: &str, reading: &Reading<'_>, named: &mut Vec<f32>) {
    let flag = |yes: bool| f32::from(u8::from(yes));
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
    named.push(lecturing as f32 / total);
    named.push(substantial as f32 / total);
    named.push(flag(substantial == 0));
    named.push((1.0 + word_count(&substance)).ln() / 5.0);
    let (asked_in, answered_in) = (guess(question), guess(text));
    let asked = telling_words(question);
    let comparable = !asked.is_empty()
        && (asked_in == answered_in
            || asked_in == Tongue::Unknown
            || answered_in == Tongue::Unknown);
    if !comparable {
        // substance-overlap at a neutral 0.5, and overlap-unknown set.
        named.extend([0.5, 0.0, 0.0, 0.0, 1.0]);
        return;
    }
    let share = |text: &str| {
        let words = telling_words(text);
        asked.iter().filter(|word| words.contains(*word)).count() as f32 / asked.len() as f32
    };
    let whole = cut(text, MAX_BYTES);
    let found = share(whole);
    // A brief answer rarely repeats the question, so only a long one can be off topic.
    let enough = word_count(whole) >= LONG && asked.len() >= 2;
    named.push(if enough { share(&substance) } else { 0.5 });
    named.push(share(&refusing));
    named.push(flag(enough && found <= 0.0));
    named.push(flag(enough && found > 0.0 && found <= 0.25));
    // overlap-unknown.
    named.push(0.0);
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
const GENERIC: [&str; 44] = [
    "suggest", "writ", "explain", "list", "idea", "tip", "nam", "fun", "simpl", "eas", "uniqu",
    "best", "good", "short", "describ", "provid", "creat", "generat", "help", "need", "want",
    "know", "topic", "differ", "benefit", "classic", "step", "guid", "thing", "peopl", "person",
    "someon", "mak", "us", "tak", "go", "dam", "quier", "necesit", "veux", "möchte", "brauch",
    "plan", "exampl",
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
