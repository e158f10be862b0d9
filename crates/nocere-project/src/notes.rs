//! What people note on runs. A note is a file beside the run's: the journal is not changed by it.

use std::path::PathBuf;

use nocere_core::text::shorten;

use crate::{Project, ProjectError, write_whole};

/// Longest note, in characters.
const LONGEST: usize = 500;

impl Project {
    fn note_path(&self, run: &str) -> PathBuf {
        self.runs_folder().join(format!("{run}.note"))
    }

    /// The note on a run; `None` if there is none. Foreign text if the folder was copied.
    pub fn note(&self, run: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.note_path(run)).ok()?;
        let text = shorten(text.trim(), LONGEST);
        (!text.is_empty()).then_some(text)
    }

    /// Notes something on a run; an empty text takes the note away.
    ///
    /// # Errors
    ///
    /// The text is too long, or the file cannot be written.
    pub fn write_note(&self, run: &str, text: &str) -> Result<(), ProjectError> {
        let text = text.trim();
        if text.chars().count() > LONGEST {
            return Err(ProjectError::usage(format!(
                "a note has at most {LONGEST} characters"
            )));
        }
        let path = self.note_path(run);
        if text.is_empty() {
            let _ = std::fs::remove_file(path);
            return Ok(());
        }
        write_whole(&path, &format!("{text}\n"))
    }
}
