//! The journal is the truth: format, crashes between statements, extending, reusing, reading.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use nocere_core::{
    ChatReply, ContentHash, HumanLabel, Instrument, Message, ModelError, Money, Purpose, Role,
    RunKind, Sample, Transcript, UnscoredReason, Verdict,
};
use nocere_store::{
    Blob, CallRecord, Extension, Journal, Plan, RunReader, StoreError, UnitRecord, UnitState,
    list_runs,
};
use nocere_testkit::{TempFolder, makers};
use proptest::prelude::*;

/// The units of a plan with one driver and one epoch, without the engine.
fn units(plan: &Plan) -> Vec<UnitRecord> {
    let mut units = Vec::new();
    for (target, _) in &plan.targets {
        for probe in 0..plan.probes.len() {
            let seq = units.len() as i64;
            units.push(UnitRecord {
                seq,
                key: ContentHash::of_bytes(&seq.to_le_bytes()),
                target: target.clone(),
                probe: probe as i64,
                driver: "direct".into(),
                epoch: 0,
                state: UnitState::Pending,
            });
        }
    }
    units
}

fn create(folder: &TempFolder, plan: &Plan) -> Journal {
    Journal::create(folder.path(), plan, units(plan).into_iter()).unwrap()
}

fn instrument(id: &str) -> Instrument {
    Instrument {
        id: id.into(),
        measure: nocere_core::measure::REFUSAL.to_owned(),
        scale: nocere_core::Scale::compliance(),
        title: id.to_owned(),
        version: "1".to_owned(),
        model: None,
        recorded: false,
        hash: ContentHash::of_bytes(id.as_bytes()),
    }
}

fn said(text: &str) -> Transcript {
    let mut transcript = Transcript::default();
    transcript.push(Message::new(Role::User, "q"));
    transcript.push_reply(ChatReply::of_text(text));
    transcript
}

fn failed() -> Transcript {
    Transcript {
        error: Some(ModelError::Transient {
            message: "503".to_owned(),
            retry_after_ms: None,
            may_be_billed: false,
        }),
        ..Transcript::default()
    }
}

fn unscored() -> Verdict {
    Verdict::unscored(UnscoredReason::JudgeError, "no connection")
}

async fn finish(journal: &Journal, seq: i64, text: &str) {
    let verdicts = BTreeMap::new();
    journal
        .finish_unit(seq, Some(said(text)), verdicts)
        .await
        .unwrap();
}

fn call(number: u8, reply: Result<ChatReply, ModelError>) -> CallRecord {
    CallRecord {
        key: ContentHash::of_bytes(&[number]),
        model: "m".to_owned(),
        purpose: Purpose::Target,
        reply,
        attempts: 1,
        cost: Some(Money::from_usd(0.5)),
    }
}

#[test]
fn a_journal_of_another_format_is_named_and_left_alone() {
    let folder = TempFolder::new("store");
    let path = create(&folder, &makers::plan(&["p"], &["t"]))
        .path()
        .to_owned();
    let file = rusqlite::Connection::open(&path).unwrap();
    file.pragma_update(None, "user_version", 2).unwrap();
    drop(file);
    let before = std::fs::read(&path).unwrap();
    let error = RunReader::find(folder.path(), "r").map(|_| ()).unwrap_err();
    let is_format = matches!(
        error,
        StoreError::Format {
            found: 2,
            expected: 5,
            ..
        }
    );
    assert!(is_format, "{error}");
    assert!(Journal::open(folder.path(), "r").is_err());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    // The list says so too, instead of leaving the run out.
    let (id, listed) = list_runs(folder.path()).unwrap().remove(0);
    assert_eq!(id, "r");
    assert!(listed.is_err());
}

#[test]
fn a_plan_that_breaks_off_leaves_no_run() {
    let folder = TempFolder::new("store");
    let plan = makers::plan(&["p"], &["t"]);
    let mut units = units(&plan);
    // A unit of a driver that the plan lacks cannot be written.
    units[0].driver = "unknown".into();
    assert!(Journal::create(folder.path(), &plan, units.into_iter()).is_err());
    assert!(list_runs(folder.path()).unwrap().is_empty());
    let left = std::fs::read_dir(folder.path()).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn what_was_committed_is_there_again_and_counted_once() {
    let folder = TempFolder::new("store");
    let plan = makers::plan(&["a", "b"], &["t"]);
    let journal = create(&folder, &plan);
    let reply = call(1, Ok(ChatReply::of_text("yes")));
    let twice = vec![reply.clone(), reply.clone()];
    journal.put_calls(twice).await.unwrap();
    finish(&journal, 0, "yes").await;
    finish(&journal, 0, "yes").await;
    drop(journal);

    let journal = Journal::open(folder.path(), "r").unwrap();
    let key = ContentHash::of_bytes(&[1]);
    assert_eq!(journal.call(&key).unwrap(), Some(reply.reply));
    assert_eq!(journal.target_progress("t").unwrap(), (1, 2));
    let spending = &journal.spending().unwrap()["m"];
    assert_eq!((spending.calls, spending.cost), (1, Money::from_usd(0.5)));
    let to_do = journal.to_do("t", -1, 10).unwrap();
    assert_eq!(to_do.len(), 1);
    assert_eq!((to_do[0].seq, to_do[0].driver.as_str()), (1, "direct"));
}

#[tokio::test]
async fn extending_keeps_what_is_done_and_reopens_what_a_new_judge_has_not_seen() {
    let folder = TempFolder::new("store");
    let mut plan = makers::plan(&["a"], &["t"]);
    plan.instruments = vec![instrument("old")];
    let journal = create(&folder, &plan);
    let verdicts = BTreeMap::from([(instrument("old").hash, unscored().into())]);
    journal
        .finish_unit(0, Some(said("yes")), verdicts)
        .await
        .unwrap();
    journal
        .extend(Extension {
            header: plan.header.clone(),
            suites: plan.suites.clone(),
            targets: Vec::new(),
            instruments: vec![instrument("new")],
            probes: vec![makers::probe("b")],
            units: vec![UnitRecord {
                seq: 1,
                probe: 1,
                ..units(&plan).remove(0)
            }],
        })
        .unwrap();
    assert_eq!(journal.target_progress("t").unwrap(), (0, 2));
    let to_do = journal.to_do("t", -1, 10).unwrap();
    assert_eq!(to_do[0].state, UnitState::Answered);
    assert_eq!(to_do[1].state, UnitState::Pending);
    assert_eq!(journal.verdicts(0).unwrap().len(), 1);
}

#[tokio::test]
async fn failed_units_are_reopened_and_others_are_not() {
    let folder = TempFolder::new("store");
    let mut plan = makers::plan(&["a", "b", "c"], &["t"]);
    plan.instruments = vec![instrument("judge")];
    let journal = create(&folder, &plan);
    finish(&journal, 0, "yes").await;
    journal
        .finish_unit(1, Some(failed()), BTreeMap::new())
        .await
        .unwrap();
    let unjudged = BTreeMap::from([(instrument("judge").hash, unscored().into())]);
    journal
        .finish_unit(2, Some(said("no")), unjudged)
        .await
        .unwrap();
    assert_eq!(journal.reopen_failed().unwrap(), 2);
    let to_do = journal.to_do("t", -1, 10).unwrap();
    let states: Vec<_> = to_do.iter().map(|unit| (unit.seq, unit.state)).collect();
    assert_eq!(states, [(1, UnitState::Pending), (2, UnitState::Answered)]);
}

#[tokio::test]
async fn replies_of_an_earlier_run_are_taken_over_unless_they_were_rejected() {
    let earlier = TempFolder::new("store");
    let plan = makers::plan(&["a"], &["t"]);
    let journal = create(&earlier, &plan);
    let rejected = Err(ModelError::Request {
        message: "400".to_owned(),
    });
    let calls = vec![call(1, Ok(ChatReply::of_text("yes"))), call(2, rejected)];
    journal.put_calls(calls).await.unwrap();
    let path = journal.path().to_owned();
    drop(journal);
    let folder = TempFolder::new("store");
    let journal = create(&folder, &plan);
    journal.reuse(&path).unwrap();
    let found = |number| {
        let key = ContentHash::of_bytes(&[number]);
        journal.earlier_call(&key).unwrap()
    };
    assert_eq!(found(1), Some(Ok(ChatReply::of_text("yes"))));
    assert_eq!(found(2), None);
    assert_eq!(found(3), None);
}

#[tokio::test]
async fn samples_are_read_by_page_by_position_and_by_probe() {
    let folder = TempFolder::new("store");
    let plan = makers::plan(&["a", "b", "c"], &["t", "u"]);
    let journal = create(&folder, &plan);
    for seq in [0, 1, 3, 4, 5] {
        finish(&journal, seq, &format!("answer {seq}")).await;
    }
    let reader = journal.open_reader().unwrap();
    let seqs = |rows: Vec<Sample>| -> Vec<i64> { rows.iter().map(|row| row.seq).collect() };
    assert_eq!(seqs(reader.sample_page(-1, 2).unwrap()), [0, 1]);
    assert_eq!(seqs(reader.sample_page(1, 2).unwrap()), [3, 4]);
    assert_eq!(seqs(reader.sample_page(4, 2).unwrap()), [5]);
    assert_eq!(seqs(reader.samples_of_probe("b").unwrap()), [1, 4]);
    assert!(reader.samples_of_probe("missing").unwrap().is_empty());
    assert_eq!(reader.sample(2).unwrap(), None);
    let row = reader.sample(4).unwrap().unwrap();
    assert_eq!((row.target.as_str(), row.driver.as_str()), ("u", "direct"));
    assert_eq!(row.probe, plan.probes[1]);
    assert_eq!(row.transcript, said("answer 4"));
    assert_eq!(reader.probe_ids().unwrap(), ["a", "b", "c"]);
}

#[test]
fn labels_are_kept_in_order_and_can_only_be_added() {
    let folder = TempFolder::new("store");
    let journal = create(&folder, &makers::plan(&["p"], &["t"]));
    let label = |value: &str| HumanLabel {
        unit: 0,
        rater: "dr-a".to_owned(),
        form: "compliance".to_owned(),
        value: value.to_owned(),
        reason: "says why".to_owned(),
        spans: vec![(3, 9)],
        at: "2026-01-01T00:00:00Z".to_owned(),
        guideline: "1".to_owned(),
    };
    journal.add_labels(&[label("refuse")]).unwrap();
    journal.add_labels(&[label("comply")]).unwrap();
    let stray = HumanLabel {
        unit: 9,
        ..label("comply")
    };
    assert!(journal.add_labels(&[stray]).is_err(), "there is no unit 9");
    let labels = journal.open_reader().unwrap().labels().unwrap();
    assert_eq!(labels, [label("refuse"), label("comply")]);
    let file = rusqlite::Connection::open(journal.path()).unwrap();
    for change in ["UPDATE labels SET rater = 'x'", "DELETE FROM labels"] {
        let error = file.execute(change, []).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{error}");
    }
}

#[test]
fn blobs_are_found_by_their_hash() {
    let folder = TempFolder::new("store");
    let journal = create(&folder, &makers::plan(&["p"], &["t"]));
    let blob = Blob {
        hash: ContentHash::of_bytes(b"pixels"),
        media_type: "image/png".to_owned(),
        bytes: b"pixels".to_vec(),
    };
    journal.add_blobs(&[blob.clone(), blob.clone()]).unwrap();
    let reader = journal.open_reader().unwrap();
    assert_eq!(reader.blob(&blob.hash).unwrap(), Some(blob));
    let other = ContentHash::of_bytes(b"other");
    assert_eq!(reader.blob(&other).unwrap(), None);
}

#[test]
fn latest_passes_over_runs_that_serve_another_command() {
    let folder = TempFolder::new("store");
    let mut plan = makers::plan(&["p"], &["t"]);
    for (id, kind) in [("1", RunKind::Asked), ("2", RunKind::Calibration)] {
        plan.header.id = id.into();
        plan.header.kind = kind;
        drop(create(&folder, &plan));
    }
    let latest = RunReader::find(folder.path(), "latest").unwrap();
    assert_eq!(latest.header().unwrap().id, "1");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is planned is read again as it was planned.
    #[test]
    fn a_plan_is_read_as_it_was_written(
        texts in prop::collection::vec("\\PC{0,40}", 1..6),
        targets in 1_usize..4,
        epochs in 1_u32..5,
        seed in any::<u64>(),
    ) {
        let folder = TempFolder::new("store");
        let names: Vec<String> = (0..targets).map(|number| format!("t{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let ids: Vec<String> = (0..texts.len()).map(|number| format!("p{number}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut plan = makers::plan(&ids, &names);
        plan.header.epochs = epochs;
        plan.header.seed = seed;
        for (probe, text) in plan.probes.iter_mut().zip(&texts) {
            probe.messages = vec![Message::new(Role::User, text)];
        }
        let journal = create(&folder, &plan);
        let reader = journal.open_reader().unwrap();
        prop_assert_eq!(reader.header().unwrap(), plan.header.clone());
        prop_assert_eq!(reader.probes().unwrap(), plan.probes.clone());
        prop_assert_eq!(reader.targets().unwrap(), plan.targets.clone());
        prop_assert_eq!(reader.drivers().unwrap(), plan.drivers.clone());
        let mut read = Vec::new();
        for name in &names {
            read.extend(journal.to_do(name, -1, 1_000).unwrap());
        }
        prop_assert_eq!(read, units(&plan));
    }
}
