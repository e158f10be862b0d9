//! A recording is what another program asked and got, ready to become a run.

use nocere_core::{ContentHash, Instrument, Suite, Transcript, Verdict};

/// What was recorded, ready to become a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// What was asked: made from the file, or the suite that the answers were joined to.
    pub suite: Suite,
    /// The answers, in file order. A probe may have none.
    pub samples: Vec<RecordedSample>,
    /// What answered.
    pub target: RecordedTarget,
    /// The judges that the file has scores of, in order of appearance.
    pub instruments: Vec<Instrument>,
    /// What was left out or assumed, in sentences.
    pub notes: Vec<String>,
}

/// What answered, as far as the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedTarget {
    /// The model's name in the other program; `unknown` where the file does not say.
    pub model: String,
    /// The file's name and format.
    pub source: String,
    /// The system prompt, if all answers were given under the same one.
    pub system_prompt: Option<String>,
}

/// One recorded conversation with its recorded verdicts.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedSample {
    /// Index into the suite's probes.
    pub probe: usize,
    /// Which of several answers to the same probe, from 0.
    pub epoch: u32,
    /// What was said, the system prompt first. The opening is what the model really saw,
    /// which can differ from the probe where the other program rewrote or wrapped it.
    pub transcript: Transcript,
    /// One verdict of each instrument, by its hash, in the order of the instruments.
    pub verdicts: Vec<(ContentHash, Verdict)>,
}
