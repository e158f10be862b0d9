//! An account is what a provider counts against: one key at one address, or one local
//! server. All models behind it share its limits.
//!
//! Calls are admitted first come, first served. What the head of the line waits for is said
//! aloud: a slot, requests or tokens per minute, a pause that the server asked for, or an
//! endpoint that is down.

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

/// Different calls that fail one after another before the endpoint counts as down: then it
/// is not the request.
const DOWN_AFTER: usize = 5;
/// Longest time between two looks at an endpoint that is down.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// An endpoint that was never reached is more likely a wrong address than a restart.
const NEVER_REACHED: Duration = Duration::from_secs(3);
/// How often a waiting call looks whether the run stops.
const GLANCE: Duration = Duration::from_millis(200);

/// How a provider may be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Calls in flight at most. The window shrinks when the server has no room (additive
    /// increase, multiplicative decrease) and grows back to this.
    pub concurrency: usize,
    /// Requests per minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute, requests and answers together.
    pub tokens_per_minute: Option<u32>,
    /// How often a call is tried when the line breaks or the server fails. Waiting for room
    /// (429, 529) and for an endpoint that is down does not count.
    pub attempts: u32,
    /// Wait after the first failure; it doubles with each further one, up to a minute.
    pub backoff: Duration,
    /// Longest time for one call with all its attempts and waits.
    pub total_timeout: Duration,
    /// How long an endpoint may be down before its part of the run stops.
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

/// What a call waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A place among the calls in flight, after the server had no room.
    Window,
    /// The limit of requests per minute.
    Requests,
    /// The limit of tokens per minute.
    Tokens,
    /// The server asked to wait.
    RetryAfter(String),
    /// The call failed and is tried again.
    Backoff(String),
    /// The endpoint is down and is looked at now and then.
    Down(String),
}

impl Wait {
    /// One word for programs.
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

    /// For a progress line.
    pub fn describe(&self) -> String {
        match self {
            Self::Window => "the server has little room".to_owned(),
            Self::Requests => "limit of requests per minute".to_owned(),
            Self::Tokens => "limit of tokens per minute".to_owned(),
            Self::RetryAfter(message) => format!("the server asks to wait: {message}"),
            Self::Backoff(message) => format!("trying again: {message}"),
            Self::Down(message) => format!("endpoint down: {message}"),
        }
    }
}

/// One account.
pub struct Account {
    name: String,
    limits: Limits,
    /// The head of the line holds it, so that the others wait without working.
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
    /// A call looks whether the endpoint is back.
    looking: bool,
    closed: Option<String>,
}

/// Failures since the last success.
struct Streak {
    since: Instant,
    calls: BTreeSet<ContentHash>,
    /// Set when the endpoint counts as down: when it is looked at next, and the wait after.
    look: Option<(Instant, Duration)>,
    message: String,
}

/// A call's place among those in flight.
pub(crate) struct Permit {
    account: Arc<Account>,
    reserved: f64,
    admitted: Instant,
    /// Whether it looks if an endpoint that is down is back.
    look: bool,
}

enum Turn {
    /// The call may go; whether it looks if an endpoint that is down is back.
    Go(bool),
    Wait(Wait, Option<Duration>),
    Closed(String),
}

impl Account {
    /// An account without any calls yet. The name is for people.
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
                // A second's worth at once: the minute's limit is exceeded by 2 % at most.
                requests: bucket(limits.requests_per_minute, 1.0 / 60.0),
                tokens: bucket(limits.tokens_per_minute, 0.1),
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

    /// The name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it may be used.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a call's turn. `stopping` ends the wait with an error; so does an endpoint
    /// that stays down.
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
                    // A full window is the normal state of a busy run and no news.
                    let shrunk = self.state().window < self.limits.concurrency as f64 - 0.5;
                    let news = reason != Wait::Window || shrunk;
                    if news && said.as_ref() != Some(&reason) {
                        listener.hear(&RunEvent::waiting(&self.name, &reason, time));
                        said = Some(reason);
                    }
                    let glance = time.unwrap_or(GLANCE).min(GLANCE);
                    // Either way the loop looks again.
                    let _ = timeout(glance, self.changed.notified()).await;
                }
            }
        }
    }

    /// Whether the endpoint counts as down: then a failure says nothing about the call.
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
            // One call at a time looks whether the endpoint is back; those that were sent
            // before do not hold it up.
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
    /// The server answered, whatever it said.
    pub(crate) fn answered(self, input_tokens: u64, output_tokens: u64) {
        let mut state = self.account.state();
        state.succeeded(self.account.limits.concurrency as f64);
        if output_tokens > 0 {
            state.answer_tokens += 0.05 * (output_tokens as f64 - state.answer_tokens);
            let used = (input_tokens + output_tokens) as f64;
            if let Some(bucket) = &mut state.tokens {
                bucket.take(used - self.reserved);
            }
        }
    }

    /// The server has no room: the window shrinks, and the account waits if it was told to.
    pub(crate) fn limited(self, message: &str, retry_after: Option<Duration>) {
        let now = Instant::now();
        let mut state = self.account.state();
        state.reached = true;
        state.streak = None;
        // Calls that were sent before the window shrank say nothing about the new one.
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

    /// The call `key` failed. An endpoint that cannot be reached is down at once; one that
    /// answers with failures is down when several different calls have failed in a row.
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
        // Only a look that began when patience was over tells: what was sent before can fail
        // long after the server is back.
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
