//! Stopping work: first after what is in flight, then at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::Notify;

/// A handle that stops a session; clones stop the same one.
#[derive(Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    at_once: Arc<Notify>,
}

/// What a request to stop does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopRequest {
    /// What is in flight is finished first.
    AfterWhatIsInFlight,
    /// Everything is dropped now; it was asked for the second time.
    AtOnce,
}

impl Stop {
    /// Asks to stop: the first time after what is in flight, the second time at once.
    pub fn request(&self) -> StopRequest {
        if self.asked.swap(true, Ordering::Relaxed) {
            // Stored until somebody waits, so that a request in between is not lost.
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
