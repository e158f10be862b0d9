//! Assets by name, and copies of shipped ones for editing.

use std::path::PathBuf;

use nocere_assets::{Asset, Assets, Kind};
use nocere_core::{AssetRecord, ContentHash};

use crate::{Project, ProjectError, write_whole};

impl Project {
    /// The asset `name`, which may say its kind as well: `rubrics/harm-1-5`.
    ///
    /// # Errors
    /// If there is none, or several kinds have one of this name.
    pub fn asset(&self, name: &str) -> Result<&Asset, ProjectError> {
        find(self.assets(), name)
    }

    /// Copies the shipped asset `name` into the project's folder of assets, where it takes the
    /// place of the shipped one. Returns where it is.
    ///
    /// # Errors
    /// If there is no such asset, the project has its own already, or it cannot be written.
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
                ProjectError::usage(format!("{} exists already", path.display()))
                    .hint("edit it, or move it away to have the shipped one again"),
            );
        }
        write_whole(&path, asset.text())?;
        Ok(path)
    }

    /// The assets that are not the shipped ones, as a run keeps them.
    pub(crate) fn changed_assets(&self) -> Vec<AssetRecord> {
        let changed = self.assets().changed();
        changed
            .map(|asset| AssetRecord {
                kind: asset.kind.as_str().to_owned(),
                name: asset.name.clone(),
                hash: ContentHash::of_bytes(asset.text().as_bytes()),
            })
            .collect()
    }
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
            "`nocere assets list` shows them",
        )),
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|asset| format!("{}/{}", asset.kind.folder(), asset.name))
                .collect();
            Err(
                ProjectError::usage(format!("several assets are called `{name}`"))
                    .hint(format!("say which: {}", names.join(", "))),
            )
        }
    }
}
