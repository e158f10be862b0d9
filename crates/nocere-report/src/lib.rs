//! Results out: a [`RunReport`](nocere_analysis::RunReport) as terminal text, as a self-contained
//! page and as JSON. [`FORMATS`] has a row for each.
//!
//! Model output is hostile: it is escaped on the page, and its control and invisible characters
//! are replaced. The terminal report does not quote answers at all.
//!
//! This crate computes no results (`nocere-analysis`), writes no file, and does not print.
//!
//! ```
//! use std::{collections::BTreeMap, convert::Infallible};
//!
//! use nocere_analysis::{ReportInput, RunReport};
//! use nocere_core::{ContentHash, RunHeader, RunKind, Sample};
//! use nocere_report::{html_page, terminal_report};
//!
//! // The report of an empty run; a real one has targets, judges and samples.
//! let policies = ContentHash::of_bytes(b"policies");
//! let header = RunHeader::new(RunKind::Asked, "nocere run s --target t", policies);
//! let input = ReportInput {
//!     header: &header,
//!     suites: &[],
//!     instruments: &[],
//!     targets: &[],
//!     drivers: &[],
//!     progress: (0, 0),
//!     spending: &BTreeMap::new(),
//!     failed_attempts: 0,
//!     gates: &[],
//!     troubles: &[],
//!     struck: &[],
//!     assets: &[],
//!     figures: &[],
//!     calibrations: &[],
//!     baselines: &[],
//!     easy: &Default::default(),
//! };
//! let Ok(report) = RunReport::build(&input, std::iter::empty::<Result<Sample, Infallible>>());
//!
//! // 100 columns, with up to five of the worst samples.
//! let text = terminal_report(&report, 100, 5);
//! assert!(text.contains(header.id.as_str()));
//! assert!(html_page(&report)?.starts_with("<!doctype html>"));
//! # Ok::<(), nocere_report::WriteError>(())
//! ```

#![warn(missing_docs)]

mod chart;
mod error;
mod escape;
mod failure_forms;
mod formats;
mod frontier_chart;
mod gate_forms;
mod glossary;
mod guards;
mod heat_map;
mod html;
mod json;
mod links;
mod one_page;
mod pressure;
mod sample_pages;
mod scatter_chart;
mod stacks;
mod terminal;
mod terminal_beside;
mod terminal_protocol;
mod terminal_summary;

pub use error::WriteError;
pub use failure_forms::{failures_markdown, failures_text, frameworks_markdown};
pub use formats::{FORMATS, ReportFormat, ReportKind};
pub use gate_forms::{gate_markdown, gate_text, github, junit, sarif};
pub use glossary::GLOSSARY;
pub use html::{html_page, html_page_beside_samples};
pub use pressure::pressure_table;
pub use sample_pages::{PageFile, SamplePages, SampleWriter};
pub use terminal::terminal_report;
pub use terminal_summary::terminal_summary;
