//! `nocere show RUN --list`: the samples of a run, without their texts.

use std::fmt::Write as _;

use nocere_core::text::{plain, plural, shorten, wrap};
use nocere_project::{ListedSample, ProjectError, SampleFilter};
use nocere_store::RunReader;

use crate::{context::Context, exit::DONE, output};

pub(super) fn list(
    context: &Context,
    reader: &RunReader,
    filter: &SampleFilter,
) -> Result<u8, ProjectError> {
    let listed = context.project.list_samples(reader, filter)?;
    if context.json {
        output::json(&listed)?;
        return Ok(DONE);
    }
    let targets = reader.targets()?.len();
    let width = output::width();
    let mut text = String::new();
    for one in &listed {
        text.push_str(&entry(one, targets > 1, width));
    }
    let _ = writeln!(
        text,
        "{}",
        wrap(
            &format!(
                "{}. `nocere show {} PROBE` shows one with its texts, which may be harmful.",
                plural(listed.len() as u64, "sample"),
                reader.header()?.id
            ),
            width,
            ""
        )
    );
    output::text(&text)?;
    Ok(DONE)
}

/// Two lines: which sample, and what the judges said.
fn entry(one: &ListedSample, names_target: bool, width: usize) -> String {
    let mut head = format!(
        "{} · {} · {} · expected {}",
        one.probe, one.who_asks, one.category, one.expected
    );
    if names_target {
        let _ = write!(head, " · {}", one.target);
    }
    if one.epoch > 0 {
        let _ = write!(head, " · epoch {}", one.epoch);
    }
    let said: Vec<String> = one
        .verdicts
        .iter()
        .map(|of| match (&of.verdict, &of.unscored) {
            (Some(verdict), _) => format!("{} {verdict}", of.judge),
            (None, Some(reason)) => format!("{} unscored ({reason})", of.judge),
            (None, None) => of.judge.clone(),
        })
        .collect();
    let second = if one.problems.is_empty() {
        said.join(", ")
    } else {
        format!("{} [{}]", one.problems.join("; "), said.join(", "))
    };
    let short = |text: &str, room: usize| shorten(&plain(text), room);
    format!(
        "{}\n  {}\n",
        short(&head, width),
        short(&second, width.saturating_sub(2))
    )
}
