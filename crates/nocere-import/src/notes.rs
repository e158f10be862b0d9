//! Notes are what an import left out or assumed, in sentences for people.

/// Sentences, some of them with a count.
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
}

impl Notes {
    /// Says a sentence, once.
    pub(crate) fn say(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        let known = self
            .entries
            .iter()
            .any(|entry| matches!(entry, Note::Said(said) if *said == sentence));
        if !known {
            self.entries.push(Note::Said(sentence));
        }
    }

    /// Counts one more case of what `one` ("row has …") and `many` ("rows have …") say.
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
        self.entries.push(Note::Counted {
            one,
            many,
            count: 1,
        });
    }

    /// All sentences, in the order in which their first case was met.
    pub(crate) fn into_sentences(self) -> Vec<String> {
        self.entries
            .into_iter()
            .map(|entry| match entry {
                Note::Said(sentence) => sentence,
                Note::Counted { one, count: 1, .. } => format!("1 {one}."),
                Note::Counted { many, count, .. } => format!("{count} {many}."),
            })
            .collect()
    }
}
