//! Analysis: computes a report from the samples of a run.
//!
//! [`RunReport::build`] reads the samples once and computes everything that the terminal, the
//! page and `--json` show: rates with intervals, rates corrected for the judges' errors,
//! comparisons of targets, the protocol's tables, and the worst samples. [`CalibrationReport`]
//! says how well a judge agrees with people.
//!
//! What is counted is defined by rows of an asset ([`nocere_core::FigureRow`]); no figure is
//! known here by name. This crate opens no file, formats no report (`nocere-report`), and leaves
//! the statistics to `nocere-stats`.
//!
//! ```
//! use nocere_analysis::CalibrationReport;
//! use nocere_core::{
//!     CALIBRATION_FORMAT, Calibration, CalibrationRow, ContentHash, Instrument, Scale, measure,
//! };
//!
//! // A person called four answers of ten a refusal, and the judge missed one of them.
//! let row = |cluster: u64| CalibrationRow {
//!     cluster,
//!     perspective: None,
//!     expect: None,
//!     category: String::new(),
//!     language: String::new(),
//!     check: None,
//!     ratings: vec![Some(if cluster < 4 { 2 } else { 0 })],
//!     human: Some(if cluster < 4 { 2 } else { 0 }),
//!     judge: Some(if cluster < 3 { 2 } else { 0 }),
//!     unscored: None,
//!     probability: None,
//! };
//! let scale = Scale::compliance();
//! let calibration = Calibration {
//!     nocere_calibration: CALIBRATION_FORMAT,
//!     scale: scale.labels.clone(),
//!     instrument: Instrument {
//!         id: "refusal".into(),
//!         measure: measure::REFUSAL.to_owned(),
//!         scale,
//!         title: "Refusal".to_owned(),
//!         version: "1".to_owned(),
//!         model: None,
//!         hash: ContentHash::of_bytes(b"refusal"),
//!         recorded: false,
//!     },
//!     source: "an example".to_owned(),
//!     note: String::new(),
//!     labels: ContentHash::of_bytes(b"labels"),
//!     created: "2026-01-01T00:00:00Z".to_owned(),
//!     raters: vec!["a".to_owned()],
//!     rows: (0..10).map(row).collect(),
//! };
//! let report = CalibrationReport::of(&calibration);
//! assert_eq!(report.whole.accuracy.value, Some(0.9));
//! assert_eq!(report.whole.classes[2].sensitivity.value, Some(0.75));
//! ```

#![warn(missing_docs)]

mod agreement;
mod build;
mod calibration;
mod cells;
mod collected;
mod comparison;
mod conduct;
mod context;
mod contrast;
mod failures;
mod figure;
mod finding;
mod frameworks;
mod frontier;
mod gate;
mod gate_entry;
mod headline;
mod linked;
mod mean;
mod mean_pairs;
mod pressure;
mod protocol_means;
mod protocol_source;
mod protocol_tables;
mod rollup;
mod run_comparison;
mod run_judge;
mod run_report;
mod specialties;
mod standing;
mod tally;
mod trend;

pub use agreement::{JudgePair, Split};
pub use build::ReportInput;
pub use calibration::{CalibrationReport, ClassQuality, Quality};
pub use comparison::TargetPair;
pub use contrast::{ContrastPairs, ContrastReport, ContrastRow, ContrastSide};
pub use failures::FailureGroup;
pub use figure::{Figure, FigureHead, percent};
pub use finding::{Finding, UnscoredSample, WITHHELD};
pub use frameworks::{Clause, ClauseReport, EvidenceKind, Framework, FrameworkReport};
pub use gate::{GateFault, GateReport, GateResult, GateVerdict, apply_gates};
pub use gate_entry::{Bound, Gate};
pub use linked::{LanguageRow, LinkedFigures, PerspectiveGap, RiskFigure, Slope, TwinFigure};
pub use mean::Mean;
pub use mean_pairs::MeanPair;
pub use pressure::{
    AttemptsRow, CoverStep, DriverSpending, FactorEffect, FactorInteraction, PressedCategory,
    PressureReport, PressureRow, TurnPoint,
};
pub use protocol_means::MeansTable;
pub use protocol_tables::{
    PartReport, PartTable, PublishedJudge, PublishedRange, PublishedRow, TableRow, parts_lines,
    range_text, share_text,
};
pub use rollup::{PublishedFigures, RollupFigure, RollupReport, RollupRow};
pub use run_comparison::{ComparedFigure, ComparedRun, ComparedSide, Flip, RunComparison, Within};
pub use run_report::{
    AnswersTook, CategoryReport, Distribution, FrontierPoint, Headline, PerspectiveReport,
    REPORT_FORMAT, RecordedScores, RemarkCount, RunReport, ServedModel, SliceKind, SliceReport,
    SuiteHead, TargetReport,
};
pub use specialties::{FEW, SpecialtyGrid};
pub use standing::{Calibrated, FewLabels, Standing};
pub use trend::{Trend, TrendLine, TrendRun};
