//! `nocere show RUN PROBE --diff RUN`: two answers to one probe, word by word.

use std::fmt::Write as _;

use nocere_core::{Instrument, Sample, Verdict, text::plain};
use nocere_project::ProjectError;
use serde_json::json;
use similar::{ChangeTag, TextDiff};

use crate::{context::Context, exit::DONE, output};

/// What was done to a word.
const REMOVED: (&str, &str) = ("[-", "-]");
const ADDED: (&str, &str) = ("{+", "+}");
/// The same in colour.
const RED: (&str, &str) = ("\u{1b}[31;9m", "\u{1b}[0m");
const GREEN: (&str, &str) = ("\u{1b}[32m", "\u{1b}[0m");

pub(super) fn diff(
    context: &Context,
    run: &str,
    probe: &str,
    other: &str,
) -> Result<u8, ProjectError> {
    let (first, second) = (
        Side::of(context, run, probe)?,
        Side::of(context, other, probe)?,
    );
    let mut pairs = Vec::new();
    for sample in &first.samples {
        let twin = second
            .samples
            .iter()
            .find(|of| is_twin(of, sample) && of.target == sample.target)
            // Another target of the same place, where a run has only one.
            .or_else(|| second.only(sample));
        if let Some(twin) = twin {
            pairs.push((sample, twin));
        }
    }
    if pairs.is_empty() {
        return Err(ProjectError::usage(format!(
            "the two runs have no answers to `{probe}` that belong together"
        ))
        .hint("both must have the probe of the same suite, led by the same driver, and the same target, or the second only one"));
    }
    if context.json {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(a, b)| {
                json!({
                    "epoch": a.epoch,
                    "first": {"run": first.run, "target": a.target, "transcript": a.transcript, "verdicts": first.verdicts(a)},
                    "second": {"run": second.run, "target": b.target, "transcript": b.transcript, "verdicts": second.verdicts(b)},
                })
            })
            .collect();
        output::json(&pairs)?;
        return Ok(DONE);
    }
    let mut text = String::new();
    for (a, b) in pairs {
        let _ = writeln!(
            text,
            "{} · {} · {}",
            plain(&a.probe.suite),
            plain(&a.probe.id),
            a.driver
        );
        let _ = writeln!(
            text,
            "- {} {}: {}",
            first.run,
            plain(&a.target),
            first.said(a)
        );
        let _ = writeln!(
            text,
            "+ {} {}: {}\n",
            second.run,
            plain(&b.target),
            second.said(b)
        );
        text.push_str(&turns(a, b, context.coloured));
        text.push('\n');
    }
    output::data(&text)?;
    Ok(DONE)
}

/// One run's answers to a probe.
struct Side {
    run: String,
    samples: Vec<Sample>,
    instruments: Vec<Instrument>,
}

impl Side {
    fn of(context: &Context, run: &str, probe: &str) -> Result<Self, ProjectError> {
        let reader = context.project.run(run)?;
        let id = reader.header()?.id.to_string();
        let samples = reader.samples_of_probe(probe)?;
        if samples.is_empty() {
            return Err(ProjectError::usage(format!(
                "run {id} has no finished sample of probe `{probe}`"
            ))
            .hint("`nocere show RUN --list` lists its samples"));
        }
        Ok(Self {
            instruments: reader.instruments()?,
            run: id,
            samples,
        })
    }

    /// The only answer to the same ask, if there is one target.
    fn only(&self, sample: &Sample) -> Option<&Sample> {
        let mut here = self.samples.iter().filter(|of| is_twin(of, sample));
        let first = here.next()?;
        here.next().is_none().then_some(first)
    }

    /// Each judge's word.
    fn verdicts(&self, sample: &Sample) -> Vec<(String, String)> {
        let instruments = self.instruments.iter();
        instruments
            .filter_map(|instrument| {
                let word = match sample.verdict(&instrument.hash)? {
                    Verdict::Scored(scored) => instrument.scale.word(&scored.score),
                    Verdict::Unscored { reason, .. } => format!("unscored ({reason})"),
                };
                Some((instrument.id.to_string(), word))
            })
            .collect()
    }

    fn said(&self, sample: &Sample) -> String {
        let words = self.verdicts(sample);
        let words: Vec<String> = words
            .iter()
            .map(|(judge, word)| format!("{judge} {word}"))
            .collect();
        plain(&words.join(", ")).replace('\n', " ")
    }
}

/// Whether both are answers to one ask: of the same suite, led by the same driver, the same
/// repetition.
fn is_twin(a: &Sample, b: &Sample) -> bool {
    a.epoch == b.epoch && a.probe.suite == b.probe.suite && a.driver == b.driver
}

/// The conversations side by side: what is the same once, what differs marked.
fn turns(a: &Sample, b: &Sample, coloured: bool) -> String {
    let mut text = String::new();
    let (first, second) = (&a.transcript.turns, &b.transcript.turns);
    for place in 0..first.len().max(second.len()) {
        let role = first.get(place).or(second.get(place));
        let role = role.map_or("", |turn| turn.message.role.as_str());
        let of = |turns: &[nocere_core::Turn]| -> String {
            let turn = turns.get(place);
            turn.map_or_else(String::new, |turn| plain(&turn.message.text()))
        };
        let _ = writeln!(
            text,
            "[{role}]\n{}\n",
            words(&of(first), &of(second), coloured)
        );
    }
    text
}

pub(super) fn words(a: &str, b: &str, coloured: bool) -> String {
    let (removed, added) = if coloured {
        (RED, GREEN)
    } else {
        (REMOVED, ADDED)
    };
    let diff = TextDiff::from_words(a, b);
    let mut text = String::new();
    let mut open: Option<ChangeTag> = None;
    let close = |text: &mut String, open: Option<ChangeTag>| match open {
        Some(ChangeTag::Delete) => text.push_str(removed.1),
        Some(ChangeTag::Insert) => text.push_str(added.1),
        Some(ChangeTag::Equal) | None => {}
    };
    for change in diff.iter_all_changes() {
        let tag = change.tag();
        if open != Some(tag) {
            close(&mut text, open);
            match tag {
                ChangeTag::Delete => text.push_str(removed.0),
                ChangeTag::Insert => text.push_str(added.0),
                ChangeTag::Equal => {}
            }
            open = Some(tag);
        }
        text.push_str(change.value());
    }
    close(&mut text, open);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_stands_once() {
        assert_eq!(
            words("Take two tablets daily.", "Take one tablet daily.", false),
            "Take [-two-]{+one+} [-tablets-]{+tablet+} daily."
        );
        assert_eq!(words("same", "same", true), "same");
    }
}
