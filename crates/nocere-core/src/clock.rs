//! The only place that reads the wall clock and the monotonic clock, so that everything else is
//! reproducible.

use std::time::{Duration, Instant};

/// The current time as RFC 3339 in UTC, to the second.
pub fn now_utc() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}

/// The current time in UTC to the millisecond, such as `20260131t235959-999`. Stamps sort by
/// time and can be part of a file name.
pub fn now_stamp() -> String {
    let now = jiff::Timestamp::now();
    let seconds: String = jiff::fmt::strtime::format("%Y%m%dt%H%M%S", now).unwrap_or_default();
    format!("{seconds}-{:03}", now.as_millisecond().rem_euclid(1_000))
}

/// Nanoseconds since 1970 (UTC), as a source of names that are never repeated.
pub fn now_nanos() -> i128 {
    jiff::Timestamp::now().as_nanosecond()
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
