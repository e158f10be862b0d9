//! Events of a run in progress: one stream, from which progress bars, lines, JSON and pages are
//! made.

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
    /// Something that the user should know and that does not stop the run.
    Note {
        /// One sentence.
        text: &'a str,
    },
    /// Work on a run begins or continues.
    RunStarted {
        /// The run's id.
        run: &'a str,
        /// US dollars spent in earlier sessions of the run.
        cost_usd: f64,
    },
    /// Work on one target begins.
    TargetStarted {
        /// The target's id.
        target: &'a str,
        /// The account that it is asked through; `null` if all its answers are recorded.
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
    /// A call with a known price was answered.
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
        /// Milliseconds from the request to the failure.
        latency_ms: u64,
        /// Milliseconds until the next attempt; `null` if there is none.
        wait_ms: Option<u64>,
    },
    /// Calls through an account have to wait.
    Waiting {
        /// The account's name.
        account: &'a str,
        /// The reason, as one word for programs, such as `retry_after`.
        kind: &'a str,
        /// The reason, for people.
        reason: String,
        /// How long they wait, in seconds, if that is known.
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
    /// The progress of a target, at most once a second. Computed from the events above by the
    /// program that displays the run; the engine itself never sends it.
    Progress {
        /// The target's id.
        target: &'a str,
        /// Units in the journal.
        done: u64,
        /// Answers of the target so far. Runs ahead of `done`, because answers are still to be judged.
        answered: u64,
        /// Units in all.
        total: u64,
        /// Units per second in this session.
        per_second: f64,
        /// US dollars spent on it in this session.
        cost_usd: f64,
        /// Estimated seconds until it is done.
        seconds_left: Option<u64>,
        /// The reason why its account waits, if it does.
        waiting: Option<&'a str>,
    },
    /// Work on one target ends before its last unit.
    TargetStopped {
        /// The target's id.
        target: &'a str,
        /// Why it ends.
        reason: &'a str,
    },
    /// Work on a run ends, finished or not.
    RunEnded {
        /// The run's id.
        run: &'a str,
        /// Units in the journal.
        done: u64,
        /// US dollars spent in all sessions of the run.
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

/// Receives the events of a run. Called on the async threads that handle replies, so it must
/// return quickly.
pub trait Listener: Send + Sync {
    /// Receives one event.
    fn hear(&self, event: &RunEvent<'_>);
}

impl<F: Fn(&RunEvent<'_>) + Send + Sync> Listener for F {
    fn hear(&self, event: &RunEvent<'_>) {
        self(event);
    }
}

/// A listener that ignores all events.
pub struct Silent;

impl Listener for Silent {
    fn hear(&self, _event: &RunEvent<'_>) {}
}
