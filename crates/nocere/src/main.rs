//! The program `nocere`: parses the command line, calls the library, prints results.

mod cli;
mod cli_build;
mod cli_suites;
mod cli_working;
mod commands;
mod context;
mod exit;
mod fetch_progress;
mod output;
mod process;
mod progress;

use std::process::ExitCode;

use clap::Parser;

use crate::{cli::Cli, context::Context};

fn main() -> ExitCode {
    process::prepare();
    let cli = Cli::parse();
    let code = match Context::new(&cli).and_then(|context| commands::execute(cli, &context)) {
        Ok(code) => code,
        Err(error) => {
            exit::print(&error);
            exit::code(&error)
        }
    };
    ExitCode::from(code)
}
