//! Journals that were damaged or made by somebody else. The input is a list of edits of a small
//! journal, because its pages have too many check sums for plain mutation to get past.

use std::{collections::BTreeMap, path::Path, sync::OnceLock};

use nocere_core::{
    ChatReply, ContentHash, Instrument, Message, Purpose, Role, Scale, Transcript, UnscoredReason,
    Verdict, measure,
};
use nocere_store::{CallRecord, Journal, Plan, RunReader, StoreError, UnitRecord, UnitState};
use nocere_testkit::{TempFolder, makers};

use crate::input::folder;

/// A finished run, and what is read from it.
struct Seed {
    bytes: Vec<u8>,
    /// Places of bytes that are not 0. The rest is mostly free space.
    used: Vec<usize>,
    read: Everything,
}

/// What is read from a run, as texts.
struct Everything {
    /// What figures are computed from.
    figures: String,
    calls: String,
}

/// Edits of four bytes each: what to do, where (two bytes), and a value.
pub(crate) fn journals(bytes: &[u8]) {
    let Some(seed) = seed() else {
        return;
    };
    let mut edited = seed.bytes.clone();
    for edit in bytes.as_chunks::<4>().0.iter().take(64) {
        apply(*edit, &mut edited, &seed.used);
    }
    let path = folder().join("r.db");
    // What an earlier input left would be read as part of this one.
    for left in ["r.db-wal", "r.db-shm", "r.db-journal"] {
        let _ = std::fs::remove_file(folder().join(left));
    }
    if std::fs::write(&path, &edited).is_err() {
        return;
    }
    let read = everything(&path);
    if let Ok(read) = &read {
        check_same(&read.figures, &seed.read.figures);
    }
    let verified = RunReader::open(&path).and_then(|reader| reader.verify());
    if verified.is_ok_and(|faults| faults.is_empty()) {
        // Lost calls change no figure, but `nocere verify` must find even those.
        match read {
            Ok(read) => check_same(&read.calls, &seed.read.calls),
            Err(error) => assert!(bytes.is_empty(), "verified, but not readable: {error}"),
        }
    }
    let _ = nocere_store::list_runs(&folder());
}

fn check_same(read: &str, right: &str) {
    let same = read
        .chars()
        .zip(right.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let other: String = read
        .chars()
        .skip(same.saturating_sub(80))
        .take(160)
        .collect();
    assert!(read == right, "without an error, other than …{other}");
}

fn apply(edit: [u8; 4], file: &mut Vec<u8>, used: &[usize]) {
    let [kind, high, low, value] = edit;
    let number = usize::from(high) << 8 | usize::from(low);
    let any = if file.is_empty() {
        0
    } else {
        number * 7 % file.len()
    };
    let place = match kind % 2 {
        0 if !used.is_empty() => used[number % used.len()].min(file.len().saturating_sub(1)),
        _ => any,
    };
    match kind / 2 % 6 {
        0 => {
            if let Some(byte) = file.get_mut(place) {
                *byte ^= value.max(1);
            }
        }
        1 => {
            if let Some(byte) = file.get_mut(place) {
                *byte = value;
            }
        }
        // A torn write: a page of zeros.
        2 => {
            let page = place / 4_096 * 4_096;
            let end = (page + 4_096).min(file.len());
            file[page..end].fill(0);
        }
        // A lost write: a page that is another's.
        3 => {
            let pages = file.len() / 4_096;
            if pages > 0 {
                let from = usize::from(value) % pages * 4_096;
                let to = place / 4_096 % pages * 4_096;
                file.copy_within(from..from + 4_096, to);
            }
        }
        4 => file.truncate(place),
        // A run of bytes that moved.
        _ => {
            let length = usize::from(value).min(file.len().saturating_sub(place));
            let to = any.min(file.len() - length);
            file.copy_within(place..place + length, to);
        }
    }
}

fn seed() -> Option<&'static Seed> {
    static SEED: OnceLock<Option<Seed>> = OnceLock::new();
    SEED.get_or_init(|| {
        let folder = TempFolder::new("fuzz-seed");
        let path = write_run(folder.path()).ok()?;
        let bytes = std::fs::read(&path).ok()?;
        let used = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        let read = everything(&path).ok()?;
        Some(Seed { bytes, used, read })
    })
    .as_ref()
}

fn write_run(folder: &Path) -> Result<std::path::PathBuf, StoreError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| StoreError::WriterStopped(error.to_string()))?;
    let plan = plan();
    let units = (0..4).map(|seq: i64| UnitRecord {
        seq,
        key: ContentHash::of_bytes(&seq.to_le_bytes()),
        target: "t".into(),
        probe: seq,
        driver: "direct".into(),
        epoch: 0,
        state: UnitState::Pending,
    });
    let journal = Journal::create(folder, &plan, units)?;
    runtime.block_on(async {
        for seq in 0..3_u8 {
            let mut transcript = Transcript::default();
            transcript.push(Message::new(Role::User, format!("Question {seq}?")));
            transcript.push_reply(ChatReply::of_text("Ask a pharmacist."));
            let verdict = Verdict::unscored(UnscoredReason::Tie, "even");
            let verdicts = BTreeMap::from([(ContentHash::of_bytes(b"j"), verdict)]);
            journal
                .finish_unit(
                    i64::from(seq),
                    Some(transcript),
                    verdicts
                        .into_iter()
                        .map(|(judge, verdict)| (judge, verdict.into()))
                        .collect(),
                )
                .await?;
            let call = CallRecord {
                key: ContentHash::of_bytes(&[seq]),
                model: "t".to_owned(),
                purpose: Purpose::Target,
                reply: Ok(ChatReply::of_text("Ask a pharmacist.")),
                attempts: 1,
                cost: None,
            };
            journal.put_calls(vec![call]).await?;
        }
        Ok(journal.path().to_owned())
    })
}

fn plan() -> Plan {
    let mut plan = makers::plan(&["p", "q", "r", "s"], &["t"]);
    plan.instruments = vec![Instrument {
        id: "j".into(),
        measure: measure::REFUSAL.to_owned(),
        scale: Scale::compliance(),
        title: "j".to_owned(),
        version: "1".to_owned(),
        model: None,
        recorded: false,
        hash: ContentHash::of_bytes(b"j"),
    }];
    plan
}

fn everything(path: &Path) -> Result<Everything, StoreError> {
    let reader = RunReader::open(path)?;
    let mut figures = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        reader.header()?,
        reader.suites()?,
        reader.targets()?,
        reader.instruments()?,
        reader.drivers()?,
        reader.probes()?,
        reader.labels()?,
    );
    figures.push_str(&format!("{:?}", reader.progress()?));
    for sample in reader.finished() {
        figures.push_str(&format!("{:?}", sample?));
    }
    let mut calls = String::new();
    reader.for_each_call(|purpose, reply| calls.push_str(&format!("{purpose}{reply:?}")))?;
    Ok(Everything { figures, calls })
}
