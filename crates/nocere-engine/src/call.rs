//! A metered call: looked up in the journal, admitted, paid for, retried while that makes sense,
//! and committed before its reply is used.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, ContentHash, ModelError, ModelIdentity, Money,
    Price, Purpose, Usage,
    clock::{self, Stopwatch},
    hash_json,
    key::derive_seed,
};
use nocere_queue::{Ledger, QueueError};
use nocere_store::{AttemptRecord, CallRecord};
use tokio::{sync::Notify, time::Instant};

use crate::{Account, Listener, Purse, RunEvent, Wait};

/// Number of times that a server may have no room for one call before the target stops.
const MOST_REFUSALS: u32 = 60;
/// Longest wait between two attempts, unless the server asks for a longer one.
const LONGEST_BACKOFF: Duration = Duration::from_mins(1);

/// Content address of a call: covers the model and the complete request, sample index included.
pub fn call_key(identity: &ModelIdentity, request: &ChatRequest) -> ContentHash {
    hash_json("call", &(identity, request))
}

/// A model, the account whose limits its calls count against, and its price.
#[derive(Clone)]
pub struct ModelSetup {
    /// The model itself.
    pub model: Arc<dyn ChatModel>,
    /// The account that its provider counts calls against; models can share one.
    pub account: Arc<Account>,
    /// Price of its tokens; `None` if unknown, and then its calls are recorded without a cost.
    pub price: Option<Price>,
}

/// The first fatal error of a run, target or driver. Once set, no new call starts.
#[derive(Clone, Default)]
pub(crate) struct Fatal(Arc<Mutex<Option<String>>>);

impl Fatal {
    pub(crate) fn set(&self, message: &str) {
        if let Ok(mut slot) = self.0.lock() {
            slot.get_or_insert_with(|| message.to_owned());
        }
    }

    pub(crate) fn get(&self) -> Option<String> {
        self.0.lock().ok().and_then(|slot| slot.clone())
    }
}

/// State that all calls of a run share.
pub(crate) struct Desk {
    pub(crate) journal: Arc<dyn Ledger>,
    pub(crate) purse: Arc<Purse>,
    pub(crate) listener: Arc<dyn Listener>,
    /// Set when the user asks to stop.
    pub(crate) stop: Arc<AtomicBool>,
    /// Stops the whole run.
    pub(crate) fatal: Fatal,
    in_flight: Mutex<HashMap<ContentHash, Arc<Notify>>>,
}

impl Desk {
    pub(crate) fn new(
        journal: Arc<dyn Ledger>,
        purse: Arc<Purse>,
        listener: Arc<dyn Listener>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        Self {
            journal,
            purse,
            listener,
            stop,
            fatal: Fatal::default(),
            in_flight: Mutex::default(),
        }
    }

    /// Why no further call may start; `None` while calls may.
    pub(crate) fn stopping(&self) -> Option<String> {
        self.fatal.get().or_else(|| self.purse.exhausted())
    }

    /// Claims the call for this task. If another task is making the same call, waits for a moment
    /// and returns `None`; the caller then tries again.
    async fn take(self: &Arc<Self>, key: &ContentHash) -> Option<Taken> {
        let other = {
            let mut in_flight = self
                .in_flight
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(other) = in_flight.get(key) {
                Arc::clone(other)
            } else {
                in_flight.insert(key.clone(), Arc::default());
                return Some(Taken {
                    desk: Arc::clone(self),
                    key: key.clone(),
                });
            }
        };
        // The other task may finish before we listen, so the wait is short and repeated.
        let _ = tokio::time::timeout(Duration::from_millis(50), other.notified()).await;
        None
    }
}

/// A call claimed by this task; other tasks with the same call wait for it.
struct Taken {
    desk: Arc<Desk>,
    key: ContentHash,
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut in_flight = self
            .desk
            .in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = in_flight.remove(&self.key) {
            waiting.notify_waiters();
        }
    }
}

/// A model whose calls are journaled one by one.
pub(crate) struct Metered {
    pub(crate) setup: ModelSetup,
    pub(crate) purpose: Purpose,
    pub(crate) target: Arc<str>,
    pub(crate) desk: Arc<Desk>,
    /// Where a fatal error of this model is set: it stops a target, a driver or the run.
    pub(crate) scope: Fatal,
}

impl Metered {
    fn hear(&self, event: &RunEvent<'_>) {
        self.desk.listener.hear(event);
    }

    async fn call(&self, request: &ChatRequest) -> Result<ChatReply, ModelError> {
        let key = call_key(self.setup.model.identity(), request);
        // Claim the call before looking it up, so that no other task can make it in between.
        let taken = loop {
            if let Some(taken) = self.desk.take(&key).await {
                break taken;
            }
        };
        if let Some(recorded) = self.recorded(&key).await? {
            return recorded;
        }
        let (reply, attempts, cost) = self.try_often(request, &key).await;
        match &reply {
            Err(ModelError::Stopped { .. }) => return reply,
            Err(ModelError::Fatal { message }) => return Err(self.end(message)),
            // An outcome of this conversation, but not recorded as the call's reply, so that a
            // later session can try again.
            Err(error) if error.is_retryable() => return reply,
            Ok(_) | Err(_) => {}
        }
        let record = CallRecord {
            key,
            model: self.setup.model.identity().name.clone(),
            purpose: self.purpose,
            reply: reply.clone(),
            attempts,
            cost,
        };
        self.desk
            .journal
            .put_calls(vec![record])
            .await
            .map_err(|error| self.stop_run(&error.to_string()))?;
        drop(taken);
        if let Some(cost) = cost {
            self.hear(&RunEvent::Paid {
                target: &self.target,
                cost_usd: cost.usd(),
            });
        }
        self.hear(&RunEvent::Answered {
            target: &self.target,
            purpose: self.purpose,
        });
        reply
    }

    /// The reply in this run's journal, or in the journal of a run that may be reused.
    async fn recorded(
        &self,
        key: &ContentHash,
    ) -> Result<Option<Result<ChatReply, ModelError>>, ModelError> {
        let stop = |error: QueueError| self.stop_run(&error.to_string());
        if let Some(recorded) = self.desk.journal.call(key).map_err(stop)? {
            return Ok(Some(recorded));
        }
        let Some(earlier) = self.desk.journal.earlier_call(key).map_err(stop)? else {
            return Ok(None);
        };
        let record = CallRecord {
            key: key.clone(),
            model: self.setup.model.identity().name.clone(),
            purpose: self.purpose,
            reply: earlier.clone(),
            attempts: 0,
            cost: Some(Money::ZERO),
        };
        self.desk
            .journal
            .put_calls(vec![record])
            .await
            .map_err(stop)?;
        self.hear(&RunEvent::Answered {
            target: &self.target,
            purpose: self.purpose,
        });
        Ok(Some(earlier))
    }

    /// Why this call may not start. When the user stops a run, only calls of targets are held
    /// back: answers that have arrived are still judged.
    fn stopping(&self) -> Option<String> {
        if self.purpose == Purpose::Target && self.desk.stop.load(Ordering::Relaxed) {
            return Some("stopped on request".to_owned());
        }
        self.desk.stopping().or_else(|| self.scope.get())
    }

    /// Tells the listener of a failed attempt and journals it.
    async fn note(&self, attempt: AttemptRecord) -> Result<(), ModelError> {
        self.hear(&RunEvent::AttemptFailed {
            model: &attempt.model,
            attempt: attempt.number,
            problem: &attempt.problem,
            latency_ms: attempt.latency_ms,
            wait_ms: attempt.wait_ms,
        });
        let noted = self.desk.journal.note_attempt(attempt).await;
        noted.map_err(|error| self.stop_run(&error.to_string()))
    }

    async fn try_often(
        &self,
        request: &ChatRequest,
        key: &ContentHash,
    ) -> (Result<ChatReply, ModelError>, u32, Option<Money>) {
        let limits = self.setup.account.limits();
        // Time spent waiting for a turn, or for an endpoint that is down, is not counted.
        let mut used = Duration::ZERO;
        let mut sent = 0;
        let mut failures = 0;
        let mut limited = 0;
        loop {
            let (reply, latency_ms) = match self.try_once(request, key, sent + 1).await {
                Ok(answer) => answer,
                Err(stopped) => return (Err(stopped), sent, None),
            };
            sent += 1;
            let error = match reply {
                Err(error) if error.is_retryable() => error,
                reply => {
                    let cost = self.cost(request, &reply);
                    return (reply, sent, cost);
                }
            };
            // If the endpoint is down or has no room, the failure is not this call's fault.
            let counts =
                matches!(error, ModelError::Transient { .. }) && !self.setup.account.is_down();
            failures += u32::from(counts);
            let has_no_room = matches!(error, ModelError::RateLimited { .. });
            limited += u32::from(has_no_room);
            let wait = self.backoff(&error, key, (failures + limited).max(1));
            if counts || has_no_room {
                used += Duration::from_millis(latency_ms) + wait;
            }
            let too_long = used > limits.total_timeout || limited >= MOST_REFUSALS;
            let last = failures >= limits.attempts || too_long;
            let attempt = AttemptRecord {
                key: key.clone(),
                number: sent,
                at: clock::now_utc(),
                model: self.setup.model.identity().name.clone(),
                problem: error.to_string(),
                latency_ms,
                wait_ms: (!last).then_some(wait.as_millis() as u64),
                may_cost: self.may_cost(request, &error),
            };
            if let Err(stopped) = self.note(attempt).await {
                return (Err(stopped), sent, None);
            }
            if last && has_no_room {
                // The server has no room for this call now, which is not an answer to it.
                let message = format!(
                    "{error}; the server had no room {limited} times. At most {MOST_REFUSALS} are waited for, and no longer than `total_timeout_s`"
                );
                return (Err(self.end_stopped(&message)), sent, None);
            }
            if last {
                return (Err(error), sent, None);
            }
            if counts {
                let account = self.setup.account.name();
                let reason = Wait::Backoff(error.to_string());
                self.hear(&RunEvent::waiting(account, &reason, Some(wait)));
            }
            if let Some(message) = self.sleep(wait).await {
                return (Err(ModelError::Stopped { message }), sent, None);
            }
            if counts {
                self.hear(&RunEvent::Waited {
                    account: self.setup.account.name(),
                });
            }
        }
    }

    /// Makes one request once the account admits it and the purse allows it. Returns the reply and
    /// the latency in milliseconds; the outer `Err` means that no request was made.
    async fn try_once(
        &self,
        request: &ChatRequest,
        key: &ContentHash,
        number: u32,
    ) -> Result<(Result<ChatReply, ModelError>, u64), ModelError> {
        let input_tokens = input_tokens(request);
        let max_tokens = request.sampling.max_tokens;
        let most = self.most(request).unwrap_or(Money::ZERO);
        let permit = self
            .setup
            .account
            .admit(
                input_tokens,
                max_tokens,
                self.desk.listener.as_ref(),
                &|| self.stopping(),
            )
            .await
            .map_err(|stopped| match self.stopping() {
                Some(_) => stopped,
                // The account itself is closed.
                None => self.end_stopped(&stopped.to_string()),
            })?;
        let reserved = self
            .desk
            .purse
            .reserve(most, &|| self.stopping())
            .await
            .map_err(|message| ModelError::Stopped { message })?;
        let stopwatch = Stopwatch::start();
        let reply = tokio::select! {
            reply = self.setup.model.chat(request) => reply,
            message = self.desk.purse.time_is_up() => {
                // The call may have cost what was set aside for it: nobody will say.
                reserved.settle(most);
                self.note(AttemptRecord {
                    key: key.clone(),
                    number,
                    at: clock::now_utc(),
                    model: self.setup.model.identity().name.clone(),
                    problem: "the session's time was up before it answered".to_owned(),
                    latency_ms: stopwatch.elapsed_ms(),
                    wait_ms: None,
                    may_cost: self.most(request),
                })
                .await?;
                return Err(ModelError::Stopped { message });
            }
        };
        let latency_ms = stopwatch.elapsed_ms();
        let cost = match &reply {
            Ok(_) => self.cost(request, &reply),
            Err(error) => self.may_cost(request, error),
        };
        reserved.settle(cost.unwrap_or(Money::ZERO));
        match &reply {
            Ok(reply) => permit.answered(reply.usage.input_tokens, reply.usage.output_tokens),
            Err(ModelError::RateLimited {
                message,
                retry_after_ms,
            }) => {
                let least = self.setup.account.limits().backoff;
                let pause = retry_after_ms.map(|asked| Duration::from_millis(asked).max(least));
                permit.limited(message, pause);
            }
            Err(error) if error.is_retryable() => permit.failed(key, error),
            Err(_) => permit.answered(0, 0),
        }
        Ok((reply, latency_ms))
    }

    /// The most that a request can cost; `None` if the price is unknown.
    fn most(&self, request: &ChatRequest) -> Option<Money> {
        self.setup.price.map(|price| {
            price.cost(&Usage {
                input_tokens: input_tokens(request),
                output_tokens: u64::from(request.sampling.max_tokens),
                ..Usage::default()
            })
        })
    }

    /// What a request that got no answer may have cost. Nobody says whether it was billed, and a
    /// budget that took it for nothing would not hold.
    fn may_cost(&self, request: &ChatRequest, error: &ModelError) -> Option<Money> {
        let billed = matches!(
            error,
            ModelError::Transient {
                may_be_billed: true,
                ..
            }
        );
        billed.then(|| self.most(request)).flatten()
    }

    /// The cost of a reply; `None` if the price is unknown. If the server reports no usage, it is
    /// estimated from the length of the texts: zero would certainly be wrong.
    fn cost(&self, request: &ChatRequest, reply: &Result<ChatReply, ModelError>) -> Option<Money> {
        let reply = reply.as_ref().ok()?;
        let mut usage = reply.usage;
        if usage.input_tokens == 0 && usage.output_tokens == 0 {
            let thought = reply.reasoning.as_ref().map_or(0, String::len);
            usage.input_tokens = input_tokens(request);
            usage.output_tokens = ((reply.text.len() + thought) as u64).div_ceil(4);
        }
        self.setup.price.map(|price| price.cost(&usage))
    }

    /// The wait before the next attempt: a time that doubles with each failure, up to a minute, and
    /// at least what the server asked for. It varies by up to a quarter, so that calls that failed
    /// together are not retried together. A server that asks for no wait, or for one that its
    /// clock has already seen, is not believed: it would be asked without a pause.
    fn backoff(&self, error: &ModelError, key: &ContentHash, failures: u32) -> Duration {
        let asked = match error {
            ModelError::RateLimited { retry_after_ms, .. }
            | ModelError::Transient { retry_after_ms, .. } => *retry_after_ms,
            _ => None,
        };
        let base = self.setup.account.limits().backoff;
        let doubled = base
            .saturating_mul(1 << (failures - 1).min(16))
            .min(LONGEST_BACKOFF);
        let spread = derive_seed(u64::from(failures), key.as_str()) % 1_000;
        let own = doubled.mul_f64(0.75 + spread as f64 / 2_000.0);
        own.max(Duration::from_millis(asked.unwrap_or(0)))
    }

    /// Sleeps for `time`. Returns early, with the reason, if the run stops.
    async fn sleep(&self, time: Duration) -> Option<String> {
        let until = Instant::now() + time;
        loop {
            if let Some(message) = self.stopping() {
                return Some(message);
            }
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return None;
            }
            tokio::time::sleep(rest.min(Duration::from_millis(200))).await;
        }
    }

    /// Ends everything that depends on this model, with a fatal error.
    fn end(&self, message: &str) -> ModelError {
        self.scope.set(message);
        ModelError::Fatal {
            message: message.to_owned(),
        }
    }

    /// Like [`end`](Self::end), but the call counts as not made, so that it is not an outcome of
    /// the conversation.
    fn end_stopped(&self, message: &str) -> ModelError {
        self.scope.set(message);
        ModelError::Stopped {
            message: message.to_owned(),
        }
    }

    /// Stops the whole run, because the journal cannot be used.
    fn stop_run(&self, message: &str) -> ModelError {
        self.desk.fatal.set(message);
        ModelError::Fatal {
            message: message.to_owned(),
        }
    }
}

/// Estimates the tokens of a request: four bytes a token, plus eight for the chat template.
/// Accurate enough to set tokens and money aside.
fn input_tokens(request: &ChatRequest) -> u64 {
    let characters: usize = request.messages.iter().map(|m| m.text().len()).sum();
    characters as u64 / 4 + 8
}

impl ChatModel for Metered {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        Box::pin(self.call(request))
    }

    fn identity(&self) -> &ModelIdentity {
        self.setup.model.identity()
    }
}
