//! Results out.
//!
//! [`RunReport`] is computed once from the journal; the terminal, the HTML page and `--json`
//! all show the same numbers.

mod agreement;
mod calibration;
mod chart;
mod collect;
mod comparison;
mod finding;
mod frontier_chart;
mod html;
mod linked;
mod metric;
mod protocol_tables;
mod run_report;
mod tally;
mod terminal;
mod terminal_protocol;

pub use agreement::{JudgePair, Split};
pub use calibration::{Calibrated, CalibrationReport, ClassQuality, Quality, Standing};
pub use comparison::TargetPair;
pub use finding::{Finding, UnscoredSample};
pub use html::html_page;
pub use linked::{
    FrontierPoint, LanguageRow, LinkedFigures, PerspectiveGap, RiskFigure, TwinFigure,
};
pub use metric::{Figure, Metric};
pub use nocere_core::text::{plain, shorten, wrap};
pub use protocol_tables::{
    Mean, MeansTable, PartReport, PartTable, PublishedRow, TableRow, parts_lines, share_text,
};
pub use run_report::{
    CategoryReport, LabelCounts, Levels, PerspectiveReport, RecordedScores, ReportError, RunReport,
    TargetReport,
};
pub use terminal::terminal_report;
