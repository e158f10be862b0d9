//! Notes tell the user what an import left out or assumed, in full sentences.
//!
//! Some repeat the file's own words, so their number and length are limited.

use nocere_core::text::shorten;

/// Most sentences.
const MAX_NOTES: usize = 40;

/// Longest quotation of the file, in characters.
const MAX_QUOTE: usize = 200;

/// Sentences in order of first use, some with a count.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    entries: Vec<Note>,
}

#[derive(Debug)]
enum Note {
    Said(String),
    Counted {
        one: &'static str,
        many: &'static str,
        count: u64,
    },
    /// A reason in the file's own words, and how often it occurs.
    Quoted {
        one: &'static str,
        many: &'static str,
        quote: String,
        count: u64,
    },
}

impl Notes {
    /// Adds a sentence unless it is there already.
    pub(crate) fn say(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        let known = self
            .entries
            .iter()
            .any(|entry| matches!(entry, Note::Said(said) if *said == sentence));
        if !known {
            self.add(Note::Said(sentence));
        }
    }

    /// Counts one more case with a reason in the file's own words. `one` and `many` are the
    /// sentence after the number and before the reason.
    pub(crate) fn quote(&mut self, one: &'static str, many: &'static str, reason: &str) {
        let reason = shorten(reason, MAX_QUOTE);
        for entry in &mut self.entries {
            if let Note::Quoted {
                many: known,
                quote,
                count,
                ..
            } = entry
                && *known == many
                && *quote == reason
            {
                *count += 1;
                return;
            }
        }
        self.add(Note::Quoted {
            one,
            many,
            quote: reason,
            count: 1,
        });
    }

    /// Adds a note unless there are many already.
    fn add(&mut self, note: Note) {
        match self.entries.len() {
            0..MAX_NOTES => self.entries.push(note),
            MAX_NOTES => self.entries.push(Note::Said(
                "There is more to say about this file than is listed here.".to_owned(),
            )),
            _ => {}
        }
    }

    /// Counts one more case. `one` ("row has …") and `many` ("rows have …") are the sentence
    /// after the number, without a period.
    pub(crate) fn count(&mut self, one: &'static str, many: &'static str) {
        for entry in &mut self.entries {
            if let Note::Counted {
                many: known, count, ..
            } = entry
                && *known == many
            {
                *count += 1;
                return;
            }
        }
        // These have our own words only: they are always told.
        self.entries.push(Note::Counted {
            one,
            many,
            count: 1,
        });
    }

    /// All sentences, in the order in which their first case occurred.
    pub(crate) fn into_sentences(self) -> Vec<String> {
        self.entries
            .into_iter()
            .map(|entry| match entry {
                Note::Said(sentence) => sentence,
                Note::Counted { one, count: 1, .. } => format!("1 {one}."),
                Note::Counted { many, count, .. } => format!("{count} {many}."),
                Note::Quoted {
                    one,
                    quote,
                    count: 1,
                    ..
                } => format!("1 {one}: {quote}."),
                Note::Quoted {
                    many, quote, count, ..
                } => format!("{count} {many}: {quote}."),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_own_words_do_not_flood_the_notes() {
        let mut notes = Notes::default();
        for number in 0..1_000 {
            notes.say(format!("Sentence {number}."));
            notes.quote("thing", "things", &"x".repeat(number));
        }
        notes.count("row", "rows");
        let told = notes.into_sentences();
        assert_eq!(told.len(), MAX_NOTES + 2);
        assert_eq!(told.last().map(String::as_str), Some("1 row."));
        assert!(told.iter().all(|sentence| sentence.len() < 1_000));
    }
}
