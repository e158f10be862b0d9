//! Why a template cannot be compiled or rendered.

use thiserror::Error;

/// Why a template cannot be compiled or rendered.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TemplateError {
    /// The source is longer than any template that is meant to be rendered.
    #[error("the template has {bytes} bytes; at most {limit} are accepted")]
    SourceTooLong {
        /// Length of the source.
        bytes: usize,
        /// Longest source that is accepted.
        limit: usize,
    },
    /// One tag, or one chain of `elif`, is too long to be parsed safely.
    #[error("line {line}: {what} has more than {limit} {unit}")]
    TooComplex {
        /// Line of the template, from 1.
        line: usize,
        /// What is too long.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// The template is not valid Jinja.
    #[error("{0}")]
    Syntax(String),
    /// The template uses a part of Jinja that is not accepted here.
    #[error("line {line}: `{what}` is not accepted in this template; {allowed}")]
    NotAccepted {
        /// Line of the template, from 1.
        line: usize,
        /// The word or sign.
        what: String,
        /// What may be used.
        allowed: &'static str,
    },
    /// The template raised an error, or used a value in a way that does not work.
    #[error("{0}")]
    Refused(String),
    /// The template takes too many steps: it loops without end, or nearly.
    #[error("the template takes more than {0} steps")]
    TooManySteps(u64),
    /// The template takes too long.
    #[error("the template takes longer than {0} seconds")]
    TooSlow(u64),
    /// The rendered text is too long.
    #[error("the template prints more than {0} bytes")]
    OutputTooLong(usize),
    /// The machine gives no thread to render on, or the template engine failed.
    #[error("the template engine failed: {0}")]
    Engine(String),
}
