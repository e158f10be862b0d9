//! Arguments of `nocere demonstrations`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use nocere_project::TrainingForm;

#[derive(Debug, Subcommand)]
pub(crate) enum DemonstrationsCommand {
    /// Write demonstrations as JSONL to train a model on.
    Export {
        /// An asset such as `med-ethics`, a YAML file of the same form, or a folder of MedSafetyBench.
        set: String,
        /// File to write; `-` for standard output.
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// The form of a line.
        #[arg(long, value_enum, default_value_t = Form::Instruction)]
        form: Form,
        /// Number of demonstrations, balanced over categories; all if left out.
        #[arg(short = 'n', long, value_name = "N")]
        number: Option<usize>,
        /// Leave out demonstrations that are nearly the same as a probe of this suite. Repeatable.
        #[arg(long, value_name = "SUITE")]
        without: Vec<String>,
    },
    /// Compare demonstrations with the probes of suites. Exit code 1 if one is nearly the same.
    Check {
        /// As for `export`.
        set: String,
        /// Names or paths of suites on which the trained model will be tried.
        #[arg(required = true)]
        suites: Vec<String>,
    },
}

/// The form of a line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Form {
    /// `instruction`, `input` (empty) and `output`.
    Instruction,
    /// `messages` of a user and an assistant.
    Chat,
}

impl From<Form> for TrainingForm {
    fn from(form: Form) -> Self {
        match form {
            Form::Instruction => Self::Instruction,
            Form::Chat => Self::Chat,
        }
    }
}
