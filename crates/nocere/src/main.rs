//! The program `nocere`: parses the command line, calls the library, prints results.

mod cli;
mod cli_adaptive;
mod cli_attacks;
mod cli_build;
mod cli_demonstrations;
mod cli_gate;
mod cli_label;
mod cli_protocol;
mod cli_report;
mod cli_runs;
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
    if let Err(message) = process::prepare() {
        output::talk(&format!("error: {message}"));
        return ExitCode::from(exit::INFRASTRUCTURE);
    }
    #[cfg(feature = "local")]
    if let Some(code) = model_child() {
        return code;
    }
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

/// Started by nocere itself with this argument, the program serves one model to its parent.
#[cfg(feature = "local")]
const CHILD: &str = "__model-child";

/// Serves a model if this process is the child of another; otherwise lets models that the
/// catalogue does not pin run in children of this one.
#[cfg(feature = "local")]
fn model_child() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|argument| argument == CHILD) && arguments.next().is_none() {
        #[cfg(unix)]
        process::keep_memory_back();
        let code = match nocere_local::serve(std::io::stdin(), std::io::stdout()) {
            Ok(()) => exit::DONE,
            Err(error) => {
                output::talk(&format!("the model's process failed: {error}"));
                exit::INFRASTRUCTURE
            }
        };
        return Some(ExitCode::from(code));
    }
    if let Ok(program) = std::env::current_exe() {
        nocere_local::use_child(program, CHILD);
    }
    None
}
