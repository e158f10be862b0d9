//! Finds model files on this machine.

use std::path::{Path, PathBuf};

use nocere_local::{Catalog, ModelKind, pull};

use crate::{Project, ProjectError};

/// The file of a model: `name` is its id in the catalogue, or a path.
///
/// # Errors
///
/// There is no such model or file, it cannot chat, it has not been fetched, or its file is not the
/// one that the catalogue pins.
pub fn model_path(project: &Project, name: &str) -> Result<PathBuf, ProjectError> {
    let catalog = Catalog::embedded()?;
    if let Some(entry) = catalog.get(name) {
        if entry.kind != ModelKind::Chat {
            return Err(ProjectError::usage(format!(
                "model `{name}` is an encoder; it cannot chat"
            )));
        }
        let path = project.models_folder().join(&entry.file);
        if !path.is_file() {
            return Err(
                ProjectError::usage(format!("model `{name}` is not on this machine"))
                    .hint(format!("fetch it with `nocere models pull {name}`")),
            );
        }
        if !pull::is_installed(entry, project.models_folder()) {
            return Err(ProjectError::usage(format!(
                "{} is not the file that the catalogue pins",
                path.display()
            ))
            .hint(format!(
                "remove it and run `nocere models pull {name}`, or name the file by its path"
            )));
        }
        return Ok(path);
    }
    let path = Path::new(name);
    if path.is_file() {
        return Ok(path.to_owned());
    }
    let known: Vec<&str> = catalog.iter().map(|entry| entry.id.as_str()).collect();
    Err(ProjectError::unknown(
        format!("there is no model or file `{name}`"),
        name,
        known.iter().copied(),
        format!(
            "known models: {}; or give the path of a GGUF file",
            known.join(", ")
        ),
    ))
}
