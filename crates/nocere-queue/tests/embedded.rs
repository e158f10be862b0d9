//! The embedded queue conforms, on a real journal.

use std::sync::Arc;

use nocere_core::ContentHash;
use nocere_queue::{Embedded, WorkQueue, conformance};
use nocere_store::{Journal, Plan, UnitRecord};
use nocere_testkit::{TempFolder, makers};

fn plan() -> Plan {
    Plan {
        drivers: vec![makers::driver("single-turn@1"), makers::driver("d")],
        ..makers::plan(&["p"], &["a", "b"])
    }
}

#[tokio::test]
async fn embedded_conforms() {
    conformance::check(|units| {
        let folder = TempFolder::new("queue-conformance");
        let journal = Journal::create(folder.path(), &plan(), units.into_iter()).unwrap();
        (Embedded::new(Arc::new(journal)), folder)
    })
    .await;
}

#[test]
fn leases_of_a_process_that_is_gone_are_free_again() {
    let folder = TempFolder::new("queue-gone");
    let units: Vec<UnitRecord> = (0..3)
        .map(|seq: i64| UnitRecord {
            seq,
            key: ContentHash::of_bytes(&seq.to_le_bytes()),
            target: "a".into(),
            probe: 0,
            driver: "d".into(),
            epoch: 0,
            state: nocere_store::UnitState::Pending,
        })
        .collect();
    let first = Embedded::new(Arc::new(
        Journal::create(folder.path(), &plan(), units.into_iter()).unwrap(),
    ));
    assert_eq!(first.lease("a", 3).unwrap().len(), 3);
    assert!(
        Journal::open(folder.path(), "r").is_err(),
        "the run is in use"
    );
    drop(first);
    let second = Embedded::new(Arc::new(Journal::open(folder.path(), "r").unwrap()));
    assert_eq!(second.lease("a", 3).unwrap().len(), 3);
}
