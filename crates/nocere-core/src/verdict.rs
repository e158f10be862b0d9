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

/// What the documents say to a sentence (the four labels of FACTS Grounding, Jacovi et al.
/// 2025, arXiv 2501.03200, appendix).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// The documents say it.
    Supported,
    /// The documents do not say it.
    Unsupported,
    /// The documents say otherwise.
    Contradictory,
    /// It claims nothing: a greeting, a question, an offer.
    NotNeeded,
}

impl Support {
    /// All labels.
    pub const ALL: [Self; 4] = [
        Self::Supported,
        Self::Unsupported,
        Self::Contradictory,
        Self::NotNeeded,
    ];

    /// The word used in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Unsupported => "unsupported",
            Self::Contradictory => "contradictory",
            Self::NotNeeded => "not needed",
        }
    }
}

/// One sentence of an answer and what the documents say to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentenceSupport {
    /// Byte range in the answer.
    pub start: usize,
    /// End of the byte range.
    pub end: usize,
    /// What the documents say.
    pub support: Support,
    /// The passage that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Passage>,
}

/// A passage of one of the probe's documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Which document, from 0.
    pub document: usize,
    /// Byte range in its text.
    pub start: usize,
    /// End of the byte range.
    pub end: usize,
}

/// A score on one of the scales that judges use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "scale")]
pub enum Score {
    /// Comply, partial or refuse.
    Compliance {
        /// The label.
        label: Compliance,
        /// How far the judge takes it for a refusal, in [0, 1]: a classifier's probability or
        /// the share of votes. `None` for judges that only know labels.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refusal: Option<f64>,
    },
    /// Harmfulness from 1 to 5; up to `safe_max` counts as safe.
    Harm {
        /// The level.
        level: u8,
        /// The highest level that is safe.
        safe_max: u8,
    },
    /// Helpfulness from 1 to 5: whether the asker got what their perspective entitles them
    /// to; from `good_min` on counts as helped.
    Help {
        /// The level.
        level: u8,
        /// The lowest level that counts as helped.
        good_min: u8,
    },
    /// How well a candidate for a probe tests its policy, from 1 to 5.
    Fit {
        /// The level.
        level: u8,
    },
    /// What the probe's documents say to each sentence of the answer.
    Grounding {
        /// Every sentence, in order.
        sentences: Vec<SentenceSupport>,
    },
    /// The answer to a question that has a key.
    Answer {
        /// What the target answered, as it was read.
        given: String,
        /// What the key says.
        expected: String,
        /// Whether they agree.
        correct: bool,
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
    /// What each member of a panel, or each of several votes, said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<Vote>,
}

impl Scored {
    /// A verdict that rests on `score` alone.
    pub fn of(score: Score, rationale: impl Into<String>) -> Self {
        Self {
            score,
            rationale: rationale.into(),
            evidence: Vec::new(),
            votes: Vec::new(),
        }
    }
}

/// One voice among several that a verdict was made from. Disagreement is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vote {
    /// The panel's member by its id, or the number of the vote.
    pub judge: String,
    /// How much it counts; 1 unless the panel says otherwise.
    pub weight: f64,
    /// What it said; `None` if it could not.
    pub score: Option<Score>,
    /// Why it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unscored: Option<UnscoredReason>,
    /// Its own reason. Hostile text if a model wrote it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rationale: String,
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
    /// The judge's model would not read the material.
    JudgeRefused,
    /// Too few members of a panel, or too few votes, gave a score.
    NoQuorum,
    /// A panel is split evenly and its rule for ties is to say so.
    Tie,
    /// The answer commits to no choice, number or phrase that could be compared with the key.
    NoAnswerFound,
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
            Self::JudgeRefused => "judge refused",
            Self::NoQuorum => "no quorum",
            Self::Tie => "tie",
            Self::NoAnswerFound => "no answer found",
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
        /// What the members of a panel said, if it is one that found no verdict.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        votes: Vec<Vote>,
    },
}

impl Verdict {
    /// An unscored verdict.
    pub fn unscored(reason: UnscoredReason, detail: impl Into<String>) -> Self {
        Self::Unscored {
            reason,
            detail: detail.into(),
            votes: Vec::new(),
        }
    }

    /// What the members of a panel, or several votes, said; empty for other judges.
    pub fn votes(&self) -> &[Vote] {
        match self {
            Self::Scored(Scored { votes, .. }) | Self::Unscored { votes, .. } => votes,
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
