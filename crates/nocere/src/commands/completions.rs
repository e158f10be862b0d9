//! `nocere completions` and `nocere man`: shell completions and manual pages.

use std::path::Path;

use clap::CommandFactory;
use nocere_project::ProjectError;

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
    std::fs::create_dir_all(folder).map_err(fail)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(fail)?;
    output::talk(&format!("manual pages are in {}", folder.display()));
    Ok(DONE)
}
