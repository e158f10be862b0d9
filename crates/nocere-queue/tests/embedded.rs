//! The embedded queue conforms, on a real journal.

use std::{path::PathBuf, sync::Arc};

use nocere_core::{
    ContentHash, Expect, Locality, Message, ModelIdentity, Perspective, Probe, Role, Sampling,
};
use nocere_queue::{Embedded, WorkQueue, conformance};
use nocere_store::{Budget, Journal, Plan, RunHeader, TargetRecord, UnitRecord};

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn plan() -> Plan {
    let probe = Probe {
        id: "p".to_owned(),
        suite: "s".to_owned(),
        perspective: Perspective::General,
        category: "c".to_owned(),
        messages: vec![Message::new(Role::User, "q")],
        follow_ups: Vec::new(),
        expect: Expect::Comply,
        must: Vec::new(),
        must_not: Vec::new(),
        matter: None,
        twin_of: None,
        language: "en".to_owned(),
        severity: 0,
        likelihood: 0,
        note: String::new(),
        why: String::new(),
        restates: None,
        documents: Vec::new(),
        key: None,
    };
    Plan {
        header: RunHeader {
            id: "r".to_owned(),
            created: String::new(),
            nocere_version: String::new(),
            command: String::new(),
            seed: 0,
            epochs: 1,
            local_only: false,
            judges: Vec::new(),
            policies: ContentHash::from_hex(""),
            budget: Budget::default(),
            reuse: Vec::new(),
            imported_from: None,
            protocol: None,
            intended_users: Vec::new(),
            aside: false,
        },
        suites: Vec::new(),
        targets: vec![("a".to_owned(), target()), ("b".to_owned(), target())],
        instruments: Vec::new(),
        probes: vec![probe],
    }
}

fn target() -> TargetRecord {
    TargetRecord {
        identity: ModelIdentity {
            name: "t".to_owned(),
            provider: "test".to_owned(),
            model: "t".to_owned(),
            pin: String::new(),
            settings: String::new(),
            locality: Locality::InProcess,
        },
        system_prompt: None,
        sampling: Sampling::default(),
    }
}

fn folder(name: &str) -> Folder {
    let path = std::env::temp_dir().join(format!("nocere-queue-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    Folder(path)
}

#[tokio::test]
async fn embedded_conforms() {
    conformance::check(|units| {
        let folder = folder("conformance");
        let journal = Journal::create(&folder.0, &plan(), units.into_iter()).unwrap();
        (Embedded::new(Arc::new(journal)), folder)
    })
    .await;
}

#[test]
fn leases_of_a_process_that_is_gone_are_free_again() {
    let folder = folder("gone");
    let units: Vec<UnitRecord> = (0..3)
        .map(|seq: i64| UnitRecord {
            seq,
            key: ContentHash::of_bytes(&seq.to_le_bytes()),
            lane: "a".to_owned(),
            probe: 0,
            driver: "d".to_owned(),
            epoch: 0,
            state: nocere_store::UnitState::Pending,
        })
        .collect();
    let first = Embedded::new(Arc::new(
        Journal::create(&folder.0, &plan(), units.into_iter()).unwrap(),
    ));
    assert_eq!(first.lease("a", 3).unwrap().len(), 3);
    assert!(Journal::open(&folder.0, "r").is_err(), "the run is in use");
    drop(first);
    let second = Embedded::new(Arc::new(Journal::open(&folder.0, "r").unwrap()));
    assert_eq!(second.lease("a", 3).unwrap().len(), 3);
}
