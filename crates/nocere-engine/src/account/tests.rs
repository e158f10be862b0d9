use super::*;
use crate::Silent;

fn key(number: u8) -> ContentHash {
    ContentHash::of_bytes(&[number])
}

fn broken() -> ModelError {
    ModelError::Transient {
        message: "500".to_owned(),
        retry_after_ms: None,
        may_be_billed: false,
    }
}

async fn admit(account: &Arc<Account>) -> Result<Permit, ModelError> {
    account.admit(10, 100, &Silent, &|| None).await
}

fn account(limits: Limits) -> Arc<Account> {
    Account::new("test", limits)
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_in_flight_than_allowed() {
    let account = account(Limits {
        concurrency: 2,
        ..Limits::default()
    });
    let first = admit(&account).await.unwrap();
    let _second = admit(&account).await.unwrap();
    assert!(
        timeout(Duration::from_secs(5), admit(&account))
            .await
            .is_err()
    );
    drop(first);
    assert!(
        timeout(Duration::from_secs(5), admit(&account))
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_rate_limits_shrinks_the_window_once_and_successes_widen_it() {
    let account = account(Limits {
        concurrency: 10,
        ..Limits::default()
    });
    let permits = [
        admit(&account).await.unwrap(),
        admit(&account).await.unwrap(),
        admit(&account).await.unwrap(),
    ];
    for permit in permits {
        permit.limited("429", None);
    }
    assert!((account.state().window - 7.0).abs() < 1e-9);
    for _ in 0..40 {
        admit(&account).await.unwrap().answered(1, 1);
    }
    assert!((account.state().window - 10.0).abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn the_server_is_given_the_time_that_it_asks_for() {
    let account = account(Limits::default());
    admit(&account)
        .await
        .unwrap()
        .limited("429", Some(Duration::from_secs(7)));
    let start = Instant::now();
    admit(&account).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn requests_per_minute_are_kept() {
    let account = account(Limits {
        requests_per_minute: Some(60),
        ..Limits::default()
    });
    let start = Instant::now();
    for _ in 0..31 {
        admit(&account).await.unwrap().answered(1, 1);
    }
    assert!(
        start.elapsed() >= Duration::from_secs(29),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn tokens_per_minute_follow_what_answers_really_use() {
    let account = account(Limits {
        tokens_per_minute: Some(6_000),
        ..Limits::default()
    });
    let start = Instant::now();
    for _ in 0..20 {
        admit(&account).await.unwrap().answered(100, 500);
    }
    // Twenty calls of 600 tokens are two minutes' worth.
    let taken = start.elapsed().as_secs();
    assert!((100..=125).contains(&taken), "{taken}");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_down_when_different_calls_fail_and_is_looked_at_by_one_call() {
    let account = account(Limits::default());
    admit(&account).await.unwrap().answered(1, 1);
    for _ in 0..10 {
        admit(&account).await.unwrap().failed(&key(0), &broken());
    }
    assert!(!account.is_down(), "one call that fails is its own fault");
    for number in 0..5 {
        admit(&account)
            .await
            .unwrap()
            .failed(&key(number), &broken());
    }
    assert!(account.is_down());
    let looking = admit(&account).await.unwrap();
    assert!(
        timeout(Duration::from_secs(10), admit(&account))
            .await
            .is_err()
    );
    looking.answered(1, 1);
    assert!(!account.is_down());
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_a_wrong_address_has_little_of_it() {
    let unreachable = ModelError::Unreachable {
        message: "nobody is there".to_owned(),
    };
    for (reached, least, most) in [(false, 2, 12), (true, 115, 150)] {
        let account = account(Limits::default());
        if reached {
            admit(&account).await.unwrap().answered(1, 1);
        }
        let start = Instant::now();
        let error = loop {
            match admit(&account).await {
                Ok(permit) => permit.failed(&key(0), &unreachable),
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains("nobody is there"), "{error}");
        let taken = start.elapsed().as_secs();
        assert!((least..=most).contains(&taken), "{reached}: {taken}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_stops_lets_nobody_wait() {
    let account = account(Limits {
        concurrency: 1,
        ..Limits::default()
    });
    let _held = admit(&account).await.unwrap();
    let stopped = account
        .admit(1, 1, &Silent, &|| Some("enough".to_owned()))
        .await;
    assert!(matches!(stopped, Err(ModelError::Stopped { .. })));
}
