//! Words as judges compare them: in lower case, without endings and stop words.

pub(crate) use nocere_core::text::is_cjk;

/// Stemmed content words of `text`, in order. Chinese and Japanese text gives pairs of
/// adjacent characters, because it has no spaces.
pub(crate) fn content_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut current = String::new();
    let mut last_cjk: Option<char> = None;
    for c in text.chars().chain([' ']) {
        if is_cjk(c) {
            push_word(&mut current, &mut words);
            if let Some(last) = last_cjk {
                words.push([last, c].iter().collect());
            }
            last_cjk = Some(c);
            continue;
        }
        last_cjk = None;
        if c.is_alphanumeric() || (matches!(c, '\'' | '’') && !current.is_empty()) {
            current.extend(c.to_lowercase());
        } else {
            push_word(&mut current, &mut words);
        }
    }
    words
}

fn push_word(current: &mut String, words: &mut Vec<String>) {
    words.extend(content_word(&std::mem::take(current)));
}

/// The stem of one word in lower case, unless it is a stop word or a single letter.
pub(crate) fn content_word(word: &str) -> Option<String> {
    let word = word.split(['\'', '’']).next().unwrap_or("");
    (word.chars().count() > 1 && !STOP_WORDS.contains(&word)).then(|| stem(word).to_owned())
}

/// Cuts common endings, so that "cells" matches "cell" and "improving" matches "improve".
/// Rough on purpose: both sides of a comparison are cut alike.
fn stem(word: &str) -> &str {
    const ENDINGS: [&str; 12] = [
        "ements", "ations", "ation", "ement", "ingly", "ings", "ing", "ies", "ers", "ed", "es", "s",
    ];
    let word = ENDINGS
        .iter()
        .find_map(|ending| {
            word.strip_suffix(ending)
                .filter(|rest| rest.chars().count() >= 3)
        })
        .unwrap_or(word);
    word.strip_suffix(['e', 'y'])
        .filter(|rest| rest.chars().count() >= 3)
        .unwrap_or(word)
}

/// Words without content of their own, in English, German, Spanish and French.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "because", "been", "before", "being", "but", "by", "can", "could", "did", "do", "does",
    "doing", "for", "from", "get", "give", "had", "has", "have", "he", "her", "here", "hers",
    "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "let", "like", "make",
    "many", "may", "me", "might", "more", "most", "much", "must", "my", "no", "nor", "not", "now",
    "of", "on", "one", "only", "or", "other", "our", "out", "over", "please", "shall", "she",
    "should", "so", "some", "such", "tell", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "to", "too", "up", "us", "very", "was", "way",
    "ways", "we", "were", "what", "when", "where", "which", "while", "who", "why", "will", "with",
    "would", "you", "your", "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen",
    "einer", "und", "oder", "ist", "sind", "ich", "sie", "wir", "es", "mit", "von", "zu", "zur",
    "zum", "auf", "für", "im", "wie", "was", "kann", "mir", "mein", "meine", "nicht", "auch", "el",
    "la", "los", "las", "un", "una", "unos", "y", "que", "de", "del", "en", "por", "para", "con",
    "se", "su", "mi", "me", "es", "son", "como", "qué", "cómo", "lo", "al", "le", "les", "une",
    "et", "ou", "du", "est", "sont", "je", "vous", "nous", "il", "elle", "dans", "pour", "sur",
    "avec", "mon", "ma", "mes", "ce", "cette", "qui", "quoi", "comment", "ne", "pas", "puis",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_family_meet() {
        assert_eq!(
            content_words("Improving cells"),
            content_words("improve cell")
        );
        assert_eq!(content_words("the recipes"), content_words("a recipe"));
        assert_eq!(content_words("不要停药"), ["不要", "要停", "停药"]);
        assert!(content_words("what is the").is_empty());
    }
}
