//! Writes that fail: each operation in turn, a limit on the size of files, a log that was torn.
//! Whatever fails, the journal stays whole, what was said to be committed is there, the failure is
//! said, and the run continues once the cause is gone.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use nocere_core::{ChatReply, ContentHash, Message, Purpose, Role, Transcript};
use nocere_store::{CallRecord, Journal, RunReader, StoreError, UnitRecord, UnitState, list_runs};
use nocere_testkit::{TempFolder, makers};

const UNITS: u8 = 6;
/// Names the folder in which the child works.
const FOLDER: &str = "NOCERE_IO_ERRORS_FOLDER";

fn create(folder: &Path) -> Result<Journal, StoreError> {
    let plan = makers::plan(&["a", "b", "c", "d", "e", "f"], &["t"]);
    let units = (0..i64::from(UNITS)).map(|seq| UnitRecord {
        seq,
        key: ContentHash::of_bytes(&seq.to_le_bytes()),
        target: "t".into(),
        probe: seq,
        driver: "direct".into(),
        epoch: 0,
        state: UnitState::Pending,
    });
    Journal::create(folder, &plan, units)
}

/// Journals a call and finishes its unit. The answer is longer than a page.
async fn finish(journal: &Journal, seq: u8) -> Result<(), StoreError> {
    let answer = format!("Answer {seq}. ").repeat(600);
    let call = CallRecord {
        key: ContentHash::of_bytes(&[seq]),
        model: "t".to_owned(),
        purpose: Purpose::Target,
        reply: Ok(ChatReply::of_text(answer.as_str())),
        attempts: 1,
        cost: None,
    };
    journal.put_calls(vec![call]).await?;
    let mut transcript = Transcript::default();
    transcript.push(Message::new(Role::User, format!("Question {seq}?")));
    transcript.push_reply(ChatReply::of_text(answer.as_str()));
    journal
        .finish_unit(i64::from(seq), Some(transcript), BTreeMap::new())
        .await
}

async fn work(folder: &Path, say: impl Fn(String)) -> Result<(), StoreError> {
    let journal = create(folder)?;
    say("planned".to_owned());
    for seq in 0..UNITS {
        finish(&journal, seq).await?;
        say(format!("committed {seq}"));
    }
    Ok(())
}

/// Not a test: what the others start in a process of its own, where writes fail.
#[tokio::test]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let say = |line: String| {
        let mut out = std::io::stdout();
        let _ = writeln!(out, "\n@{line}");
        let _ = out.flush();
    };
    match work(&folder, say).await {
        Ok(()) => say("finished".to_owned()),
        Err(error) => say(format!("failed {error}")),
    }
}

/// Runs the child by `program` and its arguments, to which the child's own are added.
fn said(folder: &Path, program: &str, arguments: &[&str]) -> Vec<String> {
    let output = Command::new(program)
        .args(arguments)
        .arg(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix('@').map(str::to_owned))
        .collect();
    assert!(
        output.status.success() && !lines.is_empty(),
        "{arguments:?}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    lines
}

/// What must hold of `folder` after the child said these `lines`.
async fn check(folder: &Path, lines: &[String], what: &str) {
    let last = lines.last().unwrap();
    if let Some(message) = last.strip_prefix("failed ") {
        assert!(
            message.contains("r.db") || message.contains("r."),
            "{what}: {message}"
        );
    } else {
        assert_eq!(last, "finished", "{what}: {lines:?}");
    }
    if lines.iter().any(|line| line == "planned") {
        let reader = RunReader::open(&folder.join("r.db")).unwrap();
        assert_eq!(reader.verify().unwrap(), [""; 0], "{what}");
        let there: Vec<i64> = reader
            .finished()
            .map(|sample| sample.unwrap().seq)
            .collect();
        for line in lines {
            if let Some(seq) = line.strip_prefix("committed ") {
                let seq: i64 = seq.parse().unwrap();
                assert!(
                    there.contains(&seq),
                    "{what}: {seq} was committed: {there:?}"
                );
            }
        }
    } else {
        for (id, run) in list_runs(folder).unwrap() {
            // A run that was planned before the failure is a whole one.
            assert!(run.is_ok(), "{what}: half a run {id}");
        }
    }
    go_on(folder, what).await;
}

/// The cause is gone: the run is planned, or continues, and is finished.
async fn go_on(folder: &Path, what: &str) {
    let journal = if folder.join("r.db").exists() {
        Journal::open(folder, "r").unwrap()
    } else {
        create(folder).unwrap()
    };
    for unit in journal.to_do("t", -1, 100).unwrap() {
        finish(&journal, unit.seq as u8).await.unwrap();
    }
    drop(journal);
    let reader = RunReader::open(&folder.join("r.db")).unwrap();
    assert_eq!(reader.verify().unwrap(), [""; 0], "{what}");
    let all = u64::from(UNITS);
    assert_eq!(reader.progress().unwrap(), (all, all), "{what}");
}

/// Which calls of the system fail, and how.
const FAULTS: [[&str; 2]; 6] = [
    ["pwrite64", "ENOSPC"],
    ["pwrite64", "EIO"],
    ["fdatasync,fsync", "EIO"],
    ["ftruncate", "EIO"],
    ["rename,renameat,renameat2,link,linkat", "EIO"],
    ["unlink", "EACCES"],
];

#[tokio::test]
async fn the_nth_operation_fails_and_the_journal_stays_whole() {
    if !injects() {
        skip("the_nth_operation: strace is not here, or may not trace");
        return;
    }
    for [calls, error] in FAULTS {
        // One failure, and a disk that stays broken.
        for ever in ["", "+"] {
            let mut injected = 0;
            for number in 1..40 {
                let what = format!("{calls} {number}{ever}: {error}");
                let folder = TempFolder::new("io-errors");
                let log = folder.path().join("strace.txt");
                let inject = format!("inject={calls}:error={error}:when={number}{ever}");
                let runs = folder.path().join("runs");
                std::fs::create_dir(&runs).unwrap();
                let arguments = [
                    "-f",
                    "-qq",
                    "-o",
                    log.to_str().unwrap(),
                    "-e",
                    &format!("trace={calls}"),
                    "-e",
                    &inject,
                ];
                let lines = said(&runs, "strace", &arguments);
                let hit = std::fs::read_to_string(&log)
                    .unwrap()
                    .contains("(INJECTED)");
                check(&runs, &lines, &what).await;
                if !hit {
                    break;
                }
                injected += 1;
            }
            assert!(injected > 0 || calls == "unlink", "{calls} is never called");
        }
    }
}

/// True if strace is here and may trace.
fn injects() -> bool {
    let tried = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .output();
    tried.is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn a_limit_on_the_size_of_files_stops_the_run_and_harms_nothing() {
    let folder = TempFolder::new("io-errors");
    let mut failed = 0;
    for blocks in (8..400).step_by(16) {
        let runs = folder.path().join(blocks.to_string());
        std::fs::create_dir(&runs).unwrap();
        // Without the trap, the system ends the process.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let lines = said(&runs, "sh", &["-c", &script, "sh"]);
        failed += usize::from(lines.last().unwrap().starts_with("failed"));
        check(&runs, &lines, &format!("ulimit -f {blocks}")).await;
    }
    assert!(failed > 3, "only {failed} limits were met");
}

#[tokio::test]
async fn a_torn_log_loses_the_end_and_nothing_else() {
    let folder = TempFolder::new("io-errors");
    let journal = create(folder.path()).unwrap();
    for seq in 0..UNITS {
        finish(&journal, seq).await.unwrap();
    }
    let name = |end: &str| folder.path().join(format!("r.db{end}"));
    let (file, log) = (
        std::fs::read(name("")).unwrap(),
        std::fs::read(name("-wal")).unwrap(),
    );
    drop(journal);
    let mut counts = Vec::new();
    for cut in (0..=log.len()).step_by(1_021) {
        let torn = TempFolder::new("io-errors");
        let path = torn.path().join("r.db");
        std::fs::write(&path, &file).unwrap();
        let mut left = log[..cut].to_vec();
        // The disk had kept other bytes where the log was not written yet.
        left.resize(log.len(), 0xa5);
        std::fs::write(torn.path().join("r.db-wal"), &left).unwrap();
        let reader = RunReader::open(&path).unwrap();
        assert_eq!(reader.verify().unwrap(), [""; 0], "cut at {cut}");
        let there: Vec<i64> = reader
            .finished()
            .map(|sample| sample.unwrap().seq)
            .collect();
        let first: Vec<i64> = (0..there.len() as i64).collect();
        assert_eq!(there, first, "cut at {cut}");
        drop(reader);
        counts.push(there.len());
        go_on(torn.path(), &format!("cut at {cut}")).await;
    }
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!(counts.first(), Some(&0));
    assert!(counts.last() >= Some(&usize::from(UNITS - 1)), "{counts:?}");
}

#[tokio::test]
async fn the_latest_run_is_the_last_one_made_whatever_the_clock_said() {
    let folder = TempFolder::new("io-errors");
    // Names hold the time: here it leaps ahead, past the year 9999 and back.
    for id in [
        "s-20260101t000000-000",
        "s-20990101t000000-000",
        "s-99991231t235959-999",
        "s-19700101t000000-000",
    ] {
        let mut plan = makers::plan(&["p"], &["t"]);
        plan.header.id = id.into();
        drop(Journal::create(folder.path(), &plan, std::iter::empty()).unwrap());
        let latest = RunReader::find(folder.path(), "latest").unwrap();
        assert_eq!(latest.header().unwrap().id.as_str(), id);
    }
    let listed: Vec<String> = list_runs(folder.path())
        .unwrap()
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(listed.last().unwrap(), "s-19700101t000000-000");
}

fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED {why}");
}
