//! Python, the only foreign program that nocere starts by itself, without code from the current
//! folder.
//!
//! `python3 -m pip` imports from the current folder first, so that a data set with a file
//! `pip.py` would be executed. Python is therefore found by absolute entries of `PATH` only,
//! started in isolated mode and in an empty folder.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Whether a Python with pip was found.
pub enum Pip {
    /// The first line of `pip --version`, without its path.
    Version(String),
    /// No Python on `PATH` has pip; says what was looked for.
    Missing(String),
}

/// Looks for a Python with pip. `empty` is an empty folder for it to run in.
pub fn find_pip(empty: &Path) -> Pip {
    for python in pythons() {
        let output = isolated(&python, empty)
            .args(["-m", "pip", "--version"])
            .output();
        if let Ok(Output { status, stdout, .. }) = output
            && status.success()
        {
            let text = String::from_utf8_lossy(&stdout).into_owned();
            let version = text.split(" from ").next().unwrap_or("pip");
            return Pip::Version(version.trim().to_owned());
        }
    }
    Pip::Missing("no python3 or python on PATH has pip".to_owned())
}

/// Every Python that absolute entries of `PATH` name, in order.
pub(crate) fn pythons() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    ["python3", "python"]
        .into_iter()
        .flat_map(|name| programs(name, &path))
        .collect()
}

/// The programs called `name` that the absolute entries of `path` contain. An empty or relative
/// entry means the current folder, in which anybody's files may be.
fn programs(name: &str, path: &OsStr) -> Vec<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .filter(|program| program.is_file())
        .collect()
}

/// Python in isolated mode (`-I`: neither the current folder nor `PYTHONPATH` nor the user's
/// site folder is imported from), in the folder `empty` and without input.
pub(crate) fn isolated(python: &Path, empty: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg("-I").current_dir(empty).stdin(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::{Scratch, unpredictable};

    #[test]
    fn relative_entries_of_path_are_not_searched() {
        let folder = std::env::temp_dir().join(format!("nocere-path-{}", unpredictable()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("python3"), "").unwrap();
        let listed = folder.to_string_lossy();
        let path = format!(":.:bin:../x:{listed}");
        assert_eq!(
            programs("python3", OsStr::new(&path)),
            [folder.join("python3")]
        );
        assert!(programs("python3", OsStr::new(":.:")).is_empty());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn python_runs_isolated_and_in_an_empty_folder() {
        let models = std::env::temp_dir().join(format!("nocere-python-{}", unpredictable()));
        let empty = Scratch::new(&models).unwrap();
        let Some(python) = pythons().into_iter().next() else {
            return;
        };
        let output = isolated(&python, empty.path())
            .args(["-c", "import os, sys; print(os.listdir('.'), sys.flags.isolated, '' in sys.path, os.getcwd() in sys.path)"])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            "[] 1 False False"
        );
        drop(empty);
        std::fs::remove_dir_all(&models).unwrap();
    }
}
