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
    /// Fails unless the user has named this `command:` target, now or before in the folder `root`,
    /// or trusts what files name: a judge of `nocere.yaml`, a protocol or a journal may name a
    /// program as well.
    ///
    /// # Errors
    ///
    /// The name was never typed here, and the user has not said otherwise.
    pub(crate) fn check_name(&self, root: &Path, name: &str) -> Result<(), ProjectError> {
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
        let program = vec![name.to_owned()];
        if typed.iter().any(names) {
            // `resume`, `extend` and `rejudge` take the name from the journal. Where nothing can
            // be remembered, they ask.
            let _ = remember_typed(root, name);
            return Ok(());
        }
        if was_typed(root, name) {
            return Ok(());
        }
        if self.ask.is_some_and(|ask| ask(&program)) {
            let _ = remember_typed(root, name);
            return Ok(());
        }
        Err(ProjectError::usage(format!(
            "a file of this folder names the program `{name}`, and you did not, or it was another program then"
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

/// Most lines of the list; the oldest go first.
const MOST_LINES: usize = 2_000;

/// What stands before the hash of a program that was typed.
const TYPED: &str = "typed ";

/// Whether the user typed this `command:` target in this folder before, and its files are the same.
fn was_typed(root: &Path, name: &str) -> bool {
    knows(typed_line(root, name))
}

/// Remembers that the user typed this `command:` target in this folder.
fn remember_typed(root: &Path, name: &str) -> Result<(), ProjectError> {
    if was_typed(root, name) {
        return Ok(());
    }
    let Some(line) = typed_line(root, name) else {
        return Ok(());
    };
    change(|lines| lines.push(line))
}

/// A folder with the hash of a program that was typed there. The name itself may hold what is
/// nobody else's business.
fn typed_line(root: &Path, name: &str) -> Option<String> {
    // The words of the command; after a colon stands the first.
    let words = shlex::split(name.split_once(':')?.1)?;
    let hash: ContentHash = hash_json("typed program", &(name, file_hashes(root, &words)));
    Some(format!("{TYPED}{hash} {}", folder(root).ok()?))
}

/// Whether the list holds a line.
fn knows(line: Option<String>) -> bool {
    let (Some(line), Some(path)) = (line, list()) else {
        return false;
    };
    read_list(&path).lines().any(|known| known == line)
}

/// Whether the programs of this configuration were trusted before.
pub fn is_trusted(root: &Path, config: &Config) -> bool {
    knows(line(root, config))
}

/// Remembers that the programs of this configuration may be started. Other programs in the same
/// file will have to be trusted anew.
///
/// # Errors
///
/// There is no folder for the user's settings, or it cannot be written.
pub fn trust(root: &Path, config: &Config) -> Result<(), ProjectError> {
    let here = format!(" {}", folder(root)?);
    let line = line(root, config);
    change(|lines| {
        lines.retain(|line| line.starts_with(TYPED) || !line.ends_with(&here));
        lines.extend(line);
    })
}

/// Forgets everything that was trusted in the folder `root`. Returns whether there was anything.
///
/// # Errors
///
/// There is no folder for the user's settings, or it cannot be written.
pub fn distrust(root: &Path) -> Result<bool, ProjectError> {
    let here = format!(" {}", folder(root)?);
    change(|lines| {
        let before = lines.len();
        lines.retain(|line| !line.ends_with(&here));
        lines.len() < before
    })
}

/// The list's text; empty if there is no such file. Nothing else has an end to wait for.
fn read_list(path: &Path) -> String {
    let bytes = nocere_assets::read_file(path, 1 << 20).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Rewrites the list as `edit` makes it, and returns what that returns.
fn change<T>(edit: impl FnOnce(&mut Vec<String>) -> T) -> Result<T, ProjectError> {
    let path = list().ok_or_else(|| {
        ProjectError::usage(
            "neither XDG_CONFIG_HOME nor HOME is set: there is nowhere to remember it",
        )
        .hint("use `--trust` each time")
    })?;
    let text = read_list(&path);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let result = edit(&mut lines);
    lines.drain(..lines.len().saturating_sub(MOST_LINES));
    let mut whole = String::new();
    for line in lines {
        let _ = writeln!(whole, "{line}");
    }
    write_whole(&path, &whole)?;
    Ok(result)
}

/// A folder with the hash of the programs that its configuration starts.
fn line(root: &Path, config: &Config) -> Option<String> {
    let commands: Vec<_> = config
        .targets
        .iter()
        .filter(|(_, entry)| entry.provider == Provider::Command)
        .map(|(name, entry)| {
            let words = entry.command.as_deref().unwrap_or_default();
            (name, &entry.command, entry.local, file_hashes(root, words))
        })
        .collect();
    let hash: ContentHash = hash_json("trusted programs", &commands);
    Some(format!("{hash} {}", folder(root).ok()?))
}

/// Hashes of those words of a command that are files: a changed script is another program.
fn file_hashes(root: &Path, words: &[String]) -> Vec<String> {
    let files = words.iter();
    files
        .filter_map(|word| file_hash(&root.join(word)))
        .collect()
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
