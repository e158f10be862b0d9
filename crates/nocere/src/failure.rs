//! What a person reads when something went wrong: what, where, what to do.

use nocere_engine::EngineError;
use nocere_judges::AssetError;
use nocere_local::LocalError;
use nocere_models::{DownloadError, SetupError};
use nocere_report::ReportError;
use nocere_store::StoreError;
use nocere_suites::SuiteError;

/// Documented exit codes.
pub(crate) const DONE: u8 = 0;
/// A gate failed.
pub(crate) const GATE: u8 = 1;
pub(crate) const USAGE: u8 = 2;
pub(crate) const INFRASTRUCTURE: u8 = 3;
pub(crate) const BUDGET: u8 = 4;
pub(crate) const INTERRUPTED: u8 = 130;

/// One clear message with its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            code: USAGE,
        }
    }

    pub(crate) fn infrastructure(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            code: INFRASTRUCTURE,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[cfg(test)]
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    pub(crate) fn print(&self) {
        crate::output::talk(&format!("error: {}", self.message));
        if let Some(hint) = &self.hint {
            crate::output::talk(&format!("  hint: {hint}"));
        }
    }
}

impl From<SuiteError> for Failure {
    fn from(error: SuiteError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<AssetError> for Failure {
    fn from(error: AssetError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<DownloadError> for Failure {
    fn from(error: DownloadError) -> Self {
        Self::infrastructure(error.to_string())
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        match error {
            LocalError::NotGguf { .. } | LocalError::Load { .. } | LocalError::Template { .. } => {
                Self::usage(error.to_string())
            }
            _ => Self::infrastructure(error.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchRun { .. } | StoreError::AmbiguousRun { .. } => {
                Self::usage(error.to_string())
            }
            _ => Self::infrastructure(error.to_string()),
        }
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Store(error) => error.into(),
            ReportError::Page(_) => Self::infrastructure(error.to_string()),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Queue(error) => error.0.into(),
            EngineError::Plan(message) => Self::usage(message),
            EngineError::Model(message) => Self::infrastructure(message),
            EngineError::Budget(message) => Self {
                message,
                hint: None,
                code: BUDGET,
            },
            EngineError::Stopped => Self {
                message: "stopped on request".to_owned(),
                hint: None,
                code: INTERRUPTED,
            },
        }
    }
}
