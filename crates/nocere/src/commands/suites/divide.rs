//! `nocere suites divide`: an open and a hidden half.

use std::path::Path;

use nocere_project::{ProjectError, load_suite, write_secret, write_whole, write_whole_with};
use nocere_suites::{SuiteKey, sealed_name, suite_jsonl};

use super::sample::may_export;
use crate::{cli::DivideSuiteArgs, context::Context, exit::DONE, output};

pub(super) fn divide(context: &Context, args: &DivideSuiteArgs) -> Result<u8, ProjectError> {
    if !(args.share > 0.0 && args.share < 1.0) {
        return Err(ProjectError::usage(format!(
            "--share is {}, expected a number between 0 and 1",
            args.share
        )));
    }
    let inner = sealed_name(&args.hidden);
    if inner.is_none_or(|inner| inner.extension().is_none_or(|ending| ending != "jsonl")) {
        return Err(ProjectError::usage(format!(
            "--hidden is `{}`, expected a name that ends in `.jsonl.age`",
            args.hidden.display()
        )));
    }
    for path in [&args.open, &args.hidden] {
        if path.exists() {
            return Err(
                ProjectError::usage(format!("{} already exists", path.display()))
                    .hint("choose another name, or move it away"),
            );
        }
    }
    let suite = load_suite(&context.project, &args.suite)?;
    may_export(&suite)?;
    let (open, hidden) = nocere_suites::divide(&suite, args.share, args.seed);
    if open.probes.is_empty() || hidden.probes.is_empty() {
        return Err(ProjectError::usage(format!(
            "`{}` cannot be divided so: one half would be empty",
            suite.id
        ))
        .hint("what belongs together stays together; give another --share or --seed"));
    }
    let key = key(&args.key)?;
    let sealed = key.seal(&args.hidden, &suite_jsonl(&hidden))?;
    write_whole_with(&args.hidden, |out| Ok(out.write_all(&sealed)?))?;
    write_whole(&args.open, &suite_jsonl(&open))?;
    if !context.quiet {
        output::talk(&format!(
            "{}: {} probes, open\n{}: {} probes, encrypted; the key is in {}\nask both with `nocere run {} {} --suite-key {} --target TARGET`",
            args.open.display(),
            open.probes.len(),
            args.hidden.display(),
            hidden.probes.len(),
            args.key.display(),
            args.open.display(),
            args.hidden.display(),
            args.key.display(),
        ));
    }
    Ok(DONE)
}

/// The key in the file, or a new one that is written there.
fn key(path: &Path) -> Result<SuiteKey, ProjectError> {
    if path.exists() {
        return Ok(SuiteKey::read(path)?);
    }
    let (key, text) = SuiteKey::generate();
    write_secret(path, &text)?;
    Ok(key)
}
