//! The command line: parses, wires, prints.

mod calibrations;
mod cli;
mod cli_build;
mod cli_suites;
mod commands;
mod config;
mod context;
mod entry;
mod failure;
mod fetch_progress;
mod judges;
mod models;
mod output;
mod progress;
mod protocol;
mod select;
mod setup;

use std::process::ExitCode;

use clap::Parser;

use crate::{cli::Cli, context::Context};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let code = match Context::new(&cli).and_then(|context| commands::execute(cli, &context)) {
        Ok(code) => code,
        Err(failure) => {
            failure.print();
            failure.code()
        }
    };
    ExitCode::from(code)
}
