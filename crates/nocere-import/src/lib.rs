//! Recordings: answers that another program collected, as values that a run can be made of.
//!
//! A *recording* is a file in which another program saved its prompts, a model's answers
//! and its own judges' scores. This crate detects the file's [`Format`], reads it, and maps
//! it to nocere's types: a suite of prompts, one sample per answer, and the other program's
//! judges as instruments. It also reads people's labels of answers, from which a judge is
//! measured.
//!
//! It reads the given file and nothing else. It calls no model, writes no run, and never
//! rescores: recorded scores keep their own scale unless they are clearly levels of harm or
//! compliance labels. Whatever it left out or assumed is listed in [`Recording::notes`].
//!
//! Entry points: [`read_recording`] with [`Options`] for answers, and [`read_labels`] with
//! [`LabelOptions`] for labels. Both fail with an [`ImportError`] that names the line or
//! archive member and, where possible, the remedy.
//!
//! ```
//! use nocere_import::{Options, read_recording};
//!
//! let path = std::env::temp_dir().join(format!("nocere-import-{}.csv", std::process::id()));
//! std::fs::write(&path, "prompt,response,score\nCan I take two?,Ask a pharmacist.,1\n")?;
//! let recording = read_recording(&path, &Options::default())?;
//! std::fs::remove_file(&path)?;
//!
//! assert_eq!(recording.suite.probes[0].question(), "Can I take two?");
//! assert_eq!(recording.samples.len(), 1);
//! assert_eq!(recording.instruments[0].id, "recorded:score");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs)]

mod answer;
mod assemble;
mod columns;
mod content;
mod error;
mod format;
mod inspect;
mod inspect_archive;
mod inspect_chunks;
mod instruments;
mod json_text;
mod labels;
mod lm_eval;
mod majority;
mod medriskeval;
mod notes;
mod options;
mod probes;
mod promptfoo;
mod promptfoo_table;
mod promptfoo_turns;
mod read;
mod recording;
mod row;
mod table;
#[cfg(test)]
mod tests;
mod turns;

pub use error::ImportError;
pub use format::Format;
pub use labels::{Drawn, LABEL_FIELDS, LabelOptions, LabelledSample, Labels, read_labels};
pub use options::{FIELDS, Options};
pub use read::read_recording;
pub use recording::{RecordedSample, RecordedTarget, Recording};
