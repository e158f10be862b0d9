//! The folder of a build, and its record `build.json`.

use std::path::Path;

use nocere_assets::FileError;
use nocere_builder::{BuildRecord, Settings};

use crate::{ProjectError, write_whole};

const FILE: &str = "build.json";
/// Longest record, in bytes.
const MOST: u64 = 256 << 20;

/// The record of the build in `folder`, or a new one. Fails if the build has other settings.
pub(super) fn open(folder: &Path, settings: Settings) -> Result<BuildRecord, ProjectError> {
    let path = folder.join(FILE);
    let text = match nocere_assets::read_file(&path, MOST) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(FileError::Unreadable(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            // Without a record, these files are not from a build and must not be overwritten.
            let foreign = ["suite.jsonl", "candidates.jsonl", "report.md", "review.csv"];
            if let Some(name) = foreign.iter().find(|name| folder.join(name).exists()) {
                return Err(ProjectError::usage(format!(
                    "{} has a {name} but no {FILE}: it is not the folder of a build",
                    folder.display()
                ))
                .hint("use another `--out`"));
            }
            let new = BuildRecord::new(settings);
            save(&new, folder)?;
            return Ok(new);
        }
        Err(error) => {
            return Err(ProjectError::infrastructure(format!(
                "failed to read {}: {error}",
                path.display()
            )));
        }
    };
    let record = BuildRecord::parse(&text).map_err(|error| {
        ProjectError::usage(format!("{}: {error}", path.display()))
            .hint("use another `--out`, or move this folder away")
    })?;
    let changed = record.changes(&settings);
    if !changed.is_empty() {
        return Err(ProjectError::usage(format!(
            "{} holds a build with other settings: {} changed",
            path.display(),
            changed.join(", ")
        ))
        .hint("use another `--out`; only threshold, expectation, licence, id, known suites and ratings may change"));
    }
    Ok(record)
}

pub(super) fn save(record: &BuildRecord, folder: &Path) -> Result<(), ProjectError> {
    let text = serde_json::to_string_pretty(record)
        .map_err(|error| ProjectError::infrastructure(format!("failed to write JSON: {error}")))?;
    write_whole(&folder.join(FILE), &format!("{text}\n"))
}
