//! Results out.
//!
//! [`RunReport`] is computed once from the journal; the terminal, the HTML page and `--json`
//! all show the same numbers.

mod agreement;
mod calibration;
mod chart;
mod collect;
mod comparison;
mod figures;
mod finding;
mod frontier_chart;
mod html;
mod metric;
mod parts;
mod run_report;
mod tally;
mod terminal;
mod terminal_protocol;
mod text;

pub use agreement::{JudgePair, Split};
pub use calibration::{Calibrated, CalibrationReport, ClassQuality, Quality, Standing};
pub use comparison::TargetPair;
pub use figures::{
    FrontierPoint, LanguageRow, LinkedFigures, PerspectiveGap, RiskFigure, TwinFigure,
};
pub use finding::{Finding, UnscoredSample};
pub use html::html_page;
pub use metric::{Figure, Metric};
pub use parts::{
    Mean, MeansTable, PartReport, PartTable, PublishedRow, TableRow, parts_lines, share_text,
};
pub use run_report::{
    CategoryReport, LabelCounts, Levels, PerspectiveReport, RecordedScores, ReportError, RunReport,
    TargetReport,
};
pub use terminal::{terminal_report, wrap};
pub use text::{plain, shorten};
