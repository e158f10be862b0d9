//! Assembles the rows of any format into a recording: probes, epochs, system prompt and
//! verdicts.

use std::{collections::BTreeMap, path::Path};

use nocere_core::{ContentHash, Message, Role, Suite, Turn};
use nocere_suites::listed;

use crate::{
    error::ImportError,
    format::Format,
    instruments::Instruments,
    majority::majority,
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
    if options.majority {
        let elected = majority(path, &rows, &mut notes)?;
        rows.extend(elected);
    }
    let targets = Targets::of(path, &rows, model.as_deref(), &mut notes)?;
    let prompts = place_systems(&mut rows, &targets, options, &mut notes);
    let (suite, probes) = if let Some(suite) = &options.suite {
        let probes = join(path, suite, &mut rows, &targets, &mut notes)?;
        (suite.clone(), probes)
    } else {
        let name = SuiteName::of(path, suite);
        let mut maker = Maker::new(path, options, &name.id, categories);
        let places = maker.place_all(&rows, &targets.of_rows, &mut notes)?;
        (made(path, format, name, maker), places)
    };
    let epochs = epochs(path, &rows, &probes, &targets)?;
    let instruments = Instruments::of(path, &rows, format, options.safe_max, &mut notes)?;
    let samples = rows
        .into_iter()
        .zip(probes)
        .zip(epochs)
        .zip(targets.of_rows)
        .map(|(((row, probe), epoch), target)| RecordedSample {
            target,
            probe,
            epoch,
            verdicts: instruments.verdicts(&row),
            transcript: row.transcript,
        })
        .collect();
    Ok(Recording {
        suite,
        samples,
        targets: targets
            .names
            .into_iter()
            .zip(prompts)
            .map(|(model, system_prompt)| RecordedTarget {
                model,
                system_prompt,
            })
            .collect(),
        source: format!("{} ({format})", file_name(path)),
        instruments: instruments.list,
        notes: notes.into_sentences(),
    })
}

/// Most models in one file.
const MAX_TARGETS: usize = 100;

/// The models that answered.
struct Targets {
    /// In order of appearance.
    names: Vec<String>,
    /// Index of each row's model.
    of_rows: Vec<usize>,
}

impl Targets {
    fn of(
        path: &Path,
        rows: &[Row],
        model: Option<&str>,
        notes: &mut Notes,
    ) -> Result<Self, ImportError> {
        let mut names: Vec<String> = Vec::new();
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        let mut of_rows = Vec::with_capacity(rows.len());
        let mut unnamed = false;
        // If the file has one name, rows without one are that model's, too.
        let mut own = rows.iter().filter_map(|row| row.model.as_deref());
        let first = own.next();
        let only = first.filter(|first| own.all(|other| other == *first));
        let otherwise = model.or(only);
        for row in rows {
            let name = row.model.as_deref().or(otherwise).unwrap_or_else(|| {
                unnamed = true;
                "unknown"
            });
            let target = *known.entry(name).or_insert_with(|| {
                names.push(name.to_owned());
                names.len() - 1
            });
            of_rows.push(target);
            if names.len() > MAX_TARGETS {
                return Err(ImportError::new(
                    path,
                    format!(
                        "the file names more than {MAX_TARGETS} models: {}",
                        listed(names.iter().map(String::as_str))
                    ),
                )
                .at(&row.place)
                .hint("does field `model` have the right column?"));
            }
        }
        match names.as_slice() {
            [_] if unnamed => notes.say("The file does not name the model that answered."),
            _ if unnamed => notes.say(
                "Some rows do not name the model that answered: they are kept as those of `unknown`.",
            ),
            [_] => {}
            several => notes.say(format!(
                "The file holds answers of {} models, each kept as a target of its own: {}.",
                several.len(),
                listed(several.iter().map(String::as_str))
            )),
        }
        Ok(Self { names, of_rows })
    }
}

/// Puts each row's system prompt into its transcript and, where answers of one target have
/// different ones, into its probe. Returns the prompt that each target's answers share, if any.
fn place_systems(
    rows: &mut [Row],
    targets: &Targets,
    options: &Options,
    notes: &mut Notes,
) -> Vec<Option<String>> {
    let prompts = common_systems(rows, targets);
    let common = |target: &usize| prompts.get(*target).and_then(Option::as_deref);
    let differ = rows
        .iter()
        .zip(&targets.of_rows)
        .any(|(row, target)| row.system.is_some() && common(target).is_none());
    if differ {
        notes.say(
            "Answers were not all given under the same system prompt: each is kept with its own.",
        );
    }
    for (row, target) in rows.iter_mut().zip(&targets.of_rows) {
        prepare(row, common(target), differ && options.suite.is_none());
    }
    prompts
}

/// The system prompt that all answers of each target share, if any.
fn common_systems(rows: &[Row], targets: &Targets) -> Vec<Option<String>> {
    (0..targets.names.len())
        .map(|target| {
            let own = rows.iter().zip(&targets.of_rows);
            common_system(own.filter(|(_, of)| **of == target).map(|(row, _)| row))
        })
        .collect()
}

/// The system prompt that all answers share, if any. A failed call may have been recorded
/// without it.
fn common_system<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Option<String> {
    let first = rows.clone().find_map(|row| row.system.clone())?;
    let mut rows = rows;
    rows.all(|row| match &row.system {
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
    targets: &Targets,
    notes: &mut Notes,
) -> Result<Vec<usize>, ImportError> {
    let mut joiner = Joiner::new(path, suite);
    let mut probes = Vec::with_capacity(rows.len());
    for (row, target) in rows.iter_mut().zip(&targets.of_rows) {
        let index = joiner.place(row, *target, notes)?;
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
        provenance: None,
        half: None,
    }
}

/// Highest epoch. Runs are planned by the number of epochs, so a wrong number costs more than its
/// own row.
pub(crate) const MAX_EPOCH: u32 = 99_999;

/// The answers of one target to one probe.
type Repeated = (usize, usize);

/// Each row's epoch: its own, or the next free one of its target and probe.
fn epochs(
    path: &Path,
    rows: &[Row],
    probes: &[usize],
    targets: &Targets,
) -> Result<Vec<u32>, ImportError> {
    let mut taken: BTreeMap<(Repeated, u32), &Place> = BTreeMap::new();
    let mut epochs = Vec::with_capacity(rows.len());
    let mut next: BTreeMap<Repeated, u32> = BTreeMap::new();
    for ((row, probe), target) in rows.iter().zip(probes).zip(&targets.of_rows) {
        let repeated = (*target, *probe);
        let free = next.get(&repeated).copied().unwrap_or(0);
        let epoch = row.epoch.unwrap_or(free);
        if epoch > MAX_EPOCH {
            return Err(ImportError::new(
                path,
                format!("the epoch is {epoch}; at most {MAX_EPOCH} is read"),
            )
            .at(&row.place)
            .hint("the epoch counts the repetitions of a question"));
        }
        if let Some(first) = taken.insert((repeated, epoch), &row.place) {
            let named = row.id.as_deref().unwrap_or("without an id");
            return Err(ImportError::new(
                path,
                format!("the answer {named} of this epoch stands already in {first}"),
            )
            .at(&row.place)
            .hint("take one of the two out, or leave the epochs out"));
        }
        // One past the highest so far, so that a row without an epoch never meets a used one.
        next.insert(repeated, free.max(epoch.saturating_add(1)));
        epochs.push(epoch);
    }
    Ok(epochs)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
