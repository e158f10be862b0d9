//! Which folders may start programs. A project's `nocere.yaml` is data until its user says
//! otherwise: an entry with `provider: command` runs a program only in a folder that is trusted.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use nocere_core::{ContentHash, hash_json, secrets::shown_command};

use crate::{Config, ProjectError, config::Provider, write_whole};

/// Asks the user whether the programs of a folder may be started. Receives one line for each.
pub type AskTrust = fn(&[String]) -> bool;

/// How far a project's programs are trusted.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The user said so for this process (`--trust`).
    pub given: bool,
    /// How to ask; `None` if nobody can answer.
    pub ask: Option<AskTrust>,
    /// What the user typed: a program whose name stands in none of these words was named by a
    /// file. `None` if the caller vouches for every name.
    pub typed: Option<Vec<String>>,
}

/// The programs that entries of a configuration start, one line each.
pub fn programs(config: &Config) -> Vec<String> {
    let entries = config.targets.iter();
    entries
        .filter(|(_, entry)| entry.provider == Provider::Command)
        .map(|(name, entry)| {
            let command = entry.command.as_deref().unwrap_or_default();
            let mut line = format!("{name}: {}", shown_command(command).join(" "));
            if entry.local {
                line.push_str("  (said to send nothing off this machine)");
            }
            line
        })
        .collect()
}

impl Trust {
    /// Fails unless the user has named this `command:` target, or trusts what files name: a judge
    /// of `nocere.yaml`, a protocol or a journal may name a program as well.
    ///
    /// # Errors
    ///
    /// The name was not typed, and the user has not said otherwise.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), ProjectError> {
        let Some(typed) = self.typed.as_ref().filter(|_| !self.given) else {
            return Ok(());
        };
        // As a word of its own, or after `harm=` and before further options of a judge.
        let names = |word: &String| {
            word.match_indices(name).any(|(at, found)| {
                let before = word[..at].chars().next_back();
                let after = word[at + found.len()..].chars().next();
                before.is_none_or(|c| c == '=') && after.is_none_or(|c| c == ',')
            })
        };
        if typed.iter().any(names) {
            return Ok(());
        }
        let program = vec![name.to_owned()];
        if self.ask.is_some_and(|ask| ask(&program)) {
            return Ok(());
        }
        Err(ProjectError::usage(format!(
            "a file of this folder names the program `{name}`, and you did not"
        ))
        .hint("if you trust it, add `--trust`"))
    }

    /// Fails unless the programs of the configuration in `root` may be started.
    ///
    /// # Errors
    ///
    /// The folder is not trusted, and the user has not said otherwise.
    pub(crate) fn check(&self, root: &Path, config: &Config) -> Result<(), ProjectError> {
        if self.given || is_trusted(root, config) {
            return Ok(());
        }
        let programs = programs(config);
        if self.ask.is_some_and(|ask| ask(&programs)) {
            return trust(root, config);
        }
        Err(ProjectError::usage(format!(
            "{} starts programs, and this folder is not trusted: {}",
            root.join("nocere.yaml").display(),
            programs.join("; ")
        ))
        .hint("read the file; then `nocere trust` allows these programs from now on, `--trust` this time"))
    }
}

/// Whether the programs of this configuration were trusted before.
pub fn is_trusted(root: &Path, config: &Config) -> bool {
    let Some(line) = line(root, config) else {
        return false;
    };
    list().is_some_and(|path| {
        let text = read_list(&path);
        text.lines().any(|known| known == line)
    })
}

/// Remembers that the programs of this configuration may be started. Other programs in the same
/// file will have to be trusted anew.
///
/// # Errors
///
/// There is no folder for the user's settings, or it cannot be written.
pub fn trust(root: &Path, config: &Config) -> Result<(), ProjectError> {
    change(root, |lines| {
        lines.extend(line(root, config));
        true
    })
    .map(|_| ())
}

/// Forgets everything that was trusted in the folder `root`. Returns whether there was anything.
///
/// # Errors
///
/// There is no folder for the user's settings, or it cannot be written.
pub fn distrust(root: &Path) -> Result<bool, ProjectError> {
    change(root, |_| false)
}

/// The list's text; empty if there is no such file. Nothing else has an end to wait for.
fn read_list(path: &Path) -> String {
    let bytes = nocere_assets::read_file(path, 1 << 20).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Rewrites the list: the lines of other folders, and what `add` makes of it.
fn change(root: &Path, add: impl FnOnce(&mut Vec<String>) -> bool) -> Result<bool, ProjectError> {
    let path = list().ok_or_else(|| {
        ProjectError::usage(
            "neither XDG_CONFIG_HOME nor HOME is set: there is nowhere to remember it",
        )
        .hint("use `--trust` each time")
    })?;
    let here = format!(" {}", folder(root)?);
    let text = read_list(&path);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let before = lines.len();
    lines.retain(|line| !line.ends_with(&here));
    let had = lines.len() < before;
    add(&mut lines);
    let mut whole = String::new();
    for line in lines {
        let _ = writeln!(whole, "{line}");
    }
    write_whole(&path, &whole)?;
    Ok(had)
}

/// A folder with the hash of the programs that its configuration starts.
fn line(root: &Path, config: &Config) -> Option<String> {
    let commands: Vec<_> = config
        .targets
        .iter()
        .filter(|(_, entry)| entry.provider == Provider::Command)
        .map(|(name, entry)| {
            // A changed script is another program.
            let words = entry.command.iter().flatten();
            let files: Vec<String> = words
                .filter_map(|word| file_hash(&root.join(word)))
                .collect();
            (name, &entry.command, entry.local, files)
        })
        .collect();
    let hash: ContentHash = hash_json("trusted programs", &commands);
    Some(format!("{hash} {}", folder(root).ok()?))
}

/// Hash of a regular file; `None` for anything else.
fn file_hash(path: &Path) -> Option<String> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let file = std::fs::File::open(path).ok()?;
    let most = std::io::Read::take(file, 1 << 30);
    Some(ContentHash::of_reader(most).ok()?.to_string())
}

/// The folder's full path on one line.
fn folder(root: &Path) -> Result<String, ProjectError> {
    let full = std::fs::canonicalize(root).map_err(|error| {
        ProjectError::usage(format!("failed to read {}: {error}", root.display()))
    })?;
    Ok(full
        .as_os_str()
        .as_encoded_bytes()
        .escape_ascii()
        .to_string())
}

/// The file that lists trusted folders, among the user's settings: a project cannot write it.
fn list() -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    set("XDG_CONFIG_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".config")))
        .map(|folder| folder.join("nocere").join("trusted"))
}
