//! Targets that replay recorded answers.

use std::path::Path;

use nocere_core::{Message, TargetId};
use nocere_models::{Recorded, ReplayModel};
use nocere_store::RunReader;

use crate::{Project, ProjectError};

/// The name of a target as a run keeps it: `replay:latest`, or a part of an id, becomes the run
/// that it means now. Otherwise the run could not be resumed once there is another.
pub(crate) fn settled(project: &Project, name: &str) -> String {
    let source = name.strip_prefix("replay:");
    let Some(source) = source.filter(|source| !Path::new(source).is_file()) else {
        return name.to_owned();
    };
    let (run, target) = source
        .split_once('@')
        .map_or((source, None), |(run, target)| (run, Some(target)));
    // A run that is not found has an error of its own later.
    let found = RunReader::find(&project.runs_folder(), run).and_then(|reader| reader.header());
    match (found, target) {
        (Ok(header), Some(target)) => format!("replay:{}@{target}", header.id),
        (Ok(header), None) => format!("replay:{}", header.id),
        (Err(_), _) => name.to_owned(),
    }
}

/// A model that replays a JSONL file, or the answers of a run (`RUN` or `RUN@TARGET`).
pub(super) fn replay(
    project: &Project,
    name: &str,
    source: &str,
) -> Result<ReplayModel, ProjectError> {
    let path = Path::new(source);
    if path.is_file() {
        return ReplayModel::from_jsonl(name, path)
            .map_err(|error| ProjectError::usage(error.to_string()));
    }
    let (run, target) = match source.split_once('@') {
        Some((run, target)) => (run, Some(TargetId::from(target))),
        None => (source, None),
    };
    let reader = RunReader::find(&project.runs_folder(), run).map_err(|error| {
        ProjectError::from(error).hint(format!("`{source}` is neither a file nor a run"))
    })?;
    let id = reader.header()?.id;
    let targets: Vec<TargetId> = reader.targets()?.into_iter().map(|(id, _)| id).collect();
    let target = match (target, targets.as_slice()) {
        (Some(target), known) if known.contains(&target) => target,
        (None, [only]) => only.clone(),
        (_, known) => {
            return Err(ProjectError::usage(format!(
                "run {id} has the targets {}",
                known.join(", ")
            ))
            .hint(format!("name one with `replay:{id}@TARGET`")));
        }
    };
    let mut recorded = Vec::new();
    reader.for_each_sample(|row| {
        if row.target != target {
            return;
        }
        let mut said: Vec<Message> = Vec::new();
        for turn in &row.transcript.turns {
            if let Some(reply) = turn.reply() {
                recorded.push(Recorded {
                    messages: said.clone(),
                    reply: Ok(reply),
                });
            }
            said.push(turn.message.clone());
        }
        if let Some(error) = &row.transcript.error {
            recorded.push(Recorded {
                messages: said,
                reply: Err(error.clone()),
            });
        }
    })?;
    Ok(ReplayModel::new(
        name,
        format!("run {id}, {target}"),
        recorded,
    ))
}
