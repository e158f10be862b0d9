//! Notes tell the user what an import left out or assumed, in full sentences.

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
            self.entries.push(Note::Said(sentence));
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
            })
            .collect()
    }
}
