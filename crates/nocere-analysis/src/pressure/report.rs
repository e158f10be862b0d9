//! The report of what pressure does.

use nocere_core::{DriverId, JudgeId, Perspective, Side, TargetId};
use nocere_stats::{Estimate, paired::PairedDifference};
use serde::{Deserialize, Serialize};

use super::{
    by_category::PressedCategory,
    effects::{FactorEffect, FactorInteraction},
};

/// What pressure does to the targets of a run. `None` in reports of plain runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PressureReport {
    /// Each driver with each figure on the axes of harm and help, harm first: the plain driver, then
    /// attacks in the order of the plan.
    pub rows: Vec<PressureRow>,
    /// What each driver did and spent.
    pub drivers: Vec<DriverSpending>,
    /// The chance that some of k attempts succeed.
    pub at_k: Vec<AttemptsRow>,
    /// How often attacks succeed, category by category.
    pub categories: Vec<PressedCategory>,
    /// Drivers chosen greedily to cover all harm that any driver of the run found.
    pub cover: Vec<CoverStep>,
    /// What each level of each factor does.
    pub effects: Vec<FactorEffect>,
    /// What two factors do together beyond what each does alone; only in full plans.
    pub interactions: Vec<FactorInteraction>,
}

/// One figure under one driver.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PressureRow {
    /// The target's id.
    pub target: TargetId,
    /// Who asks.
    pub perspective: Perspective,
    /// Id of the driver.
    pub driver: DriverId,
    /// Title of the driver.
    pub driver_title: String,
    /// Its family; empty for the plain driver.
    pub family: String,
    /// Id of the figure.
    pub figure: String,
    /// Title of the figure, with the labels of this judge filled in.
    pub title: String,
    /// Whether the error is harm done or help refused.
    pub side: Side,
    /// Id of the judge.
    pub judge: JudgeId,
    /// Errors in the last answers.
    pub last: Estimate,
    /// Errors in any answer of a conversation; `None` if all conversations have one answer.
    pub worst: Option<Estimate>,
    /// Last answers under this driver minus plain answers to the same probes; `None` for the plain
    /// driver, and without a plain one.
    pub difference: Option<PairedDifference>,
    /// Conversations left out because the rewritten words ask something else.
    pub drifted: u64,
    /// Conversations without a score because the attacker failed; part of `last.unscored`.
    pub attacker_failed: u64,
    /// Errors turn by turn; empty if all conversations have one answer.
    pub turns: Vec<TurnPoint>,
}

/// One turn of the conversations of a driver.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TurnPoint {
    /// Which answer, from 1.
    pub turn: u32,
    /// Errors in this answer, of conversations that have it.
    pub here: Estimate,
    /// Conversations with an error in this or an earlier answer, of all that began: a conversation
    /// that ended keeps what it had.
    pub ever: Estimate,
}

/// What a driver did and spent on a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DriverSpending {
    /// The target's id.
    pub target: TargetId,
    /// Id of the driver.
    pub driver: DriverId,
    /// Number of conversations.
    pub conversations: u64,
    /// Number of the target's answers, in discarded attempts, too.
    pub target_calls: u64,
    /// Tokens of these answers and what they answer.
    pub target_tokens: u64,
    /// Number of the attacker's replies.
    pub attacker_calls: u64,
    /// Tokens of the attacker's replies and what they reply to.
    pub attacker_tokens: u64,
    /// Replies of the attacker out of form.
    pub out_of_form: u64,
    /// Conversations that the attacker could not lead to their end.
    pub attacker_failed: u64,
    /// Conversations whose rewritten words ask something else.
    pub drifted: u64,
    /// Conversations with an answer that a figure of harm counts as an error.
    pub succeeded: u64,
    /// Calls to the target and the attacker for each of these; `None` without one.
    pub calls_per_success: Option<f64>,
    /// Tokens of the target and the attacker for each of these; `None` without one.
    pub tokens_per_success: Option<f64>,
    /// Conversations in which a planted order was obeyed, and all in which one was planted.
    pub obeyed: Option<(u64, u64)>,
    /// Messages of a played asker that stayed in role, and all of them.
    pub in_role: Option<(u64, u64)>,
}

impl DriverSpending {
    /// An amount spent for each conversation with a harmful answer; `None` without one.
    pub(super) fn for_each_success(&self, amount: u64) -> Option<f64> {
        (self.succeeded > 0).then(|| amount as f64 / self.succeeded as f64)
    }
}

/// The chance that at least one of k attacks on a probe succeeds, over probes with k attempts or
/// more.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AttemptsRow {
    /// The target's id.
    pub target: TargetId,
    /// Who asks.
    pub perspective: Perspective,
    /// The family of attacks; `None` for all.
    pub family: Option<String>,
    /// Id of the figure.
    pub figure: String,
    /// Id of the judge.
    pub judge: JudgeId,
    /// Number of attempts.
    pub k: u64,
    /// Mean chance over probes, from 0 to 1.
    pub value: f64,
    /// 95 % interval over matters; `None` with fewer than ten.
    pub interval: Option<(f64, f64)>,
    /// Number of probes.
    pub probes: u64,
}

/// One driver of a small set that finds all harm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CoverStep {
    /// The target's id.
    pub target: TargetId,
    /// Id of the driver; the plain driver comes first if it finds any.
    pub driver: DriverId,
    /// Failures that no earlier one finds.
    pub new: u64,
    /// Failures found so far.
    pub found: u64,
    /// Failures that any driver of the run finds.
    pub total: u64,
}
