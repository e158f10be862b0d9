//! The commands of the documentation, run as a reader would run them.
//!
//! A fenced block with the info string `sh` is a command block. The blocks of one file run top
//! to bottom in one bash session (`-euo pipefail`), in a fresh folder, with `nocere` on the
//! path, the address of a fake provider in `NOCERE_FAKE_PROVIDER`, and a home folder of its
//! own. Blocks marked `sh no-run` are not run, only read: a `nocere` command must have options and
//! subcommands that exist, and a script must be in the repository. Other languages are counted
//! and passed over.
//!
//! This module does not judge what a command prints, only that it succeeds.

mod blocks;
mod session;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::root;

use blocks::{Block, Kind, extract, forbidden, plain_commands};
use session::Session;

type Outcome = Result<String, Vec<String>>;

/// Counts over all files.
#[derive(Default)]
struct Tally {
    files: usize,
    run: usize,
    checked: usize,
    no_run: usize,
    other: usize,
}

/// What `cargo xtask docs-commands` was asked to do.
struct Request {
    nocere: PathBuf,
    fake_provider: PathBuf,
    files: Vec<PathBuf>,
}

/// Runs the command blocks of README.md and docs/, or of the files named in `words`.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let request = Request::from_words(words)?;
    let provider = Provider::start(&request.fake_provider)?;
    let mut tally = Tally::default();
    let mut faults = Vec::new();
    for file in &request.files {
        let shown = file
            .strip_prefix(root())
            .unwrap_or(file)
            .display()
            .to_string();
        let blocks = std::fs::read_to_string(file)
            .map_err(|error| format!("{shown}: {error}"))
            .and_then(|text| extract(&text).map_err(|fault| format!("{shown}:{fault}")));
        match blocks {
            Err(fault) => faults.push(fault),
            Ok(blocks) => {
                tally.files += 1;
                let found = run_file(&shown, &blocks, &request.nocere, &provider, &mut tally);
                faults.extend(found);
            }
        }
    }
    if faults.is_empty() {
        Ok(format!(
            "docs-commands: {} files; {} blocks run, {} not run ({} of their commands checked), {} in other languages",
            tally.files, tally.run, tally.no_run, tally.checked, tally.other
        ))
    } else {
        Err(faults)
    }
}

impl Request {
    fn from_words(words: &[&str]) -> Result<Self, Vec<String>> {
        // Programs of the same build lie beside this one.
        let mut built = std::env::current_exe().map_err(|error| vec![error.to_string()])?;
        built.pop();
        let mut request = Self {
            nocere: built.join("nocere"),
            fake_provider: built.join("examples/fake_provider"),
            files: Vec::new(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = match *word {
                "--nocere" => &mut request.nocere,
                "--fake-provider" => &mut request.fake_provider,
                option if option.starts_with('-') => {
                    return Err(vec![format!("docs-commands has no option {option}")]);
                }
                file => {
                    request.files.push(PathBuf::from(file));
                    continue;
                }
            };
            *value = words
                .next()
                .map(PathBuf::from)
                .ok_or_else(|| vec![format!("{word} wants a path")])?;
        }
        for (program, package) in [
            (&mut request.nocere, "--package nocere"),
            (
                &mut request.fake_provider,
                "--workspace --example fake_provider",
            ),
        ] {
            *program = program.canonicalize().map_err(|error| {
                vec![format!(
                    "{}: {error}; run `cargo build {package}` first",
                    program.display()
                )]
            })?;
        }
        if request.files.is_empty() {
            request.files.push(root().join("README.md"));
            collect(&root().join("docs"), &mut request.files);
            request.files[1..].sort();
        }
        Ok(request)
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

fn run_file(
    shown: &str,
    blocks: &[Block],
    nocere: &Path,
    provider: &Provider,
    tally: &mut Tally,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut run = Vec::new();
    for block in blocks {
        match block.kind {
            Kind::Other => tally.other += 1,
            Kind::NoRun => {
                tally.no_run += 1;
                let (checked, found) = check_words(block, nocere);
                tally.checked += checked;
                faults.extend(found.iter().map(|fault| format!("{shown}:{fault}")));
            }
            Kind::Run => {
                tally.run += 1;
                let found = forbidden(block);
                faults.extend(found.iter().map(|fault| format!("{shown}:{fault}")));
                run.push(block);
            }
        }
    }
    if !run.is_empty() && faults.is_empty() {
        match Session::new().and_then(|session| session.run(&run, nocere, &provider.url)) {
            Ok(None) => {}
            Ok(Some(failure)) => faults.push(failure.text(shown)),
            Err(error) => faults.push(format!("{shown}: failed to run its commands: {error}")),
        }
    }
    faults
}

/// Checks what can be checked of a block that is not run. Returns how many commands that were.
fn check_words(block: &Block, nocere: &Path) -> (usize, Vec<String>) {
    let mut checked = 0;
    let mut faults = Vec::new();
    for (number, words) in plain_commands(block) {
        let fault = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            // `nocere help run` takes no options.
            ["nocere", "help", ..] => continue,
            ["nocere", ref words @ ..] => option_fault(nocere, words),
            [shell @ ("sh" | "bash"), script, ..] => script_fault(Some(shell), script),
            [script, ..] if script.starts_with("benches/") || script.starts_with("scripts/") => {
                script_fault(None, script)
            }
            _ => continue,
        };
        checked += 1;
        faults.extend(fault.map(|fault| format!("{number}: `{}`\n{fault}", words.join(" "))));
    }
    (checked, faults)
}

/// Asks for help after the words, which fails on an unknown option, subcommand or value.
fn option_fault(nocere: &Path, words: &[&str]) -> Option<String> {
    let output = Command::new(nocere)
        .args(words)
        .arg("--help")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// A script of the repository must exist, and be for the shell that is told to run it.
fn script_fault(shell: Option<&str>, script: &str) -> Option<String> {
    let text = match std::fs::read_to_string(root().join(script)) {
        Ok(text) => text,
        Err(error) => return Some(format!("{script}: {error}")),
    };
    let first = text.lines().next().unwrap_or_default();
    (shell == Some("sh") && first.contains("bash"))
        .then(|| format!("{script} is for bash; write `{script}` without `sh`"))
}

/// The fake provider's process; it ends with its standard input.
struct Provider {
    url: String,
    child: Child,
}

impl Provider {
    fn start(program: &Path) -> Result<Self, Vec<String>> {
        let failed =
            |error: std::io::Error| vec![format!("failed to start {}: {error}", program.display())];
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut url = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut url).map_err(failed)?;
        }
        Ok(Self {
            url: url.trim().to_owned(),
            child,
        })
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
