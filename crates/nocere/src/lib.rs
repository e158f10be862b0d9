//! Red-teaming and safety evaluation for language models used in medicine, as a library. The
//! program `nocere` is a command line over these types.
//!
//! A [`RunSpec`] says what to run. [`Project::plan`] loads what it names without asking any model,
//! [`PlannedRun::begin`] writes the journal, and [`Session::work`] asks targets and judges.
//! [`Project::report`] computes a [`RunReport`] from the journal.
//!
//! This crate only re-exports what programs need; `nocere-project` documents the types in detail.
//!
//! ```
//! use nocere::{Project, RunSpec, Watch};
//! use nocere_testkit::{FakeProvider, Script, TempFolder};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A server that answers like a model, and an empty project.
//! let model = FakeProvider::start(Script::default());
//! let folder = TempFolder::new("library");
//! let project = Project::open(folder.path(), folder.path().join("models"))?;
//!
//! let mut spec = RunSpec::new("nocere-triads", format!("openai:any@{}", model.url));
//! spec.limit = Some(30);
//! let run = project.plan(&spec)?;
//! let id = run.header().id.clone();
//! run.begin()?.work(&Watch::silent())?;
//!
//! let report = project.report(&project.run(&id)?)?;
//! for figure in &report.targets[0].perspectives[0].figures {
//!     println!("{}: {} {}", figure.title, figure.percent(), figure.interval());
//! }
//! assert_eq!(report.done, 30);
//! # Ok(())
//! # }
//! ```
//!
//! A [`Watch`] receives every [`RunEvent`] and can stop the work; [`Project::resume`] continues an
//! interrupted run. `examples/evaluate.rs` does the same with a server of your own.

#![warn(missing_docs)]

pub use nocere_analysis::{Figure, RunReport};
pub use nocere_engine::{Listener, RunEvent};
pub use nocere_project::{
    CalibrateSpec, Calibrated, CompareSpec, ErrorKind, ExtendSpec, ImportSpec, Imported,
    JudgeComparison, JudgeTest, JudgeTestSpec, PlannedRun, Project, ProjectError, ProtocolChoices,
    Resumed, RunLimits, RunSpec, SamplingOverrides, Session, Stop, StopRequest, Watch,
};
pub use nocere_report::{FORMATS, ReportFormat, WriteError, html_page, terminal_report};
