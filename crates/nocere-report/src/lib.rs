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
mod html;
mod metric;
mod run_report;
mod terminal;
mod text;

pub use agreement::{JudgePair, Split};
pub use calibration::{Calibrated, CalibrationReport, ClassQuality, Quality, Standing};
pub use comparison::TargetPair;
pub use finding::{Finding, UnscoredSample};
pub use html::html_page;
pub use metric::{Figure, Metric};
pub use run_report::{
    CategoryReport, LabelCounts, Levels, PerspectiveReport, RecordedScores, ReportError, RunReport,
    TargetReport,
};
pub use terminal::{terminal_report, wrap};
pub use text::{plain, shorten};
