//! A metered call: looked up in the journal, made at most a few times, committed before
//! its reply is used.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use nocere_core::{
    BoxFuture, ChatModel, ChatReply, ChatRequest, ContentHash, ModelError, ModelIdentity, hash_json,
};
use nocere_store::{CallRecord, Journal};
use tokio::sync::Semaphore;

use crate::Observer;

/// How often a call is tried when the line is busy or broken: about half a minute, more if
/// the server asks for it.
const ATTEMPTS: u32 = 7;
/// How often a call is tried when nobody is there.
const UNREACHABLE_ATTEMPTS: u32 = 4;
/// Calls that fail one after another before the run stops: then it is not the request.
const FAILURES_IN_A_ROW: u32 = 8;

/// Content address of a call: model, full request and sample index.
pub fn call_key(identity: &ModelIdentity, request: &ChatRequest) -> ContentHash {
    hash_json("call", &(identity, request))
}

/// The first reason for which nothing more can be asked.
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

/// A model whose calls are journaled one by one.
pub(crate) struct Metered {
    pub(crate) model: Arc<dyn ChatModel>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) purpose: &'static str,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) fatal: Fatal,
    /// Calls of this model that failed since the last one that did not.
    pub(crate) failures: Arc<AtomicU32>,
}

impl Metered {
    async fn call(&self, request: &ChatRequest) -> Result<ChatReply, ModelError> {
        let key = call_key(self.model.identity(), request);
        if let Some(recorded) = self
            .journal
            .call(&key)
            .map_err(|error| self.stop(&error.to_string()))?
        {
            return recorded;
        }
        let _slot = self
            .slots
            .acquire()
            .await
            .map_err(|_| self.stop("the run is stopping"))?;
        let (reply, attempts) = self.try_often(request).await;
        match &reply {
            Err(ModelError::Fatal { message } | ModelError::Unreachable { message }) => {
                return Err(self.stop(message));
            }
            Err(ModelError::Transient { message, .. }) => {
                // One request that the server cannot digest is an outcome; many in a row
                // are a server that is down.
                if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_IN_A_ROW {
                    return Err(self.stop(message));
                }
                return reply;
            }
            Ok(_) | Err(_) => self.failures.store(0, Ordering::Relaxed),
        }
        let record = CallRecord {
            key,
            model: self.model.identity().name.clone(),
            purpose: self.purpose.to_owned(),
            reply: reply.clone(),
            attempts,
        };
        self.journal
            .put_calls(std::slice::from_ref(&record))
            .await
            .map_err(|error| self.stop(&error.to_string()))?;
        self.observer.answered(self.purpose);
        reply
    }

    async fn try_often(&self, request: &ChatRequest) -> (Result<ChatReply, ModelError>, u32) {
        let mut attempt = 1;
        loop {
            let reply = self.model.chat(request).await;
            let (message, wait, limit) = match &reply {
                Err(ModelError::Transient {
                    message,
                    retry_after_ms,
                }) if attempt < ATTEMPTS => (
                    message,
                    Duration::from_millis(retry_after_ms.unwrap_or(250 << attempt)),
                    ATTEMPTS,
                ),
                Err(ModelError::Unreachable { message }) if attempt < UNREACHABLE_ATTEMPTS => (
                    message,
                    Duration::from_millis(250 << attempt),
                    UNREACHABLE_ATTEMPTS,
                ),
                _ => return (reply, attempt),
            };
            if self.fatal.get().is_some() {
                return (reply, attempt);
            }
            self.observer.waiting(&format!(
                "{message}; trying again in {:.1} s ({attempt} of {limit})",
                wait.as_secs_f64()
            ));
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    fn stop(&self, message: &str) -> ModelError {
        self.fatal.set(message);
        ModelError::Fatal {
            message: message.to_owned(),
        }
    }
}

impl ChatModel for Metered {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        Box::pin(self.call(request))
    }

    fn identity(&self) -> &ModelIdentity {
        self.model.identity()
    }
}
