//! A project folder: its configuration, and everything that can be done in it.

mod assets;
mod build;
mod calibrate;
pub mod calibrations;
mod config;
mod drivers;
mod error;
pub mod figures;
mod folder;
mod judge_comparison;
mod judge_test;
pub mod judges;
mod labelled_rates;
pub mod policies;
pub mod protocol;
pub mod public_sets;
mod report;
mod session;
mod suites;
pub mod targets;

pub use build::{BuildSpec, Built};
pub use calibrate::{CalibrateSpec, Calibrated, Stored};
pub use config::{Config, JudgeConfig, LimitsConfig, MemberConfig, Provider, TargetConfig};
pub use error::{ErrorKind, ProjectError};
pub use folder::{Project, user_models_folder, write_whole, write_whole_with};
pub use judge_comparison::{CompareSpec, Disagreement, JudgeComparison};
pub use judge_test::{JudgeTest, JudgeTestSpec, Moves};
pub use labelled_rates::LabelledRate;
pub use session::{
    ExtendSpec, ImportSpec, Imported, PlannedRun, ProtocolChoices, Resumed, RunLimits, RunSpec,
    Session, Stop, StopRequest, Watch,
};
pub use suites::{known_suites, load_suite};
pub use targets::{SamplingOverrides, model_path};
