//! The contract of a queue as a test: each implementation calls [`check`] with its own queue.

use std::collections::BTreeMap;

use nocere_core::{ContentHash, Transcript};
use nocere_store::{UnitRecord, UnitState};

use crate::{Outcome, WorkQueue};

/// 70 units: 64 of target `a`, that is two groups of 32, and six of target `b`.
fn units() -> Vec<UnitRecord> {
    (0..70)
        .map(|seq| UnitRecord {
            seq,
            key: ContentHash::of_bytes(&seq.to_le_bytes()),
            target: if seq < 64 { "a" } else { "b" }.into(),
            probe: 0,
            driver: "single-turn@1".into(),
            epoch: 0,
            state: UnitState::Pending,
        })
        .collect()
}

fn outcome() -> Outcome {
    Outcome {
        transcript: Some(Transcript::default()),
        verdicts: BTreeMap::new(),
    }
}

/// Checks the queue that `make` builds from a list of units. `make` also returns a value that
/// is kept alive as long as the queue, such as a temporary folder.
///
/// # Panics
///
/// If the queue violates the contract of [`WorkQueue`].
#[expect(clippy::expect_used, reason = "a conformance check is a test")]
pub async fn check<Q: WorkQueue, K>(make: impl FnOnce(Vec<UnitRecord>) -> (Q, K)) {
    let (queue, _keep) = make(units());
    let lease = |target: &str, limit| queue.lease(target, limit).expect("lease");
    let seqs = |units: &[UnitRecord]| units.iter().map(|unit| unit.seq).collect::<Vec<_>>();

    let first = lease("a", 3);
    assert_eq!(seqs(&first), [0, 1, 2], "leases follow the plan");
    let second = lease("a", 2);
    assert_eq!(seqs(&second), [3, 4], "a leased unit is not leased twice");
    assert_eq!(seqs(&lease("b", 1)), [64], "targets have separate queues");

    queue.release(&first[1]).expect("release");
    assert_eq!(
        seqs(&lease("a", 1)),
        [1],
        "a released unit comes back first"
    );

    queue
        .complete(&first[0], outcome())
        .await
        .expect("complete");
    queue.release(&first[0]).expect("release");
    assert_ne!(
        seqs(&lease("a", 1)),
        [0],
        "a completed unit never comes back"
    );

    let group = queue.lease_group("a", 32).expect("lease_group");
    assert_eq!(
        seqs(&group),
        (6..32).collect::<Vec<_>>(),
        "a group does not reach into the next"
    );
    let group = queue.lease_group("a", 32).expect("lease_group");
    assert_eq!(seqs(&group), (32..64).collect::<Vec<_>>());
    let rest = queue.lease_group("a", 32).expect("lease_group");
    assert!(rest.is_empty(), "an empty target has no group");
}
