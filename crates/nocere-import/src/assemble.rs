//! Assembles the rows of any format into a recording: probes, epochs, system prompt and
//! verdicts.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{ContentHash, Message, Role, Suite, Turn};

use crate::{
    error::ImportError,
    format::Format,
    instruments::Instruments,
    notes::Notes,
    options::Options,
    probes::{Joiner, Maker},
    recording::{RecordedSample, RecordedTarget, Recording},
    row::{Place, Row, Rows, SuiteName},
};

/// Builds the recording from a file's rows.
pub(crate) fn assemble(
    path: &Path,
    format: Format,
    rows: Rows,
    options: &Options,
) -> Result<Recording, ImportError> {
    let Rows {
        mut rows,
        model,
        suite,
        categories,
        mut notes,
    } = rows;
    if rows.is_empty() {
        return Err(ImportError::new(path, "the file holds no answers"));
    }
    let system_prompt = common_system(&rows);
    let differ = system_prompt.is_none() && rows.iter().any(|row| row.system.is_some());
    if differ {
        notes.say(
            "Answers were not all given under the same system prompt: each is kept with its own.",
        );
    }
    for row in &mut rows {
        prepare(
            row,
            system_prompt.as_deref(),
            differ && options.suite.is_none(),
        );
    }
    let (suite, probes) = if let Some(suite) = &options.suite {
        (suite.clone(), join(path, suite, &mut rows, &mut notes)?)
    } else {
        let name = SuiteName::of(path, suite);
        let mut maker = Maker::new(path, options, &name.id, categories);
        let places = maker.place_all(&rows, &mut notes)?;
        (made(path, format, name, maker), places)
    };
    let epochs = epochs(path, &rows, &probes)?;
    let instruments = Instruments::of(&rows, format, options.safe_max, &mut notes);
    let model = model.unwrap_or_else(|| {
        notes.say("The file does not name the model that answered.");
        "unknown".to_owned()
    });
    let samples = rows
        .into_iter()
        .zip(probes)
        .zip(epochs)
        .map(|((row, probe), epoch)| RecordedSample {
            probe,
            epoch,
            verdicts: instruments.verdicts(&row),
            transcript: row.transcript,
        })
        .collect();
    Ok(Recording {
        suite,
        samples,
        target: RecordedTarget {
            model,
            source: format!("{} ({format})", file_name(path)),
            system_prompt,
        },
        instruments: instruments.list,
        notes: notes.into_sentences(),
    })
}

/// The system prompt that all answers share, if any. A failed call may have been recorded
/// without it.
fn common_system(rows: &[Row]) -> Option<String> {
    let first = rows.iter().find_map(|row| row.system.clone())?;
    rows.iter()
        .all(|row| match &row.system {
            Some(system) => *system == first,
            None => row.transcript.last_answer().is_none(),
        })
        .then_some(first)
}

/// Puts the system prompt first in the transcript and, if it belongs to the probe, first in
/// the opening.
fn prepare(row: &mut Row, common: Option<&str>, keep_with_probe: bool) {
    let own = row.system.take();
    let Some(system) = own.as_deref().or(common) else {
        return;
    };
    let message = Message::new(Role::System, system);
    if keep_with_probe {
        row.opening.insert(0, message.clone());
    }
    row.transcript.turns.insert(
        0,
        Turn {
            message,
            answer: None,
        },
    );
}

/// Joins each row to a probe of `suite` and returns the probes' indices.
fn join(
    path: &Path,
    suite: &Suite,
    rows: &mut [Row],
    notes: &mut Notes,
) -> Result<Vec<usize>, ImportError> {
    let mut joiner = Joiner::new(path, suite);
    let mut probes = Vec::with_capacity(rows.len());
    for row in rows {
        let index = joiner.place(row, notes)?;
        if row.opening.is_empty()
            && let Some(probe) = suite.probes.get(index)
        {
            // The file has answers only: the transcript gets the probe's own messages, after
            // the system prompt.
            let system = row
                .transcript
                .turns
                .iter()
                .take_while(|turn| turn.message.role == Role::System)
                .count();
            let asked = probe.messages.iter().map(|message| Turn {
                message: message.clone(),
                answer: None,
            });
            row.transcript.turns.splice(system..system, asked);
        }
        probes.push(index);
    }
    joiner.note_unasked(notes);
    Ok(probes)
}

impl SuiteName {
    /// As the file names it, or else after the file.
    fn of(path: &Path, named: Option<Self>) -> Self {
        named.unwrap_or_else(|| {
            let name = file_name(path);
            let stem = name.split('.').next().unwrap_or(&name);
            let id = match nocere_suites::category_id(stem) {
                id if id.is_empty() => "recording".to_owned(),
                id => id,
            };
            Self {
                id,
                title: stem.to_owned(),
            }
        })
    }
}

/// The suite of what was asked.
fn made(path: &Path, format: Format, name: SuiteName, maker: Maker<'_>) -> Suite {
    let file = file_name(path);
    let hash: ContentHash = Suite::content_hash(&maker.categories, &maker.probes);
    Suite {
        id: name.id.into(),
        version: "recorded".to_owned(),
        title: name.title,
        description: format!("What was asked in {file}, read as {format}."),
        licence: "unknown".to_owned(),
        source: file,
        categories: maker.categories,
        probes: maker.probes,
        hash,
    }
}

/// Each row's epoch: its own, or its probe's next free one.
fn epochs(path: &Path, rows: &[Row], probes: &[usize]) -> Result<Vec<u32>, ImportError> {
    let mut taken: BTreeMap<(usize, u32), &Place> = BTreeMap::new();
    let mut epochs = Vec::with_capacity(rows.len());
    let mut next: BTreeMap<usize, u32> = BTreeMap::new();
    for (row, probe) in rows.iter().zip(probes) {
        let free = next.get(probe).copied().unwrap_or(0);
        let epoch = row.epoch.unwrap_or(free);
        if let Some(first) = taken.insert((*probe, epoch), &row.place) {
            let named = row.id.as_deref().unwrap_or("without an id");
            return Err(ImportError::new(
                path,
                format!("the answer {named} of this epoch stands already in {first}"),
            )
            .at(&row.place)
            .hint("take one of the two out, or leave the epochs out"));
        }
        // One past the highest so far, so that a row without an epoch never meets a used one.
        next.insert(*probe, free.max(epoch.saturating_add(1)));
        epochs.push(epoch);
    }
    Ok(epochs)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
