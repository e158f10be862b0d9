//! From samples to a report.
//!
//! [`RunReport::build`] reads samples once and computes everything that the terminal, the page
//! and `--json` show: rates with intervals, the same without the judges' errors, comparisons,
//! the protocol's tables, findings. What is counted are rows of an asset
//! ([`nocere_core::FigureRow`]); this crate knows no figure by name and opens no file.

mod agreement;
mod build;
mod calibration;
mod cells;
mod collected;
mod comparison;
mod figure;
mod finding;
mod frontier;
mod linked;
mod mean;
mod protocol_tables;
mod run_judge;
mod run_report;
mod tally;

pub use agreement::{JudgePair, Split};
pub use build::ReportInput;
pub use calibration::{Calibrated, CalibrationReport, ClassQuality, Quality, Standing};
pub use comparison::TargetPair;
pub use figure::{Figure, FigureHead, percent};
pub use finding::{Finding, UnscoredSample};
pub use linked::{LanguageRow, LinkedFigures, PerspectiveGap, RiskFigure, TwinFigure};
pub use mean::Mean;
pub use protocol_tables::{
    MeansTable, PartReport, PartTable, PublishedJudge, PublishedRange, PublishedRow, TableRow,
    parts_lines, range_text, share_text,
};
pub use run_report::{
    CategoryReport, Distribution, FrontierPoint, PerspectiveReport, REPORT_FORMAT, RecordedScores,
    RunReport, SuiteHead, TargetReport,
};
