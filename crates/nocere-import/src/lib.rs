//! Recorded answers of other programs as values from which a run can be made.
//!
//! A *recording* is a file in which some other program wrote down what it asked, what a
//! model answered and what its own judges said. [`read_recording`] turns it into a
//! [`Recording`]: a suite of what was asked, one sample for each answer, and the other
//! program's judges as instruments. It reads the given file and nothing else, asks no
//! model and writes nothing; what it left out or assumed stands in [`Recording::notes`].

mod answer;
mod assemble;
mod error;
mod format;
mod inspect;
mod inspect_archive;
mod instruments;
mod json_text;
mod labels;
mod lm_eval;
mod medriskeval;
mod notes;
mod options;
mod plain;
mod probes;
mod promptfoo;
mod read;
mod recording;
mod row;
mod table;
#[cfg(test)]
mod tests;

pub use error::ImportError;
pub use format::Format;
pub use labels::{LABEL_FIELDS, LabelOptions, LabelledSample, Labels, read_labels};
pub use options::{FIELDS, Options};
pub use read::read_recording;
pub use recording::{RecordedSample, RecordedTarget, Recording};
