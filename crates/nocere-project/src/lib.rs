//! Projects: everything that can be done in a project folder, as a library.
//!
//! A [`Project`] is a folder with an optional `nocere.yaml`, the user's own assets and the
//! journals of runs. Its methods plan, execute, extend and judge runs, calibrate judges, import
//! recordings, build suites and compute reports. Names of targets, judges, suites and protocols
//! are resolved here, against the configuration, the assets and the file system.
//!
//! This crate composes the others. It leaves parsing of command lines and printing to `nocere`,
//! formatting of reports to `nocere-report`, and the execution of units to `nocere-engine`.
//! Failures are [`ProjectError`]s: a message for people, its kind, and a hint if there is one.
//!
//! ```
//! use nocere_project::{ErrorKind, Project, load_suite};
//!
//! // Any folder is a project.
//! let folder = std::env::temp_dir().join(format!("nocere-project-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! let project = Project::open(&folder, folder.join("models"))?;
//! assert!(!load_suite(&project, "nocere-triads")?.probes.is_empty());
//!
//! let error = load_suite(&project, "nocere-triad").unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Usage);
//! assert_eq!(error.suggestion(), Some("did you mean `nocere-triads`?"));
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs)]

mod adaptive;
mod assets;
mod attacks;
mod build;
mod calibrate;
pub mod calibrations;
mod checkup;
mod compare_runs;
mod config;
mod defences;
mod demonstrations;
pub mod drivers;
mod error;
mod estimate;
mod export;
mod failures;
pub mod figures;
mod filled_sheet;
mod folder;
mod form_results;
mod forms;
mod gates;
mod generation_score;
mod judge_comparison;
mod judge_forms;
mod judge_test;
pub mod judges;
mod label_sheet;
mod labelled_rates;
mod labelling;
mod learned;
mod notes;
mod organisms;
pub mod policies;
mod power;
mod prices;
pub mod protocol;
pub mod public_sets;
mod report;
mod reviews;
mod samples;
mod session;
mod suites;
pub mod targets;
mod trend;
pub mod trust;
mod variables;

pub use nocere_drivers::Design;

pub use adaptive::{AdaptiveReport, AdaptiveRow, Bank, BankItem, Origin};
pub use attacks::AttackTried;
pub use build::{BuildSpec, Built};
pub use calibrate::{CalibrateSpec, Calibrated, Stored};
pub use checkup::{Checkup, Fares, Tried};
pub use config::{Config, JudgeConfig, LimitsConfig, MemberConfig, Provider, TargetConfig};
pub use demonstrations::{Contamination, Demonstration, Demonstrations, Shows, TrainingForm};
pub use error::{ErrorKind, ProjectError};
pub use estimate::{PlannedCalls, RunEstimate};
pub use export::Export;
pub use folder::{
    Project, replace_folder, user_models_folder, write_secret, write_whole, write_whole_with,
};
pub use form_results::{Agreements, Beside, FieldResult, FormResult, ScoreResult, TargetScore};
pub use forms::{FORM_COLUMNS, Field, Form, FormRow, FormsRead};
pub use gates::PlacedGate;
pub use generation_score::{USABLE, generation_score, is_usable};
pub use judge_comparison::{CompareSpec, Disagreement, JudgeComparison};
pub use judge_forms::FormMoves;
pub use judge_test::{JudgeTest, JudgeTestSpec, Moves};
pub use label_sheet::{DrawnStratum, LabelSheet, SheetRow, SheetSpec};
pub use labelled_rates::LabelledRate;
pub use labelling::{BlindRow, LabelNeed, LabelPlan, LabelsRead};
pub use learned::LearnedSearch;
pub use nocere_import::Drawn;
pub use power::{Evidence, FaultFound, SuitePower};
pub use prices::DatedPrice;
pub use reviews::ReviewsRead;
pub use samples::{ListedSample, ListedVerdict, SampleFilter, SampleOrder, Which};
pub use session::{
    ExtendSpec, ImportSpec, Imported, PlannedRun, ProtocolChoices, Resumed, RunLimits, RunSpec,
    Session, Stop, StopRequest, Watch,
};
pub use suites::{known_suites, load_suite};
pub use targets::{SamplingOverrides, model_path};
pub use trust::Trust;
