//! The fake provider as a program, for scripts and for the commands in the documentation.
//!
//! `fake_provider [DELAY_MS [ANSWER]]` prints its base URL (up to and including `/v1`) and answers
//! until its standard input ends, so that it never outlives the script that holds the other end.
//! Every answer is ANSWER if it is given. `GET
//! /served` and `GET /peak`, beside `/v1`, count the completions sent and the most requests at
//! one time.

use std::{io::Write, time::Duration};

use nocere_testkit::{FakeProvider, Script};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let delay = match std::env::args().nth(1) {
        Some(milliseconds) => Duration::from_millis(milliseconds.parse()?),
        None => Duration::ZERO,
    };
    let provider = FakeProvider::start(Script {
        delay,
        answer: std::env::args().nth(2),
        ..Script::default()
    });
    let mut out = std::io::stdout();
    writeln!(out, "{}", provider.url)?;
    out.flush()?;
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
