//! Damaged, foreign and forged journals: nothing in them becomes a figure without a word.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, path::Path};

use nocere_core::{
    ChatReply, ContentHash, Instrument, Message, Money, Purpose, Role, Transcript, UnscoredReason,
    Usage, Verdict,
};
use nocere_store::{
    AttemptRecord, CallRecord, Journal, Plan, RunReader, StoreError, UnitRecord, UnitState,
};
use nocere_testkit::{TempFolder, makers};

fn plan_of(id: &str) -> Plan {
    let mut plan = makers::plan(&["p", "q"], &["t"]);
    plan.header.id = id.into();
    plan.instruments = vec![Instrument {
        id: "j".into(),
        measure: nocere_core::measure::REFUSAL.to_owned(),
        scale: nocere_core::Scale::compliance(),
        title: "j".to_owned(),
        version: "1".to_owned(),
        model: None,
        recorded: false,
        hash: ContentHash::of_bytes(b"j"),
    }];
    plan
}

fn units() -> impl Iterator<Item = UnitRecord> {
    (0..2).map(|seq: i64| UnitRecord {
        seq,
        key: ContentHash::of_bytes(&seq.to_le_bytes()),
        target: "t".into(),
        probe: seq,
        driver: "direct".into(),
        epoch: 0,
        state: UnitState::Pending,
    })
}

fn call(number: u8, tokens: u64) -> CallRecord {
    let mut reply = ChatReply::of_text("Yes.");
    reply.usage = Usage {
        input_tokens: tokens,
        output_tokens: tokens,
        ..Usage::default()
    };
    CallRecord {
        key: ContentHash::of_bytes(&[number]),
        model: "m".to_owned(),
        purpose: Purpose::Target,
        reply: Ok(reply),
        attempts: 1,
        cost: Some(Money::from_nanos(i64::MAX)),
    }
}

/// A finished run of two samples.
async fn finished(folder: &Path, id: &str) -> std::path::PathBuf {
    let plan = plan_of(id);
    let journal = Journal::create(folder, &plan, units()).unwrap();
    for seq in 0..2 {
        let mut transcript = Transcript::default();
        transcript.push(Message::new(Role::User, format!("Question {seq}?")));
        transcript.push_reply(ChatReply::of_text("Ask a pharmacist."));
        let verdict = Verdict::unscored(UnscoredReason::Tie, "even");
        let verdicts = BTreeMap::from([(ContentHash::of_bytes(b"j"), verdict.into())]);
        journal
            .finish_unit(seq, Some(transcript), verdicts)
            .await
            .unwrap();
    }
    journal.put_calls(vec![call(1, 5)]).await.unwrap();
    let struck = |probe: &str| nocere_core::StruckSample {
        unit: 0,
        probe: probe.into(),
        target: "t".into(),
        epoch: 0,
        by: String::new(),
        reason: "a test".to_owned(),
        at: String::new(),
    };
    let label = |rater: &str| nocere_core::HumanLabel {
        unit: 0,
        rater: rater.to_owned(),
        form: "compliance".to_owned(),
        value: "comply".to_owned(),
        reason: String::new(),
        spans: Vec::new(),
        at: String::new(),
        guideline: "1".to_owned(),
    };
    journal.add_labels(&[label("a"), label("b")]).unwrap();
    let attempt = AttemptRecord {
        key: ContentHash::of_bytes(&[2]),
        number: 1,
        at: String::new(),
        model: "m".to_owned(),
        problem: "broke off".to_owned(),
        latency_ms: 1,
        wait_ms: None,
        may_cost: Some(Money::from_nanos(3)),
    };
    journal.note_attempt(attempt).await.unwrap();
    journal.strike(&[struck("p")], false).unwrap();
    journal.strike(&[struck("p")], true).unwrap();
    journal.path().to_owned()
}

/// Everything that a report reads, as one text; or the error.
fn everything(path: &Path) -> Result<String, StoreError> {
    let reader = RunReader::open(path)?;
    let mut text = format!(
        "{:?}{:?}{:?}{:?}{:?}",
        reader.header()?,
        reader.suites()?,
        reader.targets()?,
        reader.instruments()?,
        reader.drivers()?,
    );
    text.push_str(&format!("{:?}{:?}", reader.progress()?, reader.spending()?));
    for sample in reader.finished() {
        text.push_str(&format!("{:?}", sample?));
    }
    Ok(text)
}

#[tokio::test]
async fn a_flipped_bit_never_changes_what_is_read_in_silence() {
    let folder = TempFolder::new("damage");
    let path = finished(folder.path(), "r").await;
    let whole = std::fs::read(&path).unwrap();
    let right = everything(&path).unwrap();
    assert_eq!(RunReader::open(&path).unwrap().verify().unwrap(), [""; 0]);
    let mut unseen = 0;
    // Every 509th bit, which reaches all pages and all places within bytes.
    for bit in (0..whole.len() * 8).step_by(509) {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &damaged).unwrap();
        if let Ok(read) = everything(&path) {
            assert_eq!(read, right, "bit {bit}");
            unseen += 1;
        }
    }
    // Most of a small file is free space, whose bits mean nothing.
    assert!(unseen > 0);
}

#[tokio::test]
async fn missing_rows_are_said() {
    let folder = TempFolder::new("damage");
    let path = finished(folder.path(), "r").await;
    let whole = std::fs::read(&path).unwrap();
    for statement in [
        "DELETE FROM transcripts WHERE unit = 1",
        "DELETE FROM verdicts WHERE unit = 1",
        "DELETE FROM probes WHERE seq = 1",
        "DELETE FROM units WHERE seq = 1",
        "DELETE FROM targets",
        "DELETE FROM suites",
        "DELETE FROM instruments",
        "DELETE FROM meta WHERE key = 'counts'",
        "UPDATE transcripts SET json = replace(json, 'pharmacist', 'friend') WHERE unit = 1",
        "UPDATE spending SET cost = 7",
        "DELETE FROM struck",
        "UPDATE units SET probe = 0 WHERE seq = 1",
        "UPDATE meta SET value = replace(value, '\"seed\":0', '\"seed\":1')",
    ] {
        std::fs::write(&path, &whole).unwrap();
        let file = rusqlite::Connection::open(&path).unwrap();
        file.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        let changed = file.execute(statement, []).unwrap();
        drop(file);
        assert!(changed > 0, "{statement}");
        let error = everything(&path).unwrap_err();
        assert!(
            matches!(error, StoreError::Damaged { .. }),
            "{statement}: {error}"
        );
        let verified = RunReader::open(&path).and_then(|reader| reader.verify());
        assert!(
            verified.is_err() || !verified.unwrap().is_empty(),
            "{statement}"
        );
    }
}

#[tokio::test]
async fn rows_that_no_figure_reads_are_missed_by_verify() {
    let folder = TempFolder::new("damage");
    let path = finished(folder.path(), "r").await;
    let whole = std::fs::read(&path).unwrap();
    for statement in [
        "DELETE FROM attempts",
        "DROP TRIGGER labels_are_never_deleted; DELETE FROM labels WHERE id = 1;
         CREATE TRIGGER labels_are_never_deleted BEFORE DELETE ON labels
BEGIN SELECT RAISE(ABORT, 'labels are append-only'); END",
    ] {
        std::fs::write(&path, &whole).unwrap();
        let file = rusqlite::Connection::open(&path).unwrap();
        file.execute_batch(statement).unwrap();
        drop(file);
        let faults = RunReader::open(&path).unwrap().verify().unwrap();
        assert_eq!(faults.len(), 1, "{statement}: {faults:?}");
    }
}

#[tokio::test]
async fn a_foreign_trigger_or_view_is_refused() {
    let folder = TempFolder::new("damage");
    let path = finished(folder.path(), "r").await;
    for statement in [
        "CREATE TRIGGER t AFTER INSERT ON calls BEGIN DELETE FROM verdicts; END",
        "CREATE VIEW v AS SELECT 1",
    ] {
        let file = rusqlite::Connection::open(&path).unwrap();
        file.execute_batch(statement).unwrap();
        drop(file);
        let error = RunReader::open(&path).map(|_| ()).unwrap_err();
        assert!(
            error.to_string().contains("not those of a journal"),
            "{error}"
        );
        let file = rusqlite::Connection::open(&path).unwrap();
        let name = if statement.contains("VIEW") {
            "VIEW v"
        } else {
            "TRIGGER t"
        };
        file.execute_batch(&format!("DROP {name}")).unwrap();
    }
    assert!(RunReader::open(&path).is_ok());
}

#[tokio::test]
async fn an_id_that_is_not_the_files_name_leads_nowhere() {
    let folder = TempFolder::new("damage");
    let path = finished(folder.path(), "r").await;
    let other = folder.path().join("other.db");
    std::fs::copy(&path, &other).unwrap();
    let error = RunReader::open(&other).unwrap().header().unwrap_err();
    assert!(
        error.to_string().contains("not the id of the run"),
        "{error}"
    );
}

#[tokio::test]
async fn a_deleted_lock_lets_nobody_in() {
    let folder = TempFolder::new("damage");
    let first = Journal::create(folder.path(), &plan_of("r"), units()).unwrap();
    std::fs::remove_file(folder.path().join("r.lock")).unwrap();
    let error = Journal::open(folder.path(), "r").map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    drop(first);
    assert!(Journal::open(folder.path(), "r").is_ok());
}

#[tokio::test]
async fn numbers_beyond_all_measure_do_not_wedge_the_run() {
    let folder = TempFolder::new("damage");
    let journal = Journal::create(folder.path(), &plan_of("r"), units()).unwrap();
    for number in 1..6 {
        journal
            .put_calls(vec![
                call(number, u64::MAX),
                call(number + 100, i64::MAX as u64),
            ])
            .await
            .unwrap();
    }
    let spending = &journal.spending().unwrap()["m"];
    assert_eq!(spending.calls, 10);
    assert_eq!(spending.input_tokens, 1 << 61);
    assert_eq!(spending.cost.nanos(), 1 << 61);
}

#[tokio::test]
async fn latest_is_the_run_made_last_whatever_the_clock_says() {
    let folder = TempFolder::new("damage");
    finished(folder.path(), "20990101t000000-000").await;
    finished(folder.path(), "20261126t000000-000").await;
    let latest = RunReader::find(folder.path(), "latest").unwrap();
    assert_eq!(latest.header().unwrap().id.as_str(), "20261126t000000-000");
}

#[tokio::test]
async fn a_run_that_rests_is_one_file_of_its_owner() {
    let folder = TempFolder::new("damage");
    let path = finished(folder.path(), "r").await;
    assert!(!path.with_extension("db-wal").exists());
    assert!(!path.with_extension("db-shm").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_a_killed_plan_left_is_swept_by_the_next() {
    let folder = TempFolder::new("damage");
    for extension in ["planned", "planned-journal", "lock"] {
        std::fs::write(folder.path().join(format!("killed.{extension}")), "x").unwrap();
    }
    finished(folder.path(), "r").await;
    for extension in ["planned", "planned-journal", "lock"] {
        assert!(!folder.path().join(format!("killed.{extension}")).exists());
    }
}
