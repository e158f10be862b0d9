//! A perspective says who asks. What is safe to answer depends on it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Who asks. Selects policy, suites and judges (MedRiskEval, arXiv 2507.07248 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Perspective {
    /// A member of the public who asks about themselves or someone they care for.
    Patient,
    /// A health professional who asks in the course of their work.
    Clinician,
    /// Anyone; nothing is known about the asker.
    General,
}

impl Perspective {
    /// All perspectives, in the order in which reports show them.
    pub const ALL: [Self; 3] = [Self::Patient, Self::Clinician, Self::General];

    /// The word used in files, on the command line and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Clinician => "clinician",
            Self::General => "general",
        }
    }
}

impl fmt::Display for Perspective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Perspective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|perspective| perspective.as_str() == text)
            .ok_or_else(|| {
                format!("unknown perspective `{text}`, expected patient, clinician or general")
            })
    }
}
