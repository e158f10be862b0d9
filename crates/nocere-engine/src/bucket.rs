//! A token bucket that can be overdrawn. What a call really used is known only afterwards; the
//! difference is then taken or given back.

use std::time::Duration;

use tokio::time::Instant;

/// Limits an amount per minute, such as requests or tokens, and allows short bursts.
pub(crate) struct Bucket {
    per_second: f64,
    capacity: f64,
    level: f64,
    filled: Instant,
}

impl Bucket {
    /// `burst` is the share of a minute's amount that may be taken at once.
    pub(crate) fn new(per_minute: f64, burst: f64, now: Instant) -> Self {
        let capacity = (per_minute * burst).max(1.0);
        Self {
            per_second: per_minute / 60.0,
            capacity,
            level: capacity,
            filled: now,
        }
    }

    /// How long until `amount` can be taken; `None` if it can be taken now. An amount larger
    /// than the capacity can be taken when the bucket is full, and leaves it overdrawn.
    pub(crate) fn wait(&mut self, amount: f64, now: Instant) -> Option<Duration> {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.level = (self.level + passed * self.per_second).min(self.capacity);
        let lacking = amount.min(self.capacity) - self.level;
        // The tolerance absorbs rounding; without it, a wait can end a hair too early.
        (lacking > 1e-9).then(|| Duration::from_secs_f64(lacking / self.per_second))
    }

    /// Takes `amount`; gives back if it is negative.
    pub(crate) fn take(&mut self, amount: f64) {
        self.level = (self.level - amount).min(self.capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_holds_what_it_should() {
        let start = Instant::now();
        let mut bucket = Bucket::new(120.0, 1.0 / 60.0, start);
        let mut taken = 0;
        for tenth in 0..600 {
            let now = start + Duration::from_millis(100 * tenth);
            while bucket.wait(1.0, now).is_none() {
                bucket.take(1.0);
                taken += 1;
            }
        }
        assert!((119..=122).contains(&taken), "{taken}");
    }

    #[test]
    fn what_was_not_used_comes_back_and_debts_are_paid() {
        let now = Instant::now();
        let mut bucket = Bucket::new(600.0, 0.1, now);
        assert_eq!(
            bucket.wait(1_000.0, now),
            None,
            "a full bucket lets large calls pass"
        );
        bucket.take(1_000.0);
        let wait = bucket.wait(60.0, now).unwrap();
        assert!((wait.as_secs_f64() - 100.0).abs() < 0.01, "{wait:?}");
        bucket.take(-1_000.0);
        assert_eq!(bucket.wait(60.0, now), None);
    }
}
