//! The documented exit codes, and how errors are printed.

use nocere_core::secrets::shown_address;
use nocere_project::{ErrorKind, ProjectError};

use crate::output::talk;

/// Everything was done.
pub(crate) const DONE: u8 = 0;
/// A gate failed.
pub(crate) const GATE: u8 = 1;
/// Wrong usage, configuration or input.
pub(crate) const USAGE: u8 = 2;
/// Something outside failed: a model, the disk, the network.
pub(crate) const INFRASTRUCTURE: u8 = 3;
/// A budget is spent.
pub(crate) const BUDGET: u8 = 4;
/// More conversations failed than the user allows.
pub(crate) const FAILED: u8 = 5;
/// A gate had not enough evidence.
pub(crate) const INCONCLUSIVE: u8 = 6;
/// The user stopped the work.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit code of a failure.
pub(crate) fn code(error: &ProjectError) -> u8 {
    match error.kind() {
        ErrorKind::Usage => USAGE,
        ErrorKind::Infrastructure => INFRASTRUCTURE,
        ErrorKind::Budget => BUDGET,
        ErrorKind::Failed => FAILED,
        ErrorKind::Interrupted => INTERRUPTED,
    }
}

/// The message with all addresses as they may be shown: one that was typed can hold a key.
fn scrub(message: &str) -> String {
    let words: Vec<String> = message
        .split(' ')
        .map(|word| {
            let Some(at) = word.find("://") else {
                return word.to_owned();
            };
            let has_more = word[at..].contains(['@', '?', '#']);
            if has_more {
                shown_address(word)
            } else {
                word.to_owned()
            }
        })
        .collect();
    words.join(" ")
}

/// Prints what went wrong and what to do.
pub(crate) fn print(error: &ProjectError) {
    talk(&format!("error: {}", scrub(error.message())));
    if let Some(hint) = error.suggestion() {
        talk(&format!("  hint: {hint}"));
    }
}
