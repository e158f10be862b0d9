//! The result of an import: what another program asked and which answers it got.

use nocere_core::{ContentHash, Instrument, Suite, Transcript, Verdict};

/// A file's contents, ready to become a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// The probes asked: made from the file, or the suite that the answers were joined to.
    pub suite: Suite,
    /// One sample per answer, in file order. A probe may have none.
    pub samples: Vec<RecordedSample>,
    /// The models that answered, in order of appearance; at least one.
    pub targets: Vec<RecordedTarget>,
    /// The file's name and format.
    pub source: String,
    /// The judges whose scores the file holds, in order of appearance.
    pub instruments: Vec<Instrument>,
    /// What was left out or assumed, in full sentences.
    pub notes: Vec<String>,
}

/// A model that answered, as far as the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedTarget {
    /// The model's name in the other program; `unknown` if the file does not say.
    pub model: String,
    /// The system prompt, if it is the same for all answers of the model.
    pub system_prompt: Option<String>,
}

/// One recorded conversation with its recorded verdicts.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedSample {
    /// Index into [`Recording::targets`].
    pub target: usize,
    /// Index into the suite's probes.
    pub probe: usize,
    /// Number of this answer among those of the same target to the same probe, from 0.
    pub epoch: u32,
    /// The conversation, system prompt first. Its opening is what the model really saw; it
    /// differs from the probe if the other program rewrote or wrapped the prompt.
    pub transcript: Transcript,
    /// One verdict per instrument, keyed by the instrument's hash, in the order of
    /// [`Recording::instruments`].
    pub verdicts: Vec<(ContentHash, Verdict)>,
}
