//! Errors for people: what went wrong, where, and what to do.

use std::fmt;

use nocere_engine::EngineError;
use nocere_judges::AssetError;
use nocere_models::{DownloadError, SetupError};
use nocere_store::StoreError;
use nocere_suites::{SuiteError, nearest};

/// Who can fix a failure. The program maps it to its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Wrong usage, configuration or input: the user can correct it.
    Usage,
    /// Something outside this program failed: a model, the disk, the network.
    Infrastructure,
    /// A budget is spent.
    Budget,
    /// The run is whole, but more of it failed than the user allows.
    Failed,
    /// The user stopped the work.
    Interrupted,
}

/// Why an operation on a project failed: a message, its kind, and a hint if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectError {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
}

impl ProjectError {
    /// An error of kind [`ErrorKind::Usage`]: wrong usage, configuration or input.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// An error of kind [`ErrorKind::Infrastructure`]: something outside this program failed.
    pub fn infrastructure(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Infrastructure, message)
    }

    /// An error of any kind, without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    /// A usage error for a name that is not among `known`. The hint suggests the most similar
    /// known name, or is `otherwise` if none is similar.
    pub fn unknown<'a>(
        message: impl Into<String>,
        wrong: &str,
        known: impl IntoIterator<Item = &'a str>,
        otherwise: impl Into<String>,
    ) -> Self {
        let error = Self::usage(message);
        match nearest(wrong, known.into_iter()) {
            Some(word) => error.hint(format!("did you mean `{word}`?")),
            None => error.hint(otherwise),
        }
    }

    /// Adds a hint that says what to do. Replaces an earlier one.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Who can fix the failure.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What went wrong, without the hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The hint that says what to do, if there is one.
    pub fn suggestion(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for ProjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ProjectError {}

impl From<SuiteError> for ProjectError {
    fn from(error: SuiteError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<AssetError> for ProjectError {
    fn from(error: AssetError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<SetupError> for ProjectError {
    fn from(error: SetupError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<DownloadError> for ProjectError {
    fn from(error: DownloadError) -> Self {
        Self::infrastructure(error.to_string())
    }
}

impl From<nocere_local::LocalError> for ProjectError {
    fn from(error: nocere_local::LocalError) -> Self {
        use nocere_local::LocalError;
        match error {
            LocalError::NotGguf { .. }
            | LocalError::Load { .. }
            | LocalError::Template { .. }
            | LocalError::Refused(_) => Self::usage(error.to_string()),
            _ => Self::infrastructure(error.to_string()),
        }
    }
}

impl From<StoreError> for ProjectError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoRuns { .. }
            | StoreError::NoSuchRun { .. }
            | StoreError::AmbiguousRun { .. } => Self::usage(error.to_string()),
            _ => Self::infrastructure(error.to_string()),
        }
    }
}

impl From<nocere_assets::AssetsError> for ProjectError {
    fn from(error: nocere_assets::AssetsError) -> Self {
        Self::usage(error.to_string())
            .hint("`nocere assets list` shows what ships; `nocere assets eject NAME` copies one")
    }
}

impl From<EngineError> for ProjectError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Queue(error) => error.0.into(),
            EngineError::Plan(message) => Self::usage(message),
            EngineError::Model(message) => Self::infrastructure(message),
            EngineError::Budget(message) => Self::new(ErrorKind::Budget, message),
            EngineError::Stopped => Self::new(ErrorKind::Interrupted, "stopped on request"),
        }
    }
}
