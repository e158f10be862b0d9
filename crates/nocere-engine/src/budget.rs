//! What a run may spend: money, requests, time. A budget that is used up stops the run
//! cleanly; it can be resumed with a larger one.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use nocere_core::Money;
use nocere_store::{Budget, Spending};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

/// How often a call that waits for money looks again.
const GLANCE: Duration = Duration::from_millis(200);

/// Keeps a run within its budget.
pub struct Purse {
    budget: Budget,
    deadline: Option<(Instant, Duration)>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    spent: Money,
    requests: u64,
    /// The most that calls in flight can still cost.
    reserved: Money,
    exhausted: Option<String>,
}

impl Purse {
    /// A purse from which `spent` was taken already, in earlier sittings of the run.
    /// `max_time` counts from now.
    pub fn new<'a>(
        budget: Budget,
        spent: impl IntoIterator<Item = &'a Spending>,
        max_time: Option<Duration>,
    ) -> Self {
        let mut state = State::default();
        for spending in spent {
            state.spent += spending.cost;
            state.requests += spending.requests;
        }
        Self {
            budget,
            deadline: max_time.map(|time| (Instant::now() + time, time)),
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the run must stop, if it must.
    pub fn exhausted(&self) -> Option<String> {
        let mut state = self.state();
        if let Some((at, time)) = self.deadline
            && state.exhausted.is_none()
            && Instant::now() >= at
        {
            state.exhausted = Some(format!(
                "the time of {} s is over (--max-time)",
                time.as_secs()
            ));
        }
        state.exhausted.clone()
    }

    /// Sets aside the most that a request can cost. Waits while calls in flight may give
    /// some of theirs back; `false` if the budget does not hold it.
    pub(crate) async fn reserve(&self, most: Money) -> bool {
        loop {
            if self.exhausted().is_some() {
                return false;
            }
            {
                let mut state = self.state();
                if let Some(max) = self.budget.max_requests
                    && state.requests >= max
                {
                    state.exhausted = Some(format!("{max} requests were sent (--max-calls)"));
                    return false;
                }
                match self.budget.max_cost {
                    Some(max) if state.spent + state.reserved + most > max => {
                        if state.reserved == Money::ZERO {
                            state.exhausted = Some(format!(
                                "{} of {max} are spent, and the next call may cost {most} (--max-cost)",
                                state.spent
                            ));
                            return false;
                        }
                    }
                    _ => {
                        state.reserved += most;
                        state.requests += 1;
                        return true;
                    }
                }
            }
            // Either way the loop looks again.
            let _ = timeout(GLANCE, self.changed.notified()).await;
        }
    }

    /// Takes the real cost of a request and gives the rest back.
    pub(crate) fn settle(&self, most: Money, cost: Money) {
        {
            let mut state = self.state();
            state.reserved = state.reserved - most;
            state.spent += cost;
        }
        self.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_budget_is_never_exceeded_and_what_is_given_back_can_be_spent() {
        let purse = Purse::new(
            Budget {
                max_cost: Some(Money::from_usd(1.0)),
                max_requests: None,
            },
            &[],
            None,
        );
        let most = Money::from_usd(0.4);
        assert!(purse.reserve(most).await && purse.reserve(most).await);
        let third = purse.reserve(most);
        assert!(timeout(Duration::from_secs(1), third).await.is_err());
        purse.settle(most, Money::from_usd(0.1));
        assert!(purse.reserve(most).await);
        purse.settle(most, most);
        purse.settle(most, most);
        assert!(!purse.reserve(most).await);
        assert!(purse.exhausted().unwrap().contains("$0.90 of $1.00"));
    }

    #[tokio::test(start_paused = true)]
    async fn earlier_sittings_count_and_time_ends() {
        let earlier = Spending {
            requests: 9,
            ..Spending::default()
        };
        let budget = Budget {
            max_cost: None,
            max_requests: Some(10),
        };
        let purse = Purse::new(budget, [&earlier], Some(Duration::from_secs(60)));
        assert!(purse.reserve(Money::ZERO).await);
        assert!(!purse.reserve(Money::ZERO).await);
        let purse = Purse::new(Budget::default(), [], Some(Duration::from_secs(60)));
        assert_eq!(purse.exhausted(), None);
        tokio::time::advance(Duration::from_secs(61)).await;
        assert!(purse.exhausted().is_some());
    }
}
