//! Targets that replay recorded answers.

use std::path::Path;

use nocere_core::{Message, TargetId};
use nocere_models::{Recorded, ReplayModel};
use nocere_store::RunReader;

use crate::{Project, ProjectError};

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
