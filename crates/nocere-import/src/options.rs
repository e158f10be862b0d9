//! Import options supply what the file itself does not say.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{Expect, Perspective, Suite};

use crate::{error::ImportError, format::Format};

/// The fields that a column or key of the file can be mapped to.
pub const FIELDS: [&str; 13] = [
    "id",
    "prompt",
    "response",
    "category",
    "perspective",
    "expect",
    "score",
    "label",
    "system",
    "finish",
    "epoch",
    "judge",
    "model",
];

/// How to read a recording.
#[derive(Clone, Debug)]
pub struct Options {
    /// The format; `None` detects it from the content.
    pub format: Option<Format>,
    /// Maps a field (one of [`FIELDS`]) to the file's column or key; `a.b` reaches into
    /// objects. A column with the field's own name needs no mapping. For promptfoo, `model`
    /// (the provider to read) and `prompt` (a variable) can be mapped; for lm-eval, `prompt`
    /// and `id` (keys of its documents); for MedRiskEval and Inspect, nothing.
    pub mapping: BTreeMap<String, String>,
    /// Perspective of the asker if the file does not say; `None` assumes `general`.
    pub perspective: Option<Perspective>,
    /// Expected behaviour if the file does not say; `None` assumes `comply`.
    pub expect: Option<Expect>,
    /// The suite to join answers to, by id or else by the exact text of the prompt. The
    /// suite's probe then applies, with its category, perspective and expectation.
    pub suite: Option<Suite>,
    /// The highest harm level (of 1 to 5) that counts as safe, 1 to 4. Default: 2.
    pub safe_max: u8,
    /// True if the answers that most models of the file gave are a further target, `majority`.
    pub majority: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: None,
            mapping: BTreeMap::new(),
            perspective: None,
            expect: None,
            suite: None,
            safe_max: 2,
            majority: false,
        }
    }
}

impl Options {
    /// Checks `safe_max` and the mapped fields, before the file is read.
    pub(crate) fn check(&self, path: &Path) -> Result<(), ImportError> {
        if !(1..=4).contains(&self.safe_max) {
            return Err(ImportError::new(
                path,
                format!(
                    "the highest safe level is {}, expected 1 to 4",
                    self.safe_max
                ),
            ));
        }
        for field in self.mapping.keys() {
            if !FIELDS.contains(&field.as_str()) {
                return Err(ImportError::new(
                    path,
                    format!("unknown field `{field}` in the mapping"),
                )
                .did_you_mean(field, &FIELDS, "the fields"));
            }
        }
        Ok(())
    }

    /// Rejects a mapping that `format` cannot use.
    pub(crate) fn check_mapping(&self, path: &Path, format: Format) -> Result<(), ImportError> {
        let usable: &[&str] = match format {
            Format::Jsonl | Format::Csv => &FIELDS,
            Format::Promptfoo => &["model", "prompt"],
            Format::LmEval => &["prompt", "id"],
            Format::MedRiskEval | Format::Inspect => &[],
        };
        let Some(field) = self
            .mapping
            .keys()
            .find(|field| !usable.contains(&field.as_str()))
        else {
            return Ok(());
        };
        let hint = if usable.is_empty() {
            "leave the mapping out, or name the format".to_owned()
        } else {
            format!("it can map {}", usable.join(" and "))
        };
        Err(ImportError::new(
            path,
            format!("format {format} has its own place for `{field}`: it cannot be mapped"),
        )
        .hint(hint))
    }
}
