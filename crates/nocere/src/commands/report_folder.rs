//! `nocere report --samples`: a folder with the page and all samples behind it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use nocere_analysis::{Finding, RunReport};
use nocere_core::{FigureRow, Sample};
use nocere_project::{ProjectError, figures, replace_folder};
use nocere_report::{SamplePages, SampleWriter, html_page_beside_samples};
use nocere_store::RunReader;

use crate::{cli::SampleChoice, context::Context};

/// Writes the folder whole or not at all, and returns the page in it.
pub(super) fn write(
    context: &Context,
    reader: &RunReader,
    report: &RunReport,
    choice: SampleChoice,
    folder: &Path,
) -> Result<PathBuf, ProjectError> {
    let figures = figures::load(&context.project)?;
    let chosen = choose(reader, report, &figures, choice)?;
    let which = match (&choice, &chosen) {
        (SampleChoice::All, _) | (_, None) => format!("All {} samples", report.done),
        (SampleChoice::Errors, Some(chosen)) => format!(
            "The {} of {} samples with an error that figures count",
            chosen.len(),
            report.done
        ),
        (SampleChoice::Worst(_), Some(chosen)) => {
            format!(
                "The {} gravest samples with an error that figures count, of {} samples",
                chosen.len(),
                report.done
            )
        }
    };
    let pages = SamplePages {
        report,
        figures: &figures,
        which: &which,
    };
    let broken = |error: nocere_report::WriteError| ProjectError::infrastructure(error.to_string());
    let is_ours = |name: &str| matches!(name, "index.html" | "samples");
    context.project.keep_images(&report.header.id)?;
    replace_folder(folder, &is_ours, |place| {
        let mut writer = SampleWriter::new(pages);
        for sample in reader.finished() {
            let sample = sample?;
            if chosen.as_ref().is_some_and(|of| !of.contains(&sample.seq)) {
                continue;
            }
            if let Some((name, text)) = writer.add(&sample).map_err(broken)? {
                write_file(&place.join(name), &text)?;
            }
        }
        for (name, text) in writer.finish().map_err(broken)? {
            write_file(&place.join(name), &text)?;
        }
        let page = html_page_beside_samples(report).map_err(broken)?;
        write_file(&place.join("index.html"), &page)
    })?;
    Ok(folder.join("index.html"))
}

/// Positions of the chosen samples; `None` for all.
fn choose(
    reader: &RunReader,
    report: &RunReport,
    figures: &[FigureRow],
    choice: SampleChoice,
) -> Result<Option<BTreeSet<i64>>, ProjectError> {
    if choice == SampleChoice::All {
        return Ok(None);
    }
    let weight = |sample: &Sample| {
        let finding = Finding::of(sample, figures, &report.instruments, "");
        finding.map_or(0, |finding| finding.weight)
    };
    let mut weights: Vec<(u32, i64)> = Vec::new();
    for sample in reader.finished() {
        let sample = sample?;
        weights.push((weight(&sample), sample.seq));
    }
    let chosen = match choice {
        SampleChoice::All => return Ok(None),
        SampleChoice::Errors => {
            weights.retain(|(weight, _)| *weight > 0);
            weights
        }
        SampleChoice::Worst(number) => {
            weights.retain(|(weight, _)| *weight > 0);
            weights.sort_by_key(|(weight, seq)| (std::cmp::Reverse(*weight), *seq));
            weights.truncate(number);
            weights
        }
    };
    Ok(Some(chosen.into_iter().map(|(_, seq)| seq).collect()))
}

/// Writes a file of a folder that is not in its place yet, so that nothing half-written is seen.
fn write_file(path: &Path, text: &str) -> Result<(), ProjectError> {
    let write = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)
    };
    write().map_err(|error| {
        ProjectError::infrastructure(format!("failed to write {}: {error}", path.display()))
    })
}
