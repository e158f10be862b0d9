//! Where things are: the project, its runs, the user's models.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use nocere_assets::Assets;

use crate::{Config, ProjectError};

/// A project folder with its configuration, and the folder of model files.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    models: PathBuf,
    config: Config,
    assets: Assets,
}

impl Project {
    /// Opens the project in `root`, which may be any folder; model files are in `models`.
    ///
    /// # Errors
    /// If the folder does not exist, its nocere.yaml cannot be read, or its folder `assets` holds
    /// what is not an asset.
    pub fn open(
        root: impl Into<PathBuf>,
        models: impl Into<PathBuf>,
    ) -> Result<Self, ProjectError> {
        let root = root.into();
        if !root.is_dir() {
            return Err(ProjectError::usage(format!(
                "the project folder {} does not exist",
                root.display()
            )));
        }
        Ok(Self {
            config: Config::load(&root)?,
            assets: Assets::with_overlay(&root.join("assets"))?,
            root,
            models: models.into(),
        })
    }

    /// The project's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What nocere.yaml says; empty if there is none.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The shipped assets, with those in the project's folder `assets` in front.
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// Where model files are.
    pub fn models_folder(&self) -> &Path {
        &self.models
    }

    /// Where the project's runs are.
    pub fn runs_folder(&self) -> PathBuf {
        self.root.join(".nocere").join("runs")
    }

    /// Where the project's calibrations are.
    pub fn calibrations_folder(&self) -> PathBuf {
        self.root.join(".nocere").join("calibrations")
    }

    /// Where a run's report is written unless the user names a file.
    pub fn report_path(&self, run: &str, extension: &str) -> PathBuf {
        self.root
            .join(".nocere")
            .join("reports")
            .join(format!("{run}.{extension}"))
    }

    /// The run `id`, the only run whose id begins with it, or the newest for `latest`.
    ///
    /// # Errors
    /// If there is no such run, several fit, or its journal cannot be read.
    pub fn run(&self, id: &str) -> Result<nocere_store::RunReader, ProjectError> {
        Ok(nocere_store::RunReader::find(&self.runs_folder(), id)?)
    }
}

/// The user's folder of model files: below `$XDG_CACHE_HOME`, or `~/.cache`.
///
/// # Errors
/// If neither that variable nor HOME is set.
pub fn user_models_folder() -> Result<PathBuf, ProjectError> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("XDG_CACHE_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("nocere").join("models"))
        .ok_or_else(|| {
            ProjectError::usage("neither XDG_CACHE_HOME nor HOME is set")
                .hint("say where models are with --models-dir")
        })
}

/// Writes a whole file or nothing: to a temporary name first.
///
/// # Errors
/// If the folder or the file cannot be written; an earlier file is then left as it was.
pub fn write_whole(path: &Path, text: &str) -> Result<(), ProjectError> {
    write_whole_with(path, |out| Ok(out.write_all(text.as_bytes())?))
}

/// As [`write_whole`], for a file that is written bit by bit.
///
/// # Errors
/// As [`write_whole`], or if `write` fails.
pub fn write_whole_with(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), Box<dyn std::error::Error + Send + Sync>>,
) -> Result<(), ProjectError> {
    let fail = |error: &dyn std::fmt::Display| {
        ProjectError::infrastructure(format!("failed to write {}: {error}", path.display()))
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(|error| fail(&error))?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = path.with_file_name(name);
    let whole = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut out = BufWriter::new(File::create(&unfinished)?);
        write(&mut out)?;
        out.flush()?;
        Ok(std::fs::rename(&unfinished, path)?)
    };
    whole().map_err(|error| {
        let _ = std::fs::remove_file(&unfinished);
        fail(&error)
    })
}
