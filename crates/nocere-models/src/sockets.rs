//! Shares the files that a process may have open among its connections: without a limit, a run
//! with many targets would leave none for its journal.

use std::sync::OnceLock;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Files that are kept back for the journal, weights and the runtime.
const KEPT: u64 = 32;

struct Share {
    in_flight: Semaphore,
    idle: usize,
}

static SHARE: OnceLock<Share> = OnceLock::new();

/// Says how many files this process may have open. Requests wait for each other if they would
/// need more. Counts once, and before any model is made.
pub fn keep_files_back(limit: u64) {
    let in_flight = (limit / 2).saturating_sub(KEPT).clamp(4, 1 << 20);
    let _ = SHARE.set(Share {
        in_flight: Semaphore::new(usize::try_from(in_flight).unwrap_or(4)),
        idle: usize::try_from(limit / 128).unwrap_or(1).clamp(1, 512),
    });
}

/// Waits until one more request may be in flight.
pub(crate) async fn turn() -> Option<SemaphorePermit<'static>> {
    // The semaphore is never closed.
    SHARE.get()?.in_flight.acquire().await.ok()
}

/// Number of connections to one server that are kept open without a request.
pub(crate) fn idle() -> usize {
    SHARE.get().map_or(usize::MAX, |share| share.idle)
}
