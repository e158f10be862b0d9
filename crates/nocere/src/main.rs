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

/// Prints help, the version, or what is wrong with the command line, which can hold anything.
fn say(said: &clap::Error) -> u8 {
    let text = said.render().to_string();
    if said.use_stderr() {
        output::talk(text.trim_end());
        return exit::USAGE;
    }
    match output::data(&text) {
        Ok(()) => exit::DONE,
        Err(error) => {
            exit::print(&error);
            exit::code(&error)
        }
    }
}

fn main() -> ExitCode {
    process::prepare();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => return ExitCode::from(say(&said)),
    };
    let code = match Context::new(&cli).and_then(|context| commands::execute(cli, &context)) {
        Ok(code) => code,
        Err(error) => {
            exit::print(&error);
            exit::code(&error)
        }
    };
    ExitCode::from(code)
}
