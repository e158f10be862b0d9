//! A gate gathers the calls of a group of conversations and makes them together.
//!
//! Models in this process compute several answers at once, and floating-point results can
//! depend on which ones. The gate therefore makes calls only when every conversation of the
//! group has either asked for one or ended, so that the plan alone determines what is computed
//! together. The replies of one round are committed in one transaction: a resumed run finds a
//! round either complete or not at all.

use std::sync::{Arc, Mutex};

use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, ContentHash, ModelError, ModelIdentity, Money,
    Purpose,
};
use nocere_store::CallRecord;
use tokio::sync::oneshot;

use crate::{
    RunEvent,
    call::{Desk, call_key},
};

/// The calls of one group.
pub(crate) struct Gate {
    state: Mutex<State>,
    desk: Arc<Desk>,
    target: Arc<str>,
}

struct State {
    /// Number of conversations that have not ended.
    live: usize,
    parked: Vec<Parked>,
    /// Set when a conversation was lost: no call may wait any longer.
    closed: bool,
}

struct Parked {
    /// Index of the conversation in the group.
    place: usize,
    model: Arc<dyn ChatModel>,
    purpose: Purpose,
    key: ContentHash,
    request: ChatRequest,
    reply: oneshot::Sender<Result<ChatReply, ModelError>>,
}

impl Gate {
    pub(crate) fn new(live: usize, desk: Arc<Desk>, target: Arc<str>) -> Self {
        Self {
            state: Mutex::new(State {
                live,
                parked: Vec::new(),
                closed: false,
            }),
            desk,
            target,
        }
    }

    /// Records that a conversation has ended, which may complete the round of the others.
    async fn leave(&self) {
        let round = self.state.lock().ok().and_then(|mut state| {
            state.live = state.live.saturating_sub(1);
            state.take_round()
        });
        if let Some(round) = round {
            self.flush(round).await;
        }
    }

    /// Records that a conversation was lost, so that the others do not wait for it forever.
    fn abandon(&self) {
        self.desk
            .fatal
            .set("a conversation was lost to an internal error");
        if let Ok(mut state) = self.state.lock() {
            // Dropping the parked calls wakes the conversations that wait for them.
            state.closed = true;
            state.parked.clear();
        }
    }

    async fn call(
        &self,
        parked: Parked,
        answer: oneshot::Receiver<Result<ChatReply, ModelError>>,
    ) -> Result<ChatReply, ModelError> {
        match self.desk.journal.call(&parked.key) {
            Ok(Some(recorded)) => return recorded,
            Ok(None) => {}
            Err(error) => return Err(self.stop(&error.to_string())),
        }
        // A reply that is no longer needed would only waste time.
        if let Some(message) = self.desk.stopping() {
            return Err(ModelError::Stopped { message });
        }
        let round = match self.state.lock() {
            // If it were parked now, the call would wait for a round that never comes.
            Ok(state) if state.closed => {
                return Err(ModelError::Fatal {
                    message: "the group was abandoned".to_owned(),
                });
            }
            Ok(mut state) => {
                state.parked.push(parked);
                state.take_round()
            }
            Err(_) => return Err(self.stop("a conversation panicked")),
        };
        if let Some(round) = round {
            self.flush(round).await;
        }
        answer
            .await
            .unwrap_or_else(|_| Err(self.stop("the group was abandoned")))
    }

    /// Makes the calls of a round, model by model, in an order that depends on the plan alone.
    async fn flush(&self, mut round: Vec<Parked>) {
        round.sort_by(|a, b| {
            (&a.model.identity().name, a.place).cmp(&(&b.model.identity().name, b.place))
        });
        while !round.is_empty() {
            let name = round[0].model.identity().name.clone();
            let end = round
                .iter()
                .position(|parked| parked.model.identity().name != name)
                .unwrap_or(round.len());
            let batch: Vec<Parked> = round.drain(..end).collect();
            self.flush_model(batch).await;
        }
    }

    async fn flush_model(&self, batch: Vec<Parked>) {
        let Some(model) = batch.first().map(|parked| Arc::clone(&parked.model)) else {
            return;
        };
        if let Err(message) = self.pay(batch.len()).await {
            refuse(batch, &message);
            return;
        }
        let requests: Vec<ChatRequest> =
            batch.iter().map(|parked| parked.request.clone()).collect();
        let listener = Arc::clone(&self.desk.listener);
        let purpose = batch
            .first()
            .map_or(Purpose::Target, |parked| parked.purpose);
        let answered = || {
            listener.hear(&RunEvent::Answered {
                target: &self.target,
                purpose,
            });
        };
        let replies = tokio::select! {
            replies = model.chat_group(&requests, &answered) => replies,
            // The group is computed anew when the run is resumed.
            message = self.desk.purse.time_is_up() => {
                refuse(batch, &message);
                return;
            }
        };
        let committed = self.commit(&batch, &replies).await;
        let mut replies = replies.into_iter();
        for parked in batch {
            let reply = match (&committed, replies.next()) {
                (Ok(()), Some(reply)) => reply,
                (Err(message), _) => Err(self.stop(message)),
                (Ok(()), None) => Err(self.stop("the model returned too few replies")),
            };
            // Sending fails if the conversation was dropped; it then needs no reply.
            let _ = parked.reply.send(reply);
        }
    }

    /// Counts calls that cost nothing against the run's limit of calls.
    ///
    /// # Errors
    ///
    /// Why the run must stop, in words.
    async fn pay(&self, calls: usize) -> Result<(), String> {
        for _ in 0..calls {
            let stopping = || self.desk.fatal.get();
            let reserved = self.desk.purse.reserve(Money::ZERO, &stopping).await?;
            reserved.settle(Money::ZERO);
        }
        Ok(())
    }

    /// Journals a round of replies only if it is complete. Otherwise a resumed run would recompute
    /// the missing replies in a smaller batch, which can change floating-point results.
    ///
    /// # Errors
    ///
    /// Why the round cannot be used, in words.
    async fn commit(
        &self,
        batch: &[Parked],
        replies: &[Result<ChatReply, ModelError>],
    ) -> Result<(), String> {
        let mut records = Vec::new();
        for (parked, reply) in batch.iter().zip(replies) {
            match reply {
                Err(error) if error.ends_the_run() || error.is_retryable() => {
                    self.desk.fatal.set(&error.to_string());
                }
                _ => records.push(CallRecord {
                    key: parked.key.clone(),
                    model: parked.model.identity().name.clone(),
                    purpose: parked.purpose,
                    reply: reply.clone(),
                    attempts: 1,
                    cost: Some(Money::ZERO),
                }),
            }
        }
        if records.len() < batch.len() {
            let reason = self.desk.fatal.get();
            return Err(reason.unwrap_or_else(|| "the model returned too few replies".to_owned()));
        }
        let stored = self.desk.journal.put_calls(records).await;
        stored.map_err(|error| error.to_string())
    }

    fn stop(&self, message: &str) -> ModelError {
        self.desk.fatal.set(message);
        ModelError::Fatal {
            message: message.to_owned(),
        }
    }
}

/// Tells parked conversations that their calls are not made.
fn refuse(batch: Vec<Parked>, message: &str) {
    for parked in batch {
        let message = message.to_owned();
        // A conversation that was dropped no longer listens.
        let _ = parked.reply.send(Err(ModelError::Stopped { message }));
    }
}

impl State {
    /// All parked calls, once every live conversation has parked one.
    fn take_round(&mut self) -> Option<Vec<Parked>> {
        (!self.parked.is_empty() && self.parked.len() >= self.live)
            .then(|| std::mem::take(&mut self.parked))
    }
}

/// A conversation's seat at the gate. A conversation that ends calls [`leave`](Self::leave); one
/// that panics drops its seat without leaving.
pub(crate) struct Seat {
    gate: Arc<Gate>,
    left: bool,
}

impl Seat {
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self { gate, left: false }
    }

    /// Gives up the seat, because the conversation has ended.
    pub(crate) async fn leave(mut self) {
        self.left = true;
        self.gate.leave().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.left {
            self.gate.abandon();
        }
    }
}

/// A model as one conversation of the group sees it.
pub(crate) struct Gated {
    pub(crate) gate: Arc<Gate>,
    pub(crate) place: usize,
    pub(crate) model: Arc<dyn ChatModel>,
    pub(crate) purpose: Purpose,
}

impl ChatModel for Gated {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        let (reply, answer) = oneshot::channel();
        let parked = Parked {
            place: self.place,
            model: Arc::clone(&self.model),
            purpose: self.purpose,
            key: call_key(self.model.identity(), request),
            request: request.clone(),
            reply,
        };
        Box::pin(self.gate.call(parked, answer))
    }

    fn identity(&self) -> &ModelIdentity {
        self.model.identity()
    }
}
