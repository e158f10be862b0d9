//! Whole recordings, read from files as a user's are.

use std::path::{Path, PathBuf};

use nocere_core::Verdict;

use crate::{ImportError, Options, RecordedTarget, Recording, read_recording};

mod formats;
mod hostile;
mod inspect_logs;
mod joining;
mod limits;
mod plain_rows;
mod promptfoo_csv;
mod promptfoo_turns;
mod public_data;
mod several_models;

/// A file in a temporary folder of its own, deleted when the value is dropped.
struct TempFile {
    folder: PathBuf,
    path: PathBuf,
}

impl TempFile {
    fn new(name: &str, bytes: &[u8]) -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("nocere-import-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        Self { folder, path }
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn read(name: &str, text: impl AsRef<[u8]>, options: &Options) -> Result<Recording, ImportError> {
    let file = TempFile::new(name, text.as_ref());
    let result = read_recording(&file.path, options);
    if let Ok(recording) = &result {
        check_shape(recording);
    }
    result
}

fn good(name: &str, text: impl AsRef<[u8]>, options: &Options) -> Recording {
    read(name, text, options).unwrap_or_else(|error| panic!("{error}"))
}

/// The error's text without the temporary folder.
fn bad(name: &str, text: impl AsRef<[u8]>, options: &Options) -> String {
    let error = read(name, text, options).expect_err("this should not be read");
    let folder = error.path.parent().unwrap_or(Path::new("")).to_owned();
    error
        .to_string()
        .replace(&format!("{}/", folder.display()), "")
}

fn mapping(pairs: &[(&str, &str)]) -> Options {
    Options {
        mapping: pairs
            .iter()
            .map(|(field, column)| ((*field).to_owned(), (*column).to_owned()))
            .collect(),
        ..Options::default()
    }
}

/// Checks what holds for every recording, whatever its format.
fn check_shape(recording: &Recording) {
    let mut ids: Vec<&str> = recording
        .suite
        .probes
        .iter()
        .map(|p| p.id.as_str())
        .collect();
    assert!(ids.iter().all(|id| !id.trim().is_empty()));
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "ids are unique");
    let mut instruments: Vec<(&str, &str)> = recording
        .instruments
        .iter()
        .map(|i| (i.id.as_str(), i.hash.as_str()))
        .collect();
    let count = instruments.len();
    instruments.sort_unstable();
    instruments.dedup_by(|a, b| a.0 == b.0 || a.1 == b.1);
    assert_eq!(instruments.len(), count, "instruments are distinguished");
    let mut units = std::collections::BTreeSet::new();
    for sample in &recording.samples {
        assert!(sample.probe < recording.suite.probes.len());
        assert!(sample.target < recording.targets.len());
        assert!(
            units.insert((sample.target, sample.probe, sample.epoch)),
            "units are unique"
        );
        let hashes: Vec<_> = sample.verdicts.iter().map(|(hash, _)| hash).collect();
        let own: Vec<_> = recording.instruments.iter().map(|i| &i.hash).collect();
        assert_eq!(hashes, own);
        assert!(
            sample.transcript.error.is_some() || sample.transcript.last_answer().is_some(),
            "an answer or a reason why there is none"
        );
    }
    let categories: std::collections::BTreeSet<&str> = recording
        .suite
        .categories
        .iter()
        .map(|category| category.id.as_str())
        .collect();
    for probe in &recording.suite.probes {
        assert!(categories.contains(probe.category.as_str()));
    }
    assert_eq!(
        recording.suite.hash,
        nocere_core::Suite::content_hash(&recording.suite.categories, &recording.suite.probes)
    );
}

/// The only model of a recording.
fn target(recording: &Recording) -> &RecordedTarget {
    let [only] = recording.targets.as_slice() else {
        panic!("{:?}", recording.targets);
    };
    only
}

/// The verdict of the instrument `id` on the `index`th sample.
fn verdict<'a>(recording: &'a Recording, index: usize, id: &str) -> &'a Verdict {
    let position = recording
        .instruments
        .iter()
        .position(|instrument| instrument.id == id)
        .unwrap_or_else(|| panic!("no instrument {id} in {:?}", recording.instruments));
    &recording.samples[index].verdicts[position].1
}

/// A verdict in short form.
fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Scored(scored) => serde_json::to_string(&scored.score).unwrap(),
        Verdict::Unscored { reason, .. } => format!("unscored: {reason}"),
    }
}

/// The turns of a sample in short form; answers are marked.
fn turns(recording: &Recording, index: usize) -> Vec<String> {
    recording.samples[index]
        .transcript
        .turns
        .iter()
        .map(|turn| {
            let mark = if turn.answer.is_some() { "*" } else { "" };
            format!("{}{mark}: {}", turn.message.role.as_str(), turn.text())
        })
        .collect()
}
