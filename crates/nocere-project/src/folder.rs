//! Folders and files of a project.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use nocere_assets::Assets;

use crate::{Config, ProjectError, trust::Trust, variables::Variables};

/// A project folder with its configuration and assets, and the folder of model files.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    models: PathBuf,
    config: Config,
    assets: Assets,
    trust: Trust,
    suite_key: Option<PathBuf>,
    variables: Variables,
}

impl Project {
    /// Opens the project in `root`, which can be any existing folder. Model files are looked for in
    /// `models`.
    ///
    /// # Errors
    ///
    /// The folder does not exist, its `nocere.yaml` is invalid, or a file or folder in `assets` is
    /// unreadable or misnamed.
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
            variables: Variables::of(&root),
            config: Config::load(&root)?,
            assets: Assets::with_overlay(&root.join("assets"))?,
            root,
            models: models.into(),
            trust: Trust::default(),
            suite_key: None,
        })
    }

    /// The same project, whose programs are trusted as `trust` says.
    #[must_use]
    pub fn trusting(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// The same project, which opens encrypted suites with the key in this file.
    #[must_use]
    pub fn with_suite_key(mut self, file: Option<PathBuf>) -> Self {
        self.suite_key = file;
        self
    }

    /// An environment variable, or else what the project's `.env` says it is.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name)
    }

    /// The file with the key of encrypted suites.
    pub(crate) fn suite_key(&self) -> Option<&Path> {
        self.suite_key.as_deref()
    }

    /// Fails unless the user has named this `command:` target here, or trusts what files name.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), ProjectError> {
        self.trust.check_name(&self.root, name)
    }

    /// Fails unless the programs that `nocere.yaml` names may be started.
    pub(crate) fn check_trust(&self) -> Result<(), ProjectError> {
        self.trust.check(&self.root, &self.config)
    }

    /// The project's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The content of `nocere.yaml`; empty if there is none.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The shipped assets, with those in the project's folder `assets` in their place or added.
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// The folder of model files.
    pub fn models_folder(&self) -> &Path {
        &self.models
    }

    /// The folder of the project's runs; it need not exist.
    pub fn runs_folder(&self) -> PathBuf {
        self.root.join(".nocere").join("runs")
    }

    /// The folder of the project's calibrations; it need not exist.
    pub fn calibrations_folder(&self) -> PathBuf {
        self.root.join(".nocere").join("calibrations")
    }

    /// The default file for the report of a run. `extension` is without a dot.
    pub fn report_path(&self, run: &str, extension: &str) -> PathBuf {
        self.root
            .join(".nocere")
            .join("reports")
            .join(format!("{run}.{extension}"))
    }

    /// Opens the run `id`, the only run whose id begins with `id`, or the newest one for `latest`.
    ///
    /// # Errors
    ///
    /// There is no such run, several ids begin with `id`, or the journal cannot be read.
    pub fn run(&self, id: &str) -> Result<nocere_store::RunReader, ProjectError> {
        Ok(nocere_store::RunReader::find(&self.runs_folder(), id)?)
    }
}

/// The user's folder of model files, below `$XDG_CACHE_HOME` or else `~/.cache`.
///
/// # Errors
///
/// Neither `XDG_CACHE_HOME` nor `HOME` is set.
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
                .hint("name the folder of models with --models-dir")
        })
}

/// Creates a folder and those above it. Those of a project's own (`.nocere`) can only be read by
/// their owner: they hold what models said.
fn create_folders(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    if folder
        .components()
        .any(|part| part.as_os_str() == ".nocere")
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    builder.create(folder)
}

/// Writes a file completely or not at all, by way of a temporary file. Creates its folder.
///
/// # Errors
///
/// The folder or the file cannot be written. An existing file is then unchanged.
pub fn write_whole(path: &Path, text: &str) -> Result<(), ProjectError> {
    write_whole_with(path, |out| Ok(out.write_all(text.as_bytes())?))
}

/// The file that says that nocere wrote a folder and may replace it.
const MARKER: &str = ".nocere-folder";

/// Refuses a place that is neither free nor a folder that [`replace_folder`] wrote, with nothing in it
/// that `is_ours` does not know.
fn check_folder(path: &Path, is_ours: &dyn Fn(&str) -> bool) -> Result<(), ProjectError> {
    let refuse = |why: &str| {
        Err(
            ProjectError::usage(format!("{} {why}; it is not replaced", path.display()))
                .hint("give the name of a new or empty folder"),
        )
    };
    let Ok(found) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !found.is_dir() {
        return refuse("exists and is not a folder");
    }
    let entries = std::fs::read_dir(path).map_err(|error| {
        ProjectError::infrastructure(format!("failed to read {}: {error}", path.display()))
    })?;
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let had = names.len();
    names.retain(|name| name != MARKER);
    if names.len() == had {
        return refuse("holds files that nocere did not write");
    }
    match names.iter().find(|name| !is_ours(name)) {
        Some(name) => refuse(&format!("holds `{name}`, which nocere did not write")),
        None => Ok(()),
    }
}

/// Fills a new folder and puts it in the place of `path`, whole or not at all. Replaces only a folder
/// that is empty, or that this function wrote and in which nothing lies beside what `is_ours` names.
///
/// # Errors
///
/// Something else lies there; `fill` fails; or the folder cannot be made or put in its place.
pub fn replace_folder(
    path: &Path,
    is_ours: &dyn Fn(&str) -> bool,
    fill: impl FnOnce(&Path) -> Result<(), ProjectError>,
) -> Result<(), ProjectError> {
    check_folder(path, is_ours)?;
    let fail = |error: &dyn std::fmt::Display| {
        ProjectError::infrastructure(format!("failed to write {}: {error}", path.display()))
    };
    let beside = |word: &str| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(
            ".{word}-{}-{}",
            std::process::id(),
            nocere_core::clock::now_nanos()
        ));
        path.with_file_name(name)
    };
    let (unfinished, old) = (beside("unfinished"), beside("old"));
    create_folders(&unfinished)
        .and_then(|()| std::fs::write(unfinished.join(MARKER), ""))
        .map_err(|error| fail(&error))?;
    let swap = || -> std::io::Result<()> {
        let was_there = path.exists();
        if was_there {
            std::fs::rename(path, &old)?;
        }
        std::fs::rename(&unfinished, path).inspect_err(|_| {
            if was_there {
                let _ = std::fs::rename(&old, path);
            }
        })
    };
    let done = fill(&unfinished).and_then(|()| swap().map_err(|error| fail(&error)));
    let _ = std::fs::remove_dir_all(if done.is_ok() { &old } else { &unfinished });
    done
}

/// Writes a new file that only its owner can read.
///
/// # Errors
///
/// It exists, or cannot be written.
pub fn write_secret(path: &Path, text: &str) -> Result<(), ProjectError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| {
            ProjectError::infrastructure(format!("failed to write {}: {error}", path.display()))
        })
}

/// As [`write_whole`], for a file that is written bit by bit.
///
/// # Errors
/// As [`write_whole`], or if `write` fails.
pub fn write_whole_with(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), Box<dyn std::error::Error + Send + Sync>>,
) -> Result<(), ProjectError> {
    let fail = |error: &dyn std::fmt::Display| {
        ProjectError::infrastructure(format!("failed to write {}: {error}", path.display()))
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        create_folders(folder).map_err(|error| fail(&error))?;
    }
    if path.file_name().is_some_and(|name| name == "nocere.yaml") {
        return Err(ProjectError::usage(format!(
            "{} is the project's configuration and is not written",
            path.display()
        ))
        .hint("give another name"));
    }
    let is_device = path.starts_with("/dev") || path.starts_with("/proc");
    if path.is_symlink() && !is_device {
        return Err(ProjectError::usage(format!(
            "{} is a link and is not written through",
            path.display()
        ))
        .hint("give the name of the file itself"));
    }
    #[cfg(unix)]
    if std::fs::metadata(path)
        .is_ok_and(|found| std::os::unix::fs::FileTypeExt::is_block_device(&found.file_type()))
    {
        return Err(ProjectError::usage(format!(
            "{} is a disk and is not written to",
            path.display()
        )));
    }
    // A device or a pipe is written through, never replaced.
    if is_device || std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        let through = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            let mut out = BufWriter::new(File::options().write(true).open(path)?);
            write(&mut out)?;
            Ok(out.flush()?)
        };
        return through().map_err(|error| fail(&error));
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // A name that nobody can have planted a link under.
    name.push(format!(
        ".unfinished-{}-{}",
        std::process::id(),
        nocere_core::clock::now_nanos()
    ));
    let unfinished = path.with_file_name(name);
    let whole = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut out = BufWriter::new(File::create_new(&unfinished)?);
        write(&mut out)?;
        out.flush()?;
        // After power loss the file is the old one or the new one, never an empty one.
        out.get_ref().sync_all()?;
        std::fs::rename(&unfinished, path)?;
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            let here = Path::new(".");
            let folder = if folder.as_os_str().is_empty() {
                here
            } else {
                folder
            };
            // Not every file system can sync a folder.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    };
    whole().map_err(|error| {
        let _ = std::fs::remove_file(&unfinished);
        fail(&error)
    })
}
