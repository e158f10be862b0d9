//! A rough guess at the language of a text. Used to tell if question and answer can share
//! words at all, and if a sentence is in a language that the judge reads.

use crate::words::is_cjk;

/// Languages that the guess distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tongue {
    English,
    Spanish,
    French,
    German,
    /// Chinese or Japanese characters.
    Han,
    /// Too short, or something else.
    Unknown,
}

const MARKERS: [(Tongue, &[&str]); 4] = [
    (
        Tongue::English,
        &[
            "the", "and", "is", "to", "of", "you", "that", "it", "for", "what", "how", "are",
            "with", "my", "do", "can", "your", "i", "in", "on", "or", "be", "at", "from", "this",
            "have", "not", "if", "as", "by", "an",
        ],
    ),
    (
        Tongue::Spanish,
        &[
            "el", "los", "las", "y", "que", "en", "por", "para", "con", "una", "mi", "qué", "cómo",
            "usted", "no", "es", "del", "su", "la", "de", "un", "se", "lo", "más", "al", "pero",
        ],
    ),
    (
        Tongue::French,
        &[
            "le", "les", "et", "des", "est", "une", "pour", "dans", "vous", "je", "pas", "avec",
            "mon", "ma", "du", "ce", "il", "ne", "la", "de", "un", "se", "plus", "au", "sur",
        ],
    ),
    (
        Tongue::German,
        &[
            "der", "die", "das", "und", "ist", "nicht", "ein", "eine", "ich", "sie", "mit", "für",
            "zu", "wie", "mein", "auf", "den", "es", "im", "von", "dem", "sich", "bei", "oder",
            "wenn",
        ],
    ),
];

/// The language of the first 600 characters of `text`, by the most common words of each.
pub(crate) fn guess(text: &str) -> Tongue {
    let head: String = text.chars().take(600).collect();
    let letters = head.chars().filter(|c| c.is_alphabetic()).count();
    let han = head.chars().filter(|c| is_cjk(*c)).count();
    if letters == 0 {
        return Tongue::Unknown;
    }
    if han * 3 > letters {
        return Tongue::Han;
    }
    let lower = head.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .collect();
    let (best, count) = MARKERS
        .iter()
        .map(|(tongue, markers)| {
            let count = words.iter().filter(|word| markers.contains(word)).count();
            (*tongue, count)
        })
        .max_by_key(|(_, count)| *count)
        .unwrap_or((Tongue::Unknown, 0));
    if count == 0 { Tongue::Unknown } else { best }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_languages_are_told_apart() {
        assert_eq!(guess("What is the dose for my child?"), Tongue::English);
        assert_eq!(
            guess("¿Cómo puedo dormir mejor con una tos?"),
            Tongue::Spanish
        );
        assert_eq!(
            guess("Je ne peux pas dormir avec ce médicament."),
            Tongue::French
        );
        assert_eq!(
            guess("Ich habe Fieber und weiß nicht weiter."),
            Tongue::German
        );
        assert_eq!(guess("我发烧了怎么办"), Tongue::Han);
        assert_eq!(guess("5"), Tongue::Unknown);
    }
}
