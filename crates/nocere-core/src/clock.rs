//! The only place that reads the wall clock and the monotonic clock, so that everything else is
//! reproducible.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

/// By how many seconds the wall clock of this process is moved.
static MOVED: AtomicI64 = AtomicI64::new(0);

/// Moves the wall clock of this process, for tests of what happens when a machine's clock is set:
/// `seconds` from the real time. The monotonic clock is not touched.
#[doc(hidden)]
pub fn move_to(seconds: i64) {
    MOVED.store(seconds, Ordering::Relaxed);
}

fn now() -> jiff::Timestamp {
    let moved = jiff::SignedDuration::from_secs(MOVED.load(Ordering::Relaxed));
    let now = jiff::Timestamp::now();
    now.checked_add(moved).unwrap_or(now)
}

/// The current time as RFC 3339 in UTC, to the second.
pub fn now_utc() -> String {
    let now = now();
    jiff::Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}

/// Seconds since 1970 (UTC) of a time in RFC 3339; `None` if the text is not one.
pub fn seconds_of(time: &str) -> Option<i64> {
    let time: jiff::Timestamp = time.parse().ok()?;
    Some(time.as_second())
}

/// The current time in UTC to the millisecond, such as `20260131t235959-999`. Stamps sort by
/// time and can be part of a file name.
pub fn now_stamp() -> String {
    let now = now();
    let seconds: String = jiff::fmt::strtime::format("%Y%m%dt%H%M%S", now).unwrap_or_default();
    format!("{seconds}-{:03}", now.as_millisecond().rem_euclid(1_000))
}

/// Nanoseconds since 1970 (UTC), as a source of names that are never repeated.
pub fn now_nanos() -> i128 {
    now().as_nanosecond()
}

/// Measures latencies and time limits with the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the place that reads the monotonic clock"
    )]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// Whole milliseconds since the start.
    pub fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_sort_by_time() {
        let first = now_stamp();
        assert_eq!(first.len(), "20260131t235959-999".len(), "{first}");
        std::thread::sleep(std::time::Duration::from_millis(3));
        assert!(first < now_stamp());
    }
}
