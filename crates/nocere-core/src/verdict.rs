//! A verdict is what a judge says of a transcript: a score on the judge's own scale, or
//! the reason why there is none. It is never a default.

use std::fmt;

use serde::{Deserialize, Serialize};

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

/// A passage of one of the probe's documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Passage {
    /// Which document, from 0.
    pub document: usize,
    /// Byte range in its text.
    pub start: usize,
    /// End of the byte range.
    pub end: usize,
}

/// One thing that a judge looked at by itself: a check, a sentence, a point of a checklist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Item {
    /// What it is: the check's id, the sentence's number.
    pub id: String,
    /// What was found, a label of the scale's items. Hostile text if another program wrote it.
    pub label: String,
    /// The label that the probe wants; `None` if it is merely observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// How much it counts; 1 unless the judge says otherwise.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
    /// A number, where the judge gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Byte ranges in the last answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<(usize, usize)>,
    /// The passage of a document that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Passage>,
}

fn one() -> f64 {
    1.0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_one(weight: &f64) -> bool {
    (*weight - 1.0).abs() < f64::EPSILON
}

impl Item {
    /// An item of weight 1 that is merely observed.
    pub fn new(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            wanted: None,
            weight: one(),
            value: None,
            spans: Vec::new(),
            source: None,
        }
    }

    /// True if the probe wants another label than was found.
    pub fn is_violated(&self) -> bool {
        self.wanted
            .as_ref()
            .is_some_and(|wanted| *wanted != self.label)
    }
}

/// A score on the judge's scale, in one of three shapes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "shape")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Score {
    /// One label of the scale.
    Label {
        /// The label.
        label: String,
        /// How likely the judge holds each label of the scale, lowest first: a classifier's
        /// probabilities or the shares of votes. Empty for judges that only know labels.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        distribution: Vec<f64>,
    },
    /// A number.
    Number {
        /// The number.
        value: f64,
    },
    /// Several things, each with a label of its own.
    Items {
        /// Every one that was looked at.
        items: Vec<Item>,
    },
}

impl Score {
    /// A label about which the judge says no more.
    pub fn label(label: impl Into<String>) -> Self {
        Self::Label {
            label: label.into(),
            distribution: Vec::new(),
        }
    }

    /// Comply, partial or refuse, with the probability of a refusal if the judge has one. The
    /// rest of the probability is that of compliance.
    pub fn compliance(label: Compliance, refusal: Option<f64>) -> Self {
        Self::Label {
            label: label.as_str().to_owned(),
            distribution: refusal
                .map_or_else(Vec::new, |refusal| vec![1.0 - refusal, 0.0, refusal]),
        }
    }

    /// What another program's judge said: its label, its number, and whether it called the
    /// sample passed.
    pub fn recorded(label: String, value: Option<f64>, passed: Option<bool>) -> Self {
        let said = Item {
            value,
            ..Item::new("said", label)
        };
        let passed = passed.map(|passed| Item::new("passed", if passed { "yes" } else { "no" }));
        Self::Items {
            items: std::iter::once(said).chain(passed).collect(),
        }
    }

    /// How likely the judge holds the scale's highest label; `None` if it does not say.
    pub fn top(&self) -> Option<f64> {
        match self {
            Self::Label { distribution, .. } => distribution.last().copied(),
            Self::Number { .. } | Self::Items { .. } => None,
        }
    }

    /// The items; empty for other shapes.
    pub fn items(&self) -> &[Item] {
        match self {
            Self::Items { items } => items,
            Self::Label { .. } | Self::Number { .. } => &[],
        }
    }
}

/// What a judge read in an answer, and what it compared it with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReadAnswer {
    /// What the target answered, as it was read. Hostile text.
    pub given: String,
    /// What the key says.
    pub expected: String,
}

/// A verdict with a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The score.
    pub score: Score,
    /// What it read, for judges that compare the answer with a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<ReadAnswer>,
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
            read: None,
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
