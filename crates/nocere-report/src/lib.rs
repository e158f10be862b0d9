//! Results out: a report as text and as a page. Both show a [`nocere_analysis::RunReport`] and
//! compute nothing.

mod chart;
mod csv;
mod formats;
mod frontier_chart;
mod html;
mod json;
mod terminal;
mod terminal_protocol;

pub use formats::{FORMATS, ReportFormat, SampleError, Samples, WriteError};
pub use html::html_page;
pub use terminal::terminal_report;
