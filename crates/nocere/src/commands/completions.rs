//! `nocere completions` and `nocere man`: shell completions and manual pages.

use std::path::Path;

use clap::CommandFactory;
use nocere_core::clock::now_nanos;
use nocere_project::{ProjectError, write_whole};

use crate::{cli::Cli, exit::DONE, output};

pub(super) fn completions(shell: clap_complete::Shell) -> Result<u8, ProjectError> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "nocere", &mut text);
    output::data(&String::from_utf8_lossy(&text))?;
    Ok(DONE)
}

pub(super) fn man(folder: &Path) -> Result<u8, ProjectError> {
    let fail = |error: std::io::Error| {
        ProjectError::infrastructure(format!("failed to write {}: {error}", folder.display()))
    };
    // Written beside first, and then file by file: a page never goes through a link.
    let beside = folder.join(format!(".unfinished-{}", now_nanos()));
    std::fs::create_dir_all(&beside).map_err(fail)?;
    let written = clap_mangen::generate_to(Cli::command(), &beside)
        .map_err(fail)
        .and_then(|()| put(&beside, folder));
    let _ = std::fs::remove_dir_all(&beside);
    written?;
    output::talk(&format!("manual pages are in {}", folder.display()));
    Ok(DONE)
}

/// Writes the pages of a folder into another.
fn put(from: &Path, to: &Path) -> Result<(), ProjectError> {
    let fail = |error: std::io::Error| {
        ProjectError::infrastructure(format!("failed to write {}: {error}", to.display()))
    };
    for entry in std::fs::read_dir(from).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let page = std::fs::read_to_string(entry.path()).map_err(fail)?;
        write_whole(&to.join(entry.file_name()), &page)?;
    }
    Ok(())
}
