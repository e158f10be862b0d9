//! A run in the forms that other tools read: rows for notebooks and spreadsheets, Inspect's logs,
//! the files of MedRiskEval, tables for papers, and records for observability and inventories.
//! [`FORMATS`] has a row for each.
//!
//! Every form gets a [`Source`]: the report's figures, the rows of the figures, and what the prompts
//! of each suite may do ([`Texts`]). Samples are read one after the other, so memory does not grow
//! with the run.
//!
//! This crate computes no results (`nocere-analysis`), draws no page (`nocere-report`), and opens no
//! file: it writes into what it is given.
//!
//! ```
//! use nocere_export::{COLUMNS, ExportFormat};
//!
//! let parquet = ExportFormat::named("parquet").expect("it is one of the forms");
//! assert_eq!(parquet.extension, Some("parquet"));
//! // The columns of `csv`, `jsonl`, `parquet` and `hf` are the same ones.
//! assert!(COLUMNS.iter().any(|column| column.name == "who_asks"));
//! ```

#![warn(missing_docs)]

mod bill_of_materials;
mod csv;
mod error;
mod formats;
mod hub_dataset;
mod inspect;
mod inspect_log;
mod jsonl;
mod medriskeval;
mod otlp;
mod parquet;
mod row;
mod source;
mod tables;

pub use csv::csv_table;
pub use error::{ExportError, SampleError, Samples};
pub use formats::{ExportFile, ExportFormat, FORMATS};
pub use row::{COLUMNS, Cell, Column, Kind};
pub use source::{Source, Texts};
