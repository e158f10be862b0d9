//! An account is the unit that a provider applies its limits to: one key at one address, or one
//! local server. All models behind it share the limits.
//!
//! Calls are admitted first come, first served. The reason why the first in line waits is
//! reported as an event: a slot, requests or tokens per minute, a pause that the server asked
//! for, or an endpoint that is down.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use nocere_core::{ContentHash, ModelError};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

use crate::{Listener, RunEvent, bucket::Bucket};

/// Number of different calls that must fail in a row before the endpoint counts as down: a
/// single bad request cannot be the cause then.
const DOWN_AFTER: usize = 5;
/// Longest time between two checks of an endpoint that is down.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Patience with an endpoint that was never reached: a wrong address is more likely than a
/// restart.
const NEVER_REACHED: Duration = Duration::from_secs(3);
/// How often a waiting call checks whether the run stops.
const GLANCE: Duration = Duration::from_millis(200);

/// The limits that apply to all calls through one account.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Maximum number of calls in flight. The actual window shrinks when the server has no room
    /// and grows back to this (additive increase, multiplicative decrease).
    pub concurrency: usize,
    /// Maximum number of requests per minute; `None` for no limit.
    pub requests_per_minute: Option<u32>,
    /// Maximum number of tokens per minute, of requests and answers together; `None` for no limit.
    pub tokens_per_minute: Option<u32>,
    /// Maximum number of attempts at a call when the network or the server fails. Attempts that
    /// were rate-limited (429, 529) or met an endpoint that is down do not count.
    pub attempts: u32,
    /// Wait after the first failed attempt; doubles with each further one, up to a minute.
    pub backoff: Duration,
    /// Longest time for one call: attempts and the waits between them.
    pub total_timeout: Duration,
    /// How long an endpoint may be down before the work that depends on it stops.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 16,
            requests_per_minute: None,
            tokens_per_minute: None,
            attempts: 6,
            backoff: Duration::from_millis(500),
            total_timeout: Duration::from_mins(30),
            patience: Duration::from_mins(2),
        }
    }
}

/// Why a call waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The window of calls in flight is full.
    Window,
    /// The limit of requests per minute is reached.
    Requests,
    /// The limit of tokens per minute is reached.
    Tokens,
    /// The server asked to wait; with its message.
    RetryAfter(String),
    /// The call failed and is retried; with the error.
    Backoff(String),
    /// The endpoint is down and checked from time to time; with the last error.
    Down(String),
}

impl Wait {
    /// The reason as one word for programs, such as `retry_after`. Part of the event contract.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Requests => "requests_per_minute",
            Self::Tokens => "tokens_per_minute",
            Self::RetryAfter(_) => "retry_after",
            Self::Backoff(_) => "backoff",
            Self::Down(_) => "down",
        }
    }

    /// The reason in a few words, for a progress line.
    pub fn describe(&self) -> String {
        match self {
            Self::Window => "the server has little room".to_owned(),
            Self::Requests => "limit of requests per minute".to_owned(),
            Self::Tokens => "limit of tokens per minute".to_owned(),
            Self::RetryAfter(message) => format!("the server asks to wait: {message}"),
            Self::Backoff(message) => format!("retrying: {message}"),
            Self::Down(message) => format!("endpoint down: {message}"),
        }
    }
}

/// The limits of one account and its current load.
pub struct Account {
    name: String,
    limits: Limits,
    /// Held by the first call in line, so that the others wait without polling.
    line: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    window: f64,
    in_flight: usize,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    /// Mean tokens of recent answers.
    answer_tokens: f64,
    paused: Option<(Instant, String)>,
    shrunk: Option<Instant>,
    reached: bool,
    streak: Option<Streak>,
    /// A call is in flight that checks whether the endpoint is back.
    looking: bool,
    closed: Option<String>,
}

/// Failures since the last success.
struct Streak {
    since: Instant,
    calls: BTreeSet<ContentHash>,
    /// Set when the endpoint counts as down: time of the next check, and the wait after it.
    look: Option<(Instant, Duration)>,
    message: String,
}

/// A call's slot among those in flight; dropping it frees the slot.
pub(crate) struct Permit {
    account: Arc<Account>,
    reserved: f64,
    admitted: Instant,
    /// Whether the call checks if an endpoint that is down is back.
    look: bool,
}

enum Turn {
    /// The call may start; true if it checks whether an endpoint that is down is back.
    Go(bool),
    Wait(Wait, Option<Duration>),
    Closed(String),
}

impl Account {
    /// An account without calls so far. `name` is shown to people and need not be unique.
    pub fn new(name: impl Into<String>, limits: Limits) -> Arc<Self> {
        let now = Instant::now();
        let bucket = |per_minute: Option<u32>, burst: f64| {
            per_minute.map(|per_minute| Bucket::new(f64::from(per_minute), burst, now))
        };
        Arc::new(Self {
            name: name.into(),
            line: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
            state: Mutex::new(State {
                window: limits.concurrency.max(1) as f64,
                in_flight: 0,
                // A burst of one second's worth exceeds the minute's limit by 2 % at most.
                requests: bucket(limits.requests_per_minute, 1.0 / 60.0),
                tokens: bucket(limits.tokens_per_minute, 0.1),
                // A typical answer, until real ones have been seen.
                answer_tokens: 200.0,
                paused: None,
                shrunk: None,
                reached: false,
                streak: None,
                looking: false,
                closed: None,
            }),
            limits,
        })
    }

    /// The name that people are shown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The limits that were configured.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a call may start. Fails if `stopping` gives a reason, or if the endpoint stays
    /// down for longer than the limits allow.
    pub(crate) async fn admit(
        self: &Arc<Self>,
        input_tokens: u64,
        max_tokens: u32,
        listener: &dyn Listener,
        stopping: &(dyn Fn() -> Option<String> + Send + Sync),
    ) -> Result<Permit, ModelError> {
        let _line = self.line.lock().await;
        let mut said: Option<Wait> = None;
        loop {
            if let Some(message) = stopping() {
                return Err(ModelError::Stopped { message });
            }
            let (turn, reserved) = {
                let mut state = self.state();
                let answer = state.answer_tokens.min(f64::from(max_tokens));
                let wanted = input_tokens as f64 + answer;
                (state.turn(wanted, Instant::now()), wanted)
            };
            match turn {
                Turn::Go(look) => {
                    if said.is_some() {
                        listener.hear(&RunEvent::Waited {
                            account: &self.name,
                        });
                    }
                    return Ok(Permit {
                        account: Arc::clone(self),
                        reserved,
                        admitted: Instant::now(),
                        look,
                    });
                }
                Turn::Closed(message) => return Err(ModelError::Stopped { message }),
                Turn::Wait(reason, time) => {
                    // A full window is normal in a busy run and not worth an event.
                    let shrunk = self.state().window < self.limits.concurrency as f64 - 0.5;
                    let news = reason != Wait::Window || shrunk;
                    if news && said.as_ref() != Some(&reason) {
                        listener.hear(&RunEvent::waiting(&self.name, &reason, time));
                        said = Some(reason);
                    }
                    let glance = time.unwrap_or(GLANCE).min(GLANCE);
                    // Notified or timed out, the loop checks again.
                    let _ = timeout(glance, self.changed.notified()).await;
                }
            }
        }
    }

    /// Whether the endpoint counts as down. If so, a failed call is not to blame.
    pub(crate) fn is_down(&self) -> bool {
        self.state()
            .streak
            .as_ref()
            .is_some_and(|streak| streak.look.is_some())
    }
}

impl State {
    fn turn(&mut self, tokens: f64, now: Instant) -> Turn {
        if let Some(message) = &self.closed {
            return Turn::Closed(message.clone());
        }
        if let Some((until, message)) = &self.paused {
            if *until > now {
                return Turn::Wait(Wait::RetryAfter(message.clone()), Some(*until - now));
            }
            self.paused = None;
        }
        if let Some(streak) = &mut self.streak
            && let Some((at, gap)) = &mut streak.look
        {
            // One call at a time checks whether the endpoint is back. Calls that were sent
            // before it went down do not delay the check.
            if *at > now || self.looking {
                let time = (*at > now).then(|| *at - now);
                return Turn::Wait(Wait::Down(streak.message.clone()), time);
            }
            *gap = (*gap * 2).min(LOOK_EVERY);
            *at = now + *gap;
            self.looking = true;
            self.in_flight += 1;
            return Turn::Go(true);
        }
        if self.in_flight as f64 >= self.window.floor().max(1.0) {
            return Turn::Wait(Wait::Window, None);
        }
        if let Some(time) = self
            .requests
            .as_mut()
            .and_then(|bucket| bucket.wait(1.0, now))
        {
            return Turn::Wait(Wait::Requests, Some(time));
        }
        if let Some(time) = self
            .tokens
            .as_mut()
            .and_then(|bucket| bucket.wait(tokens, now))
        {
            return Turn::Wait(Wait::Tokens, Some(time));
        }
        if let Some(bucket) = &mut self.requests {
            bucket.take(1.0);
        }
        if let Some(bucket) = &mut self.tokens {
            bucket.take(tokens);
        }
        self.in_flight += 1;
        Turn::Go(false)
    }

    fn succeeded(&mut self, max_window: f64) {
        self.reached = true;
        self.streak = None;
        self.window = (self.window + 1.0 / self.window).min(max_window);
    }
}

impl Permit {
    /// The server answered. Zero tokens mean that it reported no usage.
    pub(crate) fn answered(self, input_tokens: u64, output_tokens: u64) {
        let mut state = self.account.state();
        state.succeeded(self.account.limits.concurrency as f64);
        if output_tokens > 0 {
            // Exponential moving average: the last 20 or so answers dominate.
            state.answer_tokens += 0.05 * (output_tokens as f64 - state.answer_tokens);
            let used = (input_tokens + output_tokens) as f64;
            if let Some(bucket) = &mut state.tokens {
                bucket.take(used - self.reserved);
            }
        }
    }

    /// The server has no room: shrinks the window, and pauses the account if the server asked for
    /// it.
    pub(crate) fn limited(self, message: &str, retry_after: Option<Duration>) {
        let now = Instant::now();
        let mut state = self.account.state();
        state.reached = true;
        state.streak = None;
        // Calls that were sent before the window last shrank say nothing about its new size.
        if state.shrunk.is_none_or(|at| self.admitted > at) {
            state.window = (state.window * 0.7).max(1.0);
            state.shrunk = Some(now);
        }
        if let Some(time) = retry_after {
            let until = now + time;
            if state.paused.as_ref().is_none_or(|(at, _)| *at < until) {
                state.paused = Some((until, message.to_owned()));
            }
        }
    }

    /// The call `key` failed. An endpoint that cannot be reached counts as down at once; one that
    /// answers with failures does so after several different calls have failed in a row.
    pub(crate) fn failed(self, key: &ContentHash, error: &ModelError) {
        let now = Instant::now();
        let unreachable = matches!(error, ModelError::Unreachable { .. });
        let limits = &self.account.limits;
        let mut state = self.account.state();
        state.reached |= !unreachable;
        let patience = if state.reached {
            limits.patience
        } else {
            limits.patience.min(NEVER_REACHED)
        };
        let streak = state.streak.get_or_insert_with(|| Streak {
            since: now,
            calls: BTreeSet::new(),
            look: None,
            message: String::new(),
        });
        streak.message = error.to_string();
        streak.calls.insert(key.clone());
        if streak.look.is_none() && (unreachable || streak.calls.len() >= DOWN_AFTER) {
            let gap = Duration::from_millis(500).min(limits.backoff);
            streak.look = Some((now + gap, gap));
        }
        // Only a check that started after the patience ran out is decisive: a call sent
        // before can fail long after the server is back.
        let given_up = self.look && self.admitted - streak.since >= patience;
        if given_up {
            let message = format!(
                "{}; {} was down for {} s",
                streak.message,
                self.account.name,
                (now - streak.since).as_secs()
            );
            state.closed = Some(message);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        {
            let mut state = self.account.state();
            state.in_flight = state.in_flight.saturating_sub(1);
            if self.look {
                state.looking = false;
            }
        }
        self.account.changed.notify_one();
    }
}

#[cfg(test)]
mod tests;
