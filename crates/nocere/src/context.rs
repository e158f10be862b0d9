//! Where things are: the project, its runs, the user's models.

use std::path::{Path, PathBuf};

use crate::{cli::Cli, config::Config, failure::Failure};

/// The folders of this call and the project's configuration.
pub(crate) struct Context {
    pub(crate) project: PathBuf,
    pub(crate) models: PathBuf,
    pub(crate) config: Config,
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Context {
    pub(crate) fn new(cli: &Cli) -> Result<Self, Failure> {
        let models = match &cli.models_dir {
            Some(folder) => folder.clone(),
            None => user_cache()?.join("nocere").join("models"),
        };
        if !cli.project.is_dir() {
            return Err(Failure::usage(format!(
                "the project folder {} does not exist",
                cli.project.display()
            )));
        }
        Ok(Self {
            config: Config::load(&cli.project)?,
            project: cli.project.clone(),
            models,
            json: cli.json,
            quiet: cli.quiet,
        })
    }

    /// Where the project's runs are.
    pub(crate) fn runs(&self) -> PathBuf {
        self.project.join(".nocere").join("runs")
    }

    /// Where the project's calibrations are.
    pub(crate) fn calibrations(&self) -> PathBuf {
        self.project.join(".nocere").join("calibrations")
    }

    /// Where a run's report goes unless the user says otherwise.
    pub(crate) fn report_path(&self, run: &str, extension: &str) -> PathBuf {
        self.project
            .join(".nocere")
            .join("reports")
            .join(format!("{run}.{extension}"))
    }
}

/// `$XDG_CACHE_HOME`, or `~/.cache`.
fn user_cache() -> Result<PathBuf, Failure> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("XDG_CACHE_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .ok_or_else(|| {
            Failure::usage("neither XDG_CACHE_HOME nor HOME is set")
                .hint("say where models are with --models-dir")
        })
}

/// Writes a whole file or nothing: to a temporary name first.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), Failure> {
    let fail = |error: std::io::Error| {
        Failure::infrastructure(format!("failed to write {}: {error}", path.display()))
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = path.with_file_name(name);
    if let Err(error) =
        std::fs::write(&unfinished, text).and_then(|()| std::fs::rename(&unfinished, path))
    {
        let _ = std::fs::remove_file(&unfinished);
        return Err(fail(error));
    }
    Ok(())
}
