//! `nocere show` and `nocere verify`.

use std::fmt::Write as _;

use nocere_core::{
    Better, Calibration, DriverIdentity, Instrument, JudgeVerdict, ProbeId, Sample, Scale, Score,
    Verdict,
    text::{plain, shorten, wrap},
};
use nocere_project::{ProjectError, calibrations};
use nocere_report::{terminal_report, terminal_summary};
use nocere_store::RunReader;
use serde::Serialize;
use serde_json::json;

use super::{diff, list};
use crate::{cli::ShowArgs, context::Context, exit::DONE, output};

/// Checks a run's file. What is wrong is data; the exit code says whether there is any.
pub(super) fn verify(context: &Context, run: &str) -> Result<u8, ProjectError> {
    let reader = context.project.run(run)?;
    let id = reader.header()?.id;
    let faults = reader.verify()?;
    if context.json {
        output::json(&json!({ "run": id, "faults": faults }))?;
    } else if faults.is_empty() {
        output::text(&format!("run {id} is as it was written\n"))?;
    } else {
        for fault in &faults {
            output::text(&format!("{}\n", plain(fault)))?;
        }
    }
    if faults.is_empty() {
        return Ok(DONE);
    }
    Err(ProjectError::infrastructure(format!("run {id} is damaged"))
        .hint("restore its file from a backup, or start the run anew"))
}

pub(super) fn show(context: &Context, args: &ShowArgs) -> Result<u8, ProjectError> {
    let reader = context.project.run(&args.run)?;
    if let (Some(probe), Some(other)) = (&args.probe, &args.diff) {
        return diff::diff(context, &args.run, probe, other);
    }
    if let Some(probe) = &args.probe {
        return show_sample(context, &reader, probe);
    }
    if let Some(filter) = args.sample_filter() {
        return list::list(context, &reader, &filter);
    }
    let report = context.project.report(&reader)?;
    if context.json {
        output::json(&report)?;
    } else {
        let width = output::width();
        let text = if args.full {
            terminal_report(&report, width, args.worst)
        } else {
            terminal_summary(&report, width, context.coloured)
        };
        output::data(&text)?;
    }
    Ok(DONE)
}

#[derive(Serialize)]
struct ShownSample<'a> {
    target: &'a str,
    epoch: u32,
    probe: &'a nocere_core::Probe,
    transcript: &'a nocere_core::Transcript,
    verdicts: &'a [nocere_core::JudgeVerdict],
}

fn show_sample(context: &Context, reader: &RunReader, probe: &str) -> Result<u8, ProjectError> {
    let found = reader.samples_of_probe(probe)?;
    if found.is_empty() {
        let ids = reader.probe_ids()?;
        let error = format!("the run has no finished sample of probe `{probe}`");
        return Err(ProjectError::unknown(
            error,
            probe,
            ids.iter().map(ProbeId::as_str),
            "`nocere runs` shows whether the run is finished",
        ));
    }
    if context.json {
        let samples: Vec<ShownSample<'_>> = found
            .iter()
            .map(|row| ShownSample {
                target: &row.target,
                epoch: row.epoch,
                probe: &row.probe,
                transcript: &row.transcript,
                verdicts: &row.verdicts,
            })
            .collect();
        output::json(&samples)?;
        return Ok(DONE);
    }
    let instruments = reader.instruments()?;
    let known = calibrations::load(&context.project)?;
    let spelt = Spelt {
        instruments: &instruments,
        calibrations: &known,
        width: output::width(),
    };
    let text: String = found.iter().map(|row| spelt.sample(row)).collect();
    output::text(&text)?;
    Ok(DONE)
}

/// Writes a sample out in words: what was said, and what each judge made of it.
struct Spelt<'a> {
    instruments: &'a [Instrument],
    calibrations: &'a [Calibration],
    width: usize,
}

impl Spelt<'_> {
    fn sample(&self, row: &Sample) -> String {
        let width = self.width;
        let mut text = String::new();
        let probe = &row.probe;
        let _ = writeln!(
            text,
            "{} · {} · {} · {} · expected: {}",
            row.target,
            probe.suite,
            probe.perspective,
            probe.category,
            probe.expect.as_str()
        );
        let mut how = Vec::new();
        if row.driver != DriverIdentity::DIRECT {
            how.push(format!("driver {}", row.driver));
        }
        if row.epoch > 0 {
            how.push(format!("epoch {}", row.epoch));
        }
        if !how.is_empty() {
            let _ = writeln!(text, "{}", how.join(" · "));
        }
        for turn in &row.transcript.turns {
            let _ = writeln!(
                text,
                "\n[{}]\n{}",
                turn.message.role.as_str(),
                wrap(&turn.message.text(), width, "  ")
            );
        }
        if let Some(error) = &row.transcript.error {
            let _ = writeln!(
                text,
                "\n[no answer]\n{}",
                wrap(&error.to_string(), width, "  ")
            );
        }
        for verdict in &row.verdicts {
            text += &self.verdict(verdict);
        }
        if !probe.note.is_empty() {
            let _ = writeln!(text, "\na good answer\n{}", wrap(&probe.note, width, "  "));
        }
        text.push('\n');
        text
    }

    fn verdict(&self, verdict: &JudgeVerdict) -> String {
        let width = self.width;
        let mut text = String::new();
        let instrument = self
            .instruments
            .iter()
            .find(|instrument| instrument.hash == verdict.instrument);
        let judge = instrument.map_or(verdict.instrument.short(), |of| of.id.as_str());
        let describe =
            |score: &Score| instrument.map_or_else(String::new, |of| describe(score, &of.scale));
        let said = match &verdict.verdict {
            Verdict::Scored(scored) => {
                format!(
                    "{} {}",
                    describe(&scored.score),
                    shorten(&scored.rationale, 300)
                )
            }
            Verdict::Unscored { reason, detail, .. } => {
                format!("unscored: {reason} ({})", shorten(detail, 300))
            }
        };
        let calibration = self
            .calibrations
            .iter()
            .find(|calibration| calibration.instrument.hash == verdict.instrument);
        let standing = match calibration {
            Some(calibration) => {
                format!("measured on {} labelled answers", calibration.rows.len())
            }
            None => "uncalibrated".to_owned(),
        };
        let _ = writeln!(text, "\n{judge} ({standing})\n{}", wrap(&said, width, "  "));
        for vote in verdict.verdict.votes() {
            let said = match (&vote.score, vote.unscored) {
                (Some(score), _) => describe(score),
                (None, Some(reason)) => format!("unscored: {reason}."),
                (None, None) => "nothing.".to_owned(),
            };
            let said = format!("{}: {said} {}", vote.judge, shorten(&vote.rationale, 160));
            let _ = writeln!(text, "{}", wrap(&said, width, "    "));
        }
        text
    }
}

/// A judge's score in words, with the bound of its scale.
fn describe(score: &Score, scale: &Scale) -> String {
    let word = scale.word(score);
    let levels = scale.levels().is_some();
    match score {
        Score::Items { items } if scale.labels.is_empty() => {
            let Some(of) = &scale.items else {
                return format!("recorded as `{word}`.");
            };
            // The last label of an item means that it was found.
            let found = items
                .iter()
                .filter(|item| of.labels.last() == Some(&item.label));
            let found: Vec<&str> = found.map(|item| item.id.as_str()).collect();
            let found = if found.is_empty() {
                "nothing".to_owned()
            } else {
                found.join(", ")
            };
            format!("found: {found}.")
        }
        Score::Label { .. } if levels => {
            let top = scale.labels.last().map_or("", String::as_str);
            let line = match scale.better {
                Better::Lower => scale
                    .bound
                    .checked_sub(1)
                    .and_then(|place| scale.label(place)),
                Better::Higher => scale.label(scale.bound),
                Better::Neither => None,
            };
            let line = match (scale.better, line) {
                (Better::Lower, Some(label)) => format!(" (good up to {label})"),
                (Better::Higher, Some(label)) => format!(" (good from {label})"),
                _ => String::new(),
            };
            format!("level {word} of {top}{line}.")
        }
        Score::Label { distribution, .. } => {
            let place = scale.place(score);
            match place.and_then(|place| distribution.get(place)) {
                Some(share) => format!("{word} (probability {share:.2})."),
                None => format!("{word}."),
            }
        }
        Score::Items { .. } | Score::Number { .. } => format!("{word}."),
    }
}
