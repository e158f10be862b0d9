//! Repository chores: `cargo xtask tidy` checks the shape of the workspace, `cargo xtask
//! schemas` writes the JSON Schemas, `cargo xtask docs-commands` runs the documentation's
//! commands, `cargo xtask train-refusal`, `train-answers` and `train-disagreement` train the
//! embedded judges.

mod answers;
mod difficulty;
mod disagreement;
mod docs_commands;
mod facts;
mod measure;
mod refusal;
mod schemas;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let result = match words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["tidy"] => tidy::tidy(),
        ["measure"] => Ok(measure::table()),
        ["difficulty", words @ ..] => difficulty::write(words),
        ["schemas"] => schemas::write(),
        ["schemas", "--check"] => schemas::check(),
        ["docs-commands", words @ ..] => docs_commands::run(words),
        ["train-disagreement"] => disagreement::train(),
        ["train-answers", words @ ..] => answers::train(words),
        ["train-refusal", data] => refusal::train(std::path::Path::new(data)),
        _ => Err(vec![
            "usage: cargo xtask tidy | measure | schemas [--check] | difficulty MODEL=FILE… | train-refusal DATA | \
             train-disagreement | train-answers DATA [--measure] | docs-commands \
             [--nocere PATH] [--fake-provider PATH] [FILE...]"
                .to_owned(),
        ]),
    };
    match result {
        Ok(said) => {
            println(&said);
            ExitCode::SUCCESS
        }
        Err(faults) => {
            for fault in faults {
                println(&fault);
            }
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is the program's only output")]
fn println(text: &str) {
    println!("{text}");
}

/// The repository's root, seen from this package.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
