//! Finds assets by name, and copies shipped ones for editing.

use std::path::PathBuf;

use nocere_assets::{Asset, Assets, Kind, read_yaml};
use nocere_core::{AssetRecord, ContentHash};

use serde::de::DeserializeOwned;

use crate::{Project, ProjectError, write_whole};

impl Project {
    /// The asset `name`, optionally with its kind or folder in front, as in `rubrics/harm-1-5`.
    ///
    /// # Errors
    ///
    /// There is no such asset, or several kinds have one with this name.
    pub fn asset(&self, name: &str) -> Result<&Asset, ProjectError> {
        find(self.assets(), name)
    }

    /// Copies the shipped asset `name` into the project's folder of assets, where the copy
    /// replaces the shipped one. Returns the path of the copy.
    ///
    /// # Errors
    ///
    /// There is no such asset, the project already has its own, or the file cannot be written.
    pub fn eject_asset(&self, name: &str) -> Result<PathBuf, ProjectError> {
        let shipped = Assets::shipped();
        let asset = find(&shipped, name)?;
        let file = format!("{}.yaml", asset.name);
        let path = self
            .root()
            .join("assets")
            .join(asset.kind.folder())
            .join(file);
        if path.exists() {
            return Err(
                ProjectError::usage(format!("{} already exists", path.display()))
                    .hint("edit it, or move it away to use the shipped one again"),
            );
        }
        write_whole(&path, asset.text())?;
        Ok(path)
    }

    /// Assets of the project that have a part in whatever is done here: policies, rubrics,
    /// guards, figures and checks. Suites, protocols, attacks and factors have one where `named`.
    pub(crate) fn changed_assets(&self, named: &[&str]) -> Vec<AssetRecord> {
        let changed = self.assets().changed();
        changed
            .filter(|asset| match asset.kind {
                Kind::Policy | Kind::Rubric | Kind::Guard | Kind::Figure | Kind::Check => true,
                Kind::Protocol | Kind::Suite | Kind::Attack | Kind::Factor | Kind::Defence => {
                    named.contains(&asset.name.as_str())
                }
                // They change no answer and no verdict, or are part of a target's identity.
                Kind::Price
                | Kind::Framework
                | Kind::Organism
                | Kind::Demonstration
                | Kind::Form => false,
            })
            .map(|asset| AssetRecord {
                kind: asset.kind.as_str().to_owned(),
                name: asset.name.clone(),
                hash: ContentHash::of_bytes(asset.text().as_bytes()),
            })
            .collect()
    }
}

/// The content of a YAML text at `place`, for messages.
///
/// # Errors
///
/// The text is not YAML, or not what `T` needs: with its line.
pub(crate) fn parsed<T: DeserializeOwned>(place: &str, text: &str) -> Result<T, ProjectError> {
    read_yaml(text).map_err(|fault| {
        let line = fault
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        ProjectError::usage(format!("{place}{line}: {}", fault.message))
    })
}

fn find<'a>(assets: &'a Assets, name: &str) -> Result<&'a Asset, ProjectError> {
    let (folder, short) = match name.split_once('/') {
        Some((folder, short)) => (Some(folder), short),
        None => (None, name),
    };
    let fits = |kind: Kind| folder.is_none_or(|of| of == kind.folder() || of == kind.as_str());
    let found: Vec<&Asset> = assets
        .all()
        .iter()
        .filter(|asset| asset.name == short && fits(asset.kind))
        .collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(ProjectError::unknown(
            format!("there is no asset `{name}`"),
            short,
            assets.all().iter().map(|asset| asset.name.as_str()),
            "`nocere assets list` shows all assets",
        )),
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|asset| format!("{}/{}", asset.kind.folder(), asset.name))
                .collect();
            Err(
                ProjectError::usage(format!("several assets have the name `{name}`"))
                    .hint(format!("name one of: {}", names.join(", "))),
            )
        }
    }
}
