//! The budget of a run: money, requests and time. A spent budget stops the run cleanly; the run
//! can be resumed with a larger one.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use nocere_core::{Budget, Money, Spending};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

/// How often a call that waits for money checks again.
const GLANCE: Duration = Duration::from_millis(200);

/// Keeps a run within its budget: sets money aside before each request and settles afterwards.
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
    /// The maximum cost of calls in flight.
    reserved: Money,
    exhausted: Option<String>,
}

impl Purse {
    /// A purse for a run that has already `spent` something, in earlier sessions. `max_time`
    /// counts from now and applies to this session only.
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

    /// Why the run must stop; `None` while the budget allows more.
    pub fn exhausted(&self) -> Option<String> {
        let mut state = self.state();
        if let Some((at, time)) = self.deadline
            && state.exhausted.is_none()
            && Instant::now() >= at
        {
            state.exhausted = Some(format!(
                "the time limit of {} s is reached (--max-time)",
                time.as_secs()
            ));
        }
        state.exhausted.clone()
    }

    /// Waits until the session's time is up, and says so. Never returns if it has no limit.
    pub(crate) async fn time_is_up(&self) -> String {
        let Some((at, _)) = self.deadline else {
            return std::future::pending().await;
        };
        tokio::time::sleep_until(at).await;
        self.exhausted().unwrap_or_default()
    }

    /// Sets aside `most`, the maximum cost of a request. Waits while calls in flight may still
    /// give money back. `Err` is the reason why the request must not be made; `stopping` can
    /// supply one and so end the wait.
    pub(crate) async fn reserve(
        self: &Arc<Self>,
        most: Money,
        stopping: &(dyn Fn() -> Option<String> + Send + Sync),
    ) -> Result<Reserved, String> {
        loop {
            if let Some(reason) = self.exhausted().or_else(stopping) {
                return Err(reason);
            }
            if let Some(reserved) = self.try_reserve(most)? {
                return Ok(reserved);
            }
            // Notified or timed out, the loop checks again.
            let _ = timeout(GLANCE, self.changed.notified()).await;
        }
    }

    /// `Ok(None)` if calls in flight may still give money back, `Err` with the reason if not.
    fn try_reserve(self: &Arc<Self>, most: Money) -> Result<Option<Reserved>, String> {
        let mut state = self.state();
        if let Some(max) = self.budget.max_requests
            && state.requests >= max
        {
            let reason = format!("{max} requests were sent (--max-requests)");
            state.exhausted = Some(reason.clone());
            return Err(reason);
        }
        if let Some(max) = self.budget.max_cost
            && state.spent + state.reserved + most > max
        {
            if state.reserved > Money::ZERO {
                return Ok(None);
            }
            let reason = format!(
                "{} of {max} are spent, and the next call may cost {most} (--max-cost)",
                state.spent
            );
            state.exhausted = Some(reason.clone());
            return Err(reason);
        }
        state.reserved += most;
        state.requests += 1;
        drop(state);
        Ok(Some(Reserved {
            purse: Arc::clone(self),
            most,
        }))
    }
}

/// Money set aside for one request. Dropping it gives the money back.
pub(crate) struct Reserved {
    purse: Arc<Purse>,
    most: Money,
}

impl Reserved {
    /// Books the real cost of the request and gives the rest back.
    pub(crate) fn settle(self, cost: Money) {
        self.purse.state().spent += cost;
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        {
            let mut state = self.purse.state();
            state.reserved = state.reserved - self.most;
        }
        self.purse.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_budget_is_never_exceeded_and_what_is_given_back_can_be_spent() {
        let budget = Budget {
            max_cost: Some(Money::from_usd(1.0)),
            max_requests: None,
        };
        let purse = Arc::new(Purse::new(budget, &[], None));
        let most = Money::from_usd(0.4);
        let go = || None;
        let first = purse.reserve(most, &go).await.ok().unwrap();
        let second = purse.reserve(most, &go).await.ok().unwrap();
        let third = purse.reserve(most, &go);
        assert!(timeout(Duration::from_secs(1), third).await.is_err());
        assert!(
            purse
                .reserve(most, &|| Some("stop".to_owned()))
                .await
                .is_err()
        );
        first.settle(Money::from_usd(0.1));
        let third = purse.reserve(most, &go).await.ok().unwrap();
        second.settle(most);
        third.settle(most);
        assert!(purse.reserve(most, &go).await.is_err());
        assert!(purse.exhausted().unwrap().contains("$0.90 of $1.00"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_cut_off_gives_its_money_back() {
        let budget = Budget {
            max_cost: Some(Money::from_usd(1.0)),
            max_requests: None,
        };
        let purse = Arc::new(Purse::new(budget, &[], None));
        let all = Money::from_usd(1.0);
        drop(purse.reserve(all, &|| None).await);
        assert!(purse.reserve(all, &|| None).await.is_ok());
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
        let purse = Arc::new(Purse::new(
            budget,
            [&earlier],
            Some(Duration::from_secs(60)),
        ));
        assert!(purse.reserve(Money::ZERO, &|| None).await.is_ok());
        assert!(purse.reserve(Money::ZERO, &|| None).await.is_err());
        let purse = Purse::new(Budget::default(), [], Some(Duration::from_secs(60)));
        assert_eq!(purse.exhausted(), None);
        tokio::time::advance(Duration::from_secs(61)).await;
        assert!(purse.exhausted().is_some());
    }
}
