//! Stops a session: at the first request after the calls in flight, at the second at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::Notify;

/// A handle that stops a session. Clones stop the same session.
#[derive(Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    at_once: Arc<Notify>,
}

/// The effect of a request to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopRequest {
    /// Calls in flight are finished first.
    AfterWhatIsInFlight,
    /// Calls in flight are dropped, because this was the second request.
    AtOnce,
}

impl Stop {
    /// Requests a stop. Returns what the request does: the first one lets calls in flight finish,
    /// later ones drop them.
    pub fn request(&self) -> StopRequest {
        if self.asked.swap(true, Ordering::Relaxed) {
            // `notify_one` is stored until something waits, so the request cannot get lost.
            self.at_once.notify_one();
            StopRequest::AtOnce
        } else {
            StopRequest::AfterWhatIsInFlight
        }
    }

    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.asked)
    }

    pub(super) async fn at_once(&self) {
        self.at_once.notified().await;
    }
}
