//! A template that somebody else wrote: Jinja that comes with a model's weights or with a rubric.
//!
//! [`Template`] compiles and renders one without letting it take the process with it. A template
//! can loop without end, nest so deeply that the parser overflows the stack, and print without
//! end; each of these is a [`TemplateError`] that names the limit. [`simple`] tells whether a
//! template keeps to the part of Jinja whose memory is bounded by its inputs.
//!
//! What is not bounded is the memory of the values inside a template that may use all of Jinja
//! (`{% set x = x ~ x %}`, repeated). Such a template belongs in a process of its own.
//!
//! This crate does not say which variables or functions a template has: the caller prepares the
//! [`minijinja::Environment`].

#![warn(missing_docs)]

mod bounded;
mod error;
mod simple;
mod tokens;

pub use bounded::{MAX_OUTPUT_BYTES, MAX_SOURCE_BYTES, Template};
pub use error::TemplateError;
pub use simple::simple;
