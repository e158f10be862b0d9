//! Small valid values of the types that tests need everywhere.

use nocere_core::{
    Category, ContentHash, DriverIdentity, Expect, Locality, ModelIdentity, Probe, RunHeader,
    RunKind, Sampling, Suite, TargetId, TargetRecord,
};
use nocere_store::Plan;

/// A probe of suite `s` and category `c` that asks its own id and expects help.
pub fn probe(id: &str) -> Probe {
    Probe {
        category: "c".to_owned(),
        expect: Expect::Comply,
        ..Probe::asking("s", id, id)
    }
}

/// The suite `s` with one category `c` and these probes.
pub fn suite(probes: Vec<Probe>) -> Suite {
    let categories = vec![Category {
        id: "c".to_owned(),
        title: "C".to_owned(),
        must: Vec::new(),
        must_not: Vec::new(),
    }];
    Suite {
        id: "s".into(),
        version: "1".to_owned(),
        title: "S".to_owned(),
        description: String::new(),
        licence: "CC0-1.0".to_owned(),
        source: "a test".to_owned(),
        hash: Suite::content_hash(&categories, &probes),
        categories,
        probes,
        provenance: None,
        half: None,
    }
}

/// The header of a run that is called `id`.
pub fn header(id: &str) -> RunHeader {
    RunHeader {
        id: id.into(),
        created: "2026-01-01T00:00:00Z".to_owned(),
        ..RunHeader::new(
            RunKind::Asked,
            "nocere run s --target t",
            ContentHash::of_bytes(b"policies"),
        )
    }
}

/// A model in this process that is called `name`.
pub fn model_identity(name: &str) -> ModelIdentity {
    ModelIdentity {
        name: name.to_owned(),
        provider: "test".to_owned(),
        model: name.to_owned(),
        pin: String::new(),
        settings: String::new(),
        locality: Locality::InProcess,
    }
}

/// A target that is called `name`, without a system prompt.
pub fn target(name: &str) -> (TargetId, TargetRecord) {
    let record = TargetRecord {
        guards: Vec::new(),
        identity: model_identity(name),
        system_prompt: None,
        sampling: Sampling::default(),
    };
    (name.into(), record)
}

/// A driver that is called `id`.
pub fn driver(id: &str) -> DriverIdentity {
    DriverIdentity::attack(id, "1", id, &())
}

/// The plan of run `r`: these probes, asked of these targets by the driver `direct`.
pub fn plan(probes: &[&str], targets: &[&str]) -> Plan {
    Plan {
        header: header("r"),
        suites: vec![suite(Vec::new())],
        targets: targets.iter().map(|name| target(name)).collect(),
        drivers: vec![driver("direct")],
        instruments: Vec::new(),
        probes: probes.iter().map(|id| probe(id)).collect(),
    }
}
