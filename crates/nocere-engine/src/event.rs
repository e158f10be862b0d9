//! What a run says while it works: one stream of events, which bars, lines, JSON and pages
//! read.

use nocere_core::Purpose;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Wait;

/// Something that happened in a run. The serialised form is the contract of
/// `--progress json`: `docs/schemas/run-event.schema.json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent<'a> {
    /// A run was planned and its journal written.
    RunPlanned {
        /// The run's id.
        run: &'a str,
        /// Probes to ask.
        probes: u64,
        /// Units that are not done yet. Of a new run: probes by targets by epochs.
        units: u64,
    },
    /// Something that the user should know and that stops nothing.
    Note {
        /// One sentence.
        text: &'a str,
    },
    /// Work on a run begins or continues.
    RunStarted {
        /// The run's id.
        run: &'a str,
        /// US dollars spent on the run before, in all its sessions.
        cost_usd: f64,
    },
    /// The part of a run that belongs to one target begins.
    TargetStarted {
        /// The target's id.
        target: &'a str,
        /// The account that it is asked through; none if all its answers are recorded.
        account: Option<&'a str>,
        /// Units that were done before.
        done: u64,
        /// Units in all.
        total: u64,
    },
    /// A model answered a call of one of the target's units.
    Answered {
        /// The target's id.
        target: &'a str,
        /// What the call was for.
        #[schemars(with = "String")]
        purpose: Purpose,
    },
    /// A call was paid for.
    Paid {
        /// The target's id.
        target: &'a str,
        /// Its price in US dollars.
        cost_usd: f64,
    },
    /// An attempt at a call failed.
    AttemptFailed {
        /// The model's name.
        model: &'a str,
        /// Number of the attempt, from 1.
        attempt: u32,
        /// What went wrong, in one line.
        problem: &'a str,
        /// Milliseconds until it was known.
        latency_ms: u64,
        /// Milliseconds until the next attempt; none if there is no next one.
        wait_ms: Option<u64>,
    },
    /// Calls of an account wait.
    Waiting {
        /// The account's name.
        account: &'a str,
        /// What for, in one word.
        kind: &'a str,
        /// What for, in a sentence.
        reason: String,
        /// For how long, if that is known.
        seconds: Option<f64>,
    },
    /// The wait of an account is over.
    Waited {
        /// The account's name.
        account: &'a str,
    },
    /// A unit's transcript and verdicts are in the journal.
    UnitDone {
        /// The target's id.
        target: &'a str,
    },
    /// How far a target is: at most one a second, made from the events above by whoever
    /// shows a run.
    Progress {
        /// The target's id.
        target: &'a str,
        /// Units in the journal.
        done: u64,
        /// Answers of the target, which come before their units are in the journal.
        answered: u64,
        /// Units in all.
        total: u64,
        /// Units per second in this session.
        per_second: f64,
        /// US dollars spent on it in this session.
        cost_usd: f64,
        /// Estimated seconds until it is done.
        seconds_left: Option<u64>,
        /// What its account waits for.
        waiting: Option<&'a str>,
    },
    /// The part of a run that belongs to one target ends before its last unit.
    TargetStopped {
        /// The target's id.
        target: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// Work on a run ends, finished or not.
    RunEnded {
        /// The run's id.
        run: &'a str,
        /// Units in the journal.
        done: u64,
        /// US dollars spent on the run, in all its sessions.
        cost_usd: f64,
        /// Attempts that failed in this session.
        failed_attempts: u64,
    },
}

impl<'a> RunEvent<'a> {
    pub(crate) fn waiting(
        account: &'a str,
        wait: &Wait,
        time: Option<std::time::Duration>,
    ) -> Self {
        Self::Waiting {
            account,
            kind: wait.kind(),
            reason: wait.describe(),
            seconds: time.map(|time| time.as_secs_f64()),
        }
    }
}

/// Hears the events of a run. Called from the loop that moves bytes: be quick.
pub trait Listener: Send + Sync {
    /// Something happened.
    fn hear(&self, event: &RunEvent<'_>);
}

impl<F: Fn(&RunEvent<'_>) + Send + Sync> Listener for F {
    fn hear(&self, event: &RunEvent<'_>) {
        self(event);
    }
}

/// Hears nothing.
pub struct Silent;

impl Listener for Silent {
    fn hear(&self, _event: &RunEvent<'_>) {}
}
