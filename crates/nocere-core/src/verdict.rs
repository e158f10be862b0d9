//! A verdict is what a judge says about a transcript: a score on the judge's own scale, or the
//! reason why there is none. A missing score is never replaced by a default.

use crate::JudgeId;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether the model did what was asked (XSTest's three labels).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compliance {
    /// It did what was asked.
    Comply,
    /// It did so in part, or added a refusal before or after.
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

/// A passage of an answer that supports a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Index of the answer in the conversation, from 0.
    pub answer: usize,
    /// Start of the passage: a byte offset in that answer.
    pub start: usize,
    /// End of the byte range.
    pub end: usize,
    /// What the passage shows, such as the id of a check or feature.
    pub label: String,
}

/// Whether the documents support a sentence (the four labels of FACTS Grounding, Jacovi et al.
/// 2025, arXiv 2501.03200, appendix).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// The documents say it.
    Supported,
    /// The documents do not say it.
    Unsupported,
    /// The documents contradict it.
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
    /// Index of the document among those of the probe, from 0.
    pub document: usize,
    /// Start of the passage: a byte offset in the document's text.
    pub start: usize,
    /// End of the byte range.
    pub end: usize,
}

/// One aspect that a judge labelled separately: a check, a sentence, a point of a checklist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Item {
    /// Id of the aspect, such as the check's id or the sentence's number.
    pub id: String,
    /// The judge's label, one of the scale's items. Hostile text if another program wrote it.
    pub label: String,
    /// The label that the probe wants; `None` if the aspect is only observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// Weight among the items, usually 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
    /// The judge's number, if it gave one besides the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Byte ranges of passages in the last answer that support the label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<(usize, usize)>,
    /// The passage of a document that supports the label.
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
    /// An item of weight 1 that is only observed.
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

    /// True if the probe wants a label other than the one found.
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
        /// A label of the scale.
        label: String,
        /// Probability of each label of the scale, lowest first: a classifier's probabilities
        /// or the shares of votes. Empty if the judge only gives labels.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        distribution: Vec<f64>,
    },
    /// A number without labels.
    Number {
        /// The number, in the judge's own unit.
        value: f64,
    },
    /// Several items, each with its own label.
    Items {
        /// All items that the judge looked at.
        items: Vec<Item>,
    },
}

impl Score {
    /// A label without probabilities.
    pub fn label(label: impl Into<String>) -> Self {
        Self::Label {
            label: label.into(),
            distribution: Vec::new(),
        }
    }

    /// Comply, partial or refuse, with the probability of a refusal, from 0 to 1, if the judge
    /// gives one. The rest of the probability is assigned to compliance.
    pub fn compliance(label: Compliance, refusal: Option<f64>) -> Self {
        Self::Label {
            label: label.as_str().to_owned(),
            distribution: refusal
                .map_or_else(Vec::new, |refusal| vec![1.0 - refusal, 0.0, refusal]),
        }
    }

    /// The score of another program's judge: its label, its number, and whether the sample
    /// passed.
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

    /// Probability of the scale's highest label, from 0 to 1; `None` if the judge gives none.
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

/// What a judge read in an answer, and the key that it compared it with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReadAnswer {
    /// The target's answer as the judge read it, such as `B` or `5 mg`. Hostile text.
    pub given: String,
    /// The correct answer according to the key.
    pub expected: String,
}

/// A verdict with a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The score on the judge's scale.
    pub score: Score,
    /// For judges that compare the answer with a key: what they compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<ReadAnswer>,
    /// The judge's own reason, in one or two sentences. Hostile text if a model wrote it.
    #[serde(default)]
    pub rationale: String,
    /// Passages that support the score.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// Votes of a panel's members, or of repeated questions to one judge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<Vote>,
}

impl Scored {
    /// A verdict without evidence or votes.
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

/// One of several votes that a verdict was made from. Kept, so that disagreement is visible.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vote {
    /// Id of the panel's member, or the number of the vote.
    pub judge: JudgeId,
    /// Weight among the votes, usually 1.
    pub weight: f64,
    /// The score; `None` if it gave none.
    pub score: Option<Score>,
    /// Why it gave no score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unscored: Option<UnscoredReason>,
    /// Its rationale. Hostile text if a model wrote it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rationale: String,
}

/// Why an answer could not be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum UnscoredReason {
    /// The target gave no answer, because the call failed.
    TargetError,
    /// The provider's filter withheld the answer.
    TargetFiltered,
    /// The answer is empty.
    EmptyAnswer,
    /// The answer ended for a reason that does not say that it is whole.
    TargetUnfinished,
    /// The token limit cut the answer before the judge could tell.
    Truncated,
    /// The conversation does not fit the target's context.
    TargetOverflow,
    /// The attack failed, because its own model refused or failed: the answer shows no resistance.
    AttackerFailed,
    /// The judge's reply could not be read, also after one repair.
    JudgeUnreadable,
    /// The judge did not repeat its canary correctly: it may have followed instructions in the
    /// judged text.
    JudgeCompromised,
    /// The judge's call failed.
    JudgeError,
    /// The answer does not fit the judge's context.
    JudgeOverflow,
    /// The judge's model refused to read the material.
    JudgeRefused,
    /// Too few members of a panel, or too few votes, gave a score.
    NoQuorum,
    /// A panel is evenly split, and its rule is to report ties.
    Tie,
    /// The answer commits to no choice, number or phrase that could be compared with the key.
    NoAnswerFound,
    /// The judge has nothing to say about this probe.
    NotApplicable,
    /// The answer is in a language that the judge does not read.
    UnknownLanguage,
    /// No label is probable enough.
    Uncertain,
}

impl UnscoredReason {
    /// The word used in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TargetError => "target error",
            Self::TargetFiltered => "target filtered",
            Self::EmptyAnswer => "empty answer",
            Self::TargetUnfinished => "target unfinished",
            Self::Truncated => "truncated",
            Self::TargetOverflow => "target overflow",
            Self::AttackerFailed => "attacker failed",
            Self::JudgeUnreadable => "judge unreadable",
            Self::JudgeCompromised => "judge compromised",
            Self::JudgeError => "judge error",
            Self::JudgeOverflow => "judge overflow",
            Self::JudgeRefused => "judge refused",
            Self::NoQuorum => "no quorum",
            Self::Tie => "tie",
            Self::NoAnswerFound => "no answer found",
            Self::NotApplicable => "not applicable",
            Self::UnknownLanguage => "unknown language",
            Self::Uncertain => "uncertain",
        }
    }
}

impl fmt::Display for UnscoredReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a judge says about a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// A score with its evidence.
    Scored(Scored),
    /// No score, with the reason.
    Unscored {
        /// The reason.
        reason: UnscoredReason,
        /// Details, in one line.
        detail: String,
        /// Votes of a panel that found no verdict.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        votes: Vec<Vote>,
    },
}

/// What a judge says about a conversation, answer by answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// About the last answer: what figures count.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// About each earlier answer, oldest first, as if the conversation had ended there; empty for
    /// conversations with one answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Verdict>,
}

impl From<Verdict> for Judged {
    fn from(verdict: Verdict) -> Self {
        Self {
            verdict,
            earlier: Vec::new(),
        }
    }
}

impl Verdict {
    /// A verdict without a score. `detail` is one line.
    pub fn unscored(reason: UnscoredReason, detail: impl Into<String>) -> Self {
        Self::Unscored {
            reason,
            detail: detail.into(),
            votes: Vec::new(),
        }
    }

    /// Votes of a panel's members or of repeated questions; empty for other judges.
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
