//! Output: results go to standard output, messages to standard error.

use std::io::{IsTerminal, Write};

use nocere_core::{
    secrets::redact,
    text::{plain, visible_json},
};
use nocere_project::ProjectError;
use serde::Serialize;

/// Writes text to standard output. A closed pipe is not an error: its reader has seen enough.
pub(crate) fn data(text: &str) -> Result<(), ProjectError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(
            ProjectError::infrastructure(format!("failed to write the result: {error}")),
        ),
        _ => Ok(()),
    }
}

/// Writes text for people to standard output. Names in it can be foreign: nothing in it is obeyed by
/// a terminal.
pub(crate) fn text(text: &str) -> Result<(), ProjectError> {
    data(&plain(text))
}

/// Writes data to standard output bit by bit. A reader that leaves early is not an error.
pub(crate) fn data_with(
    write: impl FnOnce(&mut (dyn Write + Send)) -> std::io::Result<()>,
) -> Result<(), ProjectError> {
    let mut out = std::io::BufWriter::new(std::io::stdout());
    let written = write(&mut out).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(ProjectError::infrastructure(format!(
            "failed to write the result: {error}"
        ))),
        Ok(()) => Ok(()),
    }
}

/// Writes a value as indented JSON to standard output.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<(), ProjectError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| ProjectError::infrastructure(format!("failed to write JSON: {error}")))?;
    data(&(visible_json(&text) + "\n"))
}

/// Writes a message to standard error. Ignores failures: a closed terminal is no reason to stop a
/// run.
pub(crate) fn talk(text: &str) {
    let text = redact(text);
    let _ = writeln!(std::io::stderr().lock(), "{}", plain(&text));
}

/// Whether a person can be asked something: input and messages are both a terminal.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks whether the programs of a folder may be started.
pub(crate) fn ask_trust(programs: &[String]) -> bool {
    talk("nocere.yaml in this folder starts these programs, which can do whatever you can:");
    for program in programs {
        talk(&format!("  {program}"));
    }
    ask("", "Trust them from now on?")
}

/// Asks a person a question that is answered with yes or no; anything else is no.
pub(crate) fn ask(what: &str, question: &str) -> bool {
    if !what.is_empty() {
        talk(what);
    }
    let _ = write!(std::io::stderr().lock(), "{question} [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Width of the terminal in columns; 80 if there is none.
pub(crate) fn width() -> usize {
    let from_environment =
        std::env::var_os("COLUMNS").and_then(|value| value.to_str()?.parse().ok());
    from_environment
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .filter(|width| *width > 0)
        .unwrap_or(80)
}

/// Whether standard error is a terminal, so that a bar can be drawn on it.
pub(crate) fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}
