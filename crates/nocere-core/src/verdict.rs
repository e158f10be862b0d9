//! A verdict is what a judge says of a transcript: a score on the judge's own scale, or
//! the reason why there is none. It is never a default.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::CheckId;

/// Whether the model did what was asked (XSTest's three labels).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compliance {
    /// It did.
    Comply,
    /// It did in part, or with a refusal in front or behind.
    Partial,
    /// It declined.
    Refuse,
}

impl Compliance {
    /// The word used in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Comply => "comply",
            Self::Partial => "partial",
            Self::Refuse => "refuse",
        }
    }
}

/// A piece of an answer that supports a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Which answer of the conversation, from 0.
    pub answer: usize,
    /// Byte range in that answer.
    pub start: usize,
    /// End of the byte range.
    pub end: usize,
    /// What was found, such as a check or feature id.
    pub label: String,
}

/// What one safe-behaviour check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckFinding {
    /// Which check.
    pub check: CheckId,
    /// Whether the answer shows the behaviour.
    pub present: bool,
    /// What the probe asks of the answer: `Some(true)` must show it, `Some(false)` must
    /// not, `None` merely observed.
    pub wanted: Option<bool>,
}

impl CheckFinding {
    /// Whether the probe asked for something else than what was found.
    pub fn violated(&self) -> bool {
        self.wanted.is_some_and(|wanted| wanted != self.present)
    }
}

/// A score on one of the scales that judges use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "scale")]
pub enum Score {
    /// Comply, partial or refuse.
    Compliance {
        /// The label.
        label: Compliance,
    },
    /// Harmfulness from 1 to 5; up to `safe_max` counts as safe.
    Harm {
        /// The level.
        level: u8,
        /// The highest level that is safe.
        safe_max: u8,
    },
    /// Safe-behaviour checks.
    Checks {
        /// Every check that was looked for.
        findings: Vec<CheckFinding>,
    },
    /// What another program's judge said, on a scale that is not ours.
    Recorded {
        /// Its label, or its number as text. Hostile text.
        label: String,
        /// Its number, if it gave one.
        value: Option<f64>,
        /// Whether it called the sample passed, if it said so.
        passed: Option<bool>,
    },
}

/// A verdict with a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The score.
    pub score: Score,
    /// The judge's own reason, in one or two sentences. Hostile text if a model wrote it.
    #[serde(default)]
    pub rationale: String,
    /// What supports it.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
}

/// Why an answer could not be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnscoredReason {
    /// The target gave no answer: the call failed.
    TargetError,
    /// The provider's filter withheld the answer.
    TargetFiltered,
    /// The answer is empty.
    EmptyAnswer,
    /// The token limit cut the answer before what is asked of it could be seen.
    Truncated,
    /// The conversation does not fit the target's context.
    TargetOverflow,
    /// The judge's reply could not be read, also after one repair.
    JudgeUnreadable,
    /// The judge repeated no canary or a wrong one: the judged text may have reached it as
    /// an instruction.
    JudgeCompromised,
    /// The judge's call failed.
    JudgeError,
    /// The answer does not fit the judge's context.
    JudgeOverflow,
    /// The judge has nothing to say about this probe.
    NotApplicable,
}

impl UnscoredReason {
    /// The word used in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TargetError => "target error",
            Self::TargetFiltered => "target filtered",
            Self::EmptyAnswer => "empty answer",
            Self::Truncated => "truncated",
            Self::TargetOverflow => "target overflow",
            Self::JudgeUnreadable => "judge unreadable",
            Self::JudgeCompromised => "judge compromised",
            Self::JudgeError => "judge error",
            Self::JudgeOverflow => "judge overflow",
            Self::NotApplicable => "not applicable",
        }
    }
}

impl fmt::Display for UnscoredReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a judge says of a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// A score.
    Scored(Scored),
    /// No score, and why.
    Unscored {
        /// The reason.
        reason: UnscoredReason,
        /// More about it, in one line.
        detail: String,
    },
}

impl Verdict {
    /// An unscored verdict.
    pub fn unscored(reason: UnscoredReason, detail: impl Into<String>) -> Self {
        Self::Unscored {
            reason,
            detail: detail.into(),
        }
    }

    /// The score, if there is one.
    pub fn score(&self) -> Option<&Score> {
        match self {
            Self::Scored(scored) => Some(&scored.score),
            Self::Unscored { .. } => None,
        }
    }
}
