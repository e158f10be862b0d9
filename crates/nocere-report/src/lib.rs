//! Results out: a report as text and as a page. Both show a [`nocere_analysis::RunReport`] and
//! compute nothing.

mod chart;
mod frontier_chart;
mod html;
mod terminal;
mod terminal_protocol;

pub use html::{PageError, html_page};
pub use terminal::terminal_report;
