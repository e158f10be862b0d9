//! How a file of labels is read.

use std::collections::BTreeMap;

use nocere_core::Perspective;

/// Fields that a column can be mapped to.
pub const LABEL_FIELDS: [&str; 15] = [
    "id",
    "prompt",
    "response",
    "label",
    "rater",
    "category",
    "perspective",
    "expect",
    "language",
    "cluster",
    "suite",
    "target",
    "epoch",
    "check",
    "drawn",
];

/// How to read labels.
#[derive(Clone, Debug, Default)]
pub struct LabelOptions {
    /// Maps a field (one of [`LABEL_FIELDS`]) to a column. `label` may name several columns
    /// joined by `+`, one per rater.
    pub mapping: BTreeMap<String, String>,
    /// Maps the file's words to labels of the scale.
    pub values: BTreeMap<String, String>,
    /// The labels of the judge's scale, lowest first.
    pub scale: Vec<String>,
    /// Perspective of the asker if the file does not say.
    pub perspective: Option<Perspective>,
    /// True if the labelled answers belong to a run: then `id` names its probes, and neither
    /// `prompt` nor `response` is needed.
    pub of_a_run: bool,
}
