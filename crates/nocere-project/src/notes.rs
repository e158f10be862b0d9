//! What people note on runs, and the end of a run. A note is a file beside the run's: the journal is
//! not changed by it.

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

    /// Files of the project that were made from a run, beside its journal: reports, exports and
    /// labels.
    pub fn made_from(&self, run: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for folder in ["reports", "exports", "labels"] {
            let folder = self.root().join(".nocere").join(folder);
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            for entry in entries {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                // What follows the id is ours: `.html`, `-eval`.
                let rest = name.strip_prefix(run);
                if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-'])) {
                    found.push(entry.path());
                }
            }
        }
        found.sort();
        found
    }

    /// Deletes a run with what was made from it.
    ///
    /// # Errors
    ///
    /// A process is working on the run, or a file cannot be deleted.
    pub fn remove(&self, run: &str) -> Result<(), ProjectError> {
        nocere_store::remove_run(&self.runs_folder(), run)?;
        for path in self.made_from(run) {
            let is_folder = std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
            let removed = if is_folder {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            removed.map_err(|error| {
                ProjectError::infrastructure(format!(
                    "failed to delete {}: {error}",
                    path.display()
                ))
            })?;
        }
        Ok(())
    }
}
